"""The run's PostgreSQL and Redis as a worker sees them: a database and a Redis database of its own."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg import sql

from backend.cli.home import ROOT
from tests.support import run as runs
from tests.support.keeper import TEMPLATE, Described, base_environment

_kept: list[subprocess.Popen[bytes]] = []  # the keeper outlives the worker that happened to start it


@dataclass(frozen=True)
class Servers:
    """Where this worker's databases are."""

    described: Described
    database: str
    redis_number: int

    @property
    def database_url(self) -> str:
        """As cw_app, the product's own role."""
        return self.described.database("cw_app", self.database)

    @property
    def migration_database_url(self) -> str:
        """As cw_owner, the owner of the tables."""
        return self.described.database("cw_owner", self.database)

    @property
    def superuser_url(self) -> str:
        """As the superuser, whom row-level security does not hide anything from."""
        return self.described.database("postgres", self.database)

    @property
    def redis_url(self) -> str:
        """This worker's Redis database."""
        return self.described.redis(self.redis_number)

    @property
    def environment(self) -> dict[str, str]:
        """The settings that lead a process to these servers."""
        return base_environment(self.described, self.database, self.redis_number)

    @contextmanager
    def fresh_database(self, name: str, *, template: str = TEMPLATE) -> Iterator[str]:
        """A further migrated database for one test (`template="template1"`: an empty one); yields its name."""
        make_database(self.described, name, template)
        try:
            yield name
        finally:
            with psycopg.connect(self.described.database("postgres", "postgres"), autocommit=True) as admin:
                admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def make_database(described: Described, name: str, template: str = TEMPLATE) -> None:
    """Copy a database; replaces one of the same name."""
    with psycopg.connect(described.database("postgres", "postgres"), autocommit=True) as admin:
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        admin.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER cw_owner").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )


def open_servers() -> Servers:
    """The servers of this run, started by whichever worker asks first.

    Raises:
        RuntimeError: they did not start; the message carries the keeper's output.
    """
    run = runs.current()
    run.folder.mkdir(parents=True, exist_ok=True)
    description = run.folder / "servers.json"
    with (run.folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not description.exists():
            description.write_text(_start_keeper(run), encoding="utf-8")
        described = Described(**json.loads(description.read_text(encoding="utf-8"))["servers"])
        number = runs.worker_number()
        make_database(described, f"cw_test_{number}")
    return Servers(described, f"cw_test_{number}", number)


def close_servers() -> None:
    """Stop the keeper at the end of a run; called by the controller only."""
    description = runs.current().folder / "servers.json"
    if description.exists():
        keeper = json.loads(description.read_text(encoding="utf-8"))["keeper"]
        description.unlink()
        os.kill(keeper, signal.SIGTERM)
        for child in _kept:
            child.wait(30)


def _start_keeper(run: runs.Run) -> str:
    log = run.folder / "keeper.log"
    with log.open("wb") as errors:
        keeper = subprocess.Popen(
            [sys.executable, "-m", "tests.support.keeper", str(run.controller)],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )
    _kept.append(keeper)
    assert keeper.stdout is not None
    with keeper.stdout as answer:
        line = answer.readline()
    if not line:
        raise RuntimeError(f"the test servers did not start:\n{log.read_text(encoding='utf-8')}")
    return json.dumps({"keeper": keeper.pid, "servers": json.loads(line)})
