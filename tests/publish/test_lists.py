"""Lists of negatives: made by their own push or with a campaign, filled, renamed, linked, removed; each once."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest

from backend.core import tenancy
from backend.core.db import unit_of_work
from backend.publish import recording
from tests.campaigns.test_children import search_tree
from tests.publish.conftest import OwnStack, run_here
from tests.publish.ledger import creates, kinds, made, mutates
from tests.support.database import Rows, job_waiter
from tests.support.sandbox import Sandbox
from tests.support.team import Team
from tests.support.worker import Worker

WAIT = {"Prefer": "wait=30"}
Json = dict[str, Any]


def run_once(own: OwnStack, job_id: str) -> None:
    """Run a job here until it ends or asks to wait."""
    from backend.jobs import engine

    import_module("backend.publish.tasks")
    with own.team.app.app_context():
        engine.run(uuid.UUID(job_id))


def new_list(client: Any, account: str, *keywords: Any) -> Json:
    """A draft of a list."""
    form = {"customer_id": account, "name": f"Never {uuid.uuid4()}", "keywords": list(keywords)}
    answer = client.post("/api/shared_sets", json=form)
    assert answer.status_code == 201, answer.text
    found: Json = answer.get_json()
    return found


@pytest.fixture
def used_up(team: Team, account: str, rows: Rows) -> None:
    """Lists of other tests leave no room: this account has none."""
    rows(
        "UPDATE shared_sets SET deleted_at = now() WHERE customer_id IN"
        " (SELECT id FROM customers WHERE tenant_id = :tenant)",
        tenant=team.tenant_id,
    )


@pytest.mark.usefixtures("used_up")
def test_a_list_from_its_draft_to_its_end(team: Team, account: str, sandbox: Sandbox, worker: Worker) -> None:
    client = team.client
    listed = new_list(client, account, "free", "[second hand]")
    path = f"/api/shared_sets/{listed['id']}"
    assert (listed["sync_status"], listed["keyword_count"], listed["google_shared_set_id"]) == ("draft", 2, None)
    preview = client.get(f"{path}/preview").get_json()
    assert (preview["operations"], preview["creates"]["shared_sets"], preview["creates"]["keywords"]) == (4, 1, 2)

    since = sandbox.last_seq()
    pushed = client.post(f"{path}/push", headers=WAIT)

    assert pushed.status_code == 200, pushed.text
    (call,) = mutates(sandbox, since, account, "applied", "partial")
    assert kinds(call) == {"label": 1, "shared_set": 1, "shared_criterion": 2}
    assert (pushed.get_json()["sync_status"], pushed.get_json()["push"]["failed"]) == ("synced", 0)
    words = client.get(f"{path}/keywords").get_json()
    assert all(word["criterion_id"] and word["sync_status"] == "synced" for word in words)

    client.post(f"{path}/keywords", json={"keywords": ["cheap", '"for rent"']})
    gone = client.get(f"/api/keywords/{words[0]['id']}")
    assert (
        client.delete(f"/api/keywords/{words[0]['id']}", headers={"If-Match": gone.headers["ETag"]}).status_code == 204
    )
    tag = {"If-Match": client.get(path).headers["ETag"]}
    renamed = client.patch(path, json={"name": f"Not ever {uuid.uuid4()}"}, headers=tag).get_json()
    assert (renamed["sync_status"], renamed["is_dirty"], renamed["keyword_count"]) == ("dirty", True, 3)
    since = sandbox.last_seq()
    again = client.post(f"{path}/push", headers=WAIT).get_json()

    (call,) = mutates(sandbox, since, account, "applied", "partial")
    assert kinds(call) == {"shared_set": 1, "shared_criterion": 3}
    assert (again["sync_status"], again["is_dirty"], again["push"]["failed"]) == ("synced", False, 0)
    assert client.get(f"{path}/preview").get_json()["operations"] == 0

    tag = {"If-Match": client.get(path).headers["ETag"]}
    assert client.delete(path, headers=tag).status_code == 204
    assert client.post(f"{path}/restore").get_json()["is_dirty"] is False
    tag = {"If-Match": client.get(path).headers["ETag"]}
    client.delete(path, headers=tag)
    since = sandbox.last_seq()
    assert client.post(f"{path}/push", headers=WAIT).get_json()["status"] == "REMOVED"
    (call,) = mutates(sandbox, since, account, "applied", "partial")
    assert "remove" in call["operations"][0]["shared_set_operation"]


@pytest.mark.usefixtures("used_up")
def test_a_list_is_made_with_the_campaign_that_uses_it(
    team: Team, account: str, sandbox: Sandbox, worker: Worker
) -> None:
    client = team.client
    listed = new_list(client, account, "free", "cheap")
    ids = []
    for _ in range(2):
        form = search_tree(account, shared_sets=[listed["id"]])
        ids.append(client.post("/api/campaigns", json=form).get_json()["id"])
    since = sandbox.last_seq()

    for campaign_id in ids:
        published = client.post(f"/api/campaigns/{campaign_id}/publish", headers=WAIT)
        assert published.status_code == 200, published.text

    first, second = mutates(sandbox, since, account)
    assert (kinds(first)["shared_set"], kinds(first)["shared_criterion"], kinds(first)["campaign_shared_set"]) == (
        1,
        2,
        1,
    )
    assert (kinds(second)["shared_set"], kinds(second)["campaign_shared_set"]) == (0, 1)
    assert creates(second, "campaign_shared_set")[0]["shared_set"] == made(first, "shared_set")[0]
    for campaign_id in ids:
        (used,) = client.get(f"/api/campaigns/{campaign_id}/shared_sets").get_json()
        assert (used["sync_status"], used["is_dirty"]) == ("synced", False)
    assert client.get(f"/api/shared_sets/{listed['id']}").get_json()["campaign_count"] == 2

    # A campaign that is live takes it out, and another list in; the list itself cannot go while one uses it.
    path = f"/api/campaigns/{ids[0]}"
    assert client.delete(f"{path}/shared_sets/{listed['id']}").status_code == 204
    other = new_list(client, account, "gratis")
    linked = client.post(f"{path}/shared_sets", json={"shared_set_ids": [other["id"]]})
    assert [(item["name"], item["sync_status"]) for item in linked.get_json()] == [(other["name"], "draft")]
    item = client.get(path).get_json()
    assert (item["sync_status"], item["dirty_fields"]) == ("dirty", ["shared_sets"])
    assert client.get(f"{path}/preview").get_json()["creates"]["shared_set_links"] == 1
    since = sandbox.last_seq()
    pushed = client.post(f"{path}/push", headers=WAIT)
    assert pushed.status_code == 200, pushed.text
    assert (pushed.get_json()["push"]["failed"], pushed.get_json()["is_dirty"]) == (0, False)
    (call,) = mutates(sandbox, since, account, "applied", "partial")
    links = [
        one["campaign_shared_set_operation"] for one in call["operations"] if "campaign_shared_set_operation" in one
    ]
    assert [next(iter(link)) for link in links] == ["remove", "create"]
    tag = {"If-Match": client.get(f"/api/shared_sets/{listed['id']}").headers["ETag"]}
    in_use = client.delete(f"/api/shared_sets/{listed['id']}", headers=tag)
    assert (in_use.status_code, in_use.get_json()["code"]) == (409, "shared_set_in_use")
    assert in_use.get_json()["campaign_ids"] == [ids[1]]


def test_a_lost_answer_makes_one_list(killed: OwnStack, sandbox: Sandbox) -> None:
    """The mutate was applied and its answer lost: list, keywords and link are adopted by the label made with them."""
    client = killed.team.client
    listed = new_list(client, killed.account, "free", "[second hand]")
    since = sandbox.last_seq()
    sandbox.add_fault(method="Mutate", customer_id=killed.account, when="after", grpc_status="DEADLINE_EXCEEDED")
    job_id = client.post(f"/api/shared_sets/{listed['id']}/push").get_json()["job_id"]

    job = run_here(killed, job_id)

    assert job["status"] == "finished", job["error"]
    calls = [call for call in sandbox.ledger(since=since) if call["method"].endswith("Mutate")]
    assert sum(len(made(call, "shared_set")) for call in calls if call["results"]) == 1
    shown = client.get(f"/api/shared_sets/{listed['id']}").get_json()
    assert (shown["sync_status"], bool(shown["google_shared_set_id"])) == ("synced", True)
    assert all(word["criterion_id"] for word in client.get(f"/api/shared_sets/{listed['id']}/keywords").get_json())


@pytest.mark.slow(reason="waits out the deadline of two lost answers")
def test_new_negatives_whose_answer_was_lost_are_known_again(killed: OwnStack, sandbox: Sandbox) -> None:
    client = killed.team.client
    listed = new_list(client, killed.account, "free")
    path = f"/api/shared_sets/{listed['id']}"
    assert run_here(killed, client.post(f"{path}/push").get_json()["job_id"])["status"] == "finished"
    campaign = client.post("/api/campaigns", json=search_tree(killed.account)).get_json()["id"]
    assert run_here(killed, client.post(f"/api/campaigns/{campaign}/publish").get_json()["job_id"])["result"]
    client.post(f"{path}/keywords", json={"keywords": ["cheap", "[gratis]"]})
    client.post(f"/api/campaigns/{campaign}/shared_sets", json={"shared_set_ids": [listed["id"]]})
    sandbox.add_fault(
        method="Mutate", customer_id=killed.account, when="after", grpc_status="DEADLINE_EXCEEDED", times=2
    )

    jobs = [
        run_here(killed, client.post(f"{place}/push").get_json()["job_id"])
        for place in (path, f"/api/campaigns/{campaign}")
    ]

    assert [job["result"]["failed"] for job in jobs] == [0, 0], [job["result"] for job in jobs]
    words = client.get(f"{path}/keywords").get_json()
    assert [bool(word["criterion_id"]) for word in words] == [True] * 3
    (used,) = client.get(f"/api/campaigns/{campaign}/shared_sets").get_json()
    assert used["sync_status"] == "synced"


@pytest.mark.usefixtures("used_up")
def test_limits_and_refusals(team: Team, account: str, worker: Worker) -> None:
    client = team.client
    form = {"customer_id": account, "name": f"Full {uuid.uuid4()}"}
    full = client.post("/api/shared_sets", json={**form, "keywords": [f"word {n}" for n in range(5_001)]})
    assert (full.status_code, full.get_json()["code"]) == (422, "shared_set_keywords_count")
    listed = client.post("/api/shared_sets", json={**form, "keywords": [" ".join(["word"] * 11), "same", "same"]})
    twice = client.post("/api/shared_sets", json={**form, "name": form["name"].upper()})
    assert (twice.status_code, twice.get_json()["code"]) == (409, "shared_set_name_taken")
    path = f"/api/shared_sets/{listed.get_json()['id']}"
    refused = client.post(f"{path}/push")
    assert (refused.status_code, refused.get_json()["code"]) == (422, "not_publishable")
    assert [(error["pointer"], error["code"]) for error in refused.get_json()["errors"]] == [
        ("/keywords/0/text", "keyword_words"),
        ("/keywords/2", "keyword_duplicate"),
    ]
    for number in range(19):
        client.post("/api/shared_sets", json={**form, "name": f"{form['name']} {number}"})
    too_many = client.post("/api/shared_sets", json={**form, "name": f"{form['name']} too"})
    assert (too_many.status_code, too_many.get_json()["code"]) == (422, "shared_sets_count")
    unknown = client.post("/api/campaigns", json=search_tree(account, shared_sets=[str(uuid.uuid4())]))
    assert (unknown.status_code, unknown.get_json()["errors"][0]["pointer"]) == (400, "/shared_sets/0")
    codes = {rule["code"]: rule["maximum"] for rule in client.get("/api/rules").get_json()["rules"]}
    assert (codes["shared_sets_count"], codes["shared_set_keywords_count"]) == (20, 5_000)


@pytest.mark.usefixtures("used_up")
def test_the_list_of_lists(team: Team, account: str) -> None:
    client = team.client
    names = sorted(f"{letter} {uuid.uuid4()}" for letter in "cab")
    for name in names:
        client.post("/api/shared_sets", json={"customer_id": account, "name": name})
    query = {"customer_id": account, "limit": 2, "sort": "-name"}

    first = client.get("/api/shared_sets", query_string=query)

    assert [item["name"] for item in first.get_json()] == names[:0:-1]
    assert 'rel="next"' in first.headers["Link"]
    found = client.get("/api/shared_sets", query_string={"customer_id": account, "q": names[1][2:]}).get_json()
    assert [item["name"] for item in found] == [names[1]]
    path = f"/api/shared_sets/{found[0]['id']}"
    tag = {"If-Match": client.get(path).headers["ETag"]}
    assert client.delete(path, headers=tag).status_code == 204
    assert client.get(path).status_code == 404
    binned = client.get("/api/shared_sets", query_string={"customer_id": account, "deleted": "true", "q": names[1][2:]})
    assert len(binned.get_json()) == 1
    assert client.post(f"{path}/restore").status_code == 200


def test_a_list_that_came_by_sync_is_edited_like_any_other(
    team: Team, account: str, sandbox: Sandbox, worker: Worker, rows: Rows
) -> None:
    listed = new_list(team.client, account, "free")
    assert team.client.post(f"/api/shared_sets/{listed['id']}/push", headers=WAIT).status_code == 200
    for table in ("keywords WHERE parent_id", "shared_sets WHERE id"):  # as if it had been made elsewhere
        rows(f"DELETE FROM {table} = :id", id=uuid.UUID(listed["id"]))
    name = listed["name"]
    slug = next(item["slug"] for item in team.client.get("/api/customers").get_json() if item["customer_id"] == account)
    command = {"slug": slug, "command": "append", "args": {}}
    synced = team.client.post("/api/runbooks/execute", json=command).get_json()["job_id"]
    assert job_waiter(rows)(synced, 120)["status"] == "finished"
    (found,) = team.client.get("/api/shared_sets", query_string={"customer_id": account, "q": name}).get_json()
    assert (found["sync_status"], found["keyword_count"]) == ("synced", 1)
    path = f"/api/shared_sets/{found['id']}"
    team.client.post(f"{path}/keywords", json={"keywords": ["new one"]})
    since = sandbox.last_seq()

    pushed = team.client.post(f"{path}/push", headers=WAIT).get_json()

    assert pushed["push"]["failed"] == 0
    (call,) = mutates(sandbox, since, account, "applied", "partial")
    assert kinds(call) == {"shared_criterion": 1}


@pytest.mark.slow(reason="two publishes, of which one waits for the other")
def test_two_campaigns_that_want_the_same_new_list_make_it_once(killed: OwnStack, sandbox: Sandbox) -> None:
    """The first one's request is prepared and not answered yet; the second waits for the list's name, and uses it."""
    client = killed.team.client
    listed = new_list(client, killed.account, "free")
    forms = [search_tree(killed.account, shared_sets=[listed["id"]]) for _ in range(2)]
    ids = [client.post("/api/campaigns", json=form).get_json()["id"] for form in forms]
    since = sandbox.last_seq()
    jobs = [client.post(f"/api/campaigns/{campaign}/publish").get_json()["job_id"] for campaign in ids]
    sandbox.add_fault(method="Mutate", customer_id=killed.account, when="before", grpc_status="UNAVAILABLE")
    run_once(killed, jobs[0])
    run_once(killed, jobs[1])

    waiting = client.get(f"/api/jobs/{jobs[1]}/status").get_json()
    edited = client.post(f"/api/shared_sets/{listed['id']}/keywords", json={"keywords": ["late"]})
    ended = [run_here(killed, job) for job in jobs]

    assert waiting["waiting_reason"] == "list_in_progress"
    assert (edited.status_code, edited.get_json()["code"]) == (409, "publish_in_progress")
    assert [job["status"] for job in ended] == ["finished", "finished"], [job["error"] for job in ended]
    calls = mutates(sandbox, since, killed.account)
    assert [kinds(call)["shared_set"] for call in calls] == [1, 0]
    assert client.get(f"/api/shared_sets/{listed['id']}").get_json()["campaign_count"] == 2


def test_a_publish_that_gave_up_lets_its_new_list_go(killed: OwnStack, sandbox: Sandbox) -> None:
    """Its request is still open, but nobody works on it: the list is a draft again, and can be edited."""
    client = killed.team.client
    listed = new_list(client, killed.account, "free")
    form = search_tree(killed.account, shared_sets=[listed["id"]])
    campaign = client.post("/api/campaigns", json=form).get_json()["id"]
    job_id = client.post(f"/api/campaigns/{campaign}/publish").get_json()["job_id"]
    sandbox.add_fault(method="Mutate", customer_id=killed.account, when="before", grpc_status="UNAVAILABLE")
    run_once(killed, job_id)
    path = f"/api/shared_sets/{listed['id']}"
    assert client.get(path).get_json()["sync_status"] == "publishing"
    (job,) = killed.rows("SELECT customer_id, tenant_id FROM jobs WHERE id = :id", id=job_id)
    killed.rows("UPDATE jobs SET status = 'failed', finished_at = now() WHERE id = :id", id=job_id)

    with killed.team.app.app_context(), tenancy.working_for(job["tenant_id"]), unit_of_work() as work:
        recording.mark_tree(work.session, job["customer_id"], uuid.UUID(campaign), "publishing", "draft")

    assert client.get(path).get_json()["sync_status"] == "draft"
    assert client.post(f"{path}/keywords", json={"keywords": ["late"]}).status_code == 201


@pytest.mark.slow(reason="three pushes of a list")
@pytest.mark.usefixtures("used_up")
def test_negatives_of_a_list_are_removed_in_bulk(
    team: Team, account: str, sandbox: Sandbox, worker: Worker, wait_for_job: Callable[..., Json]
) -> None:
    client = team.client
    listed = new_list(client, account, "free", "cheap", "gratis")
    path = f"/api/shared_sets/{listed['id']}"
    assert client.post(f"{path}/push", headers=WAIT).status_code == 200
    ids = [word["id"] for word in client.get(f"{path}/keywords").get_json()]
    since = sandbox.last_seq()
    paused = client.post("/api/keywords/bulk", json={"action": "disable", "ids": ids[:1]}).get_json()
    assert paused["items"][0]["code"] == "conflict"

    removed = client.post("/api/keywords/bulk", json={"action": "remove", "ids": ids[:2]}).get_json()
    one = client.post(f"/api/keywords/{ids[2]}/remove", headers=WAIT)

    assert [item["result"] for item in removed["items"]] == ["accepted", "accepted"]
    assert one.status_code == 200, one.text
    wait_for_job(removed["jobs"][0])
    assert client.get(path).get_json()["keyword_count"] == 0
    sent = [one for call in mutates(sandbox, since, account, "applied", "partial") for one in call["operations"]]
    assert [list(one["shared_criterion_operation"]) for one in sent] == [["remove"]] * 3
