"""The fixtures that every area shares: real servers, a sandbox, the application, a worker, a team of one administrator.

One PostgreSQL and one Redis serve a whole run; each xdist worker has a database and a Redis database of its own. Rows
stay between tests: a test takes a new `team` and looks at its own tenant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import redis

from tests.support import run as runs
from tests.support.database import Rows, engine_for, job_waiter, reader
from tests.support.environment import forget_settings
from tests.support.servers import Servers, close_servers, open_servers

if TYPE_CHECKING:
    from flask import Flask

    from config import Settings
    from tests.support.sandbox import Sandbox
    from tests.support.team import Team
    from tests.support.worker import Worker

LONG_SECONDS = 10
# Leases, deadlines and back-off of a test: long enough for two busy cores, short enough to wait for.
QUICK = {
    "JOB_LEASE_SECONDS": "3",
    "JOB_SWEEP_SECONDS": "0.5",
    "VISIBILITY_TIMEOUT_SECONDS": "10",
    "PUBLISH_DEADLINE_SECONDS": "4",
    "PUBLISH_GRACE_SECONDS": "0.5",
    "RETRY_BACKOFF_SECONDS": "0.2",
    "STALE_READ_SECONDS": "0",  # the sandbox answers at once what was pushed; tests of stale answers set their own
    "RATE_LIMIT": "100000 per minute",
    "DATABASE_POOL": "10",
    "LOG_LEVEL": "INFO",
}


def pytest_configure(config: pytest.Config) -> None:
    """The first process of a run names it; xdist's workers inherit the name. No setting of a person's shell gets in."""
    forget_settings()
    if not hasattr(config, "workerinput"):
        runs.begin()


def pytest_unconfigure(config: pytest.Config) -> None:
    """The process that named the run ends its servers."""
    if not hasattr(config, "workerinput"):
        close_servers()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name the tests that took long and do not say why."""
    for report in terminalreporter.stats.get("passed", []):
        if report.when == "call" and report.duration > LONG_SECONDS and "slow" not in report.keywords:
            line = f"{report.nodeid} took {report.duration:.0f} s: say why with @pytest.mark.slow(reason=…)"
            terminalreporter.write_line(line, yellow=True)


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--soak` runs the long tests and only them."""
    parser.addoption("--soak", action="store_true", help="run the tests marked soak instead of the others")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep either the soaks or everything else."""
    soak = bool(config.getoption("--soak"))
    left_out = [item for item in items if (item.get_closest_marker("soak") is not None) != soak]
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)


@pytest.fixture(scope="session")
def servers() -> Servers:
    """This worker's databases: `.database_url`, `.migration_database_url`, `.redis_url`, `.environment`."""
    return open_servers()


@pytest.fixture(scope="session")
def rows(servers: Servers) -> Iterator[Rows]:
    """`rows("SELECT … WHERE id = :id", id=…)`: dicts, read as the superuser so that nothing is hidden."""
    engine = engine_for(servers.superuser_url)
    yield reader(engine)
    engine.dispose()


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox process of this worker's own."""
    from tests.support.sandbox import start_sandbox

    running = start_sandbox(tmp_path_factory.mktemp("sandbox"))
    yield running
    running.stop()


@pytest.fixture(scope="session")
def environment(servers: Servers, sandbox: Sandbox) -> dict[str, str]:
    """Every setting of the stack under test, as variables for a child process."""
    return {**servers.environment, **sandbox.environment, **QUICK}


@pytest.fixture(scope="session")
def settings(environment: dict[str, str]) -> Settings:
    """The same settings as a value."""
    from config import build_settings

    return build_settings(environment)


@pytest.fixture(scope="session")
def app(settings: Settings) -> Iterator[Flask]:
    """The application, in this process."""
    from backend.app import create_app

    application = create_app(settings)
    yield application
    with application.app_context():
        from backend.core.db import db

        db.engine.dispose()


@pytest.fixture(scope="session")
def worker(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    """A real Celery worker with beat in it. Tests that kill a worker start their own: `start_worker`."""
    from tests.support.worker import start_worker

    running = start_worker(environment, tmp_path_factory.mktemp("worker"))
    yield running
    running.stop()


@pytest.fixture
def free_to_call(servers: Servers, sandbox: Sandbox) -> Iterator[None]:
    """Leave neither faults nor rate-limit locks to the tests that follow."""
    yield
    sandbox.clear_faults()
    client = redis.Redis.from_url(servers.redis_url)
    for pattern in ("rate_limit_lock:*", "breaker:*"):
        for key in client.scan_iter(pattern):
            client.delete(key)
    client.close()


@pytest.fixture
def new_team(app: Flask, rows: Rows, sandbox: Sandbox, request: pytest.FixtureRequest) -> Callable[..., Team]:
    """Makes teams: a new tenant with one administrator each. Connecting one starts the session's worker."""
    from tests.support.team import make_team

    return lambda name="Team": make_team(app, rows, sandbox, name, lambda: request.getfixturevalue("worker"))


@pytest.fixture
def team(new_team: Callable[..., Team]) -> Team:
    """A new tenant with an administrator: `.token`, `.client`, `.tenant_id`, `.connect()`."""
    return new_team()


@pytest.fixture(scope="session")
def wait_for_job(rows: Rows) -> Callable[..., dict[str, Any]]:
    """`wait_for_job(id, timeout=30)` answers the job's row once it is finished or failed."""
    return job_waiter(rows)


@pytest.fixture
def freeze() -> Iterator[Callable[..., Callable[..., datetime]]]:
    """`advance = freeze(datetime)` stops the clock of this process; `advance(seconds)` moves it."""
    from backend.core import clock

    def start(moment: datetime | None = None) -> Callable[..., datetime]:
        current = [moment or clock.now()]

        def advance(seconds: float = 0) -> datetime:
            current[0] += timedelta(seconds=seconds)
            return current[0]

        clock.use(lambda: current[0])
        return advance

    yield start
    clock.use(None)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """Closes at the end of the test whatever the test puts on it."""
    with ExitStack() as things:
        yield things


@pytest.fixture(scope="session")
def root() -> Path:
    """The root of the repository."""
    from config import ROOT

    return ROOT
