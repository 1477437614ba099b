"""Performance by asset: all places added up, narrowed to a campaign or ad group, and honest about its sum."""

from __future__ import annotations

import csv
import io
import random
from datetime import date, timedelta
from typing import Any

import pytest

from backend.adgraph.stats import AssetPlace
from tests.support.shop import Shop, cells, make_shop, write_daily
from tests.support.team import Team

PATH = "/api/performance"
MEASURES = ("impressions", "clicks", "cost_micros", "conversions", "conversions_value")
FIRST, LAST = date(2026, 10, 20), date(2026, 11, 9)
PERIOD = {"start": FIRST.isoformat(), "end": LAST.isoformat()}
# asset, place, parent: two campaigns with an ad group and an ad each, one asset group, links on every level
PLACES = (
    (71, AssetPlace.AD, 5),
    (71, AssetPlace.AD, 6),
    (71, AssetPlace.ASSET_GROUP, 9),
    (72, AssetPlace.AD, 5),
    (73, AssetPlace.CAMPAIGN, 1),
    (73, AssetPlace.AD_GROUP, 20),
    (73, AssetPlace.ACCOUNT, 0),
    (74, AssetPlace.CAMPAIGN, 2),
)
OF_CAMPAIGN_1 = {(AssetPlace.AD, 5), (AssetPlace.CAMPAIGN, 1), (AssetPlace.AD_GROUP, 10)}
OF_CAMPAIGN_2 = {
    (AssetPlace.AD, 6),
    (AssetPlace.CAMPAIGN, 2),
    (AssetPlace.AD_GROUP, 20),
    (AssetPlace.ASSET_GROUP, 9),
}


@pytest.fixture
def shop(team: Team) -> Shop:
    shop, draw = make_shop(team), random.Random(3)
    for campaign, ad_group, ad in ((1, 10, 5), (2, 20, 6)):
        shop.campaign(campaign, f"Campaign {campaign}")
        group = shop.ad_group(ad_group, campaign, f"Group {ad_group}")
        shop.insert(
            "adgroup_ad", ad_group_id=group, ad_id=shop.entity("ads", ad), status="ENABLED", sync_status="synced"
        )
    group = shop.entity("asset_groups", 9, status="ENABLED")
    shop.insert("campaign_asset_group", campaign_id=shop.campaigns[2], asset_group_id=group)
    for number in (71, 72):
        shop.entity("assets", number, type="TEXT", text=f"Text {number}")
    shop.entity("assets", 73, type="SITELINK", attributes='{"link_text": "Prices"}')
    shop.partitions("daily_stats", FIRST, LAST)
    values: list[tuple[Any, ...]] = []
    for asset, place, parent in PLACES:
        for number in range((LAST - FIRST).days + 1):
            values += cells(draw, place, asset, parent, FIRST + timedelta(days=number))
    write_daily(shop, values)
    shop.refresh(FIRST, LAST)
    return shop


def summed(shop: Shop, by: str, places: set[tuple[AssetPlace, int]] | None = None) -> dict[Any, tuple[float, ...]]:
    """Straight sums of the stored rows, grouped by an expression."""
    pairs = ", ".join(f"({int(place)}, {parent})" for place, parent in places or ()) or "(0, 0)"
    where = f" AND (level, parent_google_id) IN ({pairs})" if places is not None else ""
    found = shop.rows(
        f"SELECT {by} AS key, {', '.join(f'sum({m}) AS {m}' for m in MEASURES)} FROM stats.daily_stats"
        f" WHERE customer_id = :id AND level BETWEEN 6 AND 10{where} GROUP BY 1",
        id=shop.customer_id,
    )
    return {row["key"]: tuple(float(row[name]) for name in MEASURES) for row in found}


def numbers(row: dict[str, Any]) -> Any:
    return pytest.approx(tuple(row[name] for name in MEASURES), abs=1e-6)


@pytest.mark.parametrize("query", [{}, {"granularity": "week"}, {"split": "device,network"}])
def test_rows_and_totals_equal_the_sum_of_all_places(shop: Shop, query: dict[str, str]) -> None:
    answer = shop.get(PATH, level="asset", **PERIOD, **query)
    assert summed(shop, "1")[1] == numbers(answer["totals"])
    assert sum(row["cost_micros"] for row in answer["rows"]) == answer["totals"]["cost_micros"]
    assert answer["totals_overlap"] is True
    assert shop.get(PATH, level="campaign", **PERIOD)["totals_overlap"] is False


def test_an_asset_is_one_row_with_its_name(shop: Shop) -> None:
    answer = shop.get(PATH, level="asset", **PERIOD)
    expected = summed(shop, "google_id")
    assert {int(row["id"]): numbers(row) for row in answer["rows"]} == expected
    assert {row["id"]: row["name"] for row in answer["rows"]} == {
        "71": "Text 71",
        "72": "Text 72",
        "73": "Prices",
        "74": None,
    }
    query = {"slug": shop.slug, "level": "asset", "format": "csv", **PERIOD}
    lines = list(csv.DictReader(io.StringIO(shop.team.client.get(PATH, query_string=query).text)))
    assert [line["row"] for line in lines] == ["entity"] * 4 + ["total"]
    assert int(lines[-1]["cost_micros"]) == answer["totals"]["cost_micros"]


@pytest.mark.parametrize(
    ("narrowed", "places"),
    [
        ({"campaign_id": 1}, OF_CAMPAIGN_1),
        ({"campaign_id": 2}, OF_CAMPAIGN_2),
        ({"ad_group_id": 20}, {(AssetPlace.AD, 6), (AssetPlace.AD_GROUP, 20)}),
        ({"campaign_id": 1, "ad_group_id": 20}, set()),
    ],
)
def test_the_assets_below_a_campaign_or_an_ad_group(
    shop: Shop, narrowed: dict[str, int], places: set[tuple[AssetPlace, int]]
) -> None:
    answer = shop.get(PATH, level="asset", **PERIOD, **narrowed)
    assert {int(row["id"]): numbers(row) for row in answer["rows"]} == summed(shop, "google_id", places)


def test_what_an_asset_scored_stands_beside_its_uses(shop: Shop) -> None:
    today = date.today()  # noqa: DTZ011 (yesterday is over in the account's zone whatever the time here)
    yesterday = today - timedelta(days=2)
    identity = shop.entity("assets", 75, type="TEXT", text="Fresh")
    shop.daily(AssetPlace.AD, 75, yesterday, parent_google_id=5, impressions=40, clicks=8, cost_micros=9_000_000)
    shop.daily(AssetPlace.ACCOUNT, 75, yesterday, impressions=2, clicks=0, cost_micros=0)
    shop.refresh(yesterday, yesterday)
    answer = shop.team.client.get(f"/api/graph/assets/{identity}").get_json()["performance"]
    assert (answer["impressions"], answer["clicks"], answer["cost_micros"]) == (42, 8, 9_000_000)
    assert answer["cpc_micros"] == 1_125_000
    assert answer["start"] < yesterday.isoformat() <= answer["end"]
    draft = shop.entity("assets", None, type="TEXT", text="Not at Google yet")
    assert shop.team.client.get(f"/api/graph/assets/{draft}").get_json()["performance"]["impressions"] == 0
