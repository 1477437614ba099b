"""What the tests of publishing share: the campaigns' fixtures, and a stack of its own for tests that kill workers."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from backend.core.db import db
from config import build_settings
from tests.campaigns.conftest import account, flat_form
from tests.conftest import QUICK
from tests.support import run as runs
from tests.support.database import Rows, engine_for, job_waiter, reader
from tests.support.keeper import base_environment
from tests.support.sandbox import Sandbox
from tests.support.servers import Servers
from tests.support.team import Team, make_team
from tests.support.worker import Worker, start_worker

__all__ = ["account", "flat_form"]

OWN_REDIS = 32
"""The first Redis database of the stacks that are killed; the ordinary ones are counted from 0."""


@dataclass
class OwnStack:
    """Servers' databases, an application and a team that no other test touches; its workers are this test's to kill."""

    environment: dict[str, str]
    rows: Rows
    team: Team
    account: str
    folder: Path
    workers: list[Worker] = field(default_factory=list)

    def start(self, **variables: str) -> Worker:
        """Start a worker; `FAULT_AT="3"` makes its first attempt die there."""
        worker = start_worker(self.environment, self.folder / uuid.uuid4().hex, **variables)
        self.workers.append(worker)
        return worker

    def end_workers(self) -> None:
        """Kill whatever still runs."""
        for worker in self.workers:
            if worker.process.poll() is None:
                worker.kill()
        self.workers.clear()

    def wait(self, job_id: str, timeout: float = 60) -> dict[str, Any]:
        """The job's row once it is over."""
        return job_waiter(self.rows)(job_id, timeout)


@dataclass(frozen=True)
class Place:
    """A connected account that the tests of a module share."""

    team: Team
    account: str


@pytest.fixture(scope="module")
def place(app: Flask, rows: Rows, sandbox: Sandbox, worker: Worker) -> Place:
    """One team for the many cases of a module."""
    team = make_team(app, rows, sandbox, "Place", lambda: worker)
    accounts = team.connect()
    return Place(
        team, next(item["customer_id"] for item in accounts if not item["manager"] and item["status"] == "ENABLED")
    )


def run_here(own: OwnStack, job_id: str, seconds: float = 40) -> dict[str, Any]:
    """Run a job in this process, again and again as it asks to be, until it is over; its row."""
    from backend.jobs import engine

    import_module("backend.publish.tasks")  # registers the handlers, as a worker does at its start
    deadline = time.monotonic() + seconds
    while True:
        (job,) = own.rows("SELECT status, result, error FROM jobs WHERE id = :id", id=job_id)
        if job["status"] in ("finished", "failed"):
            return job
        assert time.monotonic() < deadline, job
        with own.team.app.app_context():
            engine.run(uuid.UUID(job_id))
        time.sleep(0.2)


def close_connections(app: Flask) -> None:
    """Close what the application still holds open."""
    with app.app_context():
        db.engine.dispose()


@pytest.fixture(scope="module")
def own_stack(servers: Servers, sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnStack]:
    """A stack of its own for the tests of a module."""
    from backend.app import create_app

    number = runs.worker_number()
    folder = tmp_path_factory.mktemp("own")
    with ExitStack() as stack:
        database = stack.enter_context(servers.fresh_database(f"cw_killed_{number}"))
        environment = {
            **base_environment(servers.described, database, OWN_REDIS + number),
            **sandbox.environment,
            **QUICK,
        }
        app = create_app(build_settings(environment))
        stack.callback(close_connections, app)
        engine = engine_for(servers.described.database("postgres", database))
        stack.callback(engine.dispose)
        rows = reader(engine)
        first: list[Worker] = []
        team = make_team(
            app, rows, sandbox, "Killed", lambda: first.append(start_worker(environment, folder / "first"))
        )
        accounts = team.connect()
        first[0].kill()
        chosen = next(item["customer_id"] for item in accounts if not item["manager"] and item["status"] == "ENABLED")
        own = OwnStack(environment, rows, team, chosen, folder)
        yield own
        own.end_workers()


@pytest.fixture
def killed(own_stack: OwnStack, sandbox: Sandbox) -> Iterator[OwnStack]:
    """The module's stack; after the test its workers are dead and no fault is left."""
    yield own_stack
    own_stack.end_workers()
    sandbox.clear_faults()


@pytest.fixture
def draft(flat_form: Callable[..., dict[str, Any]]) -> Callable[[Team, str], str]:
    """`draft(team, account)` makes a campaign that can be published and answers its id."""

    def make(team: Team, customer_id: str, **changes: Any) -> str:
        form = flat_form(name=f"Campaign {uuid.uuid4()}", customer_id=customer_id, **changes)
        created = team.client.post("/api/campaigns", json=form)
        assert created.status_code == 201, created.text
        return str(created.get_json()["id"])

    return make
