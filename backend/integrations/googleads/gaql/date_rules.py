"""The window that filters on core date segments leave, and the rules about it."""

import re
from datetime import date

from backend.integrations.googleads.gaql import dates
from backend.integrations.googleads.gaql.dates import Window
from backend.integrations.googleads.gaql.errors import GaqlError
from backend.integrations.googleads.gaql.fields import CORE_DATE_SEGMENTS
from backend.integrations.googleads.gaql.nodes import Condition, Query

_PERIODS = frozenset({"segments.week", "segments.month", "segments.quarter"})


def date_window(query: Query, today: date | None) -> Window:
    """The days that the query's core date filters leave. Without `today` a predefined range counts as finite."""
    window = Window()
    for condition in query.where:
        if condition.field.text in CORE_DATE_SEGMENTS:
            bounds = _bounds(condition, today)
            window = window.narrowed(bounds.start, bounds.end)
    return window


def check_dates(query: Query, version: str, today: date | None) -> None:
    """Core date rules. Raises GaqlError."""
    conditions = [c for c in query.where if c.field.text in CORE_DATE_SEGMENTS]
    for condition in conditions:
        _check_alignment(condition)
    selected = [name for name in query.select if name.text in CORE_DATE_SEGMENTS]
    window = date_window(query, today)
    if window.empty:
        message = "The filters on date segments have a start date after the end date."
        raise GaqlError("DATE_RANGE_TOO_NARROW", message, conditions[0].span, trigger=conditions[0].field.text)
    if (selected or conditions) and not window.finite:
        span = selected[0].span if selected else conditions[0].span
        name = selected[0].text if selected else conditions[0].field.text
        message = (
            f"'{name}' needs filters on date segments in the WHERE clause that are combined by AND "
            "and form a finite range."
        )
        raise GaqlError(
            "EXPECTED_FILTERS_ON_DATE_RANGE",
            message,
            span,
            suggestion="segments.date DURING LAST_30_DAYS",
            trigger=name,
        )
    _check_age(query, window, version, today)


def _check_age(query: Query, window: Window, version: str, today: date | None) -> None:
    """From v24 on, days, weeks and hours are kept for 37 months."""
    if today is None or window.start is None or version == "v23":
        return
    fine = [name for name in query.select if name.text in ("segments.date", "segments.week", "segments.hour")]
    oldest = dates.months_before(today, 37)
    if fine and window.start < oldest:
        message = (
            "The requested time granularity is not supported for the date range in the query. Metrics with daily, "
            "hourly, or weekly segmentation are only available for the last 37 months."
        )
        raise GaqlError(
            "REQUESTED_DATE_GRANULARITY_NOT_SUPPORTED",
            message,
            fine[0].span,
            oneof="date_range_error",
            suggestion=oldest.isoformat(),
            trigger=fine[0].text,
        )


def _check_alignment(condition: Condition) -> None:
    segment = condition.field.text
    if segment not in _PERIODS or condition.operator == "DURING":
        return
    for value in condition.values:
        day = dates.parse_day(value.text)
        if day is not None and not dates.is_period_start(segment, day):
            period = segment.removeprefix("segments.")
            message = f"Misaligned date '{value.text}' for '{segment}': it must be the first day of a {period}."
            raise GaqlError("MISALIGNED_DATE_FOR_FILTER", message, value.span, trigger=value.text)


def _bounds(condition: Condition, today: date | None) -> Window:
    segment, operator = condition.field.text, condition.operator
    if operator == "DURING":
        return _predefined(condition, today)
    spans = [_span(segment, value.text) for value in condition.values]
    days = [span for span in spans if span is not None]
    if len(days) != len(spans) or not days:
        return Window()  # the values are refused elsewhere, or there are none
    first, last = min(start for start, _ in days), max(end for _, end in days)
    return {
        "=": Window(first, last),
        "IN": Window(first, last),
        "BETWEEN": Window(days[0][0], days[-1][1]),
        ">=": Window(first, None),
        ">": Window(dates.day_after(last), None),
        "<=": Window(None, last),
        "<": Window(None, dates.day_before(first)),
    }.get(operator, Window())


def _predefined(condition: Condition, today: date | None) -> Window:
    name = condition.values[0].text.upper()
    if name not in dates.DATE_RANGES:
        return Window()
    return dates.predefined(name, today or date(2024, 1, 15))


def _span(segment: str, text: str) -> tuple[date, date] | None:
    if segment == "segments.year":
        year = int(text) if re.fullmatch(r"[0-9]{4}", text) else 0
        return (date(year, 1, 1), date(year, 12, 31)) if year else None
    start = dates.parse_day(text)
    return (start, dates.period_end(segment, start)) if start is not None else None
