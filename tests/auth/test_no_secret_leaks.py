"""No secret outside its ciphertext column (RELIABILITY S01, I3): the flows run, faults included, then all is searched.

Searched: every HTTP answer, the logs of the API and of the worker, every table of the database (bytes too), every key
of Redis, the metrics, the event stream's rows.
"""

import base64
import re
import uuid

import pytest
from werkzeug.test import TestResponse

from backend.auth.credentials import open_token
from backend.auth.models import UserCredential
from backend.core.db import unit_of_work
from backend.core.redis import connect
from tests.auth.test_dead_tokens import discover, parked, until
from tests.support.http import Client

TOKEN_LIKE = re.compile(rb"ya29\.[A-Za-z0-9._-]{12,}|(?<![A-Za-z0-9])1//[A-Za-z0-9._-]{12,}")
PASSWORD = "canary password of a person"


@pytest.fixture
def answers(monkeypatch):
    """Every answer that any client was given."""
    seen = []
    call = Client.call

    def remember(self, method, path, **options):
        answer: TestResponse = call(self, method, path, **options)
        seen.append((f"{method} {path}", repr(list(answer.headers)).encode() + answer.data))
        return answer

    monkeypatch.setattr(Client, "call", remember)
    return seen


def run_the_flows(team, app, sandbox):
    """Connect, discover, fail, reconnect, sync and report; answers the secrets that were in play."""
    accounts = team.connect()
    first = refresh_token_of(app, team)
    sandbox.add_fault(method="token", times=1, error_code="invalid_grant")
    until(team, discover(team), parked)
    team.connect()
    client = next(account for account in accounts if account["enabled"] and not account["manager"])
    order = {"slug": client["slug"], "command": "validate", "args": {}}
    for path, body in (
        ("/api/runbooks/execute", order),
        ("/api/reports/generate", {"slug": client["slug"], "scope": "LAST-7-DAYS"}),
    ):
        job = team.client.post(path, json=body).get_json()["job_id"]
        until(team, job, lambda status: status["status"] in ("finished", "failed"), 60)
        team.client.get(f"/api/jobs/{job}/result")
    secrets = {
        "first refresh token": first,
        "second refresh token": refresh_token_of(app, team),
        "api token": team.token,
    }
    return secrets | run_the_sign_ins(team, app)


def run_the_sign_ins(team, app):
    """Invite, accept, sign in right and wrong, keys and tokens that do not hold."""
    email = f"{uuid.uuid4().hex}@example.com"
    body = {"email": email, "name": "C", "roles": {"everywhere": "viewer"}}
    invitation = team.client.post("/api/users", json=body).get_json()["invite_token"]
    browser = Client(app)
    browser.post("/auth/invitations/accept", json={"token": invitation, "password": PASSWORD})
    browser.post("/auth/login", json={"email": email, "password": PASSWORD + "!"})
    browser.post("/auth/login", json={"email": email, "password": PASSWORD, "pasword": "x"})
    key = team.client.post("/api/service-keys", json={"name": "k", "role": "viewer"}).get_json()["key"]
    Client(app).get("/api/me", headers={"X-Service-Auth": key + "x"})
    Client(app, "cw_pat_canary-that-does-not-hold").get("/api/me")
    team.client.get("/auth/callback?state=canary-state-value-of-nobody&code=4/canary-code-of-nobody-at-all")
    team.client.get("/api/audit")
    team.client.get("/api/jobs")
    team.client.get("/auth/google/connections")
    return {
        "invitation": invitation,
        "password": PASSWORD,
        "session cookie": browser.browser.get_cookie("cw_session").value,
        "service key": key,
        "token that does not hold": "cw_pat_canary-that-does-not-hold",
        "state": "canary-state-value-of-nobody",
        "code": "canary-code-of-nobody-at-all",
    }


def refresh_token_of(app, team):
    with app.app_context():
        with unit_of_work() as work:
            row = work.session.query(UserCredential).filter_by(tenant_id=team.tenant_id).one()
        return open_token(row)


def everything(team, app, worker, answers, logged):
    """Every place where a secret could have come to rest: (name, bytes)."""
    yield from answers
    yield "log of the API", logged.encode()
    for file in worker.folder.rglob("*"):
        if file.is_file():
            yield f"log of the worker: {file.name}", file.read_bytes()
    tables = team.rows(
        "SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) AS name FROM pg_tables"
        " WHERE schemaname IN ('public', 'stats')"
    )
    for table in tables:
        for row in team.rows(f"SELECT t::text AS line FROM {table['name']} t"):
            yield f"table {table['name']}", row["line"].encode()
    redis = connect(app.config["REDIS_URL"])
    for name in redis.scan_iter(count=1000):
        kind = redis.type(name)
        values = {
            b"string": lambda key: [redis.get(key) or b""],
            b"list": lambda key: redis.lrange(key, 0, -1),
            b"set": redis.smembers,
            b"hash": lambda key: [part for pair in redis.hgetall(key).items() for part in pair],
            b"zset": lambda key: redis.zrange(key, 0, -1),
            b"stream": lambda key: [repr(redis.xrange(key)).encode()],
        }[kind](name)
        yield f"Redis {name!r}", name + b"\n" + b"\n".join(values)
    yield "metrics", team.client.get("/metrics").data


@pytest.mark.slow("it runs every flow that touches a secret before it searches")
def test_no_secret_comes_to_rest_anywhere(team, app, worker, sandbox, settings, answers, capfd):
    once_shown = len(answers)
    secrets = run_the_flows(team, app, sandbox)
    secrets |= {
        "client secret": settings.google.client_secret,
        "secret key": settings.secret_key,
        **{f"master key v{key.version}": base64.b64encode(key.secret).decode() for key in settings.master_keys},
    }
    assert len(answers) > once_shown + 20
    shown_once = {"invitation", "service key", "session cookie"}  # each in the one answer that gives it
    places, found, given = 0, [], dict.fromkeys(shown_once, 0)
    public, client_id = set(), settings.google.client_id
    for place, content in everything(team, app, worker, answers, capfd.readouterr().err):
        places += 1
        if client_id.encode() in content or team.email.encode() in content or b"job_started" in content:
            public.add("answer" if " /a" in place else place.partition(":")[0].partition(" public")[0])
        for name, secret in secrets.items():
            if secret.encode() not in content and secret.encode().hex().encode() not in content:
                continue
            if name in given and " /a" in place:
                given[name] += 1
            else:
                found.append((name, place))
        if TOKEN_LIKE.search(content):
            found.append(("something like a Google token", place))
    assert found == []
    assert given == dict.fromkeys(shown_once, 1) | {"session cookie": given["session cookie"]}
    assert places > 100
    assert public == {"answer", "log of the worker", "table"}, "the search itself finds what is no secret"
