"""Asks for changes at Google: push what is dirty, enable, pause, remove at every level, singly and in bulk, budgets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.adgraph.asset_groups import SharedSet
from backend.adgraph.models import Campaign, CampaignBudget, Customer
from backend.campaigns import children, dirty, drafts, problems, shared_sets
from backend.campaigns import service as campaigns
from backend.campaigns.children import KINDS
from backend.campaigns.loading import load_shared_set
from backend.core import audit
from backend.core.db import Work
from backend.core.errors import Conflict, Finding, NotAllowedYet, Problem
from backend.core.security import Actor, Role
from backend.jobs import service as jobs
from backend.jobs.models import Job
from backend.publish import scopes, undecided

PUSH_KIND = "push"
QUEUE = "publish"
MAX_ATTEMPTS = 20
STATUS_OF = {"enable": "ENABLED", "disable": "PAUSED", "remove": "REMOVED"}
CHANGE_KIND = {
    "campaign": "campaign",
    "ad_group": "ad_group",
    "ad": "ad_status",
    "keyword": "keyword",
    "asset_group": "asset_group",
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to become of things of one kind: enable, disable or remove, and why."""

    kind: str
    action: str
    reason: str | None = None

    @property
    def status(self) -> str:
        """Google's status that it comes to."""
        return STATUS_OF[self.action]


@dataclass(slots=True)
class Order:
    """A push to open: per account, which campaigns and lists and (in bulk) which of their rows and fields."""

    only: dict[UUID, dict[str, dict[str, Any]]] = field(default_factory=dict)

    def add(self, owner: Campaign | SharedSet, kind: str, row_id: UUID, fields: list[str]) -> None:
        """Push no more than these fields of this row."""
        member = scopes.MEMBERS[scopes.CAMPAIGN if isinstance(owner, Campaign) else scopes.SHARED_SET]
        wanted = self.only.setdefault(owner.customer_id, {}).setdefault(member, {})
        wanted.setdefault(str(owner.id), {}).setdefault(kind, {})[str(row_id)] = fields


def request_push(work: Work, actor: Actor, campaign_id: UUID, reason: str | None = None) -> Job:
    """Accept a push of everything that waits below a campaign.

    Raises:
        NotAllowedYet: It is a draft.
        Conflict: It is being pushed or published, or something below it waits for a decision.
    """
    campaign, customer = campaigns.find(work.session, actor, campaign_id, lock=True)
    actor.must_be(Role.PUBLISHER, customer.id)
    must_be_live(campaign)
    undecided.must_be_decided(work.session, campaign)
    audit.record(
        work.session, actor, "campaign.push", f"campaign:{campaign_id}", reason=reason, customer_id=customer.id
    )
    return _open(work, actor, customer.id, {"campaigns": {str(campaign_id): None}}, reason)


def request_list_push(work: Work, actor: Actor, shared_set_id: UUID, reason: str | None = None) -> Job:
    """Accept a push of a list of negatives: itself if it is a draft, else its name, new keywords and removals.

    Raises:
        NotAllowedYet: `not_publishable`, with everything that is wrong with a list that is to be made.
        Conflict: It is being pushed or published, or has open conflicts.
    """
    shared_set, customer = shared_sets.find(work.session, actor, shared_set_id, lock=True)
    actor.must_be(Role.PUBLISHER, customer.id)
    undecided.must_be_decided(work.session, shared_set)
    if shared_set.google_id is None:
        wrong = list(drafts.check_list(load_shared_set(work.session, customer, shared_set)))
        if wrong:
            raise NotAllowedYet("The list does not pass the checks.", code="not_publishable", errors=wrong)
    audit.record(
        work.session, actor, "shared_set.push", f"shared_set:{shared_set_id}", reason=reason, customer_id=customer.id
    )
    return _open(work, actor, customer.id, {"shared_sets": {str(shared_set_id): None}}, reason)


def must_be_live(campaign: Campaign) -> None:
    """Refuse what only a published campaign can do.

    Raises:
        NotAllowedYet, Conflict
    """
    if campaign.status == "PUBLISHING":
        raise Conflict("The campaign is being published.", code="publish_in_progress")
    if campaign.google_id is None:
        raise NotAllowedYet(
            "The campaign is a draft: publish it first.",
            code="not_published",
            errors=[Finding("/status", "not_published", "POST …/publish makes it live.")],
        )


def _open(
    work: Work, actor: Actor, customer_id: UUID, wanted: Mapping[str, Mapping[str, Any]], reason: str | None
) -> Job:
    """Open the job for what is wanted of some campaigns and lists; everything of one is pushed by one job at a time."""
    named = [(key, only) for owners in wanted.values() for key, only in owners.items()]
    (alone, only) = named[0] if len(named) == 1 else (None, {})
    return jobs.open_job(
        work,
        PUSH_KIND,
        actor=actor,
        queue=QUEUE,
        customer_id=customer_id,
        subject_id=UUID(alone) if alone else None,
        exclusive_key=f"{PUSH_KIND}:{alone}" if alone and only is None else None,
        conflict_code="push_in_progress",
        args={"must_end": True, **wanted, "reason": reason},
        max_attempts=MAX_ATTEMPTS,
    )


def change_status(work: Work, actor: Actor, wish: Wish, row_id: UUID) -> Job | None:
    """Enable, pause or remove one thing: at Google where it is live, here where it is a draft.

    Returns:
        The job that tells Google; None when there is nothing to tell.

    Raises:
        NotFound, Forbidden, Conflict
    """
    order = Order()
    _mark(work, actor, wish, row_id, order)
    for customer_id, wanted in order.only.items():
        return _open(work, actor, customer_id, wanted, wish.reason)
    return None


def change_many(
    work: Work, actor: Actor, wish: Wish, row_ids: Sequence[UUID]
) -> tuple[list[dict[str, Any]], list[Job]]:
    """Enable, pause or remove many things; each answers for itself, one job per account tells Google.

    Returns:
        Per index what became of it (accepted, done, or refused with code and detail), and the jobs.
    """
    order = Order()
    results: list[dict[str, Any]] = []
    for index, row_id in enumerate(row_ids):
        try:
            live = _mark(work, actor, wish, row_id, order)
            results.append({"index": index, "id": str(row_id), "result": "accepted" if live else "done"})
        except Problem as problem:
            results.append(
                {
                    "index": index,
                    "id": str(row_id),
                    "result": "refused",
                    "code": problem.code,
                    "detail": problem.detail,
                }
            )
    opened = [_open(work, actor, customer_id, wanted, wish.reason) for customer_id, wanted in order.only.items()]
    for job in opened:
        for result in results:
            if result["result"] == "accepted" and len(opened) == 1:
                result["job_id"] = str(job.id)
    return results, opened


def _mark(work: Work, actor: Actor, wish: Wish, row_id: UUID, order: Order) -> bool:
    """Set the wanted status on a row and note the push; True when Google has to be told."""
    if wish.kind == "campaign":
        return _mark_campaign(work, actor, wish, row_id, order)
    kind = KINDS[wish.kind]
    found = children.find(work.session, actor, kind, row_id, lock=True)
    actor.must_be(Role.PUBLISHER if found.live else Role.EDITOR, found.customer.id)
    children.must_be_editable(found.owner)
    children.must_not_be_under_way(found.row)
    if isinstance(found.owner, SharedSet) and wish.action != "remove":
        raise Conflict("A negative of a list is in force or removed; it has no other status.")
    if wish.action == "remove" and not found.live:
        children.remove(work, actor, kind, row_id, None)
        return False
    row = found.edge if found.edge is not None else found.row
    changed = False
    if found.live:
        undecided.field_must_be_decided(row, "status")
        changed = dirty.edit(row, "status", wish.status) or "status" in row.dirty_fields
        if changed:
            found.row.version += 1
            order.add(found.owner, CHANGE_KIND[wish.kind], row_id, ["status"])
    else:
        row.status = wish.status
    _trail(work, actor, wish, row_id, found.customer)
    return changed


def _mark_campaign(work: Work, actor: Actor, wish: Wish, campaign_id: UUID, order: Order) -> bool:
    campaign, customer = campaigns.find(work.session, actor, campaign_id, lock=True)
    actor.must_be(Role.PUBLISHER, customer.id)
    if campaign.status == "PUBLISHING":
        raise Conflict("The campaign is being published.", code="publish_in_progress")
    _trail(work, actor, wish, campaign_id, customer)
    if campaign.google_id is None:
        _mark_draft(work, actor, campaign, customer, wish.action)
        return False
    if campaign.status == "REMOVED":
        if wish.action == "remove":
            return False
        raise Conflict("The campaign is removed at Google; that cannot be undone.")
    undecided.field_must_be_decided(campaign, "google_status")
    changed = dirty.edit(campaign, "google_status", wish.status) or "google_status" in campaign.dirty_fields
    if changed:
        campaign.version += 1
        order.add(campaign, "campaign", campaign_id, ["google_status"])
        campaigns.announce(work, actor, campaign, f"campaign.{wish.action}")
    return changed


def _mark_draft(work: Work, actor: Actor, campaign: Campaign, customer: Customer, action: str) -> None:
    """A draft is marked publishable or not; removing one puts it into its last state."""
    if action == "remove":
        campaign.status = "REMOVED"
    else:
        campaign.publishable = action == "enable"
        problems.refresh(work.session, campaign, customer)
    campaign.version += 1
    campaigns.announce(work, actor, campaign, f"campaign.{action}")


def _trail(work: Work, actor: Actor, wish: Wish, row_id: UUID, customer: Customer) -> None:
    audit.record(
        work.session,
        actor,
        f"{wish.kind}.{wish.action}",
        f"{wish.kind}:{row_id}",
        reason=wish.reason,
        customer_id=customer.id,
    )


def change_budget(work: Work, actor: Actor, campaign_id: UUID, amount_micros: int, reason: str | None) -> Job | None:
    """Set a campaign's daily budget, within the account's cap, and tell Google at once where it is live.

    Raises:
        NotAllowedYet: `budget_cap`, or the campaign has no daily budget.
        Conflict: Google's amount has changed too, and nobody has decided.
    """
    campaign, customer = campaigns.find(work.session, actor, campaign_id, lock=True)
    actor.must_be(Role.PUBLISHER, customer.id)
    campaigns.must_be_editable(campaign)
    campaigns.must_respect_cap(customer, amount_micros)
    budget = (
        work.session.get(CampaignBudget, {"customer_id": customer.id, "id": campaign.budget_id}, with_for_update=True)
        if campaign.budget_id
        else None
    )
    if budget is None or budget.total_amount_micros is not None:
        raise NotAllowedYet("The campaign has no daily budget of its own.", code="no_daily_budget")
    if budget.explicitly_shared and _users(work.session, budget) > 1:
        raise NotAllowedYet("The budget is shared by several campaigns: change it on purpose.", code="shared_budget")
    before = budget.amount_micros
    audit.record(
        work.session,
        actor,
        "campaign.budget",
        f"campaign:{campaign_id}",
        before={"amount_micros": before},
        after={"amount_micros": amount_micros},
        reason=reason,
        customer_id=customer.id,
    )
    campaign.version += 1
    if budget.google_id is None:
        budget.amount_micros = amount_micros
        problems.refresh(work.session, campaign, customer)
        return None
    undecided.field_must_be_decided(budget, "amount_micros")
    if not dirty.edit(budget, "amount_micros", amount_micros) and "amount_micros" not in budget.dirty_fields:
        return None
    budget.version += 1
    order = Order()
    order.add(campaign, "budget", budget.id, ["amount_micros"])
    return _open(work, actor, customer.id, order.only[customer.id], reason)


def _users(session: Session, budget: CampaignBudget) -> int:
    query = select(func.count()).where(
        Campaign.customer_id == budget.customer_id,
        Campaign.budget_id == budget.id,
        Campaign.status != "REMOVED",
        Campaign.deleted_at.is_(None),
    )
    return int(session.execute(query).scalar_one())
