"""Delivers a batch that is too large for one request as a Google batch job, resumable at every step.

Until the results are in, the batch's `results` column holds where the delivery stands: the job's name, how many parts
were added, the next sequence token, whether the job may be running. A batch job that was not started has changed
nothing, so whenever it is not certain what it holds it is left behind and a new one is filled. One that may be running
is only ever waited for.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from flask import current_app

from backend.core.logging import get_logger
from backend.integrations.googleads import requests
from backend.integrations.googleads.errors import (
    AdsError,
    AdsFailure,
    NeedsReauth,
    OutcomeUnknown,
    RateLimited,
    Refused,
    TransientError,
)
from backend.integrations.googleads.gateway import Gateway, MutateReply
from backend.integrations.googleads.mutate.plan import MAX_OPERATIONS
from backend.jobs.run import JobRun, Reschedule
from backend.publish import batches, delivery
from backend.publish.delivery import Target
from backend.publish.models import MutateBatch
from backend.publish.recovery import Point, reached

log = get_logger(__name__)
NOT_STARTED = frozenset(
    {"BatchJobError.INVALID_SEQUENCE_TOKEN", "BatchJobError.CANNOT_MODIFY_JOB_AFTER_JOB_STARTS_RUNNING"}
)
STARTED_ALREADY = frozenset({"BatchJobError.JOB_ALREADY_RUNNING", "BatchJobError.JOB_ALREADY_DONE"}) | NOT_STARTED


@dataclass(slots=True)
class Stand:
    """Where a delivery stands; `started` is written before the start is sent, `confirmed` once Google took it."""

    batch_job: str = ""
    added: int = 0
    token: str = ""
    started: bool = False
    confirmed: bool = False


def is_large(batch: MutateBatch) -> bool:
    """Tell whether a batch goes by batch job."""
    return is_too_large(len(batch.operations), len(batch.request))


def is_too_large(operations: int, size: int) -> bool:
    """Tell whether one request cannot hold this: too many operations, or too many bytes."""
    return operations > MAX_OPERATIONS or size > requests.MAX_REQUEST_BYTES


class BulkDelivery:
    """One batch on its way through a batch job, by one run of its publish or push."""

    def __init__(self, job: JobRun, target: Target, batch_id: UUID) -> None:
        self._job = job
        self._target = target
        self._batch_id = batch_id
        self._version: str = current_app.config["SETTINGS"].google.api_version
        self._gateway: Gateway = delivery.open_gateway(job, target.customer_id)

    def deliver(self) -> MutateReply:
        """Bring the batch to its end: a name per operation, and the failed ones.

        Raises:
            Reschedule: Google works on it, or cannot be reached now.
        """
        try:
            stand, payload = self._stand()
            if not stand.started:
                self._fill(stand, payload)
                self._start(stand)
            self._wait(stand)
            return self._results(stand)
        except (OutcomeUnknown, TransientError, RateLimited, NeedsReauth) as problem:
            raise self._later(problem) from problem

    def _later(self, problem: AdsError) -> Reschedule:
        if isinstance(problem, RateLimited):
            return Reschedule(problem.retry_after, "rate_limit")
        if isinstance(problem, NeedsReauth):
            return Reschedule(delivery.REAUTH_PAUSE_S, "needs_reauth")
        return Reschedule(self._pause(), "google_unavailable")

    def _pause(self) -> float:
        return float(current_app.config["TIMING"].retry_backoff) * 2

    def _stand(self) -> tuple[Stand, bytes]:
        with self._job.write() as work:
            batch = batches.load(work.session, self._target.customer_id, self._batch_id)
            stored: list[Any] = batch.results or []
            return Stand(**stored[0]) if stored else Stand(), batch.request

    def _keep(self, stand: Stand, *, sent: bool = False) -> None:
        timing = current_app.config["TIMING"]
        with self._job.write() as work:
            batch = batches.load(work.session, self._target.customer_id, self._batch_id)
            batch.results = [asdict(stand)]
            if sent:
                batches.mark_sent(
                    work.session, batch, self._job, deadline_s=timing.publish_deadline, grace_s=timing.publish_grace
                )

    def _fill(self, stand: Stand, payload: bytes) -> None:
        if not stand.batch_job:
            self._begin(stand)
        parts = requests.split_mutate(payload, stand.batch_job, version=self._version)
        while stand.added < len(parts):
            part = requests.with_sequence_token(parts[stand.added], stand.token, version=self._version)
            try:
                token = self._gateway.add_to_batch_job(stand.batch_job, part)
            except (OutcomeUnknown, Refused) as problem:
                if isinstance(problem, Refused) and not problem.codes() & NOT_STARTED:
                    raise
                log.warning("batch_job_left_behind", batch_job=stand.batch_job, added=stand.added)
                self._begin(stand)
                self._keep(stand)
                raise Reschedule(self._pause(), "google_unavailable") from problem
            stand.added, stand.token = stand.added + 1, token
            self._keep(stand)
            reached(self._job, Point.PREPARED)
            self._job.progress("adding operations", stand.added, len(parts))

    def _begin(self, stand: Stand) -> None:
        """Make a new, empty batch job; an older one was never started and changes nothing."""
        stand.batch_job = self._gateway.create_batch_job(self._target.google_customer_id)
        stand.added, stand.token = 0, ""
        self._keep(stand)

    def _start(self, stand: Stand) -> None:
        stand.started = True
        self._keep(stand, sent=True)
        reached(self._job, Point.SENT)
        self._run(stand)
        reached(self._job, Point.ANSWERED)

    def _run(self, stand: Stand) -> None:
        try:
            self._gateway.run_batch_job(stand.batch_job)
        except Refused as refusal:
            if not refusal.codes() & STARTED_ALREADY:
                raise
        stand.confirmed = True
        self._keep(stand)

    def _wait(self, stand: Stand) -> None:
        """Come back until Google is done; a start whose answer was lost is made up for if the job does not run."""
        status = self._status(stand)
        if status == "DONE":
            return
        if status == "PENDING" and not stand.confirmed:
            self._run(stand)
        raise Reschedule(self._pause(), "google_batch_job")

    def _status(self, stand: Stand) -> str:
        query = f"SELECT batch_job.status FROM batch_job WHERE batch_job.resource_name = '{stand.batch_job}'"
        for row in self._gateway.search(self._target.google_customer_id, query):
            field = row.batch_job.DESCRIPTOR.fields_by_name["status"]
            return str(field.enum_type.values_by_number[row.batch_job.status].name)
        raise Reschedule(self._pause(), "google_batch_job")

    def _results(self, stand: Stand) -> MutateReply:
        with self._job.write() as work:
            count = len(batches.load(work.session, self._target.customer_id, self._batch_id).operations)
        names = [""] * count
        failures: list[AdsFailure] = []
        request_id: str | None = None
        for result in self._gateway.batch_job_results(stand.batch_job):
            names[result.index] = result.resource_name
            request_id = result.request_id
            for failure in result.failures:
                failures.append(
                    AdsFailure(
                        failure.code, failure.message, failure.path, result.index, failure.trigger, failure.details
                    )
                )
        return MutateReply(tuple(names), tuple(failures), request_id)
