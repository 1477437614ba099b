"""Which account a question is about: named by `customer_id` or `slug`, seen by the actor, and no manager account."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from sqlalchemy.orm import Session

from backend.auth import customers
from backend.core.errors import Finding, Invalid, NotAllowedYet
from backend.core.security import Actor, Role
from backend.sync import account as accounts
from backend.sync.account import Account


class AccountQuery(ma.Schema):
    """Which account: one of the two."""

    customer_id = ma.fields.String(
        validate=ma.validate.Length(1, 20), metadata={"description": "Google's ten digits; dashes are accepted."}
    )
    slug = ma.fields.String(validate=ma.validate.Length(1, 80))


def find(session: Session, query: dict[str, Any], actor: Actor, role: Role = Role.VIEWER) -> Account:
    """The account that a query names, which has statistics of its own.

    Raises:
        Invalid, NotFound, Forbidden: as `find_any`.
        NotAllowedYet: it is a manager account.
    """
    account = find_any(session, query, actor, role)
    refuse_manager(account)
    return account


def find_any(session: Session, query: dict[str, Any], actor: Actor, role: Role = Role.VIEWER) -> Account:
    """The account that a query names, a manager account too.

    Raises:
        Invalid: it names none, or two.
        NotFound, Forbidden: it is not the actor's to see, or not with this role.
    """
    if ("customer_id" in query) == ("slug" in query):
        message = "Say which account: customer_id or slug, one of them."
        raise Invalid("The account is not named.", errors=(Finding("/slug", "required", message),))
    if "slug" in query:
        row = customers.find_by_slug(session, query["slug"], actor, role)
    else:
        row = customers.find(session, query["customer_id"], actor, role)
    return accounts.of(row)


def refuse_manager(account: Account) -> None:
    """Raises NotAllowedYet for a manager account."""
    if account.manager:
        raise NotAllowedYet(
            f"{account.slug} is a manager account and has no statistics of its own; name an account below it.",
            code="manager_account",
        )
