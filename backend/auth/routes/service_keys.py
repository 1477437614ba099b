"""`/api/service-keys`: keys with which other programs call (`X-Service-Auth`)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select

from backend.auth import administration
from backend.auth.models import ServiceKey
from backend.auth.schemas_people import MadeServiceKeySchema, NewServiceKeySchema, ServiceKeySchema
from backend.core.db import unit_of_work
from backend.core.http import Blueprint, created, idempotent
from backend.core.security import Role, current_actor, requires

bp = Blueprint("service keys", __name__, url_prefix="/api/service-keys", description="Keys of other programs")


@bp.get("")
@requires(Role.ADMIN)
@bp.response(200, ServiceKeySchema(many=True))
def index() -> list[dict[str, Any]]:
    """The living keys."""
    actor = current_actor()
    administration.must_administer(actor)
    with unit_of_work() as work:
        rows = work.session.scalars(
            select(ServiceKey)
            .where(ServiceKey.tenant_id == actor.tenant_id, ServiceKey.revoked_at.is_(None))
            .order_by(ServiceKey.id)
        )
        return [_described(row) for row in rows]


@bp.post("")
@requires(Role.ADMIN)
@idempotent(secret=True)
@bp.arguments(NewServiceKeySchema)
@bp.response(201, MadeServiceKeySchema)
def create(body: dict[str, Any]) -> Any:
    """Make a key; it is shown this once."""
    actor = current_actor()
    administration.must_administer(actor)
    role = Role[body["role"].upper()]
    with unit_of_work() as work:
        made = administration.make_service_key(
            work.session,
            actor,
            name=body["name"],
            role=role,
            customer_ids=body["customer_ids"],
            expires_at=body["expires_at"],
        )
        work.session.flush()
        return created({**_described(made.row), "key": made.key}, f"/api/service-keys/{made.row.id}")


@bp.post("/<uuid:key_id>/rotate")
@requires(Role.ADMIN)
@idempotent(secret=True)
@bp.response(201, MadeServiceKeySchema)
def rotate(key_id: UUID) -> Any:
    """A new secret for the same service; the old one ends at once."""
    actor = current_actor()
    administration.must_administer(actor)
    with unit_of_work() as work:
        made = administration.rotate_service_key(work.session, key_id, actor)
        return created({**_described(made.row), "key": made.key}, f"/api/service-keys/{made.row.id}")


@bp.delete("/<uuid:key_id>")
@requires(Role.ADMIN)
@bp.response(204)
def revoke(key_id: UUID) -> tuple[str, int]:
    """End a key."""
    actor = current_actor()
    administration.must_administer(actor)
    administration.revoke_service_key(key_id, actor)
    return "", 204


def _described(row: ServiceKey) -> dict[str, Any]:
    names = ("id", "name", "expires_at", "last_used_at", "created_at")
    return {**{name: getattr(row, name) for name in names}, "role": row.role.lower()}
