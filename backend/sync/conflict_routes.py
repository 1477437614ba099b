"""`/api/conflicts`: what was changed here and at Google, and the decisions."""

from __future__ import annotations

from typing import Any

from backend.auth import customers
from backend.core.db import unit_of_work
from backend.core.errors import Finding, Invalid
from backend.core.http import Blueprint, pages
from backend.core.security import Role, current_actor, requires
from backend.sync import conflicts
from backend.sync.schemas import ConflictQuery, ConflictSchema, DecidedSchema, DecisionsSchema

bp = Blueprint("conflicts", __name__, url_prefix="/api/conflicts", description="Fields changed on both sides")
SCOPE = "conflicts"
BODY = 4 * 1024 * 1024
"""As many decisions as one request may hold, with long names."""


@bp.get("")
@requires(Role.VIEWER)
@bp.arguments(ConflictQuery, location="query")
@bp.response(200, ConflictSchema(many=True))
def index(query: dict[str, Any]) -> Any:
    """The conflicts that wait for a decision, each with the value here, Google's, and the one both began with."""
    google_id = _account(query)
    scope = f"{SCOPE}:{google_id}:{query.get('entity')}"
    after = pages.read_cursor(query["cursor"], scope, 1)[0] if query["cursor"] else None
    limit = query["limit"]
    rows = conflicts.list_conflicts(
        current_actor(), google_id=google_id, entity=query.get("entity"), after=after, limit=limit + 1
    )
    headers = pages.next_link(pages.make_cursor([rows[limit - 1]["key"]], scope)) if len(rows) > limit else {}
    return rows[:limit], headers


def _account(query: dict[str, Any]) -> int | None:
    """The number of the account that a question names; None when it names none.

    Raises:
        Invalid: it names two, or what is no number of an account.
        NotFound: the caller sees no such account.
    """
    named = [name for name in ("customer_id", "slug") if name in query]
    if not named:
        return None
    if len(named) > 1:
        raise Invalid(
            "Name the account once.",
            errors=(Finding("/slug", "ambiguous_customer", "Give customer_id or slug, not both."),),
        )
    if "customer_id" in query and customers.google_id(query["customer_id"]) is None:
        raise Invalid("Not an account.", errors=(Finding("/customer_id", "invalid", "Ten digits, dashes allowed."),))
    find = customers.find if "customer_id" in query else customers.find_by_slug
    with unit_of_work() as work:
        return find(work.session, query[named[0]], current_actor()).google_customer_id


@bp.post("/resolve")
@requires(Role.EDITOR)
@bp.max_body(BODY)
@bp.arguments(DecisionsSchema)
@bp.response(200, DecidedSchema(many=True))
def resolve(body: dict[str, Any]) -> list[dict[str, Any]]:
    """Decide conflicts, field by field: `keep_mine` or `take_theirs`; the answer goes by index."""
    decisions = [conflicts.Decision(**item) for item in body["decisions"]]
    states = conflicts.resolve(decisions, current_actor())
    return [{"index": index, "status": state} for index, state in enumerate(states)]
