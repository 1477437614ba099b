"""One timeline of what was changed here and at Google: HTTP, a real worker, the sandbox's change log."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.database import Rows
from tests.support.sandbox import Sandbox
from tests.support.team import Team
from tests.support.worker import Worker
from tests.sync.support import new_account
from tests.sync.test_sync_account import run_command

Wait = Callable[..., dict[str, Any]]


def timeline(team: Team, slug: str, **query: str) -> list[dict[str, Any]]:
    answered = team.client.get(f"/api/data/timeline/{slug}", query_string=query)
    assert answered.status_code == 200, answered.text
    found: list[dict[str, Any]] = answered.get_json()
    return found


@pytest.fixture
def account(team: Team) -> dict[str, Any]:
    """A client account to which no other test pushes: a change by the API near our own push counts as ours."""
    return [item for item in team.connect() if not item["manager"] and item["status"] == "ENABLED"][11]


@pytest.fixture
def synced(team: Team, account: dict[str, Any], worker: Worker, wait_for_job: Wait) -> dict[str, Any]:
    """An account that was read once, so that later changes are news."""
    run_command(team, wait_for_job, account["slug"], "append")
    return account


def live_campaign(team: Team, account: dict[str, Any]) -> dict[str, Any]:
    listed = team.client.get("/api/campaigns", query_string={"customer_id": account["customer_id"]}).get_json()
    found: dict[str, Any] = next(item for item in listed if item["google_status"] == "ENABLED")
    return found


@pytest.mark.slow("an account is synced, changed from both sides, pushed and synced again")
def test_changes_of_both_sides_stand_on_one_timeline_and_pushes_once(
    team: Team, synced: dict[str, Any], rows: Rows, sandbox: Sandbox, wait_for_job: Wait
) -> None:
    slug, google_id = synced["slug"], synced["customer_id"]
    campaign = live_campaign(team, synced)
    path, name = f"/api/campaigns/{campaign['id']}", f"Ours {uuid.uuid4()}"
    resource = f"customers/{google_id}/campaigns/{campaign['google_campaign_id']}"
    earlier = timeline(team, slug, entity="campaign", entity_id=campaign["id"], limit="200")
    tag = team.client.get(path).headers["ETag"]
    assert team.client.patch(path, json={"name": name}, headers={"If-Match": tag}).status_code == 200
    assert team.client.post(f"{path}/push", headers={"Prefer": "wait=30"}).status_code == 200
    sandbox.change(
        resource_name=resource, fields={"final_url_suffix": "from=google"}, user_email="maria@agency.example"
    )
    result = run_command(team, wait_for_job, slug, "append")["result"]
    assert result["google_changes"]["new"] >= 2

    theirs = timeline(team, slug, source="google", entity="campaign", actor="MARIA@agency.example")
    assert len(theirs) == 1
    assert theirs[0]["client_type"] == "GOOGLE_ADS_WEB_CLIENT"
    assert (theirs[0]["action"], theirs[0]["resource_name"], theirs[0]["title"]) == ("update", resource, name)
    assert (theirs[0]["before"].get("final_url_suffix"), theirs[0]["after"]) == (
        campaign.get("final_url_suffix"),
        {"final_url_suffix": "from=google"},
    )
    whole = timeline(team, slug, entity="campaign", entity_id=campaign["id"], limit="200")
    of_row = [item for item in whole if item not in earlier]  # other tests share the account at Google
    assert [item["action"] for item in of_row if item["source"] == "google"] == ["update"], "our push stands twice"
    assert {"campaign.update", "push.applied"} <= {item["action"] for item in of_row if item["source"] == "here"}
    assert {item["actor"] for item in of_row if item["source"] == "here"} == {team.email}
    assert [item["at"] for item in of_row] == sorted((item["at"] for item in of_row), reverse=True)
    ours = rows(
        "SELECT g.* FROM google_changes g JOIN customers c ON c.id = g.customer_id"
        " WHERE c.tenant_id = :t AND g.resource_name = :r AND g.batch_id IS NOT NULL",
        t=team.tenant_id,
        r=resource,
    )
    assert [row["new"]["name"] for row in ours if "name" in row["fields"]] == [name]

    again = run_command(team, wait_for_job, slug, "append")["result"]["google_changes"]
    assert again["new"] == 0, "the overlap of two reads was stored twice"


def test_a_created_object_shows_what_it_holds_and_a_removed_one_what_it_held(
    team: Team, synced: dict[str, Any], sandbox: Sandbox, wait_for_job: Wait
) -> None:
    google_id, number = synced["customer_id"], 9_000_000_000 + uuid.uuid4().int % 1_000_000
    resource = f"customers/{google_id}/campaignBudgets/{number}"
    title = f"Made there {number}"
    fields = {"name": title, "amount_micros": "5000000", "explicitly_shared": True}
    sandbox.change(resource_name=resource, operation="create", fields=fields)
    sandbox.change(resource_name=resource, operation="remove")
    run_command(team, wait_for_job, synced["slug"], "append")
    found = [
        item
        for item in timeline(team, synced["slug"], entity="campaign_budget", limit="200")
        if item["resource_name"] == resource
    ]
    assert [item["action"] for item in found] == ["remove", "create"]
    assert found[1]["after"] == {"name": title, "amount_micros": 5_000_000, "explicitly_shared": True}
    assert found[1]["before"] == {}
    assert {item["title"] for item in found} == {title}


@pytest.fixture
def written(team: Team, rows: Rows) -> str:
    """The slug of an account with 60 entries of each side, every second one of the same moment."""
    customer = new_account(rows, team.tenant_id)
    moment = datetime.now(UTC) - timedelta(hours=1)
    for number in range(60):
        at = moment + timedelta(seconds=number // 2)
        rows(
            "INSERT INTO audit_events (tenant_id, customer_id, actor_kind, actor_name, action, subject, created_at)"
            " VALUES (:t, :c, 'user', 'Ada', 'campaign.update', :s, :at)",
            t=team.tenant_id,
            c=customer,
            s=f"campaign:{uuid.uuid4()}",
            at=at,
        )
        rows(
            "INSERT INTO google_changes (customer_id, name, changed_at, entity, resource_name, client_type,"
            " user_email, operation, fields, old, new, batch_id) VALUES (:c, :n, :at, 'ad_group', 'customers/1/x',"
            " 'GOOGLE_ADS_WEB_CLIENT', 'eve@example.com', 'UPDATE', '{}', '{}', '{}', :batch)",
            c=customer,
            n=f"{number}~0~0",
            at=at,
            batch=uuid.uuid4() if number == 0 else None,
        )
    return str(rows("SELECT slug FROM customers WHERE id = :c", c=customer)[0]["slug"])


def test_pages_show_each_entry_once_in_order(team: Team, written: str) -> None:
    seen: list[tuple[str, ...]] = []
    address: str | None = f"/api/data/timeline/{written}?limit=7"
    while address:
        answered = team.client.get(address)
        found = answered.get_json()
        assert len(found) <= 7
        seen += [(item["at"], item["source"], str(item["entity_id"])) for item in found]
        link = answered.headers.get("Link", "").split(";")[0].strip("<>")
        address = link[link.index("/api/") :] if link else None
    assert len(seen) == 119, "all of them but the one that we pushed"
    assert [item[:2] for item in seen] == sorted((item[:2] for item in seen), reverse=True)
    assert len({item[2] for item in seen if item[1] == "here"}) == 60


def test_filters_narrow_the_timeline(team: Team, written: str) -> None:
    entries = timeline(team, written, limit="200")
    middle = entries[len(entries) // 2]["at"]
    for query, wanted in (
        ({"source": "here"}, lambda item: item["source"] == "here"),
        ({"actor": "ada"}, lambda item: item["actor"] == "Ada"),
        ({"entity": "ad_group"}, lambda item: item["entity"] == "ad_group"),
        ({"since": middle}, lambda item: item["at"] >= middle),
        ({"until": middle}, lambda item: item["at"] < middle),
    ):
        assert timeline(team, written, limit="200", **query) == [item for item in entries if wanted(item)], query


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"since": "yesterday"}, "/since"),
        ({"since": "2026-01-02T00:00:00Z", "until": "2026-01-01T00:00:00Z"}, "/since"),
        ({"source": "mars"}, "/source"),
        ({"entity_id": "00000000-0000-0000-0000-000000000001"}, "/entity"),
        ({"limit": "0"}, "/limit"),
        ({"cursor": "abc"}, "/cursor"),
    ],
)
def test_bad_questions_say_what_is_wrong(team: Team, written: str, query: dict[str, str], pointer: str) -> None:
    refused = team.client.get(f"/api/data/timeline/{written}", query_string=query)
    assert refused.status_code == 400, refused.text
    assert [item["pointer"] for item in refused.get_json()["errors"]] == [pointer]


def test_others_do_not_see_it(written: str, new_team: Callable[..., Team]) -> None:
    assert new_team().client.get(f"/api/data/timeline/{written}").status_code == 404
