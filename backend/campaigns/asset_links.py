"""Sitelinks, callouts and images of a campaign or an ad group: list, link, pause, take away."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.adgraph.edges import AdGroupAsset, CampaignAsset
from backend.adgraph.models import Campaign, Customer
from backend.campaigns import children, dirty, linking, service
from backend.campaigns.children import AD_GROUP, Found
from backend.campaigns.writing import TreeWriter
from backend.core.db import Work
from backend.core.errors import NotFound
from backend.core.security import Actor, Role

LINKS = (CampaignAsset, AdGroupAsset)


@dataclass(frozen=True, slots=True)
class Linked:
    """A link with who has it: the row that it hangs on, its campaign and its account."""

    row: CampaignAsset | AdGroupAsset
    holder: Any
    campaign: Campaign
    customer: Customer


def find(session: Session, actor: Actor, link_id: UUID, *, lock: bool = False) -> Linked:
    """Give a link of an asset that the actor may see.

    Raises:
        NotFound: There is none.
    """
    for model in LINKS:
        query = (
            select(model, Customer)
            .join(Customer, Customer.id == model.customer_id)
            .where(model.id == link_id, Customer.tenant_id == actor.tenant_id)
        )
        if actor.visible_customers is not None:
            query = query.where(model.customer_id.in_(actor.visible_customers))
        found = session.execute(query.with_for_update(of=model) if lock else query).one_or_none()
        if found is None:
            continue
        row, customer = found
        if isinstance(row, CampaignAsset):
            campaign, _ = service.find(session, actor, row.campaign_id, lock=lock)
            return Linked(row, campaign, campaign, customer)
        group = children.find(session, actor, AD_GROUP, row.ad_group_id, lock=lock)
        return Linked(row, group.row, group.campaign, customer)
    raise NotFound("There is no such link.")


def add(work: Work, actor: Actor, parent: Found | tuple[Campaign, Customer], form: Mapping[str, Any]) -> Sequence[UUID]:
    """Link assets to a campaign or an ad group; what is linked already stays. Gives the links' ids in order.

    Raises:
        Forbidden, Conflict, Invalid
    """
    holder = parent.row if isinstance(parent, Found) else parent[0]
    model: Any = AdGroupAsset if isinstance(parent, Found) else CampaignAsset
    column = "ad_group_id" if isinstance(parent, Found) else "campaign_id"
    keys: list[tuple[UUID, str]] = []

    def write(writer: TreeWriter) -> list[UUID]:
        keys.extend(writer.links(model, column, holder.id, form["asset_links"]))
        return []

    children.add(work, actor, parent, form, write)
    linking.refresh(work.session, holder)
    query = select(model.asset_id, model.field_type, model.id).where(
        model.customer_id == holder.customer_id,
        getattr(model, column) == holder.id,
        model.asset_id.in_([asset_id for asset_id, _ in keys]),
    )
    ids = {(row.asset_id, row.field_type): row.id for row in work.session.execute(query)}
    return [ids[key] for key in keys]


def patch(work: Work, actor: Actor, link_id: UUID, status: str, check_tag: Callable[[int], None]) -> Linked:
    """Enable or pause a link; a live one's status waits to be pushed.

    Raises:
        NotFound, Forbidden, Conflict, Stale
    """
    found = _editable(work, actor, link_id, check_tag)
    before = found.row.status
    if found.row.resource_name is None:
        found.row.status = status
    else:
        dirty.edit(found.row, "status", status)
    found.row.version += 1
    linking.refresh(work.session, found.holder)
    children.edited(
        work,
        actor,
        found.campaign,
        found.customer,
        "asset_link",
        before={"status": before},
        after={"status": status},
        child_id=link_id,
    )
    return found


def remove(work: Work, actor: Actor, link_id: UUID, check_tag: Callable[[int], None]) -> None:
    """Take a link away: a draft's at once, a live one's at the next push; linking the asset again undoes it.

    Raises:
        NotFound, Forbidden, Conflict, Stale
    """
    found = _editable(work, actor, link_id, check_tag)
    linking.unlink(work.session, found.row)
    linking.refresh(work.session, found.holder)
    children.edited(work, actor, found.campaign, found.customer, "asset_link removed", child_id=link_id)


def _editable(work: Work, actor: Actor, link_id: UUID, check_tag: Callable[[int], None]) -> Linked:
    found = find(work.session, actor, link_id, lock=True)
    actor.must_be(Role.EDITOR, found.customer.id)
    check_tag(found.row.version)
    children.must_be_editable(found.campaign)
    children.must_not_be_under_way(found.row)
    return found
