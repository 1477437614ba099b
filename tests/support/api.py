"""The API as an operator runs it: gunicorn with its processes and threads, behind a port of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from backend.cli.home import ROOT
from tests.support.keeper import free_port

START_SECONDS = 60
ANSWER_SECONDS = 60
APPLICATION = "backend.app:create_app()"


@dataclass
class Api:
    """One running API. `token` is whose requests `call` sends."""

    url: str
    token: str
    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def log(self) -> str:
        """Everything it has printed."""
        return (self.folder / "api.log").read_text(encoding="utf-8", errors="replace")

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        """One request over a connection of its own.

        Raises:
            requests.ConnectionError: nobody answers.
        """
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Connection": "close",
            **(options.pop("headers", None) or {}),
        }
        return requests.request(method, self.url + path, headers=headers, timeout=ANSWER_SECONDS, **options)

    def kill(self) -> None:
        """End all its processes at once, as a power cut would."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def start_api(environment: dict[str, str], folder: Path, token: str, application: str = APPLICATION) -> Api:
    """Start gunicorn with these settings and wait until it answers.

    Raises:
        RuntimeError: it did not start; the message carries its log.
    """
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "-c", str(ROOT / "backend" / "gunicorn.py")]
    with (folder / "api.log").open("ab") as log:
        process = subprocess.Popen(
            [*command, "--bind", f"127.0.0.1:{port}", application],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    api = Api(f"http://127.0.0.1:{port}", token, folder, process)
    deadline = time.monotonic() + START_SECONDS
    while not _answers(api):
        if process.poll() is not None or time.monotonic() > deadline:
            api.kill()
            raise RuntimeError(f"the API did not start:\n{api.log}")
        time.sleep(0.1)
    return api


def _answers(api: Api) -> bool:
    try:
        return api.call("GET", "/health").ok
    except requests.ConnectionError:
        return False
