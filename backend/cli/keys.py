"""`keys generate`: the secrets that a production installation needs, drawn by the operating system."""

from __future__ import annotations

import base64
import secrets

from backend.cli.home import StartProblem


def keys(arguments: list[str]) -> int:
    """Print settings for `.env` or a secret store; `keys generate [VERSION]`: of the master key, 1 if absent."""
    if not arguments or arguments[0] != "generate" or len(arguments) > 2:
        raise StartProblem("usage: keys generate [VERSION]")
    version = arguments[1] if len(arguments) == 2 else "1"
    if not version.isdecimal() or int(version) == 0:
        raise StartProblem("the version of a master key is a whole number from 1")
    print(f"APP_MASTER_KEY=v{int(version)}:{base64.b64encode(secrets.token_bytes(32)).decode()}")
    print(f"SECRET_KEY={secrets.token_urlsafe(48)}")
    return 0
