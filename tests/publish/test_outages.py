"""PostgreSQL, Redis or the API die under publishes: R11, R12 and R13, over HTTP, with servers of this module's own."""

from __future__ import annotations

import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from backend.app import create_app
from config import build_settings
from tests.campaigns.test_children import search_tree
from tests.conftest import QUICK
from tests.publish.conftest import close_connections
from tests.publish.ledger import mutates, trees
from tests.support.api import APPLICATION, Api, start_api
from tests.support.database import Rows, engine_for, job_waiter, reader
from tests.support.keeper import TEMPLATE
from tests.support.killable import KillableServers, open_killable
from tests.support.sandbox import Sandbox
from tests.support.team import make_team
from tests.support.worker import Worker, start_worker

SHORT, SOAK = 5.0, 60.0
RECOVERY_SECONDS = 90


@dataclass
class House:
    """Two servers, an API and a worker that this module may kill, and an account to publish into."""

    servers: KillableServers
    environment: dict[str, str]
    folder: Path
    rows: Rows
    token: str
    account: str
    sandbox: Sandbox
    worker: Worker
    api: Api
    started: list[Any] = field(default_factory=list)

    def another_api(self, application: str = APPLICATION) -> Api:
        """One more API, killed at the end of the module at the latest."""
        api = start_api(self.environment, self.folder / uuid.uuid4().hex, self.token, application)
        self.started.append(api)
        return api

    def draft(self, **changes: Any) -> str:
        """A campaign that can be published."""
        made = self.api.call("POST", "/api/campaigns", json=search_tree(self.account, **changes))
        assert made.status_code == 201, made.text
        return str(made.json()["id"])

    def publish(self, campaign_id: str) -> str:
        """The id of the job of an accepted publish."""
        accepted = self.api.call("POST", f"/api/campaigns/{campaign_id}/publish")
        assert accepted.status_code == 202, accepted.text
        return str(accepted.json()["job_id"])

    def until_sent(self, job_id: str) -> None:
        """Return once the bytes of a publish are under way to Google."""
        sent = "SELECT 1 FROM mutate_batches WHERE state = 'SENT' AND job_id = :id"
        _until(lambda: self.rows(sent, id=job_id))

    def must_end_as_one_tree_each(self, since: int, accepted: dict[str, str]) -> None:
        """Every accepted publish ends well, with one tree, whose ids stand here and nothing half-way."""
        for job_id in accepted.values():
            job = job_waiter(self.rows)(job_id, RECOVERY_SECONDS)
            assert job["status"] == "finished", job["error"]
        assert trees(self.sandbox, since, self.account) == len(accepted)
        assert self.half_states() == []
        given = {
            name
            for call in mutates(self.sandbox, since, self.account, "applied", "faulted")
            for name in call.get("results") or ()
        }
        for campaign_id in accepted:
            tree = self.api.call("GET", f"/api/campaigns/{campaign_id}/tree").json()
            assert (tree["status"], tree["sync_status"]) == ("PUBLISHED", "synced")
            for name in _names(self.account, tree):
                assert name in given

    def half_states(self) -> list[dict[str, Any]]:
        """Rows that only a publish under way may leave, and batches that nobody has brought to an end."""
        return self.rows(
            "SELECT 'campaign' AS kind, id, status FROM campaigns WHERE status = 'PUBLISHING'"
            " UNION ALL SELECT 'batch', id, state FROM mutate_batches WHERE state IN ('PREPARED', 'SENT')"
            " UNION ALL SELECT 'keyword', id, sync_status FROM keywords WHERE sync_status = 'publishing'"
            " UNION ALL SELECT 'ad_group', id, sync_status FROM ad_groups WHERE sync_status = 'publishing'"
        )

    def close(self) -> None:
        """Kill what is left."""
        for one in (*self.started, self.api, self.worker):
            if one.process.poll() is None:
                one.kill()


def _names(account: str, tree: dict[str, Any]) -> Iterator[str]:
    """The resource names that a published tree must have been given."""
    yield f"customers/{account}/campaigns/{tree['google_campaign_id']}"
    for group in tree["ad_groups"]:
        parent = group["google_ad_group_id"]
        yield f"customers/{account}/adGroups/{parent}"
        for keyword in group["keywords"]:
            yield f"customers/{account}/adGroupCriteria/{parent}~{keyword['criterion_id']}"


def _until(condition: Callable[[], object], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to it"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def house(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Starts everything once; each test leaves the servers running."""
    folder = tmp_path_factory.mktemp("house")
    with ExitStack() as stack:
        servers = open_killable("outage", folder, stack)
        environment = {**servers.environment, **sandbox.environment, **QUICK}
        app = create_app(build_settings(environment))
        stack.callback(close_connections, app)
        engine = engine_for(servers.described.database("postgres", TEMPLATE))
        stack.callback(engine.dispose)
        worker = start_worker(environment, folder / "worker")
        stack.callback(worker.kill)
        team = make_team(app, reader(engine), sandbox, "Outage", lambda: worker)
        accounts = team.connect()
        chosen = next(item["customer_id"] for item in accounts if not item["manager"] and item["status"] == "ENABLED")
        api = start_api(environment, folder / "api", team.token)
        made = House(servers, environment, folder, team.rows, team.token, chosen, sandbox, worker, api)
        yield made
        made.close()


@pytest.fixture(autouse=True)
def all_up(house: House, sandbox: Sandbox) -> Iterator[None]:
    """Leave neither faults nor dead servers to the next test."""
    yield
    sandbox.clear_faults()
    house.servers.postgres.start()
    house.servers.redis.start()


class Customers:
    """People who go on working while something is down: each answer is counted, each accepted publish kept."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work)
        self.answers: Counter[int] = Counter()
        self.refused: list[requests.Response] = []
        self.accepted: dict[str, str] = {}

    def __enter__(self) -> Customers:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._stop.wait(0.3):
            made = self._call("POST", "/api/campaigns", json=search_tree(self._house.account))
            if made.status_code == 201:
                campaign_id = made.json()["id"]
                published = self._call("POST", f"/api/campaigns/{campaign_id}/publish")
                if published.status_code == 202:
                    self.accepted[campaign_id] = published.json()["job_id"]
            self._call("GET", "/api/campaigns")

    def _call(self, method: str, path: str, **options: Any) -> requests.Response:
        answer = self._house.api.call(method, path, **options)
        self.answers[answer.status_code] += 1
        if answer.status_code >= 400:
            self.refused.append(answer)
        return answer

    def must_have_been_told_the_truth(self) -> None:
        """Nothing but success, and 503 as a problem that says when to come back."""
        assert set(self.answers) <= {200, 201, 202, 503}, self.answers
        for answer in self.refused:
            assert answer.headers["Content-Type"] == "application/problem+json"
            assert answer.json()["code"] == "unavailable"
            assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.slow(reason="starts servers, an API and a worker of its own, and Redis is down for a while")
@pytest.mark.parametrize("seconds", [SHORT, pytest.param(SOAK, marks=pytest.mark.soak)], ids=["short", "a minute"])
def test_r11_redis_is_killed_stays_away_and_comes_back_empty(house: House, sandbox: Sandbox, seconds: float) -> None:
    """R11: with publishes queued and one under way. 202 or 503, never 500; what was accepted finishes, once."""
    since = sandbox.last_seq()
    sandbox.add_fault(method="Mutate", customer_id=house.account, when="slow", delay_s=2)
    first = house.draft()
    accepted = {first: house.publish(first)}
    house.until_sent(accepted[first])
    for _ in range(2):
        queued = house.draft()
        accepted[queued] = house.publish(queued)

    house.servers.redis.kill()
    with Customers(house) as people:
        time.sleep(seconds)
    people.must_have_been_told_the_truth()
    assert people.answers[202] > 0  # PostgreSQL is the ledger: publishes are accepted all the same
    house.servers.redis.start()

    house.must_end_as_one_tree_each(since, accepted | people.accepted)
    later = house.draft()
    house.must_end_as_one_tree_each(since, accepted | people.accepted | {later: house.publish(later)})


@pytest.mark.slow(reason="waits out the lease of a run that lost its connection")
def test_r12_every_connection_is_terminated_mid_publish(house: House, sandbox: Sandbox) -> None:
    """R12: pg_terminate_backend of the API's, the worker's and beat's sessions; nobody is restarted."""
    since = sandbox.last_seq()
    sandbox.add_fault(method="Mutate", customer_id=house.account, when="slow", delay_s=2)
    campaign_id = house.draft()
    accepted = {campaign_id: house.publish(campaign_id)}
    house.until_sent(accepted[campaign_id])

    with Customers(house) as people:
        for _ in range(3):
            house.rows(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE usename = 'cw_app' AND datname = current_database()"
            )
            time.sleep(0.5)

    people.must_have_been_told_the_truth()
    house.must_end_as_one_tree_each(since, accepted | people.accepted)


@pytest.mark.slow(reason="PostgreSQL recovers from a crash, and a lease is waited out")
def test_r12_the_postmaster_is_killed_mid_publish(house: House, sandbox: Sandbox) -> None:
    """R12: kill -9 of PostgreSQL itself. No half state; API and worker go on with the new one by themselves."""
    since = sandbox.last_seq()
    sandbox.add_fault(method="Mutate", customer_id=house.account, when="slow", delay_s=2)
    campaign_id = house.draft()
    accepted = {campaign_id: house.publish(campaign_id)}
    house.until_sent(accepted[campaign_id])

    house.servers.postgres.kill()
    with Customers(house) as people:
        time.sleep(3)
        house.servers.postgres.start()
        _until(lambda: people.answers[202] > 0)

    people.must_have_been_told_the_truth()
    assert people.answers[503] > 0
    house.must_end_as_one_tree_each(since, accepted | people.accepted)


@pytest.mark.slow(reason="starts two further APIs, one of which dies")
def test_r13_the_api_dies_between_commit_and_answer(house: House, sandbox: Sandbox) -> None:
    """R13: the client never hears of its job, asks again with its key, and is given the same one."""
    since = sandbox.last_seq()
    campaign_id = house.draft()
    path, key = f"/api/campaigns/{campaign_id}/publish", {"Idempotency-Key": str(uuid.uuid4())}
    dying = house.another_api("tests.support.dying_api:application")
    with pytest.raises(requests.ConnectionError):
        dying.call("POST", path, headers={**key, "X-Die-Unanswered": "now"})
    (job,) = house.rows("SELECT id FROM jobs WHERE subject_id = :id AND kind = 'publish'", id=campaign_id)

    again = house.another_api().call("POST", path, headers=key)

    assert again.status_code == 202, again.text
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.json()["job_id"] == str(job["id"])
    house.must_end_as_one_tree_each(since, {campaign_id: str(job["id"])})
    assert len(house.rows("SELECT 1 FROM jobs WHERE subject_id = :id", id=campaign_id)) == 1
