"""One account, through HTTP and a real worker: structure and statistics equal to the sandbox's own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.support.database import Rows
from tests.support.sandbox import Sandbox
from tests.support.team import Team
from tests.support.worker import Worker

MEASURES = ("impressions", "clicks", "cost_micros", "conversions", "conversions_value")
LEVELS = {"campaign": 2, "ad_group": 3}
Wait = Callable[..., dict[str, Any]]
Sums = dict[tuple[str, str], tuple[Decimal, ...]]


@pytest.fixture
def account(team: Team, worker: Worker) -> dict[str, Any]:
    """A client account that the tests of publishing do not use."""
    return [item for item in team.connect() if not item["manager"] and item["status"] == "ENABLED"][7]


def run_command(team: Team, wait: Wait, slug: str, command: str, **args: str) -> dict[str, Any]:
    answered = team.client.post("/api/runbooks/execute", json={"slug": slug, "command": command, "args": args})
    assert answered.status_code == 202, answered.text
    job = wait(answered.get_json()["job_id"], timeout=180)
    assert job["status"] == "finished", (job["error"], job["stderr"])
    return job


def sandbox_sums(sandbox: Sandbox, google_id: str, level: str, first: date, last: date) -> Sums:
    told = sandbox.totals(google_id, level, first.isoformat(), last.isoformat())
    sums = {(str(row["google_id"]), row["date"]): tuple(Decimal(str(row[name])) for name in MEASURES) for row in told}
    return {key: values for key, values in sums.items() if any(values)}


def stored_sums(rows: Rows, google_id: str, tenant: object, level: int) -> Sums:
    sums: Sums = defaultdict(lambda: (Decimal(0),) * len(MEASURES))
    for row in rows(
        "SELECT s.* FROM stats.daily_stats s JOIN customers c ON c.id = s.customer_id"
        " WHERE c.google_customer_id = :google AND c.tenant_id = :tenant AND s.level = :level",
        google=int(google_id),
        tenant=tenant,
        level=level,
    ):
        key = (str(row["google_id"]), row["date"].isoformat())
        sums[key] = tuple(total + Decimal(row[name]) for total, name in zip(sums[key], MEASURES, strict=True))
    return dict(sums)


def local_today(account: dict[str, Any]) -> date:
    """The day that is not over yet where the account is: its numbers grow by the second."""
    return datetime.now(ZoneInfo(account["time_zone"])).date()


def complete_until(team: Team, account: dict[str, Any]) -> date:
    """The last day that was over when the account was read, whether or not midnight has passed since."""
    told = team.client.get(f"/api/data/status/{account['slug']}").get_json()
    return date.fromisoformat(told["watermark_date"])


def equal_to_the_sandbox(
    rows: Rows, sandbox: Sandbox, team: Team, account: dict[str, Any], level: str = "campaign"
) -> None:
    """Every finished day of a level is what the sandbox says, to the micro."""
    last, google_id = complete_until(team, account), account["customer_id"]
    every = stored_sums(rows, google_id, team.tenant_id, LEVELS[level])
    stored = {key: values for key, values in every.items() if key[1] <= last.isoformat()}
    first = date.fromisoformat(min(day for _, day in stored))
    assert stored == sandbox_sums(sandbox, google_id, level, first, last)


def finished_days(rows: Rows, team: Team, account: dict[str, Any], last: date) -> list[dict[str, Any]]:
    """Which versions of which rows the days up to the last one have."""
    return rows(
        "SELECT count(*) AS n,"
        " sum(hashtextextended(s.ctid::text || s.xmin::text || s.tableoid::text, 0)::numeric) AS hash"
        " FROM stats.daily_stats s JOIN customers c ON c.id = s.customer_id"
        " WHERE c.google_customer_id = :google AND c.tenant_id = :tenant AND s.date <= :last",
        google=int(account["customer_id"]),
        tenant=team.tenant_id,
        last=last,
    )


def stages(rows: Rows, team: Team, google_id: str) -> list[dict[str, Any]]:
    """The stages that an account has."""
    return rows(
        "SELECT t.tablename FROM pg_tables t JOIN customers c ON t.tablename LIKE"
        " 'stage\\_' || replace(c.id::text, '-', '') || '%' WHERE t.schemaname = 'stats'"
        " AND c.google_customer_id = :google AND c.tenant_id = :tenant",
        google=int(google_id),
        tenant=team.tenant_id,
    )


@pytest.mark.slow("two syncs of a whole account on two loaded cores")
def test_append_brings_what_the_sandbox_holds_and_a_second_one_changes_nothing(
    team: Team, account: dict[str, Any], rows: Rows, sandbox: Sandbox, wait_for_job: Wait
) -> None:
    slug, google_id = account["slug"], account["customer_id"]
    result = run_command(team, wait_for_job, slug, "append")["result"]
    assert result["rows_synced"] == result["statistics"]["rows_read"] + result["structure"]["rows_read"]
    for level in LEVELS:
        equal_to_the_sandbox(rows, sandbox, team, account, level)
    last = complete_until(team, account)
    before = finished_days(rows, team, account, last)
    again = run_command(team, wait_for_job, slug, "append")["result"]
    assert again["structure"]["changed"] == again["structure"]["removed"] == 0
    assert finished_days(rows, team, account, last) == before, "rows of days that are over were written again"
    assert stages(rows, team, google_id) == []


def test_the_structure_is_the_sandbox_s(
    team: Team, account: dict[str, Any], rows: Rows, sandbox: Sandbox, wait_for_job: Wait
) -> None:
    run_command(team, wait_for_job, account["slug"], "append")
    scope = "JOIN customers u ON u.id = t.customer_id WHERE u.google_customer_id = :google AND u.tenant_id = :tenant"
    who = {"google": int(account["customer_id"]), "tenant": team.tenant_id}
    campaigns = rows(f"SELECT t.* FROM campaigns t {scope}", **who)
    assert {row["sync_status"] for row in campaigns} == {"synced"}
    assert {row["status"] for row in campaigns} <= {"PUBLISHED", "REMOVED"}
    assert all(row["budget_id"] and row["resource_name"].endswith(str(row["google_id"])) for row in campaigns)
    for edge in ("campaign_adgroup", "adgroup_ad", "adgroup_keyword", "ad_asset", "campaign_asset"):
        assert rows(f"SELECT count(*) AS n FROM {edge} t {scope}", **who)[0]["n"] > 0, edge
    listed = team.client.get(f"/api/campaigns?customer_id={account['customer_id']}")
    assert listed.status_code == 200
    assert {item["google_campaign_id"] for item in listed.get_json()} == {str(row["google_id"]) for row in campaigns}


def test_freshness_is_told_by_account(team: Team, account: dict[str, Any], wait_for_job: Wait) -> None:
    slug = account["slug"]
    before = team.client.get(f"/api/data/status/{slug}").get_json()
    assert before == {"slug": slug, "last_append_timestamp": None, "last_sync": None, "watermark_date": None}
    result = run_command(team, wait_for_job, slug, "append")["result"]
    after = team.client.get(f"/api/data/status/{slug}").get_json()
    assert after["watermark_date"] == result["watermark_date"]
    assert after["last_sync"] is not None
    assert after["last_append_timestamp"] is not None
    clients = {item["slug"]: item for item in team.client.get("/api/data/clients?limit=200").get_json()}
    assert clients[slug]["watermark_date"] == result["watermark_date"]
    assert sum(item["watermark_date"] is not None for item in clients.values()) == 1
    assert team.client.get("/api/data/status/no-such-account").status_code == 404


@pytest.mark.slow("two syncs of a whole account on two loaded cores")
def test_repair_overwrites_what_was_damaged(
    team: Team, account: dict[str, Any], rows: Rows, wait_for_job: Wait
) -> None:
    slug = account["slug"]
    run_command(team, wait_for_job, slug, "append")
    sound = stored_sums(rows, account["customer_id"], team.tenant_id, 2)
    days = sorted({day for _, day in sound})
    start, end = days[-10], days[-5]
    rows(
        "UPDATE stats.daily_stats s SET clicks = clicks + 5 FROM customers c WHERE c.id = s.customer_id"
        " AND c.google_customer_id = :google AND c.tenant_id = :tenant AND s.date BETWEEN :start AND :end",
        google=int(account["customer_id"]),
        tenant=team.tenant_id,
        start=date.fromisoformat(start),
        end=date.fromisoformat(end),
    )
    assert stored_sums(rows, account["customer_id"], team.tenant_id, 2) != sound
    watermark = team.client.get(f"/api/data/status/{slug}").get_json()["watermark_date"]
    result = run_command(team, wait_for_job, slug, "repair", start=start, end=end)["result"]
    assert result["statistics"]["rows_written"] > 0
    assert stored_sums(rows, account["customer_id"], team.tenant_id, 2) == sound  # a repair reads no unfinished day
    assert team.client.get(f"/api/data/status/{slug}").get_json()["watermark_date"] == watermark
