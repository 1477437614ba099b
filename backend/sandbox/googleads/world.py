"""The state behind every door of the sandbox.

Per customer (a ten-digit string) and kind (a field name of `GoogleAdsRow`) the world holds messages of the newest
version by resource name. A customer's base entities are a function of the seed and are built at the first touch;
what requests changed lies in the store and is laid over them. Stored messages are never modified: a write puts a
new message in place, so readers need no lock and see either the state before a request or the one after it.
"""

import json
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any, NamedTuple

from backend.sandbox.googleads import kinds, recommended, relations
from backend.sandbox.googleads.accounts import BaseCustomer, Change, CustomerInfo
from backend.sandbox.googleads.clock import Clock
from backend.sandbox.googleads.indexes import Index, IndexSet
from backend.sandbox.googleads.store import ChangeRow, Commit, EntityRow, Store
from backend.sandbox.googleads.transaction import Transaction

__all__ = ["BaseCustomer", "Change", "CustomerInfo", "Transaction", "UnknownCustomer", "World"]

HISTORY = 50  # earlier states of an account that stale searches can see
FIRST_NEW_ID = 1_000_000_000_001  # demo ids lie below
_EMPTY: Mapping[str, Any] = MappingProxyType({})


class UnknownCustomer(KeyError):
    """No account has this id."""


class _Moment(NamedTuple):
    """The state of an account until a moment."""

    until: datetime
    entities: dict[str, dict[str, Any]]
    version: int
    changes: int


class _Account:
    """Entities of one loaded customer."""

    def __init__(self, entities: dict[str, dict[str, Any]], changes: list[Change]) -> None:
        self.entities = entities
        self.changes = changes
        self.version = 1
        self.history: deque[_Moment] = deque(maxlen=HISTORY)
        self.indexes = IndexSet()


class World:
    """All accounts. Reads are free of locks; writes go through `transaction`, one at a time."""

    def __init__(
        self,
        store: Store,
        base: Iterable[BaseCustomer],
        *,
        seed: int,
        days: int,
        created: datetime,
        clock: Clock,
    ) -> None:
        self.store, self.seed, self.days, self.created, self.clock = store, seed, days, created, clock
        self.start: date = created.date() - timedelta(days=days)  # first day that has statistics
        self._base = {account.info.id: account for account in base}
        self._infos: dict[str, CustomerInfo] = {cid: account.info for cid, account in self._base.items()}
        for cid, data in store.customers().items():
            fields = json.loads(data)
            fields["parents"], fields["hidden_under"] = tuple(fields["parents"]), tuple(fields["hidden_under"])
            self._infos[cid] = CustomerInfo(**fields)
        self._accounts: dict[str, _Account] = {}
        self._changed_users = store.customers_with("customer_user_access")
        self._load_lock = threading.RLock()
        self._write_lock = threading.RLock()
        self._next_id = int(store.meta().get("next_id", FIRST_NEW_ID))
        self.next_change = store.last_change() + 1

    # reading

    def customers(self) -> Mapping[str, CustomerInfo]:
        """Every account by id."""
        return self._infos

    def customer(self, customer_id: str) -> CustomerInfo:
        """One account's facts; UnknownCustomer when there is none."""
        try:
            return self._infos[customer_id]
        except KeyError:
            raise UnknownCustomer(customer_id) from None

    def base_users(self, customer_id: str) -> tuple[tuple[str, str], ...]:
        """(email, access role) of the demo people with direct access; needs no loading of the account."""
        account = self._base.get(customer_id)
        return account.users if account else ()

    def users(self, customer_id: str) -> list[tuple[str, str]]:
        """(email, access role) of everyone with direct access to an account."""
        if customer_id not in self._accounts and customer_id not in self._changed_users:
            return [*self.base_users(customer_id)]
        found = self.entities(customer_id, "customer_user_access").values()
        return [(access.email_address, relations.role_of(access)) for access in found]

    def volume(self, customer_id: str) -> int:
        """What multiplies the account's search traffic; 1 for accounts that requests made."""
        account = self._base.get(customer_id)
        return account.volume if account else 1

    def children(self, manager_id: str) -> list[CustomerInfo]:
        """Accounts linked directly to this manager."""
        return [info for info in self._infos.values() if manager_id in info.parents]

    def descendants(self, manager_id: str) -> list[tuple[CustomerInfo, int]]:
        """The account itself (level 0) and all direct and indirect clients with their smallest level."""
        found = {manager_id: 0}
        level, front = 0, [manager_id]
        while front:
            level += 1
            front = [info.id for parent in front for info in self.children(parent) if info.id not in found]
            for customer_id in front:
                found.setdefault(customer_id, level)
        return [(self.customer(customer_id), depth) for customer_id, depth in found.items()]

    def ancestors(self, customer_id: str) -> set[str]:
        """Every manager above an account."""
        found: set[str] = set()
        front = [customer_id]
        while front:
            front = [parent for cid in front for parent in self.customer(cid).parents if parent not in found]
            found.update(front)
        return found

    def entities(self, customer_id: str, kind: str) -> Mapping[str, Any]:
        """All entities of a kind, removed ones included, by resource name; a snapshot that never changes."""
        return self._account(customer_id).entities.get(kind, _EMPTY)

    def kinds(self, customer_id: str) -> list[str]:
        """The kinds of which an account has or had entities."""
        return [*self._account(customer_id).entities]

    def get(self, customer_id: str, kind: str, resource_name: str) -> Any | None:
        """One entity, or None."""
        return self.entities(customer_id, kind).get(resource_name)

    def changes(self, customer_id: str) -> Sequence[Change]:
        """The account's change log, oldest first; it only ever grows."""
        return self._account(customer_id).changes

    def version(self, customer_id: str) -> int:
        """A number that grows with every applied request on the account: the key for caches."""
        return self._account(customer_id).version

    def as_of(self, customer_id: str, moment: datetime) -> tuple[Mapping[str, Mapping[str, Any]], int, int]:
        """(entities by kind, version, length of the change log) that an account had at an earlier moment."""
        account = self._account(customer_id)
        for past in tuple(account.history):
            if past.until > moment:
                return past.entities, past.version, past.changes
        return account.entities, account.version, len(account.changes)

    def find(self, customer_id: str, index: Index, key: object) -> list[Any]:
        """Committed entities with this index key."""
        account = self._account(customer_id)
        entities = account.entities.get(index.kind, {})
        names = account.indexes.names(index, key, entities)
        return [entities[name] for name in names if name in entities and index.key(entities[name]) == key]

    def count(self, customer_id: str, index: Index, key: object) -> int:
        """At most how many committed entities have this index key."""
        account = self._account(customer_id)
        return account.indexes.count(index, key, account.entities.get(index.kind, {}))

    # writing

    @contextmanager
    def transaction(self, customer_id: str) -> Iterator[Transaction]:
        """One request's changes on an account (and, for links, its relatives). Nothing is kept without `commit`."""
        with self._write_lock:
            self.customer(customer_id)
            yield Transaction(self, customer_id)

    def new_id(self) -> int:
        """A number that was never given before."""
        with self._load_lock:
            self._next_id += 1
            return self._next_id - 1

    def advance_clock(self, seconds: float) -> datetime:
        """Move the clock and remember it."""
        now = self.clock.advance(seconds)
        self.store.commit(Commit(meta=(("clock_offset_s", repr(self.clock.offset_s)),)))
        return now

    # inside

    def _account(self, customer_id: str) -> _Account:
        account = self._accounts.get(customer_id)
        if account is None:
            self.customer(customer_id)
            with self._load_lock:
                account = self._accounts.get(customer_id)
                if account is None:
                    account = self._accounts[customer_id] = self._load(customer_id)
        return account

    def _load(self, customer_id: str) -> _Account:
        entities: dict[str, dict[str, Any]] = {}
        base = self._base.get(customer_id)
        for kind, message in self._derived(customer_id):
            entities.setdefault(kind, {})[message.resource_name] = message
        for kind, message in base.load() if base else ():
            entities.setdefault(kind, {})[message.resource_name] = message
        for message in recommended.recommendations(customer_id, entities):
            entities.setdefault("recommendation", {})[message.resource_name] = message
        for row in self.store.entities(customer_id):
            if row.data is None:
                entities.get(row.kind, {}).pop(row.resource_name, None)
            else:
                stored: Any = kinds.message_class(row.kind).FromString(row.data)
                entities.setdefault(row.kind, {})[row.resource_name] = stored
        changes = [_change(row) for row in self.store.changes(customer_id)]
        return _Account(entities, changes)

    def _derived(self, customer_id: str) -> Iterator[tuple[str, Any]]:
        base = self._base.get(customer_id)
        if base is not None:
            yield from relations.entities_of(base, [a.info for a in self._base.values()])

    def apply(self, transaction: Transaction, ledger: tuple[int, str] | None) -> None:
        infos, written, dropped = transaction.infos, [], {}
        for customer_id, area in transaction.areas.items():
            for kind, pending in area.items():
                for name, message in pending.items():
                    data = None if message is None else message.SerializeToString()
                    written.append(EntityRow(customer_id, kind, name, data))
                dropped[(customer_id, kind)] = [name for name, message in pending.items() if message is None]
        self.store.commit(
            Commit(
                entities=tuple(written),
                changes=tuple(transaction.changes),
                customers=tuple((info.id, json.dumps(asdict(info))) for info in infos.values()),
                documents=tuple((bucket, key, data) for (bucket, key), data in transaction.documents.items()),
                meta=(("next_id", str(self._next_id)),),
                ledger=ledger,
            )
        )
        self._infos = {**self._infos, **infos}
        for customer_id, area in transaction.areas.items():
            account = self._account(customer_id)
            fresh = dict(account.entities)
            for kind, pending in area.items():
                merged = {**fresh.get(kind, {}), **{n: m for n, m in pending.items() if m is not None}}
                for name in dropped[(customer_id, kind)]:
                    merged.pop(name, None)
                fresh[kind] = merged
                account.indexes.add(kind, pending)
            account.history.append(_Moment(self.clock.now(), account.entities, account.version, len(account.changes)))
            account.entities = fresh
            account.version += 1
        for row in transaction.changes:
            self._account(row.customer_id).changes.append(_change(row))
        self.next_change += len(transaction.changes)


def _change(row: ChangeRow) -> Change:
    return Change(
        seq=row.seq,
        time=datetime.fromisoformat(row.time),
        kind=row.kind,
        resource_name=row.resource_name,
        operation=row.operation,
        fields=tuple(json.loads(row.fields)),
        old=row.old,
        new=row.new,
        user_email=row.user_email,
        client_type=row.client_type,
    )
