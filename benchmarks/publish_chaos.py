"""I1: publishes under random kill -9 of the worker, with answers lost and changes applied late.

    python3 run.py bench publish_chaos [--runs 100] [--at-once 4] [--seed 1]

Each run creates a search campaign and publishes it, a few at a time. At a random moment of each such group, while its
publishes are under way, the whole worker (parent and pool) is killed and started again; every second mutate meets a
fault: slow, applied and then DEADLINE_EXCEEDED, applied late (within the time that is waited for it, and after that),
or UNAVAILABLE. In the end the sandbox's ledger holds exactly one tree per campaign, every job is finished, and every id
of the tree here is one that was given there. `cut` counts the runs of jobs that a kill ended.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import signal
import subprocess
import threading
import time
import uuid
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import harness
import requests
from product import Product, environment, is_ready, start_worker

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
    {"when": "slow", "delay_s": 1},
    {"when": "after", "grpc_status": "DEADLINE_EXCEEDED"},
    {"when": "late", "delay_s": 1},
    {"when": "late", "delay_s": 5},
    {"when": "before", "grpc_status": "UNAVAILABLE"},
)
LATEST_KILL_S = 1.0
LONGEST_S = 1_800


class Workers:
    """One worker at a time; killed and started again until told to stop."""

    def __init__(self, environment: dict[str, str], folder: Path, pick: random.Random) -> None:
        self._environment = environment
        self._log = folder / "chaos-worker.log"
        self._pick = pick
        self._stop = threading.Event()
        self._busy = threading.Event()
        self.kills = 0
        self.name = ""
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        self.name, process = start_worker(self._environment, self._log)
        return process

    def rage(self) -> None:
        """Once per group, at a random moment after its first publish was accepted: kill, and start the next worker."""
        while self._is_ready():
            self._busy.wait()
            self._busy.clear()
            if self._stop.wait(self._pick.uniform(0, LATEST_KILL_S)):
                return
            self.kill()
            self.kills += 1
            self.process = self._start()

    def publishes_begin(self) -> None:
        """Note that there is something to interrupt."""
        self._busy.set()

    def _is_ready(self) -> bool:
        """Wait until the current worker takes jobs; False when there is to be no more killing."""
        while not is_ready(self.name, self._log):
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

    def calm(self) -> None:
        """Kill no more."""
        self._stop.set()
        self._busy.set()


class Chaos(Product):
    """The product, faults for it, and what the sandbox's ledger and the product tell of its campaigns."""

    def fault(self, pick: random.Random) -> None:
        """Let the account's next mutate go wrong."""
        body = {"method": "Mutate", "customer_id": self.account, **pick.choice(FAULTS)}
        requests.post(f"{self.info['admin_url']}/faults", json=body, timeout=10).raise_for_status()

    def trees(self) -> dict[str, list[set[str]]]:
        """Per campaign name the trees that were really made, by the ledger: the resource names of each."""
        made: dict[str, list[set[str]]] = defaultdict(list)
        for line in (self.sandbox / "ledger.jsonl").read_text(encoding="utf-8").splitlines():
            call = json.loads(line)
            if call["customer_id"] != self.account or not call["results"]:
                continue
            for operation, result in zip(call["operations"], call["results"], strict=False):
                create = operation.get("campaign_operation", {}).get("create")
                if create and result:
                    made[create["name"]].append(set(call["results"]))
        return made

    def names(self, campaign_id: str) -> set[str]:
        """The resource names that a published campaign and its children hold here; a child without one has None."""
        answer = self.call("GET", f"/api/campaigns/{campaign_id}/tree").get_json()
        account, found = self.account, {f"customers/{self.account}/campaigns/{answer['google_campaign_id']}"}
        for group in answer["ad_groups"]:
            parent = group["google_ad_group_id"]
            found.add(f"customers/{account}/adGroups/{parent}")
            found |= {
                f"customers/{account}/adGroupCriteria/{parent}~{word['criterion_id']}" for word in group["keywords"]
            }
            found |= {f"customers/{account}/adGroupAds/{parent}~{ad['google_ad_id']}" for ad in group["ads"]}
        return found


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


@dataclass(frozen=True, slots=True)
class Published:
    """A campaign whose publish was accepted."""

    name: str
    campaign_id: str
    job_id: str


def storm(product: Chaos, workers: Workers, runs: int, at_once: int, pick: random.Random) -> list[Published]:
    """Publish so many campaigns, a few at a time."""
    accepted: list[Published] = []
    for number in range(runs):
        made = product.call("POST", "/api/campaigns", json=form(product.account)).get_json()
        if number % 2 == 0:
            product.fault(pick)
        answer = product.call("POST", f"/api/campaigns/{made['id']}/publish")
        assert answer.status_code == 202, answer.text
        accepted.append(Published(made["name"], made["id"], answer.get_json()["job_id"]))
        if number % at_once == 0:
            workers.publishes_begin()
        if number % at_once == at_once - 1:
            product.wait([one.job_id for one in accepted[-at_once:]], LONGEST_S)
    return accepted


def right(product: Chaos, accepted: list[Published]) -> int:
    """How many campaigns are one tree at Google, with the very names that stand here."""
    trees, good = product.trees(), 0
    for one in accepted:
        made = trees.get(one.name, [])
        if len(made) == 1 and product.names(one.campaign_id) <= made[0]:
            good += 1
        else:
            print("not one tree:", one, [len(names) for names in made])
    return good


def main() -> int:
    """Run the storm and hold the ledger against the database."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--at-once", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    pick = random.Random(options.seed)
    settings = environment(QUICK)
    product = Chaos(settings)
    workers = Workers(settings, product.sandbox, pick)
    begin = time.perf_counter()
    try:
        product.connect()
        threading.Thread(target=workers.rage, daemon=True).start()
        accepted = storm(product, workers, options.runs, options.at_once, pick)
        workers.calm()
        ended = product.wait([one.job_id for one in accepted], LONGEST_S)
    finally:
        workers.calm()
        workers.kill()
        requests.delete(f"{product.info['admin_url']}/faults", timeout=10)
    finished = sum(job["status"] == "finished" for job in ended)
    for job in ended:
        if job["status"] != "finished":
            print("not finished:", job["id"], job["error"])
    good = min(right(product, accepted), finished)
    met = harness.target(
        "publish_chaos",
        "I1",
        good / options.runs,
        1.0,
        runs=options.runs,
        kills=workers.kills,
        cut=sum(job["attempts"] for job in ended) - options.runs,
        finished=finished,
        trees=sum(len(product.trees().get(one.name, [])) for one in accepted),
        seconds=round(time.perf_counter() - begin, 1),
    )
    return 0 if met else 1


if __name__ == "__main__":
    raise SystemExit(main())
