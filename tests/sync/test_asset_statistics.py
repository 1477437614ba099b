"""What assets scored, place by place: equal to the sandbox, added up over slots, with totals of their own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from backend.adgraph.stats import AssetPlace
from backend.reporting.performance.answer import DEVICES, NETWORKS
from tests.support.database import Rows
from tests.support.sandbox import Sandbox
from tests.support.team import Team
from tests.support.worker import Worker
from tests.sync.test_sync_account import MEASURES, complete_until, finished_days, run_command

Wait = Callable[..., dict[str, Any]]
Sums = dict[tuple[str, ...], tuple[Decimal, ...]]
LINKS = {
    AssetPlace.AD: "ad_group_ad_asset_view",
    AssetPlace.ASSET_GROUP: "asset_group_asset",
    AssetPlace.CAMPAIGN: "campaign_asset",
    AssetPlace.AD_GROUP: "ad_group_asset",
    AssetPlace.ACCOUNT: "customer_asset",
}


@pytest.fixture
def account(team: Team, worker: Worker) -> dict[str, Any]:
    """A client account that no other test edits at Google."""
    return [item for item in team.connect() if not item["manager"] and item["status"] == "ENABLED"][8]


def added(rows: list[dict[str, Any]], key: Callable[[dict[str, Any]], tuple[str, ...]]) -> Sums:
    sums: Sums = defaultdict(lambda: (Decimal(0),) * len(MEASURES))
    for row in rows:
        numbers = tuple(Decimal(str(row[name])) for name in MEASURES)
        sums[key(row)] = tuple(a + b for a, b in zip(sums[key(row)], numbers, strict=True))
    return {place: numbers for place, numbers in sums.items() if any(numbers)}


def stored(rows: Rows, team: Team, account: dict[str, Any], table: str, last: date) -> list[dict[str, Any]]:
    return rows(
        f"SELECT s.* FROM stats.{table} s JOIN customers c ON c.id = s.customer_id WHERE c.google_customer_id = :google"
        " AND c.tenant_id = :tenant AND s.level BETWEEN 6 AND 10 AND s.date <= :last",
        google=int(account["customer_id"]),
        tenant=team.tenant_id,
        last=last,
    )


@pytest.mark.slow("two syncs of a whole account on two loaded cores")
def test_assets_are_what_the_sandbox_says_in_every_place_and_stay_so(
    team: Team, account: dict[str, Any], rows: Rows, sandbox: Sandbox, wait_for_job: Wait
) -> None:
    run_command(team, wait_for_job, account["slug"], "append")
    last = complete_until(team, account)
    daily = stored(rows, team, account, "daily_stats", last)
    first = min(row["date"] for row in daily)
    told = sandbox.totals(account["customer_id"], "asset", first.isoformat(), last.isoformat(), "device,network")

    def split(row: dict[str, Any]) -> tuple[str, ...]:
        place = AssetPlace(row["level"])
        device = DEVICES[row["device"]] if place is not AssetPlace.ASSET_GROUP else ""
        parent = str(row["parent_google_id"]) if place is not AssetPlace.ACCOUNT else ""
        return LINKS[place], str(row["google_id"]), parent, row["date"].isoformat(), device, NETWORKS[row["network"]]

    def expected(row: dict[str, Any]) -> tuple[str, ...]:
        device = row["device"] if row["link"] != "asset_group_asset" else ""
        return row["link"], row["google_id"], row["parent_id"], row["date"], device, row["network"]

    assert added(daily, split) == added(told, expected)
    assert {row["level"] for row in daily} >= {AssetPlace.AD, AssetPlace.ASSET_GROUP, AssetPlace.CAMPAIGN}
    assert {row["device"] for row in daily if row["level"] == AssetPlace.ASSET_GROUP} == {0}

    def by_day(row: dict[str, Any]) -> tuple[str, ...]:
        return str(row["level"]), str(row["google_id"]), row["date"].isoformat()

    assert added(stored(rows, team, account, "daily_totals", last), by_day) == added(daily, by_day)
    before = finished_days(rows, team, account, last)
    # Of today nothing is said: its few impressions move between slots as it grows, in either direction.
    run_command(team, wait_for_job, account["slug"], "append")
    assert finished_days(rows, team, account, last) == before, "rows of days that are over were written again"
    _never_more_than_the_ad(sandbox, account["customer_id"], last)


def _never_more_than_the_ad(sandbox: Sandbox, google_id: str, day: date) -> None:
    """The sandbox's own sense: an asset is shown at most as often as the ad it is in, in each of its slots."""
    on = day.isoformat()
    ads = {row["google_id"]: row["impressions"] for row in sandbox.totals(google_id, "ad", on, on)}
    shown = [row for row in sandbox.totals(google_id, "asset", on, on) if row["link"] == "ad_group_ad_asset_view"]
    assert shown
    assert all(row["impressions"] <= 2 * ads[row["parent_id"]] for row in shown)
