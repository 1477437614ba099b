"""Reading and copying fields of raw messages by their path in GoogleAdsRow."""

from collections.abc import Callable
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from backend.sandbox.googleads import kinds

Read = Callable[[Any], Any]


def fields_along(kind: str, path: tuple[str, ...]) -> tuple[FieldDescriptor, ...] | None:
    """The descriptors of a path inside a kind (store's version), or None where the store's version lacks it."""
    head = kinds.row_field(kind)
    message: Descriptor | None = head.message_type if head is not None else None
    found: list[FieldDescriptor] = []
    for name in path:
        field = message.fields_by_name.get(name) if message is not None else None
        if field is None:
            return None
        found.append(field)
        message = field.message_type
    return tuple(found)


def reader(kind: str, path: tuple[str, ...]) -> Read:
    """A function from a kind's message to the value at a path: None when unset, a list when repeated."""
    fields = fields_along(kind, path)
    if fields is None:
        return lambda _: None
    *parents, last = fields
    names = tuple(field.name for field in parents)
    if any(field.is_repeated for field in parents):
        return lambda message: _spread(message, fields)

    def read(message: Any) -> Any:
        for name in names:
            if not message.HasField(name):
                return None
            message = getattr(message, name)
        return _value(message, last)

    return read


def _value(message: Any, field: FieldDescriptor) -> Any:
    value = getattr(message, field.name)
    if field.is_repeated:
        return list(value)
    if field.has_presence:
        return value if message.HasField(field.name) else None
    return value or None  # without presence a default is nothing


def _spread(message: Any, fields: tuple[FieldDescriptor, ...]) -> list[Any]:
    values = [message]
    for field in fields:
        values = [
            item
            for value in values
            for item in (getattr(value, field.name) if field.is_repeated else [_value(value, field)])
            if item is not None
        ]
    return values


def copy(source: Any, target: Any, fields: tuple[FieldDescriptor, ...]) -> None:
    """Copy what stands at one path; unset stays unset."""
    field, rest = fields[0], fields[1:]
    if field.is_repeated:
        _copy_repeated(source, target, field, rest)
    elif field.message_type is not None:
        if source.HasField(field.name):
            child = getattr(target, field.name)
            child.SetInParent()
            if rest:
                copy(getattr(source, field.name), child, rest)
            else:
                child.MergeFrom(getattr(source, field.name))
    elif not field.has_presence or source.HasField(field.name):
        setattr(target, field.name, getattr(source, field.name))


def _copy_repeated(source: Any, target: Any, field: FieldDescriptor, rest: tuple[FieldDescriptor, ...]) -> None:
    values, into = getattr(source, field.name), getattr(target, field.name)
    if not rest:
        if not into:
            into.MergeFrom(values)
        return
    while len(into) < len(values):
        into.add()
    for value, item in zip(values, into, strict=True):
        copy(value, item, rest)
