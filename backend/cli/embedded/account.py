"""The operating system's account that runs PostgreSQL when we are root."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from backend.cli.home import StartProblem

NAME = "campaignwizard"


@dataclass(frozen=True, slots=True)
class Account:
    """A user and its group, as numbers."""

    name: str
    uid: int
    gid: int

    def owns(self, path: Path) -> None:
        """Hand a file or folder that we have just made to this account."""
        os.chown(path, self.uid, self.gid)


def server_account() -> Account | None:
    """The account that PostgreSQL has to run as: None means our own.

    Raises:
        StartProblem: we are root and the account cannot be created.
    """
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(NAME)
    except KeyError:
        entry = _create()
    return Account(NAME, entry.pw_uid, entry.pw_gid)


def _create() -> pwd.struct_passwd:
    program = shutil.which("useradd")
    if program is None:
        raise StartProblem(
            f"PostgreSQL does not run as root and there is no useradd: create a user named {NAME} and start again"
        )
    made = subprocess.run(
        [program, "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
        + ["--shell", "/usr/sbin/nologin", NAME],
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        return pwd.getpwnam(NAME)  # another start may have made it at the same moment
    except KeyError:
        raise StartProblem(
            f"the user {NAME}, which PostgreSQL runs as under root, cannot be created: {made.stderr.strip()}"
        ) from None
