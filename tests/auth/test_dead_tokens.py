"""A consent that is gone: one failing call, one alert, waiting jobs, and on after a new consent (RELIABILITY R21)."""

import time

import pytest


def connection(team):
    return team.client.get("/auth/google/connections").get_json()[0]


def discover(team):
    answer = team.client.post(f"/auth/google/connections/{connection(team)['id']}/discover")
    assert answer.status_code == 202, answer.text
    return answer.get_json()["job_id"]


def until(team, job_id, holds, seconds=30):
    """The job's status as soon as `holds` is true of it."""
    deadline = time.monotonic() + seconds
    while True:
        status = team.client.get(f"/api/jobs/{job_id}/status").get_json()
        if holds(status):
            return status
        assert time.monotonic() < deadline, status
        time.sleep(0.1)


def parked(status):
    return status["status"] == "queued" and status["waiting_reason"] == "needs_reauth"


def alerts(team):
    return team.rows(
        "SELECT data FROM events WHERE tenant_id = :t AND kind = 'alert.credential_dead'", t=team.tenant_id
    )


DEATHS = [
    {"method": "token", "error_code": "invalid_grant"},
    {
        "method": "ListAccessibleCustomers",
        "when": "before",
        "grpc_status": "UNAUTHENTICATED",
        "error_code": "AuthenticationError.OAUTH_TOKEN_REVOKED",
    },
    {
        "method": "ListAccessibleCustomers",
        "when": "before",
        "grpc_status": "UNAUTHENTICATED",
        "error_code": "AuthenticationError.OAUTH_TOKEN_EXPIRED",
    },
]


@pytest.mark.parametrize("death", DEATHS, ids=["invalid_grant", "revoked", "expired"])
def test_a_dead_consent_is_met_once_and_waits_for_a_person(team, new_team, worker, sandbox, death):
    team.connect()
    sibling = new_team("Sibling")
    sibling.connect()
    before = sandbox.last_seq()
    sandbox.add_fault(times=1, **death)
    job = discover(team)
    until(team, job, parked)
    assert sandbox.faults() == []
    found = connection(team)
    assert found["status"] == "NEEDS_REAUTH"
    assert found["status_reason"]
    assert len(alerts(team)) == 1
    served = len(sandbox.ledger(since=before))
    assert served <= 1

    second = discover(team)
    assert second == job
    time.sleep(1.5)
    assert len(sandbox.ledger(since=before)) == served, "no call is made with a dead consent"
    assert len(alerts(team)) == 1
    assert {account["credential_status"] for account in team.client.get("/api/customers").get_json()} == {
        "NEEDS_REAUTH"
    }

    assert connection(sibling)["status"] == "ACTIVE"
    until(sibling, discover(sibling), lambda status: status["status"] == "finished")

    team.connect()
    assert connection(team)["status"] == "ACTIVE"
    until(team, job, lambda status: status["status"] == "finished")
    trail = [row["action"] for row in team.client.get("/api/audit?action=credential.").get_json()]
    assert trail == ["credential.connect", "credential.needs_reauth", "credential.connect"]


def test_an_account_behind_a_dead_consent_makes_no_call(team, worker, sandbox, app):
    from backend.auth.credentials import gateway_for
    from backend.integrations.googleads.errors import NeedsReauth

    team.connect()
    team.rows(
        "UPDATE user_credentials SET status = 'NEEDS_REAUTH', status_reason = 'invalid_grant' WHERE tenant_id = :t",
        t=team.tenant_id,
    )
    before = sandbox.last_seq()
    customer = team.rows("SELECT id FROM customers WHERE tenant_id = :t AND NOT manager LIMIT 1", t=team.tenant_id)[0]
    with app.app_context(), pytest.raises(NeedsReauth) as refused:
        gateway_for(customer["id"])
    assert refused.value.reason == "invalid_grant"
    assert sandbox.last_seq() == before
