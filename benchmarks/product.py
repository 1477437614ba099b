"""A connected team on an application of this process, for benchmarks that publish; and a worker beside it."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import harness

harness.import_the_product()

from sqlalchemy import text  # noqa: E402

from backend.app import create_app  # noqa: E402
from backend.auth.people import ensure_administrator  # noqa: E402
from backend.auth.tokens import mint  # noqa: E402
from backend.cli.consent import give_consent  # noqa: E402
from backend.core.db import db  # noqa: E402
from config import build_settings  # noqa: E402


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """The services that the bench command started, keys of this run's own, and these settings."""
    key = base64.b64encode(os.urandom(32)).decode()
    own = {"APP_MASTER_KEY": f"v1:{key}", "SECRET_KEY": uuid.uuid4().hex, "LOG_LEVEL": "WARNING"}
    return {**own, **os.environ, **settings, "PYTHONPATH": str(harness.ROOT)}


def start_worker(settings: dict[str, str], log: Path) -> tuple[str, subprocess.Popen[bytes]]:
    """A worker with beat in it, in a process group of its own; its name stands in the log once it takes jobs."""
    name = f"bench-{uuid.uuid4().hex}@localhost"
    command = [sys.executable, "-m", "celery", "-A", "backend.worker", "worker", "-B", "--concurrency", "2"]
    command += ["--loglevel", "INFO", "--schedule", f"{log}.beat", "--hostname", name]
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, cwd=harness.ROOT, env=settings, stdout=output, stderr=output, start_new_session=True
        )
    return name, process


def is_ready(name: str, log: Path) -> bool:
    """Whether a worker takes jobs."""
    return f"{name} ready" in log.read_text(encoding="utf-8", errors="replace")


class Product:
    """The application, a connected team, and the sandbox's doors."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.app = create_app(build_settings(environment))
        self.sandbox = Path(environment["GOOGLE_ADS_CA_FILE"]).parents[1]
        self.info: dict[str, Any] = json.loads((self.sandbox / "sandbox.json").read_text(encoding="utf-8"))
        with self.app.app_context():
            person = ensure_administrator(tenant_name=f"Bench {uuid.uuid4()}", email=f"{uuid.uuid4()}@example.com")
            self.token = mint(person.user_id, "bench").token
        self.account = ""

    def rows(self, statement: str, **values: Any) -> list[dict[str, Any]]:
        """What stands in the database, of any tenant."""
        with self.app.app_context(), db.engine.begin() as connection:
            connection.execute(text("SELECT set_config('app.tenant', '*', true)"))
            return [dict(row) for row in connection.execute(text(statement), values).mappings()]

    def call(self, method: str, path: str, **options: Any) -> Any:
        """One request as the team's administrator."""
        headers = {"Authorization": f"Bearer {self.token}", **(options.pop("headers", None) or {})}
        return self.app.test_client().open(path, method=method, headers=headers, **options)

    def connect(self) -> None:
        """Run the OAuth flow and take the first client account that is enabled."""
        browser = self.app.test_client()
        headers = {"Authorization": f"Bearer {self.token}"}
        begun = browser.get("/auth/google/login", headers=headers)
        back = urlsplit(give_consent(begun.headers["Location"], ca_file=self.info["ca_file"]))
        done = browser.get(back.path, query_string=back.query, headers=headers)
        self.wait([done.get_json()["job_id"]], 120)
        accounts = self.call("GET", "/api/customers?limit=100").get_json()
        usable = [item for item in accounts if not item["manager"] and item["status"] == "ENABLED"]
        self.account = usable[0]["customer_id"]

    def wait(self, job_ids: list[str], seconds: float) -> list[dict[str, Any]]:
        """The jobs once all of them are over."""
        deadline = time.monotonic() + seconds
        while True:
            found = self.rows(
                "SELECT id, status, error, attempts, created_at, finished_at FROM jobs WHERE id = ANY(:ids)",
                ids=[uuid.UUID(job_id) for job_id in job_ids],
            )
            if all(job["status"] in ("finished", "failed") for job in found):
                return found
            if time.monotonic() > deadline:
                raise TimeoutError(f"jobs are still not over: {Counter(job['status'] for job in found)}")
            time.sleep(0.5)
