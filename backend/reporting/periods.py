"""Periods of whole days, and the period that each is compared with. Pure."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum

from backend.core.errors import Finding, Invalid

EARLIEST, LATEST = date(1990, 1, 1), date(2100, 12, 31)


@dataclass(frozen=True, slots=True)
class Period:
    """Days of an account's time zone, both included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1


class Against(Enum):
    """What a period is compared with."""

    PERIOD = "previous_period"
    YEAR = "previous_year"


@dataclass(frozen=True, slots=True)
class Comparison:
    """An earlier period, and how far its days are moved to stand beside those of the current one."""

    against: Against
    period: Period
    shift_days: int = 0
    shift_months: int = 0


def checked(first: date, last: date) -> Period:
    """A period that was asked for.

    Raises:
        Invalid: it ends before it begins, or lies where no calendar of ours reaches.
    """
    for pointer, day in (("/start", first), ("/end", last)):
        if not EARLIEST <= day <= LATEST:
            message = f"Days lie between {EARLIEST} and {LATEST}."
            raise Invalid("The period is not valid.", errors=(Finding(pointer, "out_of_range", message),))
    if first > last:
        message = "The first day must not be after the last one."
        raise Invalid("The period is not valid.", errors=(Finding("/end", "start_after_end", message),))
    return Period(first, last)


def compared(period: Period, against: Against) -> Comparison:
    """The period that `period` is compared with: as many days right before it (Google's own convention), or the same
    days of the calendar a year earlier.
    """
    if against is Against.YEAR:
        return Comparison(against, Period(_year_before(period.first), _year_before(period.last)), shift_months=12)
    last = period.first - timedelta(days=1)
    return Comparison(against, Period(last - timedelta(days=period.days - 1), last), shift_days=period.days)


def _year_before(day: date) -> date:
    """The same day a year earlier; the 28th where there is no 29th of February."""
    return day.replace(year=day.year - 1, day=min(day.day, calendar.monthrange(day.year - 1, day.month)[1]))


def month_end(year: int, month: int) -> date:
    """The last day of a month."""
    return date(year, month, calendar.monthrange(year, month)[1])
