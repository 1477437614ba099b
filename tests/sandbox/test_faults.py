"""Faults are spent, and do what they say: before, after, late, slow, cut, stale; quotas; the clock."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from google.ads.googleads.errors import GoogleAdsException
from google.api_core import exceptions

from tests.sandbox.conftest import VERSIONS, Account, Clients, refused, result_name
from tests.support.sandbox import Sandbox

QUERY = "SELECT campaign.resource_name FROM campaign"


def _budgets(account: Account) -> int:
    return len(account.rows("SELECT campaign_budget.id FROM campaign_budget"))


@pytest.fixture
def here(script: Sandbox, client_of: Clients) -> Account:
    return Account(script.info["customer_ids"][4], client_of())


@pytest.mark.parametrize("status", ["UNAVAILABLE", "INTERNAL", "DEADLINE_EXCEEDED", "ABORTED"])
def test_before_nothing_is_done(script: Sandbox, here: Account, status: str) -> None:
    before = _budgets(here)
    script.add_fault(method="Mutate", times=2, grpc_status=status)
    for _ in range(2):
        with pytest.raises(exceptions.GoogleAPICallError) as caught:
            here.mutate(here.budget())
        assert caught.value.grpc_status_code is not None
        assert caught.value.grpc_status_code.name == status
    assert script.faults() == []
    assert _budgets(here) == before
    assert script.ledger(method="Mutate")[-1]["outcome"] == "faulted"


def test_after_it_is_done_all_the_same(script: Sandbox, here: Account) -> None:
    before = _budgets(here)
    script.add_fault(method="GoogleAdsService.Mutate", when="after", grpc_status="INTERNAL", customer_id=here.id)
    with pytest.raises(exceptions.InternalServerError):
        here.mutate(here.budget())
    assert _budgets(here) == before + 1
    line = script.ledger(method="Mutate")[-1]
    assert (line["outcome"], line["grpc_status"]) == ("applied", "INTERNAL")


def test_late_it_is_done_after_the_answer(script: Sandbox, here: Account) -> None:
    before = _budgets(here)
    script.add_fault(method="Mutate", when="late", delay_s=0.6)
    with pytest.raises(exceptions.DeadlineExceeded):
        here.mutate(here.budget())
    assert _budgets(here) == before
    deadline = time.monotonic() + 10
    while _budgets(here) == before and time.monotonic() < deadline:
        time.sleep(0.1)
    assert _budgets(here) == before + 1
    assert [line["outcome"] for line in script.ledger(method="Mutate")[-2:]] == ["faulted", "applied"]


def test_a_fault_waits_for_its_account(script: Sandbox, here: Account, account: Account) -> None:
    script.add_fault(method="Mutate", customer_id=here.id)
    account.mutate(account.budget())
    assert len(script.faults()) == 1
    with pytest.raises(exceptions.ServiceUnavailable):
        here.mutate(here.budget())
    assert script.faults() == []


def test_a_coded_fault_is_a_google_ads_exception(script: Sandbox, here: Account) -> None:
    script.add_fault(method="Mutate", error_code="DatabaseError.CONCURRENT_MODIFICATION")
    answer = refused(here.mutate, here.budget())
    assert (answer.status, answer.codes) == ("ABORTED", ["DatabaseError.CONCURRENT_MODIFICATION"])
    script.add_fault(method="SearchStream", error_code="RequestError.EXPIRED_PAGE_TOKEN")
    assert refused(here.rows, QUERY).codes == ["RequestError.EXPIRED_PAGE_TOKEN"]


def _quota_details(account: Account, exception: Any) -> Any:
    """RESOURCE_EXHAUSTED is no GoogleAdsException: the failure lies in the trailing metadata."""
    metadata = dict(exception.errors[0].trailing_metadata())
    assert metadata["request-id"]
    failure = account.client.get_type("GoogleAdsFailure")
    data = metadata["google.ads.googleads.v26.errors.googleadsfailure-bin"]
    return type(failure).FromString(data).errors[0].details.quota_error_details


@pytest.mark.parametrize(
    ("code", "scope"), [("RESOURCE_EXHAUSTED", "DEVELOPER"), ("RESOURCE_TEMPORARILY_EXHAUSTED", "ACCOUNT")]
)
def test_quota_faults_carry_their_delay(script: Sandbox, here: Account, code: str, scope: str) -> None:
    script.add_fault(method="Search", error_code=f"QuotaError.{code}", retry_delay_s=40591)
    with pytest.raises(exceptions.ResourceExhausted) as caught:
        here.client.get_service("GoogleAdsService").search(customer_id=here.id, query=QUERY)
    details = _quota_details(here, caught.value)
    assert details.retry_delay.seconds == 40591
    field = details.DESCRIPTOR.fields_by_name["rate_scope"]
    assert field.enum_type.values_by_number[details.rate_scope].name == scope
    assert not isinstance(caught.value, GoogleAdsException)


def test_streams_are_cut_after_the_first_message(script: Sandbox, here: Account) -> None:
    script.add_fault(method="SearchStream", when="cut", grpc_status="UNAVAILABLE")
    service = here.client.get_service("GoogleAdsService")  # kept: its channel goes when it goes
    stream = service.search_stream(customer_id=here.id, query=QUERY)
    seen = []
    with pytest.raises(exceptions.ServiceUnavailable):
        seen.extend(batch.results for batch in stream)
    assert len(seen) == 1


def test_slow_answers_meet_the_callers_deadline(script: Sandbox, here: Account) -> None:
    script.add_fault(method="Search", when="slow", delay_s=1.0)
    service = here.client.get_service("GoogleAdsService")
    with pytest.raises(exceptions.DeadlineExceeded):
        service.search(customer_id=here.id, query=QUERY, timeout=0.2)


def test_a_stale_search_sees_the_past(script: Sandbox, here: Account) -> None:
    name = result_name(here.mutate(here.budget()).mutate_operation_responses[0])
    query = f"SELECT campaign_budget.id FROM campaign_budget WHERE campaign_budget.resource_name = '{name}'"
    script.add_fault(method="SearchStream", kind="stale_search", delay_s=60)
    assert here.rows(query) == []
    assert len(here.rows(query)) == 1


def test_malformed_faults_are_refused(script: Sandbox) -> None:
    url = f"{script.info['admin_url']}/faults"
    for body in (
        {},
        {"method": "Mutate", "when": "never"},
        {"method": "Mutate", "times": 0},
        {"method": "Mutate", "error_code": "NO_SUCH_CODE"},
        {"method": "Mutate", "grpc_status": "BAD"},
        {"method": "Mutate", "surprise": 1},
        {"method": "Mutate", "times": True},
        {"method": "Mutate", "delay_s": "2"},
        {"method": "Mutate", "delay_s": -1},
        {"method": "Mutate", "error_code": "QuotaError.RESOURCE_EXHAUSTED", "retry_delay_s": "7"},
        {"method": "Mutate", "error_code": "QuotaError.RESOURCE_EXHAUSTED", "rate_scope": "PLANET"},
        {"method": "Mutate", "error_code": 5},
    ):
        answer = requests.post(url, json=body, timeout=10)
        assert (answer.status_code, list(answer.json())) == (400, ["error"]), body
    assert requests.get(url, timeout=10).json() == []


@pytest.mark.parametrize(
    ("door", "body"),
    [
        ("clock", {}),
        ("clock", {"advance_s": "3600"}),
        ("clock", {"advance_s": True}),
        ("clock", {"advance_s": 1e300}),
        ("clock", []),
        ("changes", {}),
        ("changes", {"changes": 5}),
        ("changes", {"changes": [5]}),
        ("quota", {"burst": "many"}),
        ("quota", {"customer_requests_per_second": 0}),
        ("quota", {"project_operations_per_day": -1}),
    ],
)
def test_a_wrong_request_at_the_admin_doors_is_refused_and_changes_nothing(
    server: Sandbox, here: Account, door: str, body: object
) -> None:
    admin = server.info["admin_url"]
    looked_at = "quota" if door == "quota" else "clock"
    seen = "limits" if door == "quota" else "offset_s"
    before = requests.get(f"{admin}/{looked_at}", timeout=10).json()[seen]
    answer = requests.post(f"{admin}/{door}", json=body, timeout=10)
    assert (answer.status_code, list(answer.json())) == (400, ["error"])
    assert requests.get(f"{admin}/{looked_at}", timeout=10).json()[seen] == before
    assert here.rows(QUERY)


@pytest.fixture
def quota(script: Sandbox) -> Iterator[str]:
    url = f"{script.info['admin_url']}/quota"
    yield url
    requests.post(url, json={}, timeout=10)


def test_the_projects_day_counts_operations(quota: str, here: Account) -> None:
    requests.post(quota, json={"project_operations_per_day": 5}, timeout=10)
    here.rows(QUERY)
    here.mutate(*(here.budget(-n) for n in range(1, 5)))
    with pytest.raises(exceptions.ResourceExhausted) as caught:
        here.rows(QUERY)
    details = _quota_details(here, caught.value)
    assert 86_000 < details.retry_delay.seconds <= 86_401
    assert details.rate_name == "Number of operations for basic access"
    assert requests.get(quota, timeout=10).json()["used"]["project"] == 5


def test_a_burst_on_one_account_must_wait(quota: str, here: Account, account: Account) -> None:
    requests.post(quota, json={"customer_requests_per_second": 0.01, "burst": 2}, timeout=10)
    here.rows(QUERY)
    here.rows(QUERY)
    with pytest.raises(exceptions.ResourceExhausted) as caught:
        here.rows(QUERY)
    assert _quota_details(here, caught.value).retry_delay.seconds > 30
    account.rows(QUERY)


def test_edits_in_the_interface_show_up_as_changes(script: Sandbox, here: Account) -> None:
    campaign = here.tree()[1]
    script.change(resource_name=campaign, fields={"status": "ENABLED"}, user_email="someone@example.com")
    today = datetime.now(UTC).date()
    rows = here.rows(
        "SELECT change_event.user_email, change_event.client_type, change_event.changed_fields FROM change_event "
        f"WHERE change_event.change_date_time >= '{today - timedelta(days=2)}' "
        f"AND change_event.change_date_time <= '{today + timedelta(days=2)}' "
        f"AND change_event.change_resource_name = '{campaign}' ORDER BY change_event.change_date_time DESC LIMIT 10"
    )
    event = rows[0].change_event
    assert (event.user_email, list(event.changed_fields.paths)) == ("someone@example.com", ["status"])
    assert event.client_type == here.enum("ChangeClientType", "GOOGLE_ADS_WEB_CLIENT")


@pytest.mark.parametrize("version", VERSIONS)
def test_asyncio_clients(server: Sandbox, client_of: Clients, version: str) -> None:
    client = client_of(version, plus=True)
    customer_id = server.info["customer_ids"][0]

    async def both() -> tuple[int, str]:
        service = client.get_service("GoogleAdsService", is_async=True)
        stream = await service.search_stream(customer_id=customer_id, query=QUERY)
        rows = [row async for batch in stream for row in batch.results]
        try:
            await service.search(customer_id=customer_id, query="SELECT nothing FROM campaign")
        except GoogleAdsException as refusal:
            return len(rows), refusal.failure.errors[0].error_code.query_error.name
        return len(rows), ""

    count, code = asyncio.run(both())
    assert count > 0
    assert code == "UNRECOGNIZED_FIELD"
