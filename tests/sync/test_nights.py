"""Nights: slots taken once whoever ticks, a result per account with its reason, the summary, and people's schedules."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from backend.core import tenancy
from backend.core.db import unit_of_work
from backend.sync import nights, schedule
from backend.sync.reading import NOT_ENABLED
from tests.publish.conftest import OwnStack, killed, own_stack
from tests.support.database import Rows
from tests.support.sandbox import Sandbox
from tests.support.team import Team
from tests.sync.support import new_account

__all__ = ["killed", "own_stack"]

Wait = Callable[..., dict[str, Any]]
NIGHT = date(2026, 7, 1)
SLOT = schedule.Slot(NIGHT, datetime(2026, 7, 1, 2, 30, tzinfo=UTC))
LATE = timedelta(hours=12)


def listed(team: Team, path: str, **query: str) -> list[dict[str, Any]]:
    answered = team.client.get(path, query_string={"limit": "200", **query})
    assert answered.status_code == 200, answered.text
    found: list[dict[str, Any]] = answered.get_json()
    return found


# --- one night, tick by tick ----------------------------------------------------------------------------------------


@pytest.fixture
def scheduled(team: Team, rows: Rows) -> dict[str, Any]:
    """Accounts that no credential reaches, as the schedule reads them."""
    made = {}
    for name in ("busy", "free", "doomed"):
        customer = new_account(rows, team.tenant_id, time_zone="UTC")
        slug = rows("SELECT slug FROM customers WHERE id = :id", id=customer)[0]["slug"]
        made[name] = SimpleNamespace(
            id=customer, tenant_id=team.tenant_id, slug=slug, google_id="1234567890", descriptive_name=name,
            currency_code="EUR", time_zone="UTC", manager=False, status="ENABLED",
        )  # fmt: skip
    return made


def under_way(rows: Rows, team: Team, customer: uuid.UUID) -> uuid.UUID:
    """A sync, which no worker looks at, holds the account's lease; its job."""
    job_id = uuid.uuid4()
    rows(
        "INSERT INTO jobs (id, tenant_id, customer_id, kind, queue, exclusive_key, status, attempts, max_attempts,"
        " fence, next_attempt_at, created_by_name, cancel_requested) VALUES (:id, :t, :c, 'sync.account', 'nobody',"
        " :key, 'queued', 0, 5, 0, now() + interval '1 hour', 'somebody', false)",
        id=job_id,
        t=team.tenant_id,
        c=customer,
        key=f"sync:{customer}",
    )
    return job_id


def runs_at_night(rows: Rows, team: Team, customer: uuid.UUID) -> None:
    """The night's sync of an account, as `take` opens it, but for no worker to look at."""
    job_id = under_way(rows, team, customer)
    with tenancy.working_for(team.tenant_id), unit_of_work() as work:
        assert nights.begin(work.session, team.tenant_id, NIGHT, customer, SLOT.at)
        nights.opened(work.session, team.tenant_id, NIGHT, customer, job_id)


def end_job(rows: Rows, customer: uuid.UUID, status: str, **values: Any) -> None:
    """What the engine writes when the job is over; no worker needs to look at it."""
    rows(
        "UPDATE jobs SET status = :status, finished_at = now(), next_attempt_at = now() + interval '1 hour',"
        " result = CAST(:result AS jsonb), error = CAST(:error AS jsonb) WHERE customer_id = :c",
        status=status,
        result=values.get("result"),
        error=values.get("error"),
        c=customer,
    )


def test_a_slot_is_taken_once_and_a_busy_account_stops_nobody(
    app: Flask, team: Team, rows: Rows, scheduled: dict[str, Any]
) -> None:
    under_way(rows, team, scheduled["busy"].id)
    with app.app_context():
        assert schedule.take(scheduled["busy"], SLOT) is False
        assert schedule.take(scheduled["free"], SLOT) is True
        assert schedule.take(scheduled["free"], SLOT) is False
    jobs = rows("SELECT * FROM jobs WHERE customer_id = :c", c=scheduled["free"].id)
    assert [(job["kind"], job["created_by_name"]) for job in jobs] == [("sync.account", "nightly schedule")]
    told = {item["slug"]: (item["outcome"], item["code"]) for item in listed(team, "/api/data/night-runs")}
    assert told == {
        scheduled["busy"].slug: ("skipped", "sync_in_progress"),
        scheduled["free"].slug: ("running", None),
    }


def test_a_schedule_that_moves_within_a_night_does_not_run_it_twice(
    app: Flask, rows: Rows, scheduled: dict[str, Any]
) -> None:
    account = scheduled["free"]
    with app.app_context():
        assert schedule.take(account, SLOT) is True
        end_job(rows, account.id, "finished", result='{"rows_synced": 1}')
        assert schedule.take(account, schedule.Slot(NIGHT, SLOT.at + timedelta(hours=3))) is False
        assert schedule.take(account, schedule.Slot(NIGHT + timedelta(days=1), SLOT.at + timedelta(days=1))) is True


def test_many_beats_at_once_run_a_night_once(app: Flask, rows: Rows, scheduled: dict[str, Any]) -> None:
    taken: list[bool] = []
    gate = threading.Barrier(8)

    def tick() -> None:
        with app.app_context():
            gate.wait()
            taken.append(schedule.take(scheduled["free"], SLOT))

    beats = [threading.Thread(target=tick) for _ in range(8)]
    for beat in beats:
        beat.start()
    for beat in beats:
        beat.join()
    assert sorted(taken) == [False] * 7 + [True]
    assert len(rows("SELECT 1 FROM jobs WHERE customer_id = :c", c=scheduled["free"].id)) == 1


def test_a_night_ends_when_all_are_over_and_says_why_some_were_not_read(
    app: Flask, team: Team, rows: Rows, scheduled: dict[str, Any]
) -> None:
    late = new_account(rows, team.tenant_id, time_zone="Pacific/Pago_Pago")
    expected = {item.id: SLOT.at for item in scheduled.values()} | {late: SLOT.at + timedelta(hours=11)}
    with app.app_context():
        for name in ("free", "doomed"):
            runs_at_night(rows, team, scheduled[name].id)
        under_way(rows, team, scheduled["busy"].id)
        schedule.take(scheduled["busy"], SLOT)
        end_job(rows, scheduled["free"].id, "finished", result='{"rows_synced": 42, "warnings": []}')
        nights.collect()
        now = SLOT.at + timedelta(hours=13)
        assert nights.close(team.tenant_id, NIGHT, expected, now, late=LATE) is None, "one runs, one may be late"
        end_job(rows, scheduled["doomed"].id, "failed", error='{"code": "google_refused", "detail": "Not today."}')
        nights.collect()
        assert nights.close(team.tenant_id, NIGHT, expected, now, late=LATE) is None, "one may be late"
        now = SLOT.at + timedelta(hours=24)
        summary = nights.close(team.tenant_id, NIGHT, expected, now, late=LATE)
        assert nights.close(team.tenant_id, NIGHT, expected, now, late=LATE) is None, "a night ends once"
    counts = {"accounts": 4, "running": 0, "finished": 1, "warnings": 0, "failed": 1, "skipped": 1, "missed": 1}
    assert summary == {**counts, "rows_synced": 42}
    (told,) = listed(team, "/api/data/nights")
    assert told["night"] == NIGHT.isoformat()
    assert told["finished_at"] is not None
    assert {name: told[name] for name in summary} == summary
    (failed,) = listed(team, "/api/data/night-runs", outcome="failed")
    assert (failed["slug"], failed["code"], failed["reason"]) == (
        scheduled["doomed"].slug,
        "google_refused",
        "Not today.",
    )
    events = rows("SELECT data FROM events WHERE tenant_id = :t AND kind = 'night.finished'", t=team.tenant_id)
    assert [event["data"] for event in events] == [{"night": NIGHT.isoformat(), **summary}]


def test_a_night_waits_neither_for_a_consent_nor_for_ever(
    app: Flask, team: Team, rows: Rows, scheduled: dict[str, Any]
) -> None:
    expected = {scheduled[name].id: SLOT.at for name in ("busy", "free", "doomed")}
    with app.app_context():
        for customer_id in expected:
            runs_at_night(rows, team, customer_id)
        end_job(rows, scheduled["free"].id, "finished", result='{"rows_synced": 42}')
        for name, why in (("doomed", "needs_reauth"), ("busy", "rate_limit")):
            rows("UPDATE jobs SET waiting_reason = :why WHERE customer_id = :c", why=why, c=scheduled[name].id)
        nights.collect()
        (failed,) = listed(team, "/api/data/night-runs", outcome="failed")
        assert (failed["slug"], failed["code"]) == (scheduled["doomed"].slug, "needs_reauth")
        assert "connect the account again" in failed["reason"]
        now = SLOT.at + timedelta(hours=23)
        assert nights.close(team.tenant_id, NIGHT, expected, now, late=LATE) is None, "one waits for its quota"
        summary = nights.close(team.tenant_id, NIGHT, expected, now + timedelta(hours=2), late=LATE)
    assert summary is not None
    assert (summary["finished"], summary["failed"], summary["running"]) == (1, 2, 0)
    codes = {item["slug"]: item["code"] for item in listed(team, "/api/data/night-runs", outcome="failed")}
    assert codes == {scheduled["doomed"].slug: "needs_reauth", scheduled["busy"].slug: "rate_limit"}


def test_people_see_the_nights_of_their_own_accounts(
    app: Flask, team: Team, rows: Rows, scheduled: dict[str, Any], new_team: Callable[..., Team]
) -> None:
    with app.app_context():
        for account in scheduled.values():
            schedule.take(account, SLOT)
    stranger = new_team()
    assert listed(stranger, "/api/data/nights") == listed(stranger, "/api/data/night-runs") == []
    slug = scheduled["free"].slug
    assert stranger.client.get(f"/api/data/night-runs?slug={slug}").status_code == 404
    assert [item["slug"] for item in listed(team, "/api/data/night-runs", slug=slug)] == [slug]
    person = rows(
        "UPDATE memberships SET customer_id = :c WHERE tenant_id = :t AND user_id = :u RETURNING user_id",
        c=scheduled["free"].id,
        t=team.tenant_id,
        u=team.user_id,
    )
    assert person
    (night,) = listed(team, "/api/data/nights")
    assert (night["accounts"], night["running"]) == (1, 1)
    assert [item["slug"] for item in listed(team, "/api/data/night-runs")] == [slug]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [({"night": "tonight"}, "/night"), ({"night": "2026-02-30"}, "/night"), ({"outcome": "lucky"}, "/outcome")],
)
def test_bad_questions_about_nights_say_what_is_wrong(team: Team, query: dict[str, str], pointer: str) -> None:
    refused = team.client.get("/api/data/night-runs", query_string=query)
    assert refused.status_code == 400
    assert [item["pointer"] for item in refused.get_json()["errors"]] == [pointer]


# --- a whole night ----------------------------------------------------------------------------------------------------


@pytest.mark.slow("a stack of its own, and a worker that syncs three accounts")
def test_one_closed_account_of_three_and_two_fresh_ones(killed: OwnStack, sandbox: Sandbox) -> None:
    team, rows = killed.team, killed.rows
    chosen = [item for item in listed(team, "/api/customers") if not item["manager"] and item["status"] == "ENABLED"][
        :3
    ]
    slugs = [item["slug"] for item in chosen]
    rows("UPDATE customers SET settings = CAST('{\"schedule\": {\"enabled\": false}}' AS jsonb), created_at = :past",
         past=datetime.now(UTC) - timedelta(minutes=5))  # fmt: skip
    # Connected so lately that no earlier night has missed them: where it is yesterday still, that night runs as well.
    for item in chosen:
        moment = (datetime.now(UTC) - timedelta(minutes=2)).astimezone(ZoneInfo(item["time_zone"]))
        tag = team.client.get(f"/api/data/schedules/{item['slug']}").headers["ETag"]
        done = team.client.put(
            f"/api/data/schedules/{item['slug']}",
            json={"enabled": True, "at": moment.strftime("%H:%M")},
            headers={"If-Match": tag},
        )
        assert done.status_code == 200, done.text
    sandbox.add_fault(
        method="SearchStream", customer_id=chosen[1]["customer_id"], times=99, when="before", error_code=NOT_ENABLED
    )
    with team.app.app_context():
        assert schedule.fan_out() == 3
        assert schedule.fan_out() == 0
    killed.start()
    for run in listed(team, "/api/data/night-runs"):
        assert killed.wait(run["job_id"], 240)["status"] == "finished"
    with team.app.app_context():
        schedule.fan_out()
    told = {item["slug"]: item for item in listed(team, "/api/data/night-runs")}
    assert [told[slug]["outcome"] for slug in slugs] == ["finished", "warnings", "finished"]
    assert "not enabled" in told[slugs[1]]["reason"]
    fresh = [team.client.get(f"/api/data/status/{slug}").get_json()["watermark_date"] for slug in slugs]
    assert [day is not None for day in fresh] == [True, False, True]
    assert sum(night["finished"] for night in listed(team, "/api/data/nights")) == 2
    assert all(night["finished_at"] for night in listed(team, "/api/data/nights"))


# --- schedules --------------------------------------------------------------------------------------------------------


@pytest.fixture
def slug(team: Team, rows: Rows) -> str:
    customer = new_account(rows, team.tenant_id, time_zone="Pacific/Kiritimati")
    return str(rows("SELECT slug FROM customers WHERE id = :id", id=customer)[0]["slug"])


def put(client: Any, slug: str, body: dict[str, Any], tag: str | None = None) -> Any:
    tag = tag or client.get(f"/api/data/schedules/{slug}").headers["ETag"]
    return client.put(f"/api/data/schedules/{slug}", json=body, headers={"If-Match": tag})


def test_a_schedule_is_read_set_and_audited(team: Team, rows: Rows, slug: str) -> None:
    asked = datetime.now(UTC)
    first = team.client.get(f"/api/data/schedules/{slug}")
    assert first.get_json() | {"next_run_at": None, "customer_id": None} == {
        "slug": slug, "customer_id": None, "time_zone": "Pacific/Kiritimati", "enabled": True, "at": "02:30",
        "next_run_at": None,
    }  # fmt: skip
    coming = datetime.fromisoformat(first.get_json()["next_run_at"])
    assert (coming.hour, coming.minute) == (12, 30), "02:30 at UTC+14"
    assert timedelta(0) < coming - asked <= timedelta(days=1, minutes=5)
    changed = put(team.client, slug, {"enabled": False, "at": "05:45"}, first.headers["ETag"])
    assert changed.status_code == 200, changed.text
    assert changed.headers["ETag"] != first.headers["ETag"]
    stored = team.client.get(f"/api/data/schedules/{slug}").get_json()
    assert (stored["enabled"], stored["at"], stored["next_run_at"]) == (False, "05:45", None)
    assert put(team.client, slug, {"enabled": True, "at": "01:00"}, first.headers["ETag"]).status_code == 412
    assert slug in [item["slug"] for item in listed(team, "/api/data/schedules")]
    trail = rows(
        "SELECT before, after FROM audit_events WHERE tenant_id = :t AND action = 'customer.schedule'",
        t=team.tenant_id,
    )
    assert [tuple(row.values()) for row in trail] == [
        ({"enabled": True, "at": "02:30"}, {"enabled": False, "at": "05:45"})
    ]


def test_an_administrator_sets_schedules_and_others_read_them(
    team: Team, slug: str, new_team: Callable[..., Team]
) -> None:
    editor = team.member("editor")
    assert editor.get(f"/api/data/schedules/{slug}").status_code == 200
    assert put(editor, slug, {"enabled": True, "at": "01:00"}).status_code == 403
    stranger = new_team()
    assert stranger.client.get(f"/api/data/schedules/{slug}").status_code == 404
    assert put(stranger.client, slug, {"enabled": True, "at": "01:00"}, '"v1"').status_code == 404
    body = {"enabled": True, "at": "01:00"}
    assert team.client.put(f"/api/data/schedules/{slug}", json=body).status_code == 428


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"enabled": True}, "/at"),
        ({"at": "02:30"}, "/enabled"),
        ({"enabled": "yes", "at": "02:30"}, "/enabled"),
        ({"enabled": True, "at": "25:00"}, "/at"),
        ({"enabled": True, "at": "2:30 pm"}, "/at"),
        ({"enabled": True, "at": "02:30", "zone": "UTC"}, "/zone"),
    ],
)
def test_a_malformed_schedule_is_refused(team: Team, slug: str, body: dict[str, Any], pointer: str) -> None:
    refused = put(team.client, slug, body)
    assert refused.status_code == 400
    assert [item["pointer"] for item in refused.get_json()["errors"]] == [pointer]
