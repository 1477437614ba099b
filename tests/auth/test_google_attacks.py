"""An authorization server that lies or stumbles: each lie has its answer, and nothing is stored (RELIABILITY S08)."""

import dataclasses
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.auth.fake_google import ADS, FakeGoogle

OK_TOKEN = {"access_token": "ya29.fake", "refresh_token": "1//fake", "scope": ADS, "expires_in": 3599}


@pytest.fixture
def fake(app, tmp_path, monkeypatch):
    """The application, asking a server of ours instead of Google's."""
    settings = app.config["SETTINGS"]
    server = FakeGoogle(tmp_path, settings.google.client_id)
    google = dataclasses.replace(settings.google, **server.settings())
    monkeypatch.setitem(app.config, "SETTINGS", dataclasses.replace(settings, google=google))
    yield server
    server.close()


@pytest.fixture
def callback(team):
    """Runs a sign-in whose consent page said yes; answers the callback's answer."""

    def run():
        begun = team.client.get("/auth/google/login")
        state = parse_qs(urlsplit(begun.headers["Location"]).query)["state"][0]
        return team.client.get("/auth/callback", query_string={"state": state, "code": "4/code", "scope": ADS})

    return run


def stored(team):
    return team.rows(
        "SELECT 1 FROM user_credentials WHERE tenant_id = :t"
        " UNION ALL SELECT 1 FROM google_accounts WHERE tenant_id = :t"
        " UNION ALL SELECT 1 FROM jobs WHERE tenant_id = :t",
        t=team.tenant_id,
    )


def test_the_flow_itself_is_accepted(team, fake, callback):
    assert callback().status_code == 202
    form = next(form for path, form in fake.asked if path == "/token")
    assert {"code_verifier", "client_secret", "redirect_uri"} <= form.keys()
    assert len(form["code_verifier"][0]) >= 43
    assert len(stored(team)) == 3


@pytest.mark.parametrize(
    ("path", "status", "document", "expected"),
    [
        ("/tokeninfo", 200, {"aud": "another-client", "sub": "1", "scope": ADS}, (400, "oauth_wrong_audience")),
        ("/tokeninfo", 400, {"error": "invalid_token"}, (400, "oauth_token_refused")),
        ("/tokeninfo", 200, {"sub": "1", "scope": ADS}, (400, "oauth_token_refused")),
        ("/tokeninfo", 200, b"<html>", (400, "oauth_token_refused")),
        ("/tokeninfo", 500, {}, (503, "oauth_unreachable")),
        ("/token", 200, {**OK_TOKEN, "refresh_token": None}, (400, "oauth_no_refresh_token")),
        ("/token", 400, {"error": "invalid_grant"}, (400, "oauth_code_refused")),
        ("/token", 401, {"error": "invalid_client"}, (503, "oauth_client_refused")),
        ("/token", 400, {"error": "redirect_uri_mismatch"}, (503, "oauth_client_refused")),
        ("/token", 200, b"not json", (400, "oauth_code_refused")),
        ("/token", 500, b"", (400, "oauth_code_refused")),
    ],
)
def test_each_lie_has_its_answer(team, fake, callback, path, status, document, expected):
    fake.answers[path] = (status, document)
    answer = callback()
    assert (answer.status_code, answer.get_json(force=True)["code"]) == expected
    assert stored(team) == []
    assert "1//fake" not in answer.text
    assert "ya29" not in answer.text


def test_without_a_refresh_token_the_way_out_is_named(fake, callback):
    fake.answers["/token"] = (200, {name: value for name, value in OK_TOKEN.items() if name != "refresh_token"})
    detail = callback().get_json(force=True)["detail"]
    assert "myaccount.google.com/connections" in detail


def test_an_unticked_scope_is_named(team, fake, callback):
    fake.answers["/token"] = (200, {**OK_TOKEN, "scope": "openid email"})
    fake.answers["/tokeninfo"] = (200, {**fake.answers["/tokeninfo"][1], "scope": "openid email"})
    answer = callback()
    assert (answer.status_code, answer.get_json(force=True)["code"]) == (400, "oauth_scope_missing")
    assert stored(team) == []


def test_a_person_who_was_suspended_meanwhile_connects_nothing(team, fake, callback):
    begun = team.client.get("/auth/google/login")
    team.rows("UPDATE users SET active = false WHERE id = :id", id=team.user_id)
    state = parse_qs(urlsplit(begun.headers["Location"]).query)["state"][0]
    answer = team.client.get("/auth/callback", query_string={"state": state, "code": "4/code"})
    assert answer.status_code == 400
    assert stored(team) == []
