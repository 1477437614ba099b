"""Open, find, cancel and retry jobs. The job's row is the outbox: it is committed first and sent to a worker after."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from backend.core import audit, broker, logging
from backend.core.celery import RUN_TASK
from backend.core.db import Work
from backend.core.errors import Conflict, NotFound
from backend.core.events import Event
from backend.core.ids import new_id
from backend.core.security import Actor
from backend.jobs.models import Job

CANCELLED = {"code": "cancelled", "detail": "The job was cancelled."}


def open_job(
    work: Work,
    kind: str,
    *,
    actor: Actor,
    queue: str = "default",
    customer_id: UUID | None = None,
    subject_id: UUID | None = None,
    exclusive_key: str | None = None,
    conflict_code: str = "job_in_progress",
    args: dict[str, Any] | None = None,
    max_attempts: int = 5,
    start_at: datetime | None = None,
) -> Job:
    """Write a job in this transaction; it is sent to a worker after the commit.

    Raises:
        Conflict: another active job holds `exclusive_key`; its id is in the problem as `job_id`.
    """
    values: dict[str, Any] = {
        "id": new_id(),
        "tenant_id": actor.tenant_id,
        "customer_id": customer_id,
        "kind": kind,
        "queue": queue,
        "subject_id": subject_id,
        "exclusive_key": exclusive_key,
        "args": args or {},
        "max_attempts": max_attempts,
        "trace_id": logging.trace_id.get(),
        "created_by": actor.user_id,
        "created_by_name": actor.name,
    }
    if start_at is not None:
        values["next_attempt_at"] = start_at
    else:
        values["sent_at"] = func.now()
    inserted = work.session.execute(
        insert(Job)
        .values(values)
        .on_conflict_do_nothing(
            index_elements=["exclusive_key"],
            index_where=text("exclusive_key IS NOT NULL AND status IN ('queued', 'started')"),
        )
        .returning(Job.id)
    ).scalar()
    if inserted is None:
        raise _already_active(work.session, exclusive_key, conflict_code)
    job = work.session.get_one(Job, inserted)
    work.emit(_event(job, "job.queued"))
    if start_at is None:
        work.after_commit(send, job.id, queue)
    return job


def _already_active(session: Session, exclusive_key: str | None, code: str) -> Conflict:
    other = session.scalar(
        select(Job.id).where(Job.exclusive_key == exclusive_key, Job.status.in_(("queued", "started")))
    )
    return Conflict("This is already under way.", code=code, extra={"job_id": str(other)} if other else {})


def send(job_id: UUID, queue: str) -> None:
    """Hand a committed job to a worker; when Redis is down the sweep sends it later."""
    broker.send(RUN_TASK, str(job_id), queue)


def visible_to(actor: Actor) -> Select[tuple[Job]]:
    """The jobs of the actor's tenant that concern an account the actor may see.

    A job that concerns no account (a look for all of them) is for whoever may see every account.
    """
    query = select(Job).where(Job.tenant_id == actor.tenant_id)
    if actor.visible_customers is not None:
        query = query.where(Job.customer_id.in_(actor.visible_customers))
    return query


def find(session: Session, job_id: UUID, actor: Actor, *, lock: bool = False) -> Job:
    """The job with this id.

    Raises:
        NotFound: there is none, or the actor may not see it.
    """
    query = visible_to(actor).where(Job.id == job_id)
    job = session.scalar(query.with_for_update() if lock else query)
    if job is None:
        raise NotFound("There is no such job.")
    return job


def status_of(job: Job, alive: Callable[[], bool | None] = broker.workers_alive) -> dict[str, Any]:
    """What `GET /api/jobs/{id}/status` answers; `alive` says whether any worker lives, None when nobody knows."""
    return {
        "job_id": str(job.id),
        "status": job.status,
        "result": job.result,
        "error": job.error,
        "progress": job.progress,
        "waiting_reason": _waiting_reason(job, alive),
    }


def _waiting_reason(job: Job, alive: Callable[[], bool | None]) -> str | None:
    if job.status != "queued":
        return None
    if job.waiting_reason:
        return job.waiting_reason
    return "no_worker" if alive() is False else None


def cancel(work: Work, job_id: UUID, actor: Actor) -> Job:
    """Stop a job: at once if it is queued, else at its next safe point.

    A job whose `args` say `must_end` (a publish) leaves things behind that only its own run can bring to an end: it can
    be stopped before its first run, which then ends it, and not later.

    Raises:
        Conflict: it has already ended, or must be left to end.
    """
    job = find(work.session, job_id, actor, lock=True)
    before = job.status
    if job.args.get("must_end") and job.status in ("queued", "started"):
        if job.fence > 0:
            raise Conflict("The job has begun; what it may have sent to Google has to be brought to an end.")
        job.cancel_requested = True
    elif job.status == "queued":
        job.status, job.error, job.waiting_reason = "failed", dict(CANCELLED), None
        job.finished_at = work.session.execute(select(func.now())).scalar_one()
        work.emit(_event(job, "job.failed", error=job.error))
    elif job.status == "started":
        job.cancel_requested = True
    else:
        raise Conflict(f"The job has already {job.status}.")
    _note(work, actor, "job.cancel", job, before)
    return job


def retry(work: Work, job_id: UUID, actor: Actor) -> Job:
    """Run a failed job again from its last recovery point.

    Raises:
        Conflict: it has not failed, or another job works on the same thing now.
    """
    job = find(work.session, job_id, actor, lock=True)
    if job.status != "failed":
        raise Conflict("Only a failed job can be retried.")
    busy = job.exclusive_key and work.session.scalar(
        select(Job.id).where(Job.exclusive_key == job.exclusive_key, Job.status.in_(("queued", "started")))
    )
    if busy:
        raise Conflict("This is already under way.", code="job_in_progress", extra={"job_id": str(busy)})
    job.status, job.error, job.finished_at, job.attempts = "queued", None, None, 0
    job.cancel_requested = False
    job.next_attempt_at = job.sent_at = work.session.execute(select(func.now())).scalar_one()
    work.emit(_event(job, "job.queued"))
    work.after_commit(send, job.id, job.queue)
    _note(work, actor, "job.retry", job, "failed")
    return job


def _note(work: Work, actor: Actor, action: str, job: Job, before: str) -> None:
    """Put into the trail who stopped or repeated a job."""
    after = {"kind": job.kind, "status": job.status, "cancel_requested": job.cancel_requested}
    subject = f"job:{job.id}"
    audit.record(work.session, actor, action, subject, {"status": before}, after, customer_id=job.customer_id)


def _event(job: Job, kind: str, **data: Any) -> Event:
    return Event(
        tenant_id=job.tenant_id,
        kind=kind,
        data={"kind": job.kind, **data},
        customer_id=job.customer_id,
        job_id=job.id,
        subject_id=job.subject_id,
    )
