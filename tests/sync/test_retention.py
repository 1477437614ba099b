"""Partitions are there before they are needed, and go when they are old."""

from __future__ import annotations

from datetime import date

import pytest
from flask import Flask

from backend.adgraph import partitions
from backend.core import clock
from backend.core.db import unit_of_work
from backend.sync import retention
from tests.support.database import Rows
from tests.support.team import Team
from tests.sync.support import new_account


@pytest.mark.parametrize(
    ("today", "first"),
    [
        (date(2026, 11, 20), date(2021, 11, 1)),
        (date(2026, 12, 31), date(2021, 12, 1)),
        (date(2026, 1, 1), date(2021, 1, 1)),
    ],
)
def test_five_years_and_the_month_that_runs_are_kept(today: date, first: date) -> None:
    assert retention.first_kept(today) == first


def test_months_ahead_are_made_old_ones_dropped_and_a_second_run_does_nothing(
    app: Flask, team: Team, rows: Rows
) -> None:
    customer = new_account(rows, team.tenant_id)
    for name, age in (("old", "4 years"), ("new", "2 years")):
        rows(
            "INSERT INTO google_changes (customer_id, name, changed_at, entity, resource_name, client_type, user_email,"
            " operation, fields, old, new) VALUES (:c, :n, now() - CAST(:age AS interval), 'campaign', 'customers/1/x',"
            " 'OTHER', '', 'UPDATE', '{}', '{}', '{}')",
            c=customer,
            n=name,
            age=age,
        )
    rows("INSERT INTO quota_ledger VALUES ('old', 1, now() - interval '30 days', 5), ('new', 1, now(), 5)")
    with app.app_context():
        with unit_of_work() as work:
            partitions.ensure(work.session, "daily_stats", date(2001, 3, 1), date(2001, 3, 31))
        done = retention.keep_in_shape()
        assert done["partitions_dropped"] >= 1
        assert done["quota_hours_forgotten"] == 1
        assert done["google_changes_forgotten"] == 1
        with unit_of_work() as work:
            kept = partitions.existing(work.session, "daily_stats")
        assert "daily_stats_2001_03" not in kept
        next_month = partitions.next_month(clock.now().date())
        assert partitions.partition_name("daily_stats", next_month) in kept
        again = retention.keep_in_shape()
        assert set(again.values()) == {0}
    assert [row["project"] for row in rows("SELECT project FROM quota_ledger WHERE project IN ('old', 'new')")] == [
        "new"
    ]
    kept_changes = rows("SELECT name FROM google_changes WHERE customer_id = :c", c=customer)
    assert [row["name"] for row in kept_changes] == ["new"]
    rows("DELETE FROM quota_ledger WHERE project = 'new'")
