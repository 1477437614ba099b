"""The table of legal transitions of a campaign. The database enforces the same one by a trigger (migration 0008).

`status` is ours; `sync_status` says how our copy stands to Google's. A row may be inserted in any state: sync inserts
what it finds as PUBLISHED. Staying where one is, is always legal.
"""

from __future__ import annotations

STATUS_TRANSITIONS: dict[str, frozenset[str]] = {
    "DRAFT": frozenset({"PUBLISHING", "REMOVED"}),
    "PUBLISHING": frozenset({"PUBLISHED", "FAILED"}),
    "FAILED": frozenset({"PUBLISHING", "DRAFT", "REMOVED"}),
    "PUBLISHED": frozenset({"REMOVED"}),
    "REMOVED": frozenset({"DRAFT"}),
}
"""REMOVED to DRAFT is the undoing of a draft's removal; what Google removed stays removed (see `may_become`)."""

SYNC_TRANSITIONS: dict[str, frozenset[str]] = {
    "draft": frozenset({"publishing"}),
    "publishing": frozenset({"synced", "sync_error", "draft", "dirty"}),
    "synced": frozenset({"dirty", "conflict", "publishing", "sync_error"}),
    "dirty": frozenset({"synced", "conflict", "publishing", "sync_error"}),
    "conflict": frozenset({"dirty", "synced", "sync_error"}),
    "sync_error": frozenset({"draft", "dirty", "synced", "conflict", "publishing"}),
}


def may_become(before: str, after: str, *, google_id: int | None = None) -> bool:
    """Tell whether a campaign may go from one `status` to another; a live one never becomes a draft again."""
    if before == after:
        return True
    if after == "DRAFT" and google_id is not None:
        return False
    return after in STATUS_TRANSITIONS[before]


def sync_may_become(before: str, after: str) -> bool:
    """Tell whether a campaign may go from one `sync_status` to another."""
    return before == after or after in SYNC_TRANSITIONS[before]
