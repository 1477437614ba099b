"""What has served its time is deleted: used keys, sign-ins that nobody finished, sessions that are over, old events."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Delete, delete, or_
from sqlalchemy.orm import Session

from backend.auth.models import AuthSession, OAuthState
from backend.core import clock
from backend.core.db import unit_of_work
from backend.core.events import EventRow
from backend.core.http import idempotency

SESSIONS_KEPT = timedelta(days=30)
EVENTS_KEPT = timedelta(days=14)


def tidy() -> dict[str, int]:
    """Delete it; answers how many rows of each went. The audit trail is never touched."""
    now = clock.now()
    with unit_of_work() as work:
        session = work.session
        return {
            "idempotency_keys": idempotency.purge(session),
            "oauth_states": _gone(session, delete(OAuthState).where(OAuthState.expires_at < now)),
            "auth_sessions": _gone(
                session,
                delete(AuthSession).where(
                    or_(AuthSession.expires_at < now - SESSIONS_KEPT, AuthSession.revoked_at < now - SESSIONS_KEPT)
                ),
            ),
            "events": _gone(session, delete(EventRow).where(EventRow.created_at < now - EVENTS_KEPT)),
        }


def _gone(session: Session, statement: Delete) -> int:
    return int(getattr(session.execute(statement), "rowcount", 0))
