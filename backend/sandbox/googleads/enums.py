"""Enum fields by the names of their values."""

from typing import Any


def enum_name(message: Any, field: str) -> str:
    """The name of an enum field's value ("" for a number the enum does not know)."""
    value = message.DESCRIPTOR.fields_by_name[field].enum_type.values_by_number.get(getattr(message, field))
    return value.name if value is not None else ""


def set_enum(message: Any, field: str, name: str) -> None:
    """Set an enum field by name."""
    setattr(message, field, message.DESCRIPTOR.fields_by_name[field].enum_type.values_by_name[name].number)


def default_enum(message: Any, field: str, name: str) -> None:
    """Set an enum field by name where the request left it unspecified."""
    if getattr(message, field) == 0:
        set_enum(message, field, name)


def is_removed(message: Any) -> bool:
    """Whether the entity has a status and it is REMOVED."""
    return "status" in message.DESCRIPTOR.fields_by_name and enum_name(message, "status") == "REMOVED"
