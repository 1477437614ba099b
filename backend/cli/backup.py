"""`backup FILE` and `restore FILE`: the running stack's database as one file of pg_dump's custom form.

The file holds credentials only as ciphertext; the keys that open them stay in `.data/keys.json` (or your secret store)
and are kept apart on purpose.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from backend.cli.embedded.postgres import wheel_programs
from backend.cli.home import StartProblem, current_home
from backend.cli.supervisor import command_environment

SCHEMA = re.compile(r"^\d+; \d+ \d+ (SCHEMA - |(ACL|COMMENT) - SCHEMA )")
MESSAGE = re.compile(r"error: |ERROR: ")


def backup(arguments: list[str]) -> int:
    """Write the database into a new file that only this account may read."""
    target = _file("backup", arguments)
    if target.exists():
        raise StartProblem(f"{target} exists already: a backup does not overwrite")
    fresh = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as output:
            _run(["pg_dump", "--format=custom", "--dbname", _owner_url()], "backup", output=output.fileno())
        fresh.rename(target)
    finally:
        fresh.unlink(missing_ok=True)
    print(f"{target}: {target.stat().st_size} bytes")
    return 0


def restore(arguments: list[str]) -> int:
    """Replace the database's content by a backup's, in one transaction: it works whole or changes nothing."""
    source = _file("restore", arguments)
    if not source.is_file():
        raise StartProblem(f"{source} is not a file")
    with tempfile.TemporaryDirectory() as folder:
        contents, chosen = Path(folder) / "all.list", Path(folder) / "chosen.list"
        with contents.open("wb") as output:
            _run(["pg_restore", "--list", str(source)], "restore", output=output.fileno())
        # The schemas stay: they and their rights come from deploy/postgres/roles.sql, and tables are given to their
        # owners before pg_restore would grant those rights again.
        lines = contents.read_text(encoding="utf-8").splitlines(keepends=True)
        chosen.write_text("".join(line for line in lines if not SCHEMA.search(line)), encoding="utf-8")
        command = ["pg_restore", "--clean", "--if-exists", "--single-transaction", "--exit-on-error"]
        _run([*command, f"--use-list={chosen}", "--dbname", _owner_url(), str(source)], "restore")
    print(f"restored {source}; start the product again so that nothing works from what it remembers")
    return 0


def _file(command: str, arguments: list[str]) -> Path:
    if len(arguments) != 1:
        raise StartProblem(f"usage: {command} FILE")
    return Path(arguments[0]).resolve()


def _owner_url() -> str:
    environment = command_environment(current_home())
    url = environment.get("MIGRATION_DATABASE_URL") or environment.get("DATABASE_URL")
    if not url:
        raise StartProblem("nothing is running and DATABASE_URL is not set: start with `python3 run.py up`")
    return url


def _run(command: list[str], what: str, *, output: int | None = None) -> None:
    """Run one of PostgreSQL's programs, out of the wheel if it is installed."""
    try:
        program = str(wheel_programs() / command[0])
    except StartProblem:
        program = shutil.which(command[0]) or ""
    if not program:
        raise StartProblem(f"{command[0]} is not installed")
    done = subprocess.run([program, *command[1:]], stdout=output, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["it said nothing"]
        raise StartProblem(f"the {what} failed: {([line for line in lines if MESSAGE.search(line)] or lines)[-1]}")
