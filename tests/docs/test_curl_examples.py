"""Every shell block of the pages about campaigns, run as it stands against a live API, a worker and the sandbox."""

from __future__ import annotations

import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.serving import make_server

from backend.cli.home import ROOT
from tests.support.sandbox import Sandbox
from tests.support.team import Team

ENV = 'eval "$(python3 run.py env)"'
# An example that the API refuses is a wrong example: curl then fails, and with it the script.
STRICT = 'curl() { command curl --fail-with-body "$@"; }'
PATIENCE = 150


def script(page: str) -> str:
    """All blocks of a page, without the one that sets the variables."""
    blocks = re.findall(
        r"^```sh\n(.+?)^```", (ROOT / "docs" / page).read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    assert blocks[0].strip() == ENV
    return "\n".join(blocks[1:])


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    """The API behind a real socket."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def demo_account(team: Team, sandbox: Sandbox, rows: Callable[..., list[dict[str, Any]]]) -> Team:
    """A connected team with one account as the demo leaves it: synced, with defaults."""
    accounts = team.connect()
    account = next(item for item in accounts if not item["manager"] and item["status"] == "ENABLED")
    defaults = {
        "final_url": "https://www.example.com/spring",
        "business_name": "Example Outdoor",
        "logo_url": sandbox.info["images"]["logo"],
        "contains_eu_political_advertising": False,
    }
    path = f"/api/customers/{account['customer_id']}/defaults"
    tag = {"If-Match": team.client.get(path).headers.get("ETag", "")}
    assert team.client.patch(path, json=defaults, headers=tag).status_code == 200
    rows(
        "UPDATE customers SET last_synced_at = now() WHERE tenant_id = :tenant AND google_customer_id = :number",
        tenant=team.tenant_id,
        number=int(account["customer_id"]),
    )
    return team


@pytest.mark.slow(reason="dozens of requests, and publishes that a worker carries out")
@pytest.mark.parametrize("page", ["campaigns.md", "publishing.md"])
def test_the_examples_work_as_they_are_pasted(page: str, demo_account: Team, address: str, tmp_path: Path) -> None:
    variables = f"export CW_URL={address} CW_TOKEN={demo_account.token}"
    done = subprocess.run(
        ["/bin/bash", "-euo", "pipefail", "-c", f"{variables}\n{STRICT}\n{script(page)}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    assert "application/problem+json" not in done.stdout
