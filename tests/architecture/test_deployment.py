"""The deployment files agree with the code: queues, commands, settings, secrets. No container engine is needed."""

from __future__ import annotations

import ast
import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from backend.cli.keys import production_secrets
from config import build_settings

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def fly() -> dict[str, Any]:
    return tomllib.loads((ROOT / "fly.toml").read_text(encoding="utf-8"))


def queues_of_the_worker() -> set[str]:
    """`QUEUES` of backend/worker.py, read without starting a worker."""
    for node in ast.parse((ROOT / "backend" / "worker.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "QUEUES":
            return set(ast.literal_eval(node.value))
    raise AssertionError("backend/worker.py names no QUEUES")


def queues_used() -> set[str]:
    """Every queue that some module sends a job to."""
    found = set()
    for path in (ROOT / "backend").rglob("*.py"):
        found |= set(
            re.findall(r'(?:queue=|"queue": |^QUEUE = )"(\w+)"', path.read_text(encoding="utf-8"), re.MULTILINE)
        )
    return found


def queues_consumed(command: str) -> set[str]:
    words = shlex.split(command)
    return set(words[words.index("--queues") + 1].split(","))


def test_every_queue_is_consumed(compose: dict[str, Any], fly: dict[str, Any]) -> None:
    assert queues_used() <= queues_of_the_worker()
    assert queues_consumed(compose["services"]["worker"]["command"]) == queues_of_the_worker()
    assert queues_consumed(fly["processes"]["worker"]) == queues_of_the_worker()


def test_the_services_of_production(compose: dict[str, Any]) -> None:
    assert {"api", "stream", "worker", "beat", "db", "redis", "proxy", "migrate"} <= set(compose["services"])
    published = {name for name, service in compose["services"].items() if "ports" in service}
    assert published == {"proxy"}


@pytest.mark.parametrize("name", ["migrate", "api", "stream", "worker", "beat"])
def test_the_products_services_are_locked_down_and_run_one_image(compose: dict[str, Any], name: str) -> None:
    service = compose["services"][name]
    assert service["image"] == "campaignwizard"
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["environment"]["APP_ENV"] == "production"


def test_answers_of_google_wait_on_a_disk_that_the_worker_may_write(compose: dict[str, Any]) -> None:
    worker, dockerfile = compose["services"]["worker"], (ROOT / "Dockerfile").read_text(encoding="utf-8")
    folder = worker["environment"]["TMPDIR"]
    volumes = dict(reversed(volume.split(":")) for volume in worker["volumes"])
    assert volumes[folder] in compose["volumes"]
    assert f"install -d -o campaignwizard -g campaignwizard {folder}\n" in dockerfile
    assert folder not in worker["tmpfs"]


def test_no_secret_stands_in_the_file(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        for name, value in service.get("environment", {}).items():
            if re.search(r"SECRET|KEY|PASSWORD|TOKEN|DATABASE_URL|REDIS_URL", name):
                assert name.endswith("_FILE"), name
                assert value.removeprefix("/run/secrets/") in service["secrets"], name
        assert set(service.get("secrets", [])) <= set(compose["secrets"])


def test_what_keys_files_writes_is_what_the_services_read(compose: dict[str, Any]) -> None:
    by_hand = {"google_client_secret", "google_developer_token", "tls_certificate", "tls_key"}
    assert set(production_secrets()) == set(compose["secrets"]) - by_hand


def test_production_starts_with_these_settings(compose: dict[str, Any], tmp_path: Path) -> None:
    """The settings of every service, with the secrets that `keys files` draws, are accepted in production."""
    secrets = {**production_secrets(), "google_client_secret": "from-google", "google_developer_token": ""}
    for name, text in secrets.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    shell = {"CW_PUBLIC_URL": "https://ads.example.com", "GOOGLE_ADS_CLIENT_ID": "client"}

    def filled(value: str) -> str:
        value = re.sub(r"\$\{(\w+)(?::[-?]([^}]*))?\}", lambda m: shell.get(m[1], m[2] or ""), value)
        return value.replace("/run/secrets", str(tmp_path))

    for name in ("migrate", "api", "stream", "worker", "beat"):
        environment = {key: filled(value) for key, value in compose["services"][name]["environment"].items()}
        if environment["CORS_ORIGINS"].startswith("set"):
            environment["CORS_ORIGINS"] = ""
        settings = build_settings(environment)
        assert settings.production
        assert settings.public_url == "https://ads.example.com"


def test_one_image_holds_what_the_product_imports() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    names = {name for line in copied for name in line.split()}
    assert names == {"config.py", "backend", "migrations", "requirements.txt", "requirements-fast.txt"}
    assert {f"!{name}" for name in names} <= set(ignored)


def test_the_proxy_sends_streams_to_the_stream_process() -> None:
    conf = (ROOT / "deploy" / "nginx" / "default.conf").read_text(encoding="utf-8")
    found = re.search(r"location ~ (\S+) \{\s+proxy_pass http://stream;", conf)
    assert found
    streams = re.compile(found[1])
    for path in ("/api/events", "/api/jobs/0b7e/events", "/api/customers/1234567890/events", "/api/gaql"):
        assert streams.search(path), path
    for path in ("/api/jobs/0b7e/status", "/api/campaigns", "/api/customers/1234567890"):
        assert not streams.search(path), path


def test_continuous_integration_runs_the_test_command() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "python3 run.py test" in script
