"""Google credentials: refresh tokens sealed in their row, opened only to build a gateway, marked when they are dead.

    gateway = credentials.gateway_for(customer_id)      # our id of the account; the best credential that reaches it

The gateway watches itself: when Google says that the consent is gone, the credential becomes NEEDS_REAUTH, one alert
is raised, and every later `gateway_for` of its accounts raises `NeedsReauth` without a call until somebody consents
again. Jobs park on `NeedsReauth` with the reason `needs_reauth`. A token that does not open counts as none: no call is
made, an alert says why, and only a new consent helps.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NoReturn
from uuid import UUID

import flask
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from backend.adgraph.models import Customer
from backend.auth.guarded import GuardedGateway
from backend.auth.models import CustomerAccess, UserCredential
from backend.core import audit, metrics
from backend.core.crypto import DecryptionRefused, Keyring, Place, Sealed
from backend.core.db import unit_of_work
from backend.core.events import Event
from backend.core.logging import get_logger
from backend.core.security import Actor
from backend.integrations.googleads.errors import NeedsReauth, TransientError
from backend.integrations.googleads.gateway import Access, Gateway, open_gateway

log = get_logger(__name__)

WAITING = "needs_reauth"
DOES_NOT_OPEN = "DOES_NOT_OPEN"


@dataclass(frozen=True, slots=True)
class Consent:
    """One consent of a Google account: `sealed_as` changes when the account consents anew."""

    credential_id: UUID
    tenant_id: UUID
    sealed_as: bytes = field(repr=False)

    @classmethod
    def of(cls, row: UserCredential) -> Consent:
        """The consent that a row holds now."""
        return cls(row.id, row.tenant_id, row.iv)


@dataclass(frozen=True, slots=True)
class Reach:
    """How an account is reached: with which consent, through which manager."""

    consent: Consent
    access: Access


def keyring() -> Keyring:
    """The master keys of this process."""
    ring: Keyring = flask.current_app.config["KEYRING"]
    return ring


def place_of(tenant_id: UUID, credential_id: UUID) -> Place:
    """Where a refresh token stands; it opens nowhere else."""
    return Place(str(tenant_id), "user_credentials", str(credential_id), "refresh_token")


def seal_into(row: UserCredential, refresh_token: str) -> None:
    """Encrypt a refresh token for its row (`id` and `tenant_id` are set) and make the credential ACTIVE."""
    sealed = keyring().seal(refresh_token, place_of(row.tenant_id, row.id))
    row.encrypted_refresh_token = sealed.ciphertext
    row.iv, row.auth_tag = sealed.iv, sealed.auth_tag
    row.wrapped_key, row.key_version = sealed.wrapped_key, sealed.key_version
    row.status, row.status_reason = "ACTIVE", None


def open_token(row: UserCredential) -> str:
    """Decrypt the refresh token of a row.

    Raises:
        DecryptionRefused: the row was tampered with, or its master key is not here; a security alert is raised first.
    """
    sealed = Sealed(row.encrypted_refresh_token, row.iv, row.auth_tag, row.wrapped_key, row.key_version)
    try:
        return keyring().open(sealed, place_of(row.tenant_id, row.id))
    except DecryptionRefused:
        _report_tampering(row.tenant_id, row.id)
        raise


def token_of(row: UserCredential) -> str:
    """The refresh token that a call is made with.

    Raises:
        NeedsReauth: the consent is gone, or its token does not open (then a security alert is raised first).
    """
    if row.status != "ACTIVE":
        raise NeedsReauth("The Google account has to be connected again.", reason=row.status_reason or row.status)
    try:
        return open_token(row)
    except DecryptionRefused as error:
        message = "What is stored of the Google account does not open; it has to be connected again."
        raise NeedsReauth(message, reason=DOES_NOT_OPEN) from error


def gateway_for(customer_id: UUID) -> Gateway:
    """A gateway that reaches the account; no transaction may be open while it is used.

    Args:
        customer_id: our id of the account.

    Raises:
        NeedsReauth: no living credential reaches the account.
    """
    reach = reach_of(customer_id)
    return watched(open_gateway(reach.access), reach.consent)


def reach_of(customer_id: UUID) -> Reach:
    """The best living credential for an account: the one nearest to it, the oldest of equals.

    Raises:
        NeedsReauth: there is none.
    """
    with unit_of_work() as work:
        found = work.session.execute(
            select(UserCredential, CustomerAccess)
            .join(CustomerAccess, CustomerAccess.credential_id == UserCredential.id)
            .where(CustomerAccess.customer_id == customer_id)
            .order_by((UserCredential.status == "ACTIVE").desc(), CustomerAccess.depth, UserCredential.created_at)
            .limit(1)
        ).one_or_none()
    if found is None:
        raise NeedsReauth("No Google account is connected that reaches this account.", reason="NOT_CONNECTED")
    row, access = found
    login = str(access.login_customer_id) if access.login_customer_id else None
    return Reach(Consent.of(row), Access(token_of(row), login))


def watched(gateway: Gateway, consent: Consent) -> Gateway:
    """The gateway behind the quota, marking its credential when Google says that the consent is gone."""
    watching: Any = _Watched(GuardedGateway(gateway, consent.credential_id), consent)
    gateway_like: Gateway = watching
    return gateway_like


class _Watched:
    """A gateway that tells when its credential died; iterators are watched while they run."""

    def __init__(self, gateway: Gateway, consent: Consent) -> None:
        self._gateway = gateway
        self._consent = consent

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._gateway, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            try:
                answer = method(*args, **kwargs)
            except NeedsReauth as error:
                self._report(error)
            return self._watch(answer) if isinstance(answer, Iterator) else answer

        return call

    def _watch(self, items: Iterator[Any]) -> Iterator[Any]:
        try:
            yield from items
        except NeedsReauth as error:
            self._report(error)

    def _report(self, error: NeedsReauth) -> NoReturn:
        if not mark_dead(self._consent, error.reason):
            # Whoever consented anew has woken the waiting jobs already: this one must not begin to wait now.
            raise TransientError("The Google account was connected again meanwhile.") from error
        raise error


def mark_dead(consent: Consent, reason: str) -> bool:
    """Note that a consent is gone; whoever notes it first raises the alert.

    Returns:
        False when the account has consented anew since, so that there is nothing to wait for.
    """
    credential_id, tenant_id = consent.credential_id, consent.tenant_id
    with unit_of_work() as work:
        row = work.session.get(UserCredential, credential_id, with_for_update=True)
        if row is not None and row.iv != consent.sealed_as:
            return False
        if row is None or row.status != "ACTIVE":
            return True
        row.status, row.status_reason = "NEEDS_REAUTH", reason
        subject = f"credential:{credential_id}"
        audit.record(
            work.session,
            None,
            "credential.needs_reauth",
            subject,
            before={"status": "ACTIVE"},
            after={"status": "NEEDS_REAUTH"},
            reason=reason,
            tenant_id=tenant_id,
        )
        work.emit(
            Event(tenant_id, "alert.credential_dead", {"credential": str(credential_id), "reason": reason}),
        )
    log.error("credential_dead", credential_id=str(credential_id), reason=reason)
    metrics.SECURITY_EVENTS.labels("credential_dead").inc()
    return True


def wake_parked_jobs(session: Session, credential_id: UUID) -> int:
    """After a new consent: let the jobs that waited for it run; returns how many."""
    customers = select(CustomerAccess.customer_id).where(CustomerAccess.credential_id == credential_id)
    result = session.execute(
        text(
            "UPDATE jobs SET next_attempt_at = now(), sent_at = NULL WHERE status = 'queued'"
            " AND waiting_reason = :reason AND (customer_id = ANY(:customers) OR subject_id = :credential)"
        ),
        {"reason": WAITING, "customers": list(session.scalars(customers)), "credential": credential_id},
    )
    return int(getattr(result, "rowcount", 0))


def forget(session: Session, row: UserCredential, actor: Actor, reason: str | None = None) -> None:
    """Delete a credential, its ciphertext with it; its accounts stay, unreachable."""
    audit.record(session, actor, "credential.delete", f"credential:{row.id}", {"status": row.status}, reason=reason)
    session.delete(row)


def reachable(session: Session, tenant_id: UUID) -> dict[UUID, tuple[str, int | None]]:
    """For each account of a tenant: the status of its best credential, and the manager it is reached through."""
    rank = func.row_number().over(
        partition_by=CustomerAccess.customer_id,
        order_by=((UserCredential.status == "ACTIVE").desc(), CustomerAccess.depth, UserCredential.created_at),
    )
    ranked = (
        select(CustomerAccess.customer_id, UserCredential.status, CustomerAccess.login_customer_id, rank.label("rank"))
        .join(UserCredential, UserCredential.id == CustomerAccess.credential_id)
        .join(Customer, Customer.id == CustomerAccess.customer_id)
        .where(Customer.tenant_id == tenant_id)
        .subquery()
    )
    found = session.execute(select(ranked).where(ranked.c.rank == 1)).all()
    return {row.customer_id: (row.status, row.login_customer_id) for row in found}


def _report_tampering(tenant_id: UUID, credential_id: UUID) -> None:
    """A sealed row does not open: an alert, a row in the trail and a metric; nothing of it says why."""
    log.error("security_alert", kind="credential_does_not_open", credential_id=str(credential_id))
    metrics.SECURITY_EVENTS.labels("tampering").inc()
    with unit_of_work() as work:
        audit.record(work.session, None, "security.tampering", f"credential:{credential_id}", tenant_id=tenant_id)
        work.emit(Event(tenant_id, "alert.security", {"kind": "credential_does_not_open"}))
