"""`/api/pacing` and `/api/overview`: where the month is heading, and a dashboard's first screen in one call."""

from __future__ import annotations

from typing import Any

from backend.core.http import Blueprint
from backend.core.security import Role, current_actor, requires
from backend.reporting import accounts, overview, pacing
from backend.reporting.accounts import AccountQuery
from backend.reporting.overview_schemas import OverviewSchema, PacingSchema
from backend.reporting.snapshot import snapshot

bp = Blueprint("overview", __name__, url_prefix="/api", description="An account at a glance")


@bp.get("/pacing")
@requires(Role.VIEWER)
@bp.arguments(AccountQuery, location="query")
@bp.response(200, PacingSchema)
def show_pacing(query: dict[str, Any]) -> dict[str, Any]:
    """Each budget's month to date against 30.4 times a day's budget, and where it is heading."""
    with snapshot() as session:
        return pacing.as_dict(pacing.read(session, accounts.find(session, query, current_actor())))


@bp.get("/overview")
@requires(Role.VIEWER)
@bp.arguments(AccountQuery, location="query")
@bp.response(200, OverviewSchema)
def show_overview(query: dict[str, Any]) -> dict[str, Any]:
    """The account's totals, trend, best campaigns, pacing, attention list, latest jobs and changes."""
    actor = current_actor()
    with snapshot() as session:
        return overview.read(session, actor.tenant_id, accounts.find(session, query, actor))
