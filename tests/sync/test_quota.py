"""Rate limits, the quota ledger and the circuit breaker, with a real worker and Redis (R18, R19)."""

from __future__ import annotations

import importlib
import json
import time
from collections.abc import Callable
from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest
import redis
from flask import Flask

from backend.auth.guarded import project_of
from backend.core import quota
from backend.core.redis import connect
from backend.integrations.googleads import wire
from tests.support.database import Rows
from tests.support.sandbox import Sandbox
from tests.support.servers import Servers
from tests.support.team import Team
from tests.support.worker import Worker
from tests.sync.test_sync_account import run_command

Wait = Callable[..., dict[str, Any]]
VERSIONS = ("v23", "v24", "v25", "v26")


pytestmark = pytest.mark.usefixtures("free_to_call")


@pytest.fixture
def two_accounts(team: Team, worker: Worker) -> list[dict[str, Any]]:
    return [item for item in team.connect() if not item["manager"] and item["status"] == "ENABLED"][3:5]


def begin(team: Team, slug: str) -> str:
    answered = team.client.post("/api/runbooks/execute", json={"slug": slug, "command": "append", "args": {}})
    assert answered.status_code == 202, answered.text
    return str(answered.get_json()["job_id"])


@pytest.mark.slow("Google's own wait of seven seconds is part of what must hold")
def test_r18_no_call_in_a_limited_scope_until_the_delay_is_over_and_others_go_on(
    team: Team, two_accounts: list[dict[str, Any]], rows: Rows, sandbox: Sandbox, wait_for_job: Wait
) -> None:
    limited, free = two_accounts
    sandbox.add_fault(
        method="SearchStream",
        customer_id=limited["customer_id"],
        times=1,
        when="before",
        error_code="QuotaError.RESOURCE_TEMPORARILY_EXHAUSTED",
        retry_delay_s=7,
        rate_scope="ACCOUNT",
    )
    seq = sandbox.last_seq()
    waiting = begin(team, limited["slug"])
    assert wait_for_job(begin(team, free["slug"]), timeout=120)["status"] == "finished"
    assert wait_for_job(waiting, timeout=120)["status"] == "finished"
    parked = rows(
        "SELECT data FROM events WHERE job_id = CAST(:id AS uuid) AND kind = 'job.waiting' ORDER BY id", id=waiting
    )
    assert parked[0]["data"]["reason"] == "rate_limit"
    assert parked[0]["data"]["seconds"] >= 7
    calls = [call for call in sandbox.ledger(since=seq) if call.get("customer_id") == limited["customer_id"]]
    refused = next(call for call in calls if call["outcome"] == "faulted")
    after = [call for call in calls if call["seq"] > refused["seq"]]
    assert after
    assert seconds_between(refused, after[0]) >= 7


def seconds_between(earlier: dict[str, Any], later: dict[str, Any]) -> float:
    return (datetime.fromisoformat(later["time"]) - datetime.fromisoformat(earlier["time"])).total_seconds()


@pytest.mark.slow("the pauses of the breaker, and a whole sync after them")
def test_r19_the_breaker_opens_probes_and_closes_by_itself(
    team: Team,
    two_accounts: list[dict[str, Any]],
    rows: Rows,
    sandbox: Sandbox,
    servers: Servers,
    worker: Worker,
    wait_for_job: Wait,
) -> None:
    account = two_accounts[0]
    sandbox.add_fault(
        method="SearchStream", customer_id=account["customer_id"], times=22, when="before", grpc_status="UNAVAILABLE"
    )
    seq = sandbox.last_seq()
    done = wait_for_job(begin(team, account["slug"]), timeout=150)
    assert done["status"] == "finished", done["error"]
    # What happened is read from what stays: no window of a second has to be met.
    credential = rows("SELECT id FROM user_credentials WHERE tenant_id = :t", t=team.tenant_id)[0]["id"]
    opened = [
        json.loads(line) for line in worker.log.splitlines() if "breaker_opened" in line and str(credential) in line
    ]
    assert opened
    calls = sandbox.ledger(since=seq, customer_id=account["customer_id"], method="SearchStream")
    assert [call["outcome"] for call in calls[:23]] == ["faulted"] * 22 + ["read"]
    pauses = [seconds_between(earlier, later) for earlier, later in pairwise(calls[:23])]
    assert max(pauses) >= opened[0]["seconds"], "calls were made while the breaker was open"
    assert not list(redis.Redis.from_url(servers.redis_url).scan_iter(f"breaker:{credential}:*"))


def test_the_ledger_counts_searches_and_each_mutated_item(
    app: Flask, team: Team, two_accounts: list[dict[str, Any]], sandbox: Sandbox, wait_for_job: Wait
) -> None:
    account = two_accounts[1]
    with app.app_context():
        project = project_of(app.config["SETTINGS"].google.client_id)
        before = quota.spent(project, int(account["customer_id"]))
    seq = sandbox.last_seq()
    run_command(team, wait_for_job, account["slug"], "append")
    made = [call for call in sandbox.ledger(since=seq) if call.get("customer_id") == account["customer_id"]]
    with app.app_context():
        assert quota.spent(project, int(account["customer_id"])) - before == len(made)
        assert quota.spent(project) >= quota.spent(project, int(account["customer_id"]))


@pytest.mark.parametrize("version", VERSIONS)
def test_operations_are_counted_on_the_bytes(version: str) -> None:
    types = importlib.import_module(f"google.ads.googleads.{version}.services.types.google_ads_service")
    request = types.MutateGoogleAdsRequest.pb()(customer_id="1" * 10, validate_only=True, partial_failure=True)
    for number in range(300):
        request.mutate_operations.add().campaign_budget_operation.create.name = f"Budget {number}" * number
    assert wire.count_field(request.SerializeToString(), wire.MUTATE_OPERATIONS) == 300
    batch = importlib.import_module(f"google.ads.googleads.{version}.services.types.batch_job_service")
    part = batch.AddBatchJobOperationsRequest.pb()(resource_name="customers/1/batchJobs/2", sequence_token="x")
    part.mutate_operations.add()
    assert wire.count_field(part.SerializeToString(), wire.BATCH_OPERATIONS) == 1
    uploads = importlib.import_module(f"google.ads.googleads.{version}.services.types.conversion_upload_service")
    upload = uploads.UploadClickConversionsRequest.pb()(customer_id="1" * 10, partial_failure=True)
    upload.conversions.add(gclid="g")
    upload.conversions.add()
    assert wire.count_field(upload.SerializeToString(), wire.CONVERSIONS) == 2


@pytest.mark.parametrize("broken", [b"\x0a", b"\x0a\x05ab", b"\x80", b"\x0b"])
def test_bytes_that_are_no_message_are_refused(broken: bytes) -> None:
    with pytest.raises(ValueError, match=r"cut off|wire type"):
        wire.count_field(broken, 2)


def test_a_longer_lock_is_not_shortened(app: Flask) -> None:
    with app.app_context():
        quota.lock("customer:42", 30)
        quota.lock("customer:42", 1)
        quota.lock("project:p", 5)
        held = quota.held(["project:p", "customer:42", "customer:43"])
        assert held is not None
        assert held.scope == "customer:42"
        assert 25 < held.seconds <= 30
        assert quota.held(["customer:43"]) is None


def test_a_breaker_lets_one_probe_through_and_doubles_its_pause(app: Flask) -> None:
    with app.app_context():
        breaker = quota.Breaker("test", 0.05)
        for _ in range(quota.BREAKER_FAILURES):
            assert breaker.refuses() is None
            breaker.failed()
        assert breaker.refuses() is not None
        time.sleep(0.06)
        assert breaker.refuses() is None, "the probe"
        assert breaker.refuses() is not None, "only one probe"
        breaker.failed()
        paused = breaker.refuses()
        assert paused is not None
        assert 0.05 < paused.seconds <= 0.1
        breaker.succeeded()
        assert breaker.refuses() is None


def test_without_redis_nobody_calls(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "REDIS_URL", "redis://127.0.0.1:1/0")
    connect.cache_clear()
    with app.app_context():
        for ask in (lambda: quota.held(["customer:1"]), lambda: quota.Breaker("x", 1).refuses()):
            with pytest.raises(quota.Unknown):
                ask()
