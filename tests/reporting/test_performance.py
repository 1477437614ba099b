"""`GET /api/performance`: every number against an independent sum of the rows beneath."""

from __future__ import annotations

import csv
import io
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from backend.adgraph.stats import Level
from backend.reporting.performance.answer import DEVICES, NETWORKS
from tests.support.shop import FIRST, LAST, Shop

PATH = "/api/performance"
MEASURES = ("impressions", "clicks", "cost_micros", "conversions", "conversions_value")
LEVELS = {"account": Level.CAMPAIGN, "campaign": Level.CAMPAIGN, "ad_group": Level.AD_GROUP, "keyword": Level.KEYWORD}


def summed(shop: Shop, level: str, first: date, last: date, by: str = "1", where: str = "") -> dict[Any, Any]:
    """Straight sums of the daily statistics, grouped by an expression."""
    found = shop.rows(
        f"SELECT {by} AS key, {', '.join(f'sum({m}) AS {m}' for m in MEASURES)} FROM stats.daily_stats"
        f" WHERE customer_id = :id AND level = :level AND date BETWEEN :first AND :last {where} GROUP BY 1",
        id=shop.customer_id,
        level=int(LEVELS[level]),
        first=first,
        last=last,
    )
    return {row.pop("key"): {name: float(value) for name, value in row.items()} for row in found}


def numbers(row: dict[str, Any]) -> dict[str, float]:
    return {name: pytest.approx(row[name], abs=1e-9) for name in MEASURES}


@pytest.mark.parametrize("level", list(LEVELS))
@pytest.mark.parametrize("query", [{}, {"granularity": "day"}, {"granularity": "week"}, {"split": "device,network"}])
def test_rows_and_totals_equal_the_sum_of_what_is_stored(shop: Shop, level: str, query: dict[str, str]) -> None:
    period = {"start": "2026-09-03", "end": "2026-11-02"}
    answer = shop.get(PATH, level=level, **period, **query)
    expected = summed(shop, level, date(2026, 9, 3), date(2026, 11, 2))[1]
    assert expected["cost_micros"] > 0
    assert expected == numbers(answer["totals"])
    for name in MEASURES:
        assert sum(row[name] for row in answer["rows"] + answer["rest"]) == pytest.approx(expected[name], abs=1e-6)
    assert sum(row["cost_micros"] for row in answer["rows"] + answer["rest"]) == expected["cost_micros"]
    assert (answer["currency_code"], answer["time_zone"]) == ("EUR", "Europe/Berlin")


def test_each_campaign_has_its_own_sums_and_its_name(shop: Shop) -> None:
    answer = shop.get(PATH, start=FIRST.isoformat(), end=LAST.isoformat())
    expected = summed(shop, "campaign", FIRST, LAST, "google_id")
    assert {int(row["id"]): row["cost_micros"] for row in answer["rows"]} == {
        key: row["cost_micros"] for key, row in expected.items()
    }
    assert [row["cost_micros"] for row in answer["rows"]] == sorted(
        (row["cost_micros"] for row in answer["rows"]), reverse=True
    )
    assert {row["name"] for row in answer["rows"]} == {"Campaign 0", "Campaign 1", "Campaign 2"}
    assert answer["watermark_date"] == LAST.isoformat()


def test_months_weeks_and_days_are_cut_like_a_calendar(shop: Shop) -> None:
    for granularity, bucket in (
        ("day", "date"),
        ("week", "date_trunc('week', date)::date"),
        ("month", "date_trunc('month', date)::date"),
        ("quarter", "date_trunc('quarter', date)::date"),
    ):
        answer = shop.get(PATH, level="account", granularity=granularity, start=FIRST.isoformat(), end=LAST.isoformat())
        expected = summed(shop, "account", FIRST, LAST, bucket)
        assert {date.fromisoformat(row["date"]): row["clicks"] for row in answer["rows"]} == {
            key: row["clicks"] for key, row in expected.items()
        }
        assert [row["date"] for row in answer["rows"]] == sorted(row["date"] for row in answer["rows"])


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"name": "Autumn", "type": "RESPONSIVE_SEARCH_AD"}, "Autumn"),
        ({"type": "EXPANDED_TEXT_AD", "attributes": '{"headline_part1": "Warm boots"}'}, "Warm boots"),
        ({"name": "", "type": "IMAGE_AD"}, "IMAGE_AD"),
    ],
)
def test_an_ad_is_called_by_its_name_its_first_headline_or_its_type(
    own_shop: Shop, values: dict[str, str], name: str
) -> None:
    ad = own_shop.entity("ads", 9001, **values)
    own_shop.insert("adgroup_ad", ad_group_id=own_shop.ad_groups[1010], ad_id=ad, status="PAUSED")
    own_shop.daily(Level.AD, 9001, LAST, parent_google_id=1010, clicks=3)
    answer = own_shop.get(PATH, level="ad", start=LAST.isoformat(), end=LAST.isoformat())
    (row,) = [row for row in answer["rows"] if row["id"] == "9001"]
    assert (row["name"], row["status"], row["ad_group_name"], row["clicks"]) == (name, "PAUSED", "Group 1010", 3)


@pytest.mark.parametrize("level", ["account", "campaign", "keyword"])
def test_splits_by_device_and_network(shop: Shop, level: str) -> None:
    answer = shop.get(PATH, level=level, split="device,network", start=FIRST.isoformat(), end=LAST.isoformat())
    found: dict[tuple[str, str], int] = {}
    for row in answer["rows"]:
        key = (row["device"], row["network"])
        found[key] = found.get(key, 0) + row["impressions"]
    expected = summed(shop, level, FIRST, LAST, "device * 100 + network")
    assert found == {(DEVICES[key // 100], NETWORKS[key % 100]): row["impressions"] for key, row in expected.items()}


@pytest.mark.parametrize(
    ("against", "first", "last"),
    [("previous_period", "2026-09-04", "2026-10-03"), ("previous_year", "2025-10-04", "2025-11-02")],
)
def test_compared_with_an_earlier_period(shop: Shop, against: str, first: str, last: str) -> None:
    answer = shop.get(PATH, compare=against, start="2026-10-04", end="2026-11-02")
    assert answer["compare"] == {"against": against, "start": first, "end": last}
    expected = summed(shop, "campaign", date.fromisoformat(first), date.fromisoformat(last), "google_id")
    for row in answer["rows"]:
        before = expected.get(int(row["id"]), {}).get("cost_micros", 0)
        assert row["previous"]["cost_micros"] == before
        moved = (row["cost_micros"] - before) / before if before else None
        assert row["change"]["cost_micros"] == (None if moved is None else pytest.approx(moved))
    assert answer["totals"]["previous"]["clicks"] == sum(row["previous"]["clicks"] for row in answer["rows"])


def test_a_day_stands_beside_the_day_it_is_compared_with(shop: Shop) -> None:
    answer = shop.get(
        PATH, level="account", granularity="day", compare="previous_period", start="2026-10-04", end="2026-10-10"
    )
    expected = summed(shop, "account", date(2026, 9, 27), date(2026, 10, 3), "date")
    assert {row["date"]: row["previous"]["clicks"] for row in answer["rows"]} == {
        date.fromordinal(day.toordinal() + 7).isoformat(): row["clicks"] for day, row in expected.items()
    }


def test_a_leap_day_stands_beside_the_day_before_it_a_year_earlier(own_shop: Shop) -> None:
    for day, clicks in ((date(2024, 2, 29), 7), (date(2024, 3, 1), 8), (date(2023, 2, 28), 3), (date(2023, 3, 1), 4)):
        own_shop.daily(Level.CAMPAIGN, 101, day, clicks=clicks)
        own_shop.refresh(day, day)
    asked = {"granularity": "day", "compare": "previous_year", "start": "2024-02-29", "end": "2024-03-01"}
    for split in ({}, {"split": "device"}):
        answer = own_shop.get(PATH, **asked, **split)
        assert [(row["date"], row["clicks"], row["previous"]["clicks"]) for row in answer["rows"]] == [
            ("2024-02-29", 7, 3),
            ("2024-03-01", 8, 4),
        ]


def test_the_first_ones_by_themselves_and_the_others_as_one(shop: Shop) -> None:
    answer = shop.get(PATH, level="keyword", top=2, sort="-clicks", start=FIRST.isoformat(), end=LAST.isoformat())
    assert (len(answer["rows"]), len(answer["rest"]), answer["entities"]) == (2, 1, 6)
    expected = summed(shop, "keyword", FIRST, LAST, "google_id")
    clicks = sorted((row["clicks"] for row in expected.values()), reverse=True)
    assert [row["clicks"] for row in answer["rows"]] == clicks[:2]
    assert answer["rest"][0]["clicks"] == sum(clicks[2:])
    assert answer["totals"]["clicks"] == sum(clicks)
    row = answer["rows"][0]
    assert row["name"].startswith("keyword ")
    assert row["match_type"] == "BROAD"
    assert row["campaign_name"] == f"Campaign {int(row['campaign_id']) - 101}"
    assert row["ad_group_name"] == f"Group {row['ad_group_id']}"


def test_conditions_bound_whole_entities(shop: Shop) -> None:
    expected = summed(shop, "keyword", FIRST, LAST, "google_id")
    bound = sorted(row["clicks"] for row in expected.values())[3]
    answer = shop.get(
        PATH,
        level="keyword",
        filter=[f"clicks>={bound:.0f}", "cpc_micros>0"],
        start=FIRST.isoformat(),
        end=LAST.isoformat(),
    )
    assert {int(row["id"]) for row in answer["rows"]} == {
        key for key, row in expected.items() if row["clicks"] >= bound
    }


@pytest.mark.parametrize("level", ["campaign", "ad_group", "keyword"])
def test_narrowed_to_one_campaign(shop: Shop, level: str) -> None:
    answer = shop.get(PATH, level=level, campaign_id=102, start=FIRST.isoformat(), end=LAST.isoformat())
    belongs = {"campaign": "google_id = 102", "ad_group": "parent_google_id = 102", "keyword": "google_id / 100 = 102"}
    expected = summed(shop, level, FIRST, LAST, where=f"AND {belongs[level]}")[1]
    assert answer["totals"]["cost_micros"] == expected["cost_micros"] > 0


def test_ratios_are_unknown_where_nothing_can_be_divided_by(own_shop: Shop) -> None:
    own_shop.daily(Level.CAMPAIGN, 999, date(2026, 1, 5), cost_micros=5)
    own_shop.refresh(date(2026, 1, 5), date(2026, 1, 5))
    answer = own_shop.get(PATH, start="2026-01-05", end="2026-01-05")
    row = answer["rows"][0]
    assert (row["id"], row["name"], row["cost_micros"]) == ("999", None, 5)
    assert [row[name] for name in ("ctr", "cpc_micros", "cpm_micros", "cpa_micros")] == [None] * 4
    assert row["roas"] == 0


def test_averages_are_exact_quotients(shop: Shop) -> None:
    totals = shop.get(PATH, level="account", start=FIRST.isoformat(), end=LAST.isoformat())["totals"]
    cost, clicks = Decimal(totals["cost_micros"]), Decimal(totals["clicks"])
    assert abs(totals["cpc_micros"] - cost / clicks) <= Decimal("0.5")
    assert abs(totals["cpm_micros"] - 1000 * cost / totals["impressions"]) <= Decimal("0.5")
    assert totals["ctr"] == pytest.approx(totals["clicks"] / totals["impressions"])
    assert totals["roas"] == pytest.approx(totals["conversions_value"] * 1e6 / totals["cost_micros"])


def test_csv_holds_the_same_rows(own_shop: Shop) -> None:
    own_shop.rows(
        "UPDATE campaigns SET name = '=cmd()|x' WHERE customer_id = :id AND google_id = 101", id=own_shop.customer_id
    )
    query = {"slug": own_shop.slug, "start": FIRST.isoformat(), "end": LAST.isoformat(), "format": "csv"}
    answer = own_shop.team.client.get(PATH, query_string=query)
    assert answer.content_type.startswith("text/csv")
    found = list(csv.DictReader(io.StringIO(answer.text)))
    plain = own_shop.get(PATH, start=FIRST.isoformat(), end=LAST.isoformat())
    assert [int(row["cost_micros"]) for row in found if row["row"] == "entity"] == [
        row["cost_micros"] for row in plain["rows"]
    ]
    assert int(found[-1]["cost_micros"]) == plain["totals"]["cost_micros"]
    assert {row["name"] for row in found if row["id"] == "101"} == {"'=cmd()|x"}


def test_the_tag_changes_with_the_watermark_and_only_then(own_shop: Shop) -> None:
    query = {"slug": own_shop.slug, "level": "account"}
    first = own_shop.team.client.get(PATH, query_string=query)
    again = own_shop.team.client.get(PATH, query_string=query, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    other = own_shop.team.client.get(
        PATH, query_string={**query, "split": "device"}, headers={"If-None-Match": first.headers["ETag"]}
    )
    assert other.status_code == 200
    own_shop.watermark(LAST)
    moved = own_shop.team.client.get(PATH, query_string=query, headers={"If-None-Match": first.headers["ETag"]})
    assert moved.status_code == 200
    assert moved.headers["ETag"] != first.headers["ETag"]


@pytest.mark.parametrize(
    ("query", "code", "pointer"),
    [
        ({"level": "planet"}, "validation_failed", "/level"),
        ({"granularity": "hour"}, "validation_failed", "/granularity"),
        ({"split": "weather"}, "validation_failed", "/split/0"),
        ({"sort": "-beauty"}, "validation_failed", "/sort"),
        ({"filter": "clicks>=many"}, "validation_failed", "/filter/0"),
        ({"filter": "clicks>=1;drop"}, "validation_failed", "/filter/0"),
        ({"top": "0"}, "validation_failed", "/top"),
        ({"start": "2026-02-30", "end": "2026-03-01"}, "validation_failed", "/start"),
        ({"start": "2026-03-02", "end": "2026-03-01"}, "validation_failed", "/end"),
        ({"start": "2026-03-02"}, "validation_failed", "/end"),
        ({"end": "2026-03-02"}, "validation_failed", "/start"),
        ({"start": "2026-03-01", "end": "2201-03-01"}, "validation_failed", "/end"),
        ({"start": "0001-01-01", "end": "2026-03-01"}, "validation_failed", "/start"),
        ({"scope": "YESTERDAY"}, "validation_failed", "/scope"),
        ({"scope": "LAST-7-DAYS", "start": "2026-03-01", "end": "2026-03-01"}, "validation_failed", "/scope"),
        ({"campaign_id": "1", "level": "account"}, "validation_failed", "/campaign_id"),
        ({"ad_group_id": "1", "level": "campaign"}, "validation_failed", "/ad_group_id"),
        ({"granularity": "day", "start": "1990-01-01", "end": "2100-01-01", "top": "10"}, "validation_failed", "/top"),
        ({"unheard": "1"}, "unknown_parameter", "/unheard"),
    ],
)
def test_what_cannot_be_answered_is_said(shop: Shop, query: dict[str, str], code: str, pointer: str) -> None:
    answer = shop.team.client.get(PATH, query_string={"slug": shop.slug, **query})
    assert answer.status_code == 400, answer.text
    assert (answer.get_json()["code"], answer.get_json()["errors"][0]["pointer"]) == (code, pointer)


def test_an_account_is_named_once_and_is_one_s_own(shop: Shop, new_team: Any) -> None:
    client = shop.team.client
    assert client.get(PATH).status_code == 400
    assert client.get(PATH, query_string={"slug": shop.slug, "customer_id": shop.google_id}).status_code == 400
    dashed = f"{shop.google_id[:3]}-{shop.google_id[3:6]}-{shop.google_id[6:]}"
    assert client.get(PATH, query_string={"customer_id": dashed}).status_code == 200
    stranger = new_team("Stranger").client
    assert stranger.get(PATH, query_string={"slug": shop.slug}).status_code == 404
    assert stranger.get(PATH, query_string={"customer_id": shop.google_id}).status_code == 404


def test_a_manager_account_has_no_numbers(new_shop: Any) -> None:
    manager = new_shop(manager=True)
    answer = manager.team.client.get(PATH, query_string={"slug": manager.slug})
    assert (answer.status_code, answer.get_json()["code"]) == (422, "manager_account")


def test_an_empty_account_answers_zeros(new_shop: Any) -> None:
    empty = new_shop()
    answer = empty.get(PATH, compare="previous_period")
    assert (answer["rows"], answer["rest"], answer["entities"], answer["watermark_date"]) == ([], [], 0, None)
    assert answer["totals"]["cost_micros"] == answer["totals"]["previous"]["cost_micros"] == 0
    assert answer["totals"]["ctr"] is None


def test_devices_and_networks_are_google_s() -> None:
    from google.ads.googleads.v26.enums.types import ad_network_type, device

    assert {member.value: member.name for member in device.DeviceEnum.Device} == DEVICES
    assert {member.value: member.name for member in ad_network_type.AdNetworkTypeEnum.AdNetworkType} == NETWORKS
