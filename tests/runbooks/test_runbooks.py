"""Runbooks through HTTP: which commands there are, what is refused, the lease, and the checks of `validate`."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from backend.app import create_app
from backend.auth.guarded import project_of
from backend.core import clock, quota
from backend.core.db import db
from backend.runbooks import checks
from backend.wiring import wire
from config import Settings, build_settings
from tests.support import run as runs
from tests.support.database import Rows
from tests.support.sandbox import Sandbox
from tests.support.servers import Servers
from tests.support.team import Team
from tests.support.worker import Worker
from tests.sync.support import new_account

Wait = Callable[..., dict[str, Any]]
TOMORROW = (date.today() + timedelta(days=2)).isoformat()  # noqa: DTZ011
EARLIER, LATER = (f"{date.today().year - 1}-{day}" for day in ("03-01", "03-02"))  # noqa: DTZ011


@pytest.fixture
def slug(team: Team, rows: Rows) -> str:
    """An account that no credential reaches."""
    customer_id = new_account(rows, team.tenant_id)
    return str(rows("SELECT slug FROM customers WHERE id = :id", id=customer_id)[0]["slug"])


def execute(team: Team, slug: str, command: str, **args: Any) -> Any:
    return team.client.post("/api/runbooks/execute", json={"slug": slug, "command": command, "args": args})


def test_the_commands_are_listed(team: Team) -> None:
    listed = team.client.get("/api/runbooks/commands").get_json()
    assert [item["command"] for item in listed] == ["init", "append", "validate", "repair", "force-unlock"]
    assert next(item for item in listed if item["command"] == "repair")["required"] == ["start", "end"]


@pytest.mark.parametrize(
    ("command", "args", "findings"),
    [
        ("dance", {}, [("/command", "unknown_command")]),
        ("repair", {}, [("/args/start", "required"), ("/args/end", "required")]),
        (
            "repair",
            {"start": "2026-1-1", "end": "2026-W01-1"},
            [("/args/start", "invalid_date"), ("/args/end", "invalid_date")],
        ),
        ("repair", {"start": "2026-02-30", "end": EARLIER}, [("/args/start", "invalid_date")]),
        ("repair", {"start": "soon", "end": EARLIER}, [("/args/start", "invalid_date")]),
        ("repair", {"start": LATER, "end": EARLIER}, [("/args/start", "start_after_end")]),
        ("repair", {"start": LATER, "end": TOMORROW}, [("/args/end", "future_date")]),
        ("repair", {"start": "2020-01-01", "end": "2020-01-31"}, [("/args/start", "too_old")]),
        ("repair", {"start": 5, "end": None}, [("/args/end", "required"), ("/args/start", "invalid_date")]),
        ("append", {"start": "2026-01-01"}, [("/args/start", "unknown")]),
    ],
)
def test_bad_orders_say_what_is_wrong(
    team: Team, slug: str, rows: Rows, command: str, args: dict[str, Any], findings: list[tuple[str, str]]
) -> None:
    refused = execute(team, slug, command, **args)
    assert refused.status_code == 400, refused.text
    assert [(item["pointer"], item["code"]) for item in refused.get_json()["errors"]] == findings
    unknown = {code for _, code in findings} == {"unknown"}
    assert refused.get_json()["code"] == ("unknown_field" if unknown else "validation_failed")
    assert rows("SELECT 1 FROM jobs WHERE tenant_id = :tenant", tenant=team.tenant_id) == []


def test_a_wrong_slug_is_not_found(team: Team, new_team: Callable[..., Team], slug: str) -> None:
    assert execute(team, "nowhere", "append").status_code == 404
    assert execute(new_team(), slug, "append").status_code == 404


def test_a_viewer_may_validate_only(team: Team, slug: str) -> None:
    viewer = team.member("viewer")
    body = {"slug": slug, "command": "append", "args": {}}
    assert viewer.post("/api/runbooks/execute", json=body).status_code == 403
    editor = team.member("editor")
    body = {"slug": slug, "command": "force-unlock", "args": {}}
    assert editor.post("/api/runbooks/execute", json=body).status_code == 403


def test_one_sync_per_account_and_force_unlock_takes_the_lease(
    team: Team, slug: str, rows: Rows, worker: Worker, wait_for_job: Wait
) -> None:
    customer = rows("SELECT id FROM customers WHERE slug = :slug AND tenant_id = :t", slug=slug, t=team.tenant_id)[0]
    holder = rows(
        "INSERT INTO jobs (id, tenant_id, customer_id, kind, queue, exclusive_key, status, attempts, max_attempts,"
        " fence,"
        " next_attempt_at, started_at, lease_expires_at, created_by_name, cancel_requested)"
        " VALUES (gen_random_uuid(), :t, :c, 'sync.account', 'sync', :key, 'started', 1, 5, 1, now(), now(),"
        " now() + interval '1 hour', 'gone', false) RETURNING id",
        t=team.tenant_id,
        c=customer["id"],
        key=f"sync:{customer['id']}",
    )[0]["id"]
    refused = execute(team, slug, "append")
    assert (refused.status_code, refused.get_json()["code"]) == (409, "sync_in_progress")
    assert refused.get_json()["job_id"] == str(holder)
    done = wait_for_job(execute(team, slug, "force-unlock").get_json()["job_id"])
    assert done["result"]["unlocked"] == [str(holder)]
    after = rows("SELECT status, fence, error FROM jobs WHERE id = :id", id=holder)[0]
    assert (after["status"], after["fence"], after["error"]["code"]) == ("failed", 2, "force_unlocked")
    assert execute(team, slug, "append").status_code == 202


def test_validate_tells_what_is_missing(team: Team, slug: str, worker: Worker, wait_for_job: Wait) -> None:
    job = wait_for_job(execute(team, slug, "validate").get_json()["job_id"])
    assert (job["status"], job["exit_code"]) == ("finished", 1)
    found = {item["name"]: item["state"] for item in job["result"]["checks"]}
    assert found["credential"] == "fail"
    assert found["clock"] == found["time_zone"] == "ok"
    assert "credential" in job["stderr"]


def test_validate_of_a_connected_account_holds(team: Team, worker: Worker, wait_for_job: Wait) -> None:
    account = next(item for item in team.connect() if not item["manager"] and item["status"] == "ENABLED")
    job = wait_for_job(execute(team, account["slug"], "validate").get_json()["job_id"])
    found = {item["name"]: item for item in job["result"]["checks"]}
    # How much of the day's quota the tests before this one have left is nothing that this one can know.
    assert (job["status"], job["exit_code"]) == ("finished", int(found["quota"]["state"] == "fail")), job["result"]
    assert set(found) == {
        "clock", "schema", "time_zone", "quota", "credential", "access", "currency_and_time_zone", "eu_declaration"
    }  # fmt: skip
    assert {item["state"] for name, item in found.items() if name != "quota"} <= {"ok", "warn"}
    assert "of 15,000 operations left" in found["quota"]["message"]
    assert "through the manager account" in found["access"]["message"]


def checked(team: Team, account: dict[str, Any], wait: Wait) -> tuple[dict[str, Any], dict[str, dict[str, str]]]:
    job = wait(execute(team, account["slug"], "validate").get_json()["job_id"])
    assert job["status"] == "finished", job["error"]
    return job, {item["name"]: item for item in job["result"]["checks"]}


@pytest.fixture
def own_account(team: Team, worker: Worker) -> dict[str, Any]:
    """A client account that no other test changes at Google."""
    return [item for item in team.connect() if not item["manager"] and item["status"] == "ENABLED"][14]


def test_validate_tells_what_is_another_at_google(
    team: Team, own_account: dict[str, Any], rows: Rows, sandbox: Sandbox, wait_for_job: Wait
) -> None:
    campaigns = sandbox.state(customer_id=own_account["customer_id"], kind="campaign")
    name, held = next((name, one) for name, one in campaigns.items() if one["status"] == "ENABLED")
    rows(
        "UPDATE customers SET currency_code = 'XTS', time_zone = 'Nowhere/Atlantis' WHERE tenant_id = :t AND slug = :s",
        t=team.tenant_id,
        s=own_account["slug"],
    )
    sandbox.change(resource_name=name, fields={"missing_eu_political_advertising_declaration": True})
    try:
        job, found = checked(team, own_account, wait_for_job)
    finally:
        sandbox.change(resource_name=name, fields={"missing_eu_political_advertising_declaration": False})
    assert (job["exit_code"], found["time_zone"]["state"]) == (1, "fail")
    assert "days are taken as UTC" in found["time_zone"]["message"]
    assert found["currency_and_time_zone"]["state"] == "warn"
    assert "here it is XTS Nowhere/Atlantis" in found["currency_and_time_zone"]["message"]
    assert found["eu_declaration"]["state"] == "warn"
    assert held["name"] in found["eu_declaration"]["message"]


@pytest.mark.usefixtures("free_to_call")
@pytest.mark.parametrize(
    ("fault", "name", "told"),
    [
        ({"error_code": "AuthorizationError.CUSTOMER_NOT_ENABLED"}, "access", "request"),
        ({"error_code": "AuthorizationError.USER_PERMISSION_DENIED"}, "access", "request"),
        (
            {
                "error_code": "QuotaError.RESOURCE_EXHAUSTED",
                "retry_delay_s": 30,
                "rate_scope": "ACCOUNT",
            },
            "rate_limit",
            "to wait 30 s",
        ),
    ],
)
def test_validate_tells_what_google_refuses(
    team: Team,
    own_account: dict[str, Any],
    sandbox: Sandbox,
    wait_for_job: Wait,
    fault: dict[str, Any],
    name: str,
    told: str,
) -> None:
    sandbox.add_fault(method="Search", customer_id=own_account["customer_id"], times=1, when="before", **fault)
    job, found = checked(team, own_account, wait_for_job)
    assert (job["exit_code"], found[name]["state"]) == (1, "fail")
    assert told in found[name]["message"]
    assert f"fail {name}: " in job["stderr"]


def test_validate_of_a_consent_that_is_gone(
    team: Team, own_account: dict[str, Any], rows: Rows, wait_for_job: Wait
) -> None:
    rows("UPDATE user_credentials SET status = 'NEEDS_REAUTH' WHERE tenant_id = :t", t=team.tenant_id)
    job, found = checked(team, own_account, wait_for_job)
    assert (job["exit_code"], found["credential"]["state"]) == (1, "fail")
    assert "Connect the Google account again" in found["credential"]["message"]


def test_a_clock_that_is_wrong_is_told(app: Flask) -> None:
    with app.app_context():
        assert checks.clock_check().state == "ok"
        clock.use(lambda: datetime.now(UTC) + timedelta(minutes=2))
        try:
            check = checks.clock_check()
        finally:
            clock.use(None)
    assert check.state == "warn"
    assert "are 120 s apart" in check.message


def test_a_schema_that_is_old_or_that_one_role_owns_is_told(
    app: Flask, settings: Settings, servers: Servers, sandbox: Sandbox
) -> None:
    with app.app_context():
        assert checks.schema_check().state == "ok"
    with servers.fresh_database(f"cw_schema_{runs.worker_number()}") as name:
        owner = servers.described.database("cw_owner", name)
        environment = {**servers.environment, **sandbox.environment, "DATABASE_URL": owner}
        other = create_app(build_settings(environment))
        try:
            with other.app_context():
                alone = checks.schema_check()
                with db.engine.begin() as connection:
                    connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
                old = checks.schema_check()
                db.engine.dispose()
        finally:
            wire(settings)  # an application says for its process how Google is reached
    assert (alone.state, "one database role" in alone.message) == ("warn", True)
    assert (old.state, "flask db upgrade" in old.message) == ("fail", True)


@pytest.mark.parametrize(
    ("limit", "state", "told"),
    [
        (10**9, "ok", "of 1,000,000,000 operations left"),
        (1_050, "warn", "50 of 1,050 operations left; 1,000 operations in the last 24 hours"),
        (900, "fail", "0 of 900 operations left"),
        (None, "ok", "no daily limit"),
    ],
)
def test_validate_tells_the_quota_that_is_left(
    app: Flask, rows: Rows, monkeypatch: pytest.MonkeyPatch, limit: int | None, state: str, told: str
) -> None:
    settings = app.config["SETTINGS"]
    google = replace(settings.google, client_id=f"{uuid.uuid4().int}-quota", daily_operations=limit)
    monkeypatch.setitem(app.config, "SETTINGS", replace(settings, google=google))
    with app.app_context():
        quota.spend(project_of(google.client_id), 1_234_567_890, 1_000)
        check = checks.quota_check()
    assert (check.state, told in check.message) == (state, True), check
