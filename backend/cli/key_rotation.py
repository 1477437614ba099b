"""`keys status`, `keys rotate`, `keys retire VERSION`: the master keys of the credentials that are stored."""

from __future__ import annotations

import json
import os

from backend.cli.home import StartProblem, current_home
from backend.cli.supervisor import command_environment


def master_keys(arguments: list[str]) -> int:
    """Run one of the three on this clone's stack, or on the database that the environment names.

    Raises:
        StartProblem: the arguments make no sense, or the key is still needed.
    """
    os.environ.update(command_environment(current_home()))
    from backend.app import create_app  # noqa: PLC0415 (reads the environment that was just set)
    from backend.core.db import db  # noqa: PLC0415

    with create_app().app_context():
        try:
            return _run(arguments)
        finally:
            db.engine.dispose()


def _run(arguments: list[str]) -> int:
    match arguments:
        case ["status"]:
            return _status()
        case ["rotate"]:
            return _rotate()
        case ["retire", version] if version.removeprefix("v").isdecimal():
            return _retire(int(version.removeprefix("v")))
    raise StartProblem("usage: keys status, keys rotate, or keys retire VERSION")


def _status() -> int:
    from backend.auth import rotation  # noqa: PLC0415

    found = rotation.status()
    rows = {f"v{version}": count for version, count in sorted(found.rows.items())}
    print(json.dumps({"primary": f"v{found.primary}", "keys": [f"v{v}" for v in found.versions], "credentials": rows}))
    if found.missing:
        print(f"APP_MASTER_KEY lacks {', '.join(f'v{v}' for v in found.missing)}, which stored credentials need")
        return 1
    return 0


def _rotate() -> int:
    from backend.auth import rotation  # noqa: PLC0415

    done = rotation.rotate(lambda count: print(f"{count} credentials re-wrapped", flush=True))
    print(json.dumps({"rewrapped": done.rewrapped, "refused": done.refused}))
    return 1 if done.refused else 0


def _retire(version: int) -> int:
    from backend.auth import rotation  # noqa: PLC0415
    from backend.core.errors import Conflict  # noqa: PLC0415

    try:
        rotation.retire(version)
    except Conflict as conflict:
        raise StartProblem(conflict.detail) from conflict
    print(f"No credential needs v{version}: take it out of APP_MASTER_KEY and restart every process.")
    return 0
