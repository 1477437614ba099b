"""Who sends this request: the credential is looked up before any view runs, and the tenant is announced.

A credential that does not hold is a 401 on every route that needs one; public routes answer all the same.
"""

from __future__ import annotations

from datetime import timedelta

import flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.auth import people, tokens
from backend.auth.models import ApiToken, User
from backend.core import clock, metrics, tenancy
from backend.core.db import unit_of_work
from backend.core.errors import Unauthenticated
from backend.core.logging import get_logger
from backend.core.security import GUARD, Actor, Role

log = get_logger(__name__)

USED_EVERY = timedelta(minutes=1)


def init_app(app: flask.Flask) -> None:
    """Authenticate every request of the application."""
    app.before_request(authenticate)


def authenticate() -> None:
    """Put the actor of the request where `current_actor()` finds it."""
    tenancy.enter(None)
    view = flask.current_app.view_functions.get(flask.request.endpoint or "")
    if getattr(view, GUARD, None) is None or flask.request.method == "OPTIONS":
        return
    actor = _from_bearer()
    if actor is not None:
        flask.g.actor = actor
        tenancy.enter(actor.tenant_id)


def _from_bearer() -> Actor | None:
    header = flask.request.headers.get("Authorization", "")
    scheme, _, credential = header.partition(" ")
    if not header:
        return None
    if scheme.lower() != "bearer" or not credential.strip():
        refuse("bearer_malformed", "The Authorization header must be: Bearer <token>.")
        return None
    with unit_of_work() as work:
        actor = _token_actor(work.session, credential.strip())
    if actor is None:
        refuse("bearer_unknown", "The token is unknown, expired or revoked.")
    return actor


def _token_actor(session: Session, token: str) -> Actor | None:
    found = session.execute(
        select(ApiToken, User)
        .join(User, User.id == ApiToken.user_id)
        .where(ApiToken.token_hash == tokens.digest(token))
    ).one_or_none()
    if found is None:
        return None
    row, user = found
    now = clock.now()
    if row.revoked_at is not None or not user.active or (row.expires_at is not None and row.expires_at <= now):
        return None
    if row.last_used_at is None or row.last_used_at < now - USED_EVERY:
        row.last_used_at = now
    return people.actor_of(session, user, cap=Role[row.max_role] if row.max_role else None, token_id=row.id)


def refuse(kind: str, detail: str) -> None:
    """Remember why the credential does not hold; the route that needs one answers with it."""
    log.warning("authentication_refused", kind=kind, path=flask.request.path, ip=flask.request.remote_addr)
    metrics.SECURITY_EVENTS.labels(kind).inc()
    flask.g.authentication_problem = Unauthenticated(
        detail, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'}
    )
