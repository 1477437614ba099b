"""Reports through the real worker: every number against an independent sum, every form escaped, kept and listed."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from backend.adgraph.stats import AssetPlace, Level
from backend.core import clock
from backend.reporting.document import money
from tests.support.shop import Shop, make_shop, stock

MEASURES = ("impressions", "clicks", "cost_micros", "conversions", "conversions_value")


@pytest.fixture
def report(worker: Any, wait_for_job: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """Makes a report through HTTP and a real worker, and answers the job's result."""

    def make(shop: Shop, scope: str) -> dict[str, Any]:
        answer = shop.team.client.post("/api/reports/generate", json={"slug": shop.slug, "scope": scope})
        assert answer.status_code == 202, answer.text
        assert answer.get_json()["status"] == "queued"
        job = wait_for_job(answer.get_json()["job_id"], 60)
        assert job["status"] == "finished", job["error"]
        result: dict[str, Any] = job["result"]
        return result

    return make


def tables(text: str) -> dict[str, list[list[dict[str, str]]]]:
    """The tables of a report's CSV by section."""
    found: dict[str, list[list[dict[str, str]]]] = {}
    header: list[str] = []
    for row in csv.reader(io.StringIO(text)):
        if not row:
            continue
        if row[0] == "section":
            header = row
            fresh = True
            continue
        section = found.setdefault(row[0], [])
        if fresh:
            section.append([])
            fresh = False
        section[-1].append(dict(zip(header, row, strict=True)))
    return found


def independent(shop: Shop, first: date, last: date, by: str = "1") -> dict[Any, dict[str, Decimal]]:
    found = shop.rows(
        f"SELECT {by} AS key, {', '.join(f'sum({m}) AS {m}' for m in MEASURES)} FROM stats.daily_stats"
        " WHERE customer_id = :id AND level = :level AND date BETWEEN :first AND :last GROUP BY 1",
        id=shop.customer_id,
        level=int(Level.CAMPAIGN),
        first=first,
        last=last,
    )
    return {row.pop("key"): row for row in found}


@pytest.mark.parametrize("scope", ["2026-Q3", "2026-09..2026-10"])
def test_every_number_equals_an_independent_sum(shop: Shop, report: Callable[..., Any], scope: str) -> None:
    result = report(shop, scope)
    first, last = (date.fromisoformat(result["period"][edge]) for edge in ("start", "end"))
    expected = independent(shop, first, last)[1]
    found = tables(result["csv"])
    now, before = found["summary"][0]
    for name in MEASURES:
        assert Decimal(now[name]) == expected[name]
    length = last - first
    earlier = independent(shop, first - length - timedelta(days=1), first - timedelta(days=1)).get(1)
    assert Decimal(before["cost_micros"]) == (earlier["cost_micros"] if earlier else 0)
    campaigns = independent(shop, first, last, "google_id")
    assert {int(row["campaign_id"]): Decimal(row["cost_micros"]) for row in found["campaigns"][0]} == {
        key: row["cost_micros"] for key, row in campaigns.items()
    }
    assert sum(Decimal(row["conversions"]) for row in found["days"][0]) == expected["conversions"]
    assert sum(Decimal(row["clicks"]) for row in found["days"][0]) == expected["clicks"]
    assert result["totals"]["cost_micros"] == expected["cost_micros"]
    assert money(int(expected["cost_micros"]), "EUR") in result["markdown"]
    assert "EUR" in result["markdown"]
    assert "Europe/Berlin" in result["markdown"]


def test_a_report_is_kept_listed_and_read_in_every_form(own_shop: Shop, report: Callable[..., Any]) -> None:
    client = own_shop.team.client
    result = report(own_shop, "2026-Q3")
    told = own_shop.rows(
        "SELECT data FROM events WHERE job_id = CAST(:job AS uuid) AND kind = 'job.finished'", job=result["report_id"]
    )
    assert set(result) - set(told[0]["data"]["result"]) == {"markdown", "csv"}, "an event carries no long texts"
    listed = client.get("/api/reports", query_string={"slug": own_shop.slug}).get_json()
    assert [row["report_id"] for row in listed] == [result["report_id"]]
    shown = client.get(f"/api/reports/{result['report_id']}").get_json()
    assert (shown["scope"], shown["start"], shown["end"]) == ("2026-Q3", "2026-07-01", "2026-09-30")
    assert shown["totals"]["cost_micros"] == result["totals"]["cost_micros"]
    for form, kind in (("markdown", "text/markdown"), ("csv", "text/csv"), ("html", "text/html")):
        answer = client.get(shown["links"][form])
        assert answer.content_type.startswith(kind)
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        if form != "html":
            assert answer.data.decode() == result[form]
    page = client.get(shown["links"]["html"]).text
    assert page.count("<svg") == 3
    assert "<script" not in page
    assert own_shop.team.member("viewer").delete(f"/api/reports/{result['report_id']}").status_code == 403
    assert client.delete(f"/api/reports/{result['report_id']}").status_code == 204
    assert client.get(f"/api/reports/{result['report_id']}").status_code == 404


def test_a_stranger_sees_no_report(shop: Shop, report: Callable[..., Any], new_team: Callable[..., Any]) -> None:
    result = report(shop, "2026-Q3")
    stranger = new_team("Stranger").client
    for path in ("", "/markdown", "/csv", "/html"):
        assert stranger.get(f"/api/reports/{result['report_id']}{path}").status_code == 404
    assert stranger.get("/api/reports").get_json() == []
    assert stranger.get("/api/reports", query_string={"slug": shop.slug}).status_code == 404
    refused = stranger.post("/api/reports/generate", json={"slug": shop.slug, "scope": "LIFETIME"})
    assert refused.status_code == 404


EVIL = '<script>alert(1)</script>|=HYPERLINK("http://x")'


def test_names_are_shown_and_never_run(own_shop: Shop, report: Callable[..., Any]) -> None:
    """S21: an account may name its campaigns as it likes."""
    own_shop.rows(
        "UPDATE campaigns SET name = :name WHERE customer_id = :id AND google_id = 101",
        name=EVIL,
        id=own_shop.customer_id,
    )
    own_shop.rows("UPDATE customers SET descriptive_name = :name WHERE id = :id", name=EVIL, id=own_shop.customer_id)
    own_shop.rows(
        "UPDATE campaigns SET name = '=1+1' WHERE customer_id = :id AND google_id = 102", id=own_shop.customer_id
    )
    result = report(own_shop, "2026-Q3")
    page = own_shop.team.client.get(result["links"]["html"]).text
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script" not in result["markdown"]
    assert "&lt;script&gt;alert(1)&lt;/script&gt;\\|=HYPERLINK" in result["markdown"]
    names = {row["campaign_id"]: row["campaign"] for row in tables(result["csv"])["campaigns"][0]}
    assert names["101"] == EVIL
    assert names["102"] == "'=1+1"


def test_an_empty_account_has_a_report_too(new_shop: Callable[..., Shop], report: Callable[..., Any]) -> None:
    empty = new_shop()
    for scope in ("LIFETIME", "LAST-7-DAYS"):
        result = report(empty, scope)
        assert result["totals"]["cost_micros"] == 0
        assert result["totals"]["ctr"] is None
        assert "No traffic in this period." in result["markdown"]
        assert "not synchronised yet" in result["markdown"]


def test_rows_without_impressions_do_not_divide(new_shop: Callable[..., Shop], report: Callable[..., Any]) -> None:
    shop = new_shop()
    shop.campaign(5, "Silent")
    shop.daily(Level.CAMPAIGN, 5, date(2026, 10, 10))
    shop.refresh(date(2026, 10, 10), date(2026, 10, 10))
    result = report(shop, "2026-10..2026-10")
    assert [row["campaign"] for row in tables(result["csv"])["campaigns"][0]] == ["Silent"]
    assert "| Silent | ENABLED | 0 | 0 | 0.00 | 0.00 | 0.00 | – | – | – | – |" in result["markdown"]


def test_one_day_is_a_period(own_shop: Shop, report: Callable[..., Any]) -> None:
    shop = own_shop
    shop.rows("DELETE FROM stats.daily_stats WHERE customer_id = :id AND date > '2026-08-20'", id=shop.customer_id)
    shop.refresh(date(2026, 8, 20), date(2026, 11, 18))
    result = report(shop, "2026-08..2026-08")
    expected = independent(shop, date(2026, 8, 20), date(2026, 8, 20))[1]
    assert result["totals"]["cost_micros"] == expected["cost_micros"]
    assert len(tables(result["csv"])["days"][0]) == 1


def test_a_chart_ends_with_the_last_complete_day(own_shop: Shop, report: Callable[..., Any]) -> None:
    """A day that is still coming in would look like a fall; its numbers stand in the table all the same."""
    own_shop.daily(Level.CAMPAIGN, 101, date(2026, 11, 19), impressions=1)
    own_shop.refresh(date(2026, 11, 19), date(2026, 11, 19))
    own_shop.watermark(date(2026, 11, 18))
    result = report(own_shop, "2026-11..2026-11")
    page = own_shop.team.client.get(result["links"]["html"]).text
    days = re.findall(r'text-anchor="(?:start|end)">(\d{4}-\d\d-\d\d)<', page)
    assert days == ["2026-11-01", "2026-11-18"] * 3
    assert tables(result["csv"])["days"][0][-1]["date"] == "2026-11-19"


def test_thirty_seven_months_and_no_more(new_shop: Callable[..., Shop], report: Callable[..., Any]) -> None:
    shop = new_shop()
    newest = (clock.now().date().replace(day=1) - timedelta(days=1)).replace(day=15)
    months = [newest.replace(year=newest.year - back) for back in range(5)]
    for day in months:
        shop.daily(Level.CAMPAIGN, 7, day, impressions=10, clicks=1, cost_micros=day.year)
        shop.refresh(day, day)
    result = report(shop, "LIFETIME")
    first = date.fromisoformat(result["period"]["start"])
    assert result["totals"]["cost_micros"] == sum(day.year for day in months if day >= first)
    assert len([day for day in months if day < first]) in (1, 2)
    assert "Months" in result["markdown"]


def test_a_currency_without_decimals(team: Any, report: Callable[..., Any]) -> None:
    shop = stock(make_shop(team, currency="JPY", time_zone="Asia/Tokyo"))
    result = report(shop, "2026-Q3")
    cost = independent(shop, date(2026, 7, 1), date(2026, 9, 30))[1]["cost_micros"]
    assert money(int(cost), "JPY") in result["markdown"]
    assert "." not in money(int(cost), "JPY")
    assert Decimal(tables(result["csv"])["summary"][0][0]["cost_micros"]) == cost


def test_sections_of_search_terms_ads_assets_and_changes(own_shop: Shop, report: Callable[..., Any]) -> None:
    shop = own_shop
    day = date(2026, 9, 10)
    shop.partitions("search_term_stats", day, day)
    for term, clicks, conversions in (("buy shoes", 20, "3.5"), ("free shoes", 30, "0"), ("shoe image", 10, "0")):
        shop.insert(
            "stats.search_term_stats",
            ad_group_google_id=1010,
            campaign_google_id=101,
            date=day,
            search_term=term,
            impressions=100,
            clicks=clicks,
            cost_micros=clicks * 1_000_000,
            conversions=conversions,
        )
    ad = shop.entity("ads", 55, name="Spring ad", type="RESPONSIVE_SEARCH_AD")
    shop.insert("adgroup_ad", ad_group_id=shop.ad_groups[1010], ad_id=ad, status="ENABLED", sync_status="synced")
    asset = shop.entity("assets", 66, type="TEXT", text="Shoes for less")
    shop.insert("ad_asset", ad_id=ad, asset_id=asset, field_type="HEADLINE", performance_label="BEST", position=0)
    shop.daily(Level.AD, 55, day, parent_google_id=1010, impressions=9, clicks=3, cost_micros=700)
    shop.daily(AssetPlace.AD, 66, day, parent_google_id=55, impressions=9, clicks=3, cost_micros=700)
    shop.daily(AssetPlace.CAMPAIGN, 66, day, parent_google_id=101, impressions=1, clicks=1, cost_micros=77)
    shop.refresh(day, day)
    shop.rows(
        "INSERT INTO audit_events (tenant_id, customer_id, actor_kind, actor_name, action, subject, created_at)"
        " VALUES (:tenant, :id, 'user', 'Ada', 'campaign.update', 'campaign:1', '2026-09-11T10:00:00Z')",
        tenant=shop.team.tenant_id,
        id=shop.customer_id,
    )
    found = tables(report(shop, "2026-Q3")["csv"])
    assert [row["search_term"] for row in found["search_terms"][0]] == ["buy shoes", "free shoes", "shoe image"]
    assert [row["wasted_term"] for row in found["search_terms"][1]] == ["free shoes", "shoe image"]
    assert [(row["ad"], row["ad_group"], row["cost_micros"]) for row in found["ads"][0]] == [
        ("Spring ad", "Group 1010", "700")
    ]
    assert [(row["asset_id"], row["asset"], row["cost_micros"]) for row in found["assets"][0]] == [
        ("66", "Shoes for less", "777")
    ]
    assert [(row["asset"], row["performance_label"], row["ads"]) for row in found["assets"][1]] == [
        ("Shoes for less", "BEST", "1")
    ]
    assert [(row["who"], row["action"]) for row in found["changes"][0]] == [("Ada", "campaign.update")]
    assert [row["stream"] for row in found["freshness"][0]] == ["stats:campaign"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"scope": "YESTERDAY"}, 400, "validation_failed"),
        ({"scope": "2031-Q1"}, 400, "validation_failed"),
        ({}, 400, "validation_failed"),
        ({"scope": "LIFETIME", "colour": "red"}, 400, "unknown_field"),
        ({"scope": "LIFETIME", "slug": "nobody"}, 404, "not_found"),
    ],
)
def test_orders_that_cannot_be_met(shop: Shop, body: dict[str, str], status: int, code: str) -> None:
    answer = shop.team.client.post("/api/reports/generate", json={"slug": shop.slug, **body})
    assert (answer.status_code, answer.get_json()["code"]) == (status, code)


def test_scopes_are_told(shop: Shop) -> None:
    listed = shop.team.client.get("/api/reports/scopes").get_json()
    assert [row["scope"] for row in listed] == [
        "LIFETIME",
        "LAST-7-DAYS",
        "LAST-30-DAYS",
        "YYYY-Qn",
        "YYYY-MM..YYYY-MM",
    ]
