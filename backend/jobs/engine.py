"""Run each job once at a time, whatever the broker does: claim with a lease and a fence, run, record, sweep.

A message may come twice, late or never; a worker may die at any point. The claim is one UPDATE on PostgreSQL's clock,
so two runs cannot both hold a job; the fence in every guarded write keeps out a run that was stopped and came back;
the sweep sends again what nobody picked up and takes back what nobody renews.
"""

from __future__ import annotations

import json
import os
import random
import socket
from typing import Any
from uuid import UUID

import structlog
from flask import Flask, current_app
from sqlalchemy import text
from sqlalchemy.engine import Row

from backend.core import logging, tenancy
from backend.core.db import unit_of_work
from backend.core.errors import Problem
from backend.jobs.registry import Registered, handler_of
from backend.jobs.run import Cancelled, JobFailed, JobRun, LostLease, Outcome, Reschedule
from backend.jobs.service import CANCELLED, send

log = logging.get_logger(__name__)
MAX_BACKOFF_SECONDS = 900.0
SWEEP_BATCH = 500

_CLAIM = text("""
UPDATE jobs SET status = 'started', attempts = attempts + 1, fence = fence + 1, lease_owner = :owner,
       lease_expires_at = now() + make_interval(secs => :lease), started_at = coalesce(started_at, now()),
       waiting_reason = NULL
WHERE id = :id AND attempts < max_attempts
  AND ((status = 'queued' AND next_attempt_at <= now()) OR (status = 'started' AND lease_expires_at < now()))
RETURNING id, tenant_id, customer_id, subject_id, kind, args, attempts, max_attempts, fence, trace_id, created_by,
          created_by_name, cancel_requested
""")

_PARK = text("""
UPDATE jobs SET status = 'queued', waiting_reason = :reason, lease_owner = NULL, lease_expires_at = NULL,
       sent_at = NULL, next_attempt_at = now() + make_interval(secs => :after), attempts = attempts - :given_back
WHERE id = :id AND fence = :fence AND status = 'started' RETURNING id
""")

_FAIL = text("""
UPDATE jobs SET status = 'failed', finished_at = now(), error = CAST(:error AS jsonb), exit_code = :exit_code,
       waiting_reason = NULL, lease_owner = NULL, lease_expires_at = NULL
WHERE id = :id AND fence = :fence AND status = 'started' RETURNING id
""")

# A message that is not picked up is sent again after twice as long each time, so that a backlog is not flooded.
_DUE = text("""
UPDATE jobs SET sent_at = now() WHERE id IN (
    SELECT id FROM jobs WHERE status = 'queued' AND next_attempt_at <= now()
      AND (sent_at IS NULL OR now() - sent_at > greatest(make_interval(secs => :resend), sent_at - next_attempt_at))
    ORDER BY next_attempt_at LIMIT :batch FOR UPDATE SKIP LOCKED)
RETURNING id, queue
""")

_EXPIRED = text("""
UPDATE jobs SET status = 'queued', lease_owner = NULL, lease_expires_at = NULL, next_attempt_at = now(), sent_at = now()
WHERE id IN (SELECT id FROM jobs WHERE status = 'started' AND lease_expires_at < now() AND attempts < max_attempts
             LIMIT :batch FOR UPDATE SKIP LOCKED)
RETURNING id, queue
""")

_EXHAUSTED = text("""
SELECT id, tenant_id, customer_id, subject_id, kind, args, attempts, max_attempts, fence, trace_id, created_by,
       created_by_name, cancel_requested
FROM jobs WHERE attempts >= max_attempts
  AND ((status = 'started' AND lease_expires_at < now()) OR (status = 'queued' AND next_attempt_at <= now()))
LIMIT :batch
""")


def run(job_id: UUID) -> None:
    """Run a job if it is due and nobody holds it; otherwise do nothing."""
    lease = float(current_app.config["TIMING"].job_lease)
    with unit_of_work() as work:
        row = work.session.execute(_CLAIM, {"id": job_id, "owner": _owner(), "lease": lease}).first()
    if row is None:
        log.info("job_not_claimed", job_id=str(job_id))
        return
    claimed = _job_run(row, lease)
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    logging.trace_id.set(row.trace_id)
    with (
        tenancy.working_for(claimed.tenant_id),
        structlog.contextvars.bound_contextvars(job_id=str(job_id), customer_id=str(claimed.customer_id or "")),
    ):
        log.info("job_started", kind=claimed.kind, attempt=claimed.attempt)
        with unit_of_work() as work:
            work.emit(claimed.event("job.started", {"attempt": claimed.attempt}))
        with claimed.keeping_the_lease(app):
            _run_claimed(claimed)


def _owner() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


def _job_run(row: Row[Any], lease: float) -> JobRun:
    return JobRun(
        job_id=row.id,
        tenant_id=row.tenant_id,
        customer_id=row.customer_id,
        subject_id=row.subject_id,
        kind=row.kind,
        args=row.args,
        attempt=row.attempts,
        max_attempts=row.max_attempts,
        fence=row.fence,
        created_by=row.created_by,
        created_by_name=row.created_by_name,
        lease_seconds=lease,
        _cancelled=row.cancel_requested,
    )


def _run_claimed(job: JobRun) -> None:
    registered = handler_of(job.kind)
    if registered is None:
        _fail(job, None, {"code": "unknown_kind", "detail": f"No worker knows jobs of kind {job.kind}."})
        return
    try:
        job.check()
        outcome = registered.run(job)
        _finish(job, outcome)
    except LostLease:
        log.warning("job_lease_lost", kind=job.kind, fence=job.fence)
    except Cancelled:
        _fail(job, registered, dict(CANCELLED))
    except Reschedule as later:
        _park(job, later.after_seconds, later.reason, counts=later.counts)
    except JobFailed as failure:
        errors = [finding.as_dict() for finding in failure.errors]
        error = {"code": failure.code, "detail": failure.detail, **({"errors": errors} if errors else {})}
        _fail(job, registered, {**error, **failure.extra}, exit_code=failure.exit_code)
    except Problem as problem:
        errors = [finding.as_dict() for finding in problem.errors]
        error = {"code": problem.code, "detail": problem.detail, **({"errors": errors} if errors else {})}
        _fail(job, registered, {**error, **problem.extra})
    except Exception:
        log.exception("job_crashed", kind=job.kind, attempt=job.attempt)
        if job.attempt >= job.max_attempts:
            _end_exhausted(job)
        else:
            _park(job, backoff_seconds(job.attempt), "retry", counts=True)


def backoff_seconds(attempt: int) -> float:
    """How long to wait before the next attempt: exponential with full jitter, at most a quarter of an hour."""
    base = float(current_app.config["TIMING"].retry_backoff)
    return random.uniform(0, min(MAX_BACKOFF_SECONDS, base * 2 ** min(attempt, 20)))  # noqa: S311 (jitter, no secret)


def _finish(job: JobRun, outcome: Outcome) -> None:
    with unit_of_work() as work:
        done = work.session.execute(
            text("SELECT status = 'finished' FROM jobs WHERE id = :id AND fence = :fence FOR UPDATE"),
            {"id": job.job_id, "fence": job.fence},
        ).scalar()
        if done is False:
            job.finish(work, outcome)
    log.info("job_finished", kind=job.kind)


def _park(job: JobRun, after: float, reason: str, *, counts: bool) -> None:
    with unit_of_work() as work:
        work.session.execute(
            _PARK,
            {"id": job.job_id, "fence": job.fence, "reason": reason, "after": after, "given_back": 0 if counts else 1},
        )
        work.emit(job.event("job.waiting", {"reason": reason, "seconds": round(after, 1)}))
    log.info("job_parked", kind=job.kind, reason=reason, seconds=round(after, 1))


def _fail(
    job: JobRun, registered: Registered | None, error: dict[str, Any], *, exit_code: int = 1, alert: str | None = None
) -> None:
    if registered and registered.on_failure:
        registered.on_failure(job, error)
    with unit_of_work() as work:
        failed = work.session.execute(
            _FAIL,
            {"id": job.job_id, "fence": job.fence, "error": json.dumps(error, default=str), "exit_code": exit_code},
        ).scalar()
        if failed is None:
            return
        work.emit(job.event("job.failed", {"error": error}))
        if alert:
            work.emit(job.event(alert, error))
    log.warning("job_failed", kind=job.kind, problem=error.get("code"))


def sweep() -> dict[str, int]:
    """Send again what was committed and never picked up, take back expired leases, end what crashed too often."""
    timing = current_app.config["TIMING"]
    with unit_of_work() as work:
        resend = max(2 * float(timing.job_sweep), 1.0)
        due = work.session.execute(_DUE, {"batch": SWEEP_BATCH, "resend": resend}).all()
        expired = work.session.execute(_EXPIRED, {"batch": SWEEP_BATCH}).all()
        for row in (*due, *expired):
            work.after_commit(send, row.id, row.queue)
    with unit_of_work() as work:
        exhausted = work.session.execute(_EXHAUSTED, {"batch": SWEEP_BATCH}).all()
    for row in exhausted:
        _end_exhausted(_job_run(row, float(timing.job_lease)))
    return {"sent": len(due), "taken_back": len(expired), "ended": len(exhausted)}


def _end_exhausted(job: JobRun) -> None:
    error = {
        "code": "attempts_exhausted",
        "detail": f"The job was begun {job.attempt} times and never ended; it is not tried again by itself.",
    }
    with tenancy.working_for(job.tenant_id):
        with unit_of_work() as work:
            work.session.execute(
                text("UPDATE jobs SET status = 'started' WHERE id = :id AND fence = :fence AND status = 'queued'"),
                {"id": job.job_id, "fence": job.fence},
            )
        _fail(job, handler_of(job.kind), error, alert="alert.job_exhausted")
