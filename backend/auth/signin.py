"""Signing in with e-mail and password, invitations, and signing out."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from uuid import UUID

import flask
import orjson
from limits import RateLimitItemPerMinute
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.adgraph.models import Tenant
from backend.auth import passwords, people, sessions
from backend.auth.models import User
from backend.core import audit, clock, metrics, tenancy
from backend.core.db import unit_of_work
from backend.core.errors import Finding, Invalid, NotAllowedYet, Unauthenticated
from backend.core.http.throttle import throttle
from backend.core.logging import get_logger
from backend.core.security import Actor

log = get_logger(__name__)

PER_PERSON = RateLimitItemPerMinute(10, 15)
PER_ADDRESS = RateLimitItemPerMinute(50, 15)
INVITE_LASTS = timedelta(days=7)
INVITE_PREFIX = "cw_inv_"
SIGNATURE_BYTES = 32


def sign_in(email: str, password: str, organisation: str | None) -> sessions.Opened:
    """Open a session for whoever knows the password.

    Raises:
        Unauthenticated: wrong e-mail or password (the answer does not say which).
        RateLimitReached: too many failures for this person or from this address.
    """
    address = flask.request.remote_addr or ""
    throttle().must_have_left(PER_PERSON, "login", email.lower())
    throttle().must_have_left(PER_ADDRESS, "login", address)
    with unit_of_work() as work:
        candidates = _candidates(work.session, email, organisation)
        user = next((user for user in candidates if passwords.holds(password, user.password_hash)), None)
        if not candidates:
            passwords.holds(password, None)
        if user is None:
            known = candidates[0].tenant_id if candidates else None
            audit.record(work.session, None, "login.failed", f"email:{email[:200]}", reason="password", tenant_id=known)
        else:
            if passwords.outdated(user.password_hash or ""):
                user.password_hash = passwords.hashed(password)
            opened = _open(work.session, user, "login.password")
    if user is None:
        throttle().count(PER_PERSON, "login", email.lower())
        throttle().count(PER_ADDRESS, "login", address)
        metrics.SECURITY_EVENTS.labels("login_failed").inc()
        log.warning("login_failed", ip=address)
        raise Unauthenticated("The e-mail address or the password is wrong.", code="login_failed")
    return opened


def change_password(actor: Actor, current: str, password: str) -> sessions.Opened:
    """Set a person's own new password; their sessions and open invitations end, and a fresh session begins.

    Raises:
        NotAllowedYet: the actor is no person, or one without a password.
        Invalid: the present password is wrong.
        RateLimitReached: it was wrong too often.
    """
    throttle().must_have_left(PER_PERSON, "login", actor.name.lower())
    with unit_of_work() as work:
        user = work.session.scalar(select(User).where(User.id == actor.user_id).with_for_update())
        if user is None or not passwords.usable(user.password_hash):
            raise NotAllowedYet("There is no password here to change.", code="no_password")
        right = passwords.holds(current, user.password_hash)
        audit.record(work.session, actor, "password.change" if right else "password.refused", f"user:{user.id}")
        if right:
            user.password_hash = passwords.hashed(password)
            sessions.revoke(work.session, user.id)
            opened = _open(work.session, user, "login.password")
    if not right:
        throttle().count(PER_PERSON, "login", actor.name.lower())
        finding = Finding("/current_password", "wrong", "This is not your present password.")
        raise Invalid("The present password is wrong.", code="password_refused", errors=(finding,))
    return opened


def _candidates(session: Session, email: str, organisation: str | None) -> list[User]:
    question = (
        select(User)
        .join(Tenant, Tenant.id == User.tenant_id)
        .where(func.lower(User.email) == email.lower(), User.active, User.password_hash.is_not(None))
        .order_by(User.created_at)
        .limit(5)
    )
    if organisation is not None:
        question = question.where(Tenant.name == organisation)
    return list(session.scalars(question))


def _open(session: Session, user: User, action: str) -> sessions.Opened:
    opened = sessions.begin(session, user)
    audit.record(session, people.actor_of(session, user), action, f"user:{user.id}", after={"session": str(opened.id)})
    return opened


def open_for(session: Session, user: User, action: str) -> sessions.Opened:
    """Open a session for a person whom somebody else has vouched for (an identity provider)."""
    return _open(session, user, action)


def invitation(user: User) -> tuple[str, datetime]:
    """A token with which a person sets a password, once, within a week.

    It is signed over the password hash as it is now, so that setting a password ends every open invitation.
    """
    expires = clock.now() + INVITE_LASTS
    body = orjson.dumps([str(user.id), int(expires.timestamp())])
    token = base64.urlsafe_b64encode(_sign(body, user.password_hash) + body).decode().rstrip("=")
    return INVITE_PREFIX + token, expires


def accept_invitation(token: str, password: str, name: str | None) -> sessions.Opened:
    """Set the password of an invited person and open a session.

    Raises:
        Invalid: the invitation is not ours, was used, or is over.
    """
    refused = Invalid("The invitation is over, was used already, or is not ours.", code="invitation_refused")
    user_id, expires, signature, body = _read_invitation(token, refused)
    with unit_of_work() as work:
        user = work.session.scalar(select(User).where(User.id == user_id, User.active).with_for_update())
        if user is None or not hmac.compare_digest(signature, _sign(body, user.password_hash)):
            raise refused
        if expires <= clock.now():
            raise refused
        user.password_hash = passwords.hashed(password)
        user.name = name or user.name
        sessions.revoke(work.session, user.id)
        with tenancy.working_for(user.tenant_id):
            return _open(work.session, user, "invitation.accept")


def _read_invitation(token: str, refused: Invalid) -> tuple[UUID, datetime, bytes, bytes]:
    text = token.removeprefix(INVITE_PREFIX)
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        signature, body = raw[:SIGNATURE_BYTES], raw[SIGNATURE_BYTES:]
        user_id, expires = orjson.loads(body)
        return UUID(user_id), datetime.fromtimestamp(expires, UTC), signature, body
    except (ValueError, TypeError, OverflowError) as error:
        raise refused from error


def _sign(body: bytes, password_hash: str | None) -> bytes:
    key = str(flask.current_app.config["SECRET_KEY"]).encode()
    return hmac.new(key, b"invite\x00" + (password_hash or "").encode() + b"\x00" + body, hashlib.sha256).digest()
