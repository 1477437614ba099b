"""`/auth/login`, `/auth/logout`, invitations and the caller's own browser sessions."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import flask

from backend.auth import sessions, signin
from backend.auth.schemas_people import (
    AcceptInvitationSchema,
    ChangePasswordSchema,
    SessionSchema,
    SignedInSchema,
    SignInSchema,
)
from backend.core import audit
from backend.core.db import unit_of_work
from backend.core.errors import NotFound
from backend.core.http import Blueprint
from backend.core.security import Role, current_actor, public, requires

bp = Blueprint("signin", __name__, url_prefix="/auth", description="Signing in and out")


@bp.post("/login")
@public
@bp.arguments(SignInSchema)
@bp.response(200, SignedInSchema)
@bp.alt_response(401, response="PROBLEM_401")
def login(body: dict[str, Any]) -> flask.Response:
    """Open a browser session; the answer sets its cookie and gives the CSRF token."""
    return opened(signin.sign_in(body["email"], body["password"], body["organisation"]))


@bp.post("/invitations/accept")
@public
@bp.arguments(AcceptInvitationSchema)
@bp.response(200, SignedInSchema)
def accept(body: dict[str, Any]) -> flask.Response:
    """Set a password with an invitation, once; opens a session."""
    return opened(signin.accept_invitation(body["token"], body["password"], body["name"]))


@bp.post("/password")
@requires(Role.VIEWER)
@bp.arguments(ChangePasswordSchema)
@bp.response(200, SignedInSchema)
def change_password(body: dict[str, Any]) -> flask.Response:
    """Change one's own password: every session of the caller ends, and a fresh one is opened."""
    return opened(signin.change_password(current_actor(), body["current_password"], body["password"]))


@bp.post("/logout")
@requires(Role.VIEWER)
@bp.response(204)
def logout() -> flask.Response:
    """End the session of this cookie."""
    actor = current_actor()
    if actor.session_id is not None and actor.user_id is not None:
        with unit_of_work() as work:
            sessions.revoke(work.session, actor.user_id, actor.session_id)
            audit.record(work.session, actor, "logout", f"user:{actor.user_id}")
    response = flask.Response(status=204)
    sessions.clear_cookie(response, secure=secure())
    return response


@bp.get("/sessions")
@requires(Role.VIEWER)
@bp.response(200, SessionSchema(many=True))
def index() -> list[dict[str, Any]]:
    """The caller's living sessions."""
    actor = current_actor()
    if actor.user_id is None:
        return []
    names = ("id", "user_agent", "ip", "created_at", "expires_at", "idle_expires_at")
    with unit_of_work() as work:
        rows = sessions.alive(work.session, actor.user_id)
    return [{**{name: getattr(row, name) for name in names}, "current": row.id == actor.session_id} for row in rows]


@bp.delete("/sessions")
@requires(Role.VIEWER)
@bp.response(204)
def revoke_all() -> tuple[str, int]:
    """End every session of the caller but this one."""
    actor = current_actor()
    if actor.user_id is not None:
        with unit_of_work() as work:
            sessions.revoke(work.session, actor.user_id, but=actor.session_id)
            audit.record(work.session, actor, "sessions.revoke", f"user:{actor.user_id}")
    return "", 204


@bp.delete("/sessions/<uuid:session_id>")
@requires(Role.VIEWER)
@bp.response(204)
def revoke(session_id: UUID) -> tuple[str, int]:
    """End one session of the caller."""
    actor = current_actor()
    with unit_of_work() as work:
        if actor.user_id is None or not sessions.revoke(work.session, actor.user_id, session_id):
            raise NotFound("There is no such session.")
        audit.record(work.session, actor, "session.revoke", f"session:{session_id}")
    return "", 204


def opened(session: sessions.Opened) -> flask.Response:
    """The answer to a sign-in: the cookie, and the token that goes with it."""
    response = flask.jsonify({"csrf_token": sessions.csrf_token(session.cookie)})
    sessions.set_cookie(response, session, secure=secure())
    return response


def secure() -> bool:
    """Whether cookies are for https only."""
    return urlsplit(str(flask.current_app.config["SETTINGS"].public_url)).scheme == "https"
