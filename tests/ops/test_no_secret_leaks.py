"""No secret outside its ciphertext column (RELIABILITY S01, I3): a whole stack runs every flow, faults included, and
then all that it wrote, said and stored is searched.

Searched: every HTTP answer, the event stream, the logs of every process, PostgreSQL as pg_dump gives it, every key of
Redis and its append-only file, the metrics and their files.
"""

import json
import re
import subprocess
import sys
import threading
import time
import uuid
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
import redis
import requests

from backend.cli.consent import give_consent
from backend.cli.embedded.postgres import wheel_programs
from tests.support.stack import Stack

TOKEN_LIKE = re.compile(rb"ya29\.[A-Za-z0-9._-]{12,}|(?<![A-Za-z0-9])1//[A-Za-z0-9._-]{12,}")
PASSWORD = "canary password of a person"
SHOWN_ONCE = ("invitation", "service key", "api token", "session cookie")  # in the answer that gives it, nowhere else
OPEN_TOKENS = """
import json
from backend.app import create_app
from backend.auth.credentials import open_token
from backend.auth.models import UserCredential
from backend.core.db import db, unit_of_work
with create_app().app_context():
    with unit_of_work() as work:
        rows = work.session.query(UserCredential).all()
    print(json.dumps([open_token(row) for row in rows]))
    db.engine.dispose()
"""


@dataclass
class Person:
    """Calls the stack's API, and remembers every answer."""

    api: str
    token: str | None
    answers: list[tuple[str, bytes]] = field(default_factory=list)
    browser: requests.Session = field(default_factory=requests.Session)

    def call(self, method, path, expect=None, **options):
        headers = options.pop("headers", {})
        if self.token:
            headers = {"Authorization": f"Bearer {self.token}", **headers}
        answer = self.browser.request(
            method, self.api + path, headers=headers, timeout=40, allow_redirects=False, **options
        )
        self.answers.append((f"answer to {method} {path}", repr(answer.headers).encode() + answer.content))
        assert expect is None or answer.status_code == expect, answer.text
        return answer

    def finished(self, job_id, holds=lambda status: status["status"] in ("finished", "failed")):
        deadline = time.monotonic() + 60
        while not holds(status := self.call("GET", f"/api/jobs/{job_id}/status", 200).json()):
            assert time.monotonic() < deadline, status
            time.sleep(0.2)
        self.call("GET", f"/api/jobs/{job_id}/result")
        return status


class EventStream(threading.Thread):
    """Reads the event stream until its socket is closed."""

    def __init__(self, url, token):
        super().__init__(daemon=True)
        self.heard = b""
        headers = {"Authorization": f"Bearer {token}"}
        self.answer = requests.get(f"{url}/api/events?after=0", headers=headers, stream=True, timeout=5)

    def run(self):
        try:
            for chunk in self.answer.iter_content(None):
                self.heard += chunk
        except requests.exceptions.ConnectionError:
            return  # the time-out: nothing was heard for five seconds


def parked(status):
    return status["status"] == "queued" and status["waiting_reason"] == "needs_reauth"


def connect(stack, admin):
    """The consent, as a browser goes through it."""
    sandbox = json.loads((stack.home.data / "sandbox" / "sandbox.json").read_text(encoding="utf-8"))
    begun = admin.call("GET", "/auth/google/login", 302)
    back = urlsplit(give_consent(begun.headers["Location"], ca_file=sandbox["ca_file"]))
    admin.finished(admin.call("GET", f"{back.path}?{back.query}").json()["job_id"])


def refresh_tokens(stack, environment):
    """What is stored, opened with the stack's own keys."""
    done = subprocess.run(
        [sys.executable, "-c", OPEN_TOKENS], env=environment, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def google_flows(stack, admin, environment):
    """Connect, work, lose the consent, connect again; answers the refresh tokens that were in play."""
    connect(stack, admin)
    before = refresh_tokens(stack, environment)
    sandbox = json.loads((stack.home.data / "sandbox" / "sandbox.json").read_text(encoding="utf-8"))
    accounts = admin.call("GET", "/api/customers?limit=100", 200).json()
    client = next(account for account in accounts if account["enabled"] and not account["manager"])
    for path, body in (
        ("/api/runbooks/execute", {"slug": client["slug"], "command": "validate", "args": {}}),
        ("/api/runbooks/execute", {"slug": client["slug"], "command": "append", "args": {}}),
        ("/api/reports/generate", {"slug": client["slug"], "scope": "LAST-7-DAYS"}),
    ):
        job = admin.call("POST", path, 202, json=body).json()["job_id"]
        assert admin.finished(job)["status"] == "finished"
    for fault in (
        {"method": "Search", "times": 2, "when": "before", "grpc_status": "UNAVAILABLE"},
        {"method": "token", "times": 1, "error_code": "invalid_grant"},
    ):
        requests.post(sandbox["admin_url"] + "/faults", json=fault, timeout=10).raise_for_status()
    connection = admin.call("GET", "/auth/google/connections", 200).json()[0]
    job = admin.call("POST", f"/auth/google/connections/{connection['id']}/discover", 202).json()["job_id"]
    admin.finished(job, parked)
    connect(stack, admin)
    assert admin.finished(job)["status"] == "finished", "what waited for the consent goes on"
    after = refresh_tokens(stack, environment)
    assert set(before) != set(after)
    return {f"refresh token {number}": token for number, token in enumerate({*before, *after})}


def people_flows(admin):
    """Invite, accept, sign in right and wrong, tokens and keys that hold and that do not; answers those secrets."""
    email = f"{uuid.uuid4().hex}@example.com"
    body = {"email": email, "name": "C", "roles": {"everywhere": "viewer"}}
    invitation = admin.call("POST", "/api/users", 201, json=body).json()["invite_token"]
    browser = Person(admin.api, None, admin.answers)
    browser.call("POST", "/auth/invitations/accept", json={"token": invitation, "password": PASSWORD})
    browser.call("POST", "/auth/login", 401, json={"email": email, "password": PASSWORD + "!"})
    browser.call("POST", "/auth/login", 400, json={"email": email, "password": PASSWORD, "pasword": "x"})
    browser.call("POST", "/auth/login", 200, json={"email": email, "password": PASSWORD})
    key = admin.call("POST", "/api/service-keys", 201, json={"name": "k", "role": "viewer"}).json()["key"]
    token = admin.call("POST", "/api/tokens", 201, json={"name": "t", "max_role": "viewer"}).json()["token"]
    Person(admin.api, None, admin.answers).call("GET", "/api/me", 401, headers={"X-Service-Auth": key + "x"})
    Person(admin.api, "cw_pat_canary-that-does-not-hold", admin.answers).call("GET", "/api/me", 401)
    admin.call("GET", "/auth/callback?state=canary-state-value-of-nobody&code=4/canary-code-of-nobody-at-all", 400)
    for path in ("/api/audit", "/api/jobs", "/auth/google/connections", "/api/users", "/api/tokens", "/api/campaigns"):
        admin.call("GET", path, 200)
    return {
        "invitation": invitation,
        "password": PASSWORD,
        "session cookie": browser.browser.cookies["cw_session"],
        "service key": key,
        "api token": token,
        "token that does not hold": "cw_pat_canary-that-does-not-hold",
        "state": "canary-state-value-of-nobody",
        "code": "canary-code-of-nobody-at-all",
    }


def resting_places(stack, environment):
    """Everything that the stack wrote or stored: (name, bytes)."""
    for file in stack.home.logs.rglob("*"):
        if file.is_file():
            lines = file.read_bytes().splitlines(keepends=True)
            # The sandbox stands for Google: by contract its first line tells how to reach it, its client included.
            yield f"log {file.name}", b"".join(lines[1:] if file.name == "sandbox.log" else lines)
    yield "log of the supervisor", stack.output.read_bytes()
    for file in (stack.home.data / "metrics").rglob("*"):
        yield f"metrics file {file.name}", file.read_bytes()
    dump = stack.folder / "dump"
    assert stack.run("backup", str(dump)).returncode == 0
    plain = subprocess.run(
        [wheel_programs() / "pg_restore", "--file=-", dump], capture_output=True, check=True
    ).stdout  # what pg_dump wrote, as SQL
    assert b"COPY public.user_credentials " in plain
    yield "pg_dump", plain
    with redis.Redis.from_url(environment["REDIS_URL"]) as client:
        for name in client.scan_iter(count=1000):
            yield f"Redis {name!r}", name + b"\n" + (client.dump(name) or b"")
    for file in (stack.home.data / "redis").rglob("*"):
        if file.is_file() and file.name != "redis.conf":
            yield f"Redis file {file.name}", file.read_bytes()


def spellings(secret):
    """A secret as it is, and as a dump of bytes shows it."""
    return secret.encode(), secret.encode().hex().encode(), json.dumps(secret)[1:-1].encode()


@pytest.mark.slow("a whole stack runs every flow that touches a secret before all is searched")
def test_no_secret_comes_to_rest_anywhere(stack: Stack) -> None:
    stack.settings = {}
    stack.up()
    run = stack.run_file()
    keys = json.loads(stack.home.keys_file.read_text(encoding="utf-8"))
    sandbox = json.loads((stack.home.data / "sandbox" / "sandbox.json").read_text(encoding="utf-8"))
    environment = stack_environment(stack)
    admin = Person(run["api_url"], run["token"])
    events = EventStream(run["stream_url"], run["token"])
    events.start()
    secrets = google_flows(stack, admin, environment) | people_flows(admin)
    admin.call("GET", "/metrics")
    secrets |= {f"key {name}": value.removeprefix("v1:") for name, value in keys.items()}
    secrets |= {"client secret": sandbox["client_secret"], "development token": run["token"]}
    events.join(30)

    places = [*admin.answers, ("event stream", events.heard), *resting_places(stack, environment)]
    found, given = [], dict.fromkeys(SHOWN_ONCE, 0)
    for place, content in places:
        for name, secret in secrets.items():
            if not any(spelling in content for spelling in spellings(secret)):
                continue
            if name in given and place.startswith("answer to POST"):
                given[name] += 1
            else:
                found.append((name, place))
        if TOKEN_LIKE.search(content):
            found.append(("something like a Google token", place))
    assert found == []
    assert given["invitation"] == given["service key"] == given["api token"] == 1
    logs = {place for place, _ in places if place.startswith("log ")}
    assert {f"log {name}.log" for name in ("api", "stream", "worker", "beat")} <= logs
    assert b"job.finished" in events.heard
    email = people_email(places)
    searched = {place.partition(" ")[0] for place, content in places if email in content}
    assert {"answer", "pg_dump"} <= searched, "the search itself finds what is no secret"


def people_email(places):
    """The address of the invited person, as the list of people shows it."""
    listed = next(content for place, content in places if place == "answer to GET /api/users")
    return re.search(rb"[0-9a-f]{32}@example\.com", listed)[0]


def stack_environment(stack):
    """The settings of the stack's children, as its own commands compose them."""
    from backend.cli.supervisor import command_environment

    return {**stack.environment, **command_environment(stack.home)}
