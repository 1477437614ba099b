"""The accounts of a tenant as its people see them: found by Google's ten digits or by slug, with their defaults."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from backend.adgraph.edges import CustomerLink
from backend.adgraph.models import Customer
from backend.auth import credentials
from backend.core import audit
from backend.core.db import unit_of_work
from backend.core.errors import NotFound
from backend.core.http import etags
from backend.core.security import Actor, Role

DIGITS = re.compile(r"[1-9][0-9]{9}|[1-9][0-9]{2}-[0-9]{3}-[0-9]{4}")


def google_id(text: str) -> int | None:
    """The number in `1234567890` or `123-456-7890`; None when it is neither."""
    return int(text.replace("-", "")) if DIGITS.fullmatch(text) else None


def visible(actor: Actor) -> Select[tuple[Customer]]:
    """The accounts that the actor may see."""
    question = select(Customer).where(Customer.tenant_id == actor.tenant_id)
    if actor.visible_customers is not None:
        question = question.where(Customer.id.in_(actor.visible_customers))
    return question


def find(session: Session, customer_id: str, actor: Actor, role: Role = Role.VIEWER) -> Customer:
    """The account with Google's id, for an actor with `role` on it.

    Raises:
        NotFound: there is none, or it is not the actor's to see.
        Forbidden: the actor may see it and not do this.
    """
    number = google_id(customer_id)
    row = None
    if number is not None:
        row = session.scalar(visible(actor).where(Customer.google_customer_id == number))
    return _allowed(row, actor, role)


def find_by_slug(session: Session, slug: str, actor: Actor, role: Role = Role.VIEWER) -> Customer:
    """The account with this slug, for an actor with `role` on it.

    Raises:
        NotFound, Forbidden: as `find`.
    """
    return _allowed(session.scalar(visible(actor).where(Customer.slug == slug)), actor, role)


def _allowed(row: Customer | None, actor: Actor, role: Role) -> Customer:
    if row is None:
        raise NotFound("There is no such account.")
    actor.must_be(role, row.id)
    return row


def described(session: Session, rows: list[Customer], actor: Actor) -> list[dict[str, Any]]:
    """The accounts as the API shows them, with how they are reached and the actor's role."""
    reach = credentials.reachable(session, actor.tenant_id)
    managers = _managers(session, [row.id for row in rows])
    return [_described(row, reach.get(row.id), managers.get(row.id, []), actor) for row in rows]


def _described(
    row: Customer, reach: tuple[str, int | None] | None, managers: list[str], actor: Actor
) -> dict[str, Any]:
    role = actor.role_on(row.id)
    return {
        "customer_id": row.google_id,
        "slug": row.slug,
        "descriptive_name": row.descriptive_name,
        "currency_code": row.currency_code,
        "time_zone": row.time_zone,
        "manager": row.manager,
        "test_account": row.test_account,
        "hidden": row.hidden,
        "status": row.status,
        "enabled": row.status == "ENABLED",
        "role": role.name.lower() if role else None,
        "credential_status": reach[0] if reach else None,
        "login_customer_id": str(reach[1]) if reach and reach[1] else None,
        "managers": managers,
        "last_synced_at": row.last_synced_at,
    }


def _managers(session: Session, ids: list[UUID]) -> dict[UUID, list[str]]:
    found = session.execute(
        select(CustomerLink.client_id, Customer.google_customer_id)
        .join(Customer, Customer.id == CustomerLink.manager_id)
        .where(CustomerLink.client_id.in_(ids))
        .order_by(Customer.google_customer_id)
    )
    managers: dict[UUID, list[str]] = {}
    for client, manager in found:
        managers.setdefault(client, []).append(str(manager))
    return managers


def change_defaults(customer_id: str, changes: dict[str, Any], actor: Actor) -> tuple[dict[str, Any], int]:
    """Set what new drafts of an account take when they say nothing; None clears a default.

    Returns the defaults and the version for the ETag.

    Raises:
        NotFound, Forbidden: as `find`; HttpProblem, Stale: `If-Match`.
    """
    with unit_of_work() as work:
        row = find(work.session, customer_id, actor, Role.EDITOR)
        work.session.refresh(row, with_for_update=True)
        etags.must_match(row.version)
        before = dict(row.defaults)
        after = {name: value for name, value in {**before, **changes}.items() if value is not None}
        if after != before:
            row.defaults = after
            row.version += 1
            changed = [name for name in {**before, **after} if before.get(name) != after.get(name)]
            audit.record(
                work.session,
                actor,
                "customer.defaults",
                f"customer:{row.google_id}",
                {name: before.get(name) for name in changed},
                {name: after.get(name) for name in changed},
                customer_id=row.id,
            )
        return after, row.version
