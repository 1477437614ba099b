"""`/api/jobs`: the ledger of long work."""

from __future__ import annotations

import functools
from typing import Any
from uuid import UUID

import flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.adgraph.models import Customer
from backend.core import broker
from backend.core.db import unit_of_work
from backend.core.errors import Forbidden, NotFound
from backend.core.http import Blueprint, accepted, pages
from backend.core.security import Role, current_actor, requires
from backend.jobs import service
from backend.jobs.models import Job
from backend.jobs.run import brief
from backend.jobs.schemas import JobAcceptedSchema, JobQuery, JobResultSchema, JobSchema, JobStatusSchema

bp = Blueprint("jobs", __name__, url_prefix="/api/jobs", description="Long work: progress, results, cancelling")

# Whoever stops or repeats a job must be allowed to do what it does; kinds that are not listed need an editor.
ROLES = {"publish": Role.PUBLISHER, "push": Role.PUBLISHER, "discover": Role.ADMIN}
COLUMNS = (
    "kind",
    "subject_id",
    "attempts",
    "max_attempts",
    "cancel_requested",
    "created_at",
    "started_at",
    "finished_at",
    "next_attempt_at",
)


@bp.get("")
@requires(Role.VIEWER)
@bp.arguments(JobQuery, location="query")
@bp.response(200, JobSchema(many=True))
def index(query: dict[str, Any]) -> Any:
    """The jobs that the caller may see, newest first.

    Long texts of a result (a report's) stand with the job itself only.
    """
    question = service.visible_to(current_actor())
    for name in ("status", "kind", "subject_id"):
        if name in query:
            question = question.where(getattr(Job, name) == query[name])
    with unit_of_work() as work:
        if "customer_id" in query:
            question = question.where(Job.customer_id == _account(work.session, query["customer_id"]))
        keys = (pages.Key(Job.created_at, descending=True), pages.Key(Job.id, descending=True))
        rows, headers = pages.page(work.session, question, keys, query)
        return [{**job, "result": brief(job["result"])} for job in _described(work.session, rows)], headers


def _account(session: Session, customer_id: str) -> UUID:
    """Our id of an account that the caller may see.

    Raises:
        NotFound
    """
    actor, digits = current_actor(), customer_id.replace("-", "")
    known = select(Customer.id).where(
        Customer.tenant_id == actor.tenant_id,
        Customer.google_customer_id == (int(digits) if digits.isascii() and digits.isdigit() else 0),
    )
    if actor.visible_customers is not None:
        known = known.where(Customer.id.in_(actor.visible_customers))
    found = session.scalar(known)
    if found is None:
        raise NotFound("There is no such account.")
    return found


@bp.get("/<uuid:job_id>")
@requires(Role.VIEWER)
@bp.response(200, JobSchema)
def show(job_id: UUID) -> dict[str, Any]:
    """One job."""
    with unit_of_work() as work:
        return _described(work.session, [service.find(work.session, job_id, current_actor())])[0]


@bp.get("/<uuid:job_id>/status")
@requires(Role.VIEWER)
@bp.response(200, JobStatusSchema)
def status(job_id: UUID) -> dict[str, Any]:
    """How far a job is."""
    with unit_of_work() as work:
        return service.status_of(service.find(work.session, job_id, current_actor()))


@bp.get("/<uuid:job_id>/result")
@requires(Role.VIEWER)
@bp.response(200, JobResultSchema)
def result(job_id: UUID) -> dict[str, Any]:
    """The full result, and what the job wrote; while it runs, what there is so far."""
    with unit_of_work() as work:
        job = service.find(work.session, job_id, current_actor())
        names = ("status", "result", "error", "stdout", "stderr", "exit_code")
        return {"job_id": str(job.id), **{name: getattr(job, name) for name in names}}


@bp.post("/<uuid:job_id>/cancel")
@requires(Role.EDITOR)
@bp.response(200, JobStatusSchema)
def cancel(job_id: UUID) -> dict[str, Any]:
    """Stop a job: at once when it is queued, else at its next safe point."""
    with unit_of_work() as work:
        _may_change(work.session, job_id)
        return service.status_of(service.cancel(work, job_id, current_actor()))


@bp.post("/<uuid:job_id>/retry")
@requires(Role.EDITOR)
@bp.response(202, JobAcceptedSchema)
def retry(job_id: UUID) -> flask.Response:
    """Run a failed job again from its last recovery point."""
    with unit_of_work() as work:
        _may_change(work.session, job_id)
        job = service.retry(work, job_id, current_actor())
    return accepted(job.id, job.status)


def _may_change(session: Session, job_id: UUID) -> None:
    """A job is stopped or repeated by whoever may do what it does.

    Raises:
        NotFound, Forbidden
    """
    actor = current_actor()
    job = service.find(session, job_id, actor)
    needed = ROLES.get(job.kind, Role.EDITOR)
    if job.customer_id is not None:
        actor.must_be(needed, job.customer_id)
    elif (actor.everywhere or Role.VIEWER) < needed:
        raise Forbidden(f"This needs the role {needed.name.lower()} in the whole organisation.")


def _described(session: Session, jobs: list[Job]) -> list[dict[str, Any]]:
    ids = {job.customer_id for job in jobs if job.customer_id}
    digits = {
        row.id: str(row.google_customer_id)
        for row in session.execute(select(Customer.id, Customer.google_customer_id).where(Customer.id.in_(ids)))
    }
    alive = functools.cache(broker.workers_alive)  # looks through the keys of Redis: once for the whole list
    return [
        {
            **service.status_of(job, alive),
            **{name: getattr(job, name) for name in COLUMNS},
            "customer_id": digits.get(job.customer_id) if job.customer_id else None,
            "created_by": job.created_by_name,
        }
        for job in jobs
    ]
