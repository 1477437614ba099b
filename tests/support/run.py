"""Names and folders of one test run, shared by its controller, its xdist workers and the keeper of its servers."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from backend.cli.home import Home, current_home, socket_folder

VARIABLE = "CAMPAIGNWIZARD_TEST_RUN"


@dataclass(frozen=True, slots=True)
class Run:
    """One invocation of pytest, named after the process id of its controller."""

    controller: int

    @property
    def home(self) -> Home:
        """The clone's home: a run's servers use its programs, in folders of their own."""
        return current_home()

    @property
    def name(self) -> str:
        """The prefix of everything that this run makes."""
        return f"test-{self.controller}"

    @property
    def folder(self) -> Path:
        """The run's files: logs, the description of its servers, locks."""
        return self.home.data / "tests" / self.name

    @property
    def sockets(self) -> Path:
        """PostgreSQL's socket folder for this run."""
        return socket_folder(self.home, self.name)


def begin() -> Run:
    """Name this process as the controller of a run; called once, before xdist starts its workers."""
    os.environ.setdefault(VARIABLE, str(os.getpid()))
    return current()


def current() -> Run:
    """The run that this process belongs to."""
    return Run(int(os.environ[VARIABLE]))


def worker_number() -> int:
    """0, 1, … for xdist's workers; 0 without xdist."""
    return int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
