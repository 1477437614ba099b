"""The ledger of long work over HTTP: who sees what, cancelling, retrying, waiting."""

import dataclasses
import json
import re
import uuid

import pytest

from backend.app import create_app
from backend.core import broker
from backend.core.db import db, unit_of_work
from backend.core.security import Actor, Role
from backend.jobs.service import open_job
from tests.support.http import Client


def code(response):
    return response.status_code, response.get_json(force=True)["code"]


@pytest.fixture
def new_job(app):
    """Opens a job that no worker takes yet: it is due tomorrow."""
    from datetime import timedelta

    from backend.core import clock

    def make(team, kind="discover", **fields):
        actor = Actor(team.tenant_id, team.user_id, team.email, everywhere=Role.ADMIN)
        with app.app_context(), unit_of_work() as work:
            job = open_job(work, kind, actor=actor, queue="nobody", start_at=clock.now() + timedelta(days=1), **fields)
            return str(job.id)

    return make


@pytest.fixture
def ended(rows):
    """Brings a job to its end as an engine would have."""

    def end(job_id, status="failed", error='{"code": "google_refused", "detail": "No."}', result=None):
        rows(
            "UPDATE jobs SET status = :status, finished_at = now(), error = CAST(:error AS jsonb),"
            " result = CAST(:result AS jsonb) WHERE id = :id",
            id=uuid.UUID(job_id),
            status=status,
            error=error if status == "failed" else None,
            result=result,
        )

    return end


@pytest.fixture
def account(rows):
    """`account(team)` makes an account; answers (our id, Google's)."""

    def make(team):
        ours, number = uuid.uuid4(), 1_000_000_000 + uuid.uuid4().int % 8_999_999_999
        rows(
            "INSERT INTO customers (id, tenant_id, google_customer_id, slug, descriptive_name, currency_code,"
            " time_zone, manager, test_account, hidden, status)"
            " VALUES (:id, :tenant, :number, :slug, 'C', 'EUR', 'UTC', false, false, false, 'ENABLED')",
            id=ours,
            tenant=team.tenant_id,
            number=number,
            slug=f"client-{number}",
        )
        return ours, str(number)

    return make


def test_a_job_is_shown_with_exactly_the_promised_members(team, new_job):
    job = new_job(team)
    status = team.client.get(f"/api/jobs/{job}/status").get_json()
    assert status.keys() == {"job_id", "status", "result", "error", "progress", "waiting_reason"}
    assert (status["job_id"], status["status"]) == (job, "queued")
    whole = team.client.get(f"/api/jobs/{job}").get_json()
    assert (whole["kind"], whole["created_by"]) == ("discover", team.email)
    result = team.client.get(f"/api/jobs/{job}/result").get_json()
    assert result.keys() == {"job_id", "status", "result", "error", "stdout", "stderr", "exit_code"}


def test_jobs_are_listed_newest_first_page_by_page(team, new_job):
    made = [new_job(team) for _ in range(7)]
    seen, address = [], "/api/jobs?limit=3"
    pages = 0
    while address:
        answer = team.client.get(address)
        seen += [job["job_id"] for job in answer.get_json()]
        link = answer.headers.get("Link")
        address = link[1 : link.index(">")].partition("localhost")[2] if link else None
        pages += 1
    assert seen == made[::-1]
    assert pages == 3


def test_a_list_leaves_long_texts_to_the_job_itself(team, new_job, ended):
    job_id = new_job(team)
    whole = {"scope": "LIFETIME", "totals": {"clicks": 3}, "markdown": "# Long\n" * 500}
    ended(job_id, "finished", result=json.dumps(whole))
    listed = team.client.get("/api/jobs").get_json()[0]
    assert listed["result"] == {"scope": "LIFETIME", "totals": {"clicks": 3}}
    for path in ("", "/status", "/result"):
        assert team.client.get(f"/api/jobs/{job_id}{path}").get_json()["result"] == whole


def test_a_cursor_belongs_to_its_question_and_its_organisation(team, new_team, new_job):
    for _ in range(3):
        new_job(team)
    link = team.client.get("/api/jobs?limit=1").headers["Link"]
    cursor = link.split("cursor=")[1].split(">")[0]
    assert team.client.get(f"/api/jobs?limit=2&cursor={cursor}").status_code == 200
    assert code(team.client.get(f"/api/jobs?limit=1&status=queued&cursor={cursor}")) == (400, "validation_failed")
    assert code(new_team("Other").client.get(f"/api/jobs?cursor={cursor}")) == (400, "validation_failed")
    for altered in (cursor[:-2] + "AA", "A", "é", cursor + cursor):
        assert code(team.client.get("/api/jobs", query_string={"cursor": altered})) == (400, "validation_failed")


def test_jobs_are_filtered(team, new_job, account, ended):
    ours, google_id = account(team)
    one, two = new_job(team, customer_id=ours), new_job(team, kind="sync")
    ended(two)

    def ids(query):
        return [job["job_id"] for job in team.client.get(f"/api/jobs?{query}").get_json()]

    assert ids("status=failed") == [two]
    assert ids("kind=discover") == [one]
    assert ids(f"customer_id={google_id}") == [one]
    assert ids(f"customer_id={google_id[:3]}-{google_id[3:6]}-{google_id[6:]}") == [one]
    assert team.client.get("/api/jobs?customer_id=abc").status_code == 404


def test_a_person_sees_the_jobs_of_the_accounts_that_are_theirs(team, new_job, account, rows, app):
    ours, _ = account(team)
    other, google_id = account(team)
    hidden, shown = new_job(team, customer_id=ours), new_job(team, customer_id=other)
    of_none = new_job(team)  # its result would name every account of the organisation
    body = {
        "email": f"{uuid.uuid4().hex}@example.com",
        "name": "V",
        "roles": {"accounts": [{"customer_id": google_id, "role": "viewer"}]},
    }
    invited = team.client.post("/api/users", json=body).get_json()
    from backend.auth.tokens import mint

    with app.app_context():
        viewer = Client(app, mint(uuid.UUID(invited["user"]["id"]), "v").token)
    assert [job["job_id"] for job in viewer.get("/api/jobs").get_json()] == [shown]
    assert [viewer.get(f"/api/jobs/{job}").status_code for job in (hidden, of_none)] == [404, 404]
    assert code(viewer.post(f"/api/jobs/{shown}/cancel")) == (403, "forbidden")


@pytest.mark.parametrize("path", ["", "/status", "/result", "/cancel", "/retry"])
def test_jobs_of_another_organisation_are_not_there(team, new_team, new_job, path):
    job = new_job(new_team("Other"))
    call = team.client.post if path in ("/cancel", "/retry") else team.client.get
    assert code(call(f"/api/jobs/{job}{path}")) == (404, "not_found")


def test_cancelling_a_queued_job_ends_it_at_once(team, new_job):
    job = new_job(team)
    status = team.client.post(f"/api/jobs/{job}/cancel").get_json()
    assert (status["status"], status["error"]["code"]) == ("failed", "cancelled")
    assert code(team.client.post(f"/api/jobs/{job}/cancel")) == (409, "conflict")


def test_only_a_failed_job_is_retried(team, new_job, ended):
    job = new_job(team, kind="nobody-knows")
    assert code(team.client.post(f"/api/jobs/{job}/retry")) == (409, "conflict")
    ended(job)
    answer = team.client.post(f"/api/jobs/{job}/retry")
    assert (answer.status_code, answer.get_json()) == (202, {"job_id": job, "status": "queued"})
    assert answer.headers["Location"] == f"/api/jobs/{job}"


@pytest.mark.parametrize(("kind", "role"), [("publish", "PUBLISHER"), ("discover", "ADMIN"), ("sync", "EDITOR")])
def test_whoever_may_do_the_work_may_stop_it(team, new_job, kind, role):
    order = ["VIEWER", "EDITOR", "PUBLISHER", "ADMIN"]
    for held in order:
        job = new_job(team, kind=kind)
        answer = team.member(held).post(f"/api/jobs/{job}/cancel")
        assert answer.status_code == (200 if order.index(held) >= order.index(role) else 403), held


def test_a_job_that_no_worker_takes_says_so(team, new_job, settings):
    # A Redis database that no worker reports to: the shared worker's heartbeat must not come in between.
    silent = dataclasses.replace(settings, redis_url=re.sub(r"/\d+$", "/15", settings.redis_url))
    application = create_app(silent)
    job = new_job(team)
    answer = Client(application, team.token).get(f"/api/jobs/{job}/status")
    with application.app_context():
        db.engine.dispose()
    assert answer.get_json()["waiting_reason"] == "no_worker"


def test_a_list_of_waiting_jobs_looks_for_workers_once(team, new_job, monkeypatch):
    looked, look = [], broker.workers_alive
    monkeypatch.setattr(broker, "workers_alive", lambda: looked.append(1) or look())
    for _ in range(3):
        new_job(team)
    assert len(team.client.get("/api/jobs").get_json()) == 3
    assert len(looked) == 1


def test_waiting_is_answered_by_how_the_job_ended(team, new_job, ended):
    import threading

    job = new_job(team, kind="nobody-knows")
    ended(job)
    threading.Timer(0.5, lambda: ended(job, "finished", result='{"n": 1}')).start()
    answer = team.client.post(f"/api/jobs/{job}/retry", headers={"Prefer": "wait=20"})
    assert answer.status_code == 200
    assert answer.headers["Preference-Applied"] == "wait=20"
    assert answer.get_json()["result"] == {"n": 1}


@pytest.mark.parametrize(
    ("error", "status", "expected"),
    [
        ('{"code": "google_refused", "detail": "No.", "google_request_id": "abc"}', 422, "job_failed"),
        ('{"code": "google_unavailable", "detail": "Away."}', 503, "unavailable"),
    ],
)
def test_waiting_for_a_job_that_fails(team, new_job, ended, error, status, expected):
    import threading

    job = new_job(team, kind="nobody-knows")
    ended(job)
    threading.Timer(0.4, lambda: ended(job, "failed", error)).start()
    answer = team.client.post(f"/api/jobs/{job}/retry", headers={"Prefer": "wait=20"})
    assert code(answer) == (status, expected)
    document = answer.get_json(force=True)
    assert document["job_id"] == job
    assert ("Retry-After" in answer.headers) == (status == 503)
    if status == 422:
        assert document["google_request_id"] == "abc"


def test_waiting_ends_when_its_time_is_over(team, new_job, ended):
    import time

    job = new_job(team, kind="nobody-knows")
    ended(job)
    began = time.monotonic()
    answer = team.client.post(f"/api/jobs/{job}/retry", headers={"Prefer": "wait=1"})
    assert answer.status_code == 202
    assert "Preference-Applied" not in answer.headers
    assert 0.9 < time.monotonic() - began < 5


@pytest.mark.parametrize("prefer", ["wait", "wait=", "wait=-1", "wait=1.5", "wait=0", "respond-async", 'wait="x"'])
def test_a_preference_that_means_nothing_is_left_aside(team, new_job, ended, prefer):
    job = new_job(team, kind="nobody-knows")
    ended(job)
    assert team.client.post(f"/api/jobs/{job}/retry", headers={"Prefer": prefer}).status_code == 202


def test_waiters_hold_no_connection_and_at_most_a_quarter_of_the_threads(team, app, new_job, ended):
    import threading
    import time

    jobs = [new_job(team, kind="nobody-knows") for _ in range(4)]
    for job in jobs:
        ended(job)
    answers = {}

    def wait(job):
        began = time.monotonic()
        status = Client(app, team.token).post(f"/api/jobs/{job}/retry", headers={"Prefer": "wait=3"}).status_code
        answers[job] = (status, time.monotonic() - began)

    threads = [threading.Thread(target=wait, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    time.sleep(1)
    with app.app_context():
        held = [db.engine.pool.checkedout() for _ in range(20) if not time.sleep(0.02)]
    for thread in threads:
        thread.join()
    waited = sum(seconds > 2 for _, seconds in answers.values())
    assert waited == app.config["SETTINGS"].api_threads // 4
    assert min(held) == 0
    assert {status for status, _ in answers.values()} == {202}
