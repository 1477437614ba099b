"""One run of a push: new structure in an atomic batch, then every change in batches with partial failure.

What has no natural key at Google (ad groups, ads, asset groups) is made atomically with a marker label, so that a lost
answer can be looked up; updates and removes may be sent again as they are; keywords are known by parent, text and match
type. Whatever fails is marked on its own row with Google's reason, and stays to be pushed again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from uuid import UUID

from flask import current_app
from sqlalchemy.orm import Session

from backend.adgraph.models import Campaign, Customer
from backend.campaigns.tree import CampaignNode
from backend.core import audit
from backend.core.db import Work, unit_of_work
from backend.core.events import Event
from backend.core.ids import new_id
from backend.core.logging import get_logger
from backend.integrations.googleads import requests
from backend.integrations.googleads.errors import AdsFailure, Refused
from backend.integrations.googleads.gateway import Gateway, MutateReply
from backend.integrations.googleads.mutate.plan import MAX_OPERATIONS, MutatePlan, Operation
from backend.jobs.run import JobFailed, JobRun, Outcome
from backend.publish import batches, changes, delivery, findings, reconcile, recording, settling, targeting
from backend.publish.batches import Sent
from backend.publish.delivery import Target
from backend.publish.pending import Pending, pending_of
from backend.publish.planner import Additions, keyword_fields, plan_additions, subject
from backend.publish.recovery import Point, reached

log = get_logger(__name__)
ADDITIONS, CHANGES = "push.add", "push.change"
DUPLICATE_KEYWORD = frozenset({"CriterionError.KEYWORD_ALREADY_EXISTS", "AdGroupCriterionError.DUPLICATE_CRITERION"})
MOST_SHOWN = 200


@dataclass(slots=True)
class Tally:
    """How a push went, item by item."""

    applied: int = 0
    failed: int = 0
    operations: int = 0
    errors: list[dict[str, Any]] | None = None
    google_request_ids: list[str] | None = None

    def add(self, applied: int, failures: list[dict[str, Any]], request_id: str | None) -> None:
        """Count one batch."""
        self.applied += applied
        self.failed += len(failures)
        self.operations += applied + len(failures)
        self.errors = [*(self.errors or []), *failures][:MOST_SHOWN]
        self.google_request_ids = [*(self.google_request_ids or []), *([request_id] if request_id else [])]


class Pushing:
    """The push of one or more campaigns of one account by one run of its job."""

    def __init__(self, job: JobRun) -> None:
        if job.customer_id is None:
            raise ValueError("a push names its account")
        self._job = job
        self._customer_id: UUID = job.customer_id
        self._subject_id: UUID = job.subject_id or job.job_id
        self._campaigns = {UUID(key): only for key, only in job.args["campaigns"].items()}
        self._version: str = current_app.config["SETTINGS"].google.api_version
        self._tally = Tally()
        with unit_of_work() as work:
            customer = work.session.get_one(Customer, self._customer_id)
            self._target = Target(customer.id, customer.google_id)

    def run(self) -> Outcome:
        """Push everything, and end well even where single items were refused: the result lists them.

        Raises:
            Reschedule: Not now.
            JobFailed: Google refused the new structure whole.
        """
        reached(self._job, Point.CLAIMED)
        self._resume()
        for campaign_id, only in self._campaigns.items():
            if only is None:
                self._add_structure(campaign_id)
        self._change()
        outcome = Outcome(
            {
                "applied": self._tally.applied,
                "failed": self._tally.failed,
                "operations": self._tally.operations,
                "errors": self._tally.errors or [],
                "google_request_ids": self._tally.google_request_ids or [],
                "campaigns": [str(campaign_id) for campaign_id in self._campaigns],
            }
        )
        with self._job.write() as work:
            self._settle(work)
            self._job.finish(work, outcome)
        reached(self._job, Point.RECORDED)
        return outcome

    def _settle(self, work: Work) -> None:
        """Nothing stays marked as under way, and everybody hears of it."""
        for campaign_id in self._campaigns:
            recording.mark_tree(work.session, self._customer_id, campaign_id, "publishing", "draft")
            campaign = self._campaign(work.session, campaign_id)
            work.emit(
                Event(
                    tenant_id=self._job.tenant_id,
                    kind="campaign.pushed",
                    data={"applied": self._tally.applied, "failed": self._tally.failed},
                    customer_id=self._customer_id,
                    subject_id=campaign_id,
                    version=campaign.version,
                )
            )

    def _campaign(self, session: Session, campaign_id: UUID) -> Campaign:
        return session.get_one(Campaign, {"customer_id": self._customer_id, "id": campaign_id})

    def _pending(self, session: Session, campaign_id: UUID) -> tuple[Pending, CampaignNode]:
        customer = session.get_one(Customer, self._customer_id)
        campaign = self._campaign(session, campaign_id)
        return pending_of(session, customer, campaign, self._campaigns[campaign_id])

    def _resume(self) -> None:
        """Bring what an earlier run began to its end first."""
        while True:
            with unit_of_work() as work:
                batch = batches.open_batch(work.session, self._customer_id, self._subject_id, [ADDITIONS, CHANGES])
                if batch is None:
                    return
                batch_id, kind = batch.id, batch.kind
            if kind == ADDITIONS:
                self._deliver_additions(batch_id, self._subject_id)
            else:
                self._deliver_changes(batch_id)

    # New structure, atomically

    def _add_structure(self, campaign_id: UUID) -> None:
        with self._job.write() as work:
            pending, tree = self._pending(work.session, campaign_id)
            if not pending.makes_structure:
                return
            recording.mark_tree(work.session, self._customer_id, campaign_id, "draft", "publishing")
            recording.mark_tree(work.session, self._customer_id, campaign_id, "sync_error", "publishing")
            marker = f"CampaignWizard push {new_id()}"
            new = Additions(pending.ad_groups, pending.asset_groups, pending.ads)
            plan = plan_additions(self._target.google_customer_id, tree, marker, new)
            batch_id = self._store(work, ADDITIONS, plan.operations, subject_id=campaign_id, marker=marker)
        reached(self._job, Point.PREPARED)
        self._deliver_additions(batch_id, campaign_id)

    def _deliver_additions(self, batch_id: UUID, campaign_id: UUID) -> None:
        with unit_of_work() as work:
            batch = batches.load(work.session, self._customer_id, batch_id)
            operations, marker = batches.sent_operations(batch), batch.marker or ""
            _, tree = self._pending(work.session, campaign_id)

        def look(gateway: Gateway) -> Sequence[str] | None:
            return reconcile.adopt_additions(gateway, self._target.google_customer_id, tree, marker, operations)

        try:
            reply = delivery.deliver(self._job, self._target, batch_id, look)
        except Refused as refusal:
            raise self._additions_refused(batch_id, campaign_id, tree, operations, refusal) from refusal
        with self._job.write() as work:
            batch = batches.load(work.session, self._customer_id, batch_id)
            recording.record_created(work.session, self._customer_id, operations, reply.resource_names)
            batches.applied(batch, reply.resource_names, reply.request_id)
        self._tally.add(len(operations), [], reply.request_id)

    def _additions_refused(
        self, batch_id: UUID, campaign_id: UUID, tree: CampaignNode, operations: list[Sent], refusal: Refused
    ) -> JobFailed:
        places = findings.pointers(tree)
        subjects = [operation.subject for operation in operations]
        errors = findings.from_failures(refusal.failures, subjects, places, {})
        with self._job.write() as work:
            batch = batches.load(work.session, self._customer_id, batch_id)
            batches.refused(batch, refusal.failures, refusal.request_id)
            recording.mark_tree(work.session, self._customer_id, campaign_id, "publishing", "sync_error")
            settling.explain(work.session, self._customer_id, operations, refusal.failures, refusal.request_id)
        return JobFailed(
            "push_failed",
            "Google refused what is new below the campaign; nothing of it was made there.",
            errors=tuple(errors),
            extra={"google_request_id": refusal.request_id},
        )

    # Changes, item by item

    def _change(self) -> None:
        operations, before = self._planned()
        for start in range(0, len(operations), MAX_OPERATIONS):
            chunk = operations[start : start + MAX_OPERATIONS]
            self._job.progress("pushing", start, len(operations))
            with self._job.write() as work:
                batch_id = self._store(work, CHANGES, chunk, before=_of(chunk, before))
            reached(self._job, Point.PREPARED)
            self._deliver_changes(batch_id)

    def _planned(self) -> tuple[list[Operation], dict[str, Any]]:
        """Give every change as an operation, and what each row was and is to be."""
        plan = MutatePlan(self._target.google_customer_id)
        before: dict[str, Any] = {}
        for campaign_id in self._campaigns:
            with self._job.write() as work:
                pending, tree = self._pending(work.session, campaign_id)
                if pending.keywords or pending.negatives:
                    recording.mark_tree(work.session, self._customer_id, campaign_id, "draft", "publishing")
                    recording.mark_tree(work.session, self._customer_id, campaign_id, "sync_error", "publishing")
            for change in pending.changes:
                changes.add_to(plan, change)
                before[f"{change.kind}:{change.row_id}"] = {
                    "before": dict(change.before),
                    "after": dict(change.after),
                    "name": change.name,
                    "resource": change.resource,
                }
            for group_name, keyword in pending.keywords:
                about = subject("keyword", keyword.id)
                plan.link("ad_group_criterion", about, ad_group=group_name, **keyword_fields(keyword))
            for keyword in pending.negatives:
                words = {"text": keyword.text, "match_type": keyword.match_type}
                about = subject("keyword", keyword.id)
                plan.link("campaign_criterion", about, campaign=tree.resource_name, negative=True, keyword=words)
            if pending.targeting:
                self._plan_targeting(plan, tree, pending.targeting)
                before[f"targeting:{campaign_id}"] = {"before": pending.targeting[0], "after": pending.targeting[1]}
        return plan.operations, before

    def _plan_targeting(
        self, plan: MutatePlan, tree: CampaignNode, wanted: tuple[Mapping[str, Any], Mapping[str, Any]]
    ) -> None:
        gateway = delivery.open_gateway(self._job, self._customer_id)
        account = self._target.google_customer_id
        existing = delivery.asked(self._job, lambda: targeting.criteria_at_google(gateway, account, tree))
        targeting.plan_difference(plan, tree, existing, wanted[1])

    def _store(
        self,
        work: Work,
        kind: str,
        operations: Sequence[Operation],
        *,
        subject_id: UUID | None = None,
        marker: str | None = None,
        before: dict[str, Any] | None = None,
    ) -> UUID:
        plan = MutatePlan(self._target.google_customer_id)
        plan.operations = list(operations)
        batch = batches.prepare(
            work.session,
            self._job,
            customer_id=self._customer_id,
            subject_id=subject_id or self._subject_id,
            kind=kind,
            payload=requests.encode_mutate(plan, version=self._version, partial_failure=kind == CHANGES),
            operations=operations,
            marker=marker,
            before=before,
        )
        return batch.id

    def _deliver_changes(self, batch_id: UUID) -> None:
        try:
            reply = delivery.deliver(self._job, self._target, batch_id, delivery.never)
        except Refused as refusal:
            reply = self._whole_refusal(batch_id, refusal)
        reply = self._known_keywords(batch_id, reply)
        with self._job.write() as work:
            batch = batches.load(work.session, self._customer_id, batch_id)
            settled = settling.settle(work.session, self._customer_id, batch, reply)
            batches.applied(batch, reply.resource_names, reply.request_id)
            batch.errors = settled.failures or None
            audit.record(
                work.session,
                None,
                "push.applied",
                f"batch:{batch_id}",
                before={key: value.get("before") for key, value in batch.before_images.items()},
                after={key: value.get("after") for key, value in batch.before_images.items()},
                customer_id=self._customer_id,
                tenant_id=self._job.tenant_id,
                reason=self._job.args.get("reason"),
            )
        self._tally.add(settled.applied, settled.failures, reply.request_id)

    def _whole_refusal(self, batch_id: UUID, refusal: Refused) -> MutateReply:
        """An error outside the operations refuses all of them: each gets that reason."""
        with unit_of_work() as work:
            count = len(batches.load(work.session, self._customer_id, batch_id).operations)
        reasons: list[AdsFailure] = []
        for index in range(count):
            own = [failure for failure in refusal.failures if failure.index == index]
            reasons += own or [replace(refusal.failures[0], index=index)]
        return MutateReply(("",) * count, tuple(reasons), refusal.request_id)

    def _known_keywords(self, batch_id: UUID, reply: MutateReply) -> MutateReply:
        """A keyword that exists already was made by us before the answer was lost: it is found by its natural key."""
        duplicates = {failure.index for failure in reply.failures if failure.code in DUPLICATE_KEYWORD}
        if not duplicates:
            return reply
        gateway = delivery.open_gateway(self._job, self._customer_id)
        known: dict[tuple[str, ...], str] = {}
        for campaign_id in self._campaigns:
            with unit_of_work() as work:
                _, tree = self._pending(work.session, campaign_id)
            question = partial(reconcile.find_keywords, gateway, self._target.google_customer_id, tree)
            known.update(delivery.asked(self._job, question))
        with unit_of_work() as work:
            operations = batches.sent_operations(batches.load(work.session, self._customer_id, batch_id))
        names = list(reply.resource_names)
        for index in duplicates:
            if index is not None:
                names[index] = known.get(operations[index].subject, "")
        left = tuple(
            failure
            for failure in reply.failures
            if failure.index not in duplicates or failure.index is None or not names[failure.index]
        )
        return MutateReply(tuple(names), left, reply.request_id)


def _of(chunk: Sequence[Operation], before: Mapping[str, Any]) -> dict[str, Any]:
    """Give what was before of the rows in one chunk."""
    return {key: before[key] for key in _keys(chunk) if key in before}


def _keys(chunk: Sequence[Operation]) -> Iterator[str]:
    for operation in chunk:
        about = operation.subject
        if isinstance(about, tuple):
            yield f"{about[0]}:{about[1]}"


def fail(job: JobRun, error: dict[str, Any]) -> None:
    """Nothing stays marked as under way after a push that failed for good; safe to repeat."""
    if job.customer_id is None:
        return
    with unit_of_work() as work:
        for key in job.args.get("campaigns", {}):
            recording.mark_tree(work.session, job.customer_id, UUID(key), "publishing", "draft")
    log.warning("push_failed", code=error.get("code"), job_id=str(job.job_id))
