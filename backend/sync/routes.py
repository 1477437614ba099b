"""`/api/data`: which accounts there are, how fresh their data is, what was changed in them, what only sync brings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import select

from backend.adgraph.labels import Label
from backend.adgraph.models import BiddingStrategy, Customer
from backend.auth import customers
from backend.core.db import unit_of_work
from backend.core.http import Blueprint, pages
from backend.core.security import Role, current_actor, requires
from backend.sync import carried, freshness, timeline
from backend.sync.schemas import (
    ClientQuery,
    ClientSchema,
    FreshnessSchema,
    LabelSchema,
    StrategySchema,
    TimelineQuerySchema,
    TimelineSchema,
)

bp = Blueprint("data", __name__, url_prefix="/api/data", description="Freshness of the synchronised data")


@bp.get("/status/<slug>")
@requires(Role.VIEWER)
@bp.response(200, FreshnessSchema)
def status(slug: str) -> dict[str, Any]:
    """How fresh one account's data is."""
    with unit_of_work() as work:
        row = customers.find_by_slug(work.session, slug, current_actor())
        return freshness.of_accounts(work.session, [row])[0]


@bp.get("/timeline/<slug>")
@requires(Role.VIEWER)
@bp.arguments(TimelineQuerySchema, location="query")
@bp.response(200, TimelineSchema(many=True))
def show_timeline(query: dict[str, Any], slug: str) -> Any:
    """What was changed in one account, here and at Google, newest first; what we pushed is shown once."""
    actor, limit = current_actor(), query["limit"]
    wanted = timeline.TimelineQuery(
        query.get("entity"), query.get("entity_id"), query.get("actor"), *map(query.get, ("source", "since", "until"))
    )
    scope = f"timeline:{slug}:{wanted}"
    after = timeline.Place(*pages.read_cursor(query["cursor"], scope, 3)) if query["cursor"] else None
    with unit_of_work() as work:
        row = customers.find_by_slug(work.session, slug, actor)
        found = timeline.entries(work.session, actor.tenant_id, row.id, wanted, limit=limit + 1, after=after)
    if len(found) <= limit:
        return found, {}
    last = found[limit - 1]
    return found[:limit], pages.next_link(pages.make_cursor([last["at"], last["source"], last["key"]], scope))


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


@bp.get("/labels/<slug>")
@requires(Role.VIEWER)
@bp.arguments(pages.PageQuery, location="query")
@bp.response(200, LabelSchema(many=True))
def labels(query: dict[str, Any], slug: str) -> Any:
    """Google's labels of one account, by name, each with how much carries it; our own labels are another thing."""
    return _listed(slug, query, Label, carried.labels)


@bp.get("/strategies/<slug>")
@requires(Role.VIEWER)
@bp.arguments(pages.PageQuery, location="query")
@bp.response(200, StrategySchema(many=True))
def strategies(query: dict[str, Any], slug: str) -> Any:
    """The bidding strategies that campaigns of one account share, by name."""
    return _listed(slug, query, BiddingStrategy, carried.strategies)


def _listed(slug: str, query: dict[str, Any], model: Any, shown: Callable[..., list[dict[str, Any]]]) -> Any:
    with unit_of_work() as work:
        customer = customers.find_by_slug(work.session, slug, current_actor())
        question = select(model).where(model.customer_id == customer.id, model.status != carried.REMOVED)
        rows, headers = pages.page(work.session, question, (pages.Key(model.name), pages.Key(model.id)), query)
        return shown(work.session, customer.id, rows), headers
