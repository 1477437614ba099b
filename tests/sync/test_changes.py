"""Incremental sync: what people change in Google's own interface arrives, and a full sync after it finds nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from backend.auth import credentials
from backend.core import tenancy
from backend.core.db import unit_of_work
from backend.sync import changes
from backend.sync.account import Account, load
from backend.sync.reading import Reader
from tests.support.database import Rows
from tests.support.sandbox import Sandbox
from tests.support.team import Team
from tests.sync.test_resilience import Model
from tests.sync.test_sync_account import account, run_command

__all__ = ["account"]

Wait = Callable[..., dict[str, Any]]


def live(rows: Rows, team: Team, account: dict[str, Any], table: str, where: str = "true") -> list[dict[str, Any]]:
    return rows(
        f"SELECT t.* FROM {table} t JOIN customers c ON c.id = t.customer_id"
        f" WHERE c.tenant_id = :tenant AND c.google_customer_id = :google AND {where} ORDER BY t.resource_name",
        tenant=team.tenant_id,
        google=int(account["customer_id"]),
    )


@pytest.mark.slow("three syncs of a whole account on two loaded cores")
def test_changes_made_at_google_arrive_and_nothing_else_is_asked_for(
    team: Team, account: dict[str, Any], rows: Rows, sandbox: Sandbox, wait_for_job: Wait
) -> None:
    run_command(team, wait_for_job, account["slug"], "append")
    campaign = live(rows, team, account, "campaigns", "t.status = 'PUBLISHED'")[0]
    keyword = live(rows, team, account, "keywords", "t.parent_kind = 'ad_group' AND t.status = 'ENABLED'")[0]
    ad, rewritten = live(
        rows,
        team,
        account,
        "adgroup_ad",
        "t.status = 'ENABLED' AND t.ad_id IN (SELECT id FROM ads"
        " WHERE customer_id = t.customer_id AND type = 'RESPONSIVE_SEARCH_AD')",
    )[:2]
    sandbox.change(resource_name=campaign["resource_name"], fields={"name": f"Renamed {time.time_ns()}"})
    sandbox.change(resource_name=keyword["resource_name"], fields={"status": "PAUSED", "cpc_bid_micros": "9990000"})
    sandbox.change(resource_name=ad["resource_name"], operation="remove")
    headlines = [f"New {number} {time.time_ns() % 10**9}" for number in range(3)]
    texts = {"headlines": [{"text": text} for text in headlines]}
    sandbox.change(resource_name=rewritten["resource_name"], fields={"ad": {"responsive_search_ad": texts}})
    seq = sandbox.last_seq()
    told = run_command(team, wait_for_job, account["slug"], "append")["result"]["structure"]
    assert (told["mode"], told["skipped"]) == ("incremental", 0)
    assert told["changes"] >= 3
    structure_reads = [call for call in sandbox.ledger(since=seq) if "change_status" in str(call)]
    assert structure_reads, "the sandbox's ledger names the queries"
    after = live(rows, team, account, "campaigns", f"t.google_id = {campaign['google_id']}")[0]
    assert after["name"].startswith("Renamed")
    assert after["version"] == campaign["version"] + 1
    bid = live(rows, team, account, "keywords", f"t.id = '{keyword['id']}'")[0]
    assert (bid["status"], bid["cpc_bid_micros"]) == ("PAUSED", 9_990_000)
    assert live(rows, team, account, "adgroup_ad", f"t.ad_id = '{ad['ad_id']}'")[0]["status"] == "REMOVED"
    shown = team.client.get(f"/api/ads/{rewritten['ad_id']}").get_json()["headlines"]
    assert sorted(item["asset_text"] for item in shown) == headlines, "nobody announces the assets of new texts"
    rows(
        "UPDATE watermarks SET last_full_at = NULL WHERE stream = 'structure' AND customer_id = :c",
        c=campaign["customer_id"],
    )
    full = run_command(team, wait_for_job, account["slug"], "append")["result"]["structure"]
    assert (full["mode"], full["changed"], full["removed"]) == ("full", 0, 0)


@pytest.fixture
def reader(app: Flask, team: Team, account: dict[str, Any], rows: Rows) -> Reader:
    customer = rows(
        "SELECT id FROM customers WHERE tenant_id = :t AND google_customer_id = :g",
        t=team.tenant_id,
        g=int(account["customer_id"]),
    )[0]["id"]
    return _reader(app, team.tenant_id, customer)


def _reader(app: Flask, tenant_id: UUID, customer_id: UUID) -> Reader:
    with app.app_context(), tenancy.working_for(tenant_id):
        with unit_of_work() as work:
            loaded = load(work.session, customer_id)
        return Reader(SimpleNamespace(), loaded, credentials.gateway_for(customer_id))  # type: ignore[arg-type]


def test_a_window_with_too_many_changes_is_read_in_parts(
    app: Flask, team: Team, account: dict[str, Any], reader: Reader, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix = f"customers/{account['customer_id']}/campaignBudgets/"
    names = []
    for number in range(3):
        name = f"{prefix}{77_000_000 + time.time_ns() % 1_000_000 * 10 + number}"
        sandbox.change(resource_name=name, operation="create", fields={"name": name, "amount_micros": "5000000"})
        names.append(name)
        time.sleep(1.05)  # the parts are cut at whole seconds of Google's clock
    now = datetime.now(UTC)
    with app.app_context():
        whole = changes.read(reader, now - timedelta(minutes=1), now)
        monkeypatch.setattr(changes, "LIMIT", sum(map(len, whole.values())) - 1)
        parts = changes.read(reader, now - timedelta(minutes=1), now)
    assert set(names) <= parts["CAMPAIGN_BUDGET"]
    assert parts == whole


def test_more_changes_in_one_moment_than_google_tells_are_refused(
    app: Flask, account: dict[str, Any], reader: Reader, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    _new_budget(sandbox, account)
    monkeypatch.setattr(changes, "LIMIT", 1)
    now = datetime.now(UTC)
    with app.app_context(), pytest.raises(changes.TooManyChanges, match="1 changes at "):
        changes.read(reader, now - timedelta(minutes=1), now)


def _new_budget(sandbox: Sandbox, account: dict[str, Any]) -> None:
    name = f"customers/{account['customer_id']}/campaignBudgets/{78_000_000_000 + time.time_ns() % 1_000_000_000}"
    sandbox.change(resource_name=name, operation="create", fields={"name": name, "amount_micros": "5000000"})


@pytest.mark.slow("a sync of a whole account, and the structure five times")
def test_when_the_changes_do_not_tell_everything_the_sync_is_full(
    app: Flask,
    team: Team,
    account: dict[str, Any],
    rows: Rows,
    sandbox: Sandbox,
    wait_for_job: Wait,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run_command(team, wait_for_job, account["slug"], "append")
    model = Model(app, team, rows, sandbox, account["customer_id"])

    def mode() -> str:
        return str(model.sync(mode="chosen")["mode"])

    def last(**moments: timedelta) -> None:
        values = {name: datetime.now(UTC) - age for name, age in moments.items()}
        rows(
            "UPDATE watermarks SET last_full_at = :full, state = state || jsonb_build_object('changes_from',"
            " CAST(:changes AS timestamptz)) WHERE stream = 'structure' AND customer_id = :c",
            c=model.customer,
            full=values["full"],
            changes=values["changes"],
        )

    assert mode() == "incremental"
    last(full=timedelta(days=6, hours=23), changes=timedelta(days=88))
    assert mode() == "incremental"
    last(full=timedelta(days=1), changes=timedelta(days=90))
    assert mode() == "full", "Google forgets changes after 90 days"
    last(full=timedelta(days=7, minutes=1), changes=timedelta(days=1))
    assert mode() == "full", "once a week, whatever was announced"
    _new_budget(sandbox, account)
    monkeypatch.setattr(changes, "LIMIT", 1)
    assert mode() == "full", "more changes in a second than Google tells"


def _account(zone: str) -> Account:
    return Account(UUID(int=1), "1234567890", "a", "A", "EUR", zone, manager=False, status="ENABLED")


@pytest.mark.parametrize(
    ("zone", "since", "first"),
    [
        ("UTC", datetime(2026, 7, 1, 12, tzinfo=UTC), "2026-07-01 11:55:00"),
        ("Pacific/Kiritimati", datetime(2026, 7, 1, 12, tzinfo=UTC), "2026-07-02 01:55:00"),
        ("Pacific/Pago_Pago", datetime(2026, 7, 1, 12, tzinfo=UTC), "2026-07-01 00:55:00"),
        # The clocks went back at 01:00 UTC: 02:30 local came twice, and the first of the two must be included.
        ("Europe/Berlin", datetime(2026, 10, 25, 1, 30, tzinfo=UTC), "2026-10-25 02:25:00"),
    ],
)
def test_windows_are_local_times_with_an_overlap(zone: str, since: datetime, first: str) -> None:
    start, end = changes.local_window(_account(zone), since, since + timedelta(hours=1))
    assert start <= first
    assert end > start


def test_conditions_ask_by_id_or_by_name() -> None:
    by_name = {query.name: query for query in changes.STRUCTURE}
    names = ["customers/1/adGroupCriteria/5~7", "customers/1/adGroupCriteria/5~8"]
    assert changes.condition(by_name["keywords"], names) == (
        "ad_group_criterion.resource_name IN ('customers/1/adGroupCriteria/5~7', 'customers/1/adGroupCriteria/5~8')"
    )
    assert changes.condition(by_name["ads"], ["customers/1/adGroupAds/5~9"]) == "ad_group_ad.ad.id IN (9)"
    assert changes.condition(by_name["campaigns"], ["customers/1/campaigns/4"]) == "campaign.id IN (4)"
