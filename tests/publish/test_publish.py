"""Publishing through the front door: HTTP in, PostgreSQL rows and the sandbox's ledger out."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from tests.campaigns.test_children import search_tree
from tests.publish.ledger import creates, kinds, made, mutates
from tests.support.database import Rows
from tests.support.sandbox import Sandbox
from tests.support.team import Team
from tests.support.worker import Worker

Form = Callable[..., dict[str, Any]]


def name() -> str:
    """A campaign name that no other test has used."""
    return f"Campaign {uuid.uuid4()}"


def test_demand_gen_is_published_once_with_right_parents(
    team: Team, account: str, flat_form: Form, sandbox: Sandbox, rows: Rows, worker: Worker
) -> None:
    since = sandbox.last_seq()
    created = team.client.post("/api/campaigns", json=flat_form(name=name(), customer_id=account))
    assert created.status_code == 201, created.text
    campaign_id = created.get_json()["id"]

    answer = team.client.post(f"/api/campaigns/{campaign_id}/publish", headers={"Prefer": "wait=30"})

    assert answer.status_code == 200, answer.text
    assert answer.headers["Preference-Applied"] == "wait=30"
    published = answer.get_json()
    assert (published["status"], published["google_status"], published["sync_status"]) == (
        "PUBLISHED",
        "PAUSED",
        "synced",
    )
    (call,) = mutates(sandbox, since, account)
    counted = kinds(call)
    assert [counted[kind] for kind in ("label", "campaign_budget", "campaign", "ad_group", "ad_group_ad")] == [1] * 5
    assert counted["asset"] == 2
    assert published["google_campaign_id"] == made(call, "campaign")[0].split("/")[-1]
    sent = {kind: creates(call, kind) for kind in ("campaign", "ad_group", "ad_group_ad", "campaign_label")}
    assert sent["campaign"][0]["campaign_budget"] == creates(call, "campaign_budget")[0]["resource_name"]
    assert sent["ad_group"][0]["campaign"] == sent["campaign"][0]["resource_name"]
    assert sent["ad_group_ad"][0]["ad_group"] == sent["ad_group"][0]["resource_name"]
    assert sent["campaign"][0]["status"] == "PAUSED"
    stored = rows(
        "SELECT c.google_id AS campaign, b.google_id AS budget, g.google_id AS ad_group, a.google_id AS ad,"
        " v.resource_name FROM campaigns c JOIN campaign_budgets b ON b.id = c.budget_id"
        " JOIN campaign_adgroup e ON e.campaign_id = c.id JOIN ad_groups g ON g.id = e.ad_group_id"
        " JOIN adgroup_ad v ON v.ad_group_id = g.id JOIN ads a ON a.id = v.ad_id WHERE c.id = :id",
        id=campaign_id,
    )[0]
    assert str(stored["campaign"]) == published["google_campaign_id"]
    assert str(stored["budget"]) == made(call, "campaign_budget")[0].split("/")[-1]
    assert str(stored["ad_group"]) == made(call, "ad_group")[0].split("/")[-1]
    assert stored["resource_name"] == made(call, "ad_group_ad")[0]
    assert str(stored["ad"]) == stored["resource_name"].split("~")[-1]
    images = rows(
        "SELECT x.google_id FROM assets x WHERE x.type = 'IMAGE' AND x.sync_status = 'synced'"
        " AND x.customer_id = (SELECT customer_id FROM campaigns WHERE id = :id)",
        id=campaign_id,
    )
    assert {str(row["google_id"]) for row in images} == {made.split("/")[-1] for made in made(call, "asset")}


def test_a_second_publish_is_refused_with_the_google_id(
    team: Team, account: str, flat_form: Form, sandbox: Sandbox, worker: Worker
) -> None:
    form = flat_form(name=name(), customer_id=account)
    campaign_id = team.client.post("/api/campaigns", json=form).get_json()["id"]
    first = team.client.post(f"/api/campaigns/{campaign_id}/publish", headers={"Prefer": "wait=30"})
    assert first.status_code == 200, first.text
    since = sandbox.last_seq()

    second = team.client.post(f"/api/campaigns/{campaign_id}/publish")

    assert second.status_code == 409
    assert second.get_json()["code"] == "already_published"
    assert second.get_json()["google_campaign_id"] == first.get_json()["google_campaign_id"]
    assert mutates(sandbox, since, account) == []


def test_one_idempotency_key_makes_one_campaign(team: Team, account: str, flat_form: Form) -> None:
    form = flat_form(name=name(), customer_id=account)
    key = {"Idempotency-Key": str(uuid.uuid4())}

    first = team.client.post("/api/campaigns", json=form, headers=key)
    second = team.client.post("/api/campaigns", json=form, headers=key)

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.get_json()["id"] == second.get_json()["id"]
    assert second.headers["Idempotent-Replayed"] == "true"
    listed = team.client.get("/api/campaigns", query_string={"q": form["name"]}).get_json()
    assert len(listed) == 1


@pytest.mark.parametrize("action", ["dry-run", "publish", "enable"])
def test_a_repeated_order_with_its_key_is_answered_with_the_first_ones_job(
    team: Team, account: str, flat_form: Form, worker: Worker, action: str
) -> None:
    campaign_id = team.client.post("/api/campaigns", json=flat_form(name=name(), customer_id=account)).get_json()["id"]
    path, key = f"/api/campaigns/{campaign_id}", {"Idempotency-Key": str(uuid.uuid4())}
    if action == "enable":
        assert team.client.post(f"{path}/publish", headers={"Prefer": "wait=30"}).status_code == 200

    first = team.client.post(f"{path}/{action}", headers=key)
    again = team.client.post(f"{path}/{action}", headers=key | {"Prefer": "wait=30"})

    assert (first.status_code, again.status_code) == (202, 200), again.text
    assert again.headers["Idempotent-Replayed"] == "true"
    jobs = team.client.get("/api/jobs", query_string={"subject_id": campaign_id}).get_json()
    assert [job["job_id"] for job in jobs].count(first.get_json()["job_id"]) == 1
    assert len(jobs) == (2 if action == "enable" else 1)


def test_five_ad_groups_twenty_keywords_and_three_ads_take_one_call(
    team: Team, account: str, sandbox: Sandbox, rows: Rows, worker: Worker
) -> None:
    """Show 7: the ledger has one mutate between the request and the answer, and nothing else that changes anything."""
    form = search_tree(account)
    ad = form["ad_groups"][0]["ads"][0]
    form["ad_groups"] = [
        {
            "name": f"Group {group}",
            "keywords": [f"[chair {group} number {number}]" for number in range(20)],
            "ads": [ad | {"path1": f"ad{number}"} for number in range(3)],
        }
        for group in range(5)
    ]
    created = team.client.post("/api/campaigns", json=form)
    assert created.status_code == 201, created.text
    since = sandbox.last_seq()

    answer = team.client.post(f"/api/campaigns/{created.get_json()['id']}/publish", headers={"Prefer": "wait=30"})

    assert answer.status_code == 200, answer.text
    (call,) = [call for call in sandbox.ledger(since=since, customer_id=account) if call["outcome"] != "read"]
    assert call["outcome"] == "applied"
    counted = kinds(call)
    assert [counted[kind] for kind in ("ad_group", "ad_group_criterion", "ad_group_ad")] == [5, 100, 15]
    assert all(call["results"])
