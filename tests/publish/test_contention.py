"""Show 6: two editors with one ETag, and edits of what is being published. (Fifty publishes: test_exactly_once.py.)"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from tests.campaigns.test_children import search_tree
from tests.publish.conftest import Place
from tests.publish.ledger import mutates
from tests.support.database import Rows, job_waiter
from tests.support.http import Client
from tests.support.sandbox import Sandbox

ROUNDS = 8
CALLOUTS = {"asset_links": [{"field_type": "CALLOUT", "callout_text": "x"}]}
GIVEN_BY_PUBLISHING = {"resource_name", "criterion_id", "bidding", "bidding_strategy_type", "sync_status", "sync_error"}
NEVER_THE_SAME = GIVEN_BY_PUBLISHING | {"updated_at", "version", "problems"}
Edit = Callable[[int, str], dict[str, Any]]


def created(place: Place) -> dict[str, Any]:
    """A draft's whole tree."""
    made = place.team.client.post("/api/campaigns", json=search_tree(place.account))
    assert made.status_code == 201, made.text
    tree: dict[str, Any] = place.team.client.get(f"/api/campaigns/{made.get_json()['id']}/tree").get_json()
    return tree


EDITS: dict[str, tuple[str, Edit, str]] = {
    "campaign": ("campaigns", lambda n, who: {"internal_notes": f"{who} {n}"}, "internal_notes"),
    "ad group": ("ad_groups", lambda n, who: {"name": f"{who} {n}"}, "name"),
    "ad": ("ads", lambda n, who: {"path2": f"{who}{n}"}, "path2"),
    "keyword": ("keywords", lambda n, who: {"internal_label": f"{who} {n}"}, "internal_label"),
}


@pytest.mark.parametrize("what", EDITS)
def test_two_editors_with_one_etag(place: Place, rows: Rows, what: str) -> None:
    """At the very same moment, again and again: one wins, the other gets 412, and the winner's edit stands."""
    tree = created(place)
    group = tree["ad_groups"][0]
    ids = {"campaigns": tree["id"], "ad_groups": group["id"], "ads": group["ads"][0]["id"]}
    ids["keywords"] = group["keywords"][0]["id"]
    collection, edit, field = EDITS[what]
    path = f"/api/{collection}/{ids[collection]}"
    subject = f"{what.replace(' ', '_')}:{ids[collection]}"
    clients = {who: Client(place.team.app, place.team.token) for who in ("ann", "bob")}

    for number in range(ROUNDS):
        tag = {"If-Match": place.team.client.get(path).headers["ETag"]}
        start = Barrier(2)

        def change(who: str, number: int = number, tag: dict[str, str] = tag, start: Barrier = start) -> int:
            start.wait()
            return clients[who].patch(path, json=edit(number, who), headers=tag).status_code

        with ThreadPoolExecutor(2) as pool:
            answers = dict(zip(clients, pool.map(change, clients), strict=True))
        assert sorted(answers.values()) == [200, 412], answers
        winner = next(who for who, status in answers.items() if status == 200)
        assert place.team.client.get(path).get_json()[field] == edit(number, winner)[field]
    audited = rows(
        "SELECT count(*) AS n FROM audit_events WHERE subject = :s AND action IN ('campaign.update', 'campaign.edit')",
        s=subject,
    )
    assert audited[0]["n"] == ROUNDS
    loser = clients["ann"].patch(path, json=edit(0, "ann"), headers=tag)
    assert (loser.status_code, loser.get_json()["code"]) == (412, "stale")


def stable(value: Any) -> Any:
    """A tree without what a publish itself changes."""
    if isinstance(value, dict):
        kept = {name: stable(inner) for name, inner in value.items() if name not in NEVER_THE_SAME}
        if "campaign_type" in kept:
            del kept["status"]
        return {name: inner for name, inner in kept.items() if not name.startswith(("google_", "last_", "first_"))}
    return [stable(item) for item in value] if isinstance(value, list) else value


@pytest.mark.slow(reason="a publish is held at Google while every edit is tried")
def test_no_edit_reaches_what_is_being_published(place: Place, sandbox: Sandbox, rows: Rows) -> None:
    """Every way to change the campaign or anything below it answers 409 until the publish is over."""
    tree = created(place)
    campaign, client = f"/api/campaigns/{tree['id']}", place.team.client
    group, ad = tree["ad_groups"][0], tree["ad_groups"][0]["ads"][0]
    keyword, negative = group["keywords"][0], tree["negative_keywords"][0]
    used, other = (_new_list(place) for _ in range(2))
    assert client.post(f"{campaign}/shared_sets", json={"shared_set_ids": [used]}).status_code == 201
    link = client.get(f"{campaign}/tree").get_json()["asset_links"][0]["id"]
    since = sandbox.last_seq()
    # Each refusal keeps the publish waiting for deadline and grace: time enough for every edit on a busy machine.
    sandbox.add_fault(method="Mutate", customer_id=place.account, when="before", grpc_status="UNAVAILABLE", times=2)
    job_id = client.post(f"{campaign}/publish").get_json()["job_id"]
    _until_sent(rows, job_id)
    before = client.get(f"{campaign}/tree").get_json()
    edits: list[tuple[str, str, dict[str, Any] | None]] = [
        ("PATCH", campaign, {"name": "x"}),
        ("PATCH", campaign, {"daily_budget": 99_000_000}),
        ("PATCH", campaign, {"targeting": {"languages": ["1000"]}}),
        ("DELETE", campaign, None),
        ("POST", f"{campaign}/publish", None),
        ("POST", f"{campaign}/dry-run", None),
        ("POST", f"{campaign}/push", None),
        ("POST", f"{campaign}/enable", None),
        ("POST", f"{campaign}/disable", None),
        ("POST", f"{campaign}/remove", None),
        ("POST", f"{campaign}/budget", {"daily_budget": 99_000_000, "reason": "x"}),
        ("POST", f"{campaign}/ad_groups", {"name": "x"}),
        ("POST", f"{campaign}/negative_keywords", {"keywords": ["x"]}),
        ("POST", f"{campaign}/asset_links", CALLOUTS),
        ("PATCH", f"/api/ad_groups/{group['id']}", {"name": "x"}),
        ("DELETE", f"/api/ad_groups/{group['id']}", None),
        ("POST", f"/api/ad_groups/{group['id']}/disable", None),
        ("POST", f"/api/ad_groups/{group['id']}/keywords", {"keywords": ["x"]}),
        ("POST", f"/api/ad_groups/{group['id']}/negative_keywords", {"keywords": ["x"]}),
        ("POST", f"/api/ad_groups/{group['id']}/ads", {"headlines": ["x"]}),
        ("POST", f"/api/ad_groups/{group['id']}/asset_links", CALLOUTS),
        ("PATCH", f"/api/ads/{ad['id']}", {"path1": "x"}),
        ("DELETE", f"/api/ads/{ad['id']}", None),
        ("POST", f"/api/ads/{ad['id']}/remove", None),
        ("PATCH", f"/api/keywords/{keyword['id']}", {"cpc_bid_micros": 10_000}),
        ("DELETE", f"/api/keywords/{keyword['id']}", None),
        ("POST", f"/api/keywords/{keyword['id']}/disable", None),
        ("DELETE", f"/api/keywords/{negative['id']}", None),
        ("PATCH", f"{campaign}/targeting", {"languages": ["1000"]}),
        ("POST", f"{campaign}/shared_sets", {"shared_set_ids": [other]}),
        ("DELETE", f"{campaign}/shared_sets/{used}", None),
        ("PATCH", f"/api/shared_sets/{used}", {"name": "x"}),
        ("DELETE", f"/api/shared_sets/{used}", None),
        ("POST", f"/api/shared_sets/{used}/keywords", {"keywords": ["x"]}),
        ("PATCH", f"/api/asset_links/{link}", {"status": "PAUSED"}),
        ("DELETE", f"/api/asset_links/{link}", None),
    ]
    answers = {}
    for method, path, body in edits:
        shown = client.get(path) if method in ("PATCH", "DELETE") else None
        headers = {"If-Match": shown.headers["ETag"]} if shown is not None and "ETag" in shown.headers else {}
        answer = client.call(method, path, json=body, headers=headers)
        answers[f"{method} {path} {body}"] = (answer.status_code, answer.get_json().get("code"))
    bulk = client.post("/api/keywords/bulk", json={"action": "disable", "ids": [keyword["id"]]})

    assert rows("SELECT status FROM jobs WHERE id = :id", id=job_id)[0]["status"] in ("queued", "started")
    assert set(answers.values()) == {(409, "publish_in_progress")}, answers
    assert bulk.get_json()["items"][0]["code"] == "publish_in_progress"
    assert client.get(f"{campaign}/tree").get_json() == before
    job = job_waiter(rows)(job_id, 60)
    assert job["status"] == "finished", job["error"]
    after = client.get(f"{campaign}/tree").get_json()
    assert stable(after) == stable(before)
    assert len(mutates(sandbox, since, place.account)) == 1


def _new_list(place: Place) -> str:
    """A draft of a list of negatives; its id."""
    form = {"customer_id": place.account, "name": f"List {uuid.uuid4()}", "keywords": ["used", "[rent]"]}
    made = place.team.client.post("/api/shared_sets", json=form)
    assert made.status_code == 201, made.text
    return str(made.get_json()["id"])


def _until_sent(rows: Rows, job_id: str) -> None:
    deadline = time.monotonic() + 30
    while not rows("SELECT 1 FROM mutate_batches WHERE state = 'SENT' AND job_id = :id", id=job_id):
        assert time.monotonic() < deadline, "nothing was sent"
        time.sleep(0.02)


def test_a_copy_of_what_is_being_published_is_a_draft_of_its_own(place: Place, sandbox: Sandbox, rows: Rows) -> None:
    """The source of a copy is only read: a copy may be taken at any time, and neither touches the other."""
    tree = created(place)
    campaign, client = f"/api/campaigns/{tree['id']}", place.team.client
    sandbox.add_fault(method="Mutate", customer_id=place.account, when="slow", delay_s=2)
    job_id = client.post(f"{campaign}/publish").get_json()["job_id"]
    _until_sent(rows, job_id)

    copied = client.post(f"{campaign}/copy", json={"name": f"Copy of {tree['name']}"})

    assert copied.status_code == 201, copied.text
    assert copied.get_json()["status"] == "DRAFT"
    assert job_waiter(rows)(job_id, 60)["status"] == "finished"
    copy = client.get(f"/api/campaigns/{copied.get_json()['id']}/tree").get_json()
    assert (copy["status"], copy["google_campaign_id"]) == ("DRAFT", None)
    assert {group["sync_status"] for group in copy["ad_groups"]} == {"draft"}
    assert [group["name"] for group in copy["ad_groups"]] == [group["name"] for group in tree["ad_groups"]]
