"""Decode with protobuf's own parser and one compiled `attrgetter`: for JSON columns, and without the fast wheels."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from operator import attrgetter, itemgetter
from typing import Any

from backend.integrations.googleads.rows.chunk import Chunk, CopyWriter
from backend.integrations.googleads.rows.columns import Column, Constant, Kind, Selection
from backend.integrations.googleads.rows.convert import converter
from backend.integrations.googleads.rows.descriptor import Leaf, reduce

_SLICE_ROWS = 64  # few enough that the wrappers of nested messages are reused before they leave the processor's cache


class PlainDecoder:
    """Rows as tuples of Python values."""

    def __init__(self, selection: Selection, version: str, response: type[Any] | None = None) -> None:
        reduced = reduce(selection, version)
        self._selection = selection
        self._response = response or reduced.response
        self._read = _column_reader(reduced.leaves)
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
        with _collector_paused():
            return self._rows(results)

    def _rows(self, results: Any) -> Iterator[tuple[Any, ...]]:
        columns = self._read(results)
        absent = dict(self._absent)
        for index, convert in enumerate(self._convert):
            present = absent.get(index)
            if present is not None:
                pairs = zip(columns[index], results, strict=True)
                columns[index] = [
                    (convert(value) if convert else value) if present(row) else None for value, row in pairs
                ]
            elif convert is not None:
                memo = (
                    convert
                    if self._selection.columns[index].kind in (Kind.JSON, Kind.TEXTS)
                    else _Memo(convert).__getitem__
                )
                columns[index] = list(map(memo, columns[index]))
        return zip(*columns, strict=True)


class _Memo(dict[Any, Any]):
    """Converts each distinct value of a column once; lives as long as one message, so it stays small."""

    def __init__(self, convert: Callable[[Any], Any]) -> None:
        super().__init__()
        self._convert = convert

    def __missing__(self, value: Any) -> Any:
        self[value] = converted = self._convert(value)
        return converted


def _column_reader(leaves: tuple[Leaf, ...]) -> Callable[[Any], list[list[Any]]]:
    """Reads a message column by column: a nested message is looked up once per row, whatever is read from it."""
    parents = tuple(dict.fromkeys(leaf.path[:depth] for leaf in leaves for depth in range(1, len(leaf.path))))
    steps = [(path, path[:-1], attrgetter(path[-1])) for path in parents]
    fields = [(leaf.path[:-1], attrgetter(leaf.path[-1])) for leaf in leaves]

    def read(results: Any) -> list[list[Any]]:
        columns: list[list[Any]] = [[] for _ in leaves]
        for start in range(0, len(results), _SLICE_ROWS):
            held: dict[tuple[str, ...], list[Any]] = {(): results[start : start + _SLICE_ROWS]}
            for path, parent, get in steps:
                held[path] = list(map(get, held[parent]))
            for column, (parent, get) in zip(columns, fields, strict=True):
                column.extend(map(get, held[parent]))
        return columns

    return read


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Hold the cycle collector back for one message: the many short-lived wrappers hold no cycle, and visiting them
    costs a third of the reading."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


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

    def write(self, copy: CopyWriter, constants: Sequence[Constant] = ()) -> None:
        """Write every row with `write_row`, its types named so that the binary format is exact."""
        types = [constant.sql_type for constant in constants]
        copy.set_types([*types, *(_COPY_TYPES[column.kind] for column in self.selection.columns)])
        before = tuple(constant.value for constant in constants)
        for row in self._rows:
            copy.write_row(before + row)

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
    Kind.DECIMAL: "numeric",
    Kind.TEXT: "text",
    Kind.BOOL: "bool",
    Kind.DATE: "date",
    Kind.DAY: "date",
    Kind.NUMBER: "int2",
    Kind.ENUM: "text",
    Kind.ID: "int8",
    Kind.TEXTS: "text[]",
    Kind.JSON: "jsonb",
}
