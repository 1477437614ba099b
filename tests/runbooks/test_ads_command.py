"""`run.py ads`: what a person at a terminal sees of a runbook, and of orders that cannot be."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.serving import make_server

from backend.cli.ads import ads
from backend.cli.home import ROOT, StartProblem
from tests.support.database import Rows
from tests.support.environment import clean_environment
from tests.support.team import Team
from tests.support.worker import Worker
from tests.sync.support import new_account

TOMORROW = (date.today() + timedelta(days=2)).isoformat()  # noqa: DTZ011
EARLIER, LATER = (f"{date.today().year - 1}-{day}" for day in ("03-01", "03-02"))  # noqa: DTZ011


@pytest.fixture
def slug(app: Flask, team: Team, rows: Rows, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An account that no credential reaches, behind a real socket that `ads` is told of."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setenv("CW_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("CW_TOKEN", team.token)
    yield str(rows("SELECT slug FROM customers WHERE id = :id", id=new_account(rows, team.tenant_id))[0]["slug"])
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("dance", "{slug}"), "Use one of: init, append, validate, repair, force-unlock."),
        (("append", "nowhere"), "404 not_found"),
        (("repair", "{slug}"), "/args/start: repair needs start as YYYY-MM-DD.; /args/end: repair needs end"),
        (("repair", "{slug}", "--start", "yesterday", "--end", "2026-02-30"), "/args/end: Write the day as YYYY-MM-DD"),
        (("repair", "{slug}", "--start", LATER, "--end", EARLIER), "must not be after the end"),
        (("repair", "{slug}", "--start", LATER, "--end", TOMORROW), "choose a day up to then"),
        (("repair", "{slug}", "--start", "2020-03-02", "--end", "2020-03-03"), "37 months only"),
        (("init", "{slug}", "--start", TOMORROW), "choose a day up to then"),
        (("append", "{slug}", "--start", LATER), "append takes no arguments"),
    ],
)
def test_an_order_that_cannot_be_is_one_clear_line(slug: str, arguments: tuple[str, ...], told: str) -> None:
    with pytest.raises(StartProblem) as refused:
        ads([part.format(slug=slug) for part in arguments])
    line = str(refused.value)
    assert told in line
    assert "\n" not in line


def test_a_wrong_token_is_said(slug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CW_TOKEN", "cw_nobody")
    with pytest.raises(StartProblem, match="401 unauthenticated"):
        ads(["append", slug])


def test_the_exit_code_and_the_output_are_the_job_s(
    slug: str, worker: Worker, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ads(["validate", slug]) == 1
    shown = capsys.readouterr()
    assert "clock: " in shown.out
    assert "credential: " in shown.err


def run(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "backend.cli", "ads", *arguments],
        cwd=folder,
        env=clean_environment(CAMPAIGNWIZARD_DATA=str(folder / "data"), PYTHONPATH=str(ROOT), **variables),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("arguments", "variables", "code", "told"),
    [
        (("append", "x"), {}, 1, "nothing is running"),
        (("append", "x"), {"CW_URL": "http://127.0.0.1:1", "CW_TOKEN": "t"}, 1, "the API does not answer"),
        (("append",), {}, 2, "the following arguments are required: slug"),
    ],
)
def test_without_an_api_the_command_says_so(
    tmp_path: Path, arguments: tuple[str, ...], variables: dict[str, str], code: int, told: str
) -> None:
    done = run(tmp_path, *arguments, **variables)
    assert (done.returncode, told in done.stderr, "Traceback" in done.stderr) == (code, True, False), done.stderr


def test_endpoints_refuse_what_cannot_be(team: Team, new_team: Callable[..., Team], slug: str) -> None:
    def answer(path: str, **query: str) -> tuple[int, Any]:
        refused = team.client.get(path, query_string=query)
        return refused.status_code, refused.get_json().get("code")

    assert answer("/api/data/status/no-such-account") == (404, "not_found")
    assert answer("/api/data/status/Not_A_Slug!") == (404, "not_found")
    assert answer(f"/api/data/status/{slug}", day="2026-01-01") == (400, "unknown_parameter")
    assert answer("/api/data/clients", limit="many") == (400, "validation_failed")
    assert answer("/api/data/clients", cursor="forged") == (400, "validation_failed")
    assert answer("/api/data/timeline/no-such-account") == (404, "not_found")
    assert answer("/api/data/schedules/no-such-account") == (404, "not_found")
    assert new_team().client.get(f"/api/data/status/{slug}").status_code == 404
