"""What outlives the process: one sqlite3 file in WAL mode.

Base entities come from the seed and are never written; only what mutates changed is here. A commit that returned
survives `kill -9`. One connection, one lock: sqlite has a single writer anyway.
"""

import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS customers (customer_id TEXT PRIMARY KEY, data TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS entities (
    customer_id TEXT NOT NULL, kind TEXT NOT NULL, resource_name TEXT NOT NULL, data BLOB,
    PRIMARY KEY (customer_id, kind, resource_name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS changes (
    seq INTEGER PRIMARY KEY, customer_id TEXT NOT NULL, time TEXT NOT NULL, kind TEXT NOT NULL,
    resource_name TEXT NOT NULL, operation TEXT NOT NULL, fields TEXT NOT NULL, old BLOB, new BLOB,
    user_email TEXT NOT NULL, client_type TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS changes_customer ON changes (customer_id, seq);
CREATE TABLE IF NOT EXISTS documents (
    bucket TEXT NOT NULL, key TEXT NOT NULL, data TEXT NOT NULL, PRIMARY KEY (bucket, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ledger (seq INTEGER PRIMARY KEY, line TEXT NOT NULL);
"""
KEPT_LEDGER_LINES = 1000


@dataclass(frozen=True, slots=True)
class EntityRow:
    customer_id: str
    kind: str
    resource_name: str
    data: bytes | None  # None: the base entity of this name is gone


@dataclass(frozen=True, slots=True)
class ChangeRow:
    seq: int
    customer_id: str
    time: str
    kind: str
    resource_name: str
    operation: str
    fields: str
    old: bytes | None
    new: bytes | None
    user_email: str
    client_type: str


_CHANGE_FIELDS = tuple(ChangeRow.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class Commit:
    """Everything that one acknowledged request changed; it is written whole or not at all."""

    entities: tuple[EntityRow, ...] = ()
    changes: tuple[ChangeRow, ...] = ()
    customers: tuple[tuple[str, str], ...] = ()
    documents: tuple[tuple[str, str, str | None], ...] = ()  # bucket, key, JSON (None deletes)
    meta: tuple[tuple[str, str], ...] = ()
    ledger: tuple[int, str] | None = None


class Store:
    """The sandbox's file. `path` None keeps everything in memory (tests)."""

    def __init__(self, path: Path | None) -> None:
        self._lock = threading.Lock()
        self._db = sqlite3.connect(str(path) if path else ":memory:", check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(SCHEMA)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def commit(self, work: Commit) -> None:
        """Write one request's changes; on return they survive the death of the process."""
        with self._transaction() as db:
            db.executemany(
                "INSERT OR REPLACE INTO entities VALUES (?, ?, ?, ?)",
                ((e.customer_id, e.kind, e.resource_name, e.data) for e in work.entities),
            )
            db.executemany(
                "INSERT INTO changes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (tuple(getattr(change, name) for name in _CHANGE_FIELDS) for change in work.changes),
            )
            db.executemany("INSERT OR REPLACE INTO customers VALUES (?, ?)", work.customers)
            for bucket, key, data in work.documents:
                if data is None:
                    db.execute("DELETE FROM documents WHERE bucket = ? AND key = ?", (bucket, key))
                else:
                    db.execute("INSERT OR REPLACE INTO documents VALUES (?, ?, ?)", (bucket, key, data))
            db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", work.meta)
            if work.ledger is not None:
                db.execute("INSERT OR REPLACE INTO ledger VALUES (?, ?)", work.ledger)
                db.execute("DELETE FROM ledger WHERE seq < ?", (work.ledger[0] - KEPT_LEDGER_LINES,))

    def _rows(self, sql: str, *values: object) -> list[tuple[object, ...]]:
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    def entities(self, customer_id: str) -> Iterable[EntityRow]:
        rows = self._rows("SELECT * FROM entities WHERE customer_id = ?", customer_id)
        return [EntityRow(*row) for row in rows]  # type: ignore[arg-type]

    def customers_with(self, kind: str) -> set[str]:
        """Customers that have changed entities of a kind."""
        return {str(row[0]) for row in self._rows("SELECT DISTINCT customer_id FROM entities WHERE kind = ?", kind)}

    def changes(self, customer_id: str) -> Iterable[ChangeRow]:
        rows = self._rows("SELECT * FROM changes WHERE customer_id = ? ORDER BY seq", customer_id)
        return [ChangeRow(*row) for row in rows]  # type: ignore[arg-type]

    def customers(self) -> dict[str, str]:
        return {str(key): str(data) for key, data in self._rows("SELECT * FROM customers")}

    def documents(self, bucket: str) -> dict[str, str]:
        rows = self._rows("SELECT key, data FROM documents WHERE bucket = ?", bucket)
        return {str(key): str(data) for key, data in rows}

    def meta(self) -> dict[str, str]:
        return {str(key): str(value) for key, value in self._rows("SELECT * FROM meta")}

    def last_change(self) -> int:
        return int(str(self._rows("SELECT coalesce(max(seq), 0) FROM changes")[0][0]))

    def ledger_lines(self) -> list[tuple[int, str]]:
        return [(int(str(seq)), str(line)) for seq, line in self._rows("SELECT seq, line FROM ledger ORDER BY seq")]

    def close(self) -> None:
        with self._lock:
            self._db.close()
