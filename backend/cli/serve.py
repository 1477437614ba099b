"""`up`, `status`, `stop` and `env`: what runs, and how it is started and stopped."""

from __future__ import annotations

import contextlib
import json
import shlex
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import requests

from backend.cli.database import revoke_token
from backend.cli.home import Home, StartProblem, current_home
from backend.cli.processes import clean_up, living, marked
from backend.cli.run_file import RunFile, read_run_file, supervisor_lives, supervisor_lock
from backend.cli.supervisor import Supervisor, command_environment

RUNNING, STOPPED, DAMAGED = 0, 3, 4
JOIN_SECONDS = 120
STOP_SECONDS = 60
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequested(BaseException):
    """Ctrl-C, SIGTERM or a closed terminal: leave what is being done and stop every child."""


@contextlib.contextmanager
def stop_on_signals(stopping: threading.Event, hurry: threading.Event) -> Iterator[None]:
    """Turn the first stop signal into `StopRequested`; one that comes while `stopping` makes the stop quick."""
    asked = False

    def on_signal(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if asked or stopping.is_set():
            hurry.set()
            return
        asked = True
        raise StopRequested

    before = {number: signal.signal(number, on_signal) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def say(line: str) -> None:
    """Tell the person at the terminal what happens; standard output stays for results."""
    print(line, file=sys.stderr, flush=True)


def with_stack(work: Callable[[RunFile], int], *, joined: Callable[[RunFile], int]) -> int:
    """Run `work` beside a stack of our own, or `joined` beside the one that runs already."""
    home = current_home()
    with supervisor_lock(home) as ours:
        if not ours:
            return joined(wait_for_other(home))
        supervisor = Supervisor(home, say)
        with stop_on_signals(supervisor.stopping, supervisor.hurry):
            try:
                with supervisor.running() as run:
                    return work(run)
            except StopRequested:
                say("Stopped")
                return 128 + signal.SIGINT


def wait_for_other(home: Home) -> RunFile:
    """The run of the supervisor that lives, once it serves.

    Raises:
        StartProblem: it is stopping, or does not serve within two minutes.
    """
    deadline = time.monotonic() + JOIN_SECONDS
    while supervisor_lives(home) and time.monotonic() < deadline:
        run = read_run_file(home)
        if run and run.state == "running":
            return run
        time.sleep(0.2)
    raise StartProblem("another start of this clone is neither ready nor over: see `python3 run.py status`")


def describe(run: RunFile) -> list[str]:
    """Where a running stack is reached."""
    lines = [f"API           {run.api_url}", f"documentation {run.api_url}/docs", f"event streams {run.stream_url}"]
    lines.append(f"logs          {run.logs}")
    if run.token:
        lines.append('try it with   eval "$(python3 run.py env)"')
        lines.append("to sign in    python3 run.py flask people administrator admin@localhost")
    return lines


def up(arguments: list[str]) -> int:
    """Serve until Ctrl-C."""
    refuse_arguments("up", arguments)

    def joined(run: RunFile) -> int:
        say(f"It runs already (supervisor {run.supervisor.pid})")
        print("\n".join(describe(run)), flush=True)
        return 0

    def serve(run: RunFile) -> int:
        print("\n".join(describe(run)), flush=True)
        say("Ctrl-C stops it")
        return serve_until_stopped()

    return with_stack(serve, joined=joined)


def serve_until_stopped() -> int:
    """Wait for the stop signal; an orderly stop of something that served is a success."""
    try:
        while True:
            signal.pause()
    except StopRequested:
        say("Stopping")
        return 0


def refuse_arguments(command: str, arguments: list[str]) -> None:
    """Raise StartProblem for arguments that the command does not take."""
    if arguments:
        raise StartProblem(f"unknown argument {arguments[0]!r}: `{command}` takes none")


def examine(home: Home) -> dict[str, Any]:
    """What runs, without secrets: `state` is running, starting, stopped or damaged, with the reasons."""
    run = read_run_file(home)
    supervised = supervisor_lives(home)
    if not supervised:
        left = marked(home)
        if run:
            known = [process for identity in run.identities() if (process := living(identity, home))]
            left += [process for process in known if process.pid not in {other.pid for other in left}]
        if not left:
            return {"state": "stopped", "processes": []}
        problem = "the supervisor is gone and its children are not: `python3 run.py stop` cleans up"
        found = [{"name": _name(process.pid, run), "pid": process.pid, "state": "orphaned"} for process in left]
        return {"state": "damaged", "problems": [problem], "processes": found}
    if run is None or run.state != "running":
        return {"state": run.state if run else "starting", "processes": _entries(run)}
    problems = _problems(run, home)
    return {
        "state": "damaged" if problems else "running",
        **({"problems": problems} if problems else {}),
        "supervisor": run.supervisor.pid,
        "api_url": run.api_url,
        "stream_url": run.stream_url,
        "sandbox": bool(run.sandbox),
        "customer_ids": run.customer_ids,
        "processes": _entries(run),
        "logs": run.logs,
        "postgres_data": run.postgres_data,
        "postgres_account": run.postgres_account,
    }


def _name(pid: int, run: RunFile | None) -> str:
    return next((entry.name for entry in run.processes if entry.pid == pid), "child") if run else "child"


def _entries(run: RunFile | None) -> list[dict[str, Any]]:
    keep = ("name", "pid", "state", "restarts", "last_exit")
    return [{name: getattr(entry, name) for name in keep} for entry in run.processes] if run else []


def _problems(run: RunFile, home: Home) -> list[str]:
    found = []
    for entry in run.processes:
        if entry.state != "running" or not entry.identity or living(entry.identity, home) is None:
            found.append(f"{entry.name} is {entry.state if entry.state != 'running' else 'not there'}: see {run.logs}")
    try:
        if not requests.get(f"{run.api_url}/health", timeout=5).ok:
            found.append(f"{run.api_url}/health does not say that it is healthy")
    except requests.RequestException:
        found.append(f"{run.api_url} does not answer")
    return found


def status(arguments: list[str]) -> int:
    """Tell what runs; exit code 0 running, 3 stopped, 4 damaged (or not whole yet)."""
    if arguments not in ([], ["--json"]):
        raise StartProblem(f"unknown argument {arguments[0]!r}: `status` takes --json")
    found = examine(current_home())
    if arguments:
        print(json.dumps(found))
    else:
        print("\n".join(_report(found)))
    return {"running": RUNNING, "stopped": STOPPED}.get(found["state"], DAMAGED)


def _report(found: dict[str, Any]) -> list[str]:
    lines = [found["state"], *found.get("problems", [])]
    for entry in found["processes"]:
        again = f", started again {entry['restarts']} times" if entry.get("restarts") else ""
        lines.append(f"  {entry['name']:10} {entry['pid'] or '-':>8}  {entry['state']}{again}")
    lines += [f"{name}: {found[name]}" for name in ("api_url", "stream_url", "logs") if found.get(name)]
    return lines


def stop(arguments: list[str]) -> int:
    """Stop what runs, also what a killed supervisor left behind; a stopped one stays stopped."""
    refuse_arguments("stop", arguments)
    home = current_home()
    run = read_run_file(home)
    if supervisor_lives(home) and run:
        supervisor = living(run.supervisor.identity, home) if run.supervisor.identity else None
        if supervisor:
            supervisor.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        while supervisor_lives(home) and time.monotonic() < deadline:
            time.sleep(0.1)
        if supervisor and supervisor_lives(home):
            supervisor.kill()
    with supervisor_lock(home) as ours:
        if not ours:
            raise StartProblem("another start of this clone has begun meanwhile: see `python3 run.py status`")
        if run and run.token and any(living(known, home) for known in run.identities()):
            revoke_token(run, command_environment(home))
        cleaned = clean_up(home, run.identities() if run else ())
        home.run_file.unlink(missing_ok=True)
    say("Stopped" if run or cleaned else "Nothing was running")
    return 0


def env(arguments: list[str]) -> int:
    """Print the variables that the documentation's curl examples use, for `eval`."""
    refuse_arguments("env", arguments)
    home = current_home()
    run = read_run_file(home)
    if run is None or run.state != "running" or not supervisor_lives(home):
        raise StartProblem("nothing is running: start it with `python3 run.py up`")
    named = {"CW_URL": run.api_url, "CW_TOKEN": run.token, "CW_STREAM_URL": run.stream_url}
    print("export", *(f"{name}={shlex.quote(value or '')}" for name, value in named.items()))
    return 0
