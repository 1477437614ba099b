"""`/api/tokens`: the caller's own bearer tokens."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from backend.auth import tokens
from backend.auth.models import ApiToken
from backend.auth.schemas_people import MintedTokenSchema, NewTokenSchema, TokenSchema
from backend.core.db import unit_of_work
from backend.core.errors import Forbidden, NotFound
from backend.core.http import Blueprint, created, idempotent
from backend.core.security import Role, current_actor, requires

bp = Blueprint("tokens", __name__, url_prefix="/api/tokens", description="Bearer tokens of one's own")


@bp.get("")
@requires(Role.VIEWER)
@bp.response(200, TokenSchema(many=True))
def index() -> list[dict[str, Any]]:
    """The caller's tokens, newest first, dead ones too."""
    actor = current_actor()
    with unit_of_work() as work:
        rows = tokens.of_user(work.session, actor.user_id) if actor.user_id else []
    return [described(row) for row in rows]


@bp.post("")
@requires(Role.VIEWER)
@idempotent(secret=True)
@bp.arguments(NewTokenSchema)
@bp.response(201, MintedTokenSchema)
def create(body: dict[str, Any]) -> Any:
    """Make a token that acts as the caller, at most with `max_role`; it is shown this once."""
    actor = current_actor()
    if actor.user_id is None:
        raise Forbidden("A service has no tokens of its own.")
    cap = Role[body["max_role"].upper()] if body["max_role"] else None
    lasts = timedelta(days=body["expires_in_days"]) if body["expires_in_days"] else None
    minted = tokens.mint(actor.user_id, body["name"], max_role=cap, lasts=lasts, actor=actor)
    return created({"id": minted.id, "token": minted.token}, f"/api/tokens/{minted.id}")


@bp.delete("/<uuid:token_id>")
@requires(Role.VIEWER)
@bp.response(204)
def revoke(token_id: UUID) -> tuple[str, int]:
    """End a token of the caller's own; an administrator ends anybody's."""
    actor = current_actor()
    with unit_of_work() as work:
        row = work.session.get(ApiToken, token_id)
        owned = row is not None and row.tenant_id == actor.tenant_id
        if row is None or not owned or (row.user_id != actor.user_id and actor.everywhere is not Role.ADMIN):
            raise NotFound("There is no such token.")
    if not tokens.revoke(token_id, actor=actor):
        raise NotFound("The token has already ended.")
    return "", 204


def described(row: ApiToken) -> dict[str, Any]:
    """A token as the API shows it."""
    names = ("id", "name", "created_at", "expires_at", "last_used_at", "revoked_at")
    return {**{name: getattr(row, name) for name in names}, "max_role": row.max_role.lower() if row.max_role else None}
