"""Reading one query: Google streams, chunks are decoded and kept, and no transaction is open in between."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from flask import current_app
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from backend.adgraph.spool import Spool, SpoolFull
from backend.adgraph.staging import Stage
from backend.auth.guarded import CircuitOpen
from backend.core.logging import get_logger
from backend.integrations.googleads.errors import NeedsReauth, RateLimited, Refused, TransientError
from backend.integrations.googleads.gateway import Gateway
from backend.integrations.googleads.rows import Chunk, Constant, Selection, open_decoder
from backend.jobs.run import JobFailed, JobRun, Reschedule
from backend.sync.account import Account

log = get_logger(__name__)

CHUNK_ROWS = 200_000
WINDOW_ATTEMPTS = 3
REAUTH_WAIT_SECONDS = 3600.0
DISK_WAIT_SECONDS = 60.0
NOT_ENABLED = "AuthorizationError.CUSTOMER_NOT_ENABLED"


@dataclass(frozen=True, slots=True)
class Reader:
    """One job that reads one account."""

    job: JobRun
    account: Account
    gateway: Gateway

    def fill(self, stage_name: str, selection: Selection, gaql: str) -> tuple[Stage, int]:
        """Run a query and put its whole answer into a stage; a stream that breaks is begun again.

        Returns:
            The stage, which the caller drops in the transaction that merges it, and the number of rows.

        Raises:
            AdsError: Google did not answer, or refused.
            LostLease, Cancelled: between chunks.
        """
        stage = Stage(self.account.customer_id, stage_name, selection)
        return stage, _retrying()(self._fill_stage, stage, gaql)

    @contextmanager
    def spooled(self, selection: Selection, constants: tuple[Constant, ...], gaql: str) -> Iterator[Spool]:
        """Run a query and put its whole answer into a file; a stream that breaks is begun again.

        Raises:
            AdsError, LostLease, Cancelled: as `fill`.
            Reschedule: the worker's disk has no room for the answer.
        """
        with Spool(selection, constants) as spool:
            try:
                _retrying()(self._fill_spool, spool, gaql)
            except SpoolFull as full:
                log.warning("spool_full", account=self.account.google_id, problem=str(full))
                raise Reschedule(_spread(DISK_WAIT_SECONDS), "disk_full", counts=True) from full
            yield spool

    def _fill_stage(self, stage: Stage, gaql: str) -> int:
        with self.job.write() as work:
            stage.create(work.session)
        return self._read_into(stage, gaql)

    def _fill_spool(self, spool: Spool, gaql: str) -> int:
        spool.clear()
        return self._read_into(spool, gaql)

    def _read_into(self, target: Stage | Spool, gaql: str) -> int:
        rows = 0
        for chunk in chunks(self.gateway, self.account.google_id, gaql, target.selection):
            with self.job.write() as work:
                target.append(work.session, chunk)
            rows += chunk.rows
            self.job.check()
        return rows


def _retrying() -> Retrying:
    return Retrying(
        retry=retry_if_exception(_worth_repeating),
        stop=stop_after_attempt(WINDOW_ATTEMPTS),
        wait=wait_random_exponential(multiplier=current_app.config["TIMING"].retry_backoff, max=30),
        reraise=True,
    )


def chunks(
    gateway: Gateway, google_id: str, gaql: str, selection: Selection, *, size: int = CHUNK_ROWS
) -> Iterator[Chunk]:
    """The decoded answer of a query, in chunks of about `size` rows that are sorted by key."""
    decoder = open_decoder(selection, current_app.config["SETTINGS"].google.api_version)
    for message in gateway.search_stream_bytes(google_id, gaql):
        if decoder.feed(message) >= size:
            chunk = decoder.take()
            if chunk is not None:
                yield chunk
    last = decoder.take()
    if last is not None:
        yield last


class AccountNotEnabled(Exception):
    """Google answers nothing about an account that is cancelled, suspended or not set up; the others go on."""


def _worth_repeating(problem: BaseException) -> bool:
    return isinstance(problem, TransientError) and not isinstance(problem, CircuitOpen)


def _spread(seconds: float) -> float:
    """A little later than asked, each job at its own moment, so that they do not all come back at once."""
    return seconds + random.uniform(0.05, max(0.1, min(seconds * 0.1, 5.0)))  # noqa: S311 (jitter, no secret)


@contextmanager
def google_failures(account: Account) -> Iterator[None]:
    """Turn Google's failures into what becomes of the job: wait, come back, or fail with the reason."""
    try:
        yield
    except RateLimited as limit:
        raise Reschedule(_spread(limit.retry_after), "rate_limit") from limit
    except NeedsReauth as dead:
        raise Reschedule(REAUTH_WAIT_SECONDS, "needs_reauth") from dead
    except CircuitOpen as paused:
        raise Reschedule(_spread(paused.retry_after), "google_unavailable") from paused
    except TransientError as trouble:
        log.warning("google_unavailable", account=account.google_id, google_request_id=trouble.request_id)
        wait = current_app.config["TIMING"].retry_backoff * 4
        raise Reschedule(wait, "google_unavailable", counts=True) from trouble
    except Refused as refusal:
        if NOT_ENABLED in refusal.codes():
            raise AccountNotEnabled(
                f"Google says that {account.google_id} is not enabled: it was skipped."
            ) from refusal
        raise JobFailed(
            "google_refused",
            f"Google refused to answer for {account.google_id}: {refusal.message}",
            extra={"google_request_id": refusal.request_id},
        ) from refusal
