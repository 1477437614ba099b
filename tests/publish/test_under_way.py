"""What a push is just making is not edited here; what is live, what was made before and what comes later is."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.campaigns.test_children import search_tree
from tests.publish.conftest import Place
from tests.publish.test_contention import _until_sent
from tests.publish.test_live_additions import SITELINK, published
from tests.support.database import Rows, job_waiter
from tests.support.sandbox import Sandbox

Json = dict[str, Any]
HELD = {"method": "Mutate", "when": "before", "grpc_status": "UNAVAILABLE", "times": 2}


@pytest.mark.slow(reason="a push is held at Google while every edit is tried")
def test_new_children_are_not_edited_while_they_are_made(place: Place, sandbox: Sandbox, rows: Rows) -> None:
    """An edit would be told to nobody: the row is what was sent from the moment that Google answers."""
    client = place.team.client
    path = published(client, search_tree(place.account))
    group = client.get(f"{path}/ad_groups").get_json()[0]["id"]
    form = search_tree(place.account)["ad_groups"][1] | {"name": "Benches"}
    client.post(f"{path}/ad_groups", json=form)
    new = next(one for one in client.get(f"{path}/tree").get_json()["ad_groups"] if one["name"] == "Benches")
    word = client.post(f"/api/ad_groups/{group}/keywords", json={"keywords": ["[sun lounger]"]}).get_json()["items"][0]
    link = client.post(f"{path}/asset_links", json={"asset_links": [SITELINK]}).get_json()["items"][0]["id"]
    sandbox.add_fault(customer_id=place.account, **HELD)
    job_id = client.post(f"{path}/push").get_json()["job_id"]
    _until_sent(rows, job_id)
    ad, keyword = new["ads"][0]["id"], new["keywords"][0]["id"]
    edits: list[tuple[str, str, Json | None]] = [
        ("PATCH", f"/api/ad_groups/{new['id']}", {"name": "x"}),
        ("DELETE", f"/api/ad_groups/{new['id']}", None),
        ("POST", f"/api/ad_groups/{new['id']}/disable", None),
        ("PATCH", f"/api/ads/{ad}", {"path1": "x"}),
        ("PATCH", f"/api/ads/{ad}", {"headlines": ["x"]}),
        ("DELETE", f"/api/ads/{ad}", None),
        ("POST", f"/api/ads/{ad}/remove", None),
        ("PATCH", f"/api/keywords/{keyword}", {"cpc_bid_micros": 10_000}),
        ("POST", f"/api/keywords/{word['id']}/disable", None),
        ("DELETE", f"/api/keywords/{word['id']}", None),
        ("PATCH", f"/api/asset_links/{link}", {"status": "PAUSED"}),
        ("DELETE", f"/api/asset_links/{link}", None),
    ]
    answers = {}
    for method, where, body in edits:
        shown = client.get(where) if method in ("PATCH", "DELETE") else None
        headers = {"If-Match": shown.headers["ETag"]} if shown is not None else {}
        answer = client.call(method, where, json=body, headers=headers)
        answers[f"{method} {where}"] = (answer.status_code, answer.get_json().get("code"))
    bulk = client.post("/api/ads/bulk", json={"action": "remove", "ids": [ad]}).get_json()["items"][0]
    later = client.post(f"/api/ad_groups/{group}/keywords", json={"keywords": ["[deck chair]"]})
    live = client.post(f"/api/ad_groups/{group}/disable")

    assert rows("SELECT status FROM jobs WHERE id = :id", id=job_id)[0]["status"] in ("queued", "started")
    assert set(answers.values()) == {(409, "publish_in_progress")}, answers
    assert (bulk["result"], bulk["code"]) == ("refused", "publish_in_progress")
    assert (later.status_code, live.status_code) == (201, 202)
    job_waiter(rows)(live.get_json()["job_id"], 60)
    job = job_waiter(rows)(job_id, 60)
    assert (job["status"], job["result"]["failed"]) == ("finished", 0), job
    assert client.get(f"/api/ads/{ad}").get_json()["sync_status"] == "synced"
    tag = {"If-Match": client.get(f"/api/ads/{ad}").headers["ETag"]}
    assert client.patch(f"/api/ads/{ad}", json={"path1": "x"}, headers=tag).get_json()["dirty_fields"] == ["path1"]


@pytest.mark.slow(reason="a push is held at Google while another one ends")
def test_a_push_of_one_row_leaves_what_another_makes_alone(place: Place, sandbox: Sandbox, rows: Rows) -> None:
    client = place.team.client
    path = published(client, search_tree(place.account))
    group = client.get(f"{path}/ad_groups").get_json()[0]["id"]
    form = search_tree(place.account)["ad_groups"][0]["ads"][0]
    ad = client.post(f"/api/ad_groups/{group}/ads", json=form).get_json()["id"]
    sandbox.add_fault(customer_id=place.account, **HELD)
    job_id = client.post(f"{path}/push").get_json()["job_id"]
    _until_sent(rows, job_id)
    _until_parked(rows, job_id)
    sandbox.clear_faults()

    paused = client.post(f"/api/ad_groups/{group}/disable").get_json()["job_id"]
    assert job_waiter(rows)(paused, 30)["status"] == "finished"

    assert client.get(f"/api/ads/{ad}").get_json()["sync_status"] == "publishing"
    rows("UPDATE jobs SET next_attempt_at = now() WHERE id = :id", id=job_id)
    assert job_waiter(rows)(job_id, 60)["status"] == "finished"


def test_a_keyword_that_was_removed_comes_back(place: Place) -> None:
    """Google gives the same text the same criterion again: the row that stands for the removed one gives way."""
    client = place.team.client
    path = published(client, search_tree(place.account))
    group = client.get(f"{path}/tree").get_json()["ad_groups"][0]
    gone = group["keywords"][0]
    removed = client.post(f"/api/keywords/{gone['id']}/remove", headers={"Prefer": "wait=30"})
    assert removed.status_code == 200, removed.text
    client.post(f"/api/ad_groups/{group['id']}/keywords", json={"keywords": [gone["text"]]})

    pushed = client.post(f"{path}/push", headers={"Prefer": "wait=30"})

    assert pushed.status_code == 200, pushed.text
    assert pushed.get_json()["push"]["failed"] == 0
    live = [
        word
        for word in client.get(f"{path}/tree").get_json()["ad_groups"][0]["keywords"]
        if word["text"] == gone["text"] and word["status"] != "REMOVED"
    ]
    assert [(word["criterion_id"], word["sync_status"]) for word in live] == [(gone["criterion_id"], "synced")]


def test_a_keyword_that_is_there_already_is_refused_on_its_own_row(place: Place) -> None:
    """Another row of ours stands for what Google has: the double says so, and the rest is pushed."""
    client = place.team.client
    path = published(client, search_tree(place.account))
    group = client.get(f"{path}/tree").get_json()["ad_groups"][0]
    there = group["keywords"][1]
    words = [{"text": there["text"], "match_type": there["match_type"]}, "[sun lounger]"]
    double, other = client.post(f"/api/ad_groups/{group['id']}/keywords", json={"keywords": words}).get_json()["items"]
    started = time.monotonic()

    pushed = client.post(f"{path}/push", headers={"Prefer": "wait=30"})

    assert pushed.status_code == 200, (pushed.text, time.monotonic() - started)
    assert (pushed.get_json()["push"]["applied"], pushed.get_json()["push"]["failed"]) == (1, 1)
    shown = client.get(f"/api/keywords/{double['id']}").get_json()
    assert (shown["sync_status"], shown["criterion_id"]) == ("sync_error", None)
    assert client.get(f"/api/keywords/{there['id']}").get_json()["sync_status"] == "synced"
    assert client.get(f"/api/keywords/{other['id']}").get_json()["sync_status"] == "synced"


def _until_parked(rows: Rows, job_id: str) -> None:
    """Wait until the job waits for its outcome, and let it wait until it is told to go on."""
    deadline = time.monotonic() + 30
    hold = (
        "UPDATE jobs SET next_attempt_at = now() + interval '1 hour'"
        " WHERE id = :id AND status = 'queued' AND attempts = 0 RETURNING id"
    )
    while not rows(hold, id=job_id):
        assert time.monotonic() < deadline, "it does not wait"
        time.sleep(0.05)
