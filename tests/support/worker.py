"""A Celery worker process with beat in it, as `celery -A backend.worker worker -B` starts one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from backend.cli.home import ROOT

START_SECONDS = 60
STOP_SECONDS = 15


@dataclass
class Worker:
    """One running worker; its log is `folder/worker.log`."""

    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def log(self) -> str:
        """Everything it has printed."""
        return (self.folder / "worker.log").read_text(encoding="utf-8", errors="replace")

    def pool_children(self) -> list[psutil.Process]:
        """The processes that run the tasks."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def kill(self) -> None:
        """End the worker and its children at once, as a power cut would."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """End it as an operator would; after a while by force."""
        if self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()


def start_worker(
    environment: dict[str, str],
    folder: Path,
    *,
    beat: bool = True,
    concurrency: int = 2,
    application: str = "backend.worker",
    **more: str,
) -> Worker:
    """Start a worker with these settings (`more` adds variables, such as FAULT_AT) and wait until it takes work.

    Raises:
        RuntimeError: it did not start; the message carries its log.
    """
    folder.mkdir(parents=True, exist_ok=True)
    name = f"test-{os.getpid()}-{time.monotonic_ns()}@localhost"
    command = [sys.executable, "-m", "celery", "-A", application, "worker", "--hostname", name]
    command += ["--concurrency", str(concurrency), "--loglevel", "INFO"]
    if beat:
        command += ["-B", "--schedule", str(folder / "beat")]
    with (folder / "worker.log").open("ab") as log:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **environment, **more},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    worker = Worker(folder, process)
    deadline = time.monotonic() + START_SECONDS
    while f"{name} ready" not in worker.log:
        if process.poll() is not None or time.monotonic() > deadline:
            worker.stop()
            raise RuntimeError(f"the worker did not start:\n{worker.log}")
        time.sleep(0.05)
    return worker
