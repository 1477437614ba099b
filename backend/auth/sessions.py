"""Browser sessions: kept in the database, named by an HttpOnly cookie, guarded against forged requests by a token.

A session begins at sign-in with a fresh id (whatever cookie came along), ends when idle for `IDLE`, when older than
`LONGEST`, or when revoked. The CSRF token is derived from the cookie, so that a page of our own origin can be given it
and a foreign one can neither read nor guess it.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from backend.auth.models import AuthSession, User
from backend.core import clock
from backend.core.ids import new_id

COOKIE = "cw_session"
CSRF_HEADER = "X-CSRF-Token"
IDLE = timedelta(hours=12)
LONGEST = timedelta(days=7)
TOUCH_EVERY = timedelta(minutes=5)
SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Opened:
    """A session that was begun; `cookie` is not kept anywhere."""

    id: UUID
    cookie: str = field(repr=False)


def digest(cookie: str) -> bytes:
    """What is kept of a cookie."""
    return hashlib.sha256(cookie.encode()).digest()


def csrf_token(cookie: str) -> str:
    """The token that a request with this cookie must carry to change anything."""
    key = str(flask.current_app.config["SECRET_KEY"]).encode()
    return hmac.new(key, b"csrf\x00" + cookie.encode(), hashlib.sha256).hexdigest()


def csrf_holds(cookie: str, given: str | None) -> bool:
    """Compare in constant time."""
    return given is not None and hmac.compare_digest(csrf_token(cookie).encode(), given.encode())


def begin(session: Session, user: User) -> Opened:
    """Open a session for a person who has just proved who they are."""
    cookie = secrets.token_urlsafe(SECRET_BYTES)
    now = clock.now()
    row = AuthSession(
        id=new_id(),
        tenant_id=user.tenant_id,
        user_id=user.id,
        cookie_hash=digest(cookie),
        user_agent=(flask.request.user_agent.string or "")[:300],
        ip=flask.request.remote_addr,
        expires_at=now + LONGEST,
        idle_expires_at=now + IDLE,
    )
    session.add(row)
    return Opened(row.id, cookie)


def find(session: Session, cookie: str) -> tuple[AuthSession, User] | None:
    """The living session that a cookie names, and its person; using it keeps it from going idle."""
    found = session.execute(
        select(AuthSession, User)
        .join(User, User.id == AuthSession.user_id)
        .where(AuthSession.cookie_hash == digest(cookie), AuthSession.revoked_at.is_(None), User.active)
    ).one_or_none()
    if found is None:
        return None
    row, user = found
    now = clock.now()
    if row.expires_at <= now or row.idle_expires_at <= now:
        return None
    if row.idle_expires_at < now + IDLE - TOUCH_EVERY:
        row.idle_expires_at = now + IDLE
    return row, user


def alive(session: Session, user_id: UUID) -> list[AuthSession]:
    """A person's living sessions, newest first."""
    now = clock.now()
    return list(
        session.scalars(
            select(AuthSession)
            .where(
                AuthSession.user_id == user_id,
                AuthSession.revoked_at.is_(None),
                AuthSession.expires_at > now,
                AuthSession.idle_expires_at > now,
            )
            .order_by(AuthSession.id.desc())
        )
    )


def revoke(session: Session, user_id: UUID, session_id: UUID | None = None, *, but: UUID | None = None) -> int:
    """End one session of a person, or all (except `but`); returns how many lived."""
    question = update(AuthSession).where(AuthSession.user_id == user_id, AuthSession.revoked_at.is_(None))
    if session_id is not None:
        question = question.where(AuthSession.id == session_id)
    if but is not None:
        question = question.where(AuthSession.id != but)
    return int(getattr(session.execute(question.values(revoked_at=clock.now())), "rowcount", 0))


def set_cookie(response: flask.Response, opened: Opened, *, secure: bool) -> None:
    """Give the browser its session."""
    response.set_cookie(
        COOKIE,
        opened.cookie,
        max_age=int(LONGEST.total_seconds()),
        path="/",
        secure=secure,
        httponly=True,
        samesite="Lax",
    )


def clear_cookie(response: flask.Response, *, secure: bool) -> None:
    """Take it back."""
    response.delete_cookie(COOKIE, path="/", secure=secure, httponly=True, samesite="Lax")
