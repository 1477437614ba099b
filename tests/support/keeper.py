"""The process that keeps one test run's PostgreSQL and Redis: it starts them, migrates a template database once, says
where they are, and takes everything away when the run's controller is gone, however that ended.

Run as `python -m tests.support.keeper <controller's pid>`; prints one JSON line when the servers are ready.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import psutil

from backend.cli.embedded.postgres import STOP_SIGNAL, SUPERUSER, THROWN_AWAY, Postgres, find_postgres
from backend.cli.embedded.redis import Redis, find_program
from backend.cli.home import ROOT
from backend.cli.processes import end
from tests.support.run import VARIABLE, Run

TEMPLATE = "cw_template"
KEY = "v1:Y2FtcGFpZ253aXphcmQtdGVzdC1tYXN0ZXIta2V5LSE="  # 32 bytes that guard nothing but test rows


@dataclass(frozen=True)
class Described:
    """Where the servers of a run are, as every worker of the run reads it."""

    sockets: str
    programs: str
    superuser_password: str
    owner_password: str
    app_password: str
    redis_port: int
    redis_password: str
    redis_program: str | None

    def database(self, role: str, name: str) -> str:
        """The URL of a database for cw_owner, cw_app or the superuser."""
        passwords = {"cw_owner": self.owner_password, "cw_app": self.app_password, SUPERUSER: self.superuser_password}
        return f"postgresql://{role}:{passwords[role]}@/{name}?host={self.sockets}"

    def redis(self, number: int) -> str:
        """The URL of a Redis database."""
        secret = f":{self.redis_password}@" if self.redis_program else ""
        return f"redis://{secret}127.0.0.1:{self.redis_port}/{number}"


def free_port() -> int:
    """A loopback port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(ready: Callable[[], bool], what: str, seconds: float = 30) -> None:
    """Wait for a server of ours to become ready.

    Raises:
        TimeoutError: it did not, within `seconds`.
    """
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} was not ready within {seconds} s")
        time.sleep(0.03)


@contextmanager
def process(command: list[str], log: Path, stop: signal.Signals = signal.SIGTERM, **options: Any) -> Any:
    """Run a server for the length of the block; its output goes to `log`."""
    with log.open("ab") as output:
        child = subprocess.Popen(command, stdout=output, stderr=output, stdin=subprocess.DEVNULL, **options)
    try:
        yield child
    finally:
        child.send_signal(stop)
        try:
            child.wait(20)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def start_postgres(run: Run, stack: ExitStack) -> Postgres:
    """Start a PostgreSQL whose data nobody will miss, in folders that go away with the stack."""
    found = find_postgres(
        run.home, name=f"{run.name}-data", superuser_password=secrets.token_hex(12), sockets=run.sockets
    )
    server = replace(found, options={**found.options, **THROWN_AWAY})
    for folder in (server.data, server.sockets):
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
    server.prepare()
    owner: dict[str, Any] = {}
    if server.account:
        owner = {"user": server.account.uid, "group": server.account.gid, "extra_groups": []}
    stack.enter_context(
        process(server.command, run.folder / "postgres.log", STOP_SIGNAL, cwd="/", start_new_session=True, **owner)
    )
    wait_until(server.is_ready, "PostgreSQL")
    return server


def start_redis(folder: Path, program: Path | None, stack: ExitStack) -> Redis:
    """Start a Redis with sixty-four databases that keeps nothing."""
    server = Redis(program, folder, free_port(), secrets.token_hex(12), databases=64, durable=False)
    server.prepare()
    stack.enter_context(process(server.command, folder / "redis.log", start_new_session=True, cwd=ROOT))
    wait_until(server.is_ready, "Redis")
    return server


def migrate(described: Described, folder: Path) -> None:
    """Bring the template database to the newest migration, with the same command as everybody.

    Raises:
        RuntimeError: the migration failed; the message carries its output.
    """
    done = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "backend.app", "db", "upgrade"],
        cwd=ROOT,
        env={**os.environ, **base_environment(described, TEMPLATE, 0)},
        capture_output=True,
        text=True,
        check=False,
    )
    (folder / "migrate.log").write_text(done.stdout + done.stderr, encoding="utf-8")
    if done.returncode:
        raise RuntimeError(f"the migrations failed:\n{done.stdout}{done.stderr}")


def base_environment(described: Described, database: str, redis_number: int) -> dict[str, str]:
    """The settings that every process under test shares."""
    return {
        "APP_ENV": "test",
        "ENV_FILE": "/dev/null",
        "PYTHONPATH": str(ROOT),
        "APP_MASTER_KEY": KEY,
        "SECRET_KEY": "a-secret-that-guards-nothing-but-tests",
        "DATABASE_URL": described.database("cw_app", database),
        "MIGRATION_DATABASE_URL": described.database("cw_owner", database),
        "REDIS_URL": described.redis(redis_number),
    }


def sweep_dead_runs(run: Run) -> None:
    """Remove what is left of runs whose controller was killed: their processes, and their folders."""
    end_left_overs()
    for folder in run.folder.parent.glob("test-*"):
        pid = int(folder.name.removeprefix("test-"))
        if not psutil.pid_exists(pid):
            for left in (*run.home.state.glob(f"{folder.name}*"), *Run(pid).sockets.parent.glob(f"*{folder.name}*")):
                shutil.rmtree(left, ignore_errors=True)
            shutil.rmtree(folder, ignore_errors=True)


def end_left_overs() -> None:
    """End sandboxes and workers whose tests were killed before they could; they carry the name of a run now gone."""
    servers = {os.getpid(), *(child.pid for child in psutil.Process().children(recursive=True))}
    left = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            controller = process.environ().get(VARIABLE, "")
            is_keeper = "tests.support.keeper" in process.cmdline()  # it ends by itself, and takes its servers along
            if controller and process.pid not in servers and not is_keeper and not psutil.pid_exists(int(controller)):
                left.append(process)
    end(left, patience=5)


def keep(run: Run) -> None:
    """Start the servers, describe them on standard output, and wait for the controller to go."""
    sweep_dead_runs(run)
    with ExitStack() as stack:
        postgres = start_postgres(run, stack)
        redis = start_redis(
            run.folder / "redis",
            find_program(run.home, lambda line: print(line, file=sys.stderr)),  # noqa: T201
            stack,
        )
        described = Described(
            sockets=str(postgres.sockets),
            programs=str(postgres.programs),
            superuser_password=postgres.superuser_password,
            owner_password=secrets.token_hex(12),
            app_password=secrets.token_hex(12),
            redis_port=redis.port,
            redis_password=redis.password,
            redis_program=str(redis.program) if redis.program else None,
        )
        postgres.make_roles(
            owner_password=described.owner_password, app_password=described.app_password, database=TEMPLATE
        )
        if (ROOT / "migrations" / "env.py").exists():
            migrate(described, run.folder)
        print(json.dumps(asdict(described)), flush=True)  # noqa: T201
        sys.stdout.close()
        with suppress(psutil.NoSuchProcess):
            psutil.Process(run.controller).wait()
        end_left_overs()


def main() -> None:
    """Keep the servers of the run whose controller's process id is the only argument."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    keep(Run(int(sys.argv[1])))


if __name__ == "__main__":
    main()
