"""What hangs below a campaign, one at a time: find, add, change, remove. One table says how each kind is treated.

On a draft an edit changes rows; on a live campaign it marks fields dirty, a new child waits as `draft`, a removal as
the dirty status REMOVED, until they are pushed. Editing a child ends a campaign's flat form.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from backend.adgraph.asset_groups import AssetGroup, AssetGroupAsset, CampaignAssetGroup, SharedSet
from backend.adgraph.columns import SyncState
from backend.adgraph.edges import AdAsset, AdGroupAd, CampaignAdGroup
from backend.adgraph.models import Ad, AdGroup, Campaign, Customer, Keyword
from backend.campaigns import ad_lists, dirty, flat, images, linking, problems, tree_json
from backend.campaigns import service as campaigns
from backend.campaigns.assets_check import PENDING_SLOT
from backend.campaigns.rules import SLOT_FIELDS
from backend.campaigns.writing import TreeWriter
from backend.core import audit, clock
from backend.core.db import Work
from backend.core.errors import Conflict, NotFound
from backend.core.events import Event
from backend.core.security import Actor, Role

FIELD_TYPES = {**SLOT_FIELDS, "images": PENDING_SLOT, "business_name": "BUSINESS_NAME"}
OURS = ("internal_label", "internal_notes", "tags")
LEGACY_AD_TYPES = frozenset({"EXPANDED_TEXT_AD", "TEXT_AD", "EXPANDED_DYNAMIC_SEARCH_AD", "UNKNOWN"})


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind of child is stored, shown and changed.

    Attributes:
        fragment: (SELECT, FROM, alias) of `tree_json`.
        columns: The fields that PATCH may set; a live row's become dirty.
        slots: The lists of texts and images that PATCH replaces as a whole.
    """

    name: str
    model: Any
    fragment: tuple[str, str, str]
    columns: tuple[str, ...]
    slots: tuple[str, ...] = ()


AD_GROUP = Kind(
    "ad_group",
    AdGroup,
    (tree_json.AD_GROUP_WHOLE, tree_json.AD_GROUP_FROM, "g"),
    ("name", "status", "cpc_bid_micros"),
)
AD = Kind(
    "ad",
    Ad,
    (tree_json.AD, tree_json.AD_FROM, "a"),
    ("name", "status", "final_urls", "path1", "path2", "business_name", "tracking_url_template"),
    (*SLOT_FIELDS, "images"),
)
KEYWORD = Kind(
    "keyword",
    Keyword,
    (tree_json.KEYWORD, "FROM keywords w", "w"),
    ("status", "cpc_bid_micros", "final_urls"),
)
ASSET_GROUP = Kind(
    "asset_group",
    AssetGroup,
    (tree_json.ASSET_GROUP, tree_json.ASSET_GROUP_FROM, "p"),
    ("name", "status", "final_urls", "path1", "path2"),
    (*SLOT_FIELDS, "images"),
)
KINDS = {kind.name: kind for kind in (AD_GROUP, AD, KEYWORD, ASSET_GROUP)}


@dataclass(slots=True)
class Found:
    """A child with the campaign, or the list of negatives, and the account it belongs to.

    An ad's status stands on its edge.
    """

    row: Any
    owner: Campaign | SharedSet
    customer: Customer
    edge: Any = None

    @property
    def campaign(self) -> Campaign:
        """The campaign it belongs to.

        Raises:
            Conflict: It belongs to a list of negatives.
        """
        if isinstance(self.owner, SharedSet):
            raise Conflict("This stands in a list of negatives, not in a campaign.")
        return self.owner

    @property
    def live(self) -> bool:
        """True when Google knows the child."""
        return self.row.google_id is not None


def find(
    session: Session, actor: Actor, kind: Kind, child_id: UUID, *, lock: bool = False, deleted: bool = False
) -> Found:
    """Give a child that the actor may see; one that was deleted only on demand.

    Raises:
        NotFound: There is none.
    """
    query = (
        select(kind.model, Customer)
        .join(Customer, Customer.id == kind.model.customer_id)
        .where(kind.model.id == child_id, Customer.tenant_id == actor.tenant_id)
    )
    if not deleted:
        query = query.where(kind.model.deleted_at.is_(None))
    if actor.visible_customers is not None:
        query = query.where(kind.model.customer_id.in_(actor.visible_customers))
    row = session.execute(query.with_for_update(of=kind.model) if lock else query).one_or_none()
    missing = NotFound(f"There is no such {kind.name.replace('_', ' ')}.")
    if row is None:
        raise missing
    child, customer = row
    edge = None
    if kind is AD:
        edge = session.scalar(
            select(AdGroupAd).where(AdGroupAd.customer_id == customer.id, AdGroupAd.ad_id == child_id)
        )
    owner = _owner(session, kind, child, edge, lock=lock)
    if owner is None or owner.deleted_at is not None:
        raise missing
    return Found(child, owner, customer, edge)


def _owner(session: Session, kind: Kind, child: Any, edge: Any, *, lock: bool) -> Campaign | SharedSet | None:
    """The campaign or the list that a child belongs to; None below an ad group that was deleted."""
    if kind is KEYWORD and child.parent_kind == "shared_set":
        key = {"customer_id": child.customer_id, "id": child.parent_id}
        return session.get(SharedSet, key, with_for_update=lock)
    campaign_id = _campaign_id(session, kind, child, edge)
    if campaign_id is None:
        return None
    return session.get(Campaign, {"customer_id": child.customer_id, "id": campaign_id}, with_for_update=lock)


def _campaign_id(session: Session, kind: Kind, child: Any, edge: Any) -> UUID | None:
    if kind is ASSET_GROUP:
        found = select(CampaignAssetGroup.campaign_id).where(
            CampaignAssetGroup.customer_id == child.customer_id, CampaignAssetGroup.asset_group_id == child.id
        )
        return session.scalar(found)
    if kind is KEYWORD and child.parent_kind == "campaign":
        parent: UUID = child.parent_id
        return parent
    group_id = {"ad_group": child.id, "keyword": getattr(child, "parent_id", None)}.get(kind.name)
    if kind is AD:
        group_id = edge.ad_group_id if edge is not None else None
    above = (
        select(CampaignAdGroup.campaign_id)
        .join(
            AdGroup, (AdGroup.customer_id == CampaignAdGroup.customer_id) & (AdGroup.id == CampaignAdGroup.ad_group_id)
        )
        .where(CampaignAdGroup.customer_id == child.customer_id, CampaignAdGroup.ad_group_id == group_id)
    )
    if kind is not AD_GROUP:
        above = above.where(AdGroup.deleted_at.is_(None))
    return session.scalar(above)


Write = Callable[[TreeWriter], list[UUID]]


def add(
    work: Work,
    actor: Actor,
    parent: Found | tuple[Campaign | SharedSet, Customer],
    form: Mapping[str, Any],
    write: Write,
) -> list[UUID]:
    """Add children below a campaign or an ad group, or negatives to a list.

    Args:
        form: What the assets are taken from.
        write: Writes the rows with the writer it is given; gives their ids in order.

    Raises:
        Forbidden, Conflict, Invalid
    """
    owner, customer = (parent.owner, parent.customer) if isinstance(parent, Found) else parent
    actor.must_be(Role.EDITOR, customer.id)
    must_be_editable(owner)
    writer = TreeWriter(work.session, customer)
    writer.need(form)
    ids = write(writer)
    writer.flush()
    images.enqueue(work, actor, customer, writer.book.to_fetch)
    edited(work, actor, owner, customer, f"{len(ids)} added", after=form)
    return ids


def must_be_editable(owner: Campaign | SharedSet) -> None:
    """Refuse edits of what is under way or removed.

    Raises:
        Conflict
    """
    if isinstance(owner, Campaign):
        campaigns.must_be_editable(owner)
    elif owner.sync_status == "publishing":
        raise Conflict("The list is being made at Google; wait for the end of it.", code="publish_in_progress")
    elif owner.status == "REMOVED":
        raise Conflict("The list is removed; restore it first.")


def must_not_be_under_way(row: SyncState) -> None:
    """Refuse edits of what a push is just making at Google: what it sent is what will be there.

    Raises:
        Conflict
    """
    if row.sync_status == "publishing":
        raise Conflict("It is being made at Google; wait for the end of the push.", code="publish_in_progress")


def patch(
    work: Work, actor: Actor, kind: Kind, child_id: UUID, form: Mapping[str, Any], *, check_tag: Callable[[int], None]
) -> Found:
    """Change a child.

    Raises:
        NotFound, Forbidden, Conflict, Stale
    """
    found = find(work.session, actor, kind, child_id, lock=True)
    actor.must_be(Role.EDITOR, found.customer.id)
    check_tag(found.row.version)
    must_be_editable(found.owner)
    must_not_be_under_way(found.row)
    _refuse_read_only(kind, found)
    before = {name: _current(found, name) for name in form if name in kind.columns}
    before |= {name: getattr(found.row, name) for name in form if name in OURS}
    slots = {name: form[name] for name in kind.slots if name in form}
    before |= _shown(work.session, kind, found, slots)
    for name in kind.columns:
        if name in form:
            _set(found, name, form[name])
    for name in OURS:
        if name in form:
            setattr(found.row, name, [] if name == "tags" and form[name] is None else form[name])
    if slots:
        _refill(work, actor, kind, found, slots)
    if kind is ASSET_GROUP and "business_name" in form:
        found.row.attributes = {**found.row.attributes, "business_name": form["business_name"]}
        _refill(work, actor, kind, found, {"business_name": form["business_name"]})
    found.row.version += 1
    edited(work, actor, found.owner, found.customer, kind.name, before=before, after=form, child_id=child_id)
    return found


def _refuse_read_only(kind: Kind, found: Found) -> None:
    if kind is AD and found.live and (found.row.type in LEGACY_AD_TYPES or found.row.type is None):
        raise Conflict("Ads of this kind are shown and can be paused or removed, but not changed here.")
    if kind is KEYWORD and found.live and found.row.negative:
        raise Conflict("Google changes no negative keywords: remove it and add another.")


def _current(found: Found, name: str) -> Any:
    return getattr(found.edge if name == "status" and found.edge is not None else found.row, name)


def _shown(session: Session, kind: Kind, found: Found, names: Collection[str]) -> dict[str, Any]:
    """What fills some slots now, as the API shows it."""
    if not names:
        return {}
    shown = orjson.loads(tree_json.many(session, kind.fragment, found.customer.id, [found.row.id]))[0]
    return {name: shown.get(name) for name in names}


def _set(found: Found, name: str, value: Any) -> None:
    row = found.edge if name == "status" and found.edge is not None else found.row
    value = [] if name == "final_urls" and value is None else value
    if found.live:
        dirty.edit(row, name, value)
    else:
        setattr(row, name, value)


def _refill(work: Work, actor: Actor, kind: Kind, found: Found, slots: Mapping[str, Any]) -> None:
    """Replace what fills some slots; on a live ad or asset group each becomes a dirty field."""
    edge, holder = (AdAsset, AdAsset.ad_id) if kind is AD else (AssetGroupAsset, AssetGroupAsset.asset_group_id)
    emptied = [FIELD_TYPES[name] for name in slots]
    before = ad_lists.held(work.session, found.customer.id, found.row.id) if kind is AD and found.live else {}
    writer = TreeWriter(work.session, found.customer)
    writer.need(slots)
    edges = (edge.customer_id == found.customer.id, holder == found.row.id, edge.field_type.in_(emptied))
    if kind is ASSET_GROUP and found.live:
        for link in work.session.scalars(select(AssetGroupAsset).where(*edges, AssetGroupAsset.status != "REMOVED")):
            linking.unlink(work.session, link)
    else:
        work.session.execute(delete(edge).where(*edges))
    writer.fill(edge, "ad_id" if kind is AD else "asset_group_id", found.row.id, slots)
    if kind is ASSET_GROUP:
        writer.business_name(found.row.id, slots.get("business_name"))
    writer.flush()
    images.enqueue(work, actor, found.customer, writer.book.to_fetch)
    if found.live:
        for name in slots:
            dirty.edit_list(found.row, name, before.get(name))


def remove(work: Work, actor: Actor, kind: Kind, child_id: UUID, check_tag: Callable[[int], None] | None) -> Found:
    """Remove a child: a draft goes into the bin, a live one waits to be removed at Google by the next push.

    Raises:
        NotFound, Forbidden, Conflict, Stale
    """
    found = find(work.session, actor, kind, child_id, lock=True)
    actor.must_be(Role.EDITOR, found.customer.id)
    if check_tag is not None:
        check_tag(found.row.version)
    must_be_editable(found.owner)
    must_not_be_under_way(found.row)
    if found.live:
        dirty.edit(found.edge if found.edge is not None else found.row, "status", "REMOVED")
    else:
        found.row.deleted_at = clock.now()
    found.row.version += 1
    edited(work, actor, found.owner, found.customer, f"{kind.name} removed", child_id=child_id)
    return found


def restore(work: Work, actor: Actor, kind: Kind, child_id: UUID) -> Found:
    """Take a draft out of the bin, or give up a removal that was not pushed yet.

    Raises:
        NotFound, Forbidden
        Conflict: It is not removed, or Google has removed it already.
    """
    found = find(work.session, actor, kind, child_id, lock=True, deleted=True)
    actor.must_be(Role.EDITOR, found.customer.id)
    must_be_editable(found.owner)
    row = found.edge if found.edge is not None else found.row
    if found.row.deleted_at is not None:
        found.row.deleted_at = None
    elif row.status == "REMOVED" and "status" in row.dirty_fields:
        dirty.edit(row, "status", row.base.get("status") or "ENABLED")
    else:
        raise Conflict("It is not removed, or Google has removed it already.")
    found.row.version += 1
    edited(work, actor, found.owner, found.customer, f"{kind.name} restored", child_id=child_id)
    return found


def edited(
    work: Work,
    actor: Actor,
    owner: Campaign | SharedSet,
    customer: Customer,
    what: str,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    child_id: UUID | None = None,
) -> None:
    """What every edit below a campaign or in a list has in common: a draft is checked, the trail is kept."""
    if isinstance(owner, Campaign) and owner.google_id is None:
        _draft_edited(work.session, owner, customer)
    name = "campaign" if isinstance(owner, Campaign) else "shared_set"
    audit.record(
        work.session,
        actor,
        f"{name}.edit",
        f"{name}:{owner.id}" if child_id is None else f"{what}:{child_id}",
        before=before,
        after=after,
        reason=what,
        customer_id=customer.id,
    )
    work.emit(
        Event(
            tenant_id=actor.tenant_id,
            kind=f"{name}.updated",
            data={"name": owner.name, "status": owner.status, "part": what},
            customer_id=customer.id,
            subject_id=owner.id,
            version=owner.version,
        )
    )


def _draft_edited(session: Session, campaign: Campaign, customer: Customer) -> None:
    """The flat form ends, and the draft is checked again."""
    if campaign.status == "FAILED":
        campaign.status, campaign.sync_status = "DRAFT", "draft"
    if campaign.flat:
        declared = flat.eu_declaration(campaign.contains_eu_political_advertising, customer.defaults)
        campaign.contains_eu_political_advertising = declared
        campaign.flat = {}
    problems.refresh(session, campaign, customer)
