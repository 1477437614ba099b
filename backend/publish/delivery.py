"""Sends the bytes of one batch to Google, at most once in effect, whatever dies and whenever.

    PREPARED ──mark──▶ SENT ──call──▶ answered
                         │ lost: wait out deadline and grace, look by the marker, repeatedly; found → adopt
                         ╰ absent: send the very same bytes again

A second copy that reaches Google although the first one did fails whole there, because the names in the request are
unique (the campaign's, the marker label's); that refusal, too, means: look. A look-up may lag, so what such a refusal
proves (or, after a lost answer, may prove) is believed before what a search does not show.
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
MARKER_TAKEN = "LabelError.DUPLICATE_NAME"
"""The marker's name is random: a label of this name was made by an earlier copy of these very bytes."""
SENDS_IN_DOUBT = 5
"""So often a refused duplicate is looked for again, when another name than the marker's was taken."""
REAUTH_PAUSE_S = 3_600.0
DUPLICATES = frozenset(
    {
        "CampaignError.DUPLICATE_CAMPAIGN_NAME",
        MARKER_TAKEN,
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


@dataclass(frozen=True, slots=True)
class _Sending:
    """One send of a batch that is marked and about to leave.

    Attributes:
        count: How often the bytes were sent, with this time.
        in_doubt: An earlier copy may have been carried out.
        give_up_at: On the monotonic clock: whoever was held up for longer sends nothing any more, because the others
            believe that this copy has either arrived or never will.
    """

    payload: bytes
    count: int
    in_doubt: bool
    give_up_at: float

    def seconds_left(self) -> float:
        """Give the deadline of the call.

        Raises:
            Reschedule: There is no time left; nothing was sent.
        """
        left = self.give_up_at - time.monotonic()
        if left <= 0:
            raise Reschedule(0, "outcome_unknown")
        return left


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
    sending = _about_to_send(job, target, batch_id)
    reached(job, Point.SENT)
    try:
        reply = gateway.mutate(target.google_customer_id, sending.payload, deadline_s=sending.seconds_left())
    except OutcomeUnknown as lost:
        log.warning("outcome_unknown", batch_id=str(batch_id), detail=lost.message, google_request_id=lost.request_id)
        raise _look_again_later(sending) from lost
    except Refused as refusal:
        adopted = _made_by_an_earlier_copy(job, target, batch_id, look, sending, gateway=gateway, refusal=refusal)
        if adopted is None:
            raise
        return adopted
    except AdsError as problem:
        raise _later(job, target, batch_id, problem, sending) from problem
    reached(job, Point.ANSWERED)
    return reply


def _look_again_later(sending: _Sending) -> Reschedule:
    """Come back when the outcome is settled; whoever lost an answer in the same outage comes at another moment."""
    timing = current_app.config["TIMING"]
    wait = timing.publish_deadline + timing.publish_grace + backoff_seconds(sending.count)
    return Reschedule(wait, "outcome_unknown")


def _made_by_an_earlier_copy(
    job: JobRun,
    target: Target,
    batch_id: UUID,
    look: Look,
    sending: _Sending,
    *,
    gateway: Gateway,
    refusal: Refused,
) -> MutateReply | None:
    """What a refusal means when an earlier copy may have arrived: its result, or None when it is a refusal indeed.

    Raises:
        Reschedule: A name is taken and what took it cannot be seen yet: the search lags behind.
        JobFailed: It was not seen for hours.
    """
    taken = refusal.codes() & DUPLICATES
    if look is never or not (taken or sending.in_doubt):
        return None
    adopted = _look(job, gateway, look)
    if adopted is not None:
        return MutateReply(tuple(adopted), request_id=refusal.request_id)
    if MARKER_TAKEN in taken or (taken and sending.in_doubt and sending.count < SENDS_IN_DOUBT):
        log.warning("duplicate_not_seen", codes=sorted(taken), google_request_id=refusal.request_id)
        _must_not_look_for_ever(job, target, batch_id, refusal)
        raise _look_again_later(sending) from refusal
    return None


def _must_not_look_for_ever(job: JobRun, target: Target, batch_id: UUID, refusal: Refused) -> None:
    """What Google says exists and shows to nobody for hours was taken away there meanwhile."""
    with job.write() as work:
        batch = batches.load(work.session, target.customer_id, batch_id)
        if not _tried_too_long(work.session.execute(select(func.now())).scalar_one(), batch):
            return
        batch.state = "ABANDONED"
    raise JobFailed(
        "outcome_unknown",
        "Google says that this was made already, and does not show it: look for it there before it is tried again.",
        extra={"google_request_id": refusal.request_id},
    )


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
    adopted = _look(job, gateway, look)
    log.info("outcome_looked_up", batch_id=str(batch_id), found=adopted is not None, sent_by_fence=sent_by)
    return None if adopted is None else MutateReply(tuple(adopted))


def _look(job: JobRun, gateway: Gateway, look: Look) -> Sequence[str] | None:
    """Look several times: an answer may come from a moment before the mutate."""
    timing = current_app.config["TIMING"]
    for attempt in range(1 if look is never else LOOKS):
        if attempt:
            time.sleep(min(timing.publish_grace, 5.0))
        found = asked(job, lambda: look(gateway))
        if found is not None:
            return found
    return None


def _about_to_send(job: JobRun, target: Target, batch_id: UUID) -> _Sending:
    """Mark a batch as sent."""
    timing = current_app.config["TIMING"]
    give_up_at = time.monotonic() + timing.publish_deadline
    with job.write() as work:
        batch = batches.load(work.session, target.customer_id, batch_id)
        if batch.state not in batches.OPEN:
            raise LostLease
        in_doubt = batch.state == "SENT"
        batches.mark_sent(work.session, batch, job, deadline_s=timing.publish_deadline, grace_s=timing.publish_grace)
        return _Sending(batch.request, batch.sends, in_doubt, give_up_at)


def _later(job: JobRun, target: Target, batch_id: UUID, problem: AdsError, sending: _Sending) -> Exception:
    """This copy did not reach Google: say when to try again; a batch of which no copy did is given back."""
    with job.write() as work:
        batch = batches.load(work.session, target.customer_id, batch_id)
        batches.not_sent(work.session, batch, in_doubt=sending.in_doubt)
        tired = _tried_too_long(work.session.execute(select(func.now())).scalar_one(), batch)
    if tired and isinstance(problem, TransientError) and not sending.in_doubt:
        return JobFailed(
            "google_unavailable",
            "Google Ads could not be reached for hours; nothing was made there.",
            extra={"google_request_id": problem.request_id},
        )
    return _pause(problem, job, sends=sending.count)


def _tried_too_long(now: object, batch: MutateBatch) -> bool:
    return bool(now - batch.created_at > LONGEST_TRYING)  # type: ignore[operator]


def _pause(problem: AdsError, job: JobRun, sends: int = 1) -> Reschedule:
    if isinstance(problem, RateLimited):
        return Reschedule(problem.retry_after, "rate_limit")
    if isinstance(problem, NeedsReauth):
        return Reschedule(REAUTH_PAUSE_S, "needs_reauth")
    return Reschedule(backoff_seconds(max(sends, job.attempt)), "google_unavailable")
