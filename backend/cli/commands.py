"""The table of commands: each name, what it is for, and the function that does it.

A command is imported when it is called: the sandbox must not carry the product along, nor the other way round.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from backend.cli.home import StartProblem

FAILED = 1
MISUSED = 2


@dataclass(frozen=True, slots=True)
class Command:
    """One command: `target` is `module:function`; the function takes the arguments and returns the exit code."""

    target: str
    purpose: str  # empty: for the other commands, not for people

    def run(self, arguments: list[str]) -> int:
        """Import the command's module and call it."""
        module, _, name = self.target.partition(":")
        return cast("Callable[[list[str]], int]", getattr(importlib.import_module(module), name))(arguments)


COMMANDS: dict[str, Command] = {
    "demo": Command("backend.cli.demo:demo", "the whole job against the sandbox, then serve; --once: end after it"),
    "up": Command("backend.cli.serve:up", "serve until Ctrl-C"),
    "stop": Command("backend.cli.serve:stop", "stop what runs, also what a killed start left behind"),
    "status": Command("backend.cli.serve:status", "what runs (--json); exit code 0 running, 3 stopped, 4 damaged"),
    "env": Command("backend.cli.serve:env", 'variables for curl: eval "$(python3 run.py env)"'),
    "test": Command("backend.cli.check:test", "every check and test (--soak: the long ones); arguments go to pytest"),
    "bench": Command("backend.cli.bench:bench", "run a benchmark: bench NAME [arguments]; without a name: list them"),
    "sandbox": Command("backend.sandbox.main:main", "a local Google Ads: --host --port --http-port --data --clients …"),
    "ads": Command("backend.cli.ads:ads", "ads COMMAND SLUG [--start DAY --end DAY]: a runbook on one account"),
    "keys": Command("backend.cli.keys:keys", "keys generate | files FOLDER | status | rotate | retire VERSION"),
    "backup": Command("backend.cli.backup:backup", "backup FILE: the database into one file"),
    "restore": Command("backend.cli.backup:restore", "restore FILE: the database out of such a file"),
    "flask": Command(
        "backend.cli.passing:flask", "a Flask command with this clone's settings: flask routes, flask db …"
    ),
    "celery": Command("backend.cli.passing:celery", "a Celery command with this clone's settings: celery inspect ping"),
    "postman": Command("backend.cli.postman:postman", "write docs/postman_collection.json from the OpenAPI document"),
    "prepare": Command("backend.cli.prepare:main", ""),
}


def usage() -> str:
    """The list of commands, as `python3 run.py help` prints it."""
    shown = {name: command.purpose for name, command in COMMANDS.items() if command.purpose}
    width = max(map(len, shown))
    lines = [f"  {name.ljust(width)}  {purpose}" for name, purpose in shown.items()]
    return "\n".join(["usage: python3 run.py COMMAND [arguments]", "", *lines])


def main(arguments: list[str]) -> int:
    """Run one command and return its exit code; a problem that stops a start is one line on standard error."""
    if not arguments or arguments[0] in ("help", "--help", "-h"):
        print(usage())
        return 0 if arguments else MISUSED
    command = COMMANDS.get(arguments[0])
    if command is None:
        print(f"run.py: there is no command {arguments[0]!r}\n\n{usage()}", file=sys.stderr)
        return MISUSED
    try:
        return command.run(arguments[1:])
    except StartProblem as problem:
        print(f"run.py {arguments[0]}: {problem}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return 130
