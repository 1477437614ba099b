"""People of a tenant and what they may do.

For commands and tests, inside an application context:

    admin = people.ensure_administrator()        # Administrator(tenant_id, user_id, email, created)

makes the tenant and its first administrator when there is none, and finds them otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Function, func, select
from sqlalchemy.orm import Session

from backend.adgraph.models import Tenant
from backend.auth.models import Membership, User
from backend.core import audit
from backend.core.db import unit_of_work
from backend.core.ids import new_id
from backend.core.security import Actor, Role

DEFAULT_TENANT = "CampaignWizard"
DEFAULT_EMAIL = "admin@localhost"


@dataclass(frozen=True, slots=True)
class Administrator:
    """The person who may do everything in a tenant."""

    tenant_id: UUID
    user_id: UUID
    email: str
    created: bool


def ensure_administrator(
    tenant_name: str = DEFAULT_TENANT, email: str = DEFAULT_EMAIL, name: str = "Administrator"
) -> Administrator:
    """Find the tenant's administrator by e-mail, or make tenant and administrator."""
    with unit_of_work() as work:
        session = work.session
        session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"tenant:{tenant_name}", 0))))
        tenant = session.scalar(select(Tenant).where(Tenant.name == tenant_name).order_by(Tenant.created_at).limit(1))
        if tenant is None:
            tenant = Tenant(id=new_id(), name=tenant_name)
            session.add(tenant)
            session.flush()
        found = find_by_email(session, tenant.id, email)
        if found is not None:
            return Administrator(tenant.id, found.id, found.email, created=False)
        user = User(id=new_id(), tenant_id=tenant.id, email=email, name=name, active=True)
        session.add(user)
        session.flush()
        session.add(Membership(id=new_id(), tenant_id=tenant.id, user_id=user.id, customer_id=None, role="ADMIN"))
        after = {"email": email, "role": "ADMIN"}
        audit.record(session, None, "user.create", f"user:{user.id}", after=after, tenant_id=tenant.id)
        return Administrator(tenant.id, user.id, email, created=True)


def lock_of(tenant_id: UUID) -> Function[None]:
    """What a transaction selects before it adds a person to a tenant, so that an e-mail address is taken once."""
    return func.pg_advisory_xact_lock(func.hashtextextended(f"users:{tenant_id}", 0))


def find_by_email(session: Session, tenant_id: UUID, email: str) -> User | None:
    """A person of the tenant by e-mail, whatever its capitals."""
    return session.scalar(select(User).where(User.tenant_id == tenant_id, func.lower(User.email) == email.lower()))


def actor_of(
    session: Session,
    user: User,
    *,
    cap: Role | None = None,
    token_id: UUID | None = None,
    session_id: UUID | None = None,
) -> Actor:
    """A person as the one who acts: roles from the memberships, each at most `cap`."""
    everywhere: Role | None = None
    on_customer: dict[UUID, Role] = {}
    for membership in session.scalars(select(Membership).where(Membership.user_id == user.id)):
        role = Role[membership.role] if cap is None else min(Role[membership.role], cap)
        if membership.customer_id is None:
            everywhere = role
        else:
            on_customer[membership.customer_id] = role
    return Actor(
        tenant_id=user.tenant_id,
        user_id=user.id,
        name=user.email,
        everywhere=everywhere,
        on_customer=on_customer,
        token_id=token_id,
        session_id=session_id,
    )
