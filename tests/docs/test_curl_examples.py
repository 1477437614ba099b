"""Every shell block of some pages, run as it stands against a live API, a worker and the sandbox."""

from __future__ import annotations

import re
import subprocess
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import flask
import pytest
from flask import Flask
from werkzeug.serving import make_server

from backend.cli.home import ROOT
from tests.support.database import Rows
from tests.support.sandbox import Sandbox
from tests.support.team import Team
from tests.support.worker import Worker

ENV = 'eval "$(python3 run.py env)"'
# An example that the API refuses is a wrong example: curl then fails, and with it the script.
STRICT = 'curl() { command curl --fail-with-body "$@"; }'
PATIENCE = 150


def script(page: str) -> str:
    """All blocks of a page, without the one that sets the variables."""
    blocks = re.findall(
        r"^```sh\n(.+?)^```", (ROOT / "docs" / page).read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    assert blocks[0].strip() == ENV
    return "\n".join(blocks[1:])


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    """The API behind a real socket."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def answered(app: Flask) -> Iterator[set[tuple[str, str, str]]]:
    """What the API has answered, as its OpenAPI document names it: method, path, status."""
    seen: set[tuple[str, str, str]] = set()

    def note(_: Flask, response: flask.Response, **__: Any) -> None:
        rule = flask.request.url_rule
        assert rule is not None, flask.request.path
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        seen.add((flask.request.method.lower(), path, str(response.status_code)))

    with flask.request_finished.connected_to(note, app):
        yield seen


@pytest.fixture
def demo_account(team: Team, sandbox: Sandbox, rows: Callable[..., list[dict[str, Any]]]) -> Team:
    """A connected team with one account as the demo leaves it: synced, with defaults."""
    accounts = team.connect()
    account = next(item for item in accounts if not item["manager"] and item["status"] == "ENABLED")
    defaults = {
        "final_url": "https://www.example.com/spring",
        "business_name": "Example Outdoor",
        "logo_url": sandbox.info["images"]["logo"],
        "contains_eu_political_advertising": False,
    }
    path = f"/api/customers/{account['customer_id']}/defaults"
    tag = {"If-Match": team.client.get(path).headers.get("ETag", "")}
    assert team.client.patch(path, json=defaults, headers=tag).status_code == 200
    rows(
        "UPDATE customers SET last_synced_at = now() WHERE tenant_id = :tenant AND google_customer_id = :number",
        tenant=team.tenant_id,
        number=int(account["customer_id"]),
    )
    return team


@pytest.mark.slow(reason="dozens of requests, and publishes that a worker carries out")
@pytest.mark.parametrize("page", ["campaigns.md", "publishing.md"])
def test_the_examples_work_as_they_are_pasted(
    page: str, demo_account: Team, address: str, answered: set[tuple[str, str, str]], tmp_path: Path
) -> None:
    answered.clear()
    run_page(page, demo_account, address, tmp_path)
    described(demo_account, answered)


def run_page(page: str, team: Team, address: str, folder: Path) -> None:
    """Run the page's blocks as one script, in which every refusal is a failure."""
    variables = f"export CW_URL={address} CW_TOKEN={team.token}"
    done = subprocess.run(
        ["/bin/bash", "-euo", "pipefail", "-c", f"{variables}\n{STRICT}\n{script(page)}"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    assert "application/problem+json" not in done.stdout


def described(team: Team, answered: set[tuple[str, str, str]]) -> None:
    """The OpenAPI document knows everything that was answered."""
    examples = set(answered)
    document = team.client.get("/api/openapi.json").get_json()["paths"]
    assert len(examples) > 8
    for method, path, status in examples:
        assert status in document[path][method]["responses"], f"{method} {path} answered {status}: not described"


@pytest.fixture
def disputed(team: Team, sandbox: Sandbox, worker: Worker, wait_for_job: Callable[..., dict[str, Any]]) -> Team:
    """A synced account, a campaign of which was renamed here and is called something else at Google too."""
    account = [item for item in team.connect() if not item["manager"] and item["status"] == "ENABLED"][13]
    order = {"slug": account["slug"], "command": "append", "args": {}}
    opened = team.client.post("/api/runbooks/execute", json=order).get_json()["job_id"]
    assert wait_for_job(opened, timeout=180)["status"] == "finished"
    listed = team.client.get(f"/api/campaigns?slug={account['slug']}&google_status=ENABLED").get_json()
    path = f"/api/campaigns/{listed[0]['id']}"
    tag = {"If-Match": team.client.get(path).headers["ETag"]}
    assert team.client.patch(path, json={"name": f"Mine {uuid.uuid4()}"}, headers=tag).status_code == 200
    sandbox.change(resource_name=listed[0]["resource_name"], fields={"name": f"Theirs {uuid.uuid4()}"})
    return team


@pytest.mark.slow(reason="an account is synced twice and repaired")
def test_the_examples_about_sync_work_as_they_are_pasted(
    disputed: Team, address: str, answered: set[tuple[str, str, str]], rows: Rows, tmp_path: Path
) -> None:
    answered.clear()
    run_page("sync.md", disputed, address, tmp_path)
    described(disputed, answered)
    trail = rows("SELECT action FROM audit_events WHERE tenant_id = :t ORDER BY id", t=disputed.tenant_id)
    actions = [row["action"] for row in trail]
    assert [action for action in actions if action.startswith("conflict")] == ["conflict.found", "conflict.take_theirs"]
    assert [action for action in actions if action.startswith("runbook")] == [
        "runbook.append", "runbook.append", "runbook.repair", "runbook.validate"
    ]  # fmt: skip
    assert "customer.schedule" in actions
    assert disputed.client.get("/api/conflicts").get_json() == []
