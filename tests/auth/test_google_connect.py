"""Connecting a Google account by the real flow against the sandbox, and every way it can go wrong (RELIABILITY S08)."""

import dataclasses
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit

import pytest

from backend.cli.consent import give_consent
from backend.core.crypto import Keyring
from config import MasterKey
from tests.support.http import Client


def code(response):
    assert response.content_type == "application/problem+json", response.text
    return response.status_code, response.get_json(force=True)["code"]


def begin(team):
    answer = team.client.get("/auth/google/login")
    assert answer.status_code == 302, answer.text
    return answer


def consent(team, answer):
    """What Google sends the browser back with."""
    back = urlsplit(give_consent(answer.headers["Location"], ca_file=team.sandbox.ca_file))
    return {name: values[0] for name, values in parse_qs(back.query).items()}


def stored(team):
    return team.rows("SELECT * FROM user_credentials WHERE tenant_id = :tenant", tenant=team.tenant_id)


def test_the_browser_is_sent_to_google_with_what_the_flow_needs(team, settings):
    answer = begin(team)
    address = urlsplit(answer.headers["Location"])
    assert f"{address.scheme}://{address.netloc}{address.path}" == settings.google.authorize_uri
    asked = {name: values[0] for name, values in parse_qs(address.query).items()}
    assert "https://www.googleapis.com/auth/adwords" in asked["scope"].split()
    assert (asked["access_type"], asked["prompt"], asked["response_type"]) == ("offline", "consent", "code")
    assert asked["code_challenge_method"] == "S256"
    assert len(asked["code_challenge"]) == 43
    assert asked["redirect_uri"] == f"{settings.public_url}/auth/callback"
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "Max-Age=600" in cookie
    assert "SameSite=Lax" in cookie
    kept = team.rows("SELECT oauth_states::text AS line FROM oauth_states WHERE tenant_id = :t", t=team.tenant_id)
    assert asked["state"] not in str(kept)
    assert re.search(r"cw_oauth=([^;]+)", cookie)[1] not in str(kept)


def test_connecting_stores_an_encrypted_token_and_lists_the_accounts(team, worker, sandbox, rows):
    accounts = team.connect()
    assert len(accounts) > 30
    row = stored(team)[0]
    assert row["status"] == "ACTIVE"
    assert len(bytes(row["iv"])) == 12
    assert len({account["slug"] for account in accounts}) == len(accounts)
    by_id = {account["customer_id"]: account for account in accounts}
    client = by_id[sandbox.info["customer_ids"][0]]
    assert client["enabled"]
    assert client["credential_status"] == "ACTIVE"
    assert client["login_customer_id"] in by_id
    assert by_id[client["login_customer_id"]]["manager"]
    assert client["managers"]
    trail = team.client.get("/api/audit?action=credential.connect").get_json()
    assert [row["actor_name"] for row in trail] == [team.email]


def test_connecting_again_keeps_one_credential_and_the_same_accounts(team, worker):
    first = team.connect()
    before = stored(team)[0]
    assert team.connect() == first
    after = stored(team)
    assert [row["id"] for row in after] == [before["id"]]
    assert bytes(after[0]["encrypted_refresh_token"]) != bytes(before["encrypted_refresh_token"])


def test_the_answer_can_wait_for_the_accounts(team, worker):
    back = consent(team, begin(team))
    answer = team.client.get("/auth/callback", query_string=back, headers={"Prefer": "wait=30"})
    assert answer.status_code == 200
    assert answer.headers["Preference-Applied"] == "wait=30"
    assert answer.get_json()["result"]["accounts"] > 30


@pytest.mark.parametrize("change", ["forged", "missing", "empty"])
def test_a_forged_or_missing_state_is_refused(team, change):
    back = consent(team, begin(team))
    if change == "forged":
        back["state"] = "A" * 43
    elif change == "missing":
        del back["state"]
    else:
        back["state"] = ""
    expected = "oauth_state_unknown" if change == "forged" else "oauth_state_missing"
    assert code(team.client.get("/auth/callback", query_string=back)) == (400, expected)
    assert stored(team) == []


def test_a_state_works_once(team, worker):
    back = consent(team, begin(team))
    assert team.client.get("/auth/callback", query_string=back).status_code == 202
    rows_before = stored(team)
    team.client.browser.set_cookie("cw_oauth", "anything", path="/auth")
    again = team.client.get("/auth/callback", query_string=back)
    assert code(again) == (400, "oauth_state_unknown")
    assert stored(team) == rows_before


def test_a_state_is_spent_even_by_a_failure(team):
    back = consent(team, begin(team))
    assert code(team.client.get("/auth/callback", query_string={"state": back["state"], "error": "access_denied"})) == (
        400,
        "oauth_denied",
    )
    assert code(team.client.get("/auth/callback", query_string=back)) == (400, "oauth_state_unknown")
    assert stored(team) == []


def test_a_state_is_over_after_ten_minutes(team, freeze):
    advance = freeze()
    back = consent(team, begin(team))
    advance(601)
    assert code(team.client.get("/auth/callback", query_string=back)) == (400, "oauth_state_expired")
    assert stored(team) == []


def test_a_state_belongs_to_the_browser_that_began(team, new_team, app):
    back = consent(team, begin(team))
    nobody = Client(app)
    assert code(nobody.get("/auth/callback", query_string=back)) == (400, "oauth_state_foreign")
    back = consent(team, begin(team))
    other = new_team("Other")
    begin(other)
    assert code(other.client.get("/auth/callback", query_string=back)) == (400, "oauth_state_foreign")
    assert stored(team) == stored(other) == []


def test_a_code_is_only_good_with_its_own_verifier(team):
    first, second = consent(team, begin(team)), None
    answer = begin(team)
    second = consent(team, answer)
    mixed = {**second, "code": first["code"]}
    assert code(team.client.get("/auth/callback", query_string=mixed)) == (400, "oauth_code_refused")
    assert stored(team) == []


def test_a_made_up_code_is_refused(team):
    back = consent(team, begin(team))
    assert code(team.client.get("/auth/callback", query_string={**back, "code": "4/made-up"})) == (
        400,
        "oauth_code_refused",
    )
    back = consent(team, begin(team))
    del back["code"]
    assert code(team.client.get("/auth/callback", query_string=back)) == (400, "oauth_code_missing")


def test_an_unknown_error_of_google_is_named_without_its_markup(team):
    back = consent(team, begin(team))
    answer = team.client.get(
        "/auth/callback", query_string={"state": back["state"], "error": "<script>alert(1)</script>"}
    )
    assert code(answer) == (400, "oauth_failed")
    assert "<" not in answer.get_json(force=True)["detail"]


ELSEWHERE = ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/a b", "/app\n"]


@pytest.mark.parametrize("target", ELSEWHERE)
def test_the_way_back_stays_on_this_site(team, target):
    assert code(team.client.get("/auth/google/login", query_string={"return_to": target})) == (400, "validation_failed")


def test_the_browser_is_brought_back_to_where_it_began(team):
    answer = team.client.get("/auth/google/login", query_string={"return_to": "/app/accounts?tab=1"})
    done = team.client.get("/auth/callback", query_string=consent(team, answer))
    assert done.status_code == 303
    assert re.fullmatch(r"/app/accounts\?tab=1&job_id=[0-9a-f-]{36}", done.headers["Location"])


@pytest.fixture
def google(app, monkeypatch):
    """Changes what the application knows of Google's servers for one test."""

    def change(**fields):
        settings = app.config["SETTINGS"]
        changed = dataclasses.replace(settings, google=dataclasses.replace(settings.google, **fields))
        monkeypatch.setitem(app.config, "SETTINGS", changed)

    return change


def test_a_wrong_client_secret_is_the_operators_problem(team, google):
    back = consent(team, begin(team))
    google(client_secret="wrong")
    answer = team.client.get("/auth/callback", query_string=back)
    assert code(answer) == (503, "oauth_client_refused")
    assert "GOOGLE_ADS_CLIENT_SECRET" in answer.get_json(force=True)["detail"]
    assert stored(team) == []


@pytest.mark.parametrize("server", ["token_uri", "tokeninfo_uri"])
def test_when_google_is_away_it_is_said_and_nothing_is_stored(team, google, server):
    back = consent(team, begin(team))
    google(**{server: "https://127.0.0.1:9/away"})
    answer = team.client.get("/auth/callback", query_string=back)
    assert code(answer) == (503, "oauth_unreachable")
    assert "Retry-After" in answer.headers
    assert stored(team) == []


def test_without_a_client_nothing_begins(team, google):
    google(client_id=None)
    assert code(team.client.get("/auth/google/login")) == (503, "oauth_not_configured")


def test_only_administrators_connect(team):
    for role in ("VIEWER", "EDITOR", "PUBLISHER"):
        assert code(team.member(role).get("/auth/google/login")) == (403, "forbidden")


def test_disconnecting_revokes_at_google_and_deletes_here(team, worker):
    team.connect()
    connection = team.client.get("/auth/google/connections").get_json()[0]
    assert connection["status"] == "ACTIVE"
    assert connection["accounts"] > 30
    assert team.client.delete(f"/auth/google/connections/{connection['id']}").status_code == 204
    assert stored(team) == []
    assert team.client.get("/auth/google/connections").get_json() == []
    assert {account["credential_status"] for account in team.client.get("/api/customers").get_json()} == {None}


def test_disconnecting_while_google_is_away_changes_nothing(team, worker, google):
    team.connect()
    connection = team.client.get("/auth/google/connections").get_json()[0]
    google(revoke_uri="https://127.0.0.1:9/away")
    answer = team.client.delete(f"/auth/google/connections/{connection['id']}")
    assert code(answer) == (503, "oauth_unreachable")
    assert len(stored(team)) == 1


def test_connections_of_another_organisation_are_not_there(team, new_team, worker):
    team.connect()
    connection = team.client.get("/auth/google/connections").get_json()[0]["id"]
    other = new_team("Other")
    assert other.client.get("/auth/google/connections").get_json() == []
    assert code(other.client.delete(f"/auth/google/connections/{connection}")) == (404, "not_found")
    assert code(other.client.post(f"/auth/google/connections/{connection}/discover")) == (404, "not_found")
    assert len(stored(team)) == 1


def test_an_administrator_of_one_account_does_not_touch_connections(team, worker):
    account = next(found["customer_id"] for found in team.connect() if not found["manager"])
    connection = team.client.get("/auth/google/connections").get_json()[0]["id"]
    caller = team.member("ADMIN", on=account)
    assert caller.get("/api/me").get_json()["accounts"] == [{"customer_id": account, "role": "admin"}]
    assert code(caller.get("/auth/google/connections")) == (403, "forbidden")
    assert code(caller.post(f"/auth/google/connections/{connection}/discover")) == (403, "forbidden")
    assert code(caller.delete(f"/auth/google/connections/{connection}")) == (403, "forbidden")
    assert len(stored(team)) == 1


def test_two_answers_for_one_google_user_make_one_connection(team, worker):
    backs = []
    for _ in range(2):
        browser = Client(team.app, team.token)
        backs.append((browser, consent(team, browser.get("/auth/google/login"))))
    together = threading.Barrier(2)

    def come_back(browser, back):
        together.wait()
        return browser.get("/auth/callback", query_string=back).status_code

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(come_back, *zip(*backs, strict=True))) == [202, 202]
    assert len(stored(team)) == 1


def test_what_is_kept_of_a_sign_in_and_does_not_open_ends_it(team, monkeypatch):
    back = consent(team, begin(team))
    other = Keyring([MasterKey(1, bytes(range(32)))])
    monkeypatch.setitem(team.app.config, "KEYRING", other)
    assert code(team.client.get("/auth/callback", query_string=back)) == (400, "oauth_state_expired")
    assert stored(team) == []
