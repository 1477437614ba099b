"""The main job on a stack of its own, and the README's curl block as a reader would paste it."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
from typing import Any

import pytest

from backend.cli.home import ROOT
from tests.support.stack import Stack

PATIENCE = 120


def curl_block() -> str:
    """The block of README.md under "Try it with curl", without the line that sets the variables."""
    section = (ROOT / "README.md").read_text(encoding="utf-8").partition("## Try it with curl")[2]
    found = re.search(r"```sh\n(.+?)```", section, re.DOTALL)
    assert found
    lines = found[1].splitlines()
    assert lines[0] == 'eval "$(python3 run.py env)"'
    return "\n".join(lines[1:])


def answers(text: str) -> list[Any]:
    """The JSON documents of an output in which one follows the other."""
    decoder, found, at = json.JSONDecoder(), [], 0
    while at < len(text):
        value, at = decoder.raw_decode(text, at)
        found.append(value)
        at += len(text[at:]) - len(text[at:].lstrip())
    return found


@pytest.mark.slow(reason="runs the whole demo twice, beside a stack that it starts")
def test_the_demo_joins_what_runs_and_the_readme_says_the_truth(stack: Stack) -> None:
    stack.settings = {}
    demo = stack.start("demo")
    deadline = time.monotonic() + PATIENCE
    while "The API keeps serving" not in stack.said:
        assert demo.poll() is None, stack.said
        assert time.monotonic() < deadline, stack.said
        time.sleep(0.2)

    once = stack.run("demo", "--once")
    assert once.returncode == 0, once.stderr
    told = json.loads(once.stdout.splitlines()[-1])
    assert {"campaign_id", "google_campaign_id", "rows_synced", "report", "seconds"} <= set(told)
    assert told["rows_synced"] > 1000
    assert told["report"].startswith("# ")
    ledger = (stack.home.data / "sandbox" / "ledger.jsonl").read_text(encoding="utf-8").splitlines()
    created = f"customers/{told['customer_id']}/campaigns/{told['google_campaign_id']}"
    applied = [call for call in map(json.loads, ledger) if call["outcome"] == "applied" and created in call["results"]]
    assert len(applied) == 1

    variables = stack.run("env").stdout
    done = subprocess.run(
        ["/bin/bash", "-euo", "pipefail", "-c", f"{variables}\n{curl_block()}"],
        cwd=stack.folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    me, customers, draft, published, again, campaigns, report = answers(done.stdout)
    assert me["role"] == "admin"
    assert len(customers) > 1
    assert draft["status"] == "DRAFT"
    assert (published["id"], published["status"]) == (draft["id"], "PUBLISHED")
    assert (again["status"], again["code"]) == (409, "already_published")
    assert again["google_campaign_id"] == published["google_campaign_id"]
    assert campaigns[0]["id"] == draft["id"]
    assert "# " in json.dumps(report)

    demo.send_signal(signal.SIGINT)
    assert demo.wait(60) == 0
    assert stack.processes() == []
