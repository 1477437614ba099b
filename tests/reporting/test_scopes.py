"""Scopes: every form, its edges, and a clear refusal of the rest."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.core.errors import Invalid
from backend.reporting import scopes

TODAY = date(2026, 11, 20)


@pytest.mark.parametrize(
    ("text", "first", "last", "previous"),
    [
        ("LAST-7-DAYS", date(2026, 11, 13), date(2026, 11, 19), (date(2026, 11, 6), date(2026, 11, 12))),
        ("last-30-days", date(2026, 10, 21), date(2026, 11, 19), (date(2026, 9, 21), date(2026, 10, 20))),
        ("2025-Q3", date(2025, 7, 1), date(2025, 9, 30), (date(2025, 3, 31), date(2025, 6, 30))),
        ("2026-Q4", date(2026, 10, 1), TODAY, (date(2026, 8, 11), date(2026, 9, 30))),
        ("2025-01..2025-03", date(2025, 1, 1), date(2025, 3, 31), (date(2024, 10, 3), date(2024, 12, 31))),
        ("2024-02..2024-02", date(2024, 2, 1), date(2024, 2, 29), (date(2024, 1, 3), date(2024, 1, 31))),
        ("2025-12..2025-12", date(2025, 12, 1), date(2025, 12, 31), (date(2025, 10, 31), date(2025, 11, 30))),
    ],
)
def test_forms(text: str, first: date, last: date, previous: tuple[date, date]) -> None:
    scope = scopes.parse(text, today=TODAY)
    assert (scope.first, scope.last, scope.previous) == (first, last, previous)
    assert scope.name == text.upper()


def test_lifetime_begins_with_the_first_stored_day_and_compares_with_nothing() -> None:
    scope = scopes.parse("LIFETIME", today=TODAY, first_stored=date(2024, 5, 1))
    assert (scope.first, scope.last, scope.previous) == (date(2024, 5, 1), TODAY, None)
    assert scopes.parse("LIFETIME", today=TODAY).first == TODAY


def test_lifetime_is_clamped_to_what_google_keeps() -> None:
    scope = scopes.parse("LIFETIME", today=TODAY, first_stored=date(2019, 1, 1))
    assert (scope.first, scope.last) == (date(2023, 10, 20), TODAY)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("YESTERDAY", "unknown_scope"),
        ("LAST-14-DAYS", "unknown_scope"),
        ("2025-Q5", "unknown_scope"),
        ("2025-Q0", "unknown_scope"),
        ("2025-13..2025-14", "unknown_scope"),
        ("0000-01..0000-02", "unknown_scope"),
        ("2025-1..2025-3", "unknown_scope"),
        ("2025-01", "unknown_scope"),
        ("", "unknown_scope"),
        ("2025-03..2025-01", "start_after_end"),
        ("2027-Q1", "future_date"),
        ("9999-12..9999-12", "future_date"),
        ("0002-01..2025-12", "unknown_scope"),
        ("1989-Q4", "unknown_scope"),
    ],
)
def test_others_are_refused_with_a_pointer(text: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        scopes.parse(text, today=TODAY)
    assert [(finding.pointer, finding.code) for finding in refused.value.errors] == [("/scope", code)]


@given(st.text(max_size=60))
def test_any_text_is_a_scope_or_refused(text: str) -> None:
    try:
        scope = scopes.parse(text, today=TODAY)
    except Invalid:
        return
    assert scope.first <= scope.last <= TODAY


@given(st.integers(2000, 2026), st.integers(1, 4))
def test_the_period_before_is_as_long_and_ends_the_day_before(year: int, quarter: int) -> None:
    scope = scopes.parse(f"{year}-Q{quarter}", today=date(2030, 1, 1))
    assert scope.previous is not None
    assert scope.previous[1] + timedelta(days=1) == scope.first
    assert scope.previous[1] - scope.previous[0] == scope.last - scope.first
