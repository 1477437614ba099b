"""Bearer API tokens: opaque, shown once, kept as a hash, revocable.

For commands and tests, inside an application context:

    minted = tokens.mint(user_id, "demo")        # Minted(id, token): the only time the token is seen
    tokens.revoke(minted.id)                     # True if it was alive
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.auth.models import ApiToken, User
from backend.core import audit, clock
from backend.core.db import unit_of_work
from backend.core.errors import NotFound
from backend.core.ids import new_id
from backend.core.security import Actor, Role

PREFIX = "cw_pat_"
SECRET_BYTES = 32
Limit = TypeVar("Limit", Role, datetime)


@dataclass(frozen=True, slots=True)
class Minted:
    """A fresh token; `token` is not kept anywhere."""

    id: UUID
    token: str = field(repr=False)


def digest(token: str) -> bytes:
    """What is kept of a token: 256 random bits need no salt and no slow hash."""
    return hashlib.sha256(token.encode()).digest()


def mint(
    user_id: UUID,
    name: str,
    *,
    max_role: Role | None = None,
    lasts: timedelta | None = None,
    actor: Actor | None = None,
) -> Minted:
    """Make a token that acts as a person, at most with `max_role`, for at most `lasts`.

    When `actor` used a token to ask, the new one is capped like it and ends with it at the latest.

    Raises:
        NotFound: there is no such person.
    """
    token = PREFIX + secrets.token_urlsafe(SECRET_BYTES)
    with unit_of_work() as work:
        user = work.session.get(User, user_id)
        if user is None or not user.active:
            raise NotFound("There is no such person.")
        parent = work.session.get(ApiToken, actor.token_id) if actor and actor.token_id else None
        max_role = _lowest(max_role, Role[parent.max_role] if parent and parent.max_role else None)
        ends = _lowest(clock.now() + lasts if lasts else None, parent.expires_at if parent else None)
        row = ApiToken(
            id=new_id(),
            tenant_id=user.tenant_id,
            user_id=user.id,
            name=name,
            token_hash=digest(token),
            max_role=max_role.name if max_role else None,
            expires_at=ends,
        )
        work.session.add(row)
        after = {"name": name, "user": user.email, "max_role": row.max_role, "expires_at": row.expires_at}
        audit.record(
            work.session, actor, "api_key.create", f"api_token:{row.id}", after=after, tenant_id=user.tenant_id
        )
        return Minted(row.id, token)


def _lowest(asked: Limit | None, of_parent: Limit | None) -> Limit | None:
    """The stricter of two limits, None where there is none: what a token makes can do no more than the token."""
    return min((limit for limit in (asked, of_parent) if limit is not None), default=None)


def revoke(token_id: UUID, *, actor: Actor | None = None) -> bool:
    """End a token; False when it was dead already or never there. An actor reaches only the own tenant's."""
    with unit_of_work() as work:
        question = select(ApiToken).where(ApiToken.id == token_id).with_for_update()
        if actor is not None:
            question = question.where(ApiToken.tenant_id == actor.tenant_id)
        row = work.session.scalar(question)
        if row is None or row.revoked_at is not None:
            return False
        row.revoked_at = clock.now()
        subject = f"api_token:{row.id}"
        audit.record(work.session, actor, "api_key.revoke", subject, before={"name": row.name}, tenant_id=row.tenant_id)
        return True


def of_user(session: Session, user_id: UUID) -> list[ApiToken]:
    """A person's tokens, newest first."""
    return list(session.scalars(select(ApiToken).where(ApiToken.user_id == user_id).order_by(ApiToken.id.desc())))
