"""What an administrator does with people: invite, give roles, suspend, end sessions, keys for services."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from backend.adgraph.models import Customer
from backend.auth import customers, passwords, people, sessions
from backend.auth.models import ApiToken, Membership, ServiceKey, User
from backend.core import audit, clock
from backend.core.db import unit_of_work
from backend.core.errors import Conflict, Finding, Forbidden, Invalid, NotFound
from backend.core.ids import new_id
from backend.core.security import Actor, Role

SERVICE_PREFIX = "cw_svc_"
SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class NewServiceKey:
    """A fresh service key; `key` is not kept anywhere."""

    row: ServiceKey
    key: str = field(repr=False)


def must_administer(actor: Actor) -> None:
    """Refuse whoever is not an administrator of the whole organisation.

    Raises:
        Forbidden
    """
    if actor.everywhere is not Role.ADMIN:
        raise Forbidden("This needs the role admin in the whole organisation.")


def find_user(session: Session, user_id: UUID, actor: Actor, *, lock: bool = False) -> User:
    """A person of the actor's organisation.

    Raises:
        NotFound
    """
    question = select(User).where(User.id == user_id, User.tenant_id == actor.tenant_id)
    user = session.scalar(question.with_for_update() if lock else question)
    if user is None:
        raise NotFound("There is no such person.")
    return user


def invite(session: Session, email: str, name: str, roles: Mapping[str, Any], actor: Actor) -> User:
    """Add a person who has no password yet.

    Raises:
        Conflict: the e-mail address is taken.
        Invalid, NotFound: a role names an account that is not there.
    """
    session.execute(select(people.lock_of(actor.tenant_id)))
    if people.find_by_email(session, actor.tenant_id, email) is not None:
        raise Conflict("Somebody has this e-mail address already.", code="email_taken")
    user = User(id=new_id(), tenant_id=actor.tenant_id, email=email, name=name, active=True)
    session.add(user)
    session.flush()
    _write_roles(session, user, roles, actor)
    after = {"email": email, "name": name, "roles": roles_of(session, user)}
    audit.record(session, actor, "user.invite", f"user:{user.id}", after=after)
    return user


def invite_again(session: Session, user: User, actor: Actor) -> None:
    """End a person's password and every open invitation, so that only a fresh invitation leads in."""
    user.password_hash = passwords.ended()
    session.flush()
    audit.record(session, actor, "user.invite_again", f"user:{user.id}")


def set_roles(session: Session, user: User, roles: Mapping[str, Any], actor: Actor) -> None:
    """Replace what a person may do.

    Raises:
        Conflict: nobody would be left to administer.
    """
    before = roles_of(session, user)
    session.execute(delete(Membership).where(Membership.user_id == user.id))
    _write_roles(session, user, roles, actor)
    _somebody_must_administer(session, actor.tenant_id)
    audit.record(session, actor, "user.roles", f"user:{user.id}", before, roles_of(session, user))


def change_user(session: Session, user: User, changes: Mapping[str, Any], actor: Actor) -> None:
    """Rename a person, or suspend and re-admit one; a suspended person's sessions and tokens end at once.

    Raises:
        Conflict: nobody would be left to administer.
    """
    before = {name: getattr(user, name) for name in changes}
    for name, value in changes.items():
        setattr(user, name, value)
    if changes.get("active") is False:
        sessions.revoke(session, user.id)
        for token in session.scalars(
            select(ApiToken).where(ApiToken.user_id == user.id, ApiToken.revoked_at.is_(None))
        ):
            token.revoked_at = clock.now()
        session.flush()
        _somebody_must_administer(session, actor.tenant_id)
    audit.record(session, actor, "user.change", f"user:{user.id}", before, dict(changes))


def roles_of(session: Session, user: User) -> dict[str, Any]:
    """A person's roles as the API shows them."""
    found = session.execute(
        select(Membership.role, Customer.google_customer_id)
        .outerjoin(Customer, Customer.id == Membership.customer_id)
        .where(Membership.user_id == user.id)
        .order_by(Customer.google_customer_id)
    ).all()
    return {
        "everywhere": next((role.lower() for role, number in found if number is None), None),
        "accounts": [{"customer_id": str(number), "role": role.lower()} for role, number in found if number],
    }


def _write_roles(session: Session, user: User, roles: Mapping[str, Any], actor: Actor) -> None:
    wanted: dict[UUID | None, str] = {}
    if roles.get("everywhere"):
        wanted[None] = str(roles["everywhere"]).upper()
    for index, entry in enumerate(roles.get("accounts") or []):
        number = customers.google_id(entry["customer_id"])
        question = customers.visible(actor).where(Customer.google_customer_id == (number or 0))
        account = session.scalar(question)
        pointer = f"/accounts/{index}/customer_id"
        if account is None:
            finding = Finding(pointer, "not_found", "There is no such account.")
            raise Invalid("A role names an account that is not there.", errors=(finding,))
        if account.id in wanted:
            raise Invalid("An account stands twice.", errors=(Finding(pointer, "repeated", "Name it once."),))
        wanted[account.id] = entry["role"].upper()
    session.add_all(
        Membership(id=new_id(), tenant_id=user.tenant_id, user_id=user.id, customer_id=customer_id, role=role)
        for customer_id, role in wanted.items()
    )
    session.flush()


def _somebody_must_administer(session: Session, tenant_id: UUID) -> None:
    # One after the other, or two administrators could take the role from each other at the same moment.
    session.execute(select(people.lock_of(tenant_id)))
    left = session.scalar(
        select(func.count())
        .select_from(Membership)
        .join(User, User.id == Membership.user_id)
        .where(
            Membership.tenant_id == tenant_id, Membership.customer_id.is_(None), Membership.role == "ADMIN", User.active
        )
    )
    if not left:
        raise Conflict("Somebody has to stay administrator of the organisation.", code="last_administrator")


def service_digest(key: str) -> bytes:
    """What is kept of a service key."""
    return hashlib.sha256(key.encode()).digest()


def make_service_key(
    session: Session,
    actor: Actor,
    *,
    name: str,
    role: Role,
    customer_ids: list[str] | None,
    expires_at: datetime | None,
) -> NewServiceKey:
    """A key for another program: at most `role`, on the named accounts or (None) on all.

    Raises:
        NotFound: an account is not there.
    """
    key = SERVICE_PREFIX + secrets.token_urlsafe(SECRET_BYTES)
    accounts = None
    if customer_ids is not None:
        accounts = [str(customers.find(session, number, actor).id) for number in customer_ids]
    row = ServiceKey(
        id=new_id(),
        tenant_id=actor.tenant_id,
        name=name,
        key_hash=service_digest(key),
        role=role.name,
        customer_ids=accounts,
        expires_at=expires_at,
        created_at=clock.now(),
    )
    session.add(row)
    after = {"name": name, "role": role.name, "accounts": customer_ids, "expires_at": expires_at}
    audit.record(session, actor, "service_key.create", f"service_key:{row.id}", after=after)
    return NewServiceKey(row, key)


def find_service_key(session: Session, key_id: UUID, actor: Actor) -> ServiceKey:
    """A living service key of the organisation.

    Raises:
        NotFound
    """
    row = session.scalar(
        select(ServiceKey)
        .where(ServiceKey.id == key_id, ServiceKey.tenant_id == actor.tenant_id, ServiceKey.revoked_at.is_(None))
        .with_for_update()
    )
    if row is None:
        raise NotFound("There is no such service key.")
    return row


def rotate_service_key(session: Session, key_id: UUID, actor: Actor) -> NewServiceKey:
    """A new secret for a service; the old one ends at once.

    Raises:
        NotFound
    """
    row = find_service_key(session, key_id, actor)
    key = SERVICE_PREFIX + secrets.token_urlsafe(SECRET_BYTES)
    row.key_hash = service_digest(key)
    audit.record(session, actor, "service_key.rotate", f"service_key:{row.id}")
    return NewServiceKey(row, key)


def revoke_service_key(key_id: UUID, actor: Actor) -> None:
    """End a service key.

    Raises:
        NotFound
    """
    with unit_of_work() as work:
        row = find_service_key(work.session, key_id, actor)
        row.revoked_at = clock.now()
        audit.record(work.session, actor, "service_key.revoke", f"service_key:{row.id}", before={"name": row.name})
