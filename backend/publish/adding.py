"""Makes what is new below a live campaign, or in a list: atomic requests that carry a marker label.

An atomic request is all or nothing, and one refused item must not hold back the others. A refusal is a definite answer:
nothing of the request exists. So the same operations without the refused ones, and without what hangs on those, are
stored in the transaction that notes the refusal, under the same marker, and sent as the next request. Each of them is
delivered exactly once, by its own bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy.orm import Session

from backend.campaigns.rules import BY_CODE
from backend.campaigns.tree import AssetNode, CampaignNode
from backend.core.db import unit_of_work
from backend.core.errors import Finding
from backend.core.ids import new_id
from backend.integrations.googleads import requests
from backend.integrations.googleads.errors import AdsFailure, Refused
from backend.integrations.googleads.gateway import Gateway, MutateReply
from backend.integrations.googleads.mutate.results import PARENT_FAILED, dependents
from backend.jobs.run import JobFailed
from backend.publish import (
    batches,
    delivery,
    edited_since,
    findings,
    images_first,
    pending_images,
    reconcile,
    scopes,
    settling,
    twins,
)
from backend.publish.batches import Sent
from backend.publish.bulk import BulkDelivery, is_large
from backend.publish.models import MutateBatch
from backend.publish.planner import plan_additions, subject
from backend.publish.push_batches import ADDITIONS, PushBatches, before_image
from backend.publish.recovery import Point, reached
from backend.publish.scopes import Scope

MARKER = "CampaignWizard push {}"
MAX_REQUESTS = 10
"""Requests that one refusal after the other may lead to; Google tells all objections at once, as a rule."""


class Adding:
    """The new structure of one scope, by one run of its push."""

    def __init__(self, pushed: PushBatches, scope: Scope) -> None:
        self._pushed = pushed
        self._job = pushed.job
        self._customer_id = pushed.customer_id
        self._scope = scope

    def run(self) -> None:
        """Make everything that is new; what Google refuses is marked on its own row.

        Raises:
            Reschedule: Not now.
            JobFailed: The request was refused as a whole, or an image cannot be had.
        """
        self._images_first()
        with self._job.write() as work:
            self._scope.claim(work.session, self._customer_id)
            pending, tree = self._scope.take(work.session, self._customer_id)
            if not pending.new:
                return
            marker = MARKER.format(new_id())
            plan = plan_additions(self._pushed.target.google_customer_id, tree, marker, pending.new)
            images = dict(before_image(change) for change in pending.new.replaced)
            batch_id = self._pushed.store(
                work, ADDITIONS, plan.operations, subject_id=self._scope.id, marker=marker, before=images
            )
        reached(self._job, Point.PREPARED)
        self.deliver(batch_id)

    def deliver(self, batch_id: UUID, *, send: bool = True) -> None:
        """Bring a stored request to its end, and those that follow from what Google refuses of it.

        Args:
            send: False for the bytes of an earlier push that gave up: they are only looked for.
        """
        current: UUID | None = batch_id
        while current is not None:
            try:
                reply = self._delivered(current, send=send)
            except Refused as refusal:
                current = self._without_what_was_refused(current, refusal)
                continue
            if reply is None:
                self._pushed.abandon(current)
            else:
                self._pushed.record(current, reply)
            return

    def _images_first(self) -> None:
        """Download what is new and not here yet, and make the images that new carousel cards name."""
        with unit_of_work() as work:
            pending, tree = self._scope.pending(work.session, self._customer_id)
        if not pending.new:
            return
        pending_images.fetch(self._job, self._customer_id, pending.new.needed())
        self._must_have_images()

        def used(session: Session) -> Iterable[AssetNode]:
            return self._scope.pending(session, self._customer_id)[0].new.needed()

        def refused(batch_id: UUID, refusal: Refused) -> None:
            raise self._refused_whole(batch_id, tree, refusal) from refusal

        images_first.make(self._job, self._pushed.target, self._scope.id, used, refused)

    def _must_have_images(self) -> None:
        """Refuse to send what names an image that could not be downloaded."""
        with unit_of_work() as work:
            pending, tree = self._scope.pending(work.session, self._customer_id)
        places = findings.pointers(tree)
        missing = [
            Finding(places.get(subject("asset", asset.id), "/"), "image_failed", BY_CODE["image_failed"].advice)
            for asset in pending.new.needed()
            if asset.type == "IMAGE" and asset.resource_name is None and not asset.data
        ]
        if missing:
            raise JobFailed("not_publishable", "An image could not be used.", errors=tuple(dict.fromkeys(missing)))

    def _delivered(self, batch_id: UUID, *, send: bool) -> MutateReply | None:
        """Google's answer, or what was found; None when nothing may be sent and nothing was found."""
        with unit_of_work() as work:
            batch = batches.load(work.session, self._customer_id, batch_id)
            operations, marker, large = batches.sent_operations(batch), batch.marker or "", is_large(batch)
            _, tree = self._scope.pending(work.session, self._customer_id)
            written_at, payload = batch.created_at, batch.request
        target = self._pushed.target

        def look(gateway: Gateway) -> Sequence[str] | None:
            edited_since.as_sent(tree, payload, operations, version=self._pushed.version)
            with unit_of_work() as work:
                twins.leave_out_newer(work.session, self._customer_id, tree, written_at)
            return reconcile.adopt_additions(gateway, target.google_customer_id, tree, marker, operations)

        if large:
            return BulkDelivery(self._job, target, batch_id).deliver()
        if send:
            return delivery.deliver(self._job, target, batch_id, look)
        return delivery.resolve(self._job, target, batch_id, look)

    # What Google refused

    def _without_what_was_refused(self, batch_id: UUID, refusal: Refused) -> UUID | None:
        """Note a refusal on the rows it concerns, and store the request without them; None when nothing is left.

        Raises:
            JobFailed: It does not say what is wrong with which item.
        """
        with unit_of_work() as work:
            batch = batches.load(work.session, self._customer_id, batch_id)
            operations, request, phase = batches.sent_operations(batch), batch.request, batch.phase
            _, tree = self._scope.pending(work.session, self._customer_id)
        refused = {failure.index for failure in refusal.failures}
        by_item = all(index is not None and 0 < index < len(operations) for index in refused)  # 0 is the marker
        gone = _gone_already(operations, refusal.failures) if by_item else set()
        own = [one for one in refusal.failures if one.code != PARENT_FAILED and one.index not in gone]
        if not by_item or not (own or gone) or phase + 1 >= MAX_REQUESTS:
            raise self._refused_whole(batch_id, tree, refusal) from refusal
        names = requests.temporary_names(request, version=self._pushed.version)
        hanging = _hanging(operations, names, own)
        with self._job.write() as work:
            batch = batches.load(work.session, self._customer_id, batch_id)
            failures = (*own, *hanging)
            settling.explain(work.session, self._customer_id, operations, failures, refusal.request_id)
            batches.refused(batch, failures, refusal.request_id)
            batch.errors = self._listed(tree, operations, failures, refusal.request_id)
            dropped = gone | {failure.index for failure in failures if failure.index is not None}
            return self._store_rest(work.session, batch, operations, dropped)

    def _store_rest(
        self, session: Session, batch: MutateBatch, operations: Sequence[Sent], dropped: set[int]
    ) -> UUID | None:
        rest = [operation for index, operation in enumerate(operations) if index not in dropped]
        if len(rest) == 1:  # nothing but the marker
            return None
        following = batches.prepare(
            session,
            self._job,
            customer_id=self._customer_id,
            subject_id=self._scope.id,
            kind=ADDITIONS,
            payload=requests.without(batch.request, dropped, version=self._pushed.version),
            operations=rest,
            marker=batch.marker,
            before=batch.before_images,
            phase=batch.phase + 1,
        )
        return following.id

    def _listed(
        self, tree: CampaignNode, operations: Sequence[Sent], failures: Sequence[AdsFailure], request_id: str | None
    ) -> list[dict[str, object]]:
        """Give one entry per refused item, as the push's result shows it, with its place in the form."""
        places = findings.pointers(tree, alone=self._scope.kind != scopes.CAMPAIGN)
        listed: dict[int, dict[str, object]] = {}
        for failure in failures:
            if failure.index is not None and failure.index not in listed:
                operation = operations[failure.index]
                listed[failure.index] = settling.failure_of(failure.index, operation, failure, request_id) | {
                    "pointer": findings.place_of(failure, operation.subject, places)
                }
        return list(listed.values())

    def _refused_whole(self, batch_id: UUID, tree: CampaignNode, refusal: Refused) -> JobFailed:
        places = findings.pointers(tree, alone=self._scope.kind != scopes.CAMPAIGN)
        with self._job.write() as work:
            batch = batches.load(work.session, self._customer_id, batch_id)
            operations = batches.sent_operations(batch)
            batches.refused(batch, refusal.failures, refusal.request_id)
            self._scope.mark(work.session, self._customer_id, "publishing", "sync_error")
            settling.explain(work.session, self._customer_id, operations, refusal.failures, refusal.request_id)
        subjects = [operation.subject for operation in operations]
        return JobFailed(
            "push_failed",
            "Google refused what is new; nothing of it was made there.",
            errors=tuple(findings.from_failures(refusal.failures, subjects, places, {})),
            extra={"google_request_id": refusal.request_id},
        )


def _gone_already(operations: Sequence[Sent], failures: Sequence[AdsFailure]) -> set[int]:
    """Give the removals of what Google has no more: they are settled with the changes that follow."""
    return {
        failure.index
        for failure in failures
        if failure.index is not None
        and operations[failure.index].verb == "remove"
        and failure.code in settling.ALREADY_REMOVED
    }


def _hanging(
    operations: Sequence[Sent], names: Sequence[tuple[str, frozenset[str]]], refused: Sequence[AdsFailure]
) -> list[AdsFailure]:
    """Give a failure for each operation that needs a refused one; an asset has no row, so what links it tells why."""
    causes = {failure.index: failure for failure in reversed(refused) if failure.index is not None}
    assets = {names[index][0]: failure for index, failure in causes.items() if operations[index].resource == "asset"}
    found: list[AdsFailure] = []
    for index in sorted(dependents(names, causes.keys())):
        cause = next((assets[name] for name in names[index][1] if name in assets), None)
        parent = AdsFailure(PARENT_FAILED, "What this belongs to was refused.", index=index)
        found.append(parent if cause is None else replace(cause, index=index, path=""))
    return found
