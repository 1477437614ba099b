"""The answer of one query on its way into PostgreSQL: encoded for COPY, in a file without a name.

No transaction may be open while Google streams, and a window of statistics is to be seen whole or not at all: so the
answer waits here and is copied in one transaction at the end. The file lies in TMPDIR, so that memory does not grow
with the answer, and it ends with its process.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from typing import TYPE_CHECKING, Self

import psycopg
from psycopg.copy import FileWriter
from sqlalchemy.orm import Session

from backend.adgraph.staging import raw

if TYPE_CHECKING:
    from backend.integrations.googleads.rows import Chunk, Constant, Selection

_READ_BYTES = 1 << 18


class SpoolFull(Exception):
    """The folder for temporary files has no room for the answer."""


class Spool:
    """A file of encoded rows: the constants, then what the selection names."""

    def __init__(self, selection: Selection, constants: tuple[Constant, ...] = ()) -> None:
        self.selection = selection
        self.constants = constants
        self.rows = 0
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 (closed by __exit__)
        self._ends: list[int] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):  # what a full disk did not take is given up
            self._file.close()

    @property
    def names(self) -> tuple[str, ...]:
        """The columns, in the order in which they are encoded."""
        return (*(constant.name for constant in self.constants), *self.selection.names)

    def clear(self) -> None:
        """Forget what was appended: a stream that breaks is read from its beginning."""
        self._file.seek(0)
        self._file.truncate()
        self._ends.clear()
        self.rows = 0

    def append(self, session: Session, chunk: Chunk) -> None:
        """Encode a chunk and write it to the file; nothing is sent, the session only says how values are encoded.

        Raises:
            SpoolFull: there is no room for it.
        """
        try:
            self._file.seek(0, os.SEEK_END)
            with psycopg.Copy(raw(session), binary=True, writer=FileWriter(self._file)) as copy:
                chunk.write(copy, self.constants)
            self._file.flush()
        except OSError as problem:
            raise SpoolFull(f"no room for {chunk.rows} more rows: {problem}") from problem
        self._ends.append(self._file.tell())
        self.rows += chunk.rows

    def copy_into(self, session: Session, table: str) -> None:
        """Copy every row into a table that has the columns, each chunk by a COPY of its own."""
        columns = ", ".join(f'"{name}"' for name in self.names)
        self._file.seek(0)
        start = 0
        for end in self._ends:
            with raw(session).copy(f"COPY {table} ({columns}) FROM STDIN (FORMAT binary)") as copy:
                while start < end:
                    block = self._file.read(min(_READ_BYTES, end - start))
                    copy.write(block)
                    start += len(block)
