"""Dates in queries: formats, the predefined ranges of DURING, and the window that date conditions leave.

Source: developers.google.com/google-ads/api/docs/query/date-ranges. All ranges are inclusive and in the account's
time zone: the caller gives its `today`.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta

_DAY = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})", re.ASCII)
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}:\d{2}(\.\d{1,6})?", re.ASCII)
_ONE = timedelta(days=1)

DATE_RANGES = (
    "LAST_14_DAYS",
    "LAST_30_DAYS",
    "LAST_7_DAYS",
    "LAST_BUSINESS_WEEK",
    "LAST_MONTH",
    "LAST_WEEK_MON_SUN",
    "LAST_WEEK_SUN_SAT",
    "THIS_MONTH",
    "THIS_WEEK_MON_TODAY",
    "THIS_WEEK_SUN_TODAY",
    "TODAY",
    "YESTERDAY",
)


@dataclass(frozen=True, slots=True)
class Window:
    """Days from `start` to `end`, both included; None is open."""

    start: date | None = None
    end: date | None = None

    @property
    def finite(self) -> bool:
        return self.start is not None and self.end is not None

    @property
    def empty(self) -> bool:
        return self.start is not None and self.end is not None and self.start > self.end

    def narrowed(self, start: date | None, end: date | None) -> "Window":
        """The days in both windows."""
        starts = [day for day in (self.start, start) if day is not None]
        ends = [day for day in (self.end, end) if day is not None]
        return Window(max(starts) if starts else None, min(ends) if ends else None)


def parse_day(text: str) -> date | None:
    """A day written as YYYY-MM-DD or YYYYMMDD, or None."""
    match = _DAY.fullmatch(text)
    if match is None or text.count("-") == 1:
        return None
    try:
        return date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return None


def parse_time(text: str) -> datetime | None:
    """A time `YYYY-MM-DD HH:MM:SS[.ffffff]` in the account's zone, or None."""
    if _TIME.fullmatch(text) is None:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def day_before(day: date) -> date:
    """The day before; the calendar's first day has none and stands for itself."""
    return day if day == date.min else day - _ONE


def day_after(day: date) -> date:
    """The day after; the calendar's last day has none and stands for itself."""
    return day if day == date.max else day + _ONE


def _sunday(day: date) -> date:
    return day - timedelta(days=(day.weekday() + 1) % 7)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def predefined(name: str, today: date) -> Window:
    """The window of a DURING literal. KeyError for a name that is not one."""
    if name not in DATE_RANGES:
        raise KeyError(name)
    one = _ONE
    first = today.replace(day=1)
    previous = first - one
    windows = {
        "TODAY": Window(today, today),
        "YESTERDAY": Window(today - one, today - one),
        "THIS_MONTH": Window(first, today),
        "LAST_MONTH": Window(previous.replace(day=1), previous),
        "THIS_WEEK_MON_TODAY": Window(_monday(today), today),
        "THIS_WEEK_SUN_TODAY": Window(_sunday(today), today),
        "LAST_WEEK_MON_SUN": Window(_monday(today) - 7 * one, _monday(today) - one),
        "LAST_WEEK_SUN_SAT": Window(_sunday(today) - 7 * one, _sunday(today) - one),
        "LAST_BUSINESS_WEEK": Window(_monday(today) - 7 * one, _monday(today) - 3 * one),
    }
    if name in windows:
        return windows[name]
    days = int(name.removeprefix("LAST_").removesuffix("_DAYS"))
    return Window(today - days * one, today - one)


def is_period_start(segment: str, day: date) -> bool:
    """Whether a day begins a period of `segments.week`, `segments.month` or `segments.quarter`."""
    if segment == "segments.week":
        return day.weekday() == 0
    if segment == "segments.month":
        return day.day == 1
    return day.day == 1 and day.month % 3 == 1


def period_end(segment: str, start: date) -> date:
    """The last day of the period that begins on `start`, at most the calendar's last."""
    if segment == "segments.week":
        return start + min(timedelta(days=6), date.max - start)
    months = {"segments.month": 1, "segments.quarter": 3}.get(segment)
    if months is None:
        return start
    index = start.year * 12 + start.month - 1 + months
    if index >= 12 * (date.max.year + 1):
        return date.max
    return date(index // 12, index % 12 + 1, 1) - _ONE


def months_before(day: date, months: int) -> date:
    """The same day of the month so many months ago, or the month's last day."""
    index = day.year * 12 + day.month - 1 - months
    year, month = divmod(index, 12)
    last = period_end("segments.month", date(year, month + 1, 1)).day
    return date(year, month + 1, min(day.day, last))
