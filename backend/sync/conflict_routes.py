"""`/api/conflicts`: what was changed here and at Google, and the decisions."""

from __future__ import annotations

from typing import Any

from backend.auth import customers
from backend.core.errors import Finding, Invalid
from backend.core.http import Blueprint, pages
from backend.core.security import Role, current_actor, requires
from backend.sync import conflicts
from backend.sync.schemas import ConflictQuery, ConflictSchema, DecidedSchema, DecisionsSchema

bp = Blueprint("conflicts", __name__, url_prefix="/api/conflicts", description="Fields changed on both sides")
SCOPE = "conflicts"


@bp.get("")
@requires(Role.VIEWER)
@bp.arguments(ConflictQuery, location="query")
@bp.response(200, ConflictSchema(many=True))
def index(query: dict[str, Any]) -> Any:
    """The conflicts that wait for a decision, each with the value here, Google's, and the one both began with."""
    google_id = None
    if "customer_id" in query:
        google_id = customers.google_id(query["customer_id"])
        if google_id is None:
            raise Invalid(
                "Not an account.", errors=(Finding("/customer_id", "invalid", "Ten digits, dashes allowed."),)
            )
    scope = f"{SCOPE}:{google_id}:{query.get('entity')}"
    after = pages.read_cursor(query["cursor"], scope, 1)[0] if query["cursor"] else None
    limit = query["limit"]
    rows = conflicts.list_conflicts(
        current_actor(), google_id=google_id, entity=query.get("entity"), after=after, limit=limit + 1
    )
    headers = pages.next_link(pages.make_cursor([rows[limit - 1]["key"]], scope)) if len(rows) > limit else {}
    return rows[:limit], headers


@bp.post("/resolve")
@requires(Role.EDITOR)
@bp.arguments(DecisionsSchema)
@bp.response(200, DecidedSchema(many=True))
def resolve(body: dict[str, Any]) -> list[dict[str, Any]]:
    """Decide conflicts, field by field: `keep_mine` or `take_theirs`; the answer goes by index."""
    decisions = [conflicts.Decision(**item) for item in body["decisions"]]
    states = conflicts.resolve(decisions, current_actor())
    return [{"index": index, "status": state} for index, state in enumerate(states)]
