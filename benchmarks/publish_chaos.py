"""I1: publishes under random kill -9 of the worker, with answers lost and changes applied late.

    python3 run.py bench publish_chaos [--runs 100] [--at-once 4] [--seed 1]

Each run creates a search campaign and publishes it. Meanwhile the whole worker (parent and pool) is killed at random
moments and started again, and every third mutate meets a fault: applied and then DEADLINE_EXCEEDED, applied late, or
UNAVAILABLE. In the end the sandbox's ledger holds exactly one tree per campaign, every job is finished, and the ids
here are those that were given there.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import harness

harness.import_the_product()

import requests  # noqa: E402
from sqlalchemy import text  # noqa: E402

from backend.app import create_app  # noqa: E402
from backend.auth.people import ensure_administrator  # noqa: E402
from backend.auth.tokens import mint  # noqa: E402
from backend.cli.consent import give_consent  # noqa: E402
from backend.core.db import db  # noqa: E402
from config import build_settings  # noqa: E402

NEEDS = ("database", "redis", "sandbox")
QUICK = {
    "JOB_LEASE_SECONDS": "3",
    "JOB_SWEEP_SECONDS": "0.5",
    "PUBLISH_DEADLINE_SECONDS": "3",
    "PUBLISH_GRACE_SECONDS": "1",
    "RETRY_BACKOFF_SECONDS": "0.2",
    "VISIBILITY_TIMEOUT_SECONDS": "10",
    "RATE_LIMIT": "1000000 per minute",
}
FAULTS: tuple[dict[str, Any], ...] = (
    {"when": "after", "grpc_status": "DEADLINE_EXCEEDED"},
    {"when": "late", "delay_s": 1},
    {"when": "before", "grpc_status": "UNAVAILABLE"},
)
LONGEST_S = 1_800


class Workers:
    """One worker at a time; killed and started again until told to stop."""

    def __init__(self, environment: dict[str, str], folder: Path, pick: random.Random) -> None:
        self._environment = environment
        self._log = (folder / "chaos-worker.log").open("ab")
        self._pick = pick
        self._stop = threading.Event()
        self.kills = 0
        self.name = ""
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        command = [
            sys.executable,
            "-m",
            "celery",
            "-A",
            "backend.worker",
            "worker",
            "-B",
            "--concurrency",
            "2",
            "--loglevel",
            "INFO",
        ]
        self.name = f"chaos-{uuid.uuid4().hex}@localhost"
        command += ["--schedule", f"{self._log.name}.beat", "--hostname", self.name]
        return subprocess.Popen(
            command, cwd=harness.ROOT, env=self._environment, stdout=self._log, stderr=self._log, start_new_session=True
        )

    def rage(self) -> None:
        """Kill at random moments once the worker takes jobs, often while a publish is under way."""
        while self._is_ready() and not self._stop.wait(self._pick.uniform(5, 20)):
            self.kill()
            self.process = self._start()

    def _is_ready(self) -> bool:
        """Wait until the current worker takes jobs; False when there is to be no more killing."""
        while f"{self.name} ready" not in Path(self._log.name).read_text(encoding="utf-8", errors="replace"):
            if self._stop.wait(0.2):
                return False
            if self.process.poll() is not None:
                self.process = self._start()
        return True

    def kill(self) -> None:
        """End the worker and its pool at once."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.kills += 1

    def calm(self) -> None:
        """Kill no more."""
        self._stop.set()


class Product:
    """The application, a connected team, and the sandbox's doors."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.app = create_app(build_settings(environment))
        self.sandbox = Path(environment["GOOGLE_ADS_CA_FILE"]).parents[1]
        self.info: dict[str, Any] = json.loads((self.sandbox / "sandbox.json").read_text(encoding="utf-8"))
        with self.app.app_context():
            person = ensure_administrator(tenant_name=f"Chaos {uuid.uuid4()}", email=f"{uuid.uuid4()}@example.com")
            self.token = mint(person.user_id, "chaos").token
        self.account = ""

    def call(self, method: str, path: str, **options: Any) -> Any:
        """One request as the team's administrator."""
        headers = {"Authorization": f"Bearer {self.token}"}
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

    def fault(self, pick: random.Random) -> None:
        """Let the account's next mutate go wrong."""
        body = {"method": "Mutate", "customer_id": self.account, **pick.choice(FAULTS)}
        requests.post(f"{self.info['admin_url']}/faults", json=body, timeout=10).raise_for_status()

    def wait(self, job_ids: list[str], seconds: float) -> list[dict[str, Any]]:
        """The jobs once all of them are over."""
        deadline = time.monotonic() + seconds
        while True:
            with self.app.app_context(), db.engine.begin() as connection:
                connection.execute(text("SELECT set_config('app.tenant', '*', true)"))
                rows = connection.execute(
                    text("SELECT id, status, error, attempts FROM jobs WHERE id = ANY(:ids)"),
                    {"ids": [uuid.UUID(job_id) for job_id in job_ids]},
                ).mappings()
                found = [dict(row) for row in rows]
            if all(job["status"] in ("finished", "failed") for job in found):
                return found
            if time.monotonic() > deadline:
                raise TimeoutError(f"jobs are still not over: {Counter(job['status'] for job in found)}")
            time.sleep(0.5)

    def trees(self) -> Counter[str]:
        """How often a campaign of each name was really made, by the ledger."""
        made: Counter[str] = Counter()
        for line in (self.sandbox / "ledger.jsonl").read_text(encoding="utf-8").splitlines():
            call = json.loads(line)
            if call["customer_id"] != self.account or not call["results"]:
                continue
            for operation, result in zip(call["operations"], call["results"], strict=False):
                create = operation.get("campaign_operation", {}).get("create")
                if create and result:
                    made[f"{create['name']}|{result.rsplit('/', 1)[-1]}"] += 1
        return made


def form(account: str) -> dict[str, Any]:
    """A search campaign that needs no image."""
    texts = {"headlines": ["Garden chairs", "Fast delivery", "Order today"], "descriptions": ["Comfortable.", "Free."]}
    ad = {**texts, "final_urls": ["https://www.example.com/chairs"]}
    return {
        "name": f"Chaos {uuid.uuid4()}",
        "customer_id": account,
        "campaign_type": "SEARCH",
        "objective": "LEADS",
        "daily_budget": 5_000_000,
        "contains_eu_political_advertising": False,
        "ad_groups": [{"name": "All", "keywords": ["[garden chair]"], "ads": [ad]}],
    }


def storm(product: Product, runs: int, at_once: int, pick: random.Random) -> dict[str, str]:
    """Publish so many campaigns, a few at a time; the name of each and its job."""
    jobs: dict[str, str] = {}
    for number in range(runs):
        made = product.call("POST", "/api/campaigns", json=form(product.account)).get_json()
        if number % 3 == 0:
            product.fault(pick)
        accepted = product.call("POST", f"/api/campaigns/{made['id']}/publish")
        assert accepted.status_code == 202, accepted.text
        jobs[made["name"]] = accepted.get_json()["job_id"]
        if number % at_once == at_once - 1:
            product.wait(list(jobs.values())[-at_once:], LONGEST_S)
    return jobs


def main() -> int:
    """Run the storm and hold the ledger against the database."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--at-once", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    pick = random.Random(options.seed)
    key = base64.b64encode(os.urandom(32)).decode()
    environment = {"APP_MASTER_KEY": f"v1:{key}", "SECRET_KEY": uuid.uuid4().hex, **os.environ, **QUICK}
    environment["PYTHONPATH"] = str(harness.ROOT)
    product = Product(environment)
    workers = Workers(environment, product.sandbox, pick)
    begin = time.perf_counter()
    try:
        product.connect()
        threading.Thread(target=workers.rage, daemon=True).start()
        jobs = storm(product, options.runs, options.at_once, pick)
        workers.calm()
        ended = product.wait(list(jobs.values()), LONGEST_S)
    finally:
        workers.calm()
        workers.kill()
        requests.delete(f"{product.info['admin_url']}/faults", timeout=10)
    with product.app.app_context(), db.engine.begin() as connection:
        connection.execute(text("SELECT set_config('app.tenant', '*', true)"))
        rows = connection.execute(
            text("SELECT name, google_id FROM campaigns WHERE name = ANY(:names) AND status = 'PUBLISHED'"),
            {"names": list(jobs)},
        ).all()
    here = Counter(f"{name}|{google_id}" for name, google_id in rows)
    there = Counter({name: count for name, count in product.trees().items() if name.split("|")[0] in jobs})
    finished = sum(job["status"] == "finished" for job in ended)
    right = sum(1 for name in here if there[name] == 1)
    ratio = right / options.runs if here == there and finished == options.runs else min(right, finished) / options.runs
    for job in ended:
        if job["status"] != "finished":
            print("not finished:", job["id"], job["error"])
    met = harness.target(
        "publish_chaos",
        "I1",
        ratio,
        1.0,
        runs=options.runs,
        kills=workers.kills,
        finished=finished,
        trees=sum(there.values()),
        attempts=sum(job["attempts"] for job in ended),
        seconds=round(time.perf_counter() - begin, 1),
    )
    return 0 if met and here == there else 1


if __name__ == "__main__":
    raise SystemExit(main())
