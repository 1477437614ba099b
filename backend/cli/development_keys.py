"""The keys and passwords of a development start: made once, kept in `.data/keys.json`, refused when malformed."""

from __future__ import annotations

import base64
import json
import secrets
from dataclasses import asdict, dataclass, field, fields

from backend.cli.home import Home, StartProblem, write_private


@dataclass(frozen=True, slots=True)
class DevelopmentKeys:
    """What a production operator sets by hand, drawn at random for one clone."""

    app_master_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    postgres_superuser: str = field(repr=False)
    cw_owner: str = field(repr=False)
    cw_app: str = field(repr=False)
    redis: str = field(repr=False)


def fresh_keys() -> DevelopmentKeys:
    """A new set."""
    return DevelopmentKeys(
        app_master_key=f"v1:{base64.b64encode(secrets.token_bytes(32)).decode()}",
        secret_key=secrets.token_urlsafe(48),
        postgres_superuser=secrets.token_urlsafe(24),
        cw_owner=secrets.token_urlsafe(24),
        cw_app=secrets.token_urlsafe(24),
        redis=secrets.token_urlsafe(24),
    )


def load_keys(home: Home) -> tuple[DevelopmentKeys, bool]:
    """The keys of this home, made when there are none; True when they are new.

    Raises:
        StartProblem: the file exists and is not a complete set of keys. It is not overwritten: what they encrypt
            would be lost with them.
    """
    try:
        found = json.loads(home.keys_file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        keys = fresh_keys()
        write_private(home.keys_file, json.dumps(asdict(keys), indent=2) + "\n")
        return keys, True
    except ValueError as problem:
        raise StartProblem(f"{home.keys_file} is not JSON: restore it, or remove it and the database") from problem
    names = {item.name for item in fields(DevelopmentKeys)}
    if not isinstance(found, dict) or set(found) != names or not all(isinstance(v, str) and v for v in found.values()):
        raise StartProblem(
            f"{home.keys_file} must hold exactly {', '.join(sorted(names))} as text: restore it, or remove it and the "
            "database"
        )
    return DevelopmentKeys(**found), False
