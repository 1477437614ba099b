"""What is added to a live campaign, or taken out of it: links, texts, images, cards, asset groups; and large pushes."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from backend.publish import bulk
from tests.campaigns.test_children import search_tree
from tests.publish.conftest import OwnStack, run_here
from tests.publish.ledger import creates, kinds, made, mutates
from tests.support.sandbox import Sandbox
from tests.support.team import Team
from tests.support.worker import Worker

WAIT = {"Prefer": "wait=30"}
Json = dict[str, Any]
SITELINK = {"field_type": "SITELINK", "link_text": "New in", "final_urls": ["https://www.example.com/new"]}


def published(client: Any, form: Json) -> str:
    """The path of a campaign that was just published."""
    made_ = client.post("/api/campaigns", json=form)
    assert made_.status_code == 201, made_.text
    path = f"/api/campaigns/{made_.get_json()['id']}"
    answer = client.post(f"{path}/publish", headers=WAIT)
    assert answer.status_code == 200, answer.text
    return path


def push(client: Any, path: str) -> Json:
    """Push, and the campaign's item after it."""
    answer = client.post(f"{path}/push", headers=WAIT)
    assert answer.status_code == 200, answer.text
    item: Json = answer.get_json()
    assert item["push"]["failed"] == 0, item["push"]
    return item


def tagged(client: Any, path: str) -> dict[str, str]:
    """If-Match of what stands at a path."""
    return {"If-Match": client.get(path).headers["ETag"]}


@pytest.mark.slow(reason="two pushes of a campaign that is published first")
def test_links_of_a_live_campaign(team: Team, account: str, sandbox: Sandbox, worker: Worker) -> None:
    client = team.client
    path = published(client, search_tree(account))
    links = client.get(f"{path}/asset_links").get_json()
    assert {(link["field_type"], link["sync_status"]) for link in links} == {
        ("SITELINK", "synced"),
        ("CALLOUT", "synced"),
    }
    assert all(link["resource_name"] for link in links)
    callout = next(link for link in links if link["field_type"] == "CALLOUT")
    group = client.get(f"{path}/ad_groups").get_json()[0]["id"]

    added = client.post(f"{path}/asset_links", json={"asset_links": [SITELINK]}).get_json()["items"]
    client.post(f"/api/ad_groups/{group}/asset_links", json={"asset_links": [{**SITELINK, "link_text": "Chairs"}]})
    gone = f"/api/asset_links/{callout['id']}"
    assert client.delete(gone, headers=tagged(client, gone)).status_code == 204
    form = search_tree(account)["ad_groups"][1] | {"name": "Benches", "asset_links": [SITELINK]}
    client.post(f"{path}/ad_groups", json=form)

    draft = client.get(f"/api/asset_links/{added[0]['id']}").get_json()
    assert (draft["sync_status"], draft["resource_name"]) == ("draft", None)
    before = client.get(path).get_json()
    assert (before["sync_status"], before["is_dirty"], before["dirty_fields"]) == ("dirty", True, ["asset_links"])
    preview = client.get(f"{path}/preview").get_json()
    assert preview["creates"]["asset_links"] == 3
    assert [(c["kind"], c["field"], c["after"]) for c in preview["changes"]] == [
        ("campaign_asset", "status", "REMOVED")
    ]
    since = sandbox.last_seq()
    item = push(client, path)

    (call,) = mutates(sandbox, since, account, "applied", "partial")
    assert len(call["operations"]) == preview["operations"]
    assert (kinds(call)["campaign_asset"], kinds(call)["ad_group_asset"], kinds(call)["asset"]) == (2, 2, 2)
    assert (item["sync_status"], item["is_dirty"], item["dirty_fields"]) == ("synced", False, [])
    shown = client.get(f"{path}/asset_links").get_json()
    assert sorted(link["text"] for link in shown) == ["New in", "Sale"]
    assert all(link["sync_status"] == "synced" and link["resource_name"] for link in shown)
    assert client.get(f"{path}/preview").get_json()["operations"] == 0

    # What was removed may be linked again; a link can be paused; a removal that waits is undone by linking again.
    again = {"field_type": "CALLOUT", "callout_text": "Free returns"}
    client.post(f"{path}/asset_links", json={"asset_links": [again]})
    paused = f"/api/asset_links/{added[0]['id']}"
    assert client.patch(paused, json={"status": "PAUSED"}, headers=tagged(client, paused)).get_json()["is_dirty"]
    sale = next(link for link in shown if link["text"] == "Sale")
    waiting = f"/api/asset_links/{sale['id']}"
    client.delete(waiting, headers=tagged(client, waiting))
    client.post(f"{path}/asset_links", json={"asset_links": [{"field_type": "SITELINK", "asset_id": sale["asset_id"]}]})
    assert client.get(waiting).get_json()["sync_status"] == "synced"
    since = sandbox.last_seq()
    push(client, path)
    sent = mutates(sandbox, since, account, "applied", "partial")
    assert [kinds(call)["campaign_asset"] for call in sent] == [1, 1]
    states = {link["text"]: link["status"] for link in client.get(f"{path}/asset_links").get_json()}
    assert states == {"New in": "PAUSED", "Sale": "ENABLED", "Free returns": "ENABLED"}


def test_texts_of_a_live_ad(team: Team, account: str, sandbox: Sandbox, worker: Worker) -> None:
    client = team.client
    path = published(client, search_tree(account))
    ad = client.get(f"{path}/tree").get_json()["ad_groups"][0]["ads"][0]
    here = f"/api/ads/{ad['id']}"
    texts = [{"text": "One", "pinned_field": "HEADLINE_1"}, "Two", "Three", "Four"]
    changed = client.patch(here, json={"headlines": texts}, headers=tagged(client, here)).get_json()
    assert (changed["sync_status"], changed["dirty_fields"]) == ("dirty", ["headlines"])
    since = sandbox.last_seq()

    push(client, path)

    (call,) = mutates(sandbox, since, account, "applied", "partial")
    (operation,) = (one["ad_operation"] for one in call["operations"])
    assert operation["update_mask"] == "responsiveSearchAd.headlines"
    assert [item["text"] for item in operation["update"]["responsive_search_ad"]["headlines"]] == [
        "One",
        "Two",
        "Three",
        "Four",
    ]
    after = client.get(here).get_json()
    assert (after["sync_status"], after["is_dirty"]) == ("synced", False)
    assert client.get(f"{path}/preview").get_json()["changes"] == []


@pytest.mark.slow(reason="three requests after each other, with images that are fetched")
def test_images_and_cards_of_a_live_campaign(
    team: Team, account: str, sandbox: Sandbox, worker: Worker, flat_form: Callable[..., Json]
) -> None:
    """A live ad gets an image that Google does not know; an ad with cards is added, whose images must exist first."""
    client, images = team.client, sandbox.info["images"]
    path = published(client, flat_form(name=f"Images {uuid.uuid4()}", customer_id=account, asset_url=images["square"]))
    tree = client.get(f"{path}/tree").get_json()
    ad = f"/api/ads/{tree['ad_groups'][0]['ads'][0]['id']}"
    form = {"marketing_images": [{"url": images["landscape"]}]}
    assert client.patch(ad, json=form, headers=tagged(client, ad)).get_json()["is_dirty"]
    card = {"marketing_image": {"url": images["landscape"]}, "square_marketing_image": {"url": images["square"]}}
    carousel = {
        "type": "DEMAND_GEN_CAROUSEL_AD",
        "headlines": ["Garden chairs"],
        "descriptions": ["For every garden."],
        "business_name": "Example GmbH",
        "final_urls": ["https://www.example.com/landing"],
        "logo_images": [{"url": images["logo"]}],
        "carousel_cards": [card | {"headline": "One"}, card | {"headline": "Two"}],
    }
    group = tree["ad_groups"][0]["id"]
    assert client.post(f"/api/ad_groups/{group}/ads", json=carousel).status_code == 201
    since = sandbox.last_seq()

    push(client, path)

    calls = mutates(sandbox, since, account, "applied", "partial")
    assert kinds(calls[0]).keys() == {"asset"}
    cards = [one for one in creates(calls[1], "asset") if "demand_gen_carousel_card_asset" in one]
    assert [one["demand_gen_carousel_card_asset"]["headline"] for one in cards] == ["One", "Two"]
    (update,) = (one["ad_operation"]["update"] for one in calls[2]["operations"] if "ad_operation" in one)
    assert update["demand_gen_multi_asset_ad"]["marketing_images"][0]["asset"] in made(calls[0], "asset")
    after = client.get(f"{path}/tree").get_json()
    assert all(one["google_ad_id"] and not one["is_dirty"] for one in after["ad_groups"][0]["ads"])


@pytest.mark.slow(reason="a Performance Max campaign is published and pushed")
def test_asset_groups_of_a_live_campaign(
    team: Team, account: str, sandbox: Sandbox, worker: Worker, flat_form: Callable[..., Json]
) -> None:
    client = team.client
    form = flat_form(name=f"Max {uuid.uuid4()}", customer_id=account, campaign_type="PERFORMANCE_MAX")
    form |= {
        "headlines": ["Fast delivery", "Order online today", "Made to last"],
        "descriptions": ["Free shipping on every order.", "Thirty days to send it back."],
    }
    path = published(client, form)
    (group,) = client.get(f"{path}/asset_groups").get_json()
    here = f"/api/asset_groups/{group['id']}"
    texts = ["Entirely new", "And this one", "Third of them"]
    changes = {"headlines": texts, "business_name": "Example AG", "path1": "chairs"}
    changed = client.patch(here, json=changes, headers=tagged(client, here)).get_json()
    assert (changed["sync_status"], sorted(changed["dirty_fields"])) == (
        "dirty",
        ["business_name", "headlines", "path1"],
    )
    assert [item["asset_text"] for item in changed["headlines"]] == texts
    since = sandbox.last_seq()

    push(client, path)

    calls = mutates(sandbox, since, account, "applied", "partial")
    assert [kinds(call).keys() - {"label"} for call in calls] == [{"asset", "asset_group_asset"}, {"asset_group"}]
    kind = "asset_group_asset_operation"
    verbs = sorted(next(iter(one[kind])) for one in calls[0]["operations"] if kind in one)
    assert verbs == ["create"] * 4 + ["remove"] * (len(group["headlines"]) + 1)
    after = client.get(here).get_json()
    assert (after["sync_status"], after["is_dirty"], after["business_name"]) == ("synced", False, "Example AG")
    assert [item["asset_text"] for item in after["headlines"]] == texts
    assert client.get(f"{path}/preview").get_json()["operations"] == 0


@pytest.mark.slow(reason="waits out the deadline of a lost answer")
def test_links_whose_answer_was_lost_are_adopted(killed: OwnStack, sandbox: Sandbox) -> None:
    client = killed.team.client
    campaign = client.post("/api/campaigns", json=search_tree(killed.account)).get_json()["id"]
    path = f"/api/campaigns/{campaign}"
    assert run_here(killed, client.post(f"{path}/publish").get_json()["job_id"])["status"] == "finished"
    client.post(f"{path}/asset_links", json={"asset_links": [SITELINK]})
    since = sandbox.last_seq()
    sandbox.add_fault(method="Mutate", customer_id=killed.account, when="after", grpc_status="DEADLINE_EXCEEDED")

    job = run_here(killed, client.post(f"{path}/push").get_json()["job_id"])

    assert job["status"] == "finished", job["error"]
    calls = [call for call in sandbox.ledger(since=since) if call["method"].endswith("Mutate") and call["results"]]
    assert sum(len(made(call, "campaign_asset")) for call in calls) == 1
    links = client.get(f"{path}/asset_links").get_json()
    assert all(link["resource_name"] and link["sync_status"] == "synced" for link in links)


@pytest.mark.slow(reason="a publish and two batch jobs")
def test_a_large_push_goes_by_batch_job(killed: OwnStack, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit lowered: new structure and keywords each in a batch job, a bad keyword on its own row."""
    client = killed.team.client
    campaign = client.post("/api/campaigns", json=search_tree(killed.account)).get_json()["id"]
    path = f"/api/campaigns/{campaign}"
    assert run_here(killed, client.post(f"{path}/publish").get_json()["job_id"])["status"] == "finished"
    group = client.get(f"{path}/ad_groups").get_json()[0]["id"]
    words = [f"[chair {number}]" for number in range(5)] + ["[casino chair]"]
    items = client.post(f"/api/ad_groups/{group}/keywords", json={"keywords": words}).get_json()["items"]
    client.post(f"{path}/ad_groups", json=search_tree(killed.account)["ad_groups"][1] | {"name": "Benches"})
    monkeypatch.setattr(bulk, "MAX_OPERATIONS", 3)
    since = sandbox.last_seq()

    job = run_here(killed, client.post(f"{path}/push").get_json()["job_id"])

    assert job["status"] == "finished", job["error"]
    assert (job["result"]["failed"], mutates(sandbox, since, killed.account, "applied", "partial")) == (1, [])
    ran = [call for call in sandbox.ledger(since=since) if call["method"].endswith("RunBatchJob")]
    assert len(ran) == 2
    shown = {word["id"]: word for word in client.get(f"/api/ad_groups/{group}/keywords?limit=100").get_json()}
    states = [shown[item["id"]]["sync_status"] for item in items]
    assert states == ["synced"] * 5 + ["sync_error"]
    assert all(one["google_ad_group_id"] for one in client.get(f"{path}/ad_groups").get_json())


@pytest.mark.soak
@pytest.mark.slow(reason="ten and a half thousand keywords by batch job, with a worker killed half-way")
def test_a_push_of_more_than_ten_thousand_survives_a_kill(killed: OwnStack, sandbox: Sandbox) -> None:
    client = killed.team.client
    campaign = client.post("/api/campaigns", json=search_tree(killed.account)).get_json()["id"]
    path = f"/api/campaigns/{campaign}"
    assert run_here(killed, client.post(f"{path}/publish").get_json()["job_id"])["status"] == "finished"
    group = client.get(f"{path}/ad_groups").get_json()[0]["id"]
    words = [f"[chair number {number}]" for number in range(10_500)]
    bad = {17, 5_000, 10_499}
    for number in bad:
        words[number] = f"[casino chair {number}]"
    assert client.post(f"/api/ad_groups/{group}/keywords", json={"keywords": words}).status_code == 201
    since = sandbox.last_seq()
    first = killed.start()
    job_id = client.post(f"{path}/push").get_json()["job_id"]
    deadline = time.monotonic() + 90
    while not killed.rows(
        "SELECT 1 FROM mutate_batches WHERE job_id = :id AND (results->0->>'added')::int >= 3", id=job_id
    ):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    first.kill()
    killed.start()

    job = killed.wait(job_id, 150)

    assert job["status"] == "finished", job["error"]
    assert (job["result"]["applied"], job["result"]["failed"]) == (10_497, 3)
    ran = [call for call in sandbox.ledger(since=since) if call["method"].endswith("RunBatchJob")]
    assert len(ran) == 1
    (counted,) = killed.rows(
        "SELECT count(*) FILTER (WHERE google_id IS NOT NULL AND text LIKE 'chair number %') AS live,"
        " count(DISTINCT google_id) FILTER (WHERE text LIKE 'chair number %') AS ids,"
        " array_agg(text ORDER BY id) FILTER (WHERE sync_status = 'sync_error') AS failed"
        " FROM keywords WHERE parent_id = :id",
        id=uuid.UUID(group),
    )
    assert counted["live"] == counted["ids"] == 10_497
    assert counted["failed"] == [f"casino chair {number}" for number in sorted(bad)]
