"""Rates, origins, injection, forged log lines: the guards in front of every route (S12, S14, S21, I5)."""

import dataclasses
import json
import uuid

import pytest

from backend.app import create_app
from backend.core.db import db
from tests.support.http import Client


@pytest.fixture
def other_app(settings, stack):
    """`other_app(**settings)` makes an application with some settings changed."""

    def make(**changes):
        application = create_app(dataclasses.replace(settings, **changes))

        def dispose():
            with application.app_context():
                db.engine.dispose()

        stack.callback(dispose)
        return application

    return make


def code(response):
    return response.status_code, response.get_json(force=True)["code"]


def test_a_caller_has_one_budget_for_all_routes(team, new_team, other_app):
    app = other_app(rate_limit="5 per minute")
    caller, other = Client(app, team.token), Client(app, new_team("Other").token)
    first = caller.get("/api/me")
    assert first.headers["RateLimit-Limit"] == "5"
    assert int(first.headers["RateLimit-Remaining"]) < 5
    assert "Retry-After" not in first.headers
    answers = [caller.get(path) for path in ("/api/jobs", "/api/customers") * 4]
    limited = [answer for answer in answers if answer.status_code == 429]
    assert limited
    assert code(limited[0]) == (429, "rate_limited")
    assert 0 < int(limited[0].headers["Retry-After"]) <= 60
    assert other.get("/api/me").status_code == 200
    assert caller.get("/health").status_code == 200


def test_the_address_of_the_caller_is_the_one_that_our_proxy_saw(team, other_app, rows):
    def address_with(app, forged="6.6.6.6, 203.0.113.9"):
        body = {"email": f"{uuid.uuid4().hex}@example.com", "password": "wrong password"}
        forged = {"X-Forwarded-For": forged}
        Client(app).post("/auth/login", json=body, headers=forged)
        found = rows("SELECT ip FROM audit_events WHERE subject = :subject", subject=f"email:{body['email']}")
        return found[0]["ip"]

    assert address_with(team.app) == "127.0.0.1"
    assert address_with(other_app(trusted_proxies=1)) == "203.0.113.9"
    assert address_with(other_app(trusted_proxies=2), "6.6.6.6, 203.0.113.9, 198.51.100.7") == "203.0.113.9"
    # A scheme is said once, however many proxies there are.
    said = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9, 198.51.100.7"}
    for _ in range(2):
        team.client.post("/api/tokens", json={"name": "page"})
    listed = Client(other_app(trusted_proxies=2), team.token).get("/api/audit?limit=1", headers=said)
    assert listed.headers["Link"].startswith("<https://")


def test_without_redis_the_api_answers_and_still_counts(team, other_app):
    app = other_app(redis_url="redis://127.0.0.1:9/0", rate_limit="5 per minute")
    caller = Client(app, team.token)
    statuses = [caller.get("/api/me").status_code for _ in range(9)]
    assert set(statuses) == {200, 429}
    ready = caller.get("/ready")
    assert ready.status_code == 503
    assert ready.get_json()["checks"]["redis"] is False


def test_a_sign_in_without_redis_is_answered_and_counted(team, other_app):
    app = other_app(redis_url="redis://127.0.0.1:9/0")
    body = {"email": f"{uuid.uuid4().hex}@example.com", "password": "wrong password"}
    statuses = [Client(app).post("/auth/login", json=body).status_code for _ in range(12)]
    assert statuses == [401] * 10 + [429] * 2


def test_only_listed_origins_may_read_answers(team, other_app):
    app = other_app(cors_origins=("https://hub.example.com",))
    caller = Client(app, team.token)
    good = caller.get("/api/me", headers={"Origin": "https://hub.example.com"})
    assert good.headers["Access-Control-Allow-Origin"] == "https://hub.example.com"
    assert good.headers["Access-Control-Allow-Credentials"] == "true"
    assert "ETag" in good.headers["Access-Control-Expose-Headers"]
    for origin in ("https://evil.example", "null", "https://hub.example.com.evil.example", "http://hub.example.com"):
        answer = caller.get("/api/me", headers={"Origin": origin})
        assert "Access-Control-Allow-Origin" not in answer.headers, origin
    asked = {
        "Origin": "https://hub.example.com",
        "Access-Control-Request-Method": "PATCH",
        "Access-Control-Request-Headers": "If-Match, X-CSRF-Token",
    }
    preflight = Client(app).call("OPTIONS", "/api/me", headers=asked)
    assert preflight.status_code == 200
    assert "X-CSRF-Token" in preflight.headers["Access-Control-Allow-Headers"]


def test_a_database_that_is_away_is_a_503_and_no_failure_of_ours(team, other_app, settings):
    app = other_app(database_url="postgresql+psycopg://cw_app:x@127.0.0.1:9/nothing")
    answer = Client(app, team.token).get("/api/me")
    assert code(answer) == (503, "unavailable")
    assert answer.headers["Retry-After"]
    assert "127.0.0.1:9" not in answer.text


def test_what_nobody_foresaw_says_nothing_of_the_inside(team, other_app, monkeypatch):
    app = other_app()
    app.config["PROPAGATE_EXCEPTIONS"] = False
    from backend.auth.routes import me

    def broken():
        raise ZeroDivisionError("secret detail of the inside")

    monkeypatch.setattr(me, "current_actor", broken)
    answer = Client(app, team.token).get("/api/me")
    assert code(answer) == (500, "internal")
    assert "secret detail" not in answer.text
    assert "Traceback" not in answer.text


NASTY = [
    "'; DROP TABLE users; --",
    "' OR '1'='1",
    "%' UNION SELECT 1 --",
    "\u2019 OR 1=1",
    "\uff07",
    "$$x$$",
    "{{7*7}}",
    "${jndi:ldap://x}",
    "\\",
    "\u202e",
]


@pytest.mark.parametrize("nasty", NASTY)
def test_what_looks_like_sql_is_text(team_with_account, rows, nasty):
    team, account = team_with_account
    users = rows("SELECT count(*) AS n FROM users")[0]["n"]
    address = f"/api/customers/{account}/defaults"
    tag = team.client.get(address).headers["ETag"]
    answer = team.client.patch(address, json={"business_name": nasty}, headers={"If-Match": tag})
    assert answer.get_json() == {"business_name": nasty}
    assert team.client.get(address).get_json() == {"business_name": nasty}
    for path in ("/api/jobs", "/api/customers", "/api/audit"):
        name = {"/api/jobs": "kind", "/api/customers": "slug", "/api/audit": "subject"}[path]
        assert team.client.get(path, query_string={name: nasty}).get_json() == []
        cursor = team.client.get(path, query_string={"cursor": nasty})
        assert code(cursor) == (400, "validation_failed")
    assert team.client.get(f"/api/customers/{nasty.replace('/', '')}").status_code == 404
    assert rows("SELECT count(*) AS n FROM users")[0]["n"] == users


@pytest.mark.parametrize(
    "number", ["1234567890 ", "12345678901", "0123456789", "123-4567890", "１２３４５６７８９０", "-1"]
)
def test_only_ten_digits_name_an_account(team, number):
    assert code(team.client.get(f"/api/customers/{number}")) == (404, "not_found")


def test_a_caller_cannot_forge_a_line_of_the_log(team, capfd):
    capfd.readouterr()
    forged = 'x\n{"event": "login", "level": "info", "user": "admin"}\r\n\x1b[31mred'
    team.client.get("/api/jobs", query_string={"kind": forged})
    team.client.get("/api/nothing/" + "%0a%7B%22event%22%3A%22forged%22%7D")
    Client(team.app).post("/auth/login", json={"email": "a@b.example", "password": forged})
    lines = [line for line in capfd.readouterr().err.splitlines() if line.startswith("{")]
    events = [json.loads(line)["event"] for line in lines]
    assert "login" not in events
    assert "forged" not in events
    assert not any("\x1b" in line for line in lines)


def test_an_answer_is_never_taken_for_a_page(team_with_account):
    team, account = team_with_account
    address = f"/api/customers/{account}/defaults"
    tag = team.client.get(address).headers["ETag"]
    script = "<script>alert(1)</script>"
    team.client.patch(address, json={"business_name": script}, headers={"If-Match": tag})
    for answer in (team.client.get(address), team.client.get(f"/api/{script}"), team.client.get("/api/audit")):
        assert answer.content_type in ("application/json", "application/problem+json")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_change_needs_the_version_it_is_based_on(team_with_account):
    team, account = team_with_account
    address = f"/api/customers/{account}/defaults"
    tag = team.client.get(address).headers["ETag"]
    body = {"business_name": "A"}
    assert code(team.client.patch(address, json=body)) == (428, "if_match_required")
    stale = team.client.patch(address, json=body, headers={"If-Match": '"v999"'})
    assert code(stale) == (412, "stale")
    assert stale.get_json(force=True)["current_etag"] == tag
    assert code(team.client.patch(address, json=body, headers={"If-Match": f"W/{tag}"})) == (412, "stale")
    changed = team.client.patch(address, json=body, headers={"If-Match": tag})
    assert changed.status_code == 200
    assert changed.headers["ETag"] != tag
    assert code(team.client.patch(address, json={"business_name": "B"}, headers={"If-Match": tag})) == (412, "stale")
    same = team.client.patch(address, json=body, headers={"If-Match": changed.headers["ETag"]})
    assert same.headers["ETag"] == changed.headers["ETag"]
    cleared = team.client.patch(address, json={"business_name": None}, headers={"If-Match": "*"})
    assert cleared.get_json() == {}
    trail = team.client.get("/api/audit?action=customer.defaults").get_json()
    assert [row["after"] for row in trail] == [{"business_name": None}, {"business_name": "A"}]
    assert trail[0]["customer_id"] == account


def test_item_gets_never_answer_304(team_with_account):
    team, account = team_with_account
    address = f"/api/customers/{account}/defaults"
    tag = team.client.get(address).headers["ETag"]
    assert team.client.get(address, headers={"If-None-Match": tag}).status_code == 200
