"""The strict check of where, to whom and when a campaign is shown. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from backend.campaigns.rules import BY_CODE
from backend.core.errors import Finding


def _finding(pointer: str, code: str, message: str | None = None) -> Finding:
    return Finding(pointer, code, message or BY_CODE[code].advice)


def check(targeting: Mapping[str, Any]) -> Iterator[Finding]:
    """Give every reason why Google would refuse this targeting."""
    yield from _locations(targeting)
    yield from _schedule(targeting.get("ad_schedule", ()))


def _locations(targeting: Mapping[str, Any]) -> Iterator[Finding]:
    for index, location in enumerate(targeting.get("locations", ())):
        if not str(location.get("id", "")).isdigit():
            yield _finding(f"/targeting/locations/{index}/id", "location_invalid")
        if not _modifies(location, allowed=not location.get("negative")):
            yield _finding(f"/targeting/locations/{index}/bid_modifier", "bid_modifier")
    for index, language in enumerate(targeting.get("languages", ())):
        if not str(language).isdigit():
            yield _finding(f"/targeting/languages/{index}", "location_invalid", "A language is Google's constant id.")
    for index, device in enumerate(targeting.get("devices", ())):
        modifier = device.get("bid_modifier")
        if modifier is not None and modifier != 0 and not 0.1 <= modifier <= 10:
            yield _finding(f"/targeting/devices/{index}/bid_modifier", "device_modifier")


def _schedule(slots: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    days: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for index, slot in enumerate(slots):
        begin = slot["start_hour"] * 60 + slot.get("start_minute", 0)
        end = slot["end_hour"] * 60 + slot.get("end_minute", 0)
        if not 0 <= begin < end <= 24 * 60 or begin % 15 or end % 15:
            yield _finding(f"/targeting/ad_schedule/{index}", "schedule_invalid")
        day = days[slot["day_of_week"]]
        if any(begin < other_end and other_begin < end for other_begin, other_end in day):
            yield _finding(f"/targeting/ad_schedule/{index}", "schedule_overlap")
        elif len(day) >= (BY_CODE["schedule_intervals"].maximum or 0):
            yield _finding(f"/targeting/ad_schedule/{index}", "schedule_intervals")
        day.append((begin, end))
        if not _modifies(slot):
            yield _finding(f"/targeting/ad_schedule/{index}/bid_modifier", "bid_modifier")


def _modifies(criterion: Mapping[str, Any], *, allowed: bool = True) -> bool:
    """Whether the bid modifier of a place or an hour is one that Google takes; none is always right."""
    modifier = criterion.get("bid_modifier")
    return modifier is None or (allowed and 0.1 <= modifier <= 10)
