"""A bad setting stops every way of starting with one line that names it, and starts nothing."""

from __future__ import annotations

import base64
import subprocess
import sys
from pathlib import Path

import pytest

from backend.cli.development_keys import fresh_keys
from backend.cli.home import ROOT
from backend.cli.keys import production_secrets
from backend.cli.stack import Stack as Composed
from tests.support.environment import clean_environment
from tests.support.stack import Stack

GOOD = {
    "APP_MASTER_KEY": f"v1:{base64.b64encode(bytes(range(32))).decode()}",
    "SECRET_KEY": "thirty-two-characters-at-least-here",
    "DATABASE_URL": "postgresql://cw_app:its-own@db/campaignwizard",
    "REDIS_URL": "redis://:its-own@redis/0",
    "GOOGLE_ADS_CLIENT_ID": "client",
    "GOOGLE_ADS_CLIENT_SECRET": "secret",
}
MALFORMED = {
    "APP_MASTER_KEY": "v1:too-short",
    "DATABASE_URL": "mysql://somewhere/else",
    "REDIS_URL": "http://redis",
    "GOOGLE_ADS_ENDPOINT": "https://localhost:50051",
    "GOOGLE_ADS_DAILY_OPERATIONS": "many",
    "API_PORT": "eight thousand",
    "APP_ENV": "staging",
    "CORS_ORIGINS": "*",
}
STARTS = {
    "gunicorn": ["gunicorn", "-c", "backend/gunicorn.py", "backend.app:create_app()"],
    "stream": ["gunicorn", "-c", "backend/gunicorn.py", "backend.app:create_stream_app()"],
    "worker": ["celery", "-A", "backend.worker", "worker"],
    "migrations": ["flask", "--app", "backend.app", "db", "upgrade"],
}


@pytest.mark.parametrize("name", MALFORMED)
def test_up_names_the_malformed_setting_and_starts_nothing(stack: Stack, name: str) -> None:
    done = stack.run("up", **{name: MALFORMED[name]})
    assert done.returncode == 1
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1
    assert name in lines[0]
    assert MALFORMED[name] not in lines[0].replace("*", "", 1) or name == "CORS_ORIGINS"
    assert stack.processes() == []
    assert stack.status()["state"] == "stopped"


@pytest.mark.parametrize("name", [name for name in GOOD if name.startswith(("APP", "SECRET", "DATABASE", "REDIS"))])
def test_production_makes_nothing_up(stack: Stack, name: str) -> None:
    given = {key: value for key, value in GOOD.items() if key != name}
    stack.settings = {**given, "APP_ENV": "production"}
    done = stack.run("up")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert name in done.stderr
    assert not stack.home.keys_file.exists()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GOOGLE_ADS_ENDPOINT", "localhost:50051"),
        ("SECRET_KEY", "change-me"),
        ("ASSET_FETCH_ALLOW", "localhost:8443"),
        ("REDIS_URL", "redis://redis:6379/0"),
        ("DATABASE_URL", "postgresql://cw_app:cw_app@db/campaignwizard"),
        ("FLASK_DEBUG", "1"),
    ],
)
def test_production_refuses_what_is_unsafe(stack: Stack, name: str, value: str) -> None:
    stack.settings = {**GOOD, "APP_ENV": "production", name: value}
    done = stack.run("up")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert name in done.stderr


@pytest.mark.slow(reason="each way of starting imports the whole product")
@pytest.mark.parametrize("start", STARTS)
def test_every_server_stops_at_a_bad_setting_with_one_line(start: str) -> None:
    environment = clean_environment(**{**GOOD, "APP_MASTER_KEY": "v1:too-short"})
    command = [sys.executable, "-m", *STARTS[start]]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode != 0
    said = done.stderr.strip().splitlines()
    assert len(said) == 1
    assert said[0].startswith("The start stops: APP_MASTER_KEY must be v<number>:<base64 of 32 bytes>")


def test_keys_that_were_tampered_with_are_refused_and_kept(stack: Stack) -> None:
    stack.home.make()
    stack.home.keys_file.write_text('{"app_master_key": ""}', encoding="utf-8")
    done = stack.run("up")
    assert done.returncode == 1
    assert "keys.json must hold exactly" in done.stderr
    assert done.stderr.count("\n") == 1
    assert stack.home.keys_file.read_text(encoding="utf-8") == '{"app_master_key": ""}'


def test_keys_files_never_replaces_a_secret(stack: Stack, tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    assert stack.run("keys", "files", str(folder)).returncode == 0
    first = {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}
    assert set(first) == set(production_secrets())
    again = stack.run("keys", "files", str(folder))
    assert again.returncode == 1
    assert "never replaced" in again.stderr
    assert {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()} == first


def test_an_unknown_command_and_argument_are_refused(stack: Stack) -> None:
    assert stack.run("dance").returncode == 2
    assert "there is no command 'dance'" in stack.run("dance").stderr
    assert stack.run("up", "--fast").stderr == "run.py up: unknown argument '--fast': `up` takes none\n"


def test_an_empty_setting_is_an_absent_one(stack: Stack) -> None:
    empty = {"DATABASE_URL": "", "REDIS_URL": " ", "APP_MASTER_KEY": ""}
    made = Composed(stack.home, empty)
    made.add_keys(fresh_keys())
    assert made.wants_database
    assert made.wants_redis
    made.added["DATABASE_URL"] = "postgresql://cw_app:pw@/campaignwizard"
    assert made.environment["DATABASE_URL"] == "postgresql://cw_app:pw@/campaignwizard"
    assert made.check().app_env == "development"


def test_a_real_google_client_keeps_the_sandbox_away(stack: Stack) -> None:
    assert Composed(stack.home, {}).wants_sandbox
    assert not Composed(stack.home, {"GOOGLE_ADS_CLIENT_ID": "mine"}).wants_sandbox
    assert not Composed(stack.home, {"GOOGLE_ADS_ENDPOINT": "localhost:50051"}).wants_sandbox
    assert not Composed(stack.home, {"APP_ENV": "production"}).wants_sandbox
