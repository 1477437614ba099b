"""Event streams over a real socket: order, resuming, ends, what a person may see, the cap, Redis away."""

import json
import threading
import time
import uuid

import pytest
import redis
import requests
from werkzeug.serving import make_server

from backend.app import create_stream_app
from backend.core.db import db, unit_of_work
from backend.core.events import Event
from backend.jobs.stream import LISTENER, STANDING, TAIL
from tests.support.http import Client
from tests.support.keeper import wait_until

SECONDS = 10


@pytest.fixture(scope="module")
def streams(settings):
    """The stream application behind a threaded server of its own; answers its address and the application."""
    application = create_stream_app(settings)
    server = make_server("127.0.0.1", 0, application, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", application
    server.shutdown()
    thread.join()
    application.extensions[LISTENER].close()
    wait_until(lambda: application.extensions[LISTENER].streams == 0, "the end of every stream")
    server.server_close()
    with application.app_context():
        db.engine.dispose()


@pytest.fixture
def listen(streams, stack):
    """`listen(client, path, headers)` opens a stream; `next(events)` gives (id, kind, document)."""

    def start(client, path, **headers):
        answer = requests.get(
            streams[0] + path,
            headers={"Authorization": f"Bearer {client.token}", **headers},
            stream=True,
            timeout=SECONDS,
        )
        stack.callback(answer.close)
        return answer

    return start


def events(answer):
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    found = {}
    for line in answer.iter_lines(chunk_size=1, decode_unicode=True):
        if line == "" and found:
            if "event" in found:
                yield int(found["id"]), found["event"], json.loads(found["data"])
            found = {}
        elif line and not line.startswith(":"):
            name, _, value = line.partition(": ")
            found[name] = value


@pytest.fixture
def emit(app):
    """Writes events as a service would; answers nothing."""

    def write(team, kind="test.happened", **fields):
        with app.app_context(), unit_of_work() as work:
            work.emit(Event(team.tenant_id, kind, fields.pop("data", {}), **fields))

    return write


def test_a_stream_begins_with_hello_and_brings_what_happens(team, listen, emit):
    found = events(listen(team.client, "/api/events"))
    assert next(found)[1] == "hello"
    began = time.monotonic()
    emit(team, data={"n": 1}, version=7)
    _, kind, document = next(found)
    assert (kind, document["data"], document["version"]) == ("test.happened", {"n": 1}, 7)
    assert time.monotonic() - began < 3, "Redis wakes the stream"


def test_a_stream_resumes_behind_the_last_event_in_order_and_without_loss(team, listen, emit):
    for number in range(30):
        emit(team, data={"n": number})
    whole = events(listen(team.client, "/api/events?after=0"))
    assert next(whole)[1] == "hello"
    read = [next(whole) for _ in range(30)]
    assert [document["data"]["n"] for _, _, document in read] == list(range(30))
    ids = [event_id for event_id, _, _ in read]
    assert ids == sorted(set(ids))
    again = events(listen(team.client, "/api/events", **{"Last-Event-ID": str(ids[9])}))
    assert next(again)[1] == "hello"
    assert [next(again)[2]["data"]["n"] for _ in range(20)] == list(range(10, 30))


def test_an_id_that_is_not_ours_is_reset_or_refused(team, listen, emit):
    emit(team)
    future = events(listen(team.client, "/api/events?after=999999999999"))
    assert [next(future)[1] for _ in range(2)] == ["hello", "reset"]
    assert listen(team.client, "/api/events", **{"Last-Event-ID": "abc"}).status_code == 400
    assert listen(team.client, "/api/events?after=-1").status_code == 400
    assert listen(team.client, "/api/events?before=1").status_code == 400


def test_many_writers_at_once_lose_nothing(team, listen, emit):
    found = events(listen(team.client, "/api/events"))
    next(found)
    threads = [
        threading.Thread(target=lambda writer=writer: [emit(team, data={"w": writer, "n": n}) for n in range(10)])
        for writer in range(6)
    ]
    for thread in threads:
        thread.start()
    read = [next(found) for _ in range(60)]
    for thread in threads:
        thread.join()
    assert len({(document["data"]["w"], document["data"]["n"]) for _, _, document in read}) == 60
    ids = [event_id for event_id, _, _ in read]
    assert ids == sorted(ids)


def test_the_stream_of_a_job_ends_with_the_job(team, listen, emit, worker):
    job = team.rows(
        "INSERT INTO jobs (id, tenant_id, kind, queue, status, max_attempts, created_by_name, next_attempt_at,"
        " cancel_requested)"
        " VALUES (:id, :tenant, 'test', 'nobody', 'queued', 5, '', now() + interval '1 day', false) RETURNING id",
        id=uuid.uuid4(),
        tenant=team.tenant_id,
    )[0]["id"]
    emit(team, "job.queued", job_id=job)
    found = events(listen(team.client, f"/api/jobs/{job}/events"))
    assert [next(found)[1] for _ in range(2)] == ["hello", "job.queued"]
    emit(team, "other.job", job_id=uuid.uuid4())
    emit(team, "job.progress", data={"done": 3}, job_id=job)
    emit(team, "job.finished", job_id=job)
    rest = list(found)
    assert [kind for _, kind, _ in rest] == ["job.progress", "job.finished"]
    assert rest[0][2]["job_id"] == str(job)


def test_another_organisation_hears_nothing(team, new_team, listen, emit, streams):
    other = new_team("Other")
    found = events(listen(other.client, "/api/events"))
    next(found)
    emit(team, data={"secret": "of the first"})
    emit(other, data={"n": 1})
    assert next(found)[2]["data"] == {"n": 1}
    job = uuid.uuid4()
    assert listen(other.client, f"/api/jobs/{job}/events").status_code == 404
    assert listen(other.client, "/api/customers/1234567890/events").status_code == 404
    assert requests.get(f"{streams[0]}/api/events", timeout=SECONDS).status_code == 401


def test_a_stream_of_an_account_shows_that_account(team, listen, emit, rows):
    accounts = {}
    for name in ("mine", "other"):
        number = 1_000_000_000 + uuid.uuid4().int % 8_999_999_999
        accounts[name] = (uuid.uuid4(), number)
        rows(
            "INSERT INTO customers (id, tenant_id, google_customer_id, slug, descriptive_name, currency_code,"
            " time_zone, manager, test_account, hidden, status)"
            " VALUES (:id, :tenant, :number, :slug, 'C', 'EUR', 'UTC', false, false, false, 'ENABLED')",
            id=accounts[name][0],
            tenant=team.tenant_id,
            number=number,
            slug=f"{name}-{number}",
        )
    ours, number = accounts["mine"]
    found = events(listen(team.client, f"/api/customers/{number}/events"))
    next(found)
    emit(team, data={"n": 1}, customer_id=accounts["other"][0])
    emit(team, data={"n": 2})
    emit(team, data={"n": 3}, customer_id=ours)
    _, _, document = next(found)
    assert (document["data"], document["customer_id"]) == ({"n": 3}, str(number))
    # Whoever sees this account only hears nothing of the others, nor of what concerns them all: told again, and live.
    heard = events(listen(team.member("VIEWER", on=str(number)), "/api/events?after=0"))
    assert next(heard)[1] == "hello"
    assert next(heard)[2]["data"] == {"n": 3}
    emit(team, data={"n": 4}, customer_id=accounts["other"][0])
    emit(team, data={"n": 5})
    emit(team, data={"n": 6}, customer_id=ours)
    assert next(heard)[2]["data"] == {"n": 6}


def test_an_idle_stream_holds_no_connection(team, listen, streams):
    for _ in range(5):
        next(events(listen(team.client, "/api/events")))
    time.sleep(0.5)
    with streams[1].app_context():
        held = [db.engine.pool.checkedout() for _ in range(20) if not time.sleep(0.05)]
    assert min(held) == 0
    assert sum(held) <= 10


def test_streams_are_capped(team, listen, streams, monkeypatch):
    listener = streams[1].extensions[LISTENER]
    monkeypatch.setattr(listener, "_cap", listener._open)
    answer = listen(team.client, "/api/events")
    assert answer.status_code == 503
    assert answer.json()["code"] == "unavailable"
    assert "Retry-After" in answer.headers


def test_without_redis_the_stream_looks_by_itself(team, listen, emit, streams, monkeypatch):
    listener = streams[1].extensions[LISTENER]
    monkeypatch.setattr(listener, "_wake", lambda _: None)
    found = events(listen(team.client, "/api/events"))
    next(found)
    emit(team, data={"n": 1})
    assert next(found)[2]["data"] == {"n": 1}


def test_the_api_sends_streams_on_to_their_process(team, settings):
    answer = team.client.get("/api/events?after=3")
    assert answer.status_code == 307
    assert answer.headers["Location"] == f"{settings.stream_url}/api/events?after=3"
    assert team.client.get(f"/api/jobs/{uuid.uuid4()}/events").status_code == 307
    team.client.token = None
    assert team.client.get("/api/events").status_code == 401


@pytest.fixture
def watchful(streams, monkeypatch):
    """Credentials are looked up again at once instead of every few seconds."""
    monkeypatch.setattr(streams[1].extensions[STANDING], "_seconds", 0.0)


def test_revoking_a_token_ends_its_streams_and_no_other(team, listen, emit, watchful):
    made = team.client.post("/api/tokens", json={"name": "dashboard"}).get_json()
    theirs = events(listen(Client(team.app, made["token"]), "/api/events"))
    ours = events(listen(team.client, "/api/events"))
    assert [next(found)[1] for found in (theirs, ours)] == ["hello", "hello"]
    emit(team, data={"n": 1})
    assert [next(found)[2]["data"] for found in (theirs, ours)] == [{"n": 1}, {"n": 1}]
    assert team.client.delete(f"/api/tokens/{made['id']}").status_code == 204
    emit(team, data={"n": 2})
    assert list(theirs) == [], "nothing that happens after the revocation is told"
    assert next(ours)[2]["data"] == {"n": 2}


def test_signing_out_ends_the_streams_of_the_session(team, streams, emit, watchful, stack):
    body = {"email": f"{uuid.uuid4().hex}@example.com", "name": "Eve", "roles": {"everywhere": "viewer"}}
    invited = team.client.post("/api/users", json=body).get_json()
    browser, password = team.app.test_client(), "correct horse battery staple"
    browser.post("/auth/invitations/accept", json={"token": invited["invite_token"], "password": password})
    assert browser.post("/auth/login", json={"email": body["email"], "password": password}).status_code == 200
    cookie = browser.get_cookie("cw_session").value
    answer = requests.get(f"{streams[0]}/api/events", cookies={"cw_session": cookie}, stream=True, timeout=SECONDS)
    stack.callback(answer.close)
    found = events(answer)
    assert next(found)[1] == "hello"
    csrf = browser.get("/api/me").get_json()["csrf_token"]
    assert browser.post("/auth/logout", headers={"X-CSRF-Token": csrf}).status_code == 204
    emit(team)
    assert list(found) == []


def test_losing_an_account_ends_the_stream_that_showed_it(team, listen, emit, watchful):
    member = team.member("viewer")
    found = events(listen(member, "/api/events"))
    next(found)
    team.rows(
        "DELETE FROM memberships WHERE tenant_id = :tenant AND user_id <> :me", tenant=team.tenant_id, me=team.user_id
    )
    emit(team, data={"secret": "of an account that is no longer theirs"})
    assert list(found) == []


def test_a_gap_is_replayed_whole_also_beyond_what_the_process_remembers(team, listen, emit, streams, monkeypatch):
    monkeypatch.setattr("backend.jobs.tail.KEPT", 10)
    monkeypatch.setattr("backend.jobs.tail.BATCH", 7)
    monkeypatch.setattr("backend.jobs.stream.BATCH", 7)
    first = events(listen(team.client, "/api/events"))
    next(first)
    emit(team, data={"n": 0})
    last_seen = next(first)[0]
    for number in range(1, 40):  # the reader is away
        emit(team, data={"n": number})
    assert len(streams[1].extensions[TAIL].behind(team.tenant_id, last_seen) or []) <= 10
    resumed = events(listen(team.client, "/api/events", **{"Last-Event-ID": str(last_seen)}))
    assert next(resumed)[1] == "hello"
    emit(team, data={"n": 40})
    read = [next(resumed) for _ in range(40)]
    assert [document["data"]["n"] for _, _, document in read] == list(range(1, 41)), "no loss, nothing twice"


def test_a_flushed_redis_takes_nothing_from_a_stream(team, listen, emit, settings):
    found = events(listen(team.client, "/api/events"))
    next(found)
    emit(team, data={"n": 1})
    last_seen = next(found)[0]
    redis.Redis.from_url(settings.redis_url).flushdb()
    emit(team, data={"n": 2})
    assert next(found)[2]["data"] == {"n": 2}
    again = events(listen(team.client, "/api/events", **{"Last-Event-ID": str(last_seen)}))
    next(again)
    assert next(again)[2]["data"] == {"n": 2}


def test_many_streams_of_one_tenant_read_once(team, listen, emit, streams):
    tail = streams[1].extensions[TAIL]
    found = [events(listen(team.client, "/api/events")) for _ in range(8)]
    for stream in found:
        next(stream)
    looked = []
    real = tail._look
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            tail, "_look", lambda tenant, kept, wakes: (looked.append(kept.wakes < wakes), real(tenant, kept, wakes))[1]
        )
        for number in range(5):
            emit(team, data={"n": number})
        for stream in found:
            assert [next(stream)[2]["data"]["n"] for _ in range(5)] == list(range(5))
    assert sum(looked) <= 5, "one look per wake-up, not one per stream"
