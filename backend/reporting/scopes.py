"""What period a report covers, written as LIFETIME, LAST-7-DAYS, LAST-30-DAYS, 2025-Q3 or 2025-01..2025-03."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from backend.core.errors import Finding, Invalid
from backend.reporting.periods import EARLIEST, Against, Period, compared, month_end
from backend.sync.statistics import earliest_day

FORMS = (
    ("LIFETIME", "LIFETIME", "Everything that is stored for the account, 37 months at most."),
    ("LAST-7-DAYS", "LAST-7-DAYS", "The seven days before today."),
    ("LAST-30-DAYS", "LAST-30-DAYS", "The thirty days before today."),
    ("YYYY-Qn", "2025-Q3", "A quarter of a year."),
    ("YYYY-MM..YYYY-MM", "2025-01..2025-03", "Whole months, both included."),
)
_QUARTER = re.compile(r"(?P<year>\d{4})-Q(?P<quarter>[1-4])")
_MONTHS = re.compile(r"(?P<first>\d{4}-\d{2})\.\.(?P<last>\d{4}-\d{2})")
_LAST = {"LAST-7-DAYS": 7, "LAST-30-DAYS": 30}


@dataclass(frozen=True, slots=True)
class Scope:
    """A period: days of the account's time zone, both included, and the equally long period before it (if any)."""

    name: str
    first: date
    last: date
    previous: tuple[date, date] | None = None

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1


def parse(text: str, *, today: date, first_stored: date | None = None) -> Scope:
    """The period that a scope names.

    Args:
        text: one of `FORMS`, upper or lower case.
        today: the current day in the account's time zone; a period never reaches beyond it.
        first_stored: the first day with data, where LIFETIME begins, but 37 months ago at the earliest.

    Raises:
        Invalid: not a scope, not a month, the wrong way round, or all of it in the future.
    """
    name = text.strip().upper()
    if name == "LIFETIME":
        return Scope(name, max(min(first_stored or today, today), earliest_day(today)), today)
    if name in _LAST:
        last = today - timedelta(days=1)
        return _with_previous(name, last - timedelta(days=_LAST[name] - 1), last)
    first, last = _quarter(name) or _months(name) or _refuse(text)
    if first > last:
        raise _invalid("start_after_end", "The first month must not be after the last one.")
    if first > today:
        raise _invalid("future_date", f"That period has not begun: it is {today} where the account is.")
    return _with_previous(name, first, min(last, today))


def _with_previous(name: str, first: date, last: date) -> Scope:
    before = compared(Period(first, last), Against.PERIOD).period
    return Scope(name, first, last, (before.first, before.last))


def _quarter(name: str) -> tuple[date, date] | None:
    match = _QUARTER.fullmatch(name)
    if match is None or int(match["year"]) < EARLIEST.year:
        return None
    month = 3 * int(match["quarter"]) - 2
    return date(int(match["year"]), month, 1), month_end(int(match["year"]), month + 2)


def _months(name: str) -> tuple[date, date] | None:
    match = _MONTHS.fullmatch(name)
    if match is None:
        return None
    (first_year, first_month), (last_year, last_month) = (
        tuple(map(int, match[part].split("-"))) for part in ("first", "last")
    )
    if not (1 <= first_month <= 12 and 1 <= last_month <= 12 and min(first_year, last_year) >= EARLIEST.year):
        return None
    return date(first_year, first_month, 1), month_end(last_year, last_month)


def _refuse(text: str) -> tuple[date, date]:
    examples = ", ".join(example for _, example, _ in FORMS)
    raise _invalid("unknown_scope", f"{text[:40]!r} is not a scope; write one like {examples}.")


def _invalid(code: str, message: str) -> Invalid:
    return Invalid("The scope is not valid.", errors=(Finding("/scope", code, message),))
