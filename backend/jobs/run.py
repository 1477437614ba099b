"""What a handler holds while it runs a job: the claim with its fence, progress, guarded writes.

Interrupted
├── LostLease    another run took over: stop, write nothing
├── Cancelled    somebody asked to stop: the job ends `failed` with code `cancelled`
└── Reschedule   not now: park the job with a reason and come back later
JobFailed        it cannot be done: the job ends `failed` with this code
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from backend.core.db import Work, db, unit_of_work
from backend.core.errors import Finding
from backend.core.events import Event
from backend.core.logging import get_logger
from backend.core.security import Actor

log = get_logger(__name__)
PROGRESS_SECONDS = 0.5
LONG_TEXT = 1_000


class Interrupted(Exception):
    """The run ends here; the engine knows what to do with the job."""


class LostLease(Interrupted):
    """Another run holds the job now; whatever this one still has must not be written."""


class Cancelled(Interrupted):
    """Somebody asked to stop the job."""


class Reschedule(Interrupted):
    """Run the job again after `after_seconds`; the reason is shown as `waiting_reason`.

    `counts` says whether this run counts towards the job's attempts: waiting for somebody else does not.
    """

    def __init__(self, after_seconds: float, reason: str, *, counts: bool = False) -> None:
        super().__init__(reason)
        self.after_seconds = after_seconds
        self.reason = reason
        self.counts = counts


class JobFailed(Exception):
    """The job cannot be done; `errors` and the members of `extra` are shown beside the code and the detail."""

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        errors: tuple[Finding, ...] = (),
        extra: dict[str, Any] | None = None,
        exit_code: int = 1,
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.errors = errors
        self.extra = extra or {}
        self.exit_code = exit_code


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a handler ended well: what `/result` shows, and the exit code a command line returns."""

    result: Any = None
    exit_code: int = 0


@dataclass(slots=True)
class JobRun:
    """One run of one job. `fence` is the number of this claim; only its holder may write results."""

    job_id: UUID
    tenant_id: UUID
    customer_id: UUID | None
    subject_id: UUID | None
    kind: str
    args: dict[str, Any]
    attempt: int
    max_attempts: int
    fence: int
    created_by: UUID | None
    created_by_name: str
    lease_seconds: float
    _lost: bool = False
    _cancelled: bool = False
    _stage: str | None = None
    _reported_at: float = 0.0
    _stop: threading.Event = field(default_factory=threading.Event)

    @property
    def actor(self) -> Actor:
        """On whose behalf the job works: what it does stands in the audit trail under this name."""
        kind: Literal["user", "system"] = "user" if self.created_by else "system"
        return Actor(self.tenant_id, self.created_by, self.created_by_name, kind)

    def check(self) -> None:
        """Stop here if the lease was lost or somebody cancelled the job.

        Raises:
            LostLease, Cancelled
        """
        if self._lost:
            raise LostLease
        if self._cancelled:
            raise Cancelled

    @contextmanager
    def write(self) -> Iterator[Work]:
        """Open a unit of work that commits only if this run still holds the job.

        Raises:
            LostLease: another run took over; nothing of the block is kept.
        """
        with unit_of_work() as work:
            if not self.is_held(work):
                raise LostLease
            yield work

    def is_held(self, work: Work) -> bool:
        """Tell whether this run still holds the job, and keep it so until the transaction ends."""
        held = work.session.execute(
            text("SELECT fence FROM jobs WHERE id = :id AND status = 'started' FOR UPDATE"), {"id": self.job_id}
        ).scalar()
        return bool(held == self.fence)

    def finish(self, work: Work, outcome: Outcome) -> None:
        """End the job well in the transaction of its effect, inside `write()`."""
        work.session.execute(
            text(
                "UPDATE jobs SET status = 'finished', finished_at = now(), result = CAST(:result AS jsonb),"
                " exit_code = :exit_code, waiting_reason = NULL, lease_expires_at = NULL, error = NULL"
                " WHERE id = :id AND fence = :fence"
            ).bindparams(id=self.job_id, fence=self.fence, result=_json(outcome.result), exit_code=outcome.exit_code)
        )
        work.emit(self.event("job.finished", {"result": brief(outcome.result)}))

    def progress(self, stage: str, done: int | None = None, total: int | None = None, **detail: Any) -> None:
        """Tell how far the job is; written at once when the stage changes, else at most twice a second.

        Raises:
            LostLease, Cancelled: as `check`.
        """
        self.check()
        moment = time.monotonic()
        if stage == self._stage and moment - self._reported_at < PROGRESS_SECONDS and done != total:
            return
        self._stage, self._reported_at = stage, moment
        shown = {"stage": stage, "done": done, "total": total, **detail}
        with self.write() as work:
            work.session.execute(
                text("UPDATE jobs SET progress = CAST(:progress AS jsonb) WHERE id = :id"),
                {"id": self.job_id, "progress": _json(shown)},
            )
            work.emit(self.event("job.progress", shown))

    def print(self, line: str, *, error: bool = False) -> None:
        """Add a line to the job's stdout (or stderr), which the command line shows as it comes."""
        column = "stderr" if error else "stdout"
        with self.write() as work:
            work.session.execute(
                text(f"UPDATE jobs SET {column} = {column} || :line WHERE id = :id"),  # noqa: S608 (two constants)
                {"id": self.job_id, "line": line.rstrip("\n") + "\n"},
            )
            work.emit(self.event("job.output", {"stream": column, "line": line}))

    def event(self, kind: str, data: dict[str, Any]) -> Event:
        """A domain event about this job."""
        return Event(
            tenant_id=self.tenant_id,
            kind=kind,
            data={"kind": self.kind, **data},
            customer_id=self.customer_id,
            job_id=self.job_id,
            subject_id=self.subject_id,
        )

    @contextmanager
    def keeping_the_lease(self, app: Flask) -> Iterator[None]:
        """Renew the lease from a thread until the block ends."""
        thread = threading.Thread(target=self._renew_until_stopped, args=(app,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join(timeout=self.lease_seconds)

    def _renew_until_stopped(self, app: Flask) -> None:
        with app.app_context():
            while not self._stop.wait(self.lease_seconds / 3):
                try:
                    self._renew()
                except SQLAlchemyError as problem:
                    log.warning("lease_renewal_failed", job_id=str(self.job_id), error=type(problem).__name__)

    def _renew(self) -> None:
        with db.engine.begin() as connection:
            connection.execute(text("SELECT set_config('app.tenant', :t, true)"), {"t": str(self.tenant_id)})
            row = connection.execute(
                text(
                    "UPDATE jobs SET lease_expires_at = now() + make_interval(secs => :lease)"
                    " WHERE id = :id AND fence = :fence AND status = 'started' RETURNING cancel_requested"
                ),
                {"id": self.job_id, "fence": self.fence, "lease": self.lease_seconds},
            ).first()
        self._lost = row is None and not self._stop.is_set()
        self._cancelled = bool(row and row.cancel_requested)


def _json(value: Any) -> str:
    return json.dumps(value, default=str)


def brief(result: Any) -> Any:
    """A result without its long texts, for lists and events: a report's are a hundred kilobytes."""
    if not isinstance(result, dict):
        return result
    return {name: value for name, value in result.items() if not (isinstance(value, str) and len(value) > LONG_TEXT)}
