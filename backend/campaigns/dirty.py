"""Marks what was edited here and not pushed yet, with the value that Google had when the edit began."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from backend.adgraph.columns import SyncState
from backend.campaigns import ad_lists

LISTS = frozenset({*ad_lists.LISTS, "business_name", "asset_links", "shared_sets"})
"""Dirty fields that are no columns: their members are links, with a state of their own but for those of an ad."""


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


def edit_list(row: SyncState, name: str, held: Any = None) -> None:
    """Mark a list of a live row dirty whose members have rows of their own.

    Args:
        held: What an ad's list held before the edit.
    """
    if name not in row.dirty_fields:
        row.dirty_fields = [*row.dirty_fields, name]
        if held is not None:
            row.base = {**row.base, name: held}
    if row.sync_status == "synced":
        row.sync_status = "dirty"


def lists_pushed(row: SyncState, names: frozenset[str]) -> None:
    """Note that no member of these lists waits any more."""
    if not names & set(row.dirty_fields):
        return
    row.dirty_fields = [name for name in row.dirty_fields if name not in names]
    if row.sync_status in ("dirty", "sync_error") and not row.dirty_fields:
        row.sync_status, row.sync_error = "synced", None


def pushed(
    row: SyncState, fields: tuple[str, ...], values: Mapping[str, Any], current: Mapping[str, Any] | None = None
) -> None:
    """Note that Google took these fields with these values; one that was edited again meanwhile is dirty against them.

    Args:
        current: What fields that are no columns (the lists of an ad) hold now.
    """
    now = {name: as_json(getattr(row, name, None)) for name in fields} | dict(current or {})
    moved = [name for name in fields if now[name] != values.get(name)]
    kept = [name for name in row.dirty_fields if name not in fields]
    row.dirty_fields = [*kept, *moved]
    base = {name: value for name, value in row.base.items() if name not in fields}
    row.base = base | {name: _comparable(name, values.get(name)) for name in moved}
    clean = set(fields) - set(moved)
    row.remote = {name: value for name, value in row.remote.items() if name not in clean}
    row.sync_error = None
    row.sync_status = ("conflict" if row.remote else "dirty") if row.dirty_fields else "synced"


def _comparable(name: str, value: Any) -> Any:
    return ad_lists.canonical(value) if name in ad_lists.LISTS and value is not None else value


def as_json(value: Any) -> Any:
    """Give a column's value as PostgreSQL's jsonb would show it."""
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    return value
