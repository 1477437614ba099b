"""The tree of Google Ads accounts that a credential reaches: asked for, compared, stored; each account once.

Asking (`explore`) and storing (`store`) are apart: no transaction is open while Google answers. A tree may be of any
depth and an account may hang below two roots; per credential the nearest way to it is kept. Disabled accounts are
shown and not entered.
"""

from __future__ import annotations

import re
import unicodedata
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from backend.adgraph.edges import CustomerLink
from backend.adgraph.models import Customer
from backend.auth.models import CustomerAccess
from backend.core.ids import new_id
from backend.core.logging import get_logger
from backend.integrations.googleads.errors import Refused
from backend.integrations.googleads.gateway import Gateway

log = get_logger(__name__)

SELF = (
    "SELECT customer.id, customer.descriptive_name, customer.currency_code, customer.time_zone, customer.manager, "
    "customer.test_account, customer.status FROM customer LIMIT 1"
)
CHILDREN = (
    "SELECT customer_client.id, customer_client.descriptive_name, customer_client.currency_code, "
    "customer_client.time_zone, customer_client.manager, customer_client.test_account, customer_client.status, "
    "customer_client.hidden, customer_client.level FROM customer_client WHERE customer_client.level = 1"
)
DISABLED = "AuthorizationError.CUSTOMER_NOT_ENABLED"
MAX_ACCOUNTS = 20_000
SLUG_LENGTH = 60

Opener = Callable[[str | None], Gateway]


@dataclass(frozen=True, slots=True)
class Account:
    """An account as Google describes it, and how this credential reaches it (`login` None: directly)."""

    google_id: int
    name: str
    currency: str
    time_zone: str
    manager: bool
    test: bool
    status: str
    hidden: bool = False
    login: int | None = None
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Tree:
    """What a credential reaches: accounts by Google id, and who manages whom."""

    accounts: dict[int, Account]
    links: frozenset[tuple[int, int]]


def explore(open_with_login: Opener) -> Tree:
    """Ask Google for every account that a credential reaches.

    Args:
        open_with_login: gives a gateway that goes through the named manager (None: through none).

    Raises:
        AdsError: Google did not answer; an account that is disabled is no error.
    """
    gateway = open_with_login(None)
    try:
        roots = [int(root) for root in gateway.list_accounts()]
    finally:
        gateway.close()
    accounts: dict[int, Account] = {}
    links: set[tuple[int, int]] = set()
    for root in roots:
        found, below = _explore_root(open_with_login, root)
        for account in found:
            _keep_nearest(accounts, account)
        links |= below
    return Tree(accounts, frozenset(links))


def _explore_root(open_with_login: Opener, root: int) -> tuple[list[Account], set[tuple[int, int]]]:
    """One directly accessible account and, if it is a manager, everything below it, level by level."""
    gateway = open_with_login(str(root))
    try:
        top = _describe_root(gateway, root)
        found = [top]
        links: set[tuple[int, int]] = set()
        waiting = deque([top] if top.manager and top.status == "ENABLED" else [])
        seen = {root}
        while waiting:
            manager = waiting.popleft()
            for child in _children(gateway, manager, root):
                links.add((manager.google_id, child.google_id))
                if child.google_id in seen:
                    continue
                seen.add(child.google_id)
                found.append(child)
                if child.manager and child.status == "ENABLED":
                    waiting.append(child)
                if len(seen) > MAX_ACCOUNTS:
                    raise ValueError(f"more than {MAX_ACCOUNTS} accounts below {root}")
    finally:
        gateway.close()
    return found, links


def _describe_root(gateway: Gateway, root: int) -> Account:
    try:
        for row in gateway.search(str(root), SELF):
            # A client account that is reached directly needs no manager; a manager is its own way in.
            account = _account(row.customer)
            return replace(account, login=root if account.manager else None)
    except Refused as refusal:
        if DISABLED not in refusal.codes():
            raise
        log.warning("account_disabled", google_customer_id=str(root))
    return Account(root, "", "", "UTC", manager=False, test=False, status="CANCELED")


def _children(gateway: Gateway, manager: Account, root: int) -> Iterable[Account]:
    try:
        for row in gateway.search(str(manager.google_id), CHILDREN):
            child = row.customer_client
            yield replace(_account(child), hidden=child.hidden, login=root, depth=manager.depth + 1)
    except Refused as refusal:
        if DISABLED not in refusal.codes():
            raise
        log.warning("account_disabled", google_customer_id=str(manager.google_id))


def _account(message: Any) -> Account:
    status = message.DESCRIPTOR.fields_by_name["status"].enum_type.values_by_number[message.status].name
    return Account(
        google_id=int(message.id),
        name=message.descriptive_name,
        currency=message.currency_code,
        time_zone=message.time_zone or "UTC",
        manager=message.manager,
        test=message.test_account,
        status="UNKNOWN" if status == "UNSPECIFIED" else status,
    )


def _keep_nearest(accounts: dict[int, Account], account: Account) -> None:
    known = accounts.get(account.google_id)
    if known is None or (account.depth, account.login or 0) < (known.depth, known.login or 0):
        accounts[account.google_id] = account


def store(session: Session, tenant_id: UUID, credential_id: UUID, tree: Tree) -> dict[int, UUID]:
    """Write what was found: accounts (each keeps its slug), links, and how the credential reaches them.

    Returns our id of each account by Google id. Repeating it changes nothing.
    """
    ids = _store_accounts(session, tenant_id, tree)
    session.execute(delete(CustomerAccess).where(CustomerAccess.credential_id == credential_id))
    reached = [
        {
            "customer_id": ids[account.google_id],
            "credential_id": credential_id,
            "login_customer_id": account.login,
            "depth": account.depth,
        }
        for account in tree.accounts.values()
    ]
    if reached:
        session.execute(insert(CustomerAccess), reached)
    managers = {ids[account.google_id] for account in tree.accounts.values() if account.manager}
    session.execute(delete(CustomerLink).where(CustomerLink.manager_id.in_(managers)))
    if tree.links:
        pairs = [{"manager_id": ids[manager], "client_id": ids[client]} for manager, client in sorted(tree.links)]
        session.execute(insert(CustomerLink), pairs)
    return ids


def _store_accounts(session: Session, tenant_id: UUID, tree: Tree) -> dict[int, UUID]:
    known = {
        row.google_customer_id: row for row in session.scalars(select(Customer).where(Customer.tenant_id == tenant_id))
    }
    slugs = {row.slug for row in known.values()}
    for account in sorted(tree.accounts.values(), key=lambda account: account.google_id):
        row = known.get(account.google_id)
        if row is None:
            slug = free_slug(account, slugs)
            slugs.add(slug)
            row = Customer(
                id=new_id(), tenant_id=tenant_id, google_customer_id=account.google_id, slug=slug, descriptive_name=""
            )
            known[account.google_id] = row
            session.add(row)
        row.descriptive_name = account.name or row.descriptive_name
        row.currency_code = account.currency or row.currency_code or ""
        row.time_zone = account.time_zone
        row.manager, row.test_account, row.hidden = account.manager, account.test, account.hidden
        row.status = account.status
    session.flush()
    return {google_id: known[google_id].id for google_id in tree.accounts}


def free_slug(account: Account, taken: set[str]) -> str:
    """A readable name for addresses and commands: from the account's name, unique within the tenant."""
    plain = unicodedata.normalize("NFKD", account.name).encode("ascii", "ignore").decode().lower()
    base = re.sub(r"[^a-z0-9]+", "-", plain)[:SLUG_LENGTH].strip("-") or f"account-{account.google_id}"
    return base if base not in taken else f"{base}-{account.google_id}"
