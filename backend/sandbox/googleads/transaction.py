"""Pending writes of one request over the committed state."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from backend.sandbox.googleads.accounts import Change, CustomerInfo
from backend.sandbox.googleads.clock import Clock
from backend.sandbox.googleads.indexes import Index
from backend.sandbox.googleads.store import ChangeRow, Store


class Backing(Protocol):
    """The world under a transaction: what is committed, and how pending work becomes so."""

    clock: Clock
    store: Store
    next_change: int

    def customers(self) -> Mapping[str, CustomerInfo]: ...
    def customer(self, customer_id: str) -> CustomerInfo: ...
    def ancestors(self, customer_id: str) -> set[str]: ...
    def entities(self, customer_id: str, kind: str) -> Mapping[str, Any]: ...
    def get(self, customer_id: str, kind: str, resource_name: str) -> Any | None: ...
    def find(self, customer_id: str, index: Index, key: object) -> list[Any]: ...
    def count(self, customer_id: str, index: Index, key: object) -> int: ...
    def new_id(self) -> int: ...
    def apply(self, transaction: "Transaction", ledger: tuple[int, str] | None) -> None: ...


class Transaction:
    """Pending writes of one request; `get`, `entities` and `find` see them over the committed state."""

    def __init__(self, world: Backing, customer_id: str) -> None:
        self.world, self.customer_id = world, customer_id
        self.areas: dict[str, dict[str, dict[str, Any]]] = {}
        self.changes: list[ChangeRow] = []
        self.infos: dict[str, CustomerInfo] = {}
        self.documents: dict[tuple[str, str], str | None] = {}
        self._undo: list[Callable[[], object]] = []
        self._candidates: dict[Index, dict[object, dict[str, None]]] = {}

    def _pending(self, kind: str, customer_id: str | None) -> dict[str, Any]:
        return self.areas.get(customer_id or self.customer_id, {}).get(kind, {})

    def get(self, kind: str, resource_name: str, customer_id: str | None = None) -> Any:
        """One entity as it would be after the commit, or None."""
        pending = self._pending(kind, customer_id)
        if resource_name in pending:
            return pending[resource_name]
        return self.world.get(customer_id or self.customer_id, kind, resource_name)

    def entities(self, kind: str, customer_id: str | None = None) -> Iterator[Any]:
        """All entities of a kind as they would be after the commit."""
        pending = self._pending(kind, customer_id)
        for name, message in self.world.entities(customer_id or self.customer_id, kind).items():
            if name not in pending:
                yield message
        yield from [message for message in pending.values() if message is not None]

    def find(self, index: Index, key: object) -> list[Any]:
        """Entities of this customer whose index key is `key`."""
        pending = self._pending(index.kind, None)
        committed = self.world.find(self.customer_id, index, key)
        found = [message for message in committed if message.resource_name not in pending]
        if pending:
            for name in self._pending_names(index, pending).get(key, ()):
                message = pending.get(name)
                if message is not None and index.key(message) == key:
                    found.append(message)
        return found

    def _pending_names(self, index: Index, pending: dict[str, Any]) -> dict[object, dict[str, None]]:
        candidates = self._candidates.get(index)
        if candidates is None:
            candidates = self._candidates[index] = {}
            for name, message in pending.items():
                if message is not None:
                    candidates.setdefault(index.key(message), {})[name] = None
        return candidates

    def count(self, index: Index, key: object, most: int) -> int:
        """How many entities have this key: exact from `most` on, below it only an upper bound (cheap in large sets)."""
        pending = self._pending(index.kind, None)
        bound = self.world.count(self.customer_id, index, key)
        if pending:
            bound += len(self._pending_names(index, pending).get(key, ()))
        return bound if bound < most else len(self.find(index, key))

    def put(self, kind: str, message: Any, customer_id: str | None = None) -> None:
        """Store a message under its resource name; it must not be modified afterwards."""
        self._write(kind, message.resource_name, message, customer_id)

    def drop(self, kind: str, resource_name: str, customer_id: str | None = None) -> None:
        """Take an entity away without a trace (kinds that know no REMOVED status)."""
        self._write(kind, resource_name, None, customer_id)

    def _write(self, kind: str, name: str, message: Any, customer_id: str | None) -> None:
        pending = self.areas.setdefault(customer_id or self.customer_id, {}).setdefault(kind, {})
        if name in pending:
            previous = pending[name]
            self._undo.append(lambda: pending.__setitem__(name, previous))
        else:
            self._undo.append(lambda: pending.__delitem__(name))
        pending[name] = message
        if message is not None and customer_id in (None, self.customer_id):
            for index, candidates in self._candidates.items():
                if index.kind == kind:
                    candidates.setdefault(index.key(message), {})[name] = None

    def put_info(self, info: CustomerInfo) -> None:
        """Add or change an account of the tree."""
        previous = self.infos.get(info.id)
        self.infos[info.id] = info
        self._undo.append(lambda: self.infos.pop(info.id) if previous is None else self.put_info(previous))

    def info(self, customer_id: str) -> CustomerInfo:
        """An account's facts as they would be after the commit."""
        return self.infos.get(customer_id) or self.world.customer(customer_id)

    def put_document(self, bucket: str, key: str, data: str | None) -> None:
        """Keep (or with None forget) a JSON text beside the entities: jobs, uploads."""
        self.documents[(bucket, key)] = data

    def record(self, change: Change, customer_id: str | None = None) -> None:
        """Add an entry to the account's change log; its `seq` is given here."""
        seq = self.world.next_change + len(self.changes)
        self.changes.append(
            ChangeRow(
                seq,
                customer_id or self.customer_id,
                change.time.isoformat(),
                change.kind,
                change.resource_name,
                change.operation,
                json.dumps(change.fields),
                change.old,
                change.new,
                change.user_email,
                change.client_type,
            )
        )
        self._undo.append(self.changes.pop)

    def mark(self) -> int:
        """A point to which `undo` can return."""
        return len(self._undo)

    def undo(self, mark: int = 0) -> None:
        """Take back everything written since the mark."""
        while len(self._undo) > mark:
            self._undo.pop()()

    def commit(self, ledger: tuple[int, str] | None = None) -> None:
        """Make all of it durable and visible at once, with the request's ledger line."""
        self.world.apply(self, ledger)
