"""A consent that is gone: one failing call, one alert, waiting jobs, and on after a new consent (RELIABILITY R21)."""

import time
from contextlib import closing

import pytest

from backend.auth import credentials
from backend.integrations.googleads.errors import TransientError


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
    assert trail == [
        "credential.connect",
        "credential.discover",
        "credential.needs_reauth",
        "credential.discover",
        "credential.connect",
    ]


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


def append(team, account):
    body = {"slug": account["slug"], "command": "append"}
    answer = team.client.post("/api/runbooks/execute", json=body)
    assert answer.status_code == 202, answer.text
    return answer.get_json()["job_id"]


def goes_on(team, job_id):
    """The job is taken up again; it is not waited for, since a whole account takes long."""
    until(team, job_id, lambda status: status["status"] != "queued")
    team.client.post(f"/api/jobs/{job_id}/cancel")


def client_account(team):
    return next(found for found in team.connect() if not found["manager"] and found["enabled"])


def test_jobs_of_an_account_go_on_when_another_consent_reaches_it(team, worker, free_to_call):
    account = client_account(team)
    assert team.client.delete(f"/auth/google/connections/{connection(team)['id']}").status_code == 204
    job = append(team, account)
    until(team, job, parked)
    team.connect()
    goes_on(team, job)
    assert team.client.get(f"/api/customers/{account['customer_id']}").get_json()["credential_status"] == "ACTIVE"


def test_a_call_with_the_old_token_does_not_end_a_new_consent(team, worker, sandbox, app, free_to_call):
    account = client_account(team)
    ours = team.rows("SELECT id FROM customers WHERE tenant_id = :t AND slug = :s", t=team.tenant_id, s=account["slug"])
    with app.app_context(), closing(credentials.gateway_for(ours[0]["id"])) as gateway:
        team.connect()
        sandbox.add_fault(method="token", error_code="invalid_grant", times=1)
        with pytest.raises(TransientError, match="connected again"):
            list(gateway.search(account["customer_id"], "SELECT customer.id FROM customer"))
    assert sandbox.faults() == []
    assert connection(team)["status"] == "ACTIVE"
    assert alerts(team) == []


def test_a_token_that_does_not_open_waits_for_a_person_and_can_be_disconnected(team, worker, sandbox, free_to_call):
    account = client_account(team)
    credential = connection(team)["id"]
    damage = "UPDATE user_credentials SET auth_tag = set_byte(auth_tag, 0, get_byte(auth_tag, 0) # 1) WHERE id = :id"
    team.rows(damage, id=credential)
    before = sandbox.last_seq()
    jobs = [append(team, account), discover(team)]
    for job in jobs:
        until(team, job, parked)
    assert sandbox.last_seq() == before, "no call is made with a token that was tampered with"
    alarms = team.rows("SELECT 1 FROM events WHERE tenant_id = :t AND kind = 'alert.security'", t=team.tenant_id)
    assert len(alarms) == 2, "one for each attempt, and each job attempts once"
    assert team.client.delete(f"/auth/google/connections/{credential}").status_code == 204
    gone = team.client.get("/api/audit?action=credential.delete").get_json()[0]
    assert "still stands at Google" in gone["reason"]
    team.connect()
    goes_on(team, jobs[0])
