"""`test`: every check and every test of this repository, the way continuous integration runs them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass

from backend.cli.home import ROOT

SPREAD = ("-n", "3", "--dist", "worksteal")
"""Many tests wait for servers, so there is one process more than the two cores of a small machine; whichever is done
takes over what others have not begun."""


@dataclass(frozen=True, slots=True)
class Check:
    """One tool: what it looks after, and its command."""

    name: str
    command: tuple[str, ...]

    def passes(self) -> bool:
        """Run it from the root of the repository; what it says goes to the terminal."""
        print(f"— {self.name}", flush=True)
        began = time.monotonic()
        code = subprocess.run(
            [sys.executable, "-m", *self.command], cwd=ROOT, env=environment(), check=False
        ).returncode
        print(f"  {'ok' if code == 0 else f'failed with {code}'} after {time.monotonic() - began:.0f} s", flush=True)
        return code == 0


STATIC = (
    Check("ruff: rules", ("ruff", "check", "--quiet", ".")),
    Check("ruff: layout", ("ruff", "format", "--check", "--quiet", ".")),
    Check("mypy: types", ("mypy",)),
    Check("import-linter: contracts", ("backend.cli.lint_imports",)),
)


def environment() -> dict[str, str]:
    """The tools' environment: nothing of a running stack, tools found whatever PATH says."""
    return {name: value for name, value in os.environ.items() if name not in ("FLASK_APP", "PYTEST_ADDOPTS")}


def test(arguments: list[str]) -> int:
    """Run the static checks and the tests; with arguments only pytest, which gets them. `--soak`: the long ones."""
    command = ["pytest", *SPREAD, *(["--timeout", "7200"] if "--soak" in arguments else []), *arguments]
    checks = [] if arguments else list(STATIC)
    checks.append(Check("pytest: behaviour", tuple(command)))
    failed = [check.name for check in checks if not check.passes()]
    print(f"failed: {'; '.join(failed)}" if failed else "everything passed", flush=True)
    return 1 if failed else 0
