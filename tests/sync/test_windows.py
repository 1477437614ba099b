"""Windows of statistics on PostgreSQL: equal to the answer afterwards, nothing written that did not change."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.adgraph import partitions
from backend.adgraph.spool import Spool
from backend.adgraph.staging import Stage, drop_leftovers
from backend.adgraph.stats import WindowMerged, merge_window, refresh_totals
from backend.core import tenancy
from backend.core.db import db, unit_of_work
from backend.integrations.googleads.rows import open_decoder
from backend.integrations.googleads.rows.descriptor import full_response
from backend.sync.stat_queries import (
    ASSET_STATS,
    CAMPAIGN_STATS,
    KEYWORD_STATS,
    SEARCH_TERM_STATS,
    StatisticsQuery,
)
from tests.support.database import Rows
from tests.support.team import Team
from tests.sync.support import VERSION, new_account

TOUCHED = text(
    "SELECT relname, seq_scan + coalesce(idx_scan, 0) + n_tup_ins + n_tup_upd + n_tup_del AS times"
    " FROM pg_stat_xact_user_tables WHERE schemaname = 'stats' AND relname LIKE :pattern"
)
"""PostgreSQL's counters of this connection; they may still hold what it did before the transaction began."""
SCANS = text(
    "SELECT sum(seq_scan + coalesce(idx_scan, 0)) FROM pg_stat_xact_user_tables"
    " WHERE schemaname = 'stats' AND (relname LIKE 'daily_stats_2%' OR relname = 'daily_totals')"
)
FIRST, LAST = date(2026, 1, 20), date(2026, 2, 10)


class Window:
    """Merges hand-made answers into one account's statistics."""

    def __init__(self, app: Flask, tenant_id: uuid.UUID, customer_id: uuid.UUID) -> None:
        self.app, self.tenant_id, self.customer_id = app, tenant_id, customer_id
        self.touched: set[str] = set()
        self.scans: list[int] = []

    def merge(
        self,
        query: StatisticsQuery,
        days: list[tuple[str, int, int]],
        *,
        fast: bool | None = None,
        first: date = FIRST,
        last: date = LAST,
        chunks: int = 1,
        touched: bool = False,
        scanned: bool = False,
    ) -> WindowMerged:
        """`days`: (day, campaign, clicks); conversions are a tenth of the clicks."""
        response = full_response(VERSION)()
        for number, (day, google_id, clicks) in enumerate(days):
            _row(response.results.add(), day, google_id, clicks)
            _slot(response.results[-1], google_id, number)
        decoder = open_decoder(query.selection, VERSION, fast=fast)
        decoder.feed(response.SerializeToString())
        chunk = decoder.take()
        with self.app.app_context(), tenancy.working_for(self.tenant_id), unit_of_work() as work:
            before = _counters(work.session, query) if touched else {}
            scans = _scans(work.session) if scanned else 0
            with Spool(query.selection, query.table.constants(self.customer_id)) as spool:
                for _ in range(chunks if chunk is not None else 0):
                    spool.append(work.session, chunk)
                merged = merge_window(work.session, self.customer_id, spool, query.table, (first, last))
            refresh_totals(work.session, self.customer_id, 1234567890, first, last)
            if touched:
                after = _counters(work.session, query)
                self.touched = {name for name, times in after.items() if times > before.get(name, 0)}
            if scanned:
                self.scans.append(_scans(work.session) - scans)
        return merged


def _counters(session: Session, query: StatisticsQuery) -> dict[str, int]:
    found = session.execute(TOUCHED, {"pattern": f"{query.table.name}_2%"})
    return {row.relname: row.times for row in found}


def _scans(session: Session) -> int:
    """How often this transaction has begun to read a month of the daily statistics, or the daily totals."""
    return int(session.execute(SCANS).scalar_one())


def _row(row: Any, day: str, google_id: int, clicks: int) -> None:
    row.campaign.id, row.ad_group.id, row.ad_group_criterion.criterion_id = google_id, google_id * 10, google_id * 100
    row.search_term_view.search_term = f"term {google_id}"
    row.segments.keyword.ad_group_criterion = f"customers/1/adGroupCriteria/{google_id * 10}~{google_id * 100}"
    row.segments.date, row.segments.device, row.segments.ad_network_type = day, 2, 3
    row.metrics.impressions, row.metrics.clicks = clicks * 10, clicks
    row.metrics.cost_micros, row.metrics.conversions = clicks * 1_234_567, clicks / 10
    row.metrics.conversions_value = clicks * 1.5


def _slot(row: Any, google_id: int, number: int) -> None:
    for view, parent in ((row.ad_group_ad_asset_view, "ad_group_ad"), (row.campaign_asset, "campaign")):
        setattr(view, parent, f"customers/1/parents/5~{google_id * 10}")
        view.asset, view.field_type = f"customers/1/assets/{google_id}", 2 + number  # each row its own slot


@pytest.fixture
def window(app: Flask, team: Team, rows: Rows) -> Iterator[Window]:
    return Window(app, team.tenant_id, new_account(rows, team.tenant_id))


def stored(rows: Rows, window: Window, table: str = "daily_stats") -> list[dict[str, Any]]:
    return rows(f"SELECT * FROM stats.{table} WHERE customer_id = :c ORDER BY date, clicks", c=window.customer_id)


@pytest.mark.parametrize("fast", [True, False], ids=["arrow", "plain"])
def test_a_window_is_stored_and_its_totals_follow(window: Window, rows: Rows, fast: bool) -> None:
    merged = window.merge(CAMPAIGN_STATS, [("2026-01-31", 7, 3), ("2026-02-01", 7, 5), ("2026-02-01", 8, 1)], fast=fast)
    assert merged == WindowMerged(3, 0)
    totals = stored(rows, window, "daily_totals")
    account = {row["date"]: row for row in totals if row["level"] == 1}
    assert {day.isoformat(): row["clicks"] for day, row in account.items()} == {"2026-01-31": 3, "2026-02-01": 6}
    assert account[date(2026, 2, 1)]["cost_micros"] == 6 * 1_234_567
    assert account[date(2026, 2, 1)]["conversions"] == Decimal("0.6")
    assert {row["google_id"] for row in totals if row["level"] == 1} == {1234567890}


def test_the_same_window_again_writes_nothing(window: Window, rows: Rows) -> None:
    days = [("2026-01-31", 7, 3), ("2026-02-01", 7, 5)]
    window.merge(CAMPAIGN_STATS, days)
    before = rows("SELECT xmin::text, ctid::text FROM stats.daily_stats WHERE customer_id = :c", c=window.customer_id)
    assert window.merge(CAMPAIGN_STATS, days) == WindowMerged(0, 0)
    after = rows("SELECT xmin::text, ctid::text FROM stats.daily_stats WHERE customer_id = :c", c=window.customer_id)
    assert after == before


def test_late_numbers_overwrite_and_vanished_rows_go(window: Window, rows: Rows) -> None:
    window.merge(CAMPAIGN_STATS, [("2026-01-31", 7, 3), ("2026-02-01", 7, 5)])
    merged = window.merge(CAMPAIGN_STATS, [("2026-02-01", 7, 6), ("2026-02-02", 7, 1)])
    assert merged == WindowMerged(2, 1)
    assert [(row["date"].isoformat(), row["clicks"]) for row in stored(rows, window)] == [
        ("2026-02-01", 6),
        ("2026-02-02", 1),
    ]
    assert sum(row["clicks"] for row in stored(rows, window, "daily_totals") if row["level"] == 1) == 7


def test_a_key_that_google_names_in_two_chunks_is_stored_once(window: Window, rows: Rows) -> None:
    def twice(days: list[tuple[str, int, int]]) -> WindowMerged:
        return window.merge(CAMPAIGN_STATS, days, chunks=2)

    assert twice([("2026-01-31", 7, 3), ("2026-02-01", 7, 5)]) == WindowMerged(2, 0)
    assert twice([("2026-01-31", 7, 4), ("2026-02-02", 7, 5)]) == WindowMerged(2, 1)
    assert [row["clicks"] for row in stored(rows, window)] == [4, 5]


def test_what_vanished_goes_even_if_google_names_another_key_twice(window: Window, rows: Rows) -> None:
    window.merge(CAMPAIGN_STATS, [("2026-01-31", 7, 3), ("2026-02-01", 8, 5)])
    assert window.merge(CAMPAIGN_STATS, [("2026-01-31", 7, 3)], chunks=2) == WindowMerged(0, 1)
    assert [row["google_id"] for row in stored(rows, window)] == [7]


def test_only_the_row_that_differs_is_written_and_no_stage_is_left(window: Window, rows: Rows) -> None:
    window.merge(SEARCH_TERM_STATS, [("2026-01-31", 7, 4), ("2026-01-31", 8, 4)])
    window.merge(SEARCH_TERM_STATS, [("2026-01-31", 7, 4), ("2026-01-31", 8, 5)])
    written = rows(
        "SELECT campaign_google_id, xmin::text FROM stats.search_term_stats WHERE customer_id = :c",
        c=window.customer_id,
    )
    assert len({row["xmin"] for row in written}) == 2
    left = rows("SELECT tablename FROM pg_tables WHERE schemaname = 'stats' AND tablename LIKE 'stage%'")
    assert not [row for row in left if window.customer_id.hex in row["tablename"]]


def test_an_empty_answer_empties_its_window_and_no_other(window: Window, rows: Rows) -> None:
    window.merge(CAMPAIGN_STATS, [("2026-01-10", 7, 1)], first=date(2026, 1, 1), last=date(2026, 1, 15))
    window.merge(KEYWORD_STATS, [("2026-01-31", 7, 4)])
    window.merge(CAMPAIGN_STATS, [("2026-01-31", 7, 3)])
    assert window.merge(CAMPAIGN_STATS, []) == WindowMerged(0, 1)
    assert [(row["level"], row["date"].isoformat()) for row in stored(rows, window)] == [
        (2, "2026-01-10"),
        (5, "2026-01-31"),
    ]


def test_keywords_carry_their_parent_and_search_terms_their_keyword(window: Window, rows: Rows) -> None:
    window.merge(KEYWORD_STATS, [("2026-01-31", 7, 4)])
    row = stored(rows, window)[0]
    assert (row["google_id"], row["parent_google_id"], row["device"], row["network"]) == (700, 70, 2, 3)
    window.merge(SEARCH_TERM_STATS, [("2026-01-31", 7, 4)])
    term = stored(rows, window, "search_term_stats")[0]
    assert (term["search_term"], term["ad_group_google_id"], term["keyword_google_id"]) == ("term 7", 70, 700)


def test_partitions_are_made_once_and_dropped_by_age_alone(window: Window, rows: Rows, app: Flask) -> None:
    window.merge(CAMPAIGN_STATS, [("1999-05-05", 7, 1)], first=date(1999, 5, 1), last=date(1999, 5, 31))
    window.merge(CAMPAIGN_STATS, [("1999-06-01", 7, 2)], first=date(1999, 6, 1), last=date(1999, 6, 30))
    with app.app_context():
        with unit_of_work() as work:
            assert partitions.ensure(work.session, "daily_stats", date(1999, 5, 1), date(1999, 6, 30)) == []
        assert partitions.drop_before(db.engine, "daily_stats", date(1999, 6, 1)) == ["daily_stats_1999_05"]
    assert [row["date"].isoformat() for row in stored(rows, window)] == ["1999-06-01"]
    assert len([row for row in stored(rows, window, "daily_totals") if row["level"] == 1]) == 2


def test_reads_touch_only_the_partitions_of_their_days(window: Window, rows: Rows) -> None:
    window.merge(CAMPAIGN_STATS, [("2026-01-31", 7, 3), ("2026-02-01", 7, 5)])
    plan = "\n".join(
        row["QUERY PLAN"]
        for row in rows(
            "EXPLAIN SELECT sum(clicks) FROM stats.daily_stats WHERE customer_id = :c AND level = 2"
            " AND date BETWEEN DATE '2026-02-01' AND DATE '2026-02-28'",
            c=window.customer_id,
        )
    )
    assert "daily_stats_2026_02" in plan
    assert "daily_stats_2026_01" not in plan


def test_stages_that_a_killed_run_left_are_dropped(window: Window, rows: Rows, app: Flask) -> None:
    with app.app_context(), tenancy.working_for(window.tenant_id):
        with unit_of_work() as work:
            Stage(window.customer_id, "left", CAMPAIGN_STATS.selection).create(work.session)
        with unit_of_work() as work:
            assert drop_leftovers(work.session, window.customer_id) == 1
            assert drop_leftovers(work.session, window.customer_id) == 0


def test_a_merge_reads_and_writes_the_months_of_its_window_only(window: Window, rows: Rows) -> None:
    """P10, asked of PostgreSQL's own counters within the transaction of the merge."""
    with window.app.app_context(), unit_of_work() as work:
        partitions.ensure(work.session, "search_term_stats", date(2025, 10, 1), date(2026, 5, 31))
    days = [("2026-01-31", 7, 3), ("2026-02-01", 8, 1)]
    window.merge(SEARCH_TERM_STATS, days)
    assert window.merge(SEARCH_TERM_STATS, [*days, ("2026-02-02", 7, 9)], touched=True) == WindowMerged(1, 0)
    assert window.touched == {"search_term_stats_2026_01", "search_term_stats_2026_02"}


def test_dropping_a_month_by_age_loses_nothing_else(window: Window, rows: Rows) -> None:
    first, last = date(2001, 3, 1), date(2001, 5, 31)
    days = [("2001-03-31", 7, 1), ("2001-04-01", 7, 2), ("2001-04-30", 7, 3), ("2001-05-01", 8, 4)]
    for query in (CAMPAIGN_STATS, SEARCH_TERM_STATS):
        window.merge(query, days, first=first, last=last)
    totals = stored(rows, window, "daily_totals")
    with window.app.app_context():
        for table in partitions.TABLES:
            assert partitions.drop_before(db.engine, table, date(2001, 5, 1))
    for table in ("daily_stats", "search_term_stats"):
        assert [row["date"] for row in stored(rows, window, table)] == [date(2001, 5, 1)]
    assert stored(rows, window, "daily_totals") == totals, "the totals outlive their months"
    assert len(totals) == 8
    again = window.merge(CAMPAIGN_STATS, days[3:], first=date(2001, 5, 1), last=last)
    assert again == WindowMerged(0, 0)
    with window.app.app_context():
        for table in partitions.TABLES:
            partitions.drop_before(db.engine, table, date(2001, 6, 1))


def test_a_month_that_was_just_filled_is_read_a_few_times_not_once_per_row(window: Window, rows: Rows) -> None:
    """The planner still takes such a month for empty; a nested loop would add it up for each of its rows."""
    first, last = date(2002, 7, 1), date(2002, 7, 31)
    days = [(f"2002-07-{1 + number % 31:02d}", 7 + number // 31, 1) for number in range(20 * 31)]
    assert window.merge(CAMPAIGN_STATS, days, first=first, last=last, scanned=True) == WindowMerged(len(days), 0)
    assert window.merge(CAMPAIGN_STATS, days, first=first, last=last, scanned=True) == WindowMerged(0, 0)
    assert window.merge(CAMPAIGN_STATS, days[31:], first=first, last=last, scanned=True) == WindowMerged(0, 31)
    assert max(window.scans) <= 20, window.scans


@pytest.mark.parametrize("fast", [True, False], ids=["arrow", "plain"])
def test_slots_of_one_place_are_added_up_and_places_stay_apart(window: Window, rows: Rows, fast: bool) -> None:
    in_ads, on_campaigns = ASSET_STATS[0], ASSET_STATS[2]
    slots = [("2026-01-31", 7, 3), ("2026-01-31", 7, 4), ("2026-01-31", 8, 1)]
    assert window.merge(in_ads, slots, fast=fast) == WindowMerged(2, 0)
    assert window.merge(on_campaigns, [("2026-01-31", 7, 50)], fast=fast) == WindowMerged(1, 0)

    def clicks() -> list[tuple[int, int, int, int]]:
        found = stored(rows, window)
        return sorted((row["level"], row["google_id"], row["parent_google_id"], row["clicks"]) for row in found)

    assert clicks() == [(6, 7, 70, 7), (6, 8, 80, 1), (8, 7, 70, 50)]
    assert [row["conversions"] for row in stored(rows, window) if row["clicks"] == 7] == [Decimal("0.7")]
    assert window.merge(in_ads, slots, fast=fast) == WindowMerged(0, 0)
    assert window.merge(in_ads, slots[1:2], fast=fast) == WindowMerged(1, 1)
    assert clicks() == [(6, 7, 70, 4), (8, 7, 70, 50)]
