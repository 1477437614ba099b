"""P10: whatever is asked about statistics, PostgreSQL reads the partitions of the period and no other."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from tests.support.shop import Shop

NAME = re.compile(r"(?:daily_stats|search_term_stats)_(\d{4})_(\d{2})")


@contextmanager
def statements(app: Flask) -> Iterator[list[tuple[str, Any]]]:
    """Every statement about the statistics that the application sends, with its parameters."""
    import psycopg

    from backend.core.db import db

    found: list[tuple[str, Any]] = []

    def keep(_c: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        if "stats." in statement:
            found.append((statement, parameters))

    real = psycopg.Cursor.execute

    def execute(self: Any, query: Any, params: Any = None, **options: Any) -> Any:
        if isinstance(query, str) and "stats." in query and (query, params) not in found:
            found.append((query, params))
        return real(self, query, params, **options)

    with app.app_context(), pytest.MonkeyPatch.context() as patch:
        event.listen(db.engine, "before_cursor_execute", keep)
        patch.setattr(psycopg.Cursor, "execute", execute)
        try:
            yield found
        finally:
            event.remove(db.engine, "before_cursor_execute", keep)


def partitions_read(app: Flask, statement: str, parameters: Any) -> set[tuple[int, int]]:
    """The months that a statement's plan touches."""
    from backend.core.db import db

    with app.app_context(), db.engine.connect() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        cursor = raw.cursor()
        cursor.execute(f"EXPLAIN (FORMAT JSON) {statement}", parameters)
        plan = json.dumps(cursor.fetchone()[0])
    return {(int(year), int(month)) for year, month in NAME.findall(plan)}


@pytest.fixture(scope="module")
def years(shop: Shop) -> Shop:
    """Partitions of three years beside those of the account's data."""
    for table in ("daily_stats", "search_term_stats"):
        shop.partitions(table, date(2024, 1, 1), date(2026, 12, 31))
    return shop


@pytest.mark.parametrize(
    ("path", "query", "months"),
    [
        ("/api/performance", {"level": "keyword"}, {(2026, 9), (2026, 10)}),
        ("/api/performance", {"level": "ad_group", "granularity": "month"}, {(2026, 9), (2026, 10)}),
        ("/api/performance", {"level": "account", "split": "device"}, {(2026, 9), (2026, 10)}),
        (
            "/api/performance",
            {"level": "ad", "compare": "previous_year"},
            {(2025, 9), (2025, 10), (2026, 9), (2026, 10)},
        ),
        ("/api/performance", {"level": "campaign"}, set()),
        ("/api/search-terms", {}, {(2026, 9), (2026, 10)}),
        ("/api/search-terms/ngrams", {}, {(2026, 9), (2026, 10)}),
        ("/api/performance", {"level": "asset"}, set()),
        ("/api/performance", {"level": "asset", "split": "network"}, {(2026, 9), (2026, 10)}),
        ("/api/performance", {"level": "asset", "campaign_id": "101"}, {(2026, 9), (2026, 10)}),
    ],
)
def test_only_the_months_of_the_period(
    years: Shop, app: Flask, path: str, query: dict[str, str], months: set[tuple[int, int]]
) -> None:
    with statements(app) as sent:
        years.get(path, start="2026-09-15", end="2026-10-15", **query)
    assert sent
    touched = set().union(*(partitions_read(app, statement, parameters) for statement, parameters in sent))
    assert touched == months


def test_a_report_too(years: Shop, app: Flask) -> None:
    from backend.core import tenancy
    from backend.reporting import service

    with statements(app) as sent, tenancy.working_for(years.team.tenant_id):
        service.collect(years.customer_id, years.team.tenant_id, "2026-09..2026-10")
    read: Callable[..., set[tuple[int, int]]] = partitions_read
    touched = set().union(*(read(app, statement, parameters) for statement, parameters in sent))
    assert touched == {(2026, 9), (2026, 10)}
