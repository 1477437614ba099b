"""How single values leave protobuf, shared by both decoders so that they cannot differ."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from backend.integrations.googleads.rows.columns import Column, Kind
from backend.integrations.googleads.rows.descriptor import Leaf

EPOCH = dt.date(1970, 1, 1)


class BadValueError(ValueError):
    """Google sent a value that its column cannot hold, such as a date that is none."""


def converter(column: Column, leaf: Leaf) -> Callable[[Any], Any] | None:
    """The function from a raw protobuf value to the staged value, or None where the raw value is right as it is."""
    if column.kind is Kind.ENUM:
        names = leaf.enum_names
        return lambda number: names.get(number, "UNKNOWN")
    if column.kind in (Kind.DATE, Kind.DAY):
        return _to_date
    if column.kind is Kind.ID:
        return _to_id
    if column.kind is Kind.DECIMAL:
        return to_decimal
    if column.kind is Kind.TEXTS:
        return list
    if column.kind is Kind.JSON:
        enum_names = leaf.enum_names if leaf.field.enum_type is not None else None
        return lambda value: _to_json(value, enum_names)
    return None


def to_decimal(value: float) -> Decimal:
    """What a cast of `double precision` to `numeric` gives: the 15 digits that a double is sure of, without zeros."""
    return Decimal(format(value, ".15g"))


def _to_date(value: str) -> dt.date | None:
    if not value:
        return None
    try:
        return dt.date.fromisoformat(value[:10])
    except ValueError as error:
        raise BadValueError(f"not a date: {value!r}") from error


def _to_id(value: str) -> int | None:
    """The id at the end of a resource name; '' has none."""
    if not value:
        return None
    tail = value.rsplit("/", 1)[-1].rsplit("~", 1)[-1]
    try:
        return int(tail)
    except ValueError as error:
        raise BadValueError(f"no id at the end of {value!r}") from error


def _to_json(value: Any, enum_names: dict[int, str] | None) -> Any:
    if isinstance(value, Message):
        return MessageToDict(value, preserving_proto_field_name=True)
    if enum_names is not None:
        return [enum_names.get(number, "UNKNOWN") for number in value]
    return [_to_json(item, None) if isinstance(item, Message) else item for item in value]
