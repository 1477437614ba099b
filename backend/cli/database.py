"""What the database needs before the product starts; a process of its own does it, so the supervisor stays small."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import requests

from backend.cli.home import ROOT, StartProblem
from backend.cli.run_file import RunFile

ERROR = re.compile(r"[\w.]+: |The start stops: ")  # the line of a traceback that says what happened


def prepare(environment: Mapping[str, str], *, with_token: bool) -> dict[str, Any]:
    """Migrate and, if asked, mint the token of this start; answers `{"token": …, "token_id": …, …}` or `{}`.

    Raises:
        StartProblem: it failed; the line carries what it said last.
    """
    done = _run(environment, *(["--token"] if with_token else []))
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.strip()] or ["it said nothing"]
        errors = [line for line in said if ERROR.match(line)]
        raise StartProblem(f"the database could not be prepared: {(errors or said)[-1]}")
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def revoke_token(run: RunFile, environment: Mapping[str, str]) -> bool:
    """End the token of a start, through the API while it answers, else in the database; False when that failed too.

    What is missed here ends at the next start, which revokes every token that a start has minted.
    """
    try:
        address, head = f"{run.api_url}/api/tokens/{run.token_id}", {"Authorization": f"Bearer {run.token}"}
        if requests.delete(address, headers=head, timeout=3).status_code == 204:
            return True
    except requests.RequestException:
        pass  # the API is gone: the database is asked itself
    return _run(environment, "--revoke").returncode == 0


def _run(environment: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "backend.cli", "prepare", *arguments],
        cwd=ROOT,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
    )
