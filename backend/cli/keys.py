"""`keys`: fresh secrets for a production installation, and the rotation of the master keys (`key_rotation`)."""

from __future__ import annotations

import base64
import os
import secrets
from pathlib import Path

from backend.cli.home import StartProblem
from backend.cli.key_rotation import master_keys

USAGE = "usage: keys generate [VERSION], keys files FOLDER, keys status, keys rotate, or keys retire VERSION"


def keys(arguments: list[str]) -> int:
    """Print settings for `.env` or a secret store, write the secret files of docker-compose.yml, or rotate."""
    if arguments[:1] == ["files"] and len(arguments) == 2:
        return write_files(Path(arguments[1]).resolve())
    if arguments[:1] in (["status"], ["rotate"], ["retire"]):
        return master_keys(arguments)
    if arguments[:1] != ["generate"] or len(arguments) > 2:
        raise StartProblem(USAGE)
    version = arguments[1] if len(arguments) == 2 else "1"
    if not version.isdecimal() or int(version) == 0:
        raise StartProblem("the version of a master key is a whole number from 1")
    print(f"APP_MASTER_KEY={master_key(int(version))}")
    print(f"SECRET_KEY={secrets.token_urlsafe(48)}")
    return 0


def master_key(version: int) -> str:
    """A fresh master key, as APP_MASTER_KEY takes it."""
    return f"v{version}:{base64.b64encode(secrets.token_bytes(32)).decode()}"


def production_secrets() -> dict[str, str]:
    """Every secret of ours in docker-compose.yml, and the addresses that contain one."""
    owner, app, redis = (secrets.token_urlsafe(24) for _ in range(3))
    return {
        "app_master_key": master_key(1),
        "secret_key": secrets.token_urlsafe(48),
        "postgres_password": secrets.token_urlsafe(24),
        "cw_owner_password": owner,
        "cw_app_password": app,
        "redis_password": redis,
        "database_url": f"postgresql://cw_app:{app}@db:5432/campaignwizard",
        "migration_database_url": f"postgresql://cw_owner:{owner}@db:5432/campaignwizard",
        "redis_url": f"redis://:{redis}@redis:6379/0",
    }


def write_files(folder: Path) -> int:
    """Write the secrets as files for the containers, all or none.

    Raises:
        StartProblem: one of them exists already; nothing is written then.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    drawn = production_secrets()
    if found := [name for name in drawn if (folder / name).exists()]:
        raise StartProblem(f"{folder} holds {', '.join(found)} already: existing secrets are never replaced")
    for name, text in drawn.items():
        # The containers run under accounts of their own and must be able to read the file; the folder is closed.
        with os.fdopen(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644), "w") as file:
            file.write(text)
    print(f"{len(drawn)} secrets written to {folder}: keep a copy of app_master_key apart from your backups")
    return 0
