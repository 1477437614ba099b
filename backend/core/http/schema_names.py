"""What a schema is called in the OpenAPI document: its class, told apart by its slice and by what was left out."""

from __future__ import annotations

import hashlib
from typing import Any

from apispec.ext.marshmallow import common


class SchemaNames:
    """Gives every schema a name of its own, the same one in every process."""

    def __init__(self) -> None:
        self._taken: dict[str, Any] = {}

    def __call__(self, schema: Any) -> str:
        """Name a schema class or instance."""
        instance = common.resolve_schema_instance(schema)
        cls = type(instance)
        key = (cls, common.make_schema_key(instance))
        plain = cls.__name__.strip("_").removesuffix("Schema")
        variant = _variant(instance)
        for name in (plain + variant, f"{_slice_of(cls)}{plain}{variant}"):
            if self._taken.setdefault(name, key) == key:
                return name
        raise ValueError(f"two schemas are called {plain} in one slice: {cls.__module__}")


def _variant(instance: Any) -> str:
    if instance.partial is True and not (instance.only or instance.exclude):
        return "Partial"
    parts = [f"{name}={sorted(value)}" for name in ("only", "exclude") if (value := getattr(instance, name))]
    if instance.partial:
        parts.append(f"partial={instance.partial}")
    return f"_{hashlib.sha256(';'.join(parts).encode()).hexdigest()[:6]}" if parts else ""


def _slice_of(cls: type) -> str:
    parts = cls.__module__.split(".")
    return (parts[1] if len(parts) > 1 else parts[0]).title().replace("_", "")
