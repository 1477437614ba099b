"""The one place that reads the time of day, so that a test can move it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime


def _system_time() -> datetime:
    return datetime.now(UTC)


_source: list[Callable[[], datetime]] = [_system_time]


def now() -> datetime:
    """The current time, UTC with its zone."""
    return _source[0]()


def use(source: Callable[[], datetime] | None) -> None:
    """Take the time from `source` from here on (None: from the system again)."""
    _source[0] = source or _system_time
