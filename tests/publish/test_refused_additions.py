"""R2.8 for what is new below a live campaign: what is refused is marked, the rest is made, once."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from backend.publish import bulk
from tests.campaigns.test_children import search_tree
from tests.publish.conftest import OwnStack, run_here
from tests.publish.ledger import creates, kinds, made, mutates
from tests.publish.test_live_additions import published
from tests.support.sandbox import Sandbox
from tests.support.team import Team
from tests.support.worker import Worker

WAIT = {"Prefer": "wait=30"}
Json = dict[str, Any]
PARENT_FAILED = "NewResourceCreationError.TEMP_ID_RESOURCE_HAD_ERRORS"


def ad(headline: str) -> Json:
    """An ad by its first headline; policy objects to "Click here"."""
    return {
        "headlines": [headline, "Fast delivery", "Made to last"],
        "descriptions": ["Comfortable chairs.", "Free shipping on every order."],
        "final_urls": ["https://www.example.com/chairs"],
    }


def fill(client: Any, path: str) -> None:
    """Much that is new, three things of it refused: an ad, a group (with all that is in it), a sitelink."""
    good = {"name": "Benches", "keywords": ["[garden bench]"], "ads": [ad("Garden benches"), ad("Click here")]}
    # The bid is one that our own check lets through.
    bad = {"name": "Stools", "cpc_bid_micros": 20_000_000_000_000, "keywords": ["[oak table]"], "ads": [ad("Stools")]}
    assert client.post(f"{path}/ad_groups", json=good).status_code == 201
    assert client.post(f"{path}/ad_groups", json=bad).status_code == 201
    links = [
        {"field_type": "CALLOUT", "callout_text": "Open on Sundays"},
        {"field_type": "SITELINK", "link_text": "Odd", "final_urls": ["ftp://example.com/"]},
    ]
    answer = client.post(f"{path}/asset_links", json={"asset_links": links})
    assert answer.status_code == 201, answer.text
    group = client.get(f"{path}/ad_groups").get_json()[0]["id"]
    client.post(f"/api/ad_groups/{group}/keywords", json={"keywords": ["[sun lounger]", "[casino chair]"]})


def must_be_sorted_out(client: Any, path: str, *, link_code: str = "UrlFieldError") -> None:
    """Everything good is live, everything refused says why; a link tells its asset's reason, which has no row."""
    tree = client.get(f"{path}/tree").get_json()
    groups = {group["name"]: group for group in tree["ad_groups"]}
    benches = groups["Benches"]
    assert benches["google_ad_group_id"]
    assert all(word["criterion_id"] for word in benches["keywords"])
    states = {one["headlines"][0]["asset_text"]: one for one in benches["ads"]}
    assert states["Garden benches"]["google_ad_id"]
    assert states["Click here"]["sync_status"] == "sync_error"
    assert states["Click here"]["sync_error"]["code"].startswith("PolicyFindingError")
    assert states["Click here"]["sync_error"]["google_request_id"]
    bad = groups["Stools"]
    assert (bad["google_ad_group_id"], bad["sync_status"]) == (None, "sync_error")
    assert bad["sync_error"]["code"].startswith("BiddingError")
    assert {one["sync_error"]["code"] for one in (*bad["keywords"], *bad["ads"])} == {PARENT_FAILED}
    links = {link["text"]: link for link in client.get(f"{path}/asset_links").get_json()}
    assert links["Open on Sundays"]["sync_status"] == "synced"
    assert links["Odd"]["sync_status"] == "sync_error"
    assert links["Odd"]["sync_error"]["code"].startswith(link_code)
    words = {word["text"]: word for word in groups["Chairs"]["keywords"]}
    assert words["sun lounger"]["criterion_id"]
    assert words["casino chair"]["sync_status"] == "sync_error"


REFUSED = {"ad", "ad_group", "keyword", "asset", "campaign_asset"}


@pytest.mark.slow(reason="a publish and a push with several requests")
def test_one_refused_item_does_not_hold_back_the_others(
    team: Team, account: str, sandbox: Sandbox, worker: Worker
) -> None:
    client = team.client
    path = published(client, search_tree(account))
    fill(client, path)
    since = sandbox.last_seq()

    answer = client.post(f"{path}/push", headers=WAIT)

    assert answer.status_code == 200, answer.text
    pushed = answer.get_json()["push"]
    assert {error["kind"] for error in pushed["errors"]} == REFUSED
    assert pushed["failed"] == len(pushed["errors"]) == 7
    places = {error["kind"]: error.get("pointer") for error in pushed["errors"]}
    assert places["ad_group"].endswith("/cpc_bid_micros")
    must_be_sorted_out(client, path)
    applied = mutates(sandbox, since, account, "applied", "partial")
    assert sum(len(creates(call, "ad_group")) for call in applied) == 1
    assert sum(kinds(call)["label"] for call in applied) == 1
    (refused,) = mutates(sandbox, since, account, "refused")
    assert kinds(refused)["ad_group"] == 2


@pytest.mark.slow(reason="waits out a lost answer and runs after kills")
def test_a_lost_answer_after_a_refusal_makes_nothing_twice(killed: OwnStack, sandbox: Sandbox) -> None:
    """The second request was applied and never heard of: it is found by the marker that it shares with the first."""
    client = killed.team.client
    path = f"/api/campaigns/{client.post('/api/campaigns', json=search_tree(killed.account)).get_json()['id']}"
    assert run_here(killed, client.post(f"{path}/publish").get_json()["job_id"])["status"] == "finished"
    fill(client, path)
    since = sandbox.last_seq()
    # The first request is refused before it could be lost; the fault is spent by the one that follows.
    sandbox.add_fault(method="Mutate", customer_id=killed.account, when="slow", delay_s=0.1)
    sandbox.add_fault(method="Mutate", customer_id=killed.account, when="after", grpc_status="DEADLINE_EXCEEDED")

    job = run_here(killed, client.post(f"{path}/push").get_json()["job_id"])

    assert job["status"] == "finished", job["error"]
    assert job["result"]["failed"] == 7
    must_be_sorted_out(client, path)
    calls = [call for call in sandbox.ledger(since=since) if call["method"].endswith("Mutate") and call["results"]]
    assert sum(len([name for name in made(call, "ad_group") if name]) for call in calls) == 1
    assert sum(len([name for name in made(call, "campaign_asset") if name]) for call in calls) == 1


@pytest.mark.slow(reason="a publish and two pushes")
def test_when_everything_new_is_refused_the_changes_still_go(
    team: Team, account: str, sandbox: Sandbox, worker: Worker
) -> None:
    client = team.client
    path = published(client, search_tree(account))
    group = client.get(f"{path}/ad_groups").get_json()[0]["id"]
    bad = client.post(f"/api/ad_groups/{group}/ads", json=ad("Click here")).get_json()["id"]
    tag = {"If-Match": client.get(path).headers["ETag"]}
    name = f"Renamed {uuid.uuid4()}"
    client.patch(path, json={"name": name}, headers=tag)

    pushed = client.post(f"{path}/push", headers=WAIT).get_json()

    assert (pushed["push"]["applied"], pushed["push"]["failed"]) == (1, 1)
    assert (pushed["name"], pushed["is_dirty"]) == (name, False)
    here = f"/api/ads/{bad}"
    assert client.get(here).get_json()["sync_status"] == "sync_error"
    form = {"headlines": ad("Garden benches")["headlines"]}
    client.patch(here, json=form, headers={"If-Match": client.get(here).headers["ETag"]})
    again = client.post(f"{path}/push", headers=WAIT).get_json()
    assert again["push"]["failed"] == 0
    assert client.get(here).get_json()["sync_status"] == "synced"


@pytest.mark.slow(reason="a publish and a batch job")
def test_a_large_push_sorts_out_the_refused_too(
    killed: OwnStack, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = killed.team.client
    path = f"/api/campaigns/{client.post('/api/campaigns', json=search_tree(killed.account)).get_json()['id']}"
    assert run_here(killed, client.post(f"{path}/publish").get_json()["job_id"])["status"] == "finished"
    fill(client, path)
    monkeypatch.setattr(bulk, "MAX_OPERATIONS", 3)

    job = run_here(killed, client.post(f"{path}/push").get_json()["job_id"])

    assert job["status"] == "finished", job["error"]
    assert job["result"]["failed"] == 7
    must_be_sorted_out(client, path, link_code=PARENT_FAILED)  # a batch job tells every item by itself
