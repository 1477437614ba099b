"""Pacing and the overview, against sums of the stored days."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from backend.adgraph.stats import Level
from backend.reporting.pacing import month_of, monthly_limit
from tests.support.shop import Shop

NOON = datetime(2026, 11, 11, 12, tzinfo=UTC)


@pytest.fixture
def paced(new_shop: Callable[..., Shop], freeze: Callable[..., Any]) -> Shop:
    """Ten complete days of November: a shared budget of two campaigns, one of a campaign alone, one without."""
    freeze(NOON)
    shop = new_shop()
    shared = shop.entity("campaign_budgets", 900, name="Shared", amount_micros=10_000_000, explicitly_shared=True)
    alone = shop.entity("campaign_budgets", 901, amount_micros=3_333_333, explicitly_shared=False)
    total = shop.entity("campaign_budgets", 902, total_amount_micros=50_000_000, explicitly_shared=False)
    shop.campaign(1, "One", budget_id=shared)
    shop.campaign(2, "Two", budget_id=shared, google_status="PAUSED")
    shop.campaign(3, "Three", budget_id=alone)
    shop.campaign(4, "Four", budget_id=total)
    shop.campaign(5, "Asleep", budget_id=alone, google_status="PAUSED")
    for day in range(1, 12):
        for campaign, cost in ((1, 9_000_000), (2, 4_000_000), (3, 1_000_001), (4, 2_000_000)):
            shop.daily(Level.CAMPAIGN, campaign, date(2026, 11, day), cost_micros=cost, clicks=1)
    shop.daily(Level.CAMPAIGN, 1, date(2026, 10, 31), cost_micros=77)
    shop.refresh(date(2026, 10, 31), date(2026, 11, 11))
    shop.watermark(date(2026, 11, 10))
    return shop


def test_each_budget_against_its_month(paced: Shop) -> None:
    answer = paced.get("/api/pacing")
    assert (answer["month_start"], answer["month_end"], answer["today"]) == ("2026-11-01", "2026-11-30", "2026-11-11")
    assert (answer["complete_days"], answer["days"]) == (10, 30)
    budgets = {budget["budget_id"]: budget for budget in answer["budgets"]}
    shared = budgets["900"]
    assert [campaign["name"] for campaign in shared["campaigns"]] == ["One", "Two"]
    assert shared["spent_micros"] == 11 * 13_000_000
    assert shared["monthly_limit_micros"] == 304_000_000
    assert shared["projected_micros"] == 10 * 13_000_000 * 30 // 10
    assert shared["status"] == "over"
    assert budgets["901"]["monthly_limit_micros"] == monthly_limit(3_333_333) == 101_333_323
    assert budgets["901"]["status"] == "under"
    assert [campaign["name"] for campaign in budgets["901"]["campaigns"]] == ["Three"]
    assert (budgets["902"]["monthly_limit_micros"], budgets["902"]["status"]) == (None, "unknown")
    assert budgets["902"]["total_budget_micros"] == 50_000_000
    assert answer["totals"]["spent_micros"] == 11 * 16_000_001
    assert answer["totals"]["monthly_limit_micros"] == 304_000_000 + 101_333_323


@pytest.mark.parametrize(
    ("today", "watermark", "complete"),
    [
        (date(2026, 11, 1), date(2026, 10, 31), 0),
        (date(2026, 11, 2), date(2026, 11, 1), 1),
        (date(2026, 11, 2), None, 0),
        (date(2024, 2, 29), date(2024, 2, 29), 28),
        (date(2026, 11, 20), date(2026, 11, 5), 5),
    ],
)
def test_complete_days(today: date, watermark: date | None, complete: int) -> None:
    assert month_of(today, watermark).complete_days == complete


def test_an_account_without_budgets_has_no_pace(new_shop: Callable[..., Shop]) -> None:
    answer = new_shop().get("/api/pacing")
    assert answer["budgets"] == []
    assert answer["totals"] == {
        "spent_micros": 0,
        "monthly_limit_micros": None,
        "projected_micros": None,
        "used": None,
        "status": "unknown",
    }


def test_the_overview_agrees_with_the_days(paced: Shop) -> None:
    paced.rows(
        "UPDATE campaigns SET sync_status = 'dirty' WHERE customer_id = :id AND google_id = 3", id=paced.customer_id
    )
    ad = paced.entity("ads", 8, policy='{"approval_status": "DISAPPROVED"}')
    group = paced.ad_group(11, 1, "Group")
    paced.insert("adgroup_ad", ad_group_id=group, ad_id=ad, status="ENABLED", sync_status="synced")
    answer = paced.get("/api/overview")
    week, month = answer["periods"]
    assert (week["start"], week["end"], week["cost_micros"]) == ("2026-11-04", "2026-11-10", 7 * 16_000_001)
    assert week["previous"]["cost_micros"] == 3 * 16_000_001 + 77
    assert month["cost_micros"] == 10 * 16_000_001 + 77 == sum(row["cost_micros"] for row in answer["days"])
    assert [row["name"] for row in answer["top_campaigns"]] == ["One", "Two", "Four", "Three"]
    assert answer["campaigns"] == {"by_status": {"PUBLISHED": 5}, "by_google_status": {"ENABLED": 3, "PAUSED": 2}}
    assert answer["attention"] == {"unsynced": {"dirty": 1}, "disapproved_ads": 1}
    assert answer["pacing"]["spent_micros"] == 11 * 16_000_001
    assert answer["watermark_date"] == "2026-11-10"


def test_an_empty_account_has_an_overview(new_shop: Callable[..., Shop]) -> None:
    answer = new_shop().get("/api/overview")
    assert (answer["days"], answer["top_campaigns"], answer["jobs"], answer["changes"]) == ([], [], [], [])
    assert answer["periods"][0]["change"]["clicks"] is None
