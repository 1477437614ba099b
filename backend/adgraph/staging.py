"""Staged rows: what one query answered, copied into an unlogged table and merged from there.

A stage outlives the transactions that fill it, because none may be open while Google streams. It belongs to one
writer: its name is that of the account and the query, and the account's lease lets one job in. What a killed run left
behind is dropped by the next one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

import psycopg
from sqlalchemy.orm import Session

if TYPE_CHECKING:
    from backend.integrations.googleads.rows import Chunk, Constant, Selection

SCHEMA = "stats"
PART_MEMORY, WHOLE_MEMORY = "64MB", "256MB"
"""What a sort or hash of a merge may take on the server; a million rows of a window need 150 MB."""
_WHOLE_SETS = (
    f"work_mem = '{WHOLE_MEMORY}'",
    "hash_mem_multiplier = 1",
    "max_parallel_workers_per_gather = 1",  # a parallel hash takes work_mem for each process
    "parallel_tuple_cost = 0",  # nearly all rows of a comparison are as they were and go no further
    "enable_nestloop = off",
    "enable_mergejoin = off",
)


@dataclass(frozen=True, slots=True)
class Stage:
    """An unlogged table that holds the answer of one query about one account.

    With `constants`, which stand before it in every row, it is filled from a spool and not chunk by chunk.
    """

    customer_id: UUID
    name: str
    selection: Selection
    constants: tuple[Constant, ...] = ()

    @property
    def table(self) -> str:
        """The qualified name; made of hex digits and a name of our own code, so it needs no quoting."""
        return f"{SCHEMA}.stage_{self.customer_id.hex}_{self.name}"

    def create(self, session: Session) -> None:
        """Make the table, or empty what an earlier run left of it."""
        types: list[tuple[str, str]] = [(constant.name, constant.sql_type) for constant in self.constants]
        types += [(column.name, column.kind.sql_type) for column in self.selection.columns]
        columns = ", ".join(f'"{name}" {sql_type}' for name, sql_type in types)
        cursor = raw(session)
        cursor.execute(f"DROP TABLE IF EXISTS {self.table}")
        cursor.execute(f"CREATE UNLOGGED TABLE {self.table} ({columns}) WITH (autovacuum_enabled = false)")

    def append(self, session: Session, chunk: Chunk) -> None:
        """Copy a chunk in, in PostgreSQL's binary format."""
        names = ", ".join(f'"{name}"' for name in self.selection.names)
        with raw(session).copy(f"COPY {self.table} ({names}) FROM STDIN (FORMAT binary)") as copy:
            chunk.write(copy)

    def analyse(self, session: Session) -> None:
        """Tell the planner how much there is; without it a large merge may become a nested loop."""
        raw(session).execute(f"ANALYZE {self.table}")

    def drop(self, session: Session) -> None:
        """Remove the table."""
        raw(session).execute(f"DROP TABLE IF EXISTS {self.table}")


def raw(session: Session) -> psycopg.Cursor[tuple[Any, ...]]:
    """A psycopg cursor inside the session's own transaction: COPY and generated SQL go through it."""
    connection = cast("psycopg.Connection[tuple[Any, ...]]", session.connection().connection.driver_connection)
    return connection.cursor()


def stay_in_memory(session: Session) -> None:
    """Let the sorts and hashes of a merge stay in memory, for the rest of the transaction."""
    raw(session).execute(f"SET LOCAL work_mem = '{PART_MEMORY}'")


def join_by_hash(session: Session) -> None:
    """Let the rest of the transaction join whole sets by hash, in memory.

    The planner knows nothing yet of rows that came a moment ago. It takes them for few and chooses a nested loop, which
    reads the other side, or adds it up, once for every row; or it sorts both sides, which costs more than a hash.
    """
    cursor = raw(session)
    for setting in _WHOLE_SETS:
        cursor.execute(f"SET LOCAL {setting}")


def drop_leftovers(session: Session, customer_id: UUID) -> int:
    """Drop the stages of an account that a killed run left behind; the caller holds the account's lease."""
    cursor = raw(session)
    cursor.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = %s AND tablename LIKE %s",
        (SCHEMA, f"stage\\_{customer_id.hex}\\_%"),
    )
    names = [name for (name,) in cursor.fetchall()]
    for name in names:
        cursor.execute(f'DROP TABLE IF EXISTS {SCHEMA}."{name}"')
    return len(names)
