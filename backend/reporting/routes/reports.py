"""`/api/reports`: make a report, and the scopes that one can have."""

from __future__ import annotations

from typing import Any

import flask

from backend.core.http import Blueprint, accepted, idempotent
from backend.core.security import Role, current_actor, requires
from backend.jobs.schemas import JobAcceptedSchema
from backend.reporting import service
from backend.reporting.schemas import ReportOrderSchema, ScopeSchema

bp = Blueprint("reports", __name__, url_prefix="/api/reports", description="Reports on accounts")


@bp.post("/generate")
@requires(Role.VIEWER)
@idempotent
@bp.arguments(ReportOrderSchema)
@bp.response(202, JobAcceptedSchema)
def generate(order: dict[str, Any]) -> flask.Response:
    """Make a report of an account over a period; the job's result holds it as Markdown and CSV."""
    return accepted(service.request(order["slug"], order["scope"], current_actor()))


@bp.get("/scopes")
@requires(Role.VIEWER)
@bp.response(200, ScopeSchema(many=True))
def scopes() -> list[dict[str, Any]]:
    """The forms of a scope."""
    return service.listed_scopes()
