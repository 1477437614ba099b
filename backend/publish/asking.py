"""Small parts of the questions that are asked at Google on the way to a mutate."""

from __future__ import annotations

from typing import Any


def quoted(value: str) -> str:
    """Write a text as a GAQL string.

    Raises:
        ValueError: The text has a line break, which GAQL cannot hold.
    """
    if "\n" in value or "\r" in value:
        raise ValueError("a line break cannot stand in a query")
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def enum_name(message: Any, field: str) -> str:
    """Give the name of an enum's value in a raw message."""
    value = message.DESCRIPTOR.fields_by_name[field].enum_type.values_by_number.get(getattr(message, field))
    return value.name if value else "UNKNOWN"
