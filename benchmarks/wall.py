"""How long a publish takes from the request to the answer, and how much of it is not Google's own time."""

from __future__ import annotations

import os
import signal
import time
import uuid
from pathlib import Path
from typing import Any

import harness
from product import Product, environment, is_ready, start_worker

GROUPS, KEYWORDS, ADS = 5, 20, 3


def form(account: str) -> dict[str, Any]:
    """A search campaign of 5 ad groups with 20 keywords and 3 ads each."""
    texts = {"headlines": ["Garden chairs", "Fast delivery", "Order today"], "descriptions": ["Comfortable.", "Free."]}
    ad = {**texts, "final_urls": ["https://www.example.com/chairs"]}
    return {
        "name": f"Wall {uuid.uuid4()}",
        "customer_id": account,
        "campaign_type": "SEARCH",
        "objective": "LEADS",
        "daily_budget": 5_000_000,
        "contains_eu_political_advertising": False,
        "ad_groups": [
            {
                "name": f"Group {group}",
                "keywords": [f"[garden chair {group} {number}]" for number in range(KEYWORDS)],
                "ads": [ad | {"path1": f"ad{number}"} for number in range(ADS)],
            }
            for group in range(GROUPS)
        ],
    }


def measure(publishes: int) -> None:
    """Publish so many campaigns, one after the other with `Prefer: wait`, and print where the time went.

    `Google` is from the moment before the request leaves the worker until its answer is recorded.
    """
    settings = environment({})
    product = Product(settings)
    log = product.sandbox / "wall-worker.log"
    name, worker = start_worker(settings, log)
    try:
        _until_ready(name, log)
        product.connect()
        _one(product)  # the first opens connections
        rounds = [_one(product) for _ in range(publishes)]
    finally:
        os.killpg(worker.pid, signal.SIGTERM)
        worker.wait()
    timings = {
        "request to answer": harness.timing([wall for wall, _ in rounds]),
        "Google's answer": harness.timing([google for _, google in rounds]),
        "beyond Google's answer": harness.timing([wall - google for wall, google in rounds]),
    }
    harness.show(f"publish {GROUPS} ad groups x {KEYWORDS} keywords x {ADS} ads, one mutate call", timings)


def _until_ready(name: str, log: Path) -> None:
    deadline = time.monotonic() + 60
    while not is_ready(name, log):
        if time.monotonic() > deadline:
            raise TimeoutError(f"the worker did not start: {log}")
        time.sleep(0.1)


def _one(product: Product) -> tuple[float, float]:
    """Seconds from the request to its 200, and of them Google's.

    Raises:
        RuntimeError: It was not published, or not with one call.
    """
    made = product.call("POST", "/api/campaigns", json=form(product.account)).get_json()
    begin = time.perf_counter()
    answer = product.call("POST", f"/api/campaigns/{made['id']}/publish", headers={"Prefer": "wait=30"})
    wall = time.perf_counter() - begin
    if answer.status_code != 200:
        raise RuntimeError(f"not published: {answer.text}")
    sent = product.rows(
        "SELECT sends, extract(epoch FROM answered_at - sent_at)::float AS seconds FROM mutate_batches"
        " WHERE subject_id = :id",
        id=uuid.UUID(made["id"]),
    )
    if [row["sends"] for row in sent] != [1]:
        raise RuntimeError(f"not one call: {sent}")
    return wall, sent[0]["seconds"]
