"""From the demo agency to the report: every number equals the sandbox's own total, and a term added is pushed."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from tests.support.database import job_waiter
from tests.support.sandbox import Sandbox
from tests.support.team import Team, make_team

MEASURES = ("impressions", "clicks", "cost_micros")


@pytest.fixture(scope="module")
def synced(app: Flask, rows: Any, sandbox: Sandbox, request: pytest.FixtureRequest) -> tuple[Team, dict[str, Any]]:
    """A connected team and its first client account, synced by a real worker."""
    team = make_team(app, rows, sandbox, "Golden", lambda: request.getfixturevalue("worker"))
    account = next(row for row in team.connect() if not row["manager"] and row["enabled"])
    append(team, rows, account)
    return team, account


def append(team: Team, rows: Any, account: dict[str, Any]) -> None:
    order = {"slug": account["slug"], "command": "append", "args": {}}
    begun = team.client.post("/api/runbooks/execute", json=order)
    assert begun.status_code == 202, begun.text
    job = job_waiter(rows)(begun.get_json()["job_id"], 200)
    assert job["status"] == "finished", job


def local_today(account: dict[str, Any]) -> date:
    return datetime.now(ZoneInfo(account["time_zone"])).date()


@pytest.fixture(autouse=True)
def yesterday_is_complete(synced: tuple[Team, dict[str, Any]], rows: Any) -> None:
    """A day that has ended since the account was read is read again: only now do its numbers stand."""
    team, account = synced
    told = get(team, f"/api/data/status/{account['slug']}")["watermark_date"]
    if told != str(local_today(account) - timedelta(days=1)):
        append(team, rows, account)


def get(team: Team, path: str, **query: Any) -> Any:
    answer = team.client.get(path, query_string=query)
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def totals(sandbox: Sandbox, account: dict[str, Any], level: str, start: str, end: str) -> dict[str, dict[str, float]]:
    """The sandbox's totals by entity; ids of keywords are Google's within their ad group only."""
    found: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for row in sandbox.totals(account["customer_id"], level, start, end):
        key = f"{row['parent_id']}~{row['google_id']}" if level == "keyword" else str(row["google_id"])
        for name in (*MEASURES, "conversions", "conversions_value"):
            found[key][name] += row[name]
    return {key: dict(value) for key, value in found.items() if any(value.values())}


@pytest.mark.parametrize("level", ["campaign", "ad_group", "ad", "keyword", "asset"])
def test_performance_equals_the_sandbox_to_the_micro(
    synced: tuple[Team, dict[str, Any]], sandbox: Sandbox, level: str
) -> None:
    team, account = synced
    answer = get(team, "/api/performance", slug=account["slug"], level=level, scope="LAST-30-DAYS", top=1000)
    expected = totals(sandbox, account, level, answer["start"], answer["end"])
    assert expected

    def key(row: dict[str, Any]) -> str:
        return f"{row['ad_group_id']}~{row['id']}" if level == "keyword" else row["id"]

    assert {key(row): {name: row[name] for name in MEASURES} for row in answer["rows"]} == {
        key: {name: value[name] for name in MEASURES} for key, value in expected.items()
    }
    for row in answer["rows"]:
        assert row["conversions"] == pytest.approx(expected[key(row)]["conversions"])
        assert row["name"] or level in ("ad", "asset")  # some kinds of them have no name of their own
    assert answer["currency_code"] == account["currency_code"]


@pytest.mark.parametrize("scope", ["LAST-7-DAYS", "LAST-30-DAYS"])
def test_the_report_tells_the_same(
    synced: tuple[Team, dict[str, Any]], sandbox: Sandbox, rows: Any, scope: str
) -> None:
    team, account = synced
    begun = team.client.post("/api/reports/generate", json={"slug": account["slug"], "scope": scope})
    job = job_waiter(rows)(begun.get_json()["job_id"], 60)
    assert job["status"] == "finished", job["error"]
    result = job["result"]
    expected = totals(sandbox, account, "campaign", result["period"]["start"], result["period"]["end"])
    for name in MEASURES:
        assert result["totals"][name] == sum(value[name] for value in expected.values())
    section = [row for row in csv.reader(io.StringIO(result["csv"])) if row and row[0] == "campaigns"]
    assert {row[1]: int(row[6]) for row in section} == {key: value["cost_micros"] for key, value in expected.items()}
    assert date.fromisoformat(result["period"]["end"]) < local_today(account)


def test_a_search_term_becomes_a_keyword_at_google(
    synced: tuple[Team, dict[str, Any]], sandbox: Sandbox, rows: Callable[..., list[dict[str, Any]]]
) -> None:
    team, account = synced
    terms = get(team, "/api/search-terms", slug=account["slug"], limit=200)
    assert terms
    assert {row["state"] for row in terms} <= {"existing", "blocked", "both", "actionable", "unknown"}
    chosen = next(
        row for row in terms if row["state"] == "actionable" and not row["here"] and len(row["search_term"]) < 70
    )
    before = sandbox.last_seq()
    items = [
        {"as": "keyword", "text": chosen["search_term"], "match_type": "EXACT", "ad_group_id": chosen["ad_group_id"]},
        {
            "as": "negative",
            "text": "zzz nothing like it",
            "match_type": "PHRASE",
            "level": "campaign",
            "campaign_id": chosen["campaign_id"],
        },
    ]
    answer = team.client.post("/api/search-terms/add", json={"slug": account["slug"], "items": items}).get_json()
    assert [item["status"] for item in answer["items"]] == ["added", "added"], answer
    job = job_waiter(rows)(answer["pushes"][0]["job_id"], 60)
    assert job["status"] == "finished", job
    ids = [item["keyword_id"] for item in answer["items"]]
    live = rows("SELECT google_id, sync_status FROM keywords WHERE id = ANY(CAST(:ids AS uuid[]))", ids=ids)
    assert len(live) == 2
    assert all(row["google_id"] and row["sync_status"] == "synced" for row in live)
    applied = [call for call in sandbox.ledger(since=before) if call["outcome"] in ("applied", "partial")]
    assert len(applied) == 1


def test_one_day_tells_the_same(synced: tuple[Team, dict[str, Any]], sandbox: Sandbox) -> None:
    team, account = synced
    day = str(local_today(account) - timedelta(days=1))
    answer = get(team, "/api/performance", slug=account["slug"], level="campaign", start=day, end=day, top=1000)
    expected = totals(sandbox, account, "campaign", day, day)
    assert {row["id"]: {name: row[name] for name in MEASURES} for row in answer["rows"]} == {
        key: {name: value[name] for name in MEASURES} for key, value in expected.items()
    }
    assert expected


@pytest.mark.slow(reason="everything that Google still tells of an account is read")
def test_thirty_seven_months_and_a_month_without_traffic_tell_the_same(
    synced: tuple[Team, dict[str, Any]], sandbox: Sandbox, rows: Any
) -> None:
    team, account = synced
    order = {"slug": account["slug"], "command": "init", "args": {}}
    job = job_waiter(rows)(team.client.post("/api/runbooks/execute", json=order).get_json()["job_id"], 250)
    assert job["status"] == "finished", job["error"]
    today = local_today(account)
    months = [divmod(today.year * 12 + today.month - 1 - back, 12) for back in (36, 1)]
    first, last = (f"{year}-{month + 1:02}" for year, month in months)
    for scope, traffic in ((f"{first}..{last}", True), (f"{first}..{first}", False)):
        body = {"slug": account["slug"], "scope": scope}
        job = job_waiter(rows)(team.client.post("/api/reports/generate", json=body).get_json()["job_id"], 60)
        assert job["status"] == "finished", job["error"]
        result = job["result"]
        span = (result["period"]["start"], result["period"]["end"])
        told = totals(sandbox, account, "campaign", *span)
        (summed,) = rows(
            f"SELECT {', '.join(f'coalesce(sum({name}), 0)::bigint AS {name}' for name in MEASURES)}"
            " FROM stats.daily_stats WHERE level = 2 AND date BETWEEN :first AND :last"
            " AND customer_id = (SELECT id FROM customers WHERE tenant_id = :tenant AND slug = :slug)",
            first=date.fromisoformat(span[0]),
            last=date.fromisoformat(span[1]),
            tenant=team.tenant_id,
            slug=account["slug"],
        )
        for name in MEASURES:
            assert result["totals"][name] == sum(value[name] for value in told.values()) == summed[name]
        assert bool(result["totals"]["impressions"]) is traffic


@pytest.mark.slow(reason="a second account is synchronised")
def test_a_report_in_yen_tells_the_sandbox_s_totals_without_decimals(
    synced: tuple[Team, dict[str, Any]], sandbox: Sandbox, rows: Any
) -> None:
    team, first = synced
    accounts = team.client.get("/api/customers?limit=100").get_json()
    account = next(row for row in accounts if row["currency_code"] == "JPY" and row["enabled"] and row != first)
    today = local_today(account)
    span = {"start": str(today - timedelta(days=14)), "end": str(today - timedelta(days=1))}
    for path, body in (
        ("/api/runbooks/execute", {"slug": account["slug"], "command": "repair", "args": span}),
        ("/api/reports/generate", {"slug": account["slug"], "scope": "LAST-7-DAYS"}),
    ):
        job = job_waiter(rows)(team.client.post(path, json=body).get_json()["job_id"], 60)
        assert job["status"] == "finished", job["error"]
    result = job["result"]
    for first_day, last_day, row_name in (
        (today - timedelta(days=7), today - timedelta(days=1), "This period"),
        (today - timedelta(days=14), today - timedelta(days=8), "Period before"),
    ):
        expected = totals(sandbox, account, "campaign", str(first_day), str(last_day)).values()
        impressions, clicks, cost = (sum(int(value[name]) for value in expected) for name in MEASURES)
        assert cost
        assert f"| {row_name} | {impressions:,} | {clicks:,} | {round(cost / 1_000_000):,} |" in result["markdown"]
        exact = next(row for row in csv.reader(io.StringIO(result["csv"])) if row[:2] == ["summary", row_name])
        assert [int(cell) for cell in exact[2:5]] == [impressions, clicks, cost]
    assert (result["currency_code"], result["time_zone"]) == ("JPY", account["time_zone"])
