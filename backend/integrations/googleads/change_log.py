"""Google's change log as plain values: one change_event row becomes who, when, what, and the fields before and after.

Source: the docstrings of ChangeEvent (v26): 30 days are kept, at most 10,000 rows per query, up to three minutes late;
`changed_fields` names paths of the changed resource; a created resource has no old side, a removed one no new side.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SELECT = ", ".join(
    f"change_event.{name}"
    for name in (
        "resource_name",
        "change_date_time",
        "change_resource_type",
        "change_resource_name",
        "client_type",
        "user_email",
        "resource_change_operation",
        "changed_fields",
        "old_resource",
        "new_resource",
        "campaign",
        "ad_group",
    )
)
# What is shown of a created or removed resource where Google names no fields; the rest is noise of the interface.
_NOT_SHOWN = frozenset({"resource_name"})


@dataclass(frozen=True, slots=True)
class GoogleChange:
    """One change of one resource; `local_time` is Google's text in the account's zone, `at` the same moment in UTC.

    `name` identifies the event within its account. `old` and `new` hold the changed fields by their dotted paths.
    """

    name: str
    at: datetime
    local_time: str
    resource_type: str
    resource_name: str
    client_type: str
    user_email: str
    operation: str
    fields: tuple[str, ...]
    old: dict[str, Any]
    new: dict[str, Any]
    title: str | None
    keyword: bool
    campaign: str | None
    ad_group: str | None


def change_of(row: Any) -> GoogleChange:
    """Read one row of `SELECT … FROM change_event`.

    Raises:
        ValueError: its resource name holds no moment.
    """
    event = row.change_event
    old, new = _changed(event.old_resource), _changed(event.new_resource)
    shown = new if new is not None else old
    fields = tuple(event.changed_fields.paths) or tuple(_top_level(shown))
    name = event.resource_name.rpartition("/")[2]
    return GoogleChange(
        name=name,
        at=EPOCH + timedelta(microseconds=int(name.partition("~")[0])),
        local_time=event.change_date_time,
        resource_type=_enum(event, "change_resource_type"),
        resource_name=event.change_resource_name,
        client_type=_enum(event, "client_type"),
        user_email=event.user_email,
        operation=_enum(event, "resource_change_operation"),
        fields=fields,
        old=values_at(old, fields),
        new=values_at(new, fields),
        title=_title(shown),
        keyword=shown is not None and "keyword" in values_at(shown, ("keyword",)),
        campaign=event.campaign or None,
        ad_group=event.ad_group or None,
    )


def values_at(message: Any, paths: Iterable[str]) -> dict[str, Any]:
    """The values of a message at dotted paths; a path that is unset, or that its type does not have, is left out."""
    found = {}
    for path in paths:
        holder, *_ = _walk(message, path.split(".")) or (None,)
        if holder is not None:
            field = _field(holder, path.rsplit(".", 1)[-1])
            value = getattr(holder, field.name)
            if not field.has_presence or holder.HasField(field.name):
                found[path] = _plain(field, value)
    return found


def _walk(message: Any, path: list[str]) -> tuple[Any, ...] | None:
    """The message that holds the last part of a path, or None when there is none."""
    for depth, part in enumerate(path):
        field = _field(message, part) if message is not None else None
        if field is None:
            return None
        if depth == len(path) - 1:
            return (message,)
        if field.message_type is None or field.is_repeated or not message.HasField(field.name):
            return None
        message = getattr(message, field.name)
    return None


def _field(message: Any, name: str) -> Any:
    """A field by Google's name: Python keywords carry an underscore in the package's descriptors."""
    fields = message.DESCRIPTOR.fields_by_name
    return fields.get(name) or fields.get(f"{name}_")


def _plain(field: Any, value: Any) -> Any:
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        return {str(key): str(item) for key, item in value.items()}
    if field.is_repeated:
        return [_single(field, item) for item in value]
    return _single(field, value)


def _single(field: Any, value: Any) -> Any:
    if field.enum_type is not None:
        known = field.enum_type.values_by_number.get(value)
        return known.name if known is not None else value
    if field.message_type is not None:
        return {part.name.rstrip("_"): _plain(part, item) for part, item in value.ListFields()}
    return f"{len(value)} bytes" if isinstance(value, bytes) else value


def _changed(resource: Any) -> Any:
    """The one resource that a ChangedResource holds, None when it holds none."""
    for field, message in resource.ListFields():
        if field.message_type is not None:
            return message
    return None


def _top_level(message: Any) -> list[str]:
    if message is None:
        return []
    return [field.name.rstrip("_") for field, _ in message.ListFields() if field.name not in _NOT_SHOWN]


def _title(message: Any) -> str | None:
    """What people call the resource: its name, or the text of a keyword."""
    found: Mapping[str, Any] = values_at(message, ("name", "keyword.text", "ad.name")) if message is not None else {}
    return next((str(value) for value in found.values() if value), None)


def _enum(message: Any, name: str) -> str:
    return str(_single(_field(message, name), getattr(message, name)))
