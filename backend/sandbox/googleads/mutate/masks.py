"""Field masks: which paths an update names, and what they do to the stored entity.

`FieldMask.MergeMessage` cannot clear a field and appends to lists; here each named path takes exactly the value that
the update holds, unset included.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from backend.sandbox.googleads.behaviour import behaviour
from backend.sandbox.googleads.errors import Problem

_UNKNOWN = "The field mask contained an invalid field: '{0}'."
_SUBFIELDS = (
    "The field mask updated a field with subfields: '{0}'. Please list out the subfields being updated individually."
)


def field_named(descriptor: Descriptor, name: str) -> FieldDescriptor | None:
    """The field of Google's name ("type" is `type_` in the package)."""
    return descriptor.fields_by_name.get(name) or descriptor.fields_by_name.get(name + "_")


def resolve(descriptor: Any, path: str) -> list[FieldDescriptor] | None:
    """The fields along a path, or None when there is no such path."""
    found: list[FieldDescriptor] = []
    current: Descriptor | None = descriptor
    for name in path.split("."):
        field = field_named(current, name) if current is not None else None
        if field is None or (found and found[-1].is_repeated):
            return None
        found.append(field)
        current = field.message_type
    return found


def problems_of(old: Any, update: Any, paths: Sequence[str]) -> Iterator[Problem]:
    """What is wrong with a mask: unknown paths, messages named whole, immutable fields that would change.

    One that names nothing but `resource_name` is there, and changes nothing: the client's helper makes it of defaults.
    """
    if not paths:
        yield Problem("field_mask_error", "FIELD_MASK_MISSING", ("update_mask",))
    for path in paths:
        fields = resolve(update.DESCRIPTOR, path)
        if fields is None:
            yield Problem("field_mask_error", "FIELD_NOT_FOUND", ("update_mask",), _UNKNOWN.format(path), path)
        elif _has_mutable_subfields(fields[-1]):
            yield Problem("field_mask_error", "FIELD_HAS_SUBFIELDS", ("update_mask",), _SUBFIELDS.format(path), path)
        elif path != "resource_name" and _frozen(fields) and _value(old, fields) != _value(update, fields):
            yield Problem("field_error", "IMMUTABLE_FIELD", tuple(path.split(".")), trigger=path)


def _has_mutable_subfields(field: FieldDescriptor) -> bool:
    if field.message_type is None or field.is_repeated:
        return False
    names = {inner.name for inner in field.message_type.fields}
    return bool(names - behaviour(field.message_type).output_only)


def _frozen(fields: Sequence[FieldDescriptor]) -> bool:
    for field in fields:
        known = behaviour(field.containing_type)
        if field.name in known.immutable or field.name in known.output_only:
            return True
    return False


def _value(message: Any, fields: Sequence[FieldDescriptor]) -> Any:
    for field in fields[:-1]:
        message = getattr(message, field.name)
    last = fields[-1]
    value = getattr(message, last.name)
    return list(value) if last.is_repeated else value


def apply(target: Any, update: Any, paths: Sequence[str]) -> None:
    """Give every named path of `target` the value it has in `update`."""
    for path in paths:
        fields = resolve(target.DESCRIPTOR, path)
        if fields is None or path == "resource_name":
            continue
        holder, source = target, update
        for field in fields[:-1]:
            if field.containing_oneof is not None or source.HasField(field.name):
                getattr(holder, field.name).SetInParent()
            holder, source = getattr(holder, field.name), getattr(source, field.name)
        _assign(holder, source, fields[-1])


def _assign(holder: Any, source: Any, field: FieldDescriptor) -> None:
    name = field.name
    if field.is_repeated:
        holder.ClearField(name)
        getattr(holder, name).MergeFrom(getattr(source, name))
    elif field.message_type is not None:
        holder.ClearField(name)
        if source.HasField(name) or field.containing_oneof is not None:
            getattr(holder, name).SetInParent()
            getattr(holder, name).CopyFrom(getattr(source, name))
    elif field.has_presence and not source.HasField(name):
        holder.ClearField(name)
    else:
        setattr(holder, name, getattr(source, name))
