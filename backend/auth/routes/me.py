"""`GET /api/me`: who is asking."""

from __future__ import annotations

from typing import Any

import flask

from backend.adgraph.models import Customer, Tenant
from backend.auth import customers
from backend.auth.models import User
from backend.auth.schemas import MeSchema
from backend.core.db import unit_of_work
from backend.core.http import Blueprint
from backend.core.http.api import API_VERSION
from backend.core.security import Actor, Role, current_actor, requires

bp = Blueprint("me", __name__, url_prefix="/api/me", description="Who is asking")


@bp.get("")
@requires(Role.VIEWER)
@bp.response(200, MeSchema)
def show() -> dict[str, Any]:
    """The person, the roles per account, the CSRF token of a cookie session, where the event streams are."""
    actor = current_actor()
    with unit_of_work() as work:
        tenant = work.session.get_one(Tenant, actor.tenant_id)
        user = work.session.get(User, actor.user_id) if actor.user_id else None
        found = work.session.scalars(customers.visible(actor).order_by(Customer.google_customer_id))
        accounts = [{"customer_id": row.google_id, "role": role_name(actor, row.id)} for row in found]
    return {
        "id": actor.user_id,
        "kind": actor.kind,
        "name": user.name if user else actor.name,
        "email": user.email if user else None,
        "tenant": tenant.name,
        "role": actor.everywhere.name.lower() if actor.everywhere else None,
        "accounts": accounts,
        "csrf_token": flask.g.get("csrf_token"),
        "stream_url": flask.current_app.config["SETTINGS"].stream_url,
        "server_version": API_VERSION,
    }


def role_name(actor: Actor, customer_id: Any) -> str | None:
    """The actor's role on an account, as the API spells it."""
    role = actor.role_on(customer_id)
    return role.name.lower() if role else None
