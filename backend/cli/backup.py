"""`backup FILE` and `restore FILE`: the running stack's database as one file of pg_dump's custom form.

The file holds credentials only as ciphertext; the keys that open them stay in `.data/keys.json` (or your secret store)
and are kept apart on purpose. A restore says whether the keys that are here open what it brought.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO

from backend.cli.embedded.postgres import wheel_programs
from backend.cli.home import StartProblem, current_home
from backend.cli.supervisor import command_environment

SCHEMA = re.compile(r"^\d+; \d+ \d+ (SCHEMA - |(ACL|COMMENT) - SCHEMA )")
OF_A_PARTITION = re.compile(r"^\d+; \d+ \d+ INDEX ATTACH (\S+) (\S+) ")
DROP = re.compile(rb"(?:ALTER TABLE IF EXISTS ONLY (\S+)\.\S+ DROP CONSTRAINT|DROP INDEX) IF EXISTS (\S+);")
DROPS_END = b"-- Name: "
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
    """Replace the database's content by a backup's, in one transaction: it works whole or changes nothing.

    Returns:
        0, or 1 where the master keys of this installation do not open the credentials that came with it.
    """
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
        command = [_program("pg_restore"), "--clean", "--if-exists", "--file=-", f"--use-list={chosen}", str(source)]
        _replay(command, {".".join(found.groups()) for line in lines if (found := OF_A_PARTITION.match(line))})
    print(f"restored {source}; start the product again so that nothing works from what it remembers", flush=True)
    return _keys_checked()


def _keys_checked() -> int:
    """Say whether the master keys of this installation open the credentials that were restored; the exit code."""
    from backend.app import create_app  # noqa: PLC0415 (other commands need none of it)
    from config import SettingsError, build_settings  # noqa: PLC0415

    try:
        settings = build_settings(command_environment(current_home()))
    except SettingsError as missing:
        print(f"whether the master key opens what was restored could not be checked: {missing}", file=sys.stderr)
        return 0
    try:
        create_app(settings)
    except SettingsError as wrong:
        print(
            f"the credentials in it do not open here, and nothing starts before they do: {wrong}. Set the master key"
            " of the installation that was backed up",
            file=sys.stderr,
        )
        return 1
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


def _replay(command: list[str], of_partitions: set[str]) -> None:
    """Send what pg_restore writes to the database in one transaction, committed once all of it has been read.

    pg_restore by itself cannot replace a database with partitions: it drops their primary keys and indexes one by one,
    which PostgreSQL refuses ("cannot drop inherited constraint"). They go with their tables.

    Raises:
        StartProblem: the file or the database refuses; nothing is changed then.
    """
    session = [_program("psql"), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--dbname", _owner_url()]
    with tempfile.TemporaryFile("w+") as read_said, tempfile.TemporaryFile("w+") as session_said:
        reader = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=read_said)
        writer = subprocess.Popen(session, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=session_said)
        # A session that refuses hangs up, and says why itself: the broken pipe is only its echo.
        with contextlib.suppress(BrokenPipeError), reader, writer:
            script, target = _pipe(reader.stdout), _pipe(writer.stdin)
            target.write(b"BEGIN;\n")
            _copy(script, target, of_partitions)
            if reader.wait() == 0:
                target.write(b"COMMIT;\n")
            target.close()
        for process, said in ((writer, session_said), (reader, read_said)):
            said.seek(0)
            _must_be_done(process.returncode, said.read(), "restore")


def _copy(script: IO[bytes], target: IO[bytes], of_partitions: set[str]) -> None:
    """Copy pg_restore's script; of the statements that drop, those for keys and indexes of partitions are left out."""
    for line in script:
        found = DROP.match(line)
        names = [part.decode() for part in found.groups() if part] if found else []
        if ".".join(names) not in of_partitions:
            target.write(line)
        if line.startswith(DROPS_END):
            break
    shutil.copyfileobj(script, target)


def _pipe(end: IO[bytes] | None) -> IO[bytes]:
    if end is None:
        raise RuntimeError("a process was started without its pipe")
    return end


def _program(name: str) -> str:
    """One of PostgreSQL's programs, out of the wheel if it is installed."""
    try:
        program = str(wheel_programs() / name)
    except StartProblem:
        program = shutil.which(name) or ""
    if not program:
        raise StartProblem(f"{name} is not installed")
    return program


def _run(command: list[str], what: str, *, output: int) -> None:
    done = subprocess.run(
        [_program(command[0]), *command[1:]], stdout=output, stderr=subprocess.PIPE, text=True, check=False
    )
    _must_be_done(done.returncode, done.stderr, what)


def _must_be_done(exit_code: int, said: str, what: str) -> None:
    if exit_code:
        lines = said.strip().splitlines() or ["it said nothing"]
        raise StartProblem(f"the {what} failed: {([line for line in lines if MESSAGE.search(line)] or lines)[-1]}")
