"""Which processes are ours: told by process id, start time and a mark in the environment, never by a name alone.

Every child carries `CAMPAIGNWIZARD_HOME=<its home>`. After a kill -9 of the supervisor its children are found again by
that mark and by what `run.json` recorded; a process that merely got one of the recorded numbers is left alone.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterable
from dataclasses import dataclass

import psutil

from backend.cli.home import Home

MARK = "CAMPAIGNWIZARD_HOME"
CLOCK_SLACK = 2.0  # seconds: start times are derived from the boot time, which moves when the clock is set


@dataclass(frozen=True, slots=True)
class Identity:
    """One process of the machine's whole life: its number and when it began (seconds since 1970)."""

    pid: int
    started: float


def identity(pid: int) -> Identity | None:
    """Who runs under a number now."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return Identity(pid, psutil.Process(pid).create_time())
    return None


def living(known: Identity, home: Home) -> psutil.Process | None:
    """The process that was recorded, if it still lives and is not somebody else's."""
    try:
        process = psutil.Process(known.pid)
        if abs(process.create_time() - known.started) > CLOCK_SLACK or process.status() == psutil.STATUS_ZOMBIE:
            return None
    except psutil.NoSuchProcess:
        return None
    mark = _mark(process)
    return process if mark in (None, str(home.data)) else None


def marked(home: Home) -> list[psutil.Process]:
    """Every living process that carries this home's mark, but for ourselves and our ancestors."""
    kin = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    return [
        process
        for process in psutil.process_iter()
        if process.pid not in kin and _mark(process) == str(home.data) and process.status() != psutil.STATUS_ZOMBIE
    ]


def _mark(process: psutil.Process) -> str | None:
    """The mark a process carries; None when it has none or may not (or can no longer) be read."""
    try:
        return process.environ().get(MARK)
    except (psutil.Error, OSError):
        return None


def end(processes: Iterable[psutil.Process], *, patience: float) -> None:
    """Ask processes to stop, wait, and kill what is left after `patience` seconds."""
    waiting = list(processes)
    for process in waiting:
        _send(process, signal.SIGINT if _is_postgres(process) else signal.SIGTERM)
    _, left = psutil.wait_procs(waiting, timeout=patience)
    for process in left:
        _send(process, signal.SIGKILL)
    psutil.wait_procs(left, timeout=5)


def _send(process: psutil.Process, number: signal.Signals) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):  # psutil refuses a number that was given to another process
        process.send_signal(number)


def _is_postgres(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):
        return process.name().startswith("postgres")
    return False


def _rank(process: psutil.Process) -> int:
    """The order of stopping: first what uses the servers, then Redis, then PostgreSQL."""
    with contextlib.suppress(psutil.Error):
        name = process.name()
        return 2 if name.startswith("postgres") else 1 if name.startswith("redis") else 0
    return 0


def clean_up(home: Home, recorded: Iterable[Identity], *, patience: float = 10) -> int:
    """End every process of this home that still lives; answers how many roots there were.

    PostgreSQL ends its own children; of the others, a whole process tree carries the mark.
    """
    found = {process.pid: process for process in marked(home)}
    for known in recorded:
        if process := living(known, home):
            found[process.pid] = process
    roots = [process for process in found.values() if _parent(process) not in found]
    for rank in (0, 1, 2):
        end([process for process in roots if _rank(process) == rank], patience=patience)
    deadline = time.monotonic() + patience
    while (left := [process for process in marked(home) if _rank(process) != 2]) and time.monotonic() < deadline:
        end(left, patience=1)
    return len(roots)


def _parent(process: psutil.Process) -> int | None:
    with contextlib.suppress(psutil.Error):
        return process.ppid()
    return None
