"""The supervisor as an operator meets it: start, status, death of a child, death of the supervisor, stop."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
import requests

from backend.cli.processes import Identity, clean_up, living
from tests.support.stack import Stack

PATIENCE = 40


def wait_until(true: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.2)


@pytest.mark.slow(reason="starts PostgreSQL, Redis and the whole product, twice over a kill -9")
def test_the_life_of_a_stack_with_its_own_servers(stack: Stack) -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        stack.settings["API_PORT"] = str(port)
        supervisor = stack.up()

        run = stack.run_file()
        assert stack.home.run_file.stat().st_mode & 0o777 == 0o600
        assert run["api_url"] != f"http://127.0.0.1:{port}"
        assert f"API_PORT {port} is taken" in stack.said
        wait_until(lambda: run["api_url"] in stack.said, "the addresses were not printed")
        names = {entry["name"] for entry in run["processes"]}
        assert names == {"postgres", "redis", "api", "stream", "worker", "beat"}
        me = requests.get(f"{run['api_url']}/api/me", headers={"Authorization": f"Bearer {run['token']}"}, timeout=10)
        assert me.status_code == 200
        assert run["token"] not in json.dumps(stack.status())

        again = stack.run("up")
        assert again.returncode == 0
        assert "runs already" in again.stderr
        assert stack.run_file()["processes"] == run["processes"]

        told = f"export CW_URL={run['api_url']} CW_TOKEN={run['token']} CW_STREAM_URL={run['stream_url']}\n"
        assert stack.run("env").stdout == told

        supervisor.kill()
        supervisor.wait()
        orphaned = stack.status()
        assert (orphaned["state"], orphaned["exit_code"]) == ("damaged", 4)
        assert {entry["pid"] for entry in run["processes"]} <= {entry["pid"] for entry in orphaned["processes"]}

        supervisor = stack.up()
        assert "an earlier start had left behind" in stack.said
        now = stack.run_file()
        assert not {entry["pid"] for entry in run["processes"]} & {process.pid for process in stack.processes()}
        assert len([process for process in stack.processes() if "beat" in process.cmdline()]) == 1
        old = requests.get(f"{now['api_url']}/api/me", headers={"Authorization": f"Bearer {run['token']}"}, timeout=10)
        assert old.status_code == 401
    supervisor.send_signal(signal.SIGINT)
    assert supervisor.wait(PATIENCE) == 0
    assert stack.processes() == []
    assert stack.status()["exit_code"] == 3


@pytest.mark.slow(reason="starts the product, kills beat and waits for the next one, then kills the supervisor")
def test_a_dead_child_is_reported_and_started_again(given_stack: Stack) -> None:
    given_stack.up()
    run = given_stack.run_file()
    assert {entry["name"] for entry in run["processes"]} == {"api", "stream", "worker", "beat"}
    beat = next(entry for entry in run["processes"] if entry["name"] == "beat")
    os.kill(beat["pid"], signal.SIGKILL)
    wait_until(lambda: any(entry["restarts"] for entry in given_stack.status()["processes"]), "no death was noticed")
    wait_until(lambda: given_stack.status()["state"] == "running", "beat was not started again")
    found = next(entry for entry in given_stack.status()["processes"] if entry["name"] == "beat")
    assert found["restarts"] == 1
    assert found["last_exit"] == -signal.SIGKILL
    assert found["pid"] != beat["pid"]

    given_stack.started[0].kill()
    given_stack.started[0].wait()
    assert given_stack.status()["exit_code"] == 4
    assert given_stack.run("stop").returncode == 0
    assert given_stack.processes() == []
    assert given_stack.status()["exit_code"] == 3
    assert not given_stack.home.run_file.exists()


def test_a_foreign_process_with_a_recorded_number_is_left_alone(stack: Stack) -> None:
    stack.home.make()
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as foreign:
        try:
            recorded = Identity(foreign.pid, psutil.Process(foreign.pid).create_time() - 3600)
            assert living(recorded, stack.home) is None
            assert clean_up(stack.home, [recorded]) == 0
            assert foreign.poll() is None
        finally:
            foreign.kill()


def test_a_process_of_another_home_is_left_alone(stack: Stack, tmp_path: Path) -> None:
    stack.home.make()
    environment = {**os.environ, "CAMPAIGNWIZARD_HOME": str(tmp_path / "another")}
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], env=environment) as foreign:
        try:
            recorded = Identity(foreign.pid, psutil.Process(foreign.pid).create_time())
            wait_until(lambda: living(recorded, stack.home) is None, "the mark of another home was not seen")
            assert clean_up(stack.home, [recorded]) == 0
            assert foreign.poll() is None
        finally:
            foreign.kill()


def test_nothing_runs_in_a_new_home(stack: Stack) -> None:
    assert stack.status() == {"state": "stopped", "processes": [], "exit_code": 3}
    stopped = stack.run("stop")
    assert (stopped.returncode, stopped.stderr.strip()) == (0, "Nothing was running")
    env = stack.run("env")
    assert (env.returncode, env.stdout) == (1, "")
    assert "nothing is running" in env.stderr
