"""Who sends this request: the credential is looked up before any view runs, and the tenant is announced.

Read in this order, the first that is there decides: `Authorization: Bearer` (an API token, or a JWT of a trusted
issuer), `X-Service-Auth`, the session cookie. A credential that does not hold is a 401 on every route that needs one;
public routes answer all the same. A change made with a cookie also needs the CSRF token.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.auth import entra, people, sessions, tokens
from backend.auth.administration import service_digest
from backend.auth.models import ApiToken, ServiceKey, User
from backend.core import clock, metrics, tenancy
from backend.core.db import unit_of_work
from backend.core.errors import Forbidden, Unauthenticated
from backend.core.logging import get_logger
from backend.core.security import GUARD, Actor, Role, read_actors_with
from config import EntraSettings

log = get_logger(__name__)

USED_EVERY = timedelta(minutes=1)
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
SERVICE_HEADER = "X-Service-Auth"
BEARER_CHALLENGE = {"WWW-Authenticate": 'Bearer error="invalid_token"'}


def init_app(app: flask.Flask) -> None:
    """Authenticate every request of the application."""
    app.before_request(authenticate)
    read_actors_with(app, _actor)
    app.teardown_request(leave)


def leave(_: BaseException | None) -> None:
    """The thread works for nobody once the request is over."""
    tenancy.enter(None)


def authenticate() -> None:
    """Put the actor of the request where `current_actor()` finds it.

    Raises:
        Forbidden: 403 `csrf_failed`, a change with a cookie and without its token.
    """
    tenancy.enter(None)
    view = flask.current_app.view_functions.get(flask.request.endpoint or "")
    if getattr(view, GUARD, None) is None or flask.request.method == "OPTIONS":
        return
    actor = _actor()
    if actor is not None:
        flask.g.actor = actor
        tenancy.enter(actor.tenant_id)


def _actor() -> Actor | None:
    if "Authorization" in flask.request.headers:
        return _from_bearer(flask.request.headers["Authorization"])
    if SERVICE_HEADER in flask.request.headers:
        return _from_service_key(flask.request.headers[SERVICE_HEADER])
    cookie = flask.request.cookies.get(sessions.COOKIE)
    return _from_cookie(cookie) if cookie else None


def _from_bearer(header: str) -> Actor | None:
    scheme, _, credential = header.partition(" ")
    credential = credential.strip()
    if scheme.lower() != "bearer" or not credential:
        refuse("bearer_malformed", "The Authorization header must be: Bearer <token>.")
        return None
    if credential.count(".") == 2:
        actor = _jwt_actor(credential)
    else:
        with unit_of_work() as work:
            actor = _token_actor(work.session, credential)
    if actor is None:
        refuse("bearer_unknown", "The token is unknown, expired or revoked.")
    return actor


def _token_actor(session: Session, token: str) -> Actor | None:
    found = session.execute(
        select(ApiToken, User)
        .join(User, User.id == ApiToken.user_id)
        .where(ApiToken.token_hash == tokens.digest(token), ApiToken.revoked_at.is_(None), User.active)
    ).one_or_none()
    if found is None:
        return None
    row, user = found
    if not _still_good(row):
        return None
    return people.actor_of(session, user, cap=Role[row.max_role] if row.max_role else None, token_id=row.id)


def _jwt_actor(token: str) -> Actor | None:
    settings: EntraSettings | None = flask.current_app.config["SETTINGS"].entra
    return entra.bearer_actor(settings, token) if settings else None


def _from_service_key(key: str) -> Actor | None:
    with unit_of_work() as work:
        row = work.session.scalar(
            select(ServiceKey).where(ServiceKey.key_hash == service_digest(key), ServiceKey.revoked_at.is_(None))
        )
        good = row is not None and _still_good(row)
    if row is None or not good:
        refuse("service_key_unknown", f"The {SERVICE_HEADER} key is unknown, expired or revoked.")
        return None
    role = Role[row.role]
    accounts = None if row.customer_ids is None else {UUID(account): role for account in row.customer_ids}
    return Actor(
        tenant_id=row.tenant_id,
        user_id=None,
        name=row.name,
        kind="service",
        everywhere=role if accounts is None else None,
        on_customer=accounts or {},
        token_id=row.id,
    )


def _still_good(row: ApiToken | ServiceKey) -> bool:
    """Not expired; its use is noted, at most once a minute."""
    now = clock.now()
    if row.expires_at is not None and row.expires_at <= now:
        return False
    if row.last_used_at is None or row.last_used_at < now - USED_EVERY:
        row.last_used_at = now
    return True


def _from_cookie(cookie: str) -> Actor | None:
    with unit_of_work() as work:
        found = sessions.find(work.session, cookie)
        actor = people.actor_of(work.session, found[1], session_id=found[0].id) if found else None
    if actor is None:
        refuse("session_over", "The session is over; sign in again.")
        return None
    if flask.request.method not in SAFE and not sessions.csrf_holds(cookie, _csrf_header()):
        log.warning("csrf_refused", path=flask.request.path, ip=flask.request.remote_addr)
        metrics.SECURITY_EVENTS.labels("csrf").inc()
        raise Forbidden(
            f"A change with a session cookie needs {sessions.CSRF_HEADER}; /api/me gives its value.", code="csrf_failed"
        )
    flask.g.csrf_token = sessions.csrf_token(cookie)
    return actor


def _csrf_header() -> str | None:
    return flask.request.headers.get(sessions.CSRF_HEADER)


def refuse(kind: str, detail: str) -> None:
    """Remember why the credential does not hold; the route that needs one answers with it."""
    log.warning("authentication_refused", kind=kind, path=flask.request.path, ip=flask.request.remote_addr)
    metrics.SECURITY_EVENTS.labels(kind).inc()
    flask.g.authentication_problem = Unauthenticated(detail, headers=BEARER_CHALLENGE)
