"""Connecting a Google account: begin (state, PKCE, where to send the browser), complete (exchange, verify, store).

The state is single use, lives ten minutes and is bound to the browser that began it by a cookie; only its hash is kept,
the PKCE verifier only sealed. Nothing is stored before Google has vouched for the token.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from backend.auth import administration, credentials, people
from backend.auth.models import CustomerAccess, GoogleAccount, OAuthState, User, UserCredential
from backend.auth.sealed_state import open_state, seal_state
from backend.core import audit, clock, tenancy
from backend.core.crypto import DecryptionRefused
from backend.core.db import Work, unit_of_work
from backend.core.errors import Conflict, Invalid, NotFound, Problem, Unavailable
from backend.core.ids import new_id
from backend.core.security import Actor, Role
from backend.integrations.oauth import google as vendor
from backend.jobs.models import Job
from backend.jobs.service import open_job
from config import GoogleSettings

LIFETIME = timedelta(minutes=10)
SECRET_BYTES = 32
DISCOVER = "discover"
PURPOSE = "google"
NOT_WITHDRAWN = "its token does not open: the consent still stands at Google"
WITHOUT_OFFLINE_ACCESS = (
    "No refresh token came back: Google sends one only with a fresh consent for offline access. Open "
    "myaccount.google.com/connections, remove this application's access, and connect again."
)


@dataclass(frozen=True, slots=True)
class Begun:
    """Where to send the browser, and the secret that its cookie carries until it comes back."""

    url: str
    binding: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Connected:
    """A Google account that is now connected, and the job that looks for its accounts."""

    credential_id: UUID
    job_id: UUID
    return_to: str | None
    actor: Actor


@dataclass(frozen=True, slots=True)
class _Begin:
    """A begun sign-in, read back and spent."""

    tenant_id: UUID
    user_id: UUID
    verifier: str = field(repr=False)
    return_to: str | None


def begin(google: GoogleSettings, redirect_uri: str, actor: Actor, return_to: str | None) -> Begun:
    """Start a sign-in at Google for the actor.

    Raises:
        Forbidden: the actor does not administer the organisation.
        Unavailable: no OAuth client is configured.
    """
    administration.must_administer(actor)
    if not google.client_id or not google.client_secret:
        raise Unavailable(
            "No Google OAuth client is configured: set GOOGLE_ADS_CLIENT_ID and GOOGLE_ADS_CLIENT_SECRET.",
            code="oauth_not_configured",
            retry_after=300,
        )
    if actor.user_id is None:
        raise Invalid("A Google account is connected by a person, not by a service.", code="oauth_needs_person")
    state, binding = secrets.token_urlsafe(SECRET_BYTES), secrets.token_urlsafe(SECRET_BYTES)
    verifier = vendor.new_verifier()
    state_hash = _digest(state)
    with unit_of_work() as work:
        work.session.execute(delete(OAuthState).where(OAuthState.expires_at < clock.now() - LIFETIME))
        work.session.add(
            OAuthState(
                state_hash=state_hash,
                purpose=PURPOSE,
                tenant_id=actor.tenant_id,
                user_id=actor.user_id,
                binding_hash=_digest(binding),
                sealed_verifier=seal_state(verifier, actor.tenant_id, state_hash),
                return_to=return_to,
                expires_at=clock.now() + LIFETIME,
            )
        )
    url = vendor.authorization_url(google, redirect_uri=redirect_uri, state=state, verifier=verifier)
    return Begun(url, binding)


def complete(
    google: GoogleSettings,
    redirect_uri: str,
    *,
    state: str | None,
    binding: str | None,
    code: str | None,
    error: str | None,
) -> Connected:
    """Finish a sign-in: spend the state, exchange the code, verify the token, store it, open the discovery job.

    Raises:
        Invalid: the state does not hold, Google refused, or what came back is not enough; each with its own code.
        Unavailable: Google could not be reached.
    """
    begun = _spend_state(state, binding)
    with tenancy.working_for(begun.tenant_id):
        if error:
            raise _refused_by_person(error)
        if not code:
            raise Invalid("Google sent no authorization code; begin again.", code="oauth_code_missing")
        tokens = _exchange(google, code, begun.verifier, redirect_uri)
        info = _vouched(google, tokens)
        if tokens.refresh_token is None:
            raise Invalid(WITHOUT_OFFLINE_ACCESS, code="oauth_no_refresh_token")
        return _store(begun, info, tokens.refresh_token)


def _spend_state(state: str | None, binding: str | None) -> _Begin:
    """Read and delete the state in one statement, so that it works once whatever happens after."""
    if not state:
        raise Invalid("The answer carries no state; begin at /auth/google/login.", code="oauth_state_missing")
    if not binding:
        raise Invalid(
            "The cookie of the sign-in is missing: it began in another browser, or more than ten minutes ago.",
            code="oauth_state_foreign",
        )
    with unit_of_work() as work:
        row = work.session.execute(
            delete(OAuthState)
            .where(OAuthState.state_hash == _digest(state), OAuthState.purpose == PURPOSE)
            .returning(OAuthState)
        ).scalar_one_or_none()
    if row is None or row.tenant_id is None or row.user_id is None:
        raise Invalid("The state is unknown: it was used already, or is not ours.", code="oauth_state_unknown")
    if row.expires_at <= clock.now():
        raise Invalid("The sign-in took longer than ten minutes; begin again.", code="oauth_state_expired")
    if not secrets.compare_digest(row.binding_hash, _digest(binding)):
        raise Invalid("The sign-in was begun in another browser session.", code="oauth_state_foreign")
    verifier = open_state(row.sealed_verifier, row.tenant_id, row.state_hash, refused="oauth_state_expired")
    return _Begin(row.tenant_id, row.user_id, verifier, row.return_to)


def _refused_by_person(error: str) -> Problem:
    if error == "access_denied":
        return Invalid("The consent was refused at Google, so nothing was connected.", code="oauth_denied")
    known = "".join(c for c in error if c.isalnum() or c in "_-")[:60]
    return Invalid(f"Google ended the sign-in with {known}.", code="oauth_failed")


def _exchange(google: GoogleSettings, code: str, verifier: str, redirect_uri: str) -> vendor.Tokens:
    try:
        return vendor.exchange(google, code=code, verifier=verifier, redirect_uri=redirect_uri)
    except vendor.CodeRefused as error:
        raise Invalid(
            "Google refused the authorization code: it was used, expired, or made for another sign-in. Begin again.",
            code="oauth_code_refused",
            extra={"google_error": error.reason},
        ) from None
    except vendor.ClientRefused as error:
        raise Unavailable(
            f"Google refused our OAuth client ({error.reason}): check GOOGLE_ADS_CLIENT_ID, GOOGLE_ADS_CLIENT_SECRET "
            f"and that {redirect_uri} is one of its redirect addresses.",
            code="oauth_client_refused",
            retry_after=300,
        ) from None
    except vendor.ProviderUnavailable as error:
        raise Unavailable(f"{error.message} Begin again in a moment.", code="oauth_unreachable") from None


def _vouched(google: GoogleSettings, tokens: vendor.Tokens) -> vendor.TokenInfo:
    """The token must be made for us, name its person, and carry the Google Ads scope."""
    try:
        info = vendor.tokeninfo(google, tokens.access_token)
    except vendor.TokenRefused:
        raise Invalid("Google does not vouch for the token that came back.", code="oauth_token_refused") from None
    except vendor.ProviderUnavailable as error:
        raise Unavailable(f"{error.message} Begin again in a moment.", code="oauth_unreachable") from None
    if info.audience != google.client_id:
        raise Invalid("The token was made for another application.", code="oauth_wrong_audience")
    if vendor.SCOPE_ADS not in (info.scopes | tokens.scopes):
        raise Invalid(
            "Access to Google Ads was not ticked on the consent page; begin again and leave it ticked.",
            code="oauth_scope_missing",
        )
    if not info.subject:
        raise Invalid("Google did not say whose token it is.", code="oauth_token_refused")
    return info


def _store(begun: _Begin, info: vendor.TokenInfo, refresh_token: str) -> Connected:
    with unit_of_work() as work:
        user = work.session.get(User, begun.user_id)
        actor = people.actor_of(work.session, user) if user is not None and user.active else None
        if actor is None or actor.everywhere is not Role.ADMIN:
            raise Invalid("Whoever began the sign-in may not connect accounts any more.", code="oauth_state_unknown")
        row, existed = _credential_row(work.session, begun, info)
        before = {"status": row.status} if existed else None
        credentials.seal_into(row, refresh_token)
        row.user_id = begun.user_id
        work.session.add(row)
        work.session.flush()
        credentials.wake_parked_jobs(work.session, row.id)
        after = {"status": "ACTIVE", "google_account": info.email or info.subject}
        audit.record(work.session, actor, "credential.connect", f"credential:{row.id}", before, after)
        job = discover_job(work, row.id, actor)
        return Connected(row.id, job.id, begun.return_to, actor)


def _credential_row(session: Session, begun: _Begin, info: vendor.TokenInfo) -> tuple[UserCredential, bool]:
    # Two answers for one Google user may come at once, and there may be no row yet that could be locked.
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"google:{begun.tenant_id}", 0))))
    account = session.scalar(
        select(GoogleAccount).where(GoogleAccount.tenant_id == begun.tenant_id, GoogleAccount.subject == info.subject)
    )
    if account is None:
        account = GoogleAccount(id=new_id(), tenant_id=begun.tenant_id, subject=info.subject, email=info.email)
        session.add(account)
        session.flush()
    account.email = info.email or account.email
    row = session.scalar(select(UserCredential).where(UserCredential.google_account_id == account.id).with_for_update())
    if row is not None:
        return row, True
    fresh = UserCredential(
        id=new_id(), tenant_id=begun.tenant_id, user_id=begun.user_id, google_account_id=account.id, status="ACTIVE"
    )
    return fresh, False


def discover_job(work: Work, credential_id: UUID, actor: Actor) -> Job:
    """Open the job that lists a credential's accounts; the one already waiting, if there is one."""
    key = f"discover:{credential_id}"
    try:
        with work.session.begin_nested():
            return open_job(work, DISCOVER, actor=actor, subject_id=credential_id, exclusive_key=key)
    except Conflict as conflict:
        waiting = work.session.get(Job, UUID(str(conflict.extra["job_id"])))
        if waiting is None:
            raise
        return waiting


def connections(actor: Actor) -> list[dict[str, Any]]:
    """The connected Google accounts of the actor's organisation, each with the number of accounts it reaches.

    Raises:
        Forbidden: the actor does not administer the organisation.
    """
    administration.must_administer(actor)
    with unit_of_work() as work:
        found = work.session.execute(
            select(UserCredential, GoogleAccount, func.count(CustomerAccess.customer_id))
            .join(GoogleAccount, GoogleAccount.id == UserCredential.google_account_id)
            .outerjoin(CustomerAccess, CustomerAccess.credential_id == UserCredential.id)
            .where(UserCredential.tenant_id == actor.tenant_id)
            .group_by(UserCredential.id, GoogleAccount.id)
            .order_by(UserCredential.created_at)
        ).all()
    return [
        {
            "id": row.id,
            "google_account": account.email,
            "status": row.status,
            "status_reason": row.status_reason,
            "accounts": reached,
            "updated_at": row.updated_at,
        }
        for row, account, reached in found
    ]


def disconnect(google: GoogleSettings, credential_id: UUID, actor: Actor) -> None:
    """Withdraw the consent at Google, then delete it here; a consent that is dead already is only deleted.

    A token that does not open (its row is damaged) is deleted too, and the trail says that Google still holds it.

    Raises:
        Forbidden: the actor does not administer the organisation.
        NotFound: the tenant has no such credential.
        Unavailable: Google could not be reached; nothing was deleted, so that it can be tried again.
    """
    with unit_of_work() as work:
        row = _own(work.session, credential_id, actor)
    try:
        vendor.revoke(google, credentials.open_token(row))
        reason = None
    except DecryptionRefused:
        reason = NOT_WITHDRAWN
    except vendor.ProviderUnavailable as error:
        raise Unavailable(f"{error.message} Nothing was changed; try again.", code="oauth_unreachable") from None
    with unit_of_work() as work:
        credentials.forget(work.session, _own(work.session, credential_id, actor), actor, reason)


def rediscover(credential_id: UUID, actor: Actor) -> UUID:
    """Look again for the accounts of a credential; answers the job's id.

    Raises:
        Forbidden: the actor does not administer the organisation.
        NotFound: the tenant has no such credential.
    """
    with unit_of_work() as work:
        job = discover_job(work, _own(work.session, credential_id, actor).id, actor)
        audit.record(work.session, actor, "credential.discover", f"credential:{credential_id}", after={"job": job.id})
        return job.id


def _own(session: Session, credential_id: UUID, actor: Actor) -> UserCredential:
    administration.must_administer(actor)
    row = session.scalar(
        select(UserCredential).where(UserCredential.id == credential_id, UserCredential.tenant_id == actor.tenant_id)
    )
    if row is None:
        raise NotFound("There is no such connection.")
    return row


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
