"""One child of the supervisor: started in a session of its own, watched by a thread, stopped with patience."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from backend.cli.embedded.account import Account
from backend.cli.home import ROOT, Home, StartProblem
from backend.cli.processes import MARK, identity
from backend.cli.run_file import ProcessEntry

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
SETTLED = 60.0  # seconds of life after which the back-off starts afresh
LARGEST_LOG = 20 << 20


@dataclass(frozen=True, slots=True)
class Spec:
    """What a child is: its command, its variables, and how to tell that it is ready."""

    name: str
    command: list[str]
    environment: Mapping[str, str] = field(repr=False)
    is_ready: Callable[[], bool]
    start_seconds: float = 60
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 10
    account: Account | None = None
    pass_fds: tuple[int, ...] = ()  # listening sockets that the child takes over


class Child:
    """A running Spec. `exits` receives the child whenever its process ends."""

    def __init__(self, spec: Spec, home: Home, exits: queue.Queue[Child]) -> None:
        self.spec = spec
        self.entry = ProcessEntry(spec.name)
        self.log = home.logs / f"{spec.name}.log"
        self.restart_at: float | None = None
        self._home = home
        self._exits = exits
        self._process: subprocess.Popen[bytes] | None = None
        self._begun = 0.0
        self._pause = FIRST_PAUSE

    def start(self) -> None:
        """Start the process; it is ready only when `wait_ready` says so."""
        rotate(self.log)
        owner: dict[str, Any] = {}
        if account := self.spec.account:
            owner = {"user": account.uid, "group": account.gid, "extra_groups": []}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.spec.command,
                cwd="/" if self.spec.account else ROOT,
                env={**self.spec.environment, MARK: str(self._home.data)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=self.spec.pass_fds,
                **owner,
            )
        self._begun = time.monotonic()
        self.restart_at = None
        known = identity(self._process.pid)
        self.entry.pid = self._process.pid
        self.entry.started = known.started if known else time.time()
        self.entry.state = "starting"
        threading.Thread(target=self._watch, args=(self._process,), daemon=True).start()

    def _watch(self, process: subprocess.Popen[bytes]) -> None:
        process.wait()
        self._exits.put(self)

    @property
    def exit_code(self) -> int | None:
        """The exit code of the process that ran last; None while it runs."""
        return self._process.poll() if self._process else None

    def wait_ready(self, stopping: threading.Event) -> None:
        """Wait until the child is ready.

        Raises:
            StartProblem: it ended, or was not ready in time; the line carries the end of its log.
        """
        deadline = self._begun + self.spec.start_seconds
        while not self.spec.is_ready():
            if self.exit_code is not None:
                raise StartProblem(
                    f"{self.spec.name} ended with {self.exit_code} while starting: {last_line(self.log)} ({self.log})"
                )
            if time.monotonic() > deadline:
                raise StartProblem(f"{self.spec.name} was not ready after {self.spec.start_seconds:g} s ({self.log})")
            if stopping.wait(0.05):
                return
        self.entry.state = "running"

    def plan_restart(self) -> float:
        """After a death: when to start again. The pause doubles, up to half a minute, until the child settles."""
        if time.monotonic() - self._begun > SETTLED:
            self._pause = FIRST_PAUSE
        pause, self._pause = self._pause, min(self._pause * 2, LONGEST_PAUSE)
        self.entry.state = "restarting"
        self.entry.last_exit = self.exit_code
        self.entry.restarts += 1
        self.restart_at = time.monotonic() + pause
        return pause

    def ask_to_stop(self) -> None:
        """Send the stop signal, if the process lives."""
        if self._process and self._process.poll() is None:
            self._process.send_signal(self.spec.stop_signal)

    def wait_stopped(self, hurry: threading.Event) -> None:
        """Wait for the process to end; kill its whole session when its time is over or somebody is in a hurry."""
        if self._process is None:
            return
        deadline = time.monotonic() + self.spec.stop_seconds
        while self._process.poll() is None and time.monotonic() < deadline and not hurry.is_set():
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(0.1)
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self.entry.state = "stopped"


def rotate(log: Path) -> None:
    """Put a log that has grown large aside; one older copy is kept."""
    if log.exists() and log.stat().st_size > LARGEST_LOG:
        log.replace(log.with_suffix(".log.1"))


def last_line(log: Path) -> str:
    """The last line of a log that says something."""
    with contextlib.suppress(FileNotFoundError):
        lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines()[-40:]]
        said = [line for line in lines if line]
        return said[-1] if said else "it said nothing"
    return "it said nothing"
