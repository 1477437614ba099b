"""Marks what was edited here and not pushed yet, with the value that Google had when the edit began."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from backend.adgraph.columns import SyncState


def edit(row: SyncState, field: str, value: Any) -> bool:
    """Set a field of a live row and mark it dirty; setting Google's value again makes it clean. True if it changed."""
    old = getattr(row, field)
    if old == value:
        return False
    base = dict(row.base)
    if field not in row.dirty_fields:
        base[field] = as_json(old)
    setattr(row, field, value)
    if base[field] == as_json(value) and field not in row.remote:
        base.pop(field)
        row.dirty_fields = [name for name in row.dirty_fields if name != field]
    elif field not in row.dirty_fields:
        row.dirty_fields = [*row.dirty_fields, field]
    row.base = base
    if row.sync_status in ("synced", "dirty"):
        row.sync_status = "dirty" if row.dirty_fields else "synced"
    return True


def pushed(row: SyncState, fields: tuple[str, ...], values: dict[str, Any]) -> None:
    """Note that Google took these fields with these values; one that was edited again meanwhile stays dirty."""
    clean = {name for name in fields if as_json(getattr(row, name)) == values.get(name)}
    row.dirty_fields = [name for name in row.dirty_fields if name not in clean]
    base = {name: value for name, value in row.base.items() if name not in clean}
    row.base = base | {name: values[name] for name in fields if name not in clean and name in row.dirty_fields}
    row.remote = {name: value for name, value in row.remote.items() if name not in clean}
    row.sync_error = None
    row.sync_status = ("conflict" if row.remote else "dirty") if row.dirty_fields else "synced"


def as_json(value: Any) -> Any:
    """Give a column's value as PostgreSQL's jsonb would show it."""
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    return value
