"""`ads COMMAND SLUG [--start DAY] [--end DAY]`: a runbook on one account; output and exit code are the job's."""

from __future__ import annotations

import argparse
import math
import os
import sys
from typing import Any

from backend.cli.api_client import ApiClient
from backend.cli.home import Home, StartProblem, current_home
from backend.cli.run_file import read_run_file, supervisor_lives

FAILED = 1


def ads(arguments: list[str]) -> int:
    """Run a runbook command through the API and wait for it."""
    parser = argparse.ArgumentParser(prog="run.py ads", description="Run a command on an account and wait for it.")
    parser.add_argument("command", help="init, append, validate, repair or force-unlock")
    parser.add_argument("slug", help="the account, as GET /api/customers names it")
    parser.add_argument("--start", help="first day, YYYY-MM-DD")
    parser.add_argument("--end", help="last day, YYYY-MM-DD")
    options = parser.parse_args(arguments)
    days = {name: value for name in ("start", "end") if (value := getattr(options, name))}
    client = client_of(current_home())
    order = {"slug": options.slug, "command": options.command, "args": days}
    job_id = client.post("/api/runbooks/execute", order)["job_id"]
    done = client.wait(job_id, _Shown(), seconds=math.inf)
    sys.stdout.write(done["stdout"])
    sys.stderr.write(done["stderr"])
    if done["status"] != "finished":
        error = done.get("error") or {}
        print(f"failed: {error.get('code')}: {error.get('detail') or error.get('message') or error}", file=sys.stderr)
        return int(done.get("exit_code") or FAILED)
    return int(done.get("exit_code") or 0)


class _Shown:
    """Tells on standard error how far the job is, a line for each part that it comes to."""

    def __init__(self) -> None:
        self._last = ""

    def __call__(self, status: dict[str, Any]) -> None:
        told = status.get("progress") or {}
        part = told.get("stream") or told.get("entity") or ""
        waits = status.get("waiting_reason")
        line = f"waits: {waits}" if waits else " ".join(filter(None, (told.get("stage"), part)))
        if line and line != self._last:
            self._last = line
            of = f" ({told['done']} of {told['total']})" if told.get("total") and not waits else ""
            print(f"{line}{of}", file=sys.stderr, flush=True)


def client_of(home: Home) -> ApiClient:
    """A client of the running stack, or of the API that `CW_URL` and `CW_TOKEN` name.

    Raises:
        StartProblem: there is neither.
    """
    if os.environ.get("CW_URL") and os.environ.get("CW_TOKEN"):
        return ApiClient(os.environ["CW_URL"].rstrip("/"), os.environ["CW_TOKEN"])
    run = read_run_file(home)
    if run is None or not run.api_url or not run.token or not supervisor_lives(home):
        raise StartProblem("nothing is running: start it with `python3 run.py up`, or set CW_URL and CW_TOKEN")
    return ApiClient(run.api_url, run.token)
