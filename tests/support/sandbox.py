"""A sandbox process and its doors: ledger, faults, clock, totals."""

from __future__ import annotations

import fcntl
import json
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from backend.cli.google_environment import google_environment
from backend.cli.home import ROOT
from backend.sandbox.googleads import tls
from tests.support import run as runs

START_SECONDS = 60


@dataclass
class Sandbox:
    """One running sandbox. `info` is its `sandbox.json`."""

    folder: Path
    info: dict[str, Any]
    process: subprocess.Popen[bytes]

    @property
    def ca_file(self) -> str:
        """The roots to verify it with."""
        return str(self.info["ca_file"])

    @property
    def environment(self) -> dict[str, str]:
        """The settings that make the product use it."""
        return google_environment(self.info)

    def ledger(self, *, since: int = 0, **wanted: Any) -> list[dict[str, Any]]:
        """The RPCs served so far with `seq` above `since`, oldest first; `method="Mutate"` and the like select."""
        lines = (self.folder / "ledger.jsonl").read_text(encoding="utf-8").splitlines()
        calls = [json.loads(line) for line in lines]
        return [
            call
            for call in calls
            if call["seq"] > since and all(_matches(call.get(name), value) for name, value in wanted.items())
        ]

    def last_seq(self) -> int:
        """The number of the newest line of the ledger; 0 while it is empty."""
        calls = self.ledger()
        return int(calls[-1]["seq"]) if calls else 0

    def add_fault(self, **fault: Any) -> None:
        """Make a coming call fail as described (method, times, when, grpc_status, error_code, …)."""
        self._admin("POST", "/faults", json=fault)

    def faults(self) -> list[dict[str, Any]]:
        """The faults that no call has met yet."""
        left: list[dict[str, Any]] = self._admin("GET", "/faults")
        return left

    def clear_faults(self) -> None:
        """Forget every fault."""
        self._admin("DELETE", "/faults")

    def advance_clock(self, seconds: float) -> None:
        """Move the sandbox's clock ahead."""
        self._admin("POST", "/clock", json={"advance_s": seconds})

    def change(self, **change: Any) -> Any:
        """Edit an account as somebody would in Google's own interface."""
        return self._admin("POST", "/changes", json=change)

    def totals(self, customer_id: str, level: str, start: str, end: str, split: str = "") -> list[dict[str, Any]]:
        """The statistics that the sandbox holds, per entity and day (and device, network); dates inclusive."""
        question = {"customer_id": customer_id, "level": level, "from": start, "to": end, "split": split}
        rows: list[dict[str, Any]] = self._admin("GET", "/totals", params=question)
        return rows

    def state(self, **question: str) -> Any:
        """What the sandbox holds now."""
        return self._admin("GET", "/state", params=question)

    def stop(self) -> None:
        """End the process."""
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _admin(self, method: str, path: str, **options: Any) -> Any:
        answer = requests.request(method, self.info["admin_url"].rstrip("/") + path, timeout=30, **options)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None


def _matches(found: Any, wanted: Any) -> bool:
    """Methods are matched by their last part: the ledger may write them with the service in front."""
    if isinstance(found, str) and isinstance(wanted, str):
        return found == wanted or found.rpartition("/")[2] == wanted or found.rpartition(".")[2] == wanted
    return bool(found == wanted)


def share_authority(folder: Path) -> None:
    """Give a sandbox this run's certificate: gRPC reads its roots once per process, however many sandboxes it meets."""
    shared = runs.current().folder / "tls"
    shared.parent.mkdir(parents=True, exist_ok=True)
    with (shared.parent / "tls.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        tls.prepare(shared, ("127.0.0.1",))
    if not (folder / "tls").exists():
        shutil.copytree(shared, folder / "tls")


def start_sandbox(folder: Path, *arguments: str) -> Sandbox:
    """Start a sandbox with its state in `folder` and wait for its one line.

    Raises:
        RuntimeError: it did not start; the message carries its output.
    """
    share_authority(folder)
    log = folder / "sandbox.log"
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "backend.cli", "sandbox", "--data", str(folder), *arguments],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
        )
    assert process.stdout is not None
    started = time.monotonic()
    with process.stdout as answer:
        line = answer.readline()
    if not line:
        process.wait(START_SECONDS - (time.monotonic() - started))
        raise RuntimeError(f"the sandbox did not start:\n{log.read_text(encoding='utf-8')}")
    return Sandbox(folder, json.loads(line), process)
