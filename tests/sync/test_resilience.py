"""Kills, broken streams, closed accounts, and edits made while a sync runs (R22 to R24)."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from backend.jobs import engine
from backend.jobs.registry import handles
from backend.jobs.run import JobRun, Outcome
from backend.sync.statistics import REREAD_DAYS
from tests.support.database import Rows
from tests.support.sandbox import Sandbox
from tests.support.team import Team
from tests.support.worker import Worker, start_worker
from tests.sync.test_sync_account import account, equal_to_the_sandbox, local_today, run_command, stages

__all__ = ["account"]

Wait = Callable[..., dict[str, Any]]


@pytest.fixture(autouse=True)
def no_faults_left(sandbox: Sandbox) -> Iterator[None]:
    yield
    sandbox.clear_faults()


@pytest.mark.slow("the first test of the file waits until a worker has started")
def test_r24_a_stream_that_is_cut_is_begun_again(
    team: Team, account: dict[str, Any], rows: Rows, sandbox: Sandbox, wait_for_job: Wait
) -> None:
    sandbox.add_fault(method="SearchStream", customer_id=account["customer_id"], times=2, when="cut")
    run_command(team, wait_for_job, account["slug"], "append")
    assert sandbox.faults() == []
    equal_to_the_sandbox(rows, sandbox, team, account)


def test_r24_a_read_whose_page_token_expired_is_begun_again(
    team: Team, account: dict[str, Any], rows: Rows, sandbox: Sandbox, wait_for_job: Wait
) -> None:
    sandbox.add_fault(
        method="SearchStream",
        customer_id=account["customer_id"],
        times=2,
        when="before",
        error_code="RequestError.EXPIRED_PAGE_TOKEN",
    )
    job = run_command(team, wait_for_job, account["slug"], "init", start=str(local_today(account) - timedelta(days=3)))
    assert job["attempts"] == 1
    assert sandbox.faults() == []
    equal_to_the_sandbox(rows, sandbox, team, account)


@pytest.mark.slow("a worker is killed in the middle of a backfill and another one has to start")
def test_r24_a_sync_killed_mid_stream_resumes_and_converges(
    team: Team,
    account: dict[str, Any],
    rows: Rows,
    sandbox: Sandbox,
    worker: Worker,
    environment: dict[str, str],
    tmp_path: Path,
    wait_for_job: Wait,
) -> None:
    slug, google_id = account["slug"], account["customer_id"]
    run_command(team, wait_for_job, slug, "append")
    customer = rows("SELECT id FROM customers WHERE slug = :s AND tenant_id = :t", s=slug, t=team.tenant_id)[0]["id"]
    rows("DELETE FROM stats.daily_stats WHERE customer_id = :c", c=customer)
    sandbox.add_fault(method="SearchStream", customer_id=google_id, times=40, when="slow", delay_s=0.4)
    os.killpg(worker.process.pid, signal.SIGSTOP)  # the session's own worker must not take over
    doomed = start_worker(environment, tmp_path / "doomed")
    body = {"slug": slug, "command": "init", "args": {}}
    job_id = team.client.post("/api/runbooks/execute", json=body).get_json()["job_id"]
    begun = "SELECT 1 FROM watermarks WHERE customer_id = :c AND state ? 'backfill_from' AND watermark_date IS NOT NULL"
    deadline = time.monotonic() + 120
    while not rows(begun, c=customer):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    doomed.kill()
    sandbox.clear_faults()
    seq = sandbox.last_seq()
    with_heir = start_worker(environment, tmp_path / "heir")
    try:
        job = wait_for_job(job_id, timeout=180)
    finally:
        with_heir.stop()
        os.killpg(worker.process.pid, signal.SIGCONT)
    assert (job["status"], job["attempts"]) == ("finished", 2), job["error"]
    equal_to_the_sandbox(rows, sandbox, team, account)
    assert (
        rows("SELECT 1 FROM pg_tables WHERE schemaname = 'stats' AND tablename LIKE :n", n=f"stage_{customer.hex}%")
        == []
    )
    assert sandbox.ledger(since=seq)


@pytest.mark.slow("a backfill is cancelled in its middle and begun again")
def test_a_cancelled_backfill_ends_between_windows_and_goes_on_from_there(
    team: Team, account: dict[str, Any], rows: Rows, sandbox: Sandbox, wait_for_job: Wait
) -> None:
    slug, google_id = account["slug"], account["customer_id"]
    sandbox.add_fault(method="SearchStream", customer_id=google_id, times=400, when="slow", delay_s=0.3)
    body = {"slug": slug, "command": "init", "args": {}}
    job_id = team.client.post("/api/runbooks/execute", json=body).get_json()["job_id"]
    begun = (
        "SELECT w.stream, w.watermark_date, w.state ->> 'backfill_from' AS first FROM watermarks w"
        " JOIN customers c ON c.id = w.customer_id WHERE c.tenant_id = :t AND c.google_customer_id = :g"
        " AND w.state ? 'backfill_from' ORDER BY w.stream = 'stats:campaign' DESC"
    )
    who = {"t": team.tenant_id, "g": int(google_id)}
    deadline = time.monotonic() + 120
    while len(rows(begun, **who)) < 2:  # one stream is through, the next one has begun
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert team.client.post(f"/api/jobs/{job_id}/cancel").status_code < 300
    sandbox.clear_faults()
    ended = wait_for_job(job_id, timeout=120)
    assert (ended["status"], ended["error"]["code"]) == ("failed", "cancelled")
    assert stages(rows, team, google_id) == []
    campaigns = rows(begun, **who)[0]
    assert campaigns["stream"] == "stats:campaign"
    seq = sandbox.last_seq()
    run_command(team, wait_for_job, slug, "init")
    equal_to_the_sandbox(rows, sandbox, team, account)
    assert rows(begun, **who) == [], "the backfill is over"
    asked = [str(call) for call in sandbox.ledger(since=seq, customer_id=google_id, method="SearchStream")]
    window = re.compile(r"FROM campaign WHERE segments.date BETWEEN '([0-9-]+)'")
    again = [day for call in asked for day in window.findall(call)]
    assert again == [str(campaigns["watermark_date"] - timedelta(days=REREAD_DAYS - 1))]
    assert again[0] > campaigns["first"]
    (oldest,) = rows(
        "SELECT min(s.date) AS day FROM stats.daily_stats s JOIN customers c ON c.id = s.customer_id"
        " WHERE c.tenant_id = :t AND c.google_customer_id = :g",
        **who,
    )
    assert str(oldest["day"]) == campaigns["first"]


def test_a_closed_account_is_skipped_with_a_warning(
    team: Team, account: dict[str, Any], rows: Rows, sandbox: Sandbox, wait_for_job: Wait
) -> None:
    sandbox.add_fault(
        method="SearchStream",
        customer_id=account["customer_id"],
        times=1,
        when="before",
        error_code="AuthorizationError.CUSTOMER_NOT_ENABLED",
    )
    job = run_command(team, wait_for_job, account["slug"], "append")
    assert "not enabled" in job["result"]["warnings"][0]
    assert stages(rows, team, account["customer_id"]) == []
    assert team.client.get(f"/api/data/status/{account['slug']}").get_json()["watermark_date"] is None


# --- edits while a sync runs -----------------------------------------------------------------------------------------

STRUCTURE_KIND = "test.structure"


@handles(STRUCTURE_KIND)
def sync_structure(job: JobRun) -> Outcome:
    """A structure sync alone, run by this process: no worker knows the kind. It is full unless the sync may choose."""
    from contextlib import closing

    from backend.auth import credentials
    from backend.core.db import unit_of_work
    from backend.sync import service
    from backend.sync.account import load
    from backend.sync.reading import Reader

    assert job.customer_id is not None
    with unit_of_work() as work:
        loaded = load(work.session, job.customer_id)
    with closing(credentials.gateway_for(job.customer_id)) as gateway:
        reader = Reader(job, loaded, gateway)
        return Outcome(service.sync_structure(reader, full=job.args.get("mode") != "chosen").as_dict())


class Model:
    """A live account, edited from three sides at once."""

    def __init__(self, app: Flask, team: Team, rows: Rows, sandbox: Sandbox, google_id: str) -> None:
        self.app, self.team, self.rows, self.sandbox = app, team, rows, sandbox
        self.customer = rows(
            "SELECT id FROM customers WHERE google_customer_id = :g AND tenant_id = :t",
            g=int(google_id),
            t=team.tenant_id,
        )[0]["id"]
        self.mine: dict[tuple[str, str], str] = {}
        self.theirs: dict[tuple[str, str], str] = {}
        self.random = random.Random(11)

    def campaigns(self) -> list[dict[str, Any]]:
        return self.rows(
            "SELECT * FROM campaigns WHERE customer_id = :c AND status = 'PUBLISHED' ORDER BY google_id",
            c=self.customer,
        )

    def sync(self, **args: str) -> dict[str, Any]:
        job_id = uuid.uuid4()
        self.rows(
            "INSERT INTO jobs (id, tenant_id, customer_id, kind, queue, status, max_attempts, attempts, fence,"
            " next_attempt_at, cancel_requested, created_by_name, sent_at, args) VALUES (:id, :t, :c, :kind, 'nobody',"
            " 'queued', 5, 0, 0, now(), false, 'test', now() + interval '1 hour', CAST(:args AS jsonb))",
            id=job_id,
            t=self.team.tenant_id,
            c=self.customer,
            kind=STRUCTURE_KIND,
            args=json.dumps(args),
        )
        for _ in range(3):  # a busy machine may take a call away; the job then waits for its next attempt, which is now
            with self.app.app_context():
                engine.run(job_id)
            done = self.rows("SELECT * FROM jobs WHERE id = :id", id=job_id)[0]
            if done["status"] != "queued":
                break
            self.rows("UPDATE jobs SET next_attempt_at = now() WHERE id = :id", id=job_id)
        assert done["status"] == "finished", done
        result: dict[str, Any] = done["result"]
        return result

    def edit_here(self, row_id: str, field: str) -> None:
        """Through HTTP, with the newest ETag; a 412 is tried again, as a person would."""
        value = f"mine={field}.{time.time_ns()}"  # a name, and a query string too
        while True:
            tag = self.team.client.get(f"/api/campaigns/{row_id}").headers["ETag"]
            done = self.team.client.patch(f"/api/campaigns/{row_id}", json={field: value}, headers={"If-Match": tag})
            if done.status_code != 412:
                break
        assert done.status_code == 200, done.text
        self.mine[row_id, field] = value

    def edit_there(self, row_id: str, resource_name: str, field: str) -> None:
        value = f"theirs={field}.{time.time_ns()}"
        self.sandbox.change(resource_name=resource_name, fields={field: value})
        self.theirs[row_id, field] = value

    def check(self) -> None:
        """I2: every edit made here stands here; where Google moved too, the conflict says so."""
        for row in self.campaigns():
            for field in ("name", "final_url_suffix"):
                key = (str(row["id"]), field)
                mine, theirs = self.mine.get(key), self.theirs.get(key)
                if mine is None:
                    assert theirs is None or row[field] == theirs, (field, row[field])
                    continue
                assert row[field] == mine, (field, row)
                assert field in row["dirty_fields"]
                if theirs is not None and row["base"][field] != theirs:
                    assert row["remote"].get(field) == theirs, (field, row)
                    assert row["sync_status"] == "conflict"


@pytest.fixture
def model(app: Flask, team: Team, account: dict[str, Any], rows: Rows, sandbox: Sandbox, wait_for_job: Wait) -> Model:
    run_command(team, wait_for_job, account["slug"], "append")
    return Model(app, team, rows, sandbox, account["customer_id"])


def test_r22_an_edit_made_between_reading_and_writing_is_kept(model: Model, sandbox: Sandbox) -> None:
    row = model.campaigns()[0]
    row_id = str(row["id"])
    model.edit_there(row_id, row["resource_name"], "name")
    google_id = row["resource_name"].split("/")[1]
    sandbox.add_fault(method="SearchStream", customer_id=google_id, times=40, when="slow", delay_s=1)
    syncing = threading.Thread(target=model.sync)
    syncing.start()
    # The stage of the campaigns is there as long as their answer is under way: it was asked for before these edits.
    deadline = time.monotonic() + 60
    while not any(stage["tablename"].endswith("_campaigns") for stage in stages(model.rows, model.team, google_id)):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    model.edit_here(row_id, "name")
    model.edit_here(row_id, "final_url_suffix")
    sandbox.clear_faults()
    syncing.join()
    after = next(item for item in model.campaigns() if str(item["id"]) == row_id)
    assert after["name"] == model.mine[row_id, "name"]
    assert after["final_url_suffix"] == model.mine[row_id, "final_url_suffix"]
    model.sync()
    model.check()
    assert "name" in next(item for item in model.campaigns() if str(item["id"]) == row_id)["remote"]


def stir(model: Model, seconds: float) -> None:
    ends = time.monotonic() + seconds
    failures: list[BaseException] = []
    campaigns = [(str(row["id"]), row["resource_name"]) for row in model.campaigns()]

    def repeat(action: Callable[[random.Random], None], seed: int) -> None:
        pick = random.Random(seed)
        try:
            while time.monotonic() < ends:
                action(pick)
        except BaseException as problem:  # noqa: BLE001 (told to the test's own thread)
            failures.append(problem)

    def here(pick: random.Random) -> None:
        model.edit_here(pick.choice(campaigns)[0], pick.choice(["name", "final_url_suffix"]))

    def there(pick: random.Random) -> None:
        model.edit_there(*pick.choice(campaigns), pick.choice(["name", "final_url_suffix"]))
        time.sleep(pick.random() * 0.1)

    actions = (here, there, lambda _: model.sync())
    threads = [threading.Thread(target=repeat, args=(action, seed)) for seed, action in enumerate(actions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures
    model.sync()
    model.check()


def test_r23_no_edit_is_lost_whatever_the_order(model: Model) -> None:
    stir(model, 5)


@pytest.mark.soak
def test_r23_no_edit_is_lost_in_a_minute(model: Model) -> None:
    stir(model, 60)
