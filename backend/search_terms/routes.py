"""`/api/search-terms`: triage, adding in bulk, what negatives block, groups of words, suggestions."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from backend.adgraph.models import Customer
from backend.core.db import unit_of_work
from backend.core.errors import Finding, Invalid
from backend.core.http import Blueprint, idempotent, pages
from backend.core.security import Role, current_actor, requires
from backend.reporting import accounts
from backend.reporting.performance.question import parse_conditions, parse_order
from backend.reporting.performance.service import period_of
from backend.reporting.snapshot import snapshot
from backend.search_terms import adding, blocking, ngrams, pushing, schemas, suggestions, terms
from backend.search_terms.terms import TermQuestion

bp = Blueprint("search terms", __name__, url_prefix="/api/search-terms", description="What people searched for")


def _question(session: Session, query: dict[str, Any]) -> TermQuestion:
    account = accounts.find(session, query, current_actor())
    return TermQuestion(
        account,
        period_of(session, account, query),
        state=query.get("state"),
        containing=query.get("q"),
        campaign=query.get("campaign_id"),
        ad_group=query.get("ad_group_id"),
        conditions=parse_conditions(query["filter"]),
        order=parse_order(query["sort"]),
    )


@bp.get("")
@requires(Role.VIEWER)
@bp.arguments(schemas.TermListQuery, location="query")
@bp.response(200, schemas.TermSchema(many=True))
def index(query: dict[str, Any]) -> Any:
    """The search terms of a period, one row per term and ad group, with the keywords that triggered them."""
    with snapshot() as session:
        question = _question(session, query)
        listed = terms.listed(question)
        keys = (
            pages.Key(listed.metric, descending=question.order.descending),
            pages.Key(listed.ad_group),
            pages.Key(listed.term),
        )
        rows, headers = pages.page(session, listed.statement, keys, query)
        return terms.described(session, question, rows), headers


@bp.get("/ngrams")
@requires(Role.VIEWER)
@bp.arguments(schemas.NgramQuery, location="query")
@bp.response(200, schemas.NgramSchema(many=True))
def list_ngrams(query: dict[str, Any]) -> list[dict[str, Any]]:
    """Words and groups of up to four words, summed over the terms that hold them."""
    with snapshot() as session:
        sizes = tuple(sorted(set(query["size"])))
        found = ngrams.grams(session, _question(session, query), sizes, query["min_terms"], query["limit"])
    return [gram.as_dict() for gram in found]


@bp.get("/suggestions")
@requires(Role.VIEWER)
@bp.arguments(schemas.SuggestionQuery, location="query")
@bp.response(200, schemas.SuggestionSchema(many=True))
def list_suggestions(query: dict[str, Any]) -> list[dict[str, Any]]:
    """Terms to add as keywords or as negatives, each with its reason in numbers; none of them over-blocks."""
    thresholds = suggestions.Thresholds(
        query["min_conversions"], query.get("min_cost_micros"), query["min_clicks"], query["min_terms"]
    )
    with snapshot() as session:
        found = suggestions.suggest(session, _question(session, query), thresholds)
    return [suggestion.as_dict() for suggestion in found]


@bp.get("/negative-conflicts")
@requires(Role.VIEWER)
@bp.arguments(schemas.ConflictQuery, location="query")
@bp.response(200, schemas.ConflictsSchema)
def negative_conflicts(query: dict[str, Any]) -> dict[str, Any]:
    """Which keywords are blocked by which negatives now, across the account."""
    with snapshot() as session:
        found = blocking.conflicts(session, accounts.find(session, query, current_actor()))
    shown = [
        {"negative": negative.as_dict(), "keyword": blocked.as_dict()} for negative, blocked in found[: query["limit"]]
    ]
    return {"total": len(found), "keywords": len({blocked.keyword for _, blocked in found}), "conflicts": shown}


@bp.post("/over-blocking")
@requires(Role.VIEWER)
@bp.max_body(schemas.BODY)
@bp.arguments(schemas.CheckSchema)
@bp.response(200, schemas.EffectSchema(many=True))
def over_blocking(order: dict[str, Any]) -> list[dict[str, Any]]:
    """What each negative would block: keywords and converting searches of the last 30 days. Nothing is changed."""
    with snapshot() as session:
        account = accounts.find(session, order, current_actor())
        found = adding.negatives_of(session, account, order["negatives"])
        unknown = [item for item in found if isinstance(item, Finding)]
        if unknown:
            raise Invalid("A place is not known.", errors=unknown)
        negatives = [item for item in found if not isinstance(item, Finding)]
        return [effect.as_dict() for effect in blocking.effects(session, account, negatives)]


@bp.post("/add")
@requires(Role.EDITOR)
@idempotent
@bp.max_body(schemas.BODY)
@bp.arguments(schemas.AddSchema)
@bp.response(200, schemas.AddedSchema)
def add(order: dict[str, Any]) -> dict[str, Any]:
    """Add search terms as keywords or negatives; each item is answered by its index; campaigns and lists are pushed."""
    actor = current_actor()
    with unit_of_work() as work:
        account = accounts.find(work.session, order, actor, Role.EDITOR)
        customer = work.session.get_one(Customer, account.customer_id)
        added = adding.add(work, actor, customer, account, order["items"])
        pushes = pushing.push(work, actor, account, added.parents, asked=order["push"])
    counts = {
        status: sum(outcome.status == status for outcome in added.outcomes) for status in ("added", "exists", "refused")
    }
    lists = sum(parent.campaign_id is None for parent in added.parents)
    waiting = lists - sum(push["shared_set_id"] is not None and push["job_id"] is not None for push in pushes)
    return {
        **counts,
        "pushes": pushes,
        "waiting_lists": waiting,
        "items": [outcome.as_dict() for outcome in added.outcomes],
    }
