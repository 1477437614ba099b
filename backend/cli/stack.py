"""What a running CampaignWizard consists of: the settings of its processes and one Spec for each of them."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from dotenv import dotenv_values

from backend.cli.child import Spec, rotate
from backend.cli.development_keys import DevelopmentKeys
from backend.cli.embedded.postgres import STOP_SIGNAL, Postgres
from backend.cli.embedded.redis import Redis
from backend.cli.home import ROOT, Home, StartProblem
from backend.cli.ports import Ports
from config import Settings, SettingsError, build_settings

DATABASE = "campaignwizard"
WORKERS = "2"


def given_settings() -> dict[str, str]:
    """What the person set: the environment, and `.env` below it."""
    path = Path(os.environ.get("ENV_FILE") or ROOT / ".env")
    from_file = {name: value for name, value in dotenv_values(path).items() if value is not None}
    return {**from_file, **os.environ}


def has(given: Mapping[str, str], name: str) -> bool:
    """Whether a setting was given, in any of its forms."""
    return bool(given.get(name, "").strip() or given.get(f"{name}_FILE", "").strip())


@dataclass(slots=True)
class Stack:
    """The settings of this start: what was given, completed by keys and by what the embedded servers tell."""

    home: Home
    given: Mapping[str, str] = field(repr=False)
    added: dict[str, str] = field(default_factory=dict, repr=False)
    sockets: dict[str, socket.socket] = field(default_factory=dict)

    @property
    def production(self) -> bool:
        """Whether the strict rules hold: nothing is made, nothing is embedded."""
        return self.given.get("APP_ENV", "").strip() == "production"

    @property
    def environment(self) -> dict[str, str]:
        """The variables of every child."""
        given = {name: value for name, value in self.given.items() if value.strip() or name not in self.added}
        return {"PYTHONUNBUFFERED": "1", **self.added, **given, **self._overruled}

    @property
    def _overruled(self) -> dict[str, str]:
        """What was given and cannot be kept: a taken port. It is printed when it happens."""
        forced: dict[str, str] = {name: self.added[name] for name in ("API_PORT", "STREAM_PORT") if name in self.added}
        paths = [str(ROOT), *filter(None, [self.given.get("PYTHONPATH")])]
        return {**forced, "PYTHONPATH": os.pathsep.join(dict.fromkeys(paths))}

    @property
    def wants_database(self) -> bool:
        """Whether an embedded PostgreSQL is needed."""
        return not self.production and not has(self.given, "DATABASE_URL")

    @property
    def wants_redis(self) -> bool:
        """Whether an embedded Redis is needed."""
        return not self.production and not (has(self.given, "REDIS_URL") or has(self.given, "REDIS_HOST"))

    @property
    def wants_sandbox(self) -> bool:
        """Whether the sandbox stands in for Google: in development, unless the real one is configured."""
        own = ("GOOGLE_ADS_ENDPOINT", "GOOGLE_ADS_CLIENT_ID", "GOOGLE_ADS_REFRESH_TOKEN")
        return not self.production and not any(has(self.given, name) for name in own)

    def add_keys(self, keys: DevelopmentKeys) -> None:
        """Complete the settings with the development keys where none were given."""
        for name, value in (("APP_MASTER_KEY", keys.app_master_key), ("SECRET_KEY", keys.secret_key)):
            if not has(self.given, name):
                self.added[name] = value

    def check(self) -> Settings:
        """Read the settings as the children will.

        Raises:
            StartProblem: one is missing or malformed; the line names it.
        """
        filled = {name: value for name, value in self.environment.items() if value.strip()}
        if self.wants_database:
            filled.setdefault("DATABASE_URL", "postgresql://cw_app:not-yet-known@/campaignwizard")
        if self.wants_redis:
            filled.setdefault("REDIS_URL", "redis://127.0.0.1:6379/0")
        try:
            return build_settings(filled)
        except SettingsError as problem:
            raise StartProblem(str(problem)) from problem

    def choose_ports(self, settings: Settings, ports: Ports) -> list[str]:
        """Settle where the API and the event streams listen; answers a line for every port that was taken."""
        said = []
        for name, wanted in (("API_PORT", settings.api_port), ("STREAM_PORT", settings.stream_port)):
            self.sockets[name] = ports.listen(wanted)
            port = int(self.sockets[name].getsockname()[1])
            self.added[name] = str(port)
            if port != wanted:
                said.append(f"{name} {wanted} is taken: {port} is used instead")
        for name, port_name in (("PUBLIC_URL", "API_PORT"), ("STREAM_URL", "STREAM_PORT")):
            if not has(self.given, name):
                self.added[name] = f"http://{address(settings.api_host)}:{self.added[port_name]}"
        return said


def address(host: str) -> str:
    """How a listening host is reached from this machine."""
    if host in ("0.0.0.0", "::"):  # noqa: S104 (asked for by the person's own setting)
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=2).ok
    except requests.RequestException:
        return False


def postgres_spec(server: Postgres, environment: Mapping[str, str]) -> Spec:
    """The embedded PostgreSQL. It gets none of the product's settings."""
    clean = {name: value for name, value in environment.items() if name in ("PATH", "LANG", "TZ", "TMPDIR")}
    return Spec(
        "postgres",
        server.command,
        clean,
        server.is_ready,
        stop_signal=STOP_SIGNAL,
        stop_seconds=30,
        account=server.account,
    )


def redis_spec(server: Redis, environment: Mapping[str, str]) -> Spec:
    """The embedded Redis."""
    kept = ("PATH", "LANG", "TZ", "PYTHONPATH")
    return Spec(
        "redis",
        server.command,
        {name: value for name, value in environment.items() if name in kept},
        server.is_ready,
        stop_seconds=15,
    )


def sandbox_spec(home: Home, ports: Ports, environment: Mapping[str, str]) -> Spec:
    """The sandbox, on ports that stay the same when it is started again within this run."""
    folder = home.data / "sandbox"
    folder.mkdir(mode=0o700, exist_ok=True)
    (folder / "sandbox.json").unlink(missing_ok=True)
    command = [sys.executable, "-m", "backend.cli", "sandbox", "--data", str(folder)]
    for option in ("--port", "--http-port", "--https-port"):
        command += [option, str(ports.choose(0))]
    kept = ("PATH", "LANG", "TZ", "HOME", "PYTHONPATH", "PYTHONUNBUFFERED")
    clean = {name: value for name, value in environment.items() if name in kept}
    return Spec("sandbox", command, clean, lambda: read_sandbox(home) is not None)


def read_sandbox(home: Home) -> dict[str, Any] | None:
    """The running sandbox's description; None until it has written it."""
    try:
        found = json.loads((home.data / "sandbox" / "sandbox.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def product_specs(stack: Stack, settings: Settings) -> list[Spec]:
    """The API, the event streams, the worker and beat."""
    environment = stack.environment
    api, stream = stack.sockets["API_PORT"].fileno(), stack.sockets["STREAM_PORT"].fileno()
    gunicorn = [sys.executable, "-m", "gunicorn", "-c", str(ROOT / "backend" / "gunicorn.py"), "--bind"]
    celery = [sys.executable, "-m", "celery", "-A", "backend.worker"]
    here = address(settings.api_host)
    worker_log = stack.home.logs / "worker.log"
    rotate(worker_log)
    seen = worker_log.stat().st_size if worker_log.exists() else 0

    def worker_is_ready() -> bool:
        with worker_log.open("rb") as log:
            log.seek(seen)
            return b" ready" in log.read()

    return [
        Spec(
            "api",
            [*gunicorn, f"fd://{api}", "backend.app:create_app()"],
            environment,
            lambda: _answers(f"http://{here}:{environment['API_PORT']}/health"),
            stop_seconds=15,
            pass_fds=(api,),
        ),
        Spec(
            "stream",
            [*gunicorn, f"fd://{stream}", "backend.app:create_stream_app()"],
            environment,
            lambda: _answers(f"http://{here}:{environment['STREAM_PORT']}/health"),
            stop_seconds=15,
            pass_fds=(stream,),
        ),
        Spec(
            "worker",
            [*celery, "worker", "--hostname", "worker@%h", "--concurrency", WORKERS, "--loglevel", "INFO"],
            environment,
            worker_is_ready,
            stop_seconds=20,
        ),
        Spec(
            "beat",
            [*celery, "beat", "--schedule", str(stack.home.data / "beat"), "--pidfile=", "--loglevel", "INFO"],
            environment,
            lambda: True,
            stop_signal=signal.SIGTERM,
        ),
    ]
