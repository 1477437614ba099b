"""I1: at most one tree at Google per publish, whatever dies and whenever."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.conftest import QUICK
from tests.publish.conftest import OwnStack
from tests.publish.ledger import mutates, trees
from tests.support.sandbox import Sandbox
from tests.support.team import Team
from tests.support.worker import Worker

Draft = Callable[..., str]
LONGEST_WAIT_S = 5.0
"""What a job that finished has waited at least, since the late answer was asked for."""


def publish(team: Team, campaign_id: str) -> str:
    """Ask for a publish; the id of its job."""
    accepted = team.client.post(f"/api/campaigns/{campaign_id}/publish")
    assert accepted.status_code == 202, accepted.text
    return str(accepted.get_json()["job_id"])


def must_be_published_once(own: OwnStack, sandbox: Sandbox, since: int, campaign_id: str) -> None:
    """One tree in the ledger, and its id here."""
    assert trees(sandbox, since, own.account) == 1
    (row,) = own.rows("SELECT status, sync_status, google_id FROM campaigns WHERE id = :id", id=campaign_id)
    assert (row["status"], row["sync_status"]) == ("PUBLISHED", "synced")
    call = next(call for call in mutates(sandbox, since, own.account, "applied", "faulted") if call.get("results"))
    assert any(name.endswith(f"/campaigns/{row['google_id']}") for name in call["results"])
    (parts,) = own.rows(
        "SELECT count(*) AS all, count(g.google_id) AS groups, count(a.google_id) AS ads FROM campaign_adgroup e"
        " JOIN ad_groups g ON g.id = e.ad_group_id JOIN adgroup_ad v ON v.ad_group_id = g.id"
        " JOIN ads a ON a.id = v.ad_id WHERE e.campaign_id = :id",
        id=campaign_id,
    )
    assert parts["all"] == parts["groups"] == parts["ads"] == 1


@pytest.mark.slow(reason="starts a worker per recovery point and waits out deadlines")
@pytest.mark.parametrize(
    "point",
    [pytest.param("1", marks=pytest.mark.soak), pytest.param("2", marks=pytest.mark.soak), "3", "4", "5"],
)
def test_killed_at_each_recovery_point(killed: OwnStack, sandbox: Sandbox, draft: Draft, point: str) -> None:
    """R01: the process that runs the publish dies by SIGKILL at the point; another one goes on."""
    killed.start(FAULT_AT=point)
    since = sandbox.last_seq()
    campaign_id = draft(killed.team, killed.account)

    job = killed.wait(publish(killed.team, campaign_id))

    assert job["status"] == "finished", job["error"]
    assert job["attempts"] >= (1 if point == "5" else 2)
    must_be_published_once(killed, sandbox, since, campaign_id)


@pytest.mark.slow(reason="starts two workers and waits out the lease of the dead one")
def test_worker_killed_while_google_works(killed: OwnStack, sandbox: Sandbox, draft: Draft) -> None:
    """Show 7: the whole worker dies in the middle of the call, which Google still carries out."""
    since = sandbox.last_seq()
    sandbox.add_fault(method="Mutate", customer_id=killed.account, when="slow", delay_s=3)
    first = killed.start()
    campaign_id = draft(killed.team, killed.account)
    job_id = publish(killed.team, campaign_id)
    _until(lambda: killed.rows("SELECT 1 FROM mutate_batches WHERE state = 'SENT' AND job_id = :id", id=job_id))
    first.kill()
    killed.start()

    job = killed.wait(job_id)

    assert job["status"] == "finished", job["error"]
    must_be_published_once(killed, sandbox, since, campaign_id)


@pytest.mark.slow(reason="waits out deadline and grace")
@pytest.mark.parametrize(
    "fault",
    [
        {"when": "after", "grpc_status": "DEADLINE_EXCEEDED"},
        pytest.param({"when": "after", "grpc_status": "INTERNAL"}, marks=pytest.mark.soak),
        {"when": "late", "delay_s": 2},
        pytest.param({"when": "late", "delay_s": 9}, marks=pytest.mark.soak),
        {"when": "before", "grpc_status": "UNAVAILABLE", "times": 3},
    ],
    ids=[
        "R02 applied, then deadline",
        "applied, then internal",
        "applied late",
        "applied when it was long sent again",
        "R04 unavailable three times",
    ],
)
def test_lost_answers(killed: OwnStack, sandbox: Sandbox, draft: Draft, fault: dict[str, object]) -> None:
    """An answer that says nothing about the outcome leads to a look, and to one tree."""
    killed.start()
    since = sandbox.last_seq()
    sandbox.add_fault(method="Mutate", customer_id=killed.account, **fault)
    campaign_id = draft(killed.team, killed.account)

    job = killed.wait(publish(killed.team, campaign_id), 90)

    assert job["status"] == "finished", job["error"]
    must_be_published_once(killed, sandbox, since, campaign_id)
    assert len(mutates(sandbox, since, killed.account, "applied", "faulted", "refused")) <= 4
    assert sandbox.faults() == []
    if fault["when"] == "late":
        time.sleep(max(0.0, float(str(fault["delay_s"])) - LONGEST_WAIT_S))  # whatever is still to come has come
        assert trees(sandbox, since, killed.account) == 1
    _must_have_waited_with_jitter(killed, str(job["id"]))


def _must_have_waited_with_jitter(own: OwnStack, job_id: str) -> None:
    """Each lost answer was waited for: deadline and grace, and by chance a little longer."""
    waits = [
        row["seconds"]
        for row in own.rows(
            "SELECT (data->>'seconds')::float AS seconds FROM events WHERE job_id = :id AND kind = 'job.waiting'"
            " AND data->>'reason' = 'outcome_unknown' ORDER BY id",
            id=job_id,
        )
    ]
    least = float(QUICK["PUBLISH_DEADLINE_SECONDS"]) + float(QUICK["PUBLISH_GRACE_SECONDS"])
    whole = [wait for wait in waits if wait >= least]  # a run that took over waits only for what is left
    assert whole
    assert max(whole) <= least + float(QUICK["RETRY_BACKOFF_SECONDS"]) * 2**4
    if len(whole) > 2:
        assert max(whole) > least


def _until(condition: Callable[[], object], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to it"
        time.sleep(0.05)


@pytest.mark.slow(reason="fifty requests against one campaign")
def test_fifty_publishes_at_once_are_one_run(
    team: Team, account: str, draft: Draft, sandbox: Sandbox, worker: Worker
) -> None:
    """R15: one is accepted, the others are told so."""
    from concurrent.futures import ThreadPoolExecutor

    campaign_id = draft(team, account)
    since = sandbox.last_seq()

    def ask(_: int) -> int:
        return team.client.__class__(team.app, team.token).post(f"/api/campaigns/{campaign_id}/publish").status_code

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(ask, range(50)))

    assert answers.count(202) == 1
    assert set(answers) <= {202, 409, 503}  # 503: fifty at once want more connections than the pool has
    _until(lambda: team.client.get(f"/api/campaigns/{campaign_id}").get_json()["status"] == "PUBLISHED", 60)
    assert trees(sandbox, since, account) == 1
