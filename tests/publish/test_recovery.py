"""Publishes outlive the broker, jobs that kill their processes, and impatient clients."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from backend.core.db import unit_of_work
from backend.core.redis import connect
from backend.core.security import Actor
from backend.jobs import service as jobs
from tests.campaigns.test_children import search_tree
from tests.publish.conftest import OwnStack, run_here
from tests.publish.ledger import trees
from tests.support.sandbox import Sandbox
from tests.support.team import Team

Form = Callable[..., dict[str, Any]]
POISON = "test.poison"
"""The kind of job that tests.support.poison dies of."""


def accept(own: OwnStack) -> tuple[str, str]:
    """A campaign whose publish was accepted: its id and the job's."""
    made = own.team.client.post("/api/campaigns", json=search_tree(own.account)).get_json()
    accepted = own.team.client.post(f"/api/campaigns/{made['id']}/publish")
    assert accepted.status_code == 202, accepted.text
    return made["id"], accepted.get_json()["job_id"]


def finished_once(own: OwnStack, sandbox: Sandbox, since: int, accepted: list[tuple[str, str]]) -> None:
    """Every job finished, one tree for each."""
    for _, job_id in accepted:
        assert own.wait(job_id, 90)["status"] == "finished"
    assert trees(sandbox, since, own.account) == len(accepted)


@pytest.mark.slow(reason="starts a worker of its own")
def test_r10_everything_queued_is_flushed(killed: OwnStack, sandbox: Sandbox) -> None:
    since = sandbox.last_seq()
    accepted = [accept(killed) for _ in range(3)]
    connect(killed.environment["REDIS_URL"]).flushdb()

    killed.start()

    finished_once(killed, sandbox, since, accepted)


@pytest.mark.slow(reason="starts a worker of its own")
def test_r06_the_same_message_many_times(killed: OwnStack, sandbox: Sandbox) -> None:
    since = sandbox.last_seq()
    accepted = [accept(killed)]
    celery = killed.team.app.extensions["celery"]
    for _ in range(6):
        celery.send_task("jobs.run", args=[accepted[0][1]], queue="publish")

    killed.start()

    finished_once(killed, sandbox, since, accepted)


@pytest.mark.slow(reason="a lease is waited out for each process that dies")
def test_r09_a_job_that_always_kills_its_process(killed: OwnStack, sandbox: Sandbox) -> None:
    """R09: at most N attempts, then failed with one alert; the publishes beside it are not touched."""
    since = sandbox.last_seq()
    team = killed.team
    actor = Actor(tenant_id=team.tenant_id, user_id=None, name="poison", kind="system")
    with team.app.app_context(), unit_of_work() as work:
        poisoned = str(jobs.open_job(work, POISON, actor=actor, queue="publish", max_attempts=3).id)
    killed.start(application="tests.support.poison")
    accepted = [accept(killed) for _ in range(3)]

    finished_once(killed, sandbox, since, accepted)
    job = killed.wait(poisoned)

    assert (job["status"], job["error"]["code"], job["attempts"]) == ("failed", "attempts_exhausted", 3)
    told = [row["kind"] for row in killed.rows("SELECT kind FROM events WHERE job_id = :id ORDER BY id", id=poisoned)]
    assert [kind for kind in told if kind != "job.queued"] == ["job.started"] * 3 + [
        "job.failed",
        "alert.job_exhausted",
    ]
    others = killed.rows("SELECT attempts FROM jobs WHERE id = ANY(:ids)", ids=[uuid.UUID(job) for _, job in accepted])
    assert {row["attempts"] for row in others} == {1}


def test_r14_fifty_posts_with_one_key_make_one_campaign(team: Team, account: str, flat_form: Form) -> None:
    form = flat_form(name=f"Once {uuid.uuid4()}", customer_id=account)
    key = {"Idempotency-Key": str(uuid.uuid4())}

    def post(_: int) -> int:
        client = type(team.client)(team.app, team.token)
        return client.post("/api/campaigns", json=form, headers=key).status_code

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(post, range(50)))

    assert set(answers) <= {201, 409, 503}
    assert 201 in answers
    again = team.client.post("/api/campaigns", json=form, headers=key)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(team.client.get("/api/campaigns", query_string={"q": form["name"]}).get_json()) == 1


@pytest.mark.parametrize("applied", [False, True], ids=["never arrived", "had arrived"])
def test_an_open_batch_of_an_earlier_publish_is_settled_first(
    killed: OwnStack, sandbox: Sandbox, applied: bool
) -> None:
    """The first publish gave up without knowing; the draft was edited; the second one must not send the old bytes."""
    since = sandbox.last_seq()
    fault = (
        {"when": "after", "grpc_status": "INTERNAL"} if applied else {"when": "before", "grpc_status": "UNAVAILABLE"}
    )
    sandbox.add_fault(method="Mutate", customer_id=killed.account, **fault)
    campaign_id, first = accept(killed)
    with killed.team.app.app_context():
        from importlib import import_module

        from backend.jobs import engine

        import_module("backend.publish.tasks")
        engine.run(uuid.UUID(first))
    killed.rows("UPDATE jobs SET status = 'failed', finished_at = now() WHERE id = :id", id=first)
    killed.rows("UPDATE campaigns SET status = 'FAILED', sync_status = 'sync_error' WHERE id = :id", id=campaign_id)
    path, client = f"/api/campaigns/{campaign_id}", killed.team.client
    edited = f"Edited {uuid.uuid4()}"
    tag = {"If-Match": client.get(path).headers["ETag"]}
    assert client.patch(path, json={"name": edited}, headers=tag).status_code == 200

    second = client.post(f"{path}/publish").get_json()["job_id"]
    job = run_here(killed, second)

    assert job["status"] == "finished", job["error"]
    assert trees(sandbox, since, killed.account) == 1
    states = killed.rows("SELECT state FROM mutate_batches WHERE subject_id = :id ORDER BY created_at", id=campaign_id)
    assert [row["state"] for row in states] == (["APPLIED"] if applied else ["ABANDONED", "APPLIED"])
    shown = client.get(path).get_json()
    assert (shown["name"], shown["dirty_fields"]) == (edited, ["name"] if applied else [])  # no edit is lost
