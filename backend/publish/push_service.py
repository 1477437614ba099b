"""Asks for changes at Google: push what is dirty, enable, pause, remove at every level, singly and in bulk, budgets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.adgraph.models import Campaign, CampaignBudget, Customer
from backend.campaigns import children, dirty, problems
from backend.campaigns import service as campaigns
from backend.campaigns.children import KINDS
from backend.core import audit
from backend.core.db import Work
from backend.core.errors import Conflict, Finding, NotAllowedYet, Problem
from backend.core.security import Actor, Role
from backend.jobs import service as jobs
from backend.jobs.models import Job
from backend.publish.pending import Pending, pending_of

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
    """A push to open: per account, which campaigns and (in bulk) which of their rows and fields."""

    only: dict[str, dict[str, dict[str, list[str]]]] = field(default_factory=lambda: defaultdict(dict))
    customer_of: dict[str, UUID] = field(default_factory=dict)

    def add(self, campaign: Campaign, kind: str, row_id: UUID, fields: list[str]) -> None:
        """Push no more than these fields of this row."""
        key = str(campaign.id)
        self.customer_of[key] = campaign.customer_id
        self.only[key].setdefault(kind, {})[str(row_id)] = fields


def request_push(work: Work, actor: Actor, campaign_id: UUID, reason: str | None = None) -> Job:
    """Accept a push of everything that waits below a campaign.

    Raises:
        NotAllowedYet: It is a draft.
        Conflict: It is being pushed or published, or has open conflicts.
    """
    campaign, customer = campaigns.find(work.session, actor, campaign_id, lock=True)
    actor.must_be(Role.PUBLISHER, customer.id)
    must_be_live(campaign)
    if campaign.sync_status == "conflict":
        raise Conflict(
            "Both sides changed the same fields: resolve the conflicts first (/api/conflicts).",
            extra={"fields": sorted(campaign.remote)},
        )
    audit.record(
        work.session, actor, "campaign.push", f"campaign:{campaign_id}", reason=reason, customer_id=customer.id
    )
    return _open(work, actor, customer.id, scope={str(campaign_id): None}, campaign_id=campaign_id, reason=reason)


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
    work: Work,
    actor: Actor,
    customer_id: UUID,
    *,
    scope: Mapping[str, Any],
    campaign_id: UUID | None,
    reason: str | None,
) -> Job:
    return jobs.open_job(
        work,
        PUSH_KIND,
        actor=actor,
        queue=QUEUE,
        customer_id=customer_id,
        subject_id=campaign_id,
        exclusive_key=f"{PUSH_KIND}:{campaign_id}" if campaign_id and scope[str(campaign_id)] is None else None,
        conflict_code="push_in_progress",
        args={"must_end": True, "campaigns": dict(scope), "reason": reason},
        max_attempts=MAX_ATTEMPTS,
    )


def preview(session: Session, customer: Customer, campaign: Campaign) -> dict[str, Any]:
    """Give what a push would change, per field, and what it costs in operations of Google's daily quota."""
    pending, _ = pending_of(session, customer, campaign)
    diff = [
        {"kind": change.kind, "id": change.row_id, "field": name, "before": change.before.get(name), "after": value}
        for change in pending.changes
        for name, value in change.after.items()
    ]
    if pending.targeting:
        before, after = pending.targeting
        diff.append(
            {"kind": "campaign", "id": str(campaign.id), "field": "targeting", "before": before, "after": after}
        )
    created = _created(pending)
    operations = len(pending.changes) + sum(created.values()) + (1 if pending.targeting else 0)
    return {"changes": diff, "creates": created, "operations": operations, "quota": operations}


def _created(pending: Pending) -> dict[str, int]:
    groups = pending.ad_groups
    return {
        "ad_groups": len(groups),
        "asset_groups": len(pending.asset_groups),
        "ads": len(pending.ads) + sum(len(group.ads) for group in groups),
        "keywords": len(pending.keywords) + len(pending.negatives) + sum(len(group.keywords) for group in groups),
    }


def change_status(work: Work, actor: Actor, wish: Wish, row_id: UUID) -> Job | None:
    """Enable, pause or remove one thing: at Google where it is live, here where it is a draft.

    Returns:
        The job that tells Google; None when there is nothing to tell.

    Raises:
        NotFound, Forbidden, Conflict
    """
    order = Order()
    _mark(work, actor, wish, row_id, order)
    for key, only in order.only.items():
        return _open(work, actor, order.customer_of[key], scope={key: only}, campaign_id=UUID(key), reason=wish.reason)
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
    scopes: dict[UUID, dict[str, Any]] = defaultdict(dict)
    for campaign_id, only in order.only.items():
        scopes[order.customer_of[campaign_id]][campaign_id] = only
    opened = [
        _open(work, actor, customer_id, scope=scope, campaign_id=None, reason=wish.reason)
        for customer_id, scope in scopes.items()
    ]
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
    campaigns.must_be_editable(found.campaign)
    if wish.action == "remove" and not found.live:
        children.remove(work, actor, kind, row_id, None)
        return False
    row = found.edge if found.edge is not None else found.row
    changed = False
    if found.live:
        changed = dirty.edit(row, "status", wish.status) or "status" in row.dirty_fields
        if changed:
            found.row.version += 1
            order.add(found.campaign, CHANGE_KIND[wish.kind], row_id, ["status"])
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
    if not dirty.edit(budget, "amount_micros", amount_micros) and "amount_micros" not in budget.dirty_fields:
        return None
    budget.version += 1
    scope = {str(campaign_id): {"budget": {str(budget.id): ["amount_micros"]}}}
    return _open(work, actor, customer.id, scope=scope, campaign_id=campaign_id, reason=reason)


def _users(session: Session, budget: CampaignBudget) -> int:
    query = select(func.count()).where(
        Campaign.customer_id == budget.customer_id,
        Campaign.budget_id == budget.id,
        Campaign.status != "REMOVED",
        Campaign.deleted_at.is_(None),
    )
    return int(session.execute(query).scalar_one())
