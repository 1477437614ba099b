"""Signing in with Microsoft Entra ID: begin, complete, and bearer tokens of an allowed directory.

A person is known by (tid, oid), never by e-mail. App roles (`roles`) come before groups; more than 200 groups are not
in the token (overage), and then no group gives a role, which is said. For people of a directory the role everywhere
comes from the directory at every sign-in; roles on single accounts are given here.
"""

from __future__ import annotations

import functools
import hashlib
import secrets
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from backend.adgraph.models import Tenant
from backend.auth import people, sessions, signin
from backend.auth.google import LIFETIME, SECRET_BYTES, Begun
from backend.auth.models import Membership, OAuthState, User
from backend.auth.sealed_state import open_state, seal_state
from backend.core import audit, clock, tenancy
from backend.core.db import unit_of_work
from backend.core.errors import Forbidden, Invalid, Unavailable
from backend.core.ids import new_id
from backend.core.logging import get_logger
from backend.core.security import Actor, Role
from backend.integrations.oauth import oidc
from backend.integrations.oauth.google import (
    ClientRefused,
    CodeRefused,
    ProviderUnavailable,
    TokenRefused,
    new_verifier,
)
from config import EntraSettings

log = get_logger(__name__)

PURPOSE = "entra"
OVERAGE = "You are in too many groups for the token to list them; ask for an app role instead."


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session that was opened, and where the browser wanted to go."""

    session: sessions.Opened
    return_to: str | None


@functools.lru_cache(maxsize=16)
def provider_of(issuer: str) -> oidc.Provider:
    """The issuer, described once per process."""
    return oidc.discover(issuer)


def begin(entra: EntraSettings, redirect_uri: str, tid: str | None, return_to: str | None) -> Begun:
    """Start a sign-in at one of the allowed directories.

    Raises:
        Invalid: the directory is not allowed.
        Unavailable: it cannot be reached.
    """
    tid = (tid or entra.tenants[0]).lower()
    if tid not in entra.tenants:
        raise Invalid("This directory may not sign in here.", code="entra_tenant_refused")
    state, nonce, binding = (secrets.token_urlsafe(SECRET_BYTES) for _ in range(3))
    verifier = new_verifier()
    try:
        url = oidc.authorization_url(
            provider_of(entra.issuer(tid)),
            client_id=entra.client_id,
            redirect_uri=redirect_uri,
            state=state,
            nonce=nonce,
            verifier=verifier,
        )
    except ProviderUnavailable as error:
        raise Unavailable(error.message, code="entra_unreachable") from None
    state_hash = _digest(state)
    with unit_of_work() as work:
        work.session.add(
            OAuthState(
                state_hash=state_hash,
                purpose=PURPOSE,
                tenant_id=None,
                user_id=None,
                binding_hash=_digest(binding),
                sealed_verifier=seal_state(orjson.dumps([verifier, nonce, tid]).decode(), None, state_hash),
                return_to=return_to,
                expires_at=clock.now() + LIFETIME,
            )
        )
    return Begun(url, binding)


def complete(
    entra: EntraSettings,
    redirect_uri: str,
    *,
    state: str | None,
    binding: str | None,
    code: str | None,
    error: str | None,
) -> SignedIn:
    """Finish a sign-in: spend the state, exchange the code, verify the ID token, open a session.

    Raises:
        Invalid: the state, the code or the token does not hold.
        Forbidden: the person has no role here, or was suspended.
        Unavailable: the provider cannot be reached.
    """
    verifier, nonce, tid, return_to = _spend_state(state, binding)
    if error or not code:
        raise Invalid("The sign-in was ended at the identity provider.", code="entra_denied")
    claims = _claims(entra, redirect_uri, tid, code=code, verifier=verifier, nonce=nonce)
    identity = _identity(claims, tid)
    role = role_from(entra, claims)
    with unit_of_work() as work:
        user = _person(work.session, entra, identity, claims, role)
        with tenancy.working_for(user.tenant_id):
            _set_role(work.session, user, role)
            able = people.actor_of(work.session, user).highest_role is not None
            opened = signin.open_for(work.session, user, "login.entra") if able else None
    # What the directory took away is committed before its owner is refused: open sessions and tokens lose it too.
    if opened is None:
        raise _without_role(identity, claims)
    return SignedIn(opened, return_to)


def bearer_actor(entra: EntraSettings, token: str) -> Actor | None:
    """The person whom a directory's access token for our API names; None when it does not hold or nobody is known."""
    if entra.api_audience is None:
        return None
    issuer = oidc.claimed_issuer(token)
    for tid in (tid for tid in entra.tenants if entra.issuer(tid) == issuer):
        try:
            claims = oidc.verified(
                provider_of(entra.issuer(tid)), token, audience=entra.api_audience, now=int(clock.now().timestamp())
            )
            identity = _identity(claims, tid)
        except (TokenRefused, ProviderUnavailable, Invalid):
            continue
        with unit_of_work() as work:
            user = _known(work.session, identity)
            return people.actor_of(work.session, user) if user is not None and user.active else None
    return None


def role_from(entra: EntraSettings, claims: dict[str, Any]) -> Role | None:
    """The highest role that app roles give, else the highest that groups give."""
    listed = claims.get("roles")
    names = {str(name).rsplit(".", 1)[-1].upper() for name in listed} if isinstance(listed, list) else set()
    app_roles = [Role[name] for name in names if name in Role.__members__]
    if app_roles:
        return max(app_roles)
    if _overage(claims) or not isinstance(claims.get("groups"), list):
        return None
    groups = {str(group).lower() for group in claims["groups"]}
    return max((Role[role] for group, role in entra.group_roles if group in groups), default=None)


def _overage(claims: dict[str, Any]) -> bool:
    names = claims.get("_claim_names")
    return bool(claims.get("hasgroups")) or (isinstance(names, dict) and "groups" in names)


def _spend_state(state: str | None, binding: str | None) -> tuple[str, str, str, str | None]:
    if not state or not binding:
        raise Invalid("The answer carries no state, or came to another browser.", code="entra_state_missing")
    with unit_of_work() as work:
        row = work.session.execute(
            delete(OAuthState)
            .where(OAuthState.state_hash == _digest(state), OAuthState.purpose == PURPOSE)
            .returning(OAuthState)
        ).scalar_one_or_none()
    if row is None or row.expires_at <= clock.now():
        raise Invalid("The sign-in is unknown, was used already, or took too long.", code="entra_state_unknown")
    if not secrets.compare_digest(row.binding_hash, _digest(binding)):
        raise Invalid("The sign-in was begun in another browser.", code="entra_state_foreign")
    verifier, nonce, tid = orjson.loads(
        open_state(row.sealed_verifier, None, row.state_hash, refused="entra_state_unknown")
    )
    return verifier, nonce, tid, row.return_to


def _claims(
    entra: EntraSettings, redirect_uri: str, tid: str, *, code: str, verifier: str, nonce: str
) -> dict[str, Any]:
    try:
        provider = provider_of(entra.issuer(tid))
        token = oidc.exchange(
            provider,
            client_id=entra.client_id,
            client_secret=entra.client_secret,
            redirect_uri=redirect_uri,
            code=code,
            verifier=verifier,
        )
        return oidc.verified(provider, token, audience=entra.client_id, nonce=nonce, now=int(clock.now().timestamp()))
    except CodeRefused:
        raise Invalid("The identity provider refused the code; sign in again.", code="entra_code_refused") from None
    except TokenRefused as refused:
        log.warning("entra_token_refused", reason=refused.reason)
        raise Invalid("The identity provider's token does not hold.", code="entra_token_refused") from None
    except ClientRefused:
        raise Unavailable(
            "The identity provider refused our client: check ENTRA_CLIENT_ID and ENTRA_CLIENT_SECRET.",
            code="entra_client_refused",
            retry_after=300,
        ) from None
    except ProviderUnavailable as error:
        raise Unavailable(error.message, code="entra_unreachable") from None


def _identity(claims: dict[str, Any], tid: str) -> tuple[UUID, UUID]:
    """(tid, oid) of a verified token; the directory must be the one that was asked."""
    try:
        found, oid = UUID(str(claims.get("tid"))), UUID(str(claims.get("oid")))
    except ValueError:
        raise Invalid("The token names no directory or no person.", code="entra_token_refused") from None
    if str(found) != tid:
        raise Invalid("The token is of another directory.", code="entra_tenant_refused")
    return found, oid


def _without_role(identity: tuple[UUID, UUID], claims: dict[str, Any]) -> Forbidden:
    log.warning("entra_without_role", directory=str(identity[0]), person=str(identity[1]))
    why = OVERAGE if _overage(claims) else "Your account has no role here; ask an administrator."
    return Forbidden(why, code="no_role")


def _known(session: Session, identity: tuple[UUID, UUID]) -> User | None:
    return session.scalar(select(User).where(User.entra_tid == identity[0], User.entra_oid == identity[1]))


def _person(
    session: Session, entra: EntraSettings, identity: tuple[UUID, UUID], claims: dict[str, Any], role: Role | None
) -> User:
    """The known person, or a new one with a role; two sign-ins of one person come one after the other.

    Raises:
        Forbidden: the person was suspended, or is a stranger without a role, of whom nothing is kept.
    """
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"entra:{identity[0]}:{identity[1]}", 0))))
    user = _known(session, identity)
    if user is None and role is None:
        raise _without_role(identity, claims)
    if user is not None and not user.active:
        raise Forbidden("Your account was suspended; ask an administrator.", code="suspended")
    return user or _newcomer(session, entra, identity, claims)


def _newcomer(session: Session, entra: EntraSettings, identity: tuple[UUID, UUID], claims: dict[str, Any]) -> User:
    """Make a person of the directory known here; an e-mail address that is taken is never taken over."""
    name = entra.organisation or people.DEFAULT_TENANT
    tenant = session.scalar(select(Tenant).where(Tenant.name == name).order_by(Tenant.created_at).limit(1))
    if tenant is None:
        raise Unavailable(f"There is no organisation {name!r}: check ENTRA_ORGANISATION.", code="entra_not_configured")
    session.execute(select(people.lock_of(tenant.id)))
    email = str(claims.get("email") or claims.get("preferred_username") or f"{identity[1]}@entra.invalid")[:254]
    if people.find_by_email(session, tenant.id, email) is not None:
        email = f"{identity[1]}@entra.invalid"
    user = User(
        id=new_id(),
        tenant_id=tenant.id,
        email=email,
        name=str(claims.get("name") or email)[:200],
        entra_tid=identity[0],
        entra_oid=identity[1],
        active=True,
    )
    session.add(user)
    session.flush()
    after = {"email": email, "directory": str(identity[0])}
    audit.record(session, None, "user.create", f"user:{user.id}", after=after, tenant_id=tenant.id)
    return user


def _set_role(session: Session, user: User, role: Role | None) -> None:
    """What the directory says is what holds everywhere."""
    row = session.scalar(
        select(Membership).where(Membership.user_id == user.id, Membership.customer_id.is_(None)).with_for_update()
    )
    before = row.role if row else None
    after = role.name if role else None
    if before == after:
        return
    if row is not None:
        session.delete(row)
        session.flush()
    if after is not None:
        session.add(Membership(id=new_id(), tenant_id=user.tenant_id, user_id=user.id, customer_id=None, role=after))
    session.flush()
    audit.record(
        session,
        None,
        "user.roles",
        f"user:{user.id}",
        {"everywhere": before},
        {"everywhere": after},
        "from the directory",
        tenant_id=user.tenant_id,
    )


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
