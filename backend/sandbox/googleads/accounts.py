"""The nouns of the account tree and of the change log."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class CustomerInfo:
    """One account: what the tree, access rules and conversions of money and time need of it."""

    id: str
    name: str
    currency_code: str = "EUR"
    time_zone: str = "Europe/Berlin"
    manager: bool = False
    test_account: bool = False
    status: str = "ENABLED"  # CustomerStatusEnum: ENABLED, CANCELED, SUSPENDED, CLOSED
    parents: tuple[str, ...] = ()  # managers it is linked to directly
    hidden_under: tuple[str, ...] = ()  # those of them that hide it


@dataclass(frozen=True, slots=True)
class BaseCustomer:
    """One demo account: its facts, who may use it, and its entities, which are built only when first touched.

    `users` are (email, AccessRole name) of the people with direct access. `load` yields (kind, message of the store's
    version); `customer`, `customer_user_access`, `customer_client_link` and `customer_manager_link` may be left out:
    the world derives them.
    """

    info: CustomerInfo
    users: tuple[tuple[str, str], ...]
    load: Callable[[], Iterable[tuple[str, Any]]]
    volume: int = 1  # multiplies the search traffic and the number of search terms of the account


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of an account's change log. `old` and `new` are bytes of the store's version."""

    seq: int
    time: datetime  # UTC
    kind: str
    resource_name: str
    operation: str  # CREATE, UPDATE, REMOVE
    fields: tuple[str, ...]
    old: bytes | None
    new: bytes | None
    user_email: str
    client_type: str  # ChangeClientTypeEnum name
