"""The job engine on the real database: one run at a time, whatever the broker and the workers do."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import text

from backend.core.db import unit_of_work
from backend.core.errors import Conflict
from backend.core.security import Actor, Role
from backend.jobs import engine, registry, service
from backend.jobs.run import JobFailed, JobRun, LostLease, Outcome, Reschedule
from tests.support.team import Team

Rows = Callable[..., list[dict[str, Any]]]
Open = Callable[..., UUID]


@pytest.fixture
def handler(request: pytest.FixtureRequest) -> Iterator[Callable[..., str]]:
    """Registers a handler for this test under a kind of its own, and answers the kind."""
    kinds: list[str] = []

    def register(function: Callable[[JobRun], Outcome], **options: Any) -> str:
        kind = f"test.{len(registry._handlers)}"
        registry.handles(kind, **options)(function)
        kinds.append(kind)
        return kind

    yield register
    for kind in kinds:
        del registry._handlers[kind]


@pytest.fixture
def actor(team: Team) -> Actor:
    return Actor(UUID(str(team.tenant_id)), None, "test", kind="system", everywhere=Role.ADMIN)


@pytest.fixture
def open_job(app: Flask, actor: Actor) -> Open:
    """Opens a job that no worker will take: its queue has no consumer."""

    def opened(kind: str, **options: Any) -> UUID:
        with app.app_context(), unit_of_work() as work:
            return service.open_job(work, kind, actor=actor, queue="nobody", **options).id

    return opened


@pytest.fixture
def run(app: Flask) -> Callable[[UUID], None]:
    def once(job_id: UUID) -> None:
        with app.app_context():
            engine.run(job_id)

    return once


def job_row(rows: Rows, job_id: UUID) -> dict[str, Any]:
    return rows("SELECT * FROM jobs WHERE id = :id", id=job_id)[0]


def test_a_finished_job_keeps_its_result_and_tells_its_story(
    rows: Rows, handler: Callable[..., str], open_job: Open, run: Callable[[UUID], None]
) -> None:
    def count(job: JobRun) -> Outcome:
        job.progress("counting", 1, 2)
        job.print("one, two")
        return Outcome({"rows": 2})

    job_id = open_job(handler(count))
    run(job_id)
    row = job_row(rows, job_id)
    assert (row["status"], row["result"], row["exit_code"], row["attempts"]) == ("finished", {"rows": 2}, 0, 1)
    assert row["stdout"] == "one, two\n"
    assert row["progress"] == {"stage": "counting", "done": 1, "total": 2}
    kinds = [event["kind"] for event in rows("SELECT kind FROM events WHERE job_id = :id ORDER BY id", id=job_id)]
    assert kinds == ["job.queued", "job.started", "job.progress", "job.output", "job.finished"]


def test_a_message_delivered_many_times_at_once_runs_the_job_once(
    rows: Rows, handler: Callable[..., str], open_job: Open, run: Callable[[UUID], None]
) -> None:
    runs: list[int] = []

    def slow(job: JobRun) -> Outcome:
        runs.append(job.fence)
        time.sleep(0.3)
        return Outcome()

    job_id = open_job(handler(slow))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(run, [job_id] * 8))
    assert runs == [1]
    assert job_row(rows, job_id)["status"] == "finished"


def test_a_run_that_lost_its_lease_writes_nothing(
    app: Flask, rows: Rows, handler: Callable[..., str], open_job: Open, run: Callable[[UUID], None]
) -> None:
    first_inside, second_done = threading.Event(), threading.Event()
    refused: list[bool] = []

    def work_for_a_while(job: JobRun) -> Outcome:
        if job.attempt == 1:
            first_inside.set()
            assert second_done.wait(10)
            try:
                with job.write() as work:
                    work.session.execute(text("UPDATE jobs SET stdout = 'zombie' WHERE id = :id"), {"id": job.job_id})
            except LostLease:
                refused.append(True)
                raise
        return Outcome({"attempt": job.attempt})

    job_id = open_job(handler(work_for_a_while))
    with ThreadPoolExecutor(1) as pool:
        zombie = pool.submit(run, job_id)
        assert first_inside.wait(10)
        rows("UPDATE jobs SET lease_expires_at = now() - interval '1 second' WHERE id = :id", id=job_id)
        run(job_id)
        second_done.set()
        zombie.result(10)
    row = job_row(rows, job_id)
    assert refused == [True]
    assert (row["result"], row["fence"], row["stdout"]) == ({"attempt": 2}, 2, "")


def test_a_crash_is_retried_and_ends_failed_when_attempts_run_out(
    app: Flask, rows: Rows, handler: Callable[..., str], open_job: Open, run: Callable[[UUID], None]
) -> None:
    told: list[str] = []

    def crash(job: JobRun) -> Outcome:
        raise RuntimeError("secret detail")

    kind = handler(crash, on_failure=lambda job, error: told.append(str(error["code"])))
    job_id = open_job(kind, max_attempts=2)
    run(job_id)
    assert job_row(rows, job_id)["status"] == "queued"
    assert job_row(rows, job_id)["waiting_reason"] == "retry"
    rows("UPDATE jobs SET next_attempt_at = now() WHERE id = :id", id=job_id)
    run(job_id)
    row = job_row(rows, job_id)
    assert (row["status"], row["error"]["code"], row["attempts"]) == ("failed", "attempts_exhausted", 2)
    assert told == ["attempts_exhausted"]
    assert "secret detail" not in str(row)
    alerts = rows("SELECT count(*) FROM events WHERE job_id = :id AND kind = 'alert.job_exhausted'", id=job_id)
    assert alerts[0]["count"] == 1


def test_a_job_whose_workers_always_die_ends_failed(
    app: Flask, rows: Rows, handler: Callable[..., str], open_job: Open
) -> None:
    told: list[str] = []
    kind = handler(lambda job: Outcome(), on_failure=lambda job, error: told.append(str(error["code"])))
    job_id = open_job(kind, max_attempts=2)
    rows(
        "UPDATE jobs SET status = 'started', attempts = 2, fence = 2, lease_owner = 'dead',"
        " lease_expires_at = now() - interval '1 second' WHERE id = :id",
        id=job_id,
    )
    with app.app_context():
        engine.sweep()
        engine.sweep()
    row = job_row(rows, job_id)
    assert (row["status"], row["error"]["code"], told) == ("failed", "attempts_exhausted", ["attempts_exhausted"])
    alerts = rows("SELECT count(*) FROM events WHERE job_id = :id AND kind = 'alert.job_exhausted'", id=job_id)
    assert alerts[0]["count"] == 1


def test_waiting_for_somebody_else_does_not_use_up_attempts(
    rows: Rows, handler: Callable[..., str], open_job: Open, run: Callable[[UUID], None]
) -> None:
    def wait(job: JobRun) -> Outcome:
        raise Reschedule(60, "rate_limit")

    job_id = open_job(handler(wait))
    run(job_id)
    run(job_id)  # not due: nothing happens
    row = job_row(rows, job_id)
    assert (row["status"], row["waiting_reason"], row["attempts"], row["fence"]) == ("queued", "rate_limit", 0, 1)


def test_a_failure_with_a_code_is_final(
    rows: Rows, handler: Callable[..., str], open_job: Open, run: Callable[[UUID], None]
) -> None:
    def refuse(job: JobRun) -> Outcome:
        raise JobFailed("policy", "Google refused the ad.", extra={"google_request_id": "abc"}, exit_code=3)

    job_id = open_job(handler(refuse))
    run(job_id)
    row = job_row(rows, job_id)
    assert row["status"] == "failed"
    assert row["exit_code"] == 3
    assert row["error"] == {"code": "policy", "detail": "Google refused the ad.", "google_request_id": "abc"}


def test_a_running_job_stops_at_its_next_safe_point_when_cancelled(
    app: Flask,
    rows: Rows,
    handler: Callable[..., str],
    open_job: Open,
    run: Callable[[UUID], None],
    actor: Actor,
) -> None:
    inside = threading.Event()

    def until_cancelled(job: JobRun) -> Outcome:
        inside.set()
        for _ in range(200):
            job.check()
            time.sleep(0.05)
        return Outcome("never cancelled")

    job_id = open_job(handler(until_cancelled))
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(run, job_id)
        assert inside.wait(10)
        with app.app_context(), unit_of_work() as work:
            service.cancel(work, job_id, actor)
        running.result(15)
    row = job_row(rows, job_id)
    assert (row["status"], row["error"]["code"]) == ("failed", "cancelled")


def test_the_sweep_takes_back_a_job_whose_worker_died(
    app: Flask, rows: Rows, handler: Callable[..., str], open_job: Open, run: Callable[[UUID], None]
) -> None:
    job_id = open_job(handler(lambda job: Outcome(job.attempt)))
    rows(
        "UPDATE jobs SET status = 'started', attempts = 1, fence = 1, lease_owner = 'dead',"
        " lease_expires_at = now() - interval '1 second' WHERE id = :id",
        id=job_id,
    )
    with app.app_context():
        assert engine.sweep()["taken_back"] >= 1
    assert job_row(rows, job_id)["status"] == "queued"
    run(job_id)
    assert job_row(rows, job_id)["result"] == 2


def test_the_sweep_sends_what_was_never_picked_up(
    app: Flask, rows: Rows, handler: Callable[..., str], open_job: Open
) -> None:
    job_id = open_job(handler(lambda job: Outcome()))
    rows(
        "UPDATE jobs SET sent_at = now() - interval '1 hour', next_attempt_at = now() - interval '1 hour'"
        " WHERE id = :id",
        id=job_id,
    )
    with app.app_context():
        engine.sweep()
    assert rows("SELECT now() - sent_at < interval '10 seconds' AS fresh FROM jobs WHERE id = :id", id=job_id)[0][
        "fresh"
    ]


def test_only_one_active_job_holds_an_exclusive_key(
    handler: Callable[..., str], open_job: Open, run: Callable[[UUID], None]
) -> None:
    kind = handler(lambda job: Outcome())
    first = open_job(kind, exclusive_key="publish:1")
    with pytest.raises(Conflict) as caught:
        open_job(kind, exclusive_key="publish:1", conflict_code="publish_in_progress")
    assert caught.value.code == "publish_in_progress"
    assert caught.value.extra == {"job_id": str(first)}
    run(first)
    assert open_job(kind, exclusive_key="publish:1") != first


def test_a_failed_job_can_be_retried_and_others_cannot(
    app: Flask, rows: Rows, handler: Callable[..., str], open_job: Open, run: Callable[[UUID], None], actor: Actor
) -> None:
    def fails_once(job: JobRun) -> Outcome:
        if job.fence == 1:
            raise JobFailed("broken", "Once.")
        return Outcome("mended")

    job_id = open_job(handler(fails_once))
    with app.app_context(), unit_of_work() as work, pytest.raises(Conflict):
        service.retry(work, job_id, actor)
    run(job_id)
    with app.app_context(), unit_of_work() as work:
        service.retry(work, job_id, actor)
    run(job_id)
    row = job_row(rows, job_id)
    assert (row["status"], row["result"], row["error"]) == ("finished", "mended", None)


def test_events_of_parallel_transactions_are_numbered_in_the_order_of_their_commits(
    app: Flask, rows: Rows, open_job: Open, handler: Callable[..., str], actor: Actor
) -> None:
    kind = handler(lambda job: Outcome())
    seen: list[int] = []
    stop = threading.Event()

    def follow() -> None:
        last = 0
        while not stop.is_set() or _after(rows, actor, last):
            for event_id in _after(rows, actor, last):
                seen.append(event_id)
                last = event_id

    with ThreadPoolExecutor(5) as pool:
        follower = pool.submit(follow)
        list(pool.map(lambda _: open_job(kind), range(40)))
        stop.set()
        follower.result(20)
    assert seen == _after(rows, actor, 0)
    assert len(seen) == 40


def _after(rows: Rows, actor: Actor, last: int) -> list[int]:
    found = rows("SELECT id FROM events WHERE tenant_id = :t AND id > :last ORDER BY id", t=actor.tenant_id, last=last)
    return [row["id"] for row in found]
