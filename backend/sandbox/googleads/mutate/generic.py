"""Checks that hold for every kind: behaviours, enums, references, names."""

from functools import cache
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from backend.sandbox.googleads import names
from backend.sandbox.googleads.behaviour import behaviour
from backend.sandbox.googleads.enums import is_removed
from backend.sandbox.googleads.mutate.rules import Op, Rules


def clear_output_only(message: Any) -> None:
    """Take away what only Google may say; Google ignores it in a create."""
    hidden = behaviour(message.DESCRIPTOR).output_only
    for field, value in message.ListFields():
        if field.name in hidden:
            message.ClearField(field.name)
        elif field.type == FieldDescriptor.TYPE_MESSAGE and _may_hold_output(field.message_type):
            for item in value if field.is_repeated else (value,):
                clear_output_only(item)


@cache
def _may_hold_output(descriptor: Descriptor, seen: frozenset[str] = frozenset()) -> bool:
    if descriptor.full_name in seen:
        return False
    inner = seen | {descriptor.full_name}
    return bool(behaviour(descriptor).output_only) or any(
        _may_hold_output(field.message_type, inner) for field in descriptor.fields if field.message_type is not None
    )


def check_required(op: Op, message: Any, path: tuple[Any, ...] = ()) -> None:
    """Fields that the package documents as "Required."."""
    for name in behaviour(message.DESCRIPTOR).required:
        field = message.DESCRIPTOR.fields_by_name[name]
        if not _is_set(message, field):
            op.fail("field_error", "REQUIRED", *path, names.public_name(name))


def _is_set(message: Any, field: FieldDescriptor) -> bool:
    if field.is_repeated:
        return len(getattr(message, field.name)) > 0
    if field.has_presence:
        return bool(message.HasField(field.name)) and getattr(message, field.name) != ""
    return bool(getattr(message, field.name))


def check_values(op: Op, message: Any, path: tuple[Any, ...] = ()) -> None:
    """Enum numbers that exist; UNKNOWN is for answers only. Documented requirements of nested messages."""
    for field, value in message.ListFields():
        name = names.public_name(field.name)
        items = enumerate(value) if field.is_repeated else [(None, value)]
        if field.type == FieldDescriptor.TYPE_ENUM:
            for index, number in items:
                _check_enum(op, field, number, (*path, name if index is None else (name, index)))
        elif field.type == FieldDescriptor.TYPE_MESSAGE:
            for index, inner in items:
                below = (*path, name if index is None else (name, index))
                check_values(op, inner, below)


def _check_enum(op: Op, field: Any, number: int, path: tuple[Any, ...]) -> None:
    known = field.enum_type.values_by_number.get(number)
    if known is None:
        op.fail("request_error", "INVALID_ENUM_VALUE", *path, trigger=number)
    elif known.name == "UNKNOWN":
        op.fail("enum_error", "ENUM_VALUE_NOT_PERMITTED", *path, trigger=known.name)


def check_references(op: Op, message: Any) -> None:
    """Every resource name in the entity must be well formed, of this account, and name something."""
    for path, _, field, _, value in names.strings(message):
        if path == ("resource_name",) or not _is_reference(field, value):
            continue
        parsed = names.parse(value)
        if parsed is None or (field.name in names.templates() and parsed.kind != field.name):
            text = f"Resource name '{value}' is malformed."
            op.fail("request_error", "RESOURCE_NAME_MALFORMED", *path, message=text, trigger=value)
        elif (parsed.customer_id not in ("", op.tx.customer_id) and not _may_belong_to_others(parsed.kind)) or (
            _must_exist(parsed) and not _exists(op, parsed, value)
        ):
            op.fail("mutate_error", "RESOURCE_NOT_FOUND", *path, trigger=value)


def _is_reference(field: FieldDescriptor, value: str) -> bool:
    if value.startswith("customers/"):
        return True
    return field.name in names.templates()


def _may_belong_to_others(kind: str) -> bool:
    return kind in ("customer", "bidding_strategy", "label", "user_list", "conversion_action", "shared_set", "audience")


def _must_exist(parsed: names.Parsed) -> bool:
    return bool(parsed.customer_id) and parsed.kind not in _UNTRACKED


_UNTRACKED = frozenset(("user_interest", "life_event", "detailed_demographic", "topic_constant", "video"))


def _exists(op: Op, parsed: names.Parsed, value: str) -> bool:
    if parsed.kind == "customer":
        return parsed.customer_id in op.tx.world.customers()
    if parsed.customer_id != op.tx.customer_id:
        if parsed.customer_id not in op.tx.world.customers():
            return False
        return op.tx.get(parsed.kind, value, parsed.customer_id) is not None
    if parsed.kind == "ad":
        return True
    return op.tx.get(parsed.kind, value) is not None


def reference_parts(message: Any, kind: str) -> dict[str, str]:
    """Id parts that its references give: {"campaign_id": "12", …}; of a parent of its own kind not the last."""
    found: dict[str, str] = {}
    for field, value in message.ListFields():
        if field.type == FieldDescriptor.TYPE_STRING and not field.is_repeated and field.name != "resource_name":
            parsed = names.parse(value)
            if parsed is not None:
                own = list(parsed.parts)[-1:] if parsed.kind == kind else []
                found.update({part: value for part, value in parsed.parts.items() if part not in own})
                if parsed.kind == "customer":
                    found[f"{field.name}_id"] = parsed.customer_id
    return found


def own_parts(op: Op, rules: Rules, new: Any) -> dict[str, str | None]:
    """The id parts of a new entity, in order; None where a new number is to be given."""
    references = reference_parts(new, rules.kind)
    template = rules.template
    found: dict[str, str | None] = {}
    for part in template.parts:
        own = rules.part(op, new, part)
        field = new.DESCRIPTOR.fields_by_name.get(part)
        if own is not None:
            found[part] = own
        elif part in references and part != f"{rules.kind}_id":
            found[part] = references[part]
        elif field is not None and field.enum_type is not None:
            known = field.enum_type.values_by_number.get(getattr(new, part))
            found[part] = known.name if known is not None else str(getattr(new, part))
        elif field is not None and field.type != FieldDescriptor.TYPE_STRING and _given(new, field):
            found[part] = str(getattr(new, part))
        else:
            found[part] = None
    return found


def _given(new: Any, field: FieldDescriptor) -> bool:
    """Whether a number was sent; a field without presence (ids of output-only resources) counts when it is not 0."""
    return bool(new.HasField(field.name) if field.has_presence else getattr(new, field.name))


def write_ids(new: Any, parts: dict[str, str]) -> None:
    """Show the ids in the entity's own id fields ("id", "criterion_id", …) where the kind has them."""
    for part, value in parts.items():
        field = new.DESCRIPTOR.fields_by_name.get(part)
        if field is not None and field.type == FieldDescriptor.TYPE_INT64:
            setattr(new, part, int(value))
    last = list(parts.values())[-1:] or ["0"]
    if "id" in new.DESCRIPTOR.fields_by_name and last[0].isdigit():
        new.id = int(last[0])


def exists_alive(existing: Any) -> bool:
    """Whether an entity of this name stands in the way of a new one."""
    return existing is not None and not is_removed(existing)
