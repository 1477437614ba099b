"""`/api/customers`: the accounts, and the defaults of each."""

from __future__ import annotations

from typing import Any

from backend.adgraph.models import Customer
from backend.auth import customers
from backend.auth.schemas import CustomerQuery, CustomerSchema, DefaultsSchema
from backend.core.db import unit_of_work
from backend.core.http import Blueprint, etags, pages
from backend.core.security import Role, current_actor, requires

bp = Blueprint("customers", __name__, url_prefix="/api/customers", description="Google Ads accounts")

FILTERS = {"manager": Customer.manager, "status": Customer.status, "slug": Customer.slug}


@bp.get("")
@requires(Role.VIEWER)
@bp.arguments(CustomerQuery, location="query")
@bp.response(200, CustomerSchema(many=True))
def index(query: dict[str, Any]) -> Any:
    """The accounts that the caller may see, by name; disabled ones are shown, and skipped by every job."""
    actor = current_actor()
    question = customers.visible(actor)
    for name, column in FILTERS.items():
        if name in query:
            question = question.where(column == query[name])
    with unit_of_work() as work:
        keys = (pages.Key(Customer.slug), pages.Key(Customer.id))
        rows, headers = pages.page(work.session, question, keys, query)
        return customers.described(work.session, rows, actor), headers


@bp.get("/<customer_id>")
@requires(Role.VIEWER)
@bp.response(200, CustomerSchema)
def show(customer_id: str) -> dict[str, Any]:
    """One account; ten digits, dashes allowed."""
    actor = current_actor()
    with unit_of_work() as work:
        return customers.described(work.session, [customers.find(work.session, customer_id, actor)], actor)[0]


@bp.get("/<customer_id>/defaults")
@requires(Role.VIEWER)
@bp.etagged
@bp.response(200, DefaultsSchema)
def show_defaults(customer_id: str) -> Any:
    """What a new draft of the account takes when it says nothing."""
    with unit_of_work() as work:
        row = customers.find(work.session, customer_id, current_actor())
        return row.defaults, etags.headers(row.version)


@bp.patch("/<customer_id>/defaults")
@requires(Role.EDITOR)
@bp.etagged
@bp.arguments(DefaultsSchema)
@bp.response(200, DefaultsSchema)
def change_defaults(changes: dict[str, Any], customer_id: str) -> Any:
    """Set some of the defaults; null clears one, what is not named stays."""
    defaults, version = customers.change_defaults(customer_id, changes, current_actor())
    return defaults, etags.headers(version)
