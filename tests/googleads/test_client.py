"""The unmodified client against the sandbox: both families of errors, deadlines, retries of reads only, forks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
import requests as http

from backend.cli.consent import give_consent
from backend.integrations.googleads import gateway as port
from backend.integrations.googleads import requests
from backend.integrations.googleads.client import LiveGateway
from backend.integrations.googleads.errors import (
    NeedsReauth,
    OutcomeUnknown,
    RateLimited,
    Refused,
    TransientError,
)
from backend.integrations.googleads.gateway import Access, WrongProcess
from backend.integrations.googleads.mutate.plan import MutatePlan
from config import Settings
from tests.support.sandbox import Sandbox

CAMPAIGNS = "SELECT campaign.id, campaign.name FROM campaign LIMIT 3"


@pytest.fixture(scope="module")
def access(sandbox: Sandbox, settings: Settings) -> Access:
    """A refresh token that the sandbox's own consent page gave."""
    back = "http://127.0.0.1:8000/auth/callback"
    question = {
        "response_type": "code",
        "client_id": settings.google.client_id,
        "redirect_uri": back,
        "scope": "https://www.googleapis.com/auth/adwords",
        "state": "s" * 43,
        "access_type": "offline",
        "prompt": "consent",
    }
    address = give_consent(f"{settings.google.authorize_uri}?{urlencode(question)}", ca_file=sandbox.ca_file)
    answer = http.post(
        settings.google.token_uri,
        data={
            "grant_type": "authorization_code",
            "code": dict(parse_qsl(urlsplit(address).query))["code"],
            "client_id": settings.google.client_id,
            "client_secret": settings.google.client_secret,
            "redirect_uri": back,
        },
        verify=sandbox.ca_file,
        timeout=20,
    )
    return Access(answer.json()["refresh_token"], str(sandbox.info["manager_id"]))


@pytest.fixture
def live(settings: Settings, access: Access, sandbox: Sandbox) -> Iterator[LiveGateway]:
    """The real client; no fault is left behind."""
    gateway = LiveGateway(settings.google, access, read_deadline_s=20, backoff_s=0.05)
    yield gateway
    gateway.close()
    sandbox.clear_faults()


def label_plan(account: str, name: str) -> bytes:
    """One label, the smallest change there is."""
    plan = MutatePlan(account)
    plan.create("label", ("label", name), name=name)
    return requests.encode_mutate(plan, version="v26")


def test_reads_and_streams_give_raw_rows(live: LiveGateway, sandbox: Sandbox) -> None:
    account = sandbox.info["customer_ids"][0]
    rows = list(live.search(account, CAMPAIGNS))
    batches = list(live.search_stream(account, CAMPAIGNS))
    assert [row.campaign.id for row in rows] == [row.campaign.id for batch in batches for row in batch]
    assert sandbox.info["manager_id"] in live.list_accounts()


def test_a_query_error_is_refused_with_its_request_id(live: LiveGateway, sandbox: Sandbox) -> None:
    with pytest.raises(Refused) as refused:
        list(live.search(sandbox.info["customer_ids"][0], "SELECT campaign.nonsense FROM campaign"))
    assert refused.value.codes() == {"QueryError.UNRECOGNIZED_FIELD"}
    assert refused.value.request_id


def test_a_mutate_carries_its_request_id_when_it_goes_well(live: LiveGateway, sandbox: Sandbox) -> None:
    account = sandbox.info["customer_ids"][1]
    since = sandbox.last_seq()
    reply = live.mutate(account, label_plan(account, "well"), deadline_s=10)
    (call,) = [call for call in sandbox.ledger(since=since) if call["method"].endswith("Mutate")]
    assert reply.request_id == call["request_id"]
    assert list(reply.resource_names) == call["results"]


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ({"when": "before", "grpc_status": "UNAVAILABLE"}, OutcomeUnknown),
        ({"when": "after", "grpc_status": "DEADLINE_EXCEEDED"}, OutcomeUnknown),
        ({"when": "after", "grpc_status": "INTERNAL"}, OutcomeUnknown),
        ({"when": "before", "error_code": "DatabaseError.CONCURRENT_MODIFICATION"}, TransientError),
    ],
)
def test_what_a_failed_mutate_means(
    live: LiveGateway, sandbox: Sandbox, fault: dict[str, object], expected: type[Exception]
) -> None:
    account = sandbox.info["customer_ids"][2]
    since = sandbox.last_seq()
    sandbox.add_fault(method="Mutate", customer_id=account, **fault)
    with pytest.raises(expected):
        live.mutate(account, label_plan(account, f"fault {since}"), deadline_s=10)
    assert len([c for c in sandbox.ledger(since=since, customer_id=account) if c["method"].endswith("Mutate")]) == 1


def test_reads_are_tried_again(live: LiveGateway, sandbox: Sandbox) -> None:
    account = sandbox.info["customer_ids"][3]
    sandbox.add_fault(method="Search", customer_id=account, when="before", grpc_status="UNAVAILABLE", times=3)
    assert len(list(live.search(account, CAMPAIGNS))) == 3
    assert sandbox.faults() == []


def test_quota_carries_its_delay_and_scope(live: LiveGateway, sandbox: Sandbox) -> None:
    account = sandbox.info["customer_ids"][4]
    sandbox.add_fault(method="Search", customer_id=account, error_code="QuotaError.RESOURCE_EXHAUSTED", retry_delay_s=7)
    with pytest.raises(RateLimited) as limited:
        list(live.search(account, CAMPAIGNS))
    assert limited.value.retry_after == 7
    assert limited.value.scope in ("ACCOUNT", "DEVELOPER")


def test_a_dead_token_is_one_call_and_no_retry(settings: Settings, sandbox: Sandbox) -> None:
    dead = LiveGateway(settings.google, Access("1//no-such-token"), read_deadline_s=20, backoff_s=0.05)
    with pytest.raises(NeedsReauth) as refused:
        dead.list_accounts()
    assert refused.value.reason == "invalid_grant"
    assert "no-such-token" not in repr(refused.value)


def test_a_parent_that_forks_may_not_open_a_channel(monkeypatch: pytest.MonkeyPatch) -> None:
    """R28: the worker's parent says so before it forks; its children may."""
    monkeypatch.setattr(port, "_state", port._State(factory=lambda access: None))  # type: ignore[arg-type,return-value]
    port.forbid_here("the parent of the worker's pool")
    with pytest.raises(WrongProcess):
        port.open_gateway(Access("token"))
    monkeypatch.setattr(os, "getpid", lambda: -1)
    port.open_gateway(Access("token"))


def test_a_parent_that_opened_a_channel_may_not_fork(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(port, "_state", port._State(factory=lambda access: None))  # type: ignore[arg-type,return-value]
    port.open_gateway(Access("token"))
    with pytest.raises(WrongProcess):
        port.forbid_here("the parent of the worker's pool")
