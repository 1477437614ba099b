"""Decode with protobuf's own parser and one compiled `attrgetter`: for JSON columns, and without the fast wheels."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import attrgetter, itemgetter
from typing import Any

from backend.integrations.googleads.rows.chunk import Chunk, CopyWriter
from backend.integrations.googleads.rows.columns import Column, Kind, Selection
from backend.integrations.googleads.rows.convert import converter
from backend.integrations.googleads.rows.descriptor import Leaf, reduce


class PlainDecoder:
    """Rows as tuples of Python values."""

    def __init__(self, selection: Selection, version: str, response: type[Any] | None = None) -> None:
        reduced = reduce(selection, version)
        self._selection = selection
        self._response = response or reduced.response
        self._get = _row_getter(reduced.leaves)
        self._absent = [
            (index, _presence(leaf, column))
            for index, (column, leaf) in enumerate(zip(selection.columns, reduced.leaves, strict=True))
            if column.nullable
        ]
        self._convert = [converter(c, leaf) for c, leaf in zip(selection.columns, reduced.leaves, strict=True)]
        self._waiting: list[tuple[Any, ...]] = []

    def feed(self, message: bytes) -> int:
        """Decode one response message; the answer is how many rows wait for `take`."""
        self._waiting.extend(self.decode(message))
        return len(self._waiting)

    def take(self) -> Chunk | None:
        """The rows fed since the last take, sorted by key."""
        rows, self._waiting = self._waiting, []
        return PlainChunk(self._selection, rows) if rows else None

    def decode(self, message: bytes) -> Iterator[tuple[Any, ...]]:
        """The rows of one message as they came."""
        results = self._response.FromString(message).results
        if not results:
            return iter(())
        columns = list(zip(*map(self._get, results), strict=True))
        absent = dict(self._absent)
        for index, convert in enumerate(self._convert):
            present = absent.get(index)
            if present is not None:
                pairs = zip(columns[index], results, strict=True)
                columns[index] = tuple(
                    (convert(value) if convert else value) if present(row) else None for value, row in pairs
                )
            elif convert is not None:
                columns[index] = tuple(map(convert, columns[index]))
        return zip(*columns, strict=True)


def _row_getter(leaves: tuple[Leaf, ...]) -> Callable[[Any], tuple[Any, ...]]:
    getter = attrgetter(*(".".join(leaf.path) for leaf in leaves))
    return getter if len(leaves) > 1 else lambda row: (getter(row),)


def _presence(leaf: Leaf, column: Column) -> Callable[[Any], bool]:
    """Whether Google set the field; where the field has no presence, whether it differs from its zero."""
    *parents, name = leaf.path
    holder: Callable[[Any], Any] = attrgetter(".".join(parents)) if parents else lambda row: row
    if leaf.field.has_presence and column.kind is not Kind.JSON:
        return lambda row: bool(holder(row).HasField(name))
    if leaf.field.message_type is not None and not leaf.field.is_repeated:
        return lambda row: bool(holder(row).HasField(name))
    return lambda row: bool(getattr(holder(row), name))


class PlainChunk:
    """Rows in a list, written one by one."""

    def __init__(self, selection: Selection, rows: list[tuple[Any, ...]]) -> None:
        self.selection = selection
        self._rows = _unique(selection, rows)
        self.rows = len(self._rows)

    def write(self, copy: CopyWriter) -> None:
        """Write every row with `write_row`, its types named so that the binary format is exact."""
        copy.set_types([_COPY_TYPES[column.kind] for column in self.selection.columns])
        for row in self._rows:
            copy.write_row(row)

    def records(self) -> Iterator[tuple[Any, ...]]:
        """The rows, sorted by key."""
        return iter(self._rows)

    def distinct(self, column: str) -> list[Any]:
        """The values of one column, each once, sorted, without NULL."""
        index = self.selection.names.index(column)
        return sorted({row[index] for row in self._rows} - {None})


def _unique(selection: Selection, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    if not selection.key:
        return rows
    by_key = itemgetter(*(selection.names.index(name) for name in selection.key))
    latest = {by_key(row): row for row in rows}
    try:
        return [latest[key] for key in sorted(latest)]
    except TypeError:  # a NULL in a key does not compare; the order serves speed only
        return list(latest.values())


_COPY_TYPES = {
    Kind.INT: "int8",
    Kind.FLOAT: "float8",
    Kind.TEXT: "text",
    Kind.BOOL: "bool",
    Kind.DATE: "date",
    Kind.DAY: "date",
    Kind.ENUM: "text",
    Kind.ID: "int8",
    Kind.JSON: "jsonb",
}
