"""Requests of more than ten megabytes, and batch jobs whose answers are lost at each step."""

from __future__ import annotations

import io
import os
import uuid
from collections import Counter
from functools import partial
from typing import Any

import pytest
from PIL import Image

from backend.integrations.googleads import requests
from backend.publish import bulk
from tests.campaigns.test_children import search_tree
from tests.publish.conftest import OwnStack, run_here
from tests.publish.ledger import mutates
from tests.publish.views import AtGoogle
from tests.support.sandbox import Sandbox

Json = dict[str, Any]
SQUARE = 1_150
"""Noise cannot be packed: an image of so many pixels has four megabytes as PNG."""


def upload(own: OwnStack) -> str:
    """An image that nobody has seen before; the id of its asset."""
    out = io.BytesIO()
    Image.frombytes("RGB", (SQUARE, SQUARE), os.urandom(SQUARE * SQUARE * 3)).save(out, "PNG")
    query = {"customer_id": own.account}
    headers = {"Content-Type": "image/png"}
    made = own.team.client.post("/api/assets", query_string=query, data=out.getvalue(), headers=headers)
    assert made.status_code == 201, made.text
    return str(made.get_json()["id"])


def heavy(own: OwnStack, sandbox: Sandbox) -> Json:
    """A Demand Gen campaign whose three images together are larger than a request may be."""
    images = [{"asset_id": upload(own)} for _ in range(3)]
    ad = {
        "type": "DEMAND_GEN_MULTI_ASSET_AD",
        "headlines": ["Garden chairs"],
        "descriptions": ["For every garden."],
        "business_name": "Example GmbH",
        "final_urls": ["https://www.example.com/landing"],
        "logo_images": [{"url": sandbox.info["images"]["logo"]}],
        "square_marketing_images": images,
    }
    return {
        "name": f"Heavy {uuid.uuid4()}",
        "customer_id": own.account,
        "campaign_type": "DEMAND_GEN",
        "objective": "WEBSITE_TRAFFIC",
        "daily_budget": 12_000_000,
        "contains_eu_political_advertising": False,
        "ad_groups": [{"name": "Everyone", "ads": [ad]}],
    }


@pytest.mark.slow(reason="twelve megabytes of images are made, uploaded, checked and sent")
def test_more_than_ten_megabytes_go_by_batch_job(killed: OwnStack, sandbox: Sandbox) -> None:
    """Few operations, many bytes: no request above the limit leaves, the dry run says that it cannot be complete."""
    client = killed.team.client
    made = client.post("/api/campaigns", json=heavy(killed, sandbox))
    assert made.status_code == 201, made.text
    path = f"/api/campaigns/{made.get_json()['id']}"
    since = sandbox.last_seq()
    dry = run_here(killed, client.post(f"{path}/dry-run").get_json()["job_id"])
    assert (dry["status"], dry["result"]["complete"]) == ("finished", False), dry

    job = run_here(killed, client.post(f"{path}/publish").get_json()["job_id"])

    assert job["status"] == "finished", job["error"]
    assert job["result"]["failed"] == 0
    calls = sandbox.ledger(since=since, customer_id=killed.account)
    methods = Counter(call["method"].rpartition(".")[2] for call in calls if call["outcome"] != "read")
    assert (methods["Mutate"], methods["AddBatchJobOperations"], methods["RunBatchJob"]) == (0, 2, 1)
    (batch,) = killed.rows(
        "SELECT length(request) AS size, state FROM mutate_batches WHERE subject_id = :id AND kind = 'publish'",
        id=uuid.UUID(path.rsplit("/", 1)[-1]),
    )
    assert (batch["size"] > requests.MAX_REQUEST_BYTES, batch["state"]) == (True, "APPLIED")
    (ad,) = client.get(f"{path}/tree").get_json()["ad_groups"][0]["ads"]
    assert ad["google_ad_id"]
    there = AtGoogle(sandbox, killed.account).of("campaign", name=made.get_json()["name"])
    assert [one["id"] for one in there] == [job["result"]["google_campaign_id"]]


LOST = {"when": "after", "grpc_status": "DEADLINE_EXCEEDED"}
NEVER = {"when": "before", "grpc_status": "UNAVAILABLE"}


@pytest.mark.slow(reason="a batch job for each step whose answer is lost")
@pytest.mark.parametrize("fault", [LOST, NEVER], ids=["applied, answer lost", "never arrived"])
@pytest.mark.parametrize("method", ["MutateBatchJob", "AddBatchJobOperations", "RunBatchJob", "ListBatchJobResults"])
def test_a_step_of_a_batch_job_whose_answer_is_lost(
    killed: OwnStack, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, method: str, fault: Json
) -> None:
    """One batch job runs, once, whatever step's outcome was unknown."""
    monkeypatch.setattr(bulk, "MAX_OPERATIONS", 3)
    monkeypatch.setattr(bulk.requests, "split_mutate", partial(bulk.requests.split_mutate, max_operations=12))
    client = killed.team.client
    form = search_tree(killed.account)
    path = f"/api/campaigns/{client.post('/api/campaigns', json=form).get_json()['id']}"
    since = sandbox.last_seq()
    sandbox.add_fault(method=method, customer_id=killed.account, **fault)

    job = run_here(killed, client.post(f"{path}/publish").get_json()["job_id"])

    assert job["status"] == "finished", job["error"]
    assert job["result"]["failed"] == 0
    assert sandbox.faults() == []
    assert mutates(sandbox, since, killed.account) == []
    calls = sandbox.ledger(since=since, customer_id=killed.account)
    assert len([call for call in calls if call["method"].endswith("BatchJobExecution")]) == 1
    assert len(AtGoogle(sandbox, killed.account).of("campaign", name=form["name"])) == 1
