"""`/api/users`: the people of the organisation, for its administrators."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.auth import administration, passwords, sessions, signin, tokens
from backend.auth.models import User
from backend.auth.routes.tokens import described as described_token
from backend.auth.schemas_people import (
    ChangeUserSchema,
    InvitationSchema,
    InviteSchema,
    RolesSchema,
    TokenSchema,
    UserSchema,
)
from backend.core import audit
from backend.core.db import unit_of_work
from backend.core.http import Blueprint, created, etags, idempotent, pages
from backend.core.security import Actor, Role, current_actor, requires

bp = Blueprint("people", __name__, url_prefix="/api/users", description="People and their roles")


@bp.get("")
@requires(Role.ADMIN)
@bp.arguments(pages.PageQuery, location="query")
@bp.response(200, UserSchema(many=True))
def index(query: dict[str, Any]) -> Any:
    """The people of the organisation, in the order they came."""
    actor = _administrator()
    question = select(User).where(User.tenant_id == actor.tenant_id)
    with unit_of_work() as work:
        rows, headers = pages.page(work.session, question, (pages.Key(User.id),), query)
        return [described(work.session, row) for row in rows], headers


@bp.post("")
@requires(Role.ADMIN)
@idempotent(secret=True)
@bp.arguments(InviteSchema)
@bp.response(201, InvitationSchema)
def invite(body: dict[str, Any]) -> Any:
    """Invite a person; the token of the invitation is shown this once."""
    actor = _administrator()
    with unit_of_work() as work:
        user = administration.invite(work.session, body["email"], body["name"], body["roles"], actor)
        return created(_invitation(work.session, user), f"/api/users/{user.id}")


@bp.get("/<uuid:user_id>")
@requires(Role.ADMIN)
@bp.etagged
@bp.response(200, UserSchema)
def show(user_id: UUID) -> Any:
    """One person."""
    actor = _administrator()
    with unit_of_work() as work:
        return _tagged(described(work.session, administration.find_user(work.session, user_id, actor)))


@bp.patch("/<uuid:user_id>")
@requires(Role.ADMIN)
@bp.etagged
@bp.arguments(ChangeUserSchema)
@bp.response(200, UserSchema)
def change(body: dict[str, Any], user_id: UUID) -> Any:
    """Rename, suspend (`active: false` ends sessions and tokens at once) or re-admit a person."""
    actor = _administrator()
    with unit_of_work() as work:
        user = _as_last_read(work.session, user_id, actor)
        administration.change_user(work.session, user, body, actor)
        return _tagged(described(work.session, user))


@bp.put("/<uuid:user_id>/roles")
@requires(Role.ADMIN)
@bp.etagged
@bp.arguments(RolesSchema)
@bp.response(200, UserSchema)
def set_roles(body: dict[str, Any], user_id: UUID) -> Any:
    """Replace what a person may do."""
    actor = _administrator()
    with unit_of_work() as work:
        user = _as_last_read(work.session, user_id, actor)
        administration.set_roles(work.session, user, body, actor)
        return _tagged(described(work.session, user))


@bp.post("/<uuid:user_id>/invitation")
@requires(Role.ADMIN)
@idempotent(secret=True)
@bp.response(201, InvitationSchema)
def invite_again(user_id: UUID) -> Any:
    """A fresh invitation for a person: the password so far and every earlier invitation end."""
    actor = _administrator()
    with unit_of_work() as work:
        user = administration.find_user(work.session, user_id, actor)
        administration.invite_again(work.session, user, actor)
        return created(_invitation(work.session, user), f"/api/users/{user.id}")


@bp.delete("/<uuid:user_id>/sessions")
@requires(Role.ADMIN)
@bp.response(204)
def end_sessions(user_id: UUID) -> tuple[str, int]:
    """End every browser session of a person."""
    actor = _administrator()
    with unit_of_work() as work:
        user = administration.find_user(work.session, user_id, actor)
        sessions.revoke(work.session, user.id)
        audit.record(work.session, actor, "sessions.revoke", f"user:{user.id}")
    return "", 204


@bp.get("/<uuid:user_id>/tokens")
@requires(Role.ADMIN)
@bp.response(200, TokenSchema(many=True))
def list_tokens(user_id: UUID) -> list[dict[str, Any]]:
    """The tokens of a person."""
    actor = _administrator()
    with unit_of_work() as work:
        user = administration.find_user(work.session, user_id, actor)
        return [described_token(row) for row in tokens.of_user(work.session, user.id)]


def described(session: Session, user: User) -> dict[str, Any]:
    """A person as the API shows them."""
    ways = [("password", passwords.usable(user.password_hash)), ("entra", user.entra_oid)]
    return {
        "id": user.id,
        "email": user.email,
        "name": user.name,
        "active": user.active,
        "sign_in": [way for way, kept in ways if kept],
        "roles": administration.roles_of(session, user),
        "created_at": user.created_at,
    }


def _as_last_read(session: Session, user_id: UUID, actor: Actor) -> User:
    """The person, locked, if nobody changed them since the caller read them."""
    user = administration.find_user(session, user_id, actor, lock=True)
    etags.must_match(_version(described(session, user)))
    return user


def _tagged(person: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    return person, etags.headers(_version(person))


def _version(person: dict[str, Any]) -> str:
    return etags.content({name: person[name] for name in ("name", "active", "roles")})


def _invitation(session: Session, user: User) -> dict[str, Any]:
    session.flush()
    session.refresh(user)
    token, expires = signin.invitation(user)
    return {"user": described(session, user), "invite_token": token, "expires_at": expires}


def _administrator() -> Actor:
    actor = current_actor()
    administration.must_administer(actor)
    return actor
