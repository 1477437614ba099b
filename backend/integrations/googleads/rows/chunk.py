"""What a decoder hands to the merge: rows that fit in memory, sorted by their key, each key once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from backend.integrations.googleads.rows.columns import Constant, Selection


class CopyWriter(Protocol):
    """The part of psycopg's Copy that a chunk writes to (binary format)."""

    def write(self, buffer: Any, /) -> None: ...
    def set_types(self, types: Sequence[int | str], /) -> None: ...
    def write_row(self, row: Sequence[Any], /) -> None: ...


class Chunk(Protocol):
    """Decoded rows of one selection. A key that came twice is kept once, as it came last."""

    selection: Selection
    rows: int

    def write(self, copy: CopyWriter, constants: Sequence[Constant] = ()) -> None:
        """Write every row to a `COPY … FROM STDIN (FORMAT binary)` of the constants and the selection's columns."""

    def records(self) -> Iterator[tuple[Any, ...]]:
        """The rows as Python tuples, in the order of the selection's columns."""

    def distinct(self, column: str) -> list[Any]:
        """The values of one column, each once, sorted, without NULL."""


class Decoder(Protocol):
    """Turns the bytes of response messages into chunks."""

    def feed(self, message: bytes) -> int:
        """Decode one response message; the answer is how many rows wait for `take`."""

    def take(self) -> Chunk | None:
        """The rows fed since the last take, or None when there are none."""
