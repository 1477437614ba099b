"""`.data/run.json`: what runs, for the other commands and for scripts. Only this account may read it."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

from backend.cli.home import Home, write_private
from backend.cli.processes import Identity

LOCK_TRIES = 10
LOCK_PAUSE = 0.03


@dataclass(slots=True)
class ProcessEntry:
    """One child: `state` is starting, running, restarting or stopped."""

    name: str
    pid: int | None = None
    started: float | None = None
    state: str = "starting"
    restarts: int = 0
    last_exit: int | None = None

    @property
    def identity(self) -> Identity | None:
        """Who it is, while it lives."""
        return Identity(self.pid, self.started) if self.pid is not None and self.started is not None else None


@dataclass(slots=True)
class RunFile:
    """Everything about a running stack; `token` is minted at each development start and None in production."""

    state: str
    supervisor: ProcessEntry
    api_url: str | None = None
    stream_url: str | None = None
    token: str | None = field(default=None, repr=False)
    token_id: str | None = None
    database_url: str | None = field(default=None, repr=False)
    redis_url: str | None = field(default=None, repr=False)
    customer_ids: list[str] = field(default_factory=list)
    sandbox: dict[str, Any] | None = None
    processes: list[ProcessEntry] = field(default_factory=list)
    logs: str = ""
    postgres_data: str | None = None
    postgres_account: str | None = None
    environment: dict[str, str] = field(default_factory=dict, repr=False)

    def write(self, home: Home) -> None:
        """Replace the file in one step."""
        write_private(home.run_file, json.dumps(asdict(self), indent=2) + "\n")

    def identities(self) -> list[Identity]:
        """The recorded children."""
        return [entry.identity for entry in self.processes if entry.identity]


def read_run_file(home: Home) -> RunFile | None:
    """The recorded run; None when there is none or the file is not ours to understand (it was cut off)."""
    try:
        found = json.loads(home.run_file.read_text(encoding="utf-8"))
        found["supervisor"] = ProcessEntry(**found["supervisor"])
        found["processes"] = [ProcessEntry(**entry) for entry in found["processes"]]
        return RunFile(**found)
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        return None


def supervisor_lives(home: Home) -> bool:
    """Whether some process holds the supervisor's lock: true at every moment of its life, false at once after it."""
    try:
        handle = os.open(home.lock_file, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


@contextmanager
def supervisor_lock(home: Home) -> Iterator[bool]:
    """Hold the supervisor's lock for the block; yields False when somebody else has it."""
    home.make()
    handle = os.open(home.lock_file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        yield _take(handle)
    finally:
        os.close(handle)


def _take(handle: int) -> bool:
    """Take the lock; `status` holds it for an instant when it looks, so one refusal is not yet an answer."""
    for _ in range(LOCK_TRIES):
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(LOCK_PAUSE)
        else:
            return True
    return False
