"""Outcomes that are hard to tell: searches that lag, copies held up, jobs that gave up with an open request."""

from __future__ import annotations

import time
import uuid
from importlib import import_module
from typing import Any

import pytest

from backend.jobs.run import JobRun
from backend.publish import delivery
from backend.publish.delivery import LOOKS
from backend.publish.recovery import Point
from tests.campaigns.test_children import search_tree
from tests.publish.conftest import OwnStack, run_here
from tests.publish.ledger import creates, mutates, trees
from tests.support.sandbox import Sandbox

Json = dict[str, Any]
APPLIED_UNHEARD = {"when": "after", "grpc_status": "DEADLINE_EXCEEDED"}
NEVER_SENT = {"when": "before", "grpc_status": "UNAVAILABLE", "message": "failed to connect to all addresses"}


def draft_of(own: OwnStack, **changes: Any) -> str:
    """The path of a search campaign that can be published."""
    made = own.team.client.post("/api/campaigns", json=search_tree(own.account, **changes))
    assert made.status_code == 201, made.text
    return f"/api/campaigns/{made.get_json()['id']}"


def ask(own: OwnStack, path: str, **order: Any) -> str:
    """Ask for a publish or a push; the id of its job."""
    accepted = own.team.client.post(path, json=order)
    assert accepted.status_code == 202, accepted.text
    return str(accepted.get_json()["job_id"])


def run_once(own: OwnStack, job_id: str) -> None:
    """Run a job here until it ends or asks to wait."""
    from backend.jobs import engine

    import_module("backend.publish.tasks")
    with own.team.app.app_context():
        engine.run(uuid.UUID(job_id))


def exhaust(own: OwnStack, job_id: str) -> Json:
    """End a job as one that was begun too often; its row."""
    from backend.jobs import engine

    own.rows("UPDATE jobs SET attempts = max_attempts, next_attempt_at = now() WHERE id = :id", id=job_id)
    with own.team.app.app_context():
        engine.sweep()
    (job,) = own.rows("SELECT status, error FROM jobs WHERE id = :id", id=job_id)
    return job


def states(own: OwnStack, path: str) -> list[str]:
    """What became of the requests about a campaign, in order."""
    return [
        row["state"]
        for row in own.rows(
            "SELECT state FROM mutate_batches WHERE subject_id = :id ORDER BY created_at, id",
            id=uuid.UUID(path.rsplit("/", 1)[-1]),
        )
    ]


def edit(own: OwnStack, path: str, **changes: Any) -> None:
    """Change something under its own tag."""
    tag = {"If-Match": own.team.client.get(path).headers["ETag"]}
    answer = own.team.client.patch(path, json=changes, headers=tag)
    assert answer.status_code == 200, answer.text


@pytest.mark.slow(reason="waits out two lost outcomes")
def test_a_search_that_lags_is_not_believed_against_a_refused_duplicate(killed: OwnStack, sandbox: Sandbox) -> None:
    """The campaign was made, its answer is lost, and no look-up shows it until well after it was sent again."""
    path = draft_of(killed)
    since = sandbox.last_seq()
    sandbox.add_fault(method="Mutate", customer_id=killed.account, **APPLIED_UNHEARD)
    lag = {"when": "stale_search", "delay_s": 3_600, "times": 2 * LOOKS}
    sandbox.add_fault(method="Search", customer_id=killed.account, **lag)

    job = run_here(killed, ask(killed, f"{path}/publish"))

    assert job["status"] == "finished", job["error"]
    assert trees(sandbox, since, killed.account) == 1
    assert sandbox.faults() == []
    campaign = killed.team.client.get(path).get_json()
    assert (campaign["status"], campaign["sync_status"]) == ("PUBLISHED", "synced")
    assert campaign["google_campaign_id"] == job["result"]["google_campaign_id"]


@pytest.mark.slow(reason="waits out deadline and grace")
def test_a_copy_that_was_held_up_is_not_sent(
    killed: OwnStack, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that stood still between its note and its call sends nothing: others count on its deadline."""
    held: list[float] = []

    def hold(job: JobRun, point: Point) -> None:
        if point is Point.SENT and not held:
            held.append(time.monotonic())
            time.sleep(4.2)  # QUICK's deadline is 4 seconds; the sleep is the fault, nothing is waited for

    monkeypatch.setattr(delivery, "reached", hold)
    path = draft_of(killed)
    since = sandbox.last_seq()

    job_id = ask(killed, f"{path}/publish")
    run_once(killed, job_id)

    assert held
    assert mutates(sandbox, since, killed.account, "applied", "refused", "faulted") == []
    job = run_here(killed, job_id)
    assert job["status"] == "finished", job["error"]
    assert len(mutates(sandbox, since, killed.account, "applied", "refused", "faulted")) == 1


@pytest.mark.slow(reason="waits out deadline and grace")
def test_what_reached_google_stays_in_doubt_when_a_later_copy_does_not(killed: OwnStack, sandbox: Sandbox) -> None:
    """A copy that may have arrived and one that surely did not: the request is looked for, not given back."""
    path = draft_of(killed)
    job_id = ask(killed, f"{path}/publish")
    since = sandbox.last_seq()
    sandbox.add_fault(method="Mutate", customer_id=killed.account, when="late", delay_s=8)
    run_once(killed, job_id)
    sandbox.add_fault(method="Mutate", customer_id=killed.account, **NEVER_SENT)
    _until_due(killed, job_id)
    run_once(killed, job_id)
    assert states(killed, path) == ["SENT"]
    _until_made(sandbox, since, killed.account)

    assert exhaust(killed, job_id)["error"]["code"] == "attempts_exhausted"
    edit(killed, path, name=f"Renamed {uuid.uuid4()}")
    again = run_here(killed, ask(killed, f"{path}/publish", google_status="ENABLED"))

    assert again["status"] == "finished", again["error"]
    assert trees(sandbox, since, killed.account) == 1
    assert killed.team.client.get(path).get_json()["google_status"] == "PAUSED"  # as it was made, not as asked later


@pytest.mark.slow(reason="waits out deadline and grace")
def test_a_renamed_draft_carries_the_marker_of_the_open_request(killed: OwnStack, sandbox: Sandbox) -> None:
    """Given up with an open outcome, edited, published again while the search still lags: one tree all the same."""
    path = draft_of(killed)
    job_id = ask(killed, f"{path}/publish")
    since = sandbox.last_seq()
    sandbox.add_fault(method="Mutate", customer_id=killed.account, **APPLIED_UNHEARD)
    run_once(killed, job_id)
    exhaust(killed, job_id)
    edit(killed, path, name=f"Renamed {uuid.uuid4()}")
    lag = {"when": "stale_search", "delay_s": 3_600, "times": 2 * LOOKS}
    sandbox.add_fault(method="Search", customer_id=killed.account, **lag)

    again = run_here(killed, ask(killed, f"{path}/publish"))

    assert again["status"] == "finished", again["error"]
    assert trees(sandbox, since, killed.account) == 1
    assert sandbox.faults() == []


def test_what_a_push_never_sent_is_not_sent_by_a_later_one(killed: OwnStack, sandbox: Sandbox) -> None:
    """A push that gave up before it reached Google leaves nothing behind: the next sends what is wanted by then."""
    path = draft_of(killed)
    assert run_here(killed, ask(killed, f"{path}/publish"))["status"] == "finished"
    client = killed.team.client
    group = client.get(f"{path}/ad_groups").get_json()[0]["id"]
    form = search_tree(killed.account)["ad_groups"][0]["ads"][0]
    ad = f"/api/ads/{client.post(f'/api/ad_groups/{group}/ads', json=form).get_json()['id']}"
    edit(killed, path, tracking_url_template="https://old.example.com/?u={lpurl}")
    job_id = ask(killed, f"{path}/push")
    sandbox.add_fault(method="Mutate", customer_id=killed.account, **NEVER_SENT)
    run_once(killed, job_id)

    exhaust(killed, job_id)

    assert states(killed, path)[-1] == "ABANDONED"
    edit(killed, ad, path1="new")
    since = sandbox.last_seq()
    pushed = run_here(killed, ask(killed, f"{path}/push"))
    assert pushed["status"] == "finished", pushed["error"]
    calls = mutates(sandbox, since, killed.account, "applied", "partial")
    sent = [one for call in calls for one in creates(call, "ad_group_ad")]
    assert [one["ad"]["responsive_search_ad"]["path1"] for one in sent] == ["new"]
    assert client.get(ad).get_json()["sync_status"] == "synced"


def _until_due(own: OwnStack, job_id: str) -> None:
    deadline = time.monotonic() + 30
    while not own.rows("SELECT 1 FROM jobs WHERE id = :id AND next_attempt_at <= now()", id=job_id):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def _until_made(sandbox: Sandbox, since: int, account: str) -> None:
    deadline = time.monotonic() + 30
    while not trees(sandbox, since, account):
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.slow(reason="an account is synced, after a publish that gave up")
def test_a_campaign_that_a_sync_brought_gives_way_to_its_draft(killed: OwnStack, sandbox: Sandbox) -> None:
    """The publish gave up without knowing, and a sync has brought what it made; published again, the draft is it."""
    import_module("backend.sync.tasks")
    path, since = draft_of(killed), sandbox.last_seq()
    client = killed.team.client
    before = client.get(f"{path}/tree").get_json()
    job_id = ask(killed, f"{path}/publish")
    sandbox.add_fault(method="Mutate", customer_id=killed.account, **APPLIED_UNHEARD)
    run_once(killed, job_id)
    exhaust(killed, job_id)
    sync(killed, before["slug"])
    brought = killed.rows("SELECT google_id FROM campaigns WHERE name = :name ORDER BY id", name=before["name"])
    assert sorted(row["google_id"] is not None for row in brought) == [False, True]

    job = run_here(killed, ask(killed, f"{path}/publish"))

    assert job["status"] == "finished", job["error"]
    assert trees(sandbox, since, killed.account) == 1
    (left,) = killed.rows("SELECT id, google_id FROM campaigns WHERE name = :name", name=before["name"])
    assert (f"/api/campaigns/{left['id']}", left["google_id"] is not None) == (path, True)
    tree = client.get(f"{path}/tree").get_json()
    assert [group["id"] for group in tree["ad_groups"]] == [group["id"] for group in before["ad_groups"]]
    for group in tree["ad_groups"]:
        assert group["google_ad_group_id"]
        assert all(keyword["criterion_id"] for keyword in group["keywords"])
        assert all(ad["google_ad_id"] for ad in group["ads"])


@pytest.mark.slow(reason="an account is synced, after a push that gave up")
def test_what_a_sync_brought_gives_way_to_what_a_push_made(killed: OwnStack, sandbox: Sandbox) -> None:
    """An ad group and an ad whose answer was lost, given up and brought by a sync: each is here once, as ours."""
    import_module("backend.sync.tasks")
    path = draft_of(killed)
    assert run_here(killed, ask(killed, f"{path}/publish"))["status"] == "finished"
    client = killed.team.client
    group = client.get(f"{path}/ad_groups").get_json()[0]["id"]
    form = search_tree(killed.account)["ad_groups"]
    client.post(f"{path}/ad_groups", json=form[1] | {"name": "Benches"})
    client.post(f"/api/ad_groups/{group}/ads", json=form[0]["ads"][0] | {"path1": "benches"})
    before = client.get(f"{path}/tree").get_json()
    job_id, since = ask(killed, f"{path}/push"), sandbox.last_seq()
    sandbox.add_fault(method="Mutate", customer_id=killed.account, **APPLIED_UNHEARD)
    run_once(killed, job_id)
    exhaust(killed, job_id)
    sync(killed, before["slug"])

    job = run_here(killed, ask(killed, f"{path}/push"))

    assert (job["status"], job["result"]["failed"]) == ("finished", 0), job
    applied = [call for call in sandbox.ledger(since=since) if call["method"].endswith("Mutate") and call["results"]]
    assert sum(len(creates(call, "ad_group")) for call in applied) == 1
    assert sum(len(creates(call, "ad_group_ad")) for call in applied) == 2
    after = client.get(f"{path}/tree").get_json()
    assert [one["id"] for one in after["ad_groups"]] == [one["id"] for one in before["ad_groups"]]
    for old, new in zip(before["ad_groups"], after["ad_groups"], strict=True):
        assert sorted(one["id"] for one in new["ads"]) == sorted(one["id"] for one in old["ads"])
        assert all(one["google_ad_id"] for one in new["ads"])
    assert client.get(f"{path}/preview").get_json()["operations"] == 0


def sync(own: OwnStack, slug: str) -> None:
    """Read the account as it is at Google, whole: Google tells of changes after some minutes only."""
    own.rows("UPDATE watermarks SET last_full_at = NULL")
    order = {"slug": slug, "command": "append", "args": {}}
    answer = own.team.client.post("/api/runbooks/execute", json=order)
    assert answer.status_code == 202, answer.text
    synced = run_here(own, answer.get_json()["job_id"], 150)
    assert synced["status"] == "finished", synced
