"""Rows of any query as plain Python values, for people rather than for COPY: enums by name, messages as dicts.

What the descriptors say is looked up once per query; per row there is attribute access only. A field that Google left
unset is None where the proto distinguishes that, and the zero of its type elsewhere.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.json_format import MessageToDict

Getter = Callable[[Any], Any]
RowReader = Callable[[Any], list[Any]]


def reader(paths: Sequence[tuple[str, ...]], row: Descriptor) -> RowReader:
    """A function that takes the values at `paths` (names as in the descriptors) out of a row message.

    Raises:
        KeyError: a path does not lead anywhere in `row`.
    """
    getters = [_getter(path, row) for path in paths]
    return lambda message: [get(message) for get in getters]


def _getter(path: tuple[str, ...], message: Descriptor) -> Getter:
    field = message.fields_by_name[path[0]]
    name = field.name
    if len(path) == 1:
        return _leaf(field)
    if field.message_type is None:
        raise KeyError(f"{name} holds nothing that {path[1]} could be part of")
    inner = _getter(path[1:], field.message_type)
    if field.is_repeated:
        return lambda parent: [inner(item) for item in getattr(parent, name)]
    return lambda parent: inner(getattr(parent, name))


def _leaf(field: FieldDescriptor) -> Getter:
    name, shown = field.name, _shown(field)
    if field.is_repeated:
        return lambda parent: [shown(item) for item in getattr(parent, name)]
    if field.has_presence:
        return lambda parent: shown(getattr(parent, name)) if parent.HasField(name) else None
    return lambda parent: shown(getattr(parent, name))


def _shown(field: FieldDescriptor) -> Getter:
    if field.enum_type is not None:
        names = {number: value.name for number, value in field.enum_type.values_by_number.items()}
        return lambda number: names.get(number, number)
    if field.type == FieldDescriptor.TYPE_MESSAGE:
        return lambda message: MessageToDict(message, preserving_proto_field_name=True)
    if field.type in (FieldDescriptor.TYPE_DOUBLE, FieldDescriptor.TYPE_FLOAT):
        return lambda number: number if math.isfinite(number) else None
    return lambda value: value
