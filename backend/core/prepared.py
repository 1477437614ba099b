"""Statements prepared once per connection: asking again costs neither parsing nor planning.

Only a statement that asks for it (`execute(…, prepare=True)`) is prepared, and only where no pooler stands between:
one that hands out a server connection per transaction (PgBouncer) would run it where nobody has prepared it. A rollback
makes psycopg forget what it prepared, so a reader who wants to profit ends its transaction with a commit.
"""

from __future__ import annotations

import sys
from typing import Any

import psycopg
from sqlalchemy import Engine, event, text
from sqlalchemy.dialects import registry
from sqlalchemy.orm import Session

ONLY_WHEN_ASKED = sys.maxsize


class Question:
    """A SELECT of one row and one column that takes longer to plan than to answer; parameters are written `:name`."""

    def __init__(self, sql: str) -> None:
        self._sql = str(text(sql).compile(dialect=registry.load("postgresql.psycopg")()))

    def ask(self, session: Session, values: dict[str, Any]) -> Any:
        """Give the value, from within the session's transaction."""
        connection: psycopg.Connection[Any] = session.connection().connection.driver_connection  # type: ignore[assignment]
        row = connection.execute(self._sql, values, prepare=True).fetchone()
        if row is None:
            raise LookupError("the question has no answer")
        return row[0]


def allow_on(engine: Engine) -> None:
    """Look at every new connection of an engine once, and allow prepared statements where they are safe."""
    event.listen(engine, "connect", _decide)


def _decide(connection: psycopg.Connection[Any], _record: object) -> None:
    connection.prepare_threshold = ONLY_WHEN_ASKED if is_direct(connection) else None


def is_direct(connection: psycopg.Connection[Any]) -> bool:
    """Whether the process that answers is the one that greeted: a pooler greets with a number of its own."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        row = cursor.fetchone()
    connection.rollback()
    return row is not None and row[0] == connection.info.backend_pid
