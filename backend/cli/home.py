"""Where a clone keeps its state: `.data` beside the code, and, for root, PostgreSQL's part under `/var/lib`.

A PostgreSQL server refuses to run as root, and the account that runs it instead may not be able to enter the clone
(`/root` is closed to others). So as root its programs and data lie in `/var/lib/campaignwizard/<hash of the clone's
path>`. No folder that exists already is ever given other permissions.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHARED_STATE = Path("/var/lib/campaignwizard")
LONGEST_SOCKET = 90  # a Unix socket's path holds about 104 characters on every system; ".s.PGSQL.5432" needs 14 of them


class StartProblem(Exception):
    """The start cannot go on; the message is one line for the person at the terminal."""


@dataclass(frozen=True, slots=True)
class Home:
    """The folders and files of one clone (or of one test that runs a stack of its own)."""

    data: Path

    @property
    def hash(self) -> str:
        """A short name for this home that no other home on the machine has."""
        return hashlib.sha256(str(self.data).encode()).hexdigest()[:12]

    @property
    def logs(self) -> Path:
        """Where every child's output goes."""
        return self.data / "logs"

    @property
    def run_file(self) -> Path:
        """What runs, with the development token; mode 0600; exists while something runs."""
        return self.data / "run.json"

    @property
    def lock_file(self) -> Path:
        """Held (flock) by the supervisor as long as it lives, however it ends."""
        return self.data / "supervisor.lock"

    @property
    def keys_file(self) -> Path:
        """The development keys and passwords; mode 0600."""
        return self.data / "keys.json"

    @property
    def state(self) -> Path:
        """Where the embedded servers keep programs and data."""
        return SHARED_STATE / self.hash if os.geteuid() == 0 else self.data / "servers"

    def make(self) -> None:
        """Create the folders that are absent, closed to everybody else."""
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.logs.mkdir(mode=0o700, exist_ok=True)


def current_home() -> Home:
    """The home of this clone, or the one that `CAMPAIGNWIZARD_DATA` names (tests run stacks of their own)."""
    named = os.environ.get("CAMPAIGNWIZARD_DATA")
    return Home(Path(named).resolve() if named else ROOT / ".data")


def socket_folder(home: Home, name: str = "run") -> Path:
    """A folder for Unix sockets with a path short enough for them, open to this account only (as root: to its maker's).

    Raises:
        StartProblem: the folder exists and belongs to somebody else, or others may enter it.
    """
    if os.geteuid() == 0:
        return home.state / name
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    parents = [Path(runtime)] if runtime and os.access(runtime, os.W_OK) else []
    parents += [Path(tempfile.gettempdir()), Path("/tmp")]  # noqa: S108 (the folder itself is checked below)
    parent = next((path for path in parents if len(str(path)) + 48 < LONGEST_SOCKET), parents[-1])
    folder = parent / f"campaignwizard-{os.geteuid()}-{home.hash}-{name}"
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o077:
        raise StartProblem(f"{folder} exists and is not a private folder of yours: remove it and start again")
    return folder


def write_private(path: Path, text: str) -> None:
    """Replace a file in one step by one that only this account may read."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
