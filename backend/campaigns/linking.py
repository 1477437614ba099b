"""Links to assets and lists: drafts until they are pushed, dirty while their removal waits, and how they come back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import case, func, null, select
from sqlalchemy.dialects.postgresql import Insert, array, insert
from sqlalchemy.orm import Session

from backend.adgraph.asset_groups import AssetGroup, AssetGroupAsset, CampaignSharedSet
from backend.adgraph.edges import AdGroupAsset, CampaignAsset, Link
from backend.adgraph.models import AdGroup, Campaign
from backend.campaigns import dirty


def upsert(model: Any) -> Insert:
    """Give the statement that links, whatever is there: what is linked stays, a removal that waits is undone.

    What Google has removed becomes a new draft.
    """
    gone = model.status == "REMOVED"
    waits = gone & (model.dirty_fields != [])
    statement = insert(model)
    changed: dict[str, Any] = {
        "status": case(
            (waits, func.coalesce(model.remote["status"].astext, model.base["status"].astext, "ENABLED")),
            (gone, "ENABLED"),
            else_=model.status,
        ),
        "resource_name": case((waits, model.resource_name), (gone, null()), else_=model.resource_name),
        "sync_status": case((waits, "synced"), (gone, "draft"), else_=model.sync_status),
        "dirty_fields": case((gone, array([], type_=model.dirty_fields.type.item_type)), else_=model.dirty_fields),
        "base": case((gone, func.jsonb_build_object()), else_=model.base),
        "remote": case((gone, func.jsonb_build_object()), else_=model.remote),
        "sync_error": case((gone, null()), else_=model.sync_error),
        "version": model.version + case((gone, 1), else_=0),
        "updated_at": func.now(),
    }
    if hasattr(model, "position"):
        changed["position"] = statement.excluded.position
    key = [column.name for column in model.__table__.primary_key]
    return statement.on_conflict_do_update(index_elements=key, set_=changed)


HELD: dict[Any, tuple[tuple[frozenset[str], Any], ...]] = {
    Campaign: (
        (frozenset({"asset_links"}), CampaignAsset.campaign_id),
        (frozenset({"shared_sets"}), CampaignSharedSet.campaign_id),
    ),
    AdGroup: ((frozenset({"asset_links"}), AdGroupAsset.ad_group_id),),
    AssetGroup: ((dirty.LISTS - {"asset_links", "shared_sets"}, AssetGroupAsset.asset_group_id),),
}
"""The lists of a row, and the links that are their members."""


def refresh(session: Session, row: Any) -> None:
    """Mark the lists of a live row dirty while one of their links waits to be pushed, and clean once none does."""
    if row.google_id is None:
        return
    session.flush()
    for names, holder in HELD[type(row)]:
        if not waits(session, holder, row.customer_id, row.id):
            dirty.lists_pushed(row, names)
        elif len(names) == 1:
            dirty.edit_list(row, *names)


def refresh_many(session: Session, model: Any, *conditions: Any) -> None:
    """Do the same for the live rows of a table with lists that wait.

    They are read again under their lock, so that an edit that was made meanwhile is not written over.
    """
    session.flush()
    rows = (
        select(model)
        .where(model.google_id.isnot(None), model.dirty_fields.overlap(sorted(dirty.LISTS)), *conditions)
        .order_by(model.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    for row in session.scalars(rows).all():
        refresh(session, row)
    session.flush()


def refresh_holder(session: Session, table: str, customer_id: UUID, link_id: UUID) -> None:
    """Do the same for whoever has a link of this table; other tables hold no links."""
    for model, lists in HELD.items():
        for _, holder in lists:
            if holder.class_.__tablename__ == table:
                link = select(holder).where(holder.class_.customer_id == customer_id, holder.class_.id == link_id)
                refresh_many(session, model, model.customer_id == customer_id, model.id.in_(link))


def refresh_account(session: Session, customer_id: UUID) -> None:
    """Do the same for everything in an account."""
    for model in HELD:
        refresh_many(session, model, model.customer_id == customer_id)


def waits(session: Session, holder: Any, customer_id: UUID, row_id: UUID) -> bool:
    """Tell whether a link is to be made, changed or removed at Google; `holder` is the column of who has it."""
    edge = holder.class_
    new = edge.resource_name.is_(None) & (edge.status != "REMOVED")
    query = select(edge.id).where(edge.customer_id == customer_id, holder == row_id, new | (edge.dirty_fields != []))
    return session.scalar(query.limit(1)) is not None


def unlink(session: Session, link: Link) -> None:
    """Take a link away: a draft's row goes, a live one waits to be removed at Google by the next push."""
    if link.resource_name is None:
        session.delete(link)
    else:
        dirty.edit(link, "status", "REMOVED")
        link.version += 1
    session.flush()
