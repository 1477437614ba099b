"""Resources with rules of their own: the change log, clicks, search-term insights.

Sources: the docstrings of ChangeEventError, ChangeStatusError, ClickViewError and SearchTermInsightError.
"""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta

from backend.integrations.googleads.gaql import dates
from backend.integrations.googleads.gaql.date_rules import date_window
from backend.integrations.googleads.gaql.errors import GaqlError, Span
from backend.integrations.googleads.gaql.nodes import Query

MAX_CHANGES = 10_000
CLICK_DAYS = 90
_CHANGES = {
    # resource: field, days that are kept, oneof of the error
    "change_event": ("change_event.change_date_time", 30, "change_event_error"),
    "change_status": ("change_status.last_change_date_time", 90, "change_status_error"),
}


def check_resource(query: Query, today: date | None) -> None:
    """The rules of the FROM resource. Raises GaqlError."""
    name = query.resource.text if query.resource else ""
    rule = _RULES.get(name)
    if rule is not None:
        rule(query, today)


def change_window(query: Query, today: date | None) -> tuple[datetime | None, datetime | None]:
    """First and last moment that the filters on the change time leave; None is open."""
    field = _CHANGES[query.resource.text][0] if query.resource else ""
    start: datetime | None = None
    end: datetime | None = None
    for condition in query.where:
        if condition.field.text != field:
            continue
        low, high = _moments(condition.operator, [value.text for value in condition.values], today)
        start = low if start is None else max(start, low or start)
        end = high if end is None else min(end, high or end)
    return start, end


def _moments(operator: str, values: list[str], today: date | None) -> tuple[datetime | None, datetime | None]:
    if operator == "DURING":
        if values[0].upper() not in dates.DATE_RANGES:
            return None, None  # the value is refused elsewhere
        window = dates.predefined(values[0].upper(), today or date(2024, 1, 15))
        return _first(window.start), _last(window.end)
    spans = [_span(text) for text in values]
    if not spans or None in spans:
        return None, None
    low, high = spans[0], spans[-1]
    if low is None or high is None:
        return None, None
    return {
        "=": (low[0], high[1]),
        "BETWEEN": (low[0], high[1]),
        ">=": (low[0], None),
        ">": (low[1], None),
        "<=": (None, high[1]),
        "<": (None, high[0]),
    }.get(operator, (None, None))


def _span(text: str) -> tuple[datetime, datetime] | None:
    moment = dates.parse_time(text)
    if moment is not None:
        return moment, moment
    day = dates.parse_day(text)
    return (datetime.combine(day, time.min), datetime.combine(day, time.max)) if day else None


def _first(day: date | None) -> datetime | None:
    return datetime.combine(day, time.min) if day else None


def _last(day: date | None) -> datetime | None:
    return datetime.combine(day, time.max) if day else None


def _check_changes(query: Query, today: date | None) -> None:
    name = query.resource.text if query.resource else ""
    field, days, oneof = _CHANGES[name]
    span = query.resource.span if query.resource else Span(0, 0)

    def error(code: str, message: str, where: Span, suggestion: str | None = None) -> GaqlError:
        return GaqlError(code, message, where, oneof=oneof, suggestion=suggestion)

    start, end = change_window(query, today)
    if start is None or end is None:
        message = f"The {name} search request must specify a finite range filter on {field.partition('.')[2]}."
        raise error("CHANGE_DATE_RANGE_INFINITE", message, span, f"{field} DURING LAST_14_DAYS")
    if start > end:
        message = f"The {name} search request has specified date time filters that can never match."
        raise error("CHANGE_DATE_RANGE_NEGATIVE", message, span)
    if today is not None and start.date() < today - timedelta(days=days):
        message = f"The requested start date is too old. It cannot be older than {days} days."
        raise error("START_DATE_TOO_OLD", message, span, (today - timedelta(days=days)).isoformat())
    if query.limit is None:
        raise error("LIMIT_NOT_SPECIFIED", f"The {name} search request must specify a LIMIT.", span, "LIMIT 10000")
    if query.limit > MAX_CHANGES:
        message = f"The LIMIT specified by the {name} request should be less than or equal to 10K."
        raise error("INVALID_LIMIT_CLAUSE", message, query.limit_span, str(MAX_CHANGES))


def _check_clicks(query: Query, today: date | None) -> None:
    span = query.resource.span if query.resource else Span(0, 0)
    window = date_window(query, today)
    if window.start is None or window.start != window.end:
        message = "A click_view query must be filtered on a single day: segments.date = 'YYYY-MM-DD'."
        raise GaqlError("EXPECTED_FILTER_ON_A_SINGLE_DAY", message, span, oneof="click_view_error")
    if today is not None and window.start < today - timedelta(days=CLICK_DAYS):
        message = f"The requested date is too old: clicks are kept for {CLICK_DAYS} days."
        raise GaqlError("DATE_TOO_OLD", message, span, oneof="click_view_error")


def _check_insights(query: Query, _today: date | None) -> None:
    name = query.resource.text if query.resource else ""
    needed = {f"{name}.campaign_id"} if name.startswith("campaign") else set()
    needed_for_terms = {f"{name}.id"} if any("segments.search_" in item.text for item in query.select) else set()
    single = {condition.field.text for condition in query.where if condition.operator == "="}
    missing = (needed | needed_for_terms) - single
    if missing:
        span = query.resource.span if query.resource else Span(0, 0)
        message = f"Search term insight queries need a filter on a single resource: {', '.join(sorted(missing))}."
        raise GaqlError("REQUIRES_FILTER_BY_SINGLE_RESOURCE", message, span, oneof="search_term_insight_error")


_RULES: dict[str, Callable[[Query, date | None], None]] = {
    "change_event": _check_changes,
    "change_status": _check_changes,
    "click_view": _check_clicks,
    "campaign_search_term_insight": _check_insights,
    "customer_search_term_insight": _check_insights,
}
