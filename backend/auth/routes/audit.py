"""`GET /api/audit`: the trail, read only."""

from __future__ import annotations

import csv
import io
from typing import Any
from uuid import UUID

import flask
import orjson
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from backend.adgraph.models import Customer
from backend.auth import customers
from backend.auth.schemas import AuditFilter, AuditQuery, AuditSchema
from backend.core.audit import AuditEvent
from backend.core.csv_cell import csv_cell
from backend.core.db import unit_of_work
from backend.core.http import Blueprint, pages
from backend.core.security import Actor, Role, current_actor, requires

EXPORT_ROWS = 50_000
EXPORTED = tuple(AuditSchema().fields)

bp = Blueprint("audit", __name__, url_prefix="/api/audit", description="Who changed what, when and why")


@bp.get("")
@requires(Role.ADMIN)
@bp.arguments(AuditQuery, location="query")
@bp.response(200, AuditSchema(many=True))
def index(query: dict[str, Any]) -> Any:
    """The audit trail of the organisation, newest first."""
    actor = current_actor()
    with unit_of_work() as work:
        question = _asked(work.session, query, actor)
        rows, headers = pages.page(work.session, question, (pages.Key(AuditEvent.id, descending=True),), query)
        digits = _digits(work.session, rows)
    return [_described(row, digits) for row in rows], headers


@bp.get("/export")
@requires(Role.ADMIN)
@bp.arguments(AuditFilter, location="query")
@bp.response(200, {"type": "string"}, content_type="text/csv", description="The rows, newest first.")
def export(query: dict[str, Any]) -> flask.Response:
    """The same as CSV for a spreadsheet, at most `EXPORT_ROWS` rows; narrow the filters for older ones."""
    actor = current_actor()
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(EXPORTED)
    with unit_of_work() as work:
        question = _asked(work.session, query, actor).order_by(AuditEvent.id.desc()).limit(EXPORT_ROWS)
        rows = list(work.session.scalars(question))
        digits = _digits(work.session, rows)
    for row in rows:
        described = _described(row, digits)
        writer.writerow([csv_cell(_plain(described[name])) for name in EXPORTED])
    response = flask.Response(out.getvalue(), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = "attachment; filename=audit.csv"
    return response


def _plain(value: Any) -> Any:
    return orjson.dumps(value).decode() if isinstance(value, dict) else value if value is None else str(value)


def _asked(session: Session, query: dict[str, Any], actor: Actor) -> Select[tuple[AuditEvent]]:
    question = _filtered(select(AuditEvent).where(AuditEvent.tenant_id == actor.tenant_id), query)
    if actor.visible_customers is not None:
        question = question.where(AuditEvent.customer_id.in_(actor.visible_customers))
    if "customer_id" in query:
        account = customers.find(session, query["customer_id"], actor, Role.ADMIN)
        question = question.where(AuditEvent.customer_id == account.id)
    return question


def _digits(session: Session, rows: list[AuditEvent]) -> dict[UUID, int]:
    wanted = {row.customer_id for row in rows if row.customer_id}
    found = session.execute(select(Customer.id, Customer.google_customer_id).where(Customer.id.in_(wanted)))
    return dict(found.tuples().all())


def _filtered(question: Select[tuple[AuditEvent]], query: dict[str, Any]) -> Select[tuple[AuditEvent]]:
    action = query.get("action")
    if action:
        matches = AuditEvent.action.startswith(action, autoescape=True) if action.endswith(".") else None
        question = question.where(AuditEvent.action == action if matches is None else matches)
    if "subject" in query:
        question = question.where(AuditEvent.subject == query["subject"])
    if "actor_id" in query:
        question = question.where(AuditEvent.actor_id == query["actor_id"])
    if "since" in query:
        question = question.where(AuditEvent.created_at >= query["since"])
    if "until" in query:
        question = question.where(AuditEvent.created_at < query["until"])
    return question


def _described(row: AuditEvent, digits: dict[UUID, int]) -> dict[str, Any]:
    names = AuditSchema().fields.keys() - {"customer_id"}
    described = {name: getattr(row, name) for name in names}
    number = digits.get(row.customer_id) if row.customer_id else None
    return {**described, "customer_id": str(number) if number else None}
