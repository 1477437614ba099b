"""What an operator does with people and connections from the command line."""

import json
import re
import uuid

import pytest

from tests.support.http import Client

PASSWORD = "a long enough password"


@pytest.fixture
def run(app, team):
    """`run("people", "list")`: the command for the team's organisation; answers (exit code, output)."""
    organisation = team.rows("SELECT name FROM tenants WHERE id = :id", id=team.tenant_id)[0]["name"]

    def invoke(*arguments):
        done = app.test_cli_runner().invoke(args=[*arguments, "--organisation", organisation])
        return done.exit_code, done.output

    return invoke


@pytest.fixture
def invited(run, app):
    """An invited viewer: (e-mail, a browser that is signed in)."""
    email = f"{uuid.uuid4().hex}@example.com"
    code, said = run("people", "invite", email, "--role", "viewer")
    assert code == 0, said
    token = json.loads(re.search(r"{.*}", said)[0])["token"]
    browser = Client(app)
    assert browser.post("/auth/invitations/accept", json={"token": token, "password": PASSWORD}).status_code == 200
    return email, browser


def test_an_invited_person_is_listed_promoted_and_suspended(run, invited, app):
    email, browser = invited
    assert f"{email}\tactive\tviewer" in run("people", "list")[1]
    assert run("people", "roles", email, "--role", "publisher")[0] == 0
    assert browser.get("/api/me").get_json()["role"] == "publisher"
    assert run("people", "suspend", email)[0] == 0
    assert browser.get("/api/me").status_code == 401
    assert f"{email}\tsuspended" in run("people", "list")[1]
    assert run("people", "readmit", email)[0] == 0
    assert Client(app).post("/auth/login", json={"email": email, "password": PASSWORD}).status_code == 200


def test_a_role_on_one_account(run, invited, team_with_account):
    _, account = team_with_account
    email, browser = invited
    assert run("people", "roles", email, "--on", f"{account}=editor")[0] == 0
    assert [found["customer_id"] for found in browser.get("/api/customers").get_json()] == [account]
    code, said = run("people", "roles", email, "--on", "1234567890=editor")
    assert (code, "There is no such account" in said) == (1, True)
    code, said = run("people", "roles", email, "--on", f"{account}=owner")
    assert (code, "is not ACCOUNT=ROLE" in said) == (2, True)
    assert f"{account}=editor" in run("people", "list")[1]


def test_sessions_and_tokens_are_ended(run, invited, app):
    email, browser = invited
    code, said = run("people", "token", email, "--name", "for a script")
    token = said.strip()
    assert (code, Client(app, token).get("/api/me").get_json()["email"]) == (0, email)
    listed = run("people", "tokens", email)[1]
    assert "for a script" in listed
    assert token not in listed
    token_id = listed.split("\t")[0]
    assert run("people", "revoke-token", token_id)[0] == 0
    assert Client(app, token).get("/api/me").status_code == 401
    assert run("people", "revoke-token", token_id)[0] == 1
    assert run("people", "end-sessions", email) == (0, "1 ended\n")
    assert browser.get("/api/me").status_code == 401


def test_refusals_are_one_line_and_change_nothing(run, team, invited):
    assert run("people", "suspend", team.email) == (
        1,
        "Error: Somebody has to stay administrator of the organisation.\n",
    )
    assert run("people", "suspend", "nobody@example.com")[0] == 1
    assert run("people", "invite", invited[0])[1] == "Error: Somebody has this e-mail address already.\n"
    assert team.client.get("/api/me").get_json()["role"] == "admin"


def test_the_trail_names_the_command_line(run, team, invited):
    trail = team.client.get("/api/audit?action=user.invite").get_json()
    assert [(row["actor_name"], row["after"]["email"]) for row in trail] == [("command line", invited[0])]


def test_connections_are_listed_discovered_and_withdrawn(run, team, worker):
    team.connect()
    code, said = run("google", "connections")
    connection, _, status, accounts = said.strip("\n").split("\t")
    assert (code, status, int(accounts) > 0) == (0, "ACTIVE", True)
    code, job = run("google", "discover", connection)
    assert (code, team.client.get(f"/api/jobs/{job.strip()}/status").status_code) == (0, 200)
    assert run("google", "disconnect", connection)[0] == 0
    assert run("google", "connections") == (0, "")
    assert run("google", "disconnect", connection) == (1, "Error: There is no such connection.\n")


def test_an_organisation_that_is_not_there(app):
    for command in (("people", "list"), ("google", "connections")):
        done = app.test_cli_runner().invoke(args=[*command, "--organisation", "Nobody's"])
        assert (done.exit_code, done.output) == (1, "Error: there is no organisation Nobody's\n")


def test_an_invitation_from_the_command_line_ends_the_password(run, invited, app):
    email, _ = invited
    code, said = run("people", "invitation", email)
    token = json.loads(re.search(r"{.*}", said)[0])["token"]
    assert code == 0
    assert Client(app).post("/auth/login", json={"email": email, "password": PASSWORD}).status_code == 401
    renewed = {"token": token, "password": "another long password"}
    assert Client(app).post("/auth/invitations/accept", json=renewed).status_code == 200


def test_whoever_is_named_administrator_is_one(run, invited, team):
    email, browser = invited
    assert run("people", "suspend", email)[0] == 0
    code, said = run("people", "administrator", email)
    assert (code, f"{email} is now an administrator" in said) == (0, True)
    assert f"{email}\tactive\tadmin" in run("people", "list")[1]
    assert f"{email} is an administrator" in run("people", "administrator", email)[1]
    trail = team.client.get("/api/audit?action=user.roles").get_json()
    assert [(row["actor_name"], row["after"]["everywhere"]) for row in trail] == [("command line", "admin")]
    assert browser.get("/api/me").status_code == 401


def test_what_is_no_address_is_refused(run):
    for command in ("invite", "administrator"):
        assert run("people", command, "nobody")[0] == 2
    assert "nobody" not in run("people", "list")[1]
