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
    purpose: str

    def run(self, arguments: list[str]) -> int:
        """Import the command's module and call it."""
        module, _, name = self.target.partition(":")
        return cast("Callable[[list[str]], int]", getattr(importlib.import_module(module), name))(arguments)


COMMANDS: dict[str, Command] = {
    "sandbox": Command("backend.sandbox.main:main", "a local Google Ads: --host --port --http-port --data --clients …"),
}


def usage() -> str:
    """The list of commands, as `python3 run.py help` prints it."""
    width = max(map(len, COMMANDS))
    lines = [f"  {name.ljust(width)}  {command.purpose}" for name, command in COMMANDS.items()]
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
