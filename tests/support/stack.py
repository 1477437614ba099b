"""A stack under a supervisor of its own: `python -m backend.cli …` with its state in a folder of the test."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from backend.cli.home import Home
from backend.cli.processes import marked
from backend.cli.run_file import read_run_file
from tests.support.environment import clean_environment

START_SECONDS = 90


@dataclass
class Stack:
    """One home, and the commands that work on it. `settings` are given to every command."""

    data: Path
    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def home(self) -> Home:
        """Where it keeps its state."""
        return Home(self.data.resolve())

    @property
    def environment(self) -> dict[str, str]:
        """The environment of its commands."""
        return clean_environment(CAMPAIGNWIZARD_DATA=str(self.data), **self.settings)

    def run(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            [sys.executable, "-m", "backend.cli", *arguments],
            cwd=self.folder,
            env={**self.environment, **more},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=START_SECONDS,
        )

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command that serves, without a terminal; its output goes to `<data>.out`."""
        with self.output.open("a") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "backend.cli", *arguments],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                text=True,
                start_new_session=True,
            )
        self.started.append(process)
        return process

    def up(self) -> subprocess.Popen[str]:
        """`up`, waited for until it serves."""
        process = self.start("up")
        deadline = time.monotonic() + START_SECONDS
        while not self._serves(process.pid):
            assert process.poll() is None, self.said
            assert time.monotonic() < deadline, self.said
            time.sleep(0.1)
        return process

    def _serves(self, supervisor: int) -> bool:
        run = read_run_file(self.home)
        return run is not None and run.state == "running" and run.supervisor.pid == supervisor

    @property
    def output(self) -> Path:
        """What the serving commands have printed, as a file."""
        return self.folder / "output.txt"

    @property
    def said(self) -> str:
        """What the serving commands have printed."""
        return self.output.read_text(encoding="utf-8")

    def status(self) -> dict[str, Any]:
        """`status --json`, with its exit code as `exit_code`."""
        done = self.run("status", "--json")
        found: dict[str, Any] = json.loads(done.stdout)
        return {**found, "exit_code": done.returncode}

    def run_file(self) -> dict[str, Any]:
        """What run.json says."""
        found: dict[str, Any] = json.loads(self.home.run_file.read_text(encoding="utf-8"))
        return found

    def processes(self) -> list[psutil.Process]:
        """Every living process of this stack, but for its supervisors."""
        return marked(self.home)

    def close(self) -> None:
        """End whatever is left; a test that failed leaves nothing behind either."""
        for process in self.started:
            if process.poll() is None:
                process.terminate()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(60)
        for process in self.started:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
                process.wait()
        self.run("stop")
