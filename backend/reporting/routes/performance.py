"""`/api/performance`: what any level of an account brought and cost, over any period."""

from __future__ import annotations

from typing import Any

import flask

from backend.core.db import unit_of_work
from backend.core.http import Blueprint
from backend.core.security import Role, current_actor, requires
from backend.reporting import accounts, freshness
from backend.reporting.performance import service
from backend.reporting.performance.answer import as_csv, as_dict
from backend.reporting.performance_schemas import PerformanceQuery, PerformanceSchema
from backend.reporting.routes.csv import csv_response, wants_csv

bp = Blueprint("performance", __name__, url_prefix="/api/performance", description="Metrics of an account")


@bp.get("")
@requires(Role.VIEWER)
@bp.arguments(PerformanceQuery, location="query")
@bp.response(200, PerformanceSchema)
@bp.alt_response(200, description="The same as CSV", content_type="text/csv", schema={"type": "string"}, success=True)
@bp.alt_response(304, description="Nothing has changed since the answer with this ETag")
def show(query: dict[str, Any]) -> flask.Response:
    """Metrics by entity, cut by day, week, month or quarter, split by device and network, beside an earlier period."""
    as_text = wants_csv(query["format"])
    with unit_of_work() as work:
        account = accounts.find(work.session, query, current_actor())
        tag = freshness.tag(work.session, account, form="csv" if as_text else "json")
        if same := freshness.unchanged(tag):
            return same
        answer = service.answer(work.session, service.parse(work.session, account, query))
    if as_text:
        name = f"{account.slug}-{query['level']}-{answer.question.period.first}-{answer.question.period.last}.csv"
        return freshness.tagged(csv_response(as_csv(answer), name), tag)
    return freshness.tagged(flask.jsonify(as_dict(answer)), tag)
