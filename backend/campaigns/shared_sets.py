"""Lists of negative keywords that several campaigns of an account use: find, make, rename, fill, link, remove.

A list is a draft until it is pushed, by itself or with the first campaign that uses it. One that Google knows keeps its
edits as dirty fields, its new keywords as drafts, and its links as drafts of the campaigns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from backend.adgraph.asset_groups import CampaignSharedSet, SharedSet
from backend.adgraph.models import Campaign, Customer, Keyword
from backend.campaigns import children, dirty, linking
from backend.campaigns.rules import BY_CODE
from backend.campaigns.writing import TreeWriter, lists_must_exist
from backend.core import audit, clock
from backend.core.db import Work
from backend.core.errors import Conflict, Finding, NotAllowedYet, NotFound
from backend.core.ids import new_id
from backend.core.security import Actor, Role

TYPE = "NEGATIVE_KEYWORDS"
NOTES = ("internal_label", "internal_notes", "tags")


def find(
    session: Session, actor: Actor, shared_set_id: UUID, *, lock: bool = False, deleted: bool = False
) -> tuple[SharedSet, Customer]:
    """Give a list of negatives and its account.

    Raises:
        NotFound: There is none, or the actor may not see it.
    """
    query = (
        select(SharedSet, Customer)
        .join(Customer, Customer.id == SharedSet.customer_id)
        .where(SharedSet.id == shared_set_id, SharedSet.type == TYPE, Customer.tenant_id == actor.tenant_id)
    )
    if not deleted:
        query = query.where(SharedSet.deleted_at.is_(None))
    if actor.visible_customers is not None:
        query = query.where(SharedSet.customer_id.in_(actor.visible_customers))
    row = session.execute(query.with_for_update(of=SharedSet) if lock else query).one_or_none()
    if row is None:
        raise NotFound("There is no such list of negatives.")
    return row[0], row[1]


def listed(customer_id: UUID, filters: Mapping[str, Any]) -> Select[Any]:
    """Select the ids of an account's lists that match."""
    query = select(SharedSet.id).where(SharedSet.customer_id == customer_id, SharedSet.type == TYPE)
    query = query.where(SharedSet.deleted_at.isnot(None) if filters["deleted"] else SharedSet.deleted_at.is_(None))
    wanted = filters["status"]
    query = query.where(SharedSet.status == wanted if wanted else SharedSet.status != "REMOVED")
    if filters["sync_status"]:
        query = query.where(SharedSet.sync_status == filters["sync_status"])
    if filters["q"]:
        query = query.where(SharedSet.name.icontains(filters["q"], autoescape=True))
    return query


def create(work: Work, actor: Actor, customer: Customer, form: Mapping[str, Any]) -> SharedSet:
    """Write a new list with its keywords.

    Raises:
        Forbidden
        NotAllowedYet: `shared_sets_count`, `shared_set_keywords_count`.
        Conflict: `shared_set_name_taken`.
    """
    actor.must_be(Role.EDITOR, customer.id)
    session = work.session
    # One at a time in an account, so that its limit and its names hold.
    session.execute(select(Customer.id).where(Customer.id == customer.id).with_for_update())
    _must_have_room(session, customer.id)
    _must_be_free(session, customer.id, form["name"])
    shared_set = SharedSet(customer_id=customer.id, id=new_id(), name=form["name"], type=TYPE, status="ENABLED")
    for name in NOTES:
        if name in form:
            setattr(shared_set, name, form[name] or ([] if name == "tags" else None))
    session.add(shared_set)
    session.flush()
    if form.get("keywords"):
        add_keywords(work, actor, (shared_set, customer), form["keywords"])
    audit.record(
        session, actor, "shared_set.create", f"shared_set:{shared_set.id}", after=form, customer_id=customer.id
    )
    return shared_set


def _must_have_room(session: Session, customer_id: UUID) -> None:
    query = select(func.count()).where(
        SharedSet.customer_id == customer_id,
        SharedSet.type == TYPE,
        SharedSet.deleted_at.is_(None),
        SharedSet.status != "REMOVED",
    )
    if session.execute(query).scalar_one() >= (BY_CODE["shared_sets_count"].maximum or 0):
        raise _refused("shared_sets_count", "")


def _must_be_free(session: Session, customer_id: UUID, name: str, *, but: UUID | None = None) -> None:
    query = select(SharedSet.id).where(
        SharedSet.customer_id == customer_id,
        SharedSet.type == TYPE,
        func.lower(SharedSet.name) == name.lower(),
        SharedSet.deleted_at.is_(None),
        SharedSet.status != "REMOVED",
    )
    other = session.scalar(query.where(SharedSet.id != but) if but else query)
    if other is not None:
        code = "shared_set_name_taken"
        raise Conflict(
            BY_CODE[code].advice,
            code=code,
            errors=[Finding("/name", code, BY_CODE[code].advice)],
            extra={"shared_set_id": str(other)},
        )


def _refused(code: str, pointer: str) -> NotAllowedYet:
    return NotAllowedYet(BY_CODE[code].advice, code=code, errors=[Finding(pointer, code, BY_CODE[code].advice)])


def add_keywords(
    work: Work, actor: Actor, parent: tuple[SharedSet, Customer], keywords: Sequence[Mapping[str, Any]]
) -> list[UUID]:
    """Add negatives to a list; gives their ids in order.

    Raises:
        Forbidden, Conflict
        NotAllowedYet: `shared_set_keywords_count`.
    """
    shared_set, _ = parent
    if keywords and room(work.session, shared_set) < len(keywords):
        raise _refused("shared_set_keywords_count", "/keywords")

    def write(writer: TreeWriter) -> list[UUID]:
        return writer.keywords("shared_set", shared_set.id, keywords, negative=True)

    return children.add(work, actor, parent, {}, write)


def room(session: Session, shared_set: SharedSet) -> int:
    """Give how many negatives a list still takes."""
    query = select(func.count()).where(
        Keyword.customer_id == shared_set.customer_id,
        Keyword.parent_kind == "shared_set",
        Keyword.parent_id == shared_set.id,
        Keyword.deleted_at.is_(None),
        Keyword.status != "REMOVED",
    )
    return (BY_CODE["shared_set_keywords_count"].maximum or 0) - int(session.execute(query).scalar_one())


Check = Callable[[int], None]


def patch(work: Work, actor: Actor, shared_set_id: UUID, form: Mapping[str, Any], check_tag: Check) -> SharedSet:
    """Rename a list, or change our notes on it; a live one's new name waits to be pushed.

    Raises:
        NotFound, Forbidden, Conflict, Stale
    """
    shared_set, customer = find(work.session, actor, shared_set_id, lock=True)
    actor.must_be(Role.EDITOR, customer.id)
    check_tag(shared_set.version)
    children.must_be_editable(shared_set)
    before = {name: getattr(shared_set, name) for name in form}
    if "name" in form:
        _must_be_free(work.session, customer.id, form["name"], but=shared_set.id)
        if shared_set.google_id is not None:
            dirty.edit(shared_set, "name", form["name"])
        else:
            shared_set.name = form["name"]
    for name in NOTES:
        if name in form:
            setattr(shared_set, name, form[name] or ([] if name == "tags" else None))
    shared_set.version += 1
    work.session.flush()
    children.edited(work, actor, shared_set, customer, "renamed", before=before, after=form)
    return shared_set


def remove(work: Work, actor: Actor, shared_set_id: UUID, check_tag: Check) -> None:
    """Put a draft into the bin, or let a live list wait to be removed at Google by its next push.

    Raises:
        NotFound, Forbidden, Stale
        Conflict: It is being made, or `shared_set_in_use`: Google removes no list that a campaign uses.
    """
    shared_set, customer = find(work.session, actor, shared_set_id, lock=True)
    actor.must_be(Role.EDITOR, customer.id)
    check_tag(shared_set.version)
    children.must_be_editable(shared_set)
    users = using(work.session, shared_set)
    if users:
        raise Conflict(
            "Campaigns use the list: take it out of them, and push what is live, first.",
            code="shared_set_in_use",
            extra={"campaign_ids": [str(campaign_id) for campaign_id in users]},
        )
    if shared_set.google_id is not None:
        dirty.edit(shared_set, "status", "REMOVED")
    else:
        shared_set.deleted_at = clock.now()
    shared_set.version += 1
    children.edited(work, actor, shared_set, customer, "removed")


def using(session: Session, shared_set: SharedSet) -> list[UUID]:
    """Give the campaigns that use a list, here or at Google; one in the bin counts, for it may come back."""
    query = (
        select(CampaignSharedSet.campaign_id)
        .join(Campaign, Campaign.id == CampaignSharedSet.campaign_id)
        .where(
            CampaignSharedSet.customer_id == shared_set.customer_id,
            Campaign.customer_id == shared_set.customer_id,
            CampaignSharedSet.shared_set_id == shared_set.id,
            (CampaignSharedSet.status != "REMOVED") | (CampaignSharedSet.dirty_fields != []),
            Campaign.status != "REMOVED",
        )
        .order_by(CampaignSharedSet.campaign_id)
    )
    return list(session.scalars(query))


def restore(work: Work, actor: Actor, shared_set_id: UUID) -> SharedSet:
    """Take a draft out of the bin, or give up a removal that was not pushed yet.

    Raises:
        NotFound, Forbidden
        Conflict: It is not removed, or Google has removed it already; or its name is taken meanwhile.
        NotAllowedYet: `shared_sets_count`.
    """
    shared_set, customer = find(work.session, actor, shared_set_id, lock=True, deleted=True)
    actor.must_be(Role.EDITOR, customer.id)
    if shared_set.deleted_at is None and "status" not in shared_set.dirty_fields:
        raise Conflict("The list is not removed, or Google has removed it already.")
    _must_have_room(work.session, customer.id)
    _must_be_free(work.session, customer.id, shared_set.name, but=shared_set.id)
    if shared_set.deleted_at is not None:
        shared_set.deleted_at = None
    else:
        dirty.edit(shared_set, "status", shared_set.base.get("status") or "ENABLED")
    shared_set.version += 1
    work.session.flush()
    children.edited(work, actor, shared_set, customer, "restored")
    return shared_set


def link(work: Work, actor: Actor, parent: tuple[Campaign, Customer], shared_set_ids: Sequence[UUID]) -> None:
    """Let a campaign use lists; a live one's links wait to be pushed.

    Raises:
        Forbidden, Conflict
        Invalid: There is no such list.
    """
    campaign, customer = parent
    lists_must_exist(work.session, customer.id, shared_set_ids)

    def write(writer: TreeWriter) -> list[UUID]:
        writer.use_lists(campaign.id, shared_set_ids)
        return []

    children.add(work, actor, parent, {"shared_sets": list(shared_set_ids)}, write)
    linking.refresh(work.session, campaign)


def unlink(work: Work, actor: Actor, parent: tuple[Campaign, Customer], shared_set_id: UUID) -> None:
    """Take a list out of a campaign; a live one's removal waits to be pushed.

    Raises:
        NotFound, Forbidden, Conflict
    """
    campaign, customer = parent
    actor.must_be(Role.EDITOR, customer.id)
    children.must_be_editable(campaign)
    key = {"customer_id": customer.id, "campaign_id": campaign.id, "shared_set_id": shared_set_id}
    edge = work.session.get(CampaignSharedSet, key, with_for_update=True)
    if edge is None or edge.status == "REMOVED":
        raise NotFound("The campaign does not use this list.")
    children.must_not_be_under_way(edge)
    linking.unlink(work.session, edge)
    linking.refresh(work.session, campaign)
    children.edited(work, actor, campaign, customer, "shared list unlinked", before={"shared_set_id": shared_set_id})
