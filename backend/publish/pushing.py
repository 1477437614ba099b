"""One run of a push: new structure in an atomic batch, then every change in batches with partial failure.

What has no natural key at Google (ad groups, ads, asset groups) is made atomically with a marker label, so that a lost
answer can be looked up; updates and removes may be sent again as they are; keywords are known by parent, text and match
type. Whatever fails is marked on its own row with Google's reason, and stays to be pushed again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import UUID

from flask import current_app
from sqlalchemy.orm import Session

from backend.adgraph.models import Customer
from backend.campaigns.rules import BY_CODE
from backend.campaigns.tree import AssetNode, CampaignNode
from backend.core import audit
from backend.core.db import Work, unit_of_work
from backend.core.errors import Finding
from backend.core.events import Event
from backend.core.ids import new_id
from backend.core.logging import get_logger
from backend.integrations.googleads import requests
from backend.integrations.googleads.errors import AdsFailure, Refused
from backend.integrations.googleads.gateway import Gateway, MutateReply
from backend.integrations.googleads.mutate.plan import MutatePlan, Operation
from backend.jobs.run import JobFailed, JobRun, Outcome
from backend.publish import (
    batches,
    changes,
    delivery,
    findings,
    images_first,
    pending_images,
    reconcile,
    scopes,
    settling,
    tally,
    targeting,
)
from backend.publish.bulk import BulkDelivery, is_large
from backend.publish.changes import Change
from backend.publish.delivery import Target
from backend.publish.pending import Pending
from backend.publish.planner import plan_additions, subject
from backend.publish.recovery import Point, reached
from backend.publish.resources import keyword_fields, keyword_words
from backend.publish.scopes import Scope
from backend.publish.tally import Tally

log = get_logger(__name__)
ADDITIONS, CHANGES = "push.add", "push.change"
DUPLICATES = frozenset(
    {
        "CriterionError.KEYWORD_ALREADY_EXISTS",
        "AdGroupCriterionError.DUPLICATE_CRITERION",
        "MutateError.RESOURCE_ALREADY_EXISTS",
    }
)
MAX_AT_ONCE = 100_000
"""Operations per stored batch; what is too much for one request goes by batch job, which takes a million."""


class Pushing:
    """The push of campaigns and lists of one account by one run of its job."""

    def __init__(self, job: JobRun) -> None:
        if job.customer_id is None:
            raise ValueError("a push names its account")
        self._job = job
        self._customer_id: UUID = job.customer_id
        self._subject_id: UUID = job.subject_id or job.job_id
        self._scopes = scopes.of_job(job.args)
        self._version: str = current_app.config["SETTINGS"].google.api_version
        self._delivered: list[UUID] = []
        self._held_back: list[dict[str, Any]] = []
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
        for scope in self._scopes:
            if scope.only is None:
                self._add_structure(scope)
        self._change()
        with self._job.write() as work:
            counted = tally.of_push(
                work.session, self._customer_id, self._job.job_id, (ADDITIONS, CHANGES), self._delivered
            )
            outcome = Outcome({**counted.as_result(), **scopes.named(self._scopes), "held_back": self._held_back})
            self._settle(work, counted)
            self._job.finish(work, outcome)
        reached(self._job, Point.RECORDED)
        return outcome

    def _settle(self, work: Work, counted: Tally) -> None:
        """Nothing stays marked as under way, and everybody hears of it."""
        for scope in self._scopes:
            scope.mark(work.session, self._customer_id, "publishing", "draft")
            if scope.kind == scopes.CAMPAIGN:
                settling.settle_lists(work.session, self._customer_id, scope.id)
            work.emit(
                Event(
                    tenant_id=self._job.tenant_id,
                    kind=f"{scope.kind}.pushed",
                    data={"applied": counted.applied, "failed": len(counted.failures)},
                    customer_id=self._customer_id,
                    subject_id=scope.id,
                    version=scope.row(work.session, self._customer_id).version,
                )
            )

    def _resume(self) -> None:
        """Bring what an earlier run began to its end first."""
        while True:
            with unit_of_work() as work:
                batch = batches.open_batch(work.session, self._customer_id, self._subject_id, [ADDITIONS, CHANGES])
                if batch is None:
                    return
                batch_id, kind = batch.id, batch.kind
            if kind == ADDITIONS:
                (scope,) = (scope for scope in self._scopes if scope.id == self._subject_id)
                self._deliver_additions(batch_id, scope)
            else:
                self._deliver_changes(batch_id)

    # New structure, atomically

    def _add_structure(self, scope: Scope) -> None:
        self._images_first(scope)
        with self._job.write() as work:
            scope.claim(work.session, self._customer_id)
            pending, tree = scope.pending(work.session, self._customer_id)
            if not pending.new:
                return
            for before in ("draft", "sync_error"):
                scope.mark(work.session, self._customer_id, before, "publishing")
            marker = f"CampaignWizard push {new_id()}"
            plan = plan_additions(self._target.google_customer_id, tree, marker, pending.new)
            images = dict(before_image(change) for change in pending.new.replaced)
            batch_id = self._store(work, ADDITIONS, plan.operations, subject_id=scope.id, marker=marker, before=images)
        reached(self._job, Point.PREPARED)
        self._deliver_additions(batch_id, scope)

    def _images_first(self, scope: Scope) -> None:
        """Download what is new and not here yet, and make the images that new carousel cards name."""
        with unit_of_work() as work:
            pending, tree = scope.pending(work.session, self._customer_id)
        if not pending.new:
            return
        pending_images.fetch(self._job, self._customer_id, pending.new.needed())
        self._must_have_images(scope)

        def used(session: Session) -> Iterable[AssetNode]:
            return scope.pending(session, self._customer_id)[0].new.needed()

        def refused(batch_id: UUID, refusal: Refused) -> None:
            raise self._additions_refused(batch_id, scope, tree, refusal) from refusal

        images_first.make(self._job, self._target, scope.id, used, refused)

    def _must_have_images(self, scope: Scope) -> None:
        """Refuse to send what names an image that could not be downloaded."""
        with unit_of_work() as work:
            pending, tree = scope.pending(work.session, self._customer_id)
        places = findings.pointers(tree)
        missing = [
            Finding(places.get(subject("asset", asset.id), "/"), "image_failed", BY_CODE["image_failed"].advice)
            for asset in pending.new.needed()
            if asset.type == "IMAGE" and asset.resource_name is None and not asset.data
        ]
        if missing:
            raise JobFailed("not_publishable", "An image could not be used.", errors=tuple(dict.fromkeys(missing)))

    def _deliver_additions(self, batch_id: UUID, scope: Scope) -> None:
        with unit_of_work() as work:
            batch = batches.load(work.session, self._customer_id, batch_id)
            operations, marker, large = batches.sent_operations(batch), batch.marker or "", is_large(batch)
            _, tree = scope.pending(work.session, self._customer_id)

        def look(gateway: Gateway) -> Sequence[str] | None:
            return reconcile.adopt_additions(gateway, self._target.google_customer_id, tree, marker, operations)

        try:
            if large:
                reply = BulkDelivery(self._job, self._target, batch_id).deliver()
            else:
                reply = delivery.deliver(self._job, self._target, batch_id, look)
        except Refused as refusal:
            raise self._additions_refused(batch_id, scope, tree, refusal) from refusal
        self._record(batch_id, reply)

    def _additions_refused(self, batch_id: UUID, scope: Scope, tree: CampaignNode, refusal: Refused) -> JobFailed:
        places = findings.pointers(tree, alone=scope.kind != scopes.CAMPAIGN)
        with self._job.write() as work:
            batch = batches.load(work.session, self._customer_id, batch_id)
            operations = batches.sent_operations(batch)
            batches.refused(batch, refusal.failures, refusal.request_id)
            scope.mark(work.session, self._customer_id, "publishing", "sync_error")
            settling.explain(work.session, self._customer_id, operations, refusal.failures, refusal.request_id)
        subjects = [operation.subject for operation in operations]
        return JobFailed(
            "push_failed",
            "Google refused what is new; nothing of it was made there.",
            errors=tuple(findings.from_failures(refusal.failures, subjects, places, {})),
            extra={"google_request_id": refusal.request_id},
        )

    # Changes, item by item

    def _change(self) -> None:
        operations, before = self._planned()
        for start in range(0, len(operations), MAX_AT_ONCE):
            chunk = operations[start : start + MAX_AT_ONCE]
            self._job.progress("pushing", start, len(operations))
            with self._job.write() as work:
                batch_id = self._store(work, CHANGES, chunk, before=_of(chunk, before))
            reached(self._job, Point.PREPARED)
            self._deliver_changes(batch_id)

    def _planned(self) -> tuple[list[Operation], dict[str, Any]]:
        """Give every change as an operation, and what each row was and is to be."""
        plan = MutatePlan(self._target.google_customer_id)
        before: dict[str, Any] = {}
        for scope in self._scopes:
            with self._job.write() as work:
                pending, tree = scope.pending(work.session, self._customer_id)
                if pending.known_by_key:
                    for old in ("draft", "sync_error"):
                        scope.mark(work.session, self._customer_id, old, "publishing")
            self._held_back += pending.held_back
            for change in pending.changes:
                changes.add_to(plan, change)
                before.update([before_image(change)])
            plan_known(plan, tree, pending)
            if pending.targeting:
                self._plan_targeting(plan, tree, pending.targeting)
                was, is_to_be = pending.targeting
                before[f"targeting:{scope.id}"] = {"before": was, "after": is_to_be}
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
        with unit_of_work() as work:
            large = is_large(batches.load(work.session, self._customer_id, batch_id))
        try:
            if large:
                reply = BulkDelivery(self._job, self._target, batch_id).deliver()
            else:
                reply = delivery.deliver(self._job, self._target, batch_id, delivery.never)
        except Refused as refusal:
            reply = self._whole_refusal(batch_id, refusal)
        self._record(batch_id, self._known(batch_id, reply))

    def _record(self, batch_id: UUID, reply: MutateReply) -> None:
        """Give each operation's result to its row."""
        with self._job.write() as work:
            batch = batches.load(work.session, self._customer_id, batch_id)
            settled = settling.settle(work.session, self._customer_id, batch, reply)
            batches.applied(batch, reply.resource_names, reply.request_id)
            batch.errors = settled.failures or None
            audit.record(
                work.session,
                self._job.actor,
                "push.applied",
                f"batch:{batch_id}",
                before={key: value.get("before") for key, value in batch.before_images.items()},
                after={key: value.get("after") for key, value in batch.before_images.items()},
                customer_id=self._customer_id,
                reason=self._job.args.get("reason"),
            )
        self._delivered.append(batch_id)

    def _whole_refusal(self, batch_id: UUID, refusal: Refused) -> MutateReply:
        """An error outside the operations refuses all of them: each gets that reason."""
        with unit_of_work() as work:
            count = len(batches.load(work.session, self._customer_id, batch_id).operations)
        reasons: list[AdsFailure] = []
        for index in range(count):
            own = [failure for failure in refusal.failures if failure.index == index]
            reasons += own or [replace(refusal.failures[0], index=index)]
        return MutateReply(("",) * count, tuple(reasons), refusal.request_id)

    def _known(self, batch_id: UUID, reply: MutateReply) -> MutateReply:
        """What exists already was made by us before the answer was lost: it is found by its natural key."""
        duplicates = {failure.index for failure in reply.failures if failure.code in DUPLICATES}
        if not duplicates:
            return reply
        gateway = delivery.open_gateway(self._job, self._customer_id)
        known: dict[tuple[str, ...], str] = {}
        for scope in self._scopes:
            with unit_of_work() as work:
                _, tree = scope.pending(work.session, self._customer_id)
            question = partial(reconcile.find_known, gateway, self._target.google_customer_id, tree)
            known.update(delivery.asked(self._job, question))
        with unit_of_work() as work:
            operations = batches.sent_operations(batches.load(work.session, self._customer_id, batch_id))
        names = list(reply.resource_names)
        for index in duplicates:
            if index is not None and operations[index].verb == "create":
                names[index] = known.get(operations[index].subject, "")
        left = tuple(
            failure
            for failure in reply.failures
            if failure.index not in duplicates or failure.index is None or not names[failure.index]
        )
        return MutateReply(tuple(names), left, reply.request_id)


def plan_known(plan: MutatePlan, tree: CampaignNode, pending: Pending) -> None:
    """Add what has a natural key at Google: keywords, negatives, uses of lists that exist."""
    for name, keyword in pending.keywords:
        plan.link("ad_group_criterion", subject("keyword", keyword.id), ad_group=name, **keyword_fields(keyword))
    for keyword in pending.negatives:
        about, words = subject("keyword", keyword.id), keyword_words(keyword)
        plan.link("campaign_criterion", about, campaign=tree.resource_name, negative=True, keyword=words)
    for name, keyword in pending.list_keywords:
        about, words = subject("keyword", keyword.id), keyword_words(keyword)
        plan.link("shared_criterion", about, shared_set=name, keyword=words)
    for shared in pending.list_links:
        if shared.link_id is not None:
            about = subject("campaign_shared_set", shared.link_id)
            plan.link("campaign_shared_set", about, campaign=tree.resource_name, shared_set=shared.resource_name)


def before_image(change: Change) -> tuple[str, dict[str, Any]]:
    """Give what a row was and is to be, under its key, for the undo."""
    return f"{change.kind}:{change.row_id}", {
        "before": dict(change.before),
        "after": dict(change.after),
        "name": change.name,
        "resource": change.resource,
    }


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
        for scope in scopes.of_job(job.args):
            scope.mark(work.session, job.customer_id, "publishing", "draft")
    log.warning("push_failed", code=error.get("code"), job_id=str(job.job_id))
