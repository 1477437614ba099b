"""The account tree: two top managers, sub-managers, clients of every kind."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from backend.sandbox.googleads.accounts import BaseCustomer, CustomerInfo
from backend.sandbox.googleads.demo import account, draws
from backend.sandbox.googleads.demo.vocabulary import BUSINESSES, MARKETS

ADMIN = "admin@nordlicht.example"
ANALYST = "analyst@nordlicht.example"
PARTNER = "partner@second-agency.example"
OWNER = "owner@client.example"


@dataclass(frozen=True, slots=True)
class Agency:
    """The demo's accounts. `client_ids` are the accounts that advertise, in order; the first is an ordinary one."""

    manager_id: str
    client_ids: tuple[str, ...]
    customers: tuple[BaseCustomer, ...]


def build(seed: int, *, clients: int = 30, days: int = 90, created: datetime, size: int = 1) -> Agency:
    """The agency of a seed.

    `days` of history lie before `created`. `size` multiplies the search terms of each ad group: with 16, one account
    yields millions of distinct search-term rows in a year.
    """
    if clients < 1 or days < 1 or size < 1:
        raise ValueError("clients, days and size must be at least 1")
    root, second = _id(seed, "root"), _id(seed, "second root")
    dach, international, iberia = _id(seed, "dach"), _id(seed, "international"), _id(seed, "iberia")
    managers = (
        _manager(root, "Nordlicht Agency", (), ((ADMIN, "ADMIN"),)),
        _manager(dach, "Nordlicht DACH", (root,), ((ANALYST, "READ_ONLY"),)),
        _manager(international, "Nordlicht International", (root,), ()),
        _manager(iberia, "Nordlicht Iberia", (international,), ()),
        _manager(second, "Second Agency", (), ((PARTNER, "ADMIN"),)),
    )
    parents = (root, dach, iberia, international, international, root)
    history = (created.date() - timedelta(days=days), created.date())
    accounts = tuple(
        _client(seed, index, parents[index % len(parents)], second, history=history, size=size)
        for index in range(clients)
    )
    return Agency(root, tuple(client.info.id for client in accounts), (*managers, *accounts))


def _id(seed: int, *parts: object) -> str:
    return str(1_000_000_000 + draws.number(seed, "customer", *parts) % 9_000_000_000)


def _manager(customer_id: str, name: str, parents: tuple[str, ...], users: tuple[tuple[str, str], ...]) -> BaseCustomer:
    info = CustomerInfo(customer_id, name, manager=True, parents=parents)
    return BaseCustomer(info, users, tuple)


def _client(seed: int, index: int, parent: str, second: str, *, history: tuple[date, date], size: int) -> BaseCustomer:
    business, market = BUSINESSES[index % len(BUSINESSES)], MARKETS[index % len(MARKETS)]
    generation = index // len(BUSINESSES)
    name = f"{business.name} {generation + 1}" if generation else business.name
    special = index % 30
    info = CustomerInfo(
        _id(seed, "client", index),
        name,
        currency_code=market.currency,
        time_zone=market.time_zone,
        test_account=special == 8,
        status={6: "SUSPENDED", 7: "CANCELED"}.get(special, "ENABLED"),
        parents=(parent, second) if special == 5 else (parent,),
        hidden_under=(parent,) if special == 11 else (),
    )
    plan = account.Plan(seed, index, info.id, name, business, market, history, size, info.status, info.test_account)
    users = ((OWNER, "ADMIN"),) if index == 0 else ()
    return BaseCustomer(info, users, partial(_load, plan), size)


def _load(plan: "account.Plan") -> Iterable[tuple[str, Any]]:
    return account.entities(plan)
