"""`/api/data`: which accounts there are and how fresh their data is."""

from __future__ import annotations

from typing import Any

from backend.adgraph.models import Customer
from backend.auth import customers
from backend.core.db import unit_of_work
from backend.core.http import Blueprint, pages
from backend.core.security import Role, current_actor, requires
from backend.sync import freshness
from backend.sync.schemas import ClientQuery, ClientSchema, FreshnessSchema

bp = Blueprint("data", __name__, url_prefix="/api/data", description="Freshness of the synchronised data")


@bp.get("/status/<slug>")
@requires(Role.VIEWER)
@bp.response(200, FreshnessSchema)
def status(slug: str) -> dict[str, Any]:
    """How fresh one account's data is."""
    with unit_of_work() as work:
        row = customers.find_by_slug(work.session, slug, current_actor())
        return freshness.of_accounts(work.session, [row])[0]


@bp.get("/clients")
@requires(Role.VIEWER)
@bp.arguments(ClientQuery, location="query")
@bp.response(200, ClientSchema(many=True))
def clients(query: dict[str, Any]) -> Any:
    """The client accounts that the caller may see, by slug, each with how fresh its data is."""
    question = customers.visible(current_actor()).where(Customer.manager.is_(False))
    if "status" in query:
        question = question.where(Customer.status == query["status"])
    with unit_of_work() as work:
        rows, headers = pages.page(work.session, question, (pages.Key(Customer.slug), pages.Key(Customer.id)), query)
        return freshness.of_accounts(work.session, rows), headers
