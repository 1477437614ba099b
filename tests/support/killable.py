"""A PostgreSQL and a Redis of a test's own, to be killed and started again; what they kept is what a crash leaves."""

from __future__ import annotations

import secrets
import shutil
import subprocess
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from backend.cli.embedded.postgres import DEVELOPMENT, Postgres, find_postgres
from backend.cli.embedded.redis import Redis, find_program
from backend.cli.home import ROOT, socket_folder
from tests.support import run as runs
from tests.support.keeper import TEMPLATE, Described, base_environment, free_port, migrate, wait_until

# Commits must be on the way to the disk when the server dies (synchronous_commit stays on); the machine itself lives.
SURVIVES_A_KILL = {**DEVELOPMENT, "fsync": "off", "full_page_writes": "off"}


@dataclass
class Killable:
    """One server process that can be killed and started again, on the same address."""

    server: Postgres | Redis
    folder: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers; after a kill it may take several tries."""
        wait_until(self._try, type(self.server).__name__, 60)

    def _try(self) -> bool:
        if self.process is None or self.process.poll() is not None:
            self.process = self._spawn()
        return self.server.is_ready() and self.process.poll() is None

    def _spawn(self) -> subprocess.Popen[bytes]:
        options: dict[str, Any] = {"cwd": ROOT}
        if isinstance(self.server, Postgres):
            account = self.server.account
            options = {"cwd": "/"}
            if account:
                options |= {"user": account.uid, "group": account.gid, "extra_groups": []}
        with (self.folder / f"{type(self.server).__name__}.log").open("ab") as log:
            return subprocess.Popen(
                self.server.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, **options
            )

    def kill(self) -> None:
        """SIGKILL to the process itself: PostgreSQL's children learn of it and go by themselves."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()


@dataclass
class KillableServers:
    """Both servers, and the settings that lead to them."""

    postgres: Killable
    redis: Killable
    described: Described
    environment: dict[str, str] = field(default_factory=dict)


def open_killable(name: str, folder: Path, stack: ExitStack) -> KillableServers:
    """Start the two, migrated and empty; they end with the stack."""
    run = runs.current()
    sockets = socket_folder(run.home, f"{run.name}-{name}")
    found = find_postgres(
        run.home, name=f"{run.name}-{name}", superuser_password=secrets.token_hex(12), sockets=sockets
    )
    server = replace(found, options=SURVIVES_A_KILL)
    for path in (server.data, server.sockets):
        stack.callback(shutil.rmtree, path, ignore_errors=True)
    server.prepare()
    postgres = Killable(server, folder)
    stack.callback(postgres.kill)
    postgres.start()
    program = find_program(run.home, lambda line: None)
    cache = Redis(program, folder / "redis", free_port(), secrets.token_hex(12), databases=4, durable=False)
    cache.prepare()
    redis = Killable(cache, folder)
    stack.callback(redis.kill)
    redis.start()
    described = Described(
        sockets=str(server.sockets),
        programs=str(server.programs),
        superuser_password=server.superuser_password,
        owner_password=secrets.token_hex(12),
        app_password=secrets.token_hex(12),
        redis_port=cache.port,
        redis_password=cache.password,
        redis_program=str(program) if program else None,
    )
    server.make_roles(owner_password=described.owner_password, app_password=described.app_password, database=TEMPLATE)
    migrate(described, folder)
    return KillableServers(postgres, redis, described, base_environment(described, TEMPLATE, 0))
