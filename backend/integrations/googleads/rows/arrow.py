"""Decode straight from the wire into Arrow columns (ptars) and encode PostgreSQL's binary COPY from them (pgpq).

Needs the `fast` requirements; `decoder.open_decoder` takes the plain path where they are absent. A message that ptars
refuses is decoded by the plain path, so that one odd row costs speed and not the sync.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any, cast

import pgpq
import psycopg
import ptars
import pyarrow as pa
import pyarrow.compute as pc
from psycopg.adapt import PyFormat

from backend.integrations.googleads.rows.chunk import Chunk, CopyWriter
from backend.integrations.googleads.rows.columns import Column, Constant, Kind, Selection
from backend.integrations.googleads.rows.convert import converter, to_decimal
from backend.integrations.googleads.rows.descriptor import Leaf, reduce
from backend.integrations.googleads.rows.plain import PlainDecoder

_TYPES = {
    Kind.INT: pa.int64(),
    Kind.FLOAT: pa.float64(),
    Kind.DECIMAL: pa.float64(),  # a decimal only where it leaves: sorting and comparing doubles is cheaper
    Kind.TEXT: pa.string(),
    Kind.BOOL: pa.bool_(),
    Kind.DATE: pa.date32(),
    Kind.DAY: pa.date32(),
    Kind.NUMBER: pa.int16(),
    Kind.ENUM: pa.string(),
    Kind.ID: pa.int64(),
    Kind.TEXTS: pa.list_(pa.string()),
}
_ZEROS = {Kind.INT: 0, Kind.NUMBER: 0, Kind.FLOAT: 0.0, Kind.DECIMAL: 0.0, Kind.BOOL: False}
_CONSTANTS = {"uuid": pa.binary(16), "smallint": pa.int16(), "bigint": pa.int64()}
_ENCODED_ROWS = 32_768


class ArrowDecoder:
    """Rows as Arrow record batches; only for flat selections."""

    def __init__(self, selection: Selection, version: str) -> None:
        reduced = reduce(selection, version)
        self._selection = selection
        self._handler = ptars.HandlerPool([reduced.response.DESCRIPTOR.file]).get_for_message(
            reduced.response.DESCRIPTOR
        )
        self._finish = [_finisher(c, leaf) for c, leaf in zip(selection.columns, reduced.leaves, strict=True)]
        self._paths = [leaf.path for leaf in reduced.leaves]
        self._schema = pa.schema([(column.name, _TYPES[column.kind]) for column in selection.columns])
        self._plain = PlainDecoder(selection, version)
        self._waiting: list[pa.RecordBatch] = []
        self._rows = 0

    def feed(self, message: bytes) -> int:
        """Decode one response message; the answer is how many rows wait for `take`."""
        batch = self.decode(message)
        if batch.num_rows:
            self._waiting.append(batch)
            self._rows += batch.num_rows
        return self._rows

    def take(self) -> Chunk | None:
        """The rows fed since the last take, sorted by key."""
        if not self._waiting:
            return None
        table = pa.Table.from_batches(self._waiting, self._schema).combine_chunks()
        self._waiting, self._rows = [], 0  # before the sort, which needs as much memory again
        return ArrowChunk(self._selection, table)

    def decode(self, message: bytes) -> pa.RecordBatch:
        """The rows of one message as they came."""
        try:
            rows = self._handler.list_to_record_batch([message]).column(0).values
        except ValueError:  # what ptars cannot read, such as text that is not UTF-8
            return self._decode_plainly(message)
        columns = [
            finish(_descend(rows, path)) for finish, path in zip(self._finish, self._paths, strict=True)
        ]  # fmt: skip
        return pa.RecordBatch.from_arrays(columns, schema=self._schema)

    def _decode_plainly(self, message: bytes) -> pa.RecordBatch:
        rows = list(self._plain.decode(message))
        columns = list(zip(*rows, strict=True)) if rows else [()] * len(self._schema)
        arrays = [pa.array(values, field.type) for values, field in zip(columns, self._schema, strict=True)]
        return pa.RecordBatch.from_arrays(arrays, schema=self._schema)


def _descend(rows: pa.StructArray, path: tuple[str, ...]) -> pa.Array:
    array = rows
    for name in path:
        index = array.type.get_field_index(name)
        array = array.flatten()[index] if array.null_count or array.offset else array.field(index)
    return array


def _finisher(column: Column, leaf: Leaf) -> Callable[[pa.Array], pa.Array]:
    """From the raw Arrow column to the staged one: zero for unset, names for enum numbers, dates for their text."""
    target = _TYPES[column.kind]
    if column.kind is Kind.TEXTS:
        return _lists
    convert = None if column.kind is Kind.DECIMAL else converter(column, leaf)
    finish: _Scalars | _Mapped
    if convert is None:
        finish = _Scalars(target, _ZEROS.get(column.kind, ""))
    else:
        finish = _Mapped(target, 0 if column.kind is Kind.ENUM else "", convert)
    if not column.nullable:
        return finish.zero_for_unset
    return finish if leaf.field.has_presence else finish.null_for_zero


def _lists(array: pa.Array) -> pa.Array:
    target = _TYPES[Kind.TEXTS]
    if array.null_count:  # the message that holds the list was absent
        return pa.array([values or [] for values in array.to_pylist()], target)
    return array.cast(target)


class _Scalars:
    """Columns whose Arrow value is the staged value."""

    def __init__(self, target: pa.DataType, zero: Any) -> None:
        self._target = target
        self._zero = zero

    def __call__(self, array: pa.Array) -> pa.Array:
        return array if array.type == self._target else array.cast(self._target)

    def zero_for_unset(self, array: pa.Array) -> pa.Array:
        return self(array).fill_null(self._zero)

    def null_for_zero(self, array: pa.Array) -> pa.Array:
        column = self(array)
        return pc.if_else(pc.equal(column, pa.scalar(self._zero, self._target)), pa.scalar(None, self._target), column)


class _Mapped:
    """Columns of few distinct values: each is converted once, in Python, and spread with `take`."""

    def __init__(self, target: pa.DataType, raw_zero: Any, convert: Callable[[Any], Any]) -> None:
        self._target = target
        self._raw_zero = raw_zero
        self._convert = convert

    def __call__(self, array: pa.Array) -> pa.Array:
        encoded = array.dictionary_encode()
        values = [self._convert(value) for value in encoded.dictionary.to_pylist()]
        return pa.array(values, self._target).take(encoded.indices)

    def zero_for_unset(self, array: pa.Array) -> pa.Array:
        return self(array.fill_null(self._raw_zero))

    def null_for_zero(self, array: pa.Array) -> pa.Array:
        zero = pa.scalar(self._raw_zero, array.type)
        return self(pc.if_else(pc.equal(array, zero), pa.scalar(None, array.type), array))


class ArrowChunk:
    """Rows in an Arrow table, sorted by key."""

    def __init__(self, selection: Selection, table: pa.Table) -> None:
        self.selection = selection
        self._table = _unique(selection, table)
        self.rows = self._table.num_rows

    def write(self, copy: CopyWriter, constants: Sequence[Constant] = ()) -> None:
        """Write every row in PostgreSQL's binary format, in slices that bound the memory."""
        table = self._with_encoded_decimals()
        for place, constant in enumerate(constants):
            value = constant.value if isinstance(constant.value, int) else constant.value.bytes
            column = pa.repeat(pa.scalar(value, _CONSTANTS[constant.sql_type]), table.num_rows)
            table = table.add_column(place, constant.name, column)
        encoder = pgpq.ArrowToPostgresBinaryEncoder(table.schema)
        copy.write(encoder.write_header())
        for batch in table.to_batches(max_chunksize=_ENCODED_ROWS):
            copy.write(encoder.write_batch(batch))
        copy.write(encoder.finish())

    def records(self) -> Iterator[tuple[Any, ...]]:
        """The rows as Python tuples."""
        decimals = [column.kind is Kind.DECIMAL for column in self.selection.columns]
        for batch in self._table.to_batches(max_chunksize=_ENCODED_ROWS):
            columns = [
                [None if value is None else to_decimal(value) for value in column.to_pylist()]
                if decimal
                else column.to_pylist()
                for decimal, column in zip(decimals, batch.columns, strict=True)
            ]
            yield from zip(*columns, strict=True)

    def _with_encoded_decimals(self) -> pa.Table:
        """The table with its decimals as PostgreSQL sends them, which pgpq passes through as bytes."""
        table, encode = self._table, _Mapped(pa.binary(), 0.0, _to_numeric)
        for place, column in enumerate(self.selection.columns):
            if column.kind is Kind.DECIMAL:
                numbers = encode(table.column(place).combine_chunks())
                table = table.set_column(place, column.name, numbers)
        return table

    def distinct(self, column: str) -> list[Any]:
        """The values of one column, each once, sorted, without NULL."""
        return sorted(value for value in pc.unique(self._table.column(column)).to_pylist() if value is not None)


_NUMERIC = psycopg.adapters.get_dumper(Decimal, PyFormat.BINARY)(Decimal)


def _to_numeric(value: float) -> bytes:
    return bytes(cast(bytearray, _NUMERIC.dump(to_decimal(value))))


def _unique(selection: Selection, table: pa.Table) -> pa.Table:
    """Sort by key and keep the last row of each key. The sort is stable, so the last one is the one that came last."""
    if not selection.key or not table.num_rows:
        return table
    order = pc.sort_indices(table, sort_keys=[(name, "ascending") for name in selection.key])
    table = table.take(order).combine_chunks()
    count = table.num_rows
    if count == 1:
        return table
    same = None
    for name in selection.key:
        column = table.column(name).combine_chunks()
        equal = pc.equal(column.slice(0, count - 1), column.slice(1)).fill_null(False)
        same = equal if same is None else pc.and_(same, equal)
    if not pc.any(same).as_py():
        return table
    keep = pa.concat_arrays([pc.invert(same), pa.array([True])])
    return table.filter(keep).combine_chunks()
