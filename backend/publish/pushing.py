"""One run of a push: new structure in atomic batches, then every change in batches with partial failure.

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

from backend.campaigns.tree import CampaignNode
from backend.core.db import Work, unit_of_work
from backend.core.events import Event
from backend.core.logging import get_logger
from backend.integrations.googleads.errors import AdsFailure, Refused
from backend.integrations.googleads.gateway import MutateReply
from backend.integrations.googleads.mutate.plan import MutatePlan, Operation
from backend.jobs.run import JobRun, Outcome
from backend.publish import (
    batches,
    changes,
    delivery,
    reconcile,
    scopes,
    settling,
    tally,
    targeting,
    twins,
)
from backend.publish.adding import Adding
from backend.publish.bulk import BulkDelivery, is_large
from backend.publish.pending import Pending
from backend.publish.planner import subject
from backend.publish.push_batches import ADDITIONS, CHANGES, PushBatches, before_image
from backend.publish.recovery import Point, reached
from backend.publish.resources import keyword_fields, keyword_words
from backend.publish.scopes import Scope
from backend.publish.tally import Tally

log = get_logger(__name__)
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
        self._job = job
        self._pushed = PushBatches(job)
        self._customer_id = self._pushed.customer_id
        self._target = self._pushed.target
        self._subject_id: UUID = job.subject_id or job.job_id
        self._scopes = scopes.of_job(job.args)
        self._held_back: list[dict[str, Any]] = []

    def run(self) -> Outcome:
        """Push everything, and end well even where single items were refused: the result lists them.

        Raises:
            Reschedule: Not now.
            JobFailed: Google refused the new structure as a whole.
        """
        reached(self._job, Point.CLAIMED)
        self._resume()
        for scope in self._scopes:
            if scope.only is None:
                Adding(self._pushed, scope).run()
        self._change()
        with self._job.write() as work:
            counted = tally.of_push(
                work.session, self._customer_id, self._job.job_id, (ADDITIONS, CHANGES), self._pushed.delivered
            )
            outcome = Outcome({**counted.as_result(), **scopes.named(self._scopes), "held_back": self._held_back})
            self._settle(work, counted)
            self._job.finish(work, outcome)
        reached(self._job, Point.RECORDED)
        return outcome

    def _settle(self, work: Work, counted: Tally) -> None:
        """Nothing stays marked as under way, and everybody hears of it."""
        for scope in _whole(self._scopes):
            scope.mark(work.session, self._customer_id, "publishing", "draft")
        for scope in self._scopes:
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
        """Bring to its end what an earlier run began, or a push that gave up."""
        with unit_of_work() as work:
            kinds = (ADDITIONS, CHANGES)
            left = batches.open_to(work.session, self._customer_id, self._subject_id, kinds, self._job.job_id)
        for batch_id in left:
            with unit_of_work() as work:
                batch = batches.load(work.session, self._customer_id, batch_id)
                kind, state, ours = batch.kind, batch.state, batch.job_id == self._job.job_id
            if state == "PREPARED" and not ours:
                self._pushed.abandon(batch_id)  # what it holds may have been edited since
            elif kind == ADDITIONS:
                (scope,) = (scope for scope in self._scopes if scope.id == self._subject_id)
                Adding(self._pushed, scope).deliver(batch_id, send=ours)
            else:
                self._deliver_changes(batch_id)

    # Changes, item by item

    def _change(self) -> None:
        operations, before = self._planned()
        for start in range(0, len(operations), MAX_AT_ONCE):
            chunk = operations[start : start + MAX_AT_ONCE]
            self._job.progress("pushing", start, len(operations))
            with self._job.write() as work:
                batch_id = self._pushed.store(
                    work, CHANGES, chunk, subject_id=self._subject_id, before=_of(chunk, before)
                )
            reached(self._job, Point.PREPARED)
            self._deliver_changes(batch_id)

    def _planned(self) -> tuple[list[Operation], dict[str, Any]]:
        """Give every change as an operation, and what each row was and is to be."""
        plan = MutatePlan(self._target.google_customer_id)
        before: dict[str, Any] = {}
        for scope in self._scopes:
            with self._job.write() as work:
                pending, tree = scope.take(work.session, self._customer_id, ["draft"])
            self._held_back += pending.held_back
            for change in pending.changes:
                changes.add_to(plan, change)
                before.update([before_image(change)])
            plan_known(plan, tree, pending)
            if pending.targeting:
                was, is_to_be = pending.targeting
                image = {f"targeting:{scope.id}": {"before": was, "after": is_to_be}}
                planned = len(plan)
                self._plan_targeting(plan, tree, pending.targeting)
                if len(plan) > planned:
                    before.update(image)
                else:
                    self._nothing_to_do(image)
        return plan.operations, before

    def _nothing_to_do(self, targeting_image: Mapping[str, Any]) -> None:
        """Google has the wanted targeting already: an earlier push brought it there, or somebody else did."""
        with self._job.write() as work:
            settling.settle_targeting(work.session, self._customer_id, targeting_image)

    def _plan_targeting(
        self, plan: MutatePlan, tree: CampaignNode, wanted: tuple[Mapping[str, Any], Mapping[str, Any]]
    ) -> None:
        gateway = delivery.open_gateway(self._job, self._customer_id)
        account = self._target.google_customer_id
        existing = delivery.asked(self._job, lambda: targeting.criteria_at_google(gateway, account, tree))
        targeting.plan_difference(plan, tree, existing, wanted[1])

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
        self._pushed.record(batch_id, self._known(batch_id, reply))

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
                written_at = batches.load(work.session, self._customer_id, batch_id).created_at
                _, tree = scope.pending(work.session, self._customer_id)
                twins.leave_out_newer(work.session, self._customer_id, tree, written_at)
            question = partial(reconcile.find_known, gateway, self._target.google_customer_id, tree)
            known.update(delivery.asked(self._job, question))
        with unit_of_work() as work:
            operations = batches.sent_operations(batches.load(work.session, self._customer_id, batch_id))
        names = list(reply.resource_names)
        for index in duplicates:
            if index is not None and operations[index].verb == "create":
                about = operations[index].subject
                # A criterion of the targeting has no row: what it is, is what it is known by.
                names[index] = operations[index].resource if about[0] == "targeting" else known.get(about, "")
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


def _whole(listed: Iterable[Scope]) -> Iterator[Scope]:
    """Leave out the pushes of single rows: what is new is not theirs, another push may just be making it."""
    return (scope for scope in listed if scope.only is None)


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
        if not job.is_held(work):
            return
        batches.give_up(work.session, job.customer_id, job.job_id)
        for scope in _whole(scopes.of_job(job.args)):
            scope.mark(work.session, job.customer_id, "publishing", "draft")
    log.warning("push_failed", code=error.get("code"), job_id=str(job.job_id))
