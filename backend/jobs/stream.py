"""Server-sent events: of one job, of one account, of everything a person may see. A process of their own serves them.

Events are read from PostgreSQL in the order of their ids, news once per process for all its streams; Redis only says
when to look, and without it the streams look by themselves every few seconds. One listener per process wakes all
streams; an idle stream holds a thread and nothing else. A stream begins with `hello`, resumes after `Last-Event-ID` or
`?after=`, says `reset` when what it is asked to resume from is gone, and ends soon after its caller's credential is
revoked or its roles have changed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import flask
import marshmallow as ma
import orjson
from marshmallow import fields
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from backend.adgraph.models import Customer
from backend.core import tenancy
from backend.core.db import unit_of_work
from backend.core.errors import Finding, Invalid, NotFound, Unavailable
from backend.core.events import EventRow
from backend.core.http import Blueprint
from backend.core.security import Actor, Role, current_actor, requires
from backend.jobs import service
from backend.jobs.listener import Listener
from backend.jobs.standing import Standing
from backend.jobs.tail import BATCH, Tail

bp = Blueprint("events", __name__, description="Live events (text/event-stream)")

HEARTBEAT_S = 15.0
LOOK_S = 5.0
LONGEST_S = 3600.0
STANDING_S = 5.0
CAP = 400  # twice the clients expected: one that hung up holds its place until the next write
LISTENER, TAIL, STANDING = "events_listener", "events_tail", "events_standing"
PATHS = ("/api/events", "/api/jobs/<uuid:job_id>/events", "/api/customers/<customer_id>/events")
JOB_ENDS = ("job.finished", "job.failed")


class StreamQuery(ma.Schema):
    """Where to resume: a new EventSource cannot send `Last-Event-ID`."""

    after = fields.Integer(strict=False, validate=ma.validate.Range(min=0), metadata={"description": "An event's id."})


@dataclass(frozen=True, slots=True)
class Scope:
    """What a stream shows (as a question, and as a filter of what is known already), and what ends it."""

    actor: Actor
    digits: dict[UUID, str]
    job_id: UUID | None = None
    customer_id: UUID | None = None

    @property
    def question(self) -> Select[tuple[EventRow]]:
        """The events that it shows; what concerns no account is for whoever may see every account."""
        found = select(EventRow).where(EventRow.tenant_id == self.actor.tenant_id)
        if self.actor.visible_customers is not None:
            found = found.where(EventRow.customer_id.in_(self.actor.visible_customers))
        if self.job_id is not None:
            found = found.where(EventRow.job_id == self.job_id)
        if self.customer_id is not None:
            found = found.where(EventRow.customer_id == self.customer_id)
        return found

    def shows(self, row: EventRow) -> bool:
        """Whether `question` would find this event of the tenant."""
        visible = self.actor.visible_customers
        return (
            (visible is None or row.customer_id in visible)
            and self.job_id in (None, row.job_id)
            and self.customer_id in (None, row.customer_id)
        )

    def ends_with(self, row: EventRow) -> bool:
        """Whether nothing more is to come: a job's stream ends with the job."""
        return self.job_id is not None and row.kind in JOB_ENDS


def init_app(app: flask.Flask) -> None:
    """Give the stream application its listener; it starts with the first stream, after the fork."""
    app.extensions[LISTENER] = Listener(app.config["REDIS_URL"], cap=CAP)
    app.extensions[TAIL] = Tail(app, look_s=LOOK_S / 2)
    app.extensions[STANDING] = Standing(app, seconds=STANDING_S)


@bp.get("/api/events")
@requires(Role.VIEWER)
@bp.arguments(StreamQuery, location="query")
@bp.response(200, {"type": "string"}, content_type="text/event-stream")
def everything(query: dict[str, Any]) -> flask.Response:
    """Every event of the accounts that the caller may see."""
    return _stream(query, _scope)


@bp.get("/api/jobs/<uuid:job_id>/events")
@requires(Role.VIEWER)
@bp.arguments(StreamQuery, location="query")
@bp.response(200, {"type": "string"}, content_type="text/event-stream")
def of_job(query: dict[str, Any], job_id: UUID) -> flask.Response:
    """The events of one job, from its beginning; the stream ends with the job."""

    def scope(session: Session, actor: Actor) -> Scope:
        service.find(session, job_id, actor)
        return replace(_scope(session, actor), job_id=job_id)

    return _stream({"after": 0, **query}, scope)


@bp.get("/api/customers/<customer_id>/events")
@requires(Role.VIEWER)
@bp.arguments(StreamQuery, location="query")
@bp.response(200, {"type": "string"}, content_type="text/event-stream")
def of_customer(query: dict[str, Any], customer_id: str) -> flask.Response:
    """The events of one account."""

    def scope(session: Session, actor: Actor) -> Scope:
        whole = _scope(session, actor)
        digits = customer_id.replace("-", "")
        ours = next((ours for ours, shown in whole.digits.items() if shown == digits), None)
        if ours is None:
            raise NotFound("There is no such account.")
        return replace(whole, customer_id=ours)

    return _stream(query, scope)


def create_redirects(stream_url: str) -> Blueprint:
    """For the API: the same addresses, sent on to the stream process (a reverse proxy sends them there by itself)."""
    redirects = Blueprint("events", __name__, description="Live events (text/event-stream)")

    @requires(Role.VIEWER)
    @redirects.arguments(StreamQuery, location="query")
    @redirects.response(
        200, {"type": "string"}, content_type="text/event-stream", description="The events, as they come."
    )
    @redirects.alt_response(307, description="To the same path of the stream process.")
    def redirect(query: dict[str, Any], **_: Any) -> flask.Response:
        """Events: of everything, of one job, of one account; they resume after `Last-Event-ID` or `after`."""
        return flask.Response(status=307, headers={"Location": stream_url + flask.request.full_path.rstrip("?")})

    for number, path in enumerate(PATHS):
        redirects.add_url_rule(path, f"to_stream_{number}", redirect)
    return redirects


def _stream(query: dict[str, Any], scope_of: Callable[[Session, Actor], Scope]) -> flask.Response:
    actor = current_actor()
    listener: Listener = flask.current_app.extensions[LISTENER]
    with unit_of_work() as work:
        scope = scope_of(work.session, actor)
        newest, oldest = _ends(work.session, actor.tenant_id)
    after = _resume_from(query)
    gone = after is not None and (after > newest or (0 < after < oldest - 1))
    begin = newest if after is None or gone else after
    if not listener.enter():
        raise Unavailable("Too many event streams are open; try again in a while.", retry_after=30)
    app = flask.current_app._get_current_object()  # type: ignore[attr-defined]
    body = _events(app, dict(flask.request.environ), scope, begin, reset=gone)
    response = flask.Response(body, content_type="text/event-stream; charset=utf-8")
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"
    response.call_on_close(listener.leave)
    return response


def _resume_from(query: dict[str, Any]) -> int | None:
    header = flask.request.headers.get("Last-Event-ID")
    if header is None:
        after: int | None = query.get("after")
        return after
    if not header.isascii() or not header.isdigit() or len(header) > 18:
        raise Invalid(
            "Last-Event-ID is not an id of ours.", errors=(Finding("/Last-Event-ID", "invalid", "Expected digits."),)
        )
    return int(header)


def _events(app: flask.Flask, environ: dict[str, Any], scope: Scope, after: int, *, reset: bool) -> Iterator[bytes]:
    """The stream itself: look, send, sleep until woken."""
    yield _frame("hello", {"last_event_id": after, "retry_ms": 2000}, after, retry_ms=2000)
    if reset:
        yield _frame("reset", {"reason": "The events asked for are gone; read the resources again."}, after)
    listener: Listener = app.extensions[LISTENER]
    standing: Standing = app.extensions[STANDING]
    tenant_id = scope.actor.tenant_id
    began = spoke = time.monotonic()
    while not listener.closed and time.monotonic() - began < LONGEST_S and standing.holds(environ, scope.actor):
        seen = listener.count(tenant_id)
        rows, after, more = _read(app, scope, after, seen)
        for row in rows:
            yield _frame(row.kind, _document(row, scope.digits), row.id)
            if scope.ends_with(row):
                return
        if rows:
            spoke = time.monotonic()
        if not more:
            listener.wait(tenant_id, seen, LOOK_S)
        if time.monotonic() - spoke > HEARTBEAT_S:
            spoke = time.monotonic()
            yield b": still here\n\n"


def _read(app: flask.Flask, scope: Scope, after: int, wakes: int) -> tuple[list[EventRow], int, bool]:
    """The next events of a stream, how far it has read with them, and whether there are more at once."""
    tail: Tail = app.extensions[TAIL]
    tenant_id = scope.actor.tenant_id
    newest = tail.newest(tenant_id, wakes)
    known = tail.behind(tenant_id, after)
    if known is not None:
        return [row for row in known if scope.shows(row)], known[-1].id if known else after, False
    with app.app_context(), tenancy.working_for(tenant_id), unit_of_work() as work:
        question = scope.question.where(EventRow.id > after, EventRow.id <= newest).order_by(EventRow.id).limit(BATCH)
        rows = list(work.session.scalars(question))
    return rows, rows[-1].id if len(rows) == BATCH else newest, True


def _scope(session: Session, actor: Actor) -> Scope:
    customers = select(Customer.id, Customer.google_customer_id).where(Customer.tenant_id == actor.tenant_id)
    if actor.visible_customers is not None:
        customers = customers.where(Customer.id.in_(actor.visible_customers))
    return Scope(actor, {row.id: str(row.google_customer_id) for row in session.execute(customers)})


def _ends(session: Session, tenant_id: UUID) -> tuple[int, int]:
    row = session.execute(
        select(func.coalesce(func.max(EventRow.id), 0), func.coalesce(func.min(EventRow.id), 0)).where(
            EventRow.tenant_id == tenant_id
        )
    ).one()
    return int(row[0]), int(row[1])


def _document(row: EventRow, digits: dict[UUID, str]) -> dict[str, Any]:
    return {
        "id": row.id,
        "type": row.kind,
        "customer_id": digits.get(row.customer_id) if row.customer_id else None,
        "job_id": row.job_id,
        "subject_id": row.subject_id,
        "version": row.version,
        "data": row.data,
        "created_at": row.created_at,
    }


def _frame(kind: str, document: dict[str, Any], event_id: int, retry_ms: int | None = None) -> bytes:
    head = f"retry: {retry_ms}\n" if retry_ms else ""
    return f"{head}id: {event_id}\nevent: {kind}\ndata: ".encode() + orjson.dumps(document) + b"\n\n"
