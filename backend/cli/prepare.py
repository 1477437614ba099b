"""What the database needs before the product starts: migrations, the administrator, a fresh development token.

It runs in a process of its own (`python -m backend.cli prepare`), so that the supervisor stays small.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from backend.cli.home import ROOT, StartProblem

TOKEN_NAME = "development start"  # noqa: S105 (a label, not a secret)


def prepare(environment: Mapping[str, str], *, with_token: bool) -> dict[str, Any]:
    """Migrate and, if asked, mint the token of this start; answers `{"token": …, "tenant_id": …}` or `{}`.

    Raises:
        StartProblem: it failed; the line carries what it said last.
    """
    done = _run(environment, "prepare", *(["--token"] if with_token else []))
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.strip()] or ["it said nothing"]
        raise StartProblem(f"the database could not be prepared: {said[-1]}")
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def revoke_tokens(environment: Mapping[str, str]) -> bool:
    """Revoke the tokens that development starts have minted; False when the database could not be asked."""
    return _run(environment, "prepare", "--revoke").returncode == 0


def _run(environment: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "backend.cli", *arguments],
        cwd=ROOT,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
    )


def main(arguments: list[str]) -> int:
    """`prepare [--token | --revoke]`: prints one JSON line."""
    from flask_migrate import upgrade

    from backend.app import create_app

    with create_app().app_context():
        if "--revoke" in arguments:
            _revoke()
            return 0
        upgrade(directory=str(ROOT / "migrations"))
        print(json.dumps(_mint() if "--token" in arguments else {}))
    return 0


def _revoke() -> None:
    from backend.auth.models import ApiToken
    from backend.auth.tokens import revoke
    from backend.core.db import unit_of_work

    with unit_of_work() as work:
        question = select(ApiToken.id).where(ApiToken.name == TOKEN_NAME, ApiToken.revoked_at.is_(None))
        alive = list(work.session.scalars(question))
    for token_id in alive:
        revoke(token_id)


def _mint() -> dict[str, str]:
    from backend.auth.people import ensure_administrator
    from backend.auth.tokens import mint

    _revoke()
    administrator = ensure_administrator()
    minted = mint(administrator.user_id, TOKEN_NAME)
    return {"token": minted.token, "tenant_id": str(administrator.tenant_id)}
