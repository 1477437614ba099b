"""`GET /api/audit`: the trail, read only."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from backend.adgraph.models import Customer
from backend.auth import customers
from backend.auth.schemas import AuditQuery, AuditSchema
from backend.core.audit import AuditEvent
from backend.core.db import unit_of_work
from backend.core.http import Blueprint, pages
from backend.core.security import Role, current_actor, requires

bp = Blueprint("audit", __name__, url_prefix="/api/audit", description="Who changed what, when and why")


@bp.get("")
@requires(Role.ADMIN)
@bp.arguments(AuditQuery, location="query")
@bp.response(200, AuditSchema(many=True))
def index(query: dict[str, Any]) -> Any:
    """The audit trail of the organisation, newest first."""
    actor = current_actor()
    with unit_of_work() as work:
        question = select(AuditEvent).where(AuditEvent.tenant_id == actor.tenant_id)
        question = _filtered(question, query)
        if actor.visible_customers is not None:
            question = question.where(AuditEvent.customer_id.in_(actor.visible_customers))
        if "customer_id" in query:
            account = customers.find(work.session, query["customer_id"], actor, Role.ADMIN)
            question = question.where(AuditEvent.customer_id == account.id)
        rows, headers = pages.page(work.session, question, (pages.Key(AuditEvent.id, descending=True),), query)
        digits = dict(
            work.session.execute(
                select(Customer.id, Customer.google_customer_id).where(
                    Customer.id.in_({row.customer_id for row in rows if row.customer_id})
                )
            )
            .tuples()
            .all()
        )
    return [_described(row, digits) for row in rows], headers


def _filtered(question: Any, query: dict[str, Any]) -> Any:
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


def _described(row: AuditEvent, digits: dict[Any, int]) -> dict[str, Any]:
    names = AuditSchema().fields.keys() - {"customer_id"}
    described = {name: getattr(row, name) for name in names}
    number = digits.get(row.customer_id)
    return {**described, "customer_id": str(number) if number else None}
