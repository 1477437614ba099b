"""The supervisor: starts the servers and the product in order, watches them, starts a dead one again, stops them all.

One supervisor per home: it holds a lock for as long as it lives. What it starts stands in `run.json` at once, so that
`status` and `stop` can tell the truth and clean up after any death of its own.
"""

from __future__ import annotations

import contextlib
import os
import queue
import shutil
import threading
import time
from collections.abc import Callable, Collection, Iterator
from typing import Any

import psutil

from backend.cli.child import Child, Spec
from backend.cli.database import prepare, revoke_token
from backend.cli.development_keys import DevelopmentKeys, load_keys
from backend.cli.embedded.postgres import find_postgres
from backend.cli.embedded.redis import Redis, find_program
from backend.cli.google_environment import google_environment
from backend.cli.home import Home, StartProblem
from backend.cli.ports import Ports
from backend.cli.processes import clean_up
from backend.cli.run_file import ProcessEntry, RunFile, read_run_file
from backend.cli.stack import (
    DATABASE,
    Stack,
    given_settings,
    postgres_spec,
    product_specs,
    read_sandbox,
    redis_spec,
    sandbox_spec,
)

Say = Callable[[str], None]
TICK = 0.5
PARTS = ("database", "redis", "sandbox", "product")  # a benchmark starts only those it names
SERVERS = ("postgres", "redis")
KEYS = ("APP_MASTER_KEY", "SECRET_KEY")  # these stay where they are kept: run.json names no key
SHOWN = ("DATABASE_URL", "REDIS_URL")


class Supervisor:
    """Runs one stack for the length of `running()`, while the caller holds the supervisor's lock."""

    def __init__(self, home: Home, say: Say, *, parts: Collection[str] = PARTS) -> None:
        self.home = home
        self.parts = parts
        self.say = say
        self.stack = Stack(home, given_settings())
        self.stopping = threading.Event()
        self.hurry = threading.Event()
        me = psutil.Process()
        self.run = RunFile("starting", ProcessEntry("supervisor", me.pid, me.create_time(), "running"))
        self.run.logs = str(home.logs)
        self._children: list[Child] = []
        self._exits: queue.Queue[Child] = queue.Queue()
        self._monitor = threading.Thread(target=self._watch, name="monitor", daemon=True)
        self._publishing = threading.Lock()

    @contextlib.contextmanager
    def running(self) -> Iterator[RunFile]:
        """Start everything, keep it running for the length of the block, stop it.

        Raises:
            StartProblem: something did not start; what had started is stopped again.
        """
        try:
            self._start()
            yield self.run
        finally:
            self._stop()

    def _start(self) -> None:
        self.home.make()
        keys = None if self.stack.production else self._load_keys()
        settings = self.stack.check()
        self._sweep()
        ports = Ports(settings.api_host, self.home.hash)
        for line in self.stack.choose_ports(settings, ports):
            self.say(line)
        self._publish()
        sandbox = []
        if keys:
            self._start_servers(keys, ports)
            sandbox = self._begin_sandbox(ports)
        prepared = self._prepare() if "product" in self.parts else {}
        if sandbox:
            self._await(sandbox)
            self._use_sandbox()
        if "product" in self.parts:
            self._start_product(prepared)
        self.run.state = "running"
        self._publish()
        self._monitor.start()

    def _prepare(self) -> dict[str, Any]:
        self.say("Preparing the database")
        return prepare(self.stack.environment, with_token=not self.stack.production)

    def _start_product(self, prepared: dict[str, Any]) -> None:
        settings = self.stack.check()
        self._make_metrics_folder()
        self._await(self._begin(product_specs(self.stack, settings)))
        self.run.api_url, self.run.stream_url = settings.public_url, settings.stream_url
        self.run.token, self.run.token_id = prepared.get("token"), prepared.get("token_id")

    def _load_keys(self) -> DevelopmentKeys:
        keys, are_new = load_keys(self.home)
        self.stack.add_keys(keys)
        old = self.home.state / "postgres"
        if are_new and old.exists():
            aside = old.with_name(f"postgres.without-keys.{time.strftime('%Y%m%dT%H%M%S')}")
            old.rename(aside)
            self.say(f"The database of an earlier installation, whose keys are gone, is kept aside as {aside}")
        return keys

    def _sweep(self) -> None:
        """Stop what an earlier supervisor left behind when it was killed."""
        earlier = read_run_file(self.home)
        if found := clean_up(self.home, earlier.identities() if earlier else ()):
            self.say(f"Stopped {found} processes that an earlier start had left behind")

    def _start_servers(self, keys: DevelopmentKeys, ports: Ports) -> None:
        environment, added = self.stack.environment, self.stack.added
        specs = []
        if self.stack.wants_redis and "redis" in self.parts:
            program = find_program(self.home, self.say)
            redis = Redis(program, self.home.data / "redis", ports.choose(0), keys.redis)
            redis.prepare()
            added["REDIS_URL"] = redis.url()
            specs.append(redis_spec(redis, environment))
        if not self.stack.wants_database or "database" not in self.parts:
            self._await(self._begin(specs))
            return
        postgres = find_postgres(self.home, name="postgres", superuser_password=keys.postgres_superuser)
        postgres.prepare()
        self.run.postgres_data = str(postgres.data)
        self.run.postgres_account = postgres.account.name if postgres.account else None
        self._await(self._begin([*specs, postgres_spec(postgres, environment)]))
        postgres.make_roles(owner_password=keys.cw_owner, app_password=keys.cw_app, database=DATABASE)
        added["DATABASE_URL"] = postgres.url("cw_app", keys.cw_app, DATABASE)
        added["MIGRATION_DATABASE_URL"] = postgres.url("cw_owner", keys.cw_owner, DATABASE)

    def _begin_sandbox(self, ports: Ports) -> list[Child]:
        if not self.stack.wants_sandbox or "sandbox" not in self.parts:
            return []
        return self._begin([sandbox_spec(self.home, ports, self.stack.environment)])

    def _use_sandbox(self) -> None:
        """Let the product talk to the sandbox as it talks to Google."""
        described = read_sandbox(self.home)
        if described is None:
            raise StartProblem("the sandbox took its description away while starting")
        self.run.sandbox = described
        self.run.customer_ids = list(described["customer_ids"])
        self.stack.added.update(google_environment(described))
        if self.run.customer_ids:  # the account that is meant when a request names none
            self.stack.added["GOOGLE_ADS_CUSTOMER_ID"] = self.run.customer_ids[0]

    def _make_metrics_folder(self) -> None:
        """An empty folder for the processes' metrics: what the last run left would be counted again."""
        folder = self.home.data / "metrics"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        self.stack.added["PROMETHEUS_MULTIPROC_DIR"] = str(folder)

    def _begin(self, specs: list[Spec]) -> list[Child]:
        """Start several children at once."""
        if specs:
            self.say(f"Starting {', '.join(spec.name for spec in specs)}")
        begun = [Child(spec, self.home, self._exits) for spec in specs]
        for child in begun:
            self._children.append(child)
            child.start()
        self._publish()
        return begun

    def _await(self, children: list[Child]) -> None:
        """Wait until all of them are ready."""
        for child in children:
            child.wait_ready(self.stopping)
        self._publish()

    def _publish(self) -> None:
        with self._publishing:
            environment = self.stack.environment
            self.run.database_url, self.run.redis_url = (environment.get(name) for name in SHOWN)
            self.run.processes = [child.entry for child in self._children]
            self.run.environment = {name: text for name, text in self.stack.added.items() if name not in KEYS}
            self.run.write(self.home)

    def _watch(self) -> None:
        """Notice deaths and start the dead again, until the stop begins."""
        while not self.stopping.is_set():
            with contextlib.suppress(queue.Empty):
                child = self._exits.get(timeout=TICK)
                if self.stopping.is_set():
                    return
                pause = child.plan_restart()
                self.say(f"{child.spec.name} ended with {child.entry.last_exit}; it starts again in {pause:g} s")
                self._publish()
            self._restart_due()

    def _restart_due(self) -> None:
        changed = False
        for child in self._children:
            if child.restart_at is not None and time.monotonic() >= child.restart_at:
                child.start()
                changed = True
            elif child.entry.state == "starting" and child.exit_code is None and child.spec.is_ready():
                child.entry.state = "running"
                changed = True
        if changed:
            self._publish()

    def _stop(self) -> None:
        """Revoke the token and stop every child: first what uses the servers, then the servers."""
        self.stopping.set()
        if self._monitor.is_alive():
            self._monitor.join()
        self.run.state = "stopping"
        if self._children:
            self._publish()
        if self.run.token and not self.hurry.is_set():
            revoke_token(self.run, self.stack.environment)
        self._stop_children([child for child in self._children if child.spec.name not in SERVERS])
        self._stop_children([child for child in self._children if child.spec.name in SERVERS])
        clean_up(self.home, ())
        self.home.run_file.unlink(missing_ok=True)

    def _stop_children(self, children: list[Child]) -> None:
        for child in children:
            child.ask_to_stop()
        for child in children:
            child.wait_stopped(self.hurry)


def command_environment(home: Home) -> dict[str, str]:
    """The variables for a Flask or Celery command beside the running stack: what it was given and what it added."""
    stack = Stack(home, given_settings())
    if not stack.production and home.keys_file.exists():
        stack.add_keys(load_keys(home)[0])
    if run := read_run_file(home):
        stack.added.update(run.environment)
    return {**os.environ, **stack.environment}
