"""`bench NAME …`: runs `benchmarks/NAME.py` with the services it names.

A benchmark says what it needs in one line, `NEEDS = ("database", "redis", "sandbox", "product")` or a part of these; it
finds them through the product's usual settings in its environment. They are servers of the benchmarks' own: no run
touches the data of `up` or `demo`.
"""

from __future__ import annotations

import ast
import contextlib
import os
import subprocess
import sys
from pathlib import Path
from typing import cast

from backend.cli.database import prepare
from backend.cli.home import ROOT, Home, StartProblem, current_home
from backend.cli.run_file import supervisor_lock
from backend.cli.serve import StopRequested, say, stop_on_signals
from backend.cli.supervisor import Supervisor

FOLDER = ROOT / "benchmarks"


def benchmarks() -> dict[str, tuple[Path, tuple[str, ...]]]:
    """Every benchmark by name: its file and the parts it needs. A module without a `main` is none."""
    found = {}
    for path in sorted(FOLDER.glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        if "main" in names:
            found[path.stem] = (path, _needs(tree))
    return found


def _needs(tree: ast.Module) -> tuple[str, ...]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["NEEDS"]:
            return cast("tuple[str, ...]", tuple(ast.literal_eval(node.value)))
    return ()


def bench(arguments: list[str]) -> int:
    """Run one benchmark and answer its exit code; without a name, list them."""
    known = benchmarks()
    if not arguments:
        print("\n".join(f"{name:20} needs {', '.join(needs) or 'nothing'}" for name, (_, needs) in known.items()))
        return 0
    if arguments[0] not in known:
        raise StartProblem(f"there is no benchmark {arguments[0]!r}; there are: {', '.join(known)}")
    path, needs = known[arguments[0]]
    if not needs:
        return _run(path, arguments[1:], dict(os.environ))
    home = Home(current_home().data / "bench")
    with supervisor_lock(home) as ours:
        if not ours:
            raise StartProblem("another benchmark is running")
        supervisor = Supervisor(home, say, parts=needs)
        stops = stop_on_signals(supervisor.stopping, supervisor.hurry)
        with stops, contextlib.suppress(StopRequested), supervisor.running():
            environment = supervisor.stack.environment
            if "database" in needs and "product" not in needs:
                prepare({"REDIS_URL": "redis://127.0.0.1:1/0", **environment}, with_token=False)
            return _run(path, arguments[1:], environment)
    return 130


def _run(path: Path, arguments: list[str], environment: dict[str, str]) -> int:
    command = [sys.executable, str(path), *arguments]
    paths = os.pathsep.join([str(ROOT), environment.get("PYTHONPATH", "")]).strip(os.pathsep)
    return subprocess.run(command, cwd=ROOT, env={**environment, "PYTHONPATH": paths}, check=False).returncode
