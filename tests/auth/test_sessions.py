"""Browser sessions: fixation, CSRF, expiry, revocation (RELIABILITY S10, S11)."""

import uuid

import pytest

from tests.support.http import Client

PASSWORD = "correct horse battery staple"


@pytest.fixture
def person(team, app):
    """An editor with a password: (e-mail, id)."""
    email = f"{uuid.uuid4().hex}@example.com"
    body = {"email": email, "name": "Eve", "roles": {"everywhere": "editor"}}
    invitation = team.client.post("/api/users", json=body).get_json()
    accepted = Client(app).post(
        "/auth/invitations/accept", json={"token": invitation["invite_token"], "password": PASSWORD}
    )
    assert accepted.status_code == 200
    return email, invitation["user"]["id"]


def sign_in(app, email, password=PASSWORD, **more):
    browser = Client(app)
    return browser, browser.post("/auth/login", json={"email": email, "password": password, **more})


def test_the_cookie_is_for_the_browser_alone(app, person):
    _, answer = sign_in(app, person[0].upper())
    assert answer.status_code == 200
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie


def test_a_wrong_password_and_an_unknown_person_are_told_the_same(app, person):
    answers = [sign_in(app, person[0], "wrong password")[1], sign_in(app, "nobody@example.com")[1]]
    documents = [answer.get_json(force=True) for answer in answers]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert documents[0]["code"] == documents[1]["code"] == "login_failed"
    assert documents[0]["detail"] == documents[1]["detail"]


def test_a_failed_sign_in_stands_in_the_trail(team, app, person):
    sign_in(app, person[0], "wrong password")
    trail = team.client.get("/api/audit?action=login.failed").get_json()
    assert trail[0]["subject"] == f"email:{person[0]}"
    assert trail[0]["ip"] == "127.0.0.1"


def test_ten_wrong_passwords_are_enough(app, person):
    for _ in range(10):
        assert sign_in(app, person[0], "wrong password")[1].status_code == 401
    locked = sign_in(app, person[0])[1]
    assert (locked.status_code, locked.get_json(force=True)["code"]) == (429, "rate_limited")
    assert int(locked.headers["Retry-After"]) > 0


def test_a_change_needs_the_csrf_token(app, person, team):
    browser, answer = sign_in(app, person[0])
    csrf = answer.get_json()["csrf_token"]
    for headers in ({}, {"X-CSRF-Token": "x"}, {"X-CSRF-Token": csrf[:-1] + "0" + "1"}):
        refused = browser.post("/api/tokens", json={"name": "t"}, headers=headers)
        assert (refused.status_code, refused.get_json(force=True)["code"]) == (403, "csrf_failed")
    other, _ = sign_in(app, person[0])
    foreign = other.get("/api/me").get_json()["csrf_token"]
    assert browser.post("/api/tokens", json={"name": "t"}, headers={"X-CSRF-Token": foreign}).status_code == 403
    assert browser.get("/api/me").get_json()["csrf_token"] == csrf
    assert browser.post("/api/tokens", json={"name": "t"}, headers={"X-CSRF-Token": csrf}).status_code == 201


def test_a_bearer_token_wins_over_a_cookie_and_needs_no_csrf(app, person, team):
    browser, _ = sign_in(app, person[0])
    browser.token = team.token
    assert browser.get("/api/me").get_json()["email"] == team.email
    assert browser.post("/api/tokens", json={"name": "t"}).status_code == 201


def test_signing_in_never_keeps_the_session_id_that_came_along(app, person, rows):
    browser = Client(app)
    browser.browser.set_cookie("cw_session", "chosen-by-the-attacker")
    browser.post("/auth/login", json={"email": person[0], "password": PASSWORD})
    cookie = browser.browser.get_cookie("cw_session").value
    assert cookie != "chosen-by-the-attacker"
    victim = Client(app)
    victim.browser.set_cookie("cw_session", "chosen-by-the-attacker")
    assert victim.get("/api/me").status_code == 401
    kept = rows("SELECT cookie_hash FROM auth_sessions WHERE user_id = :id", id=uuid.UUID(person[1]))
    assert all(cookie.encode() not in bytes(row["cookie_hash"]) for row in kept)


def test_signing_out_ends_the_session_on_the_server(app, person):
    browser, answer = sign_in(app, person[0])
    stolen = browser.browser.get_cookie("cw_session").value
    assert browser.post("/auth/logout", headers={"X-CSRF-Token": answer.get_json()["csrf_token"]}).status_code == 204
    thief = Client(app)
    thief.browser.set_cookie("cw_session", stolen)
    assert thief.get("/api/me").status_code == 401


def test_sessions_end_when_idle_and_when_old(app, person, freeze):
    advance = freeze()
    browser, _ = sign_in(app, person[0])
    advance(11 * 3600)
    assert browser.get("/api/me").status_code == 200
    advance(11 * 3600)
    assert browser.get("/api/me").status_code == 200
    advance(12 * 3600 + 1)
    assert browser.get("/api/me").status_code == 401
    browser, _ = sign_in(app, person[0])
    for _ in range(7 * 24 // 8):
        advance(8 * 3600 + 1)
        last = browser.get("/api/me").status_code
    assert last == 401


def test_all_other_sessions_can_be_ended(app, person):
    first, _ = sign_in(app, person[0])
    second, answer = sign_in(app, person[0])
    assert sum(session["current"] for session in second.get("/auth/sessions").get_json()) == 1
    csrf = {"X-CSRF-Token": answer.get_json()["csrf_token"]}
    assert second.delete("/auth/sessions", headers=csrf).status_code == 204
    assert (first.get("/api/me").status_code, second.get("/api/me").status_code) == (401, 200)


def test_one_person_does_not_end_anothers_session(app, person, team):
    browser, _ = sign_in(app, person[0])
    session = browser.get("/auth/sessions").get_json()[0]["id"]
    assert team.client.delete(f"/auth/sessions/{session}").status_code == 404
    assert browser.get("/api/me").status_code == 200


def test_a_new_invitation_and_password_end_the_old_sessions(app, person, team):
    browser, _ = sign_in(app, person[0])
    again = team.client.post(f"/api/users/{person[1]}/invitation").get_json()
    body = {"token": again["invite_token"], "password": "another long password"}
    assert Client(app).post("/auth/invitations/accept", json=body).status_code == 200
    assert browser.get("/api/me").status_code == 401
    assert sign_in(app, person[0])[1].status_code == 401
    assert sign_in(app, person[0], "another long password")[1].status_code == 200


def test_a_person_changes_the_own_password_and_every_old_session_ends(app, person, team):
    old, _ = sign_in(app, person[0])
    browser, answer = sign_in(app, person[0])
    csrf = {"X-CSRF-Token": answer.get_json()["csrf_token"]}
    body = {"current_password": PASSWORD + "!", "password": "another long password"}
    refused = browser.post("/auth/password", json=body, headers=csrf)
    assert (refused.status_code, refused.get_json(force=True)["code"]) == (400, "password_refused")
    assert refused.get_json(force=True)["errors"][0]["pointer"] == "/current_password"
    short = browser.post("/auth/password", json={"current_password": PASSWORD, "password": "short"}, headers=csrf)
    assert short.status_code == 400
    assert old.get("/api/me").status_code == 200
    changed = browser.post("/auth/password", json={**body, "current_password": PASSWORD}, headers=csrf)
    assert changed.status_code == 200
    assert (old.get("/api/me").status_code, browser.get("/api/me").status_code) == (401, 200)
    assert changed.get_json()["csrf_token"] != csrf["X-CSRF-Token"]
    assert sign_in(app, person[0])[1].status_code == 401
    assert sign_in(app, person[0], "another long password")[1].status_code == 200
    trail = team.client.get(f"/api/audit?subject=user:{person[1]}&action=password.change").get_json()
    assert [row["actor_name"] for row in trail] == [person[0]]


def test_guessing_the_present_password_is_throttled(app, person):
    browser, answer = sign_in(app, person[0])
    csrf = {"X-CSRF-Token": answer.get_json()["csrf_token"]}
    body = {"current_password": "not the password", "password": "another long password"}
    told = [browser.post("/auth/password", json=body, headers=csrf).status_code for _ in range(11)]
    assert told == [400] * 10 + [429]


def test_who_has_no_password_here_is_told_so(team):
    body = {"current_password": PASSWORD, "password": "another long password"}
    refused = team.client.post("/auth/password", json=body)
    assert (refused.status_code, refused.get_json(force=True)["code"]) == (422, "no_password")
