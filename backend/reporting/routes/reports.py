"""`/api/reports`: make reports, list what was made, read each in the form one needs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import flask
from sqlalchemy import select

from backend.adgraph.models import Customer
from backend.auth import customers
from backend.core.db import unit_of_work
from backend.core.http import Blueprint, accepted, idempotent, pages
from backend.core.security import Role, current_actor, requires
from backend.jobs.schemas import JobAcceptedSchema
from backend.reporting import service
from backend.reporting.html import CONTENT_SECURITY_POLICY
from backend.reporting.models import Report
from backend.reporting.schemas import ReportOrderSchema, ReportQuery, ReportSchema, ScopeSchema

bp = Blueprint("reports", __name__, url_prefix="/api/reports", description="Reports on accounts")

FORMS = {
    "markdown": ("text/markdown; charset=utf-8", "md"),
    "csv": ("text/csv; charset=utf-8", "csv"),
    "html": ("text/html; charset=utf-8", "html"),
}


@bp.post("/generate")
@requires(Role.VIEWER)
@idempotent
@bp.arguments(ReportOrderSchema)
@bp.response(202, JobAcceptedSchema)
def generate(order: dict[str, Any]) -> flask.Response:
    """Make a report of an account over a period; the job's result holds it, and it is kept under the job's id."""
    return accepted(service.request(order["slug"], order["scope"], current_actor()))


@bp.get("/scopes")
@requires(Role.VIEWER)
@bp.response(200, ScopeSchema(many=True))
def scopes() -> list[dict[str, Any]]:
    """The forms of a scope."""
    return service.listed_scopes()


@bp.get("")
@requires(Role.VIEWER)
@bp.arguments(ReportQuery, location="query")
@bp.response(200, ReportSchema(many=True))
def index(query: dict[str, Any]) -> Any:
    """The reports that were made on accounts the caller may see, newest first."""
    actor = current_actor()
    question = service.visible(actor)
    with unit_of_work() as work:
        if "slug" in query:
            account = customers.find_by_slug(work.session, query["slug"], actor)
            question = question.where(Report.customer_id == account.id)
        keys = (pages.Key(Report.created_at, descending=True), pages.Key(Report.id, descending=True))
        rows, headers = pages.page(work.session, question, keys, query)
        ids = {row.customer_id for row in rows}
        known = {row.id: row for row in work.session.scalars(select(Customer).where(Customer.id.in_(ids)))}
        return [service.described(row, known[row.customer_id]) for row in rows], headers


@bp.get("/<uuid:report_id>")
@requires(Role.VIEWER)
@bp.response(200, ReportSchema)
def show(report_id: UUID) -> dict[str, Any]:
    """One report: its period, its totals, and where its forms are."""
    with unit_of_work() as work:
        report = service.find(work.session, report_id, current_actor())
        return service.described(report, work.session.get_one(Customer, report.customer_id))


@bp.delete("/<uuid:report_id>")
@requires(Role.EDITOR)
@bp.response(204)
def delete(report_id: UUID) -> None:
    """Throw a report away."""
    service.delete(report_id, current_actor())


@bp.get("/<uuid:report_id>/markdown")
@requires(Role.VIEWER)
@bp.response(200, {"type": "string"}, content_type="text/markdown")
def as_markdown(report_id: UUID) -> flask.Response:
    """A report as Markdown."""
    return _form(report_id, "markdown")


@bp.get("/<uuid:report_id>/csv")
@requires(Role.VIEWER)
@bp.response(200, {"type": "string"}, content_type="text/csv")
def as_csv(report_id: UUID) -> flask.Response:
    """A report as CSV: every table with its section, money in micros."""
    return _form(report_id, "csv")


@bp.get("/<uuid:report_id>/html")
@requires(Role.VIEWER)
@bp.response(200, {"type": "string"}, content_type="text/html")
def as_html(report_id: UUID) -> flask.Response:
    """A report as one HTML file with its charts."""
    return _form(report_id, "html")


def _form(report_id: UUID, form: str) -> flask.Response:
    with unit_of_work() as work:
        report = service.find(work.session, report_id, current_actor())
    content_type, suffix = FORMS[form]
    response = flask.Response(getattr(report, form), content_type=content_type)
    place = "inline" if form == "html" else "attachment"
    name = f"{report.scope.lower().replace('..', '-to-')}-{report_id}.{suffix}"
    response.headers["Content-Disposition"] = f'{place}; filename="{name}"'
    response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "private, max-age=86400, immutable"
    return response
