"""Sends the bytes of one batch to Google, at most once in effect, whatever dies and whenever.

    PREPARED ──mark──▶ SENT ──call──▶ answered
                         │ lost: wait out deadline and grace, look by the marker, repeatedly; found → adopt
                         ╰ absent: send the very same bytes again

A second copy that reaches Google although the first one did fails whole there, because the names in the request are
unique (the campaign's, the marker label's); that refusal, too, means: look.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar
from uuid import UUID

from flask import current_app
from sqlalchemy import func, select

from backend.auth.credentials import gateway_for
from backend.core.logging import get_logger
from backend.integrations.googleads.errors import (
    AdsError,
    NeedsReauth,
    OutcomeUnknown,
    RateLimited,
    Refused,
    TransientError,
)
from backend.integrations.googleads.gateway import Gateway, MutateReply
from backend.jobs.engine import backoff_seconds
from backend.jobs.run import JobFailed, JobRun, LostLease, Reschedule
from backend.publish import batches
from backend.publish.models import MutateBatch
from backend.publish.recovery import Point, reached

log = get_logger(__name__)

LOOKS = 2
"""How often the marker is looked for before it counts as absent: a look-up may lag behind the mutate."""
LONGEST_TRYING = timedelta(hours=6)
REAUTH_PAUSE_S = 3_600.0
DUPLICATES = frozenset(
    {
        "CampaignError.DUPLICATE_CAMPAIGN_NAME",
        "LabelError.DUPLICATE_NAME",
        "CampaignBudgetError.DUPLICATE_NAME",
        "AdGroupError.DUPLICATE_ADGROUP_NAME",
        "AssetError.DUPLICATE_ASSET_NAME",
        "AssetError.DUPLICATE_ASSET",
        "SharedSetError.DUPLICATE_NAME",
    }
)
T = TypeVar("T")
Look = Callable[[Gateway], "Sequence[str] | None"]


@dataclass(frozen=True, slots=True)
class Target:
    """The account that a batch goes to: our id and Google's."""

    customer_id: UUID
    google_customer_id: str


def open_gateway(job: JobRun, customer_id: UUID) -> Gateway:
    """Give the gateway to an account.

    Raises:
        Reschedule: The consent is gone; the job waits for a person.
    """
    job.check()
    try:
        return gateway_for(customer_id)
    except NeedsReauth as dead:
        raise Reschedule(REAUTH_PAUSE_S, "needs_reauth") from dead


def never(_: Gateway) -> None:
    """The look of a batch that may be sent again as it is: its changes are the same the second time."""


def deliver(job: JobRun, target: Target, batch_id: UUID, look: Look) -> MutateReply:
    """Bring one batch to its end at Google.

    Args:
        look: Finds what the batch would have made, by its marker: the names in the order of the operations, or None.

    Returns:
        Google's answer, or what was found and adopted.

    Raises:
        Refused: Google refused it whole, and nothing of it exists.
        Reschedule: Not now; the batch remembers where it stands.
        JobFailed: Google could not be reached for too long.
    """
    gateway = open_gateway(job, target.customer_id)
    found = _resolve_earlier(job, target, batch_id, gateway, look)
    if found is not None:
        return found
    payload, sends = _about_to_send(job, target, batch_id)
    reached(job, Point.SENT)
    timing = current_app.config["TIMING"]
    try:
        reply = gateway.mutate(target.google_customer_id, payload, deadline_s=timing.publish_deadline)
    except OutcomeUnknown as lost:
        log.warning("outcome_unknown", batch_id=str(batch_id), detail=lost.message, google_request_id=lost.request_id)
        # Whoever lost an answer in the same outage comes back at another moment.
        wait = timing.publish_deadline + timing.publish_grace + backoff_seconds(sends)
        raise Reschedule(wait, "outcome_unknown") from lost
    except Refused as refusal:
        if refusal.codes() & DUPLICATES:
            adopted = _look(gateway, look)
            if adopted is not None:
                return MutateReply(tuple(adopted), request_id=refusal.request_id)
        raise
    except AdsError as problem:
        raise _later(job, target, batch_id, problem) from problem
    reached(job, Point.ANSWERED)
    return reply


def resolve(job: JobRun, target: Target, batch_id: UUID, look: Look) -> MutateReply | None:
    """Find out what came of a batch that was sent, without sending anything; None when nothing of it exists.

    Raises:
        Reschedule: Its outcome is still open.
    """
    return _resolve_earlier(job, target, batch_id, open_gateway(job, target.customer_id), look)


def asked(job: JobRun, question: Callable[[], T]) -> T:
    """Ask Google something on the way to a mutate.

    Raises:
        Reschedule: It does not answer now.
    """
    try:
        return question()
    except (RateLimited, TransientError, NeedsReauth) as problem:
        raise _pause(problem, job) from problem


def _resolve_earlier(job: JobRun, target: Target, batch_id: UUID, gateway: Gateway, look: Look) -> MutateReply | None:
    """If the batch was sent before, find out what came of it; None when it may be sent (again)."""
    with job.write() as work:
        batch = batches.load(work.session, target.customer_id, batch_id)
        state, sent_by = batch.state, batch.fence
        left = batches.seconds_left(work.session, batch)
    if state != "SENT":
        return None
    if left > 0:
        raise Reschedule(left, "outcome_unknown")
    adopted = _look(gateway, look, job=job, target=target, batch_id=batch_id)
    log.info("outcome_looked_up", batch_id=str(batch_id), found=adopted is not None, sent_by_fence=sent_by)
    return None if adopted is None else MutateReply(tuple(adopted))


def _look(
    gateway: Gateway,
    look: Look,
    *,
    job: JobRun | None = None,
    target: Target | None = None,
    batch_id: UUID | None = None,
) -> Sequence[str] | None:
    """Look several times: an answer may come from a moment before the mutate."""
    timing = current_app.config["TIMING"]
    for attempt in range(1 if look is never else LOOKS):
        if attempt:
            time.sleep(min(timing.publish_grace, 5.0))
        try:
            found = look(gateway)
        except (RateLimited, TransientError, NeedsReauth) as problem:
            if job is None or target is None or batch_id is None:
                raise Reschedule(timing.publish_grace, "outcome_unknown") from problem
            raise _pause(problem, job) from problem
        if found is not None:
            return found
    return None


def _about_to_send(job: JobRun, target: Target, batch_id: UUID) -> tuple[bytes, int]:
    """Mark a batch as sent; its bytes, and how often they were sent with this time."""
    timing = current_app.config["TIMING"]
    with job.write() as work:
        batch = batches.load(work.session, target.customer_id, batch_id)
        if batch.state not in batches.OPEN:
            raise LostLease
        batches.mark_sent(work.session, batch, job, deadline_s=timing.publish_deadline, grace_s=timing.publish_grace)
        return batch.request, batch.sends


def _later(job: JobRun, target: Target, batch_id: UUID, problem: AdsError) -> Exception:
    """Nothing reached Google: give the batch back and say when to try again."""
    with job.write() as work:
        batch = batches.load(work.session, target.customer_id, batch_id)
        batches.not_sent(batch)
        tired = _tried_too_long(work.session.execute(select(func.now())).scalar_one(), batch)
    if tired and isinstance(problem, TransientError):
        return JobFailed(
            "google_unavailable",
            "Google Ads could not be reached for hours; nothing was made there.",
            extra={"google_request_id": problem.request_id},
        )
    return _pause(problem, job, sends=batch.sends)


def _tried_too_long(now: object, batch: MutateBatch) -> bool:
    return bool(now - batch.created_at > LONGEST_TRYING)  # type: ignore[operator]


def _pause(problem: AdsError, job: JobRun, sends: int = 1) -> Reschedule:
    if isinstance(problem, RateLimited):
        return Reschedule(problem.retry_after, "rate_limit")
    if isinstance(problem, NeedsReauth):
        return Reschedule(REAUTH_PAUSE_S, "needs_reauth")
    return Reschedule(backoff_seconds(max(sends, job.attempt)), "google_unavailable")
