"""`prepare`: migrations, the administrator, a fresh development token. The supervisor calls it (see `database`)."""

from __future__ import annotations

import json

from flask_migrate import upgrade
from sqlalchemy import select

from backend.app import create_app
from backend.auth.configured import connect_configured
from backend.auth.models import ApiToken
from backend.auth.people import ensure_administrator
from backend.auth.tokens import mint, revoke
from backend.cli.home import ROOT
from backend.core.db import unit_of_work

TOKEN_NAME = "development start"  # noqa: S105 (a label, not a secret)


def main(arguments: list[str]) -> int:
    """`prepare [--token | --revoke]`: prints one JSON line."""
    with create_app().app_context():
        if "--revoke" in arguments:
            revoke_all()
            return 0
        upgrade(directory=str(ROOT / "migrations"))
        print(json.dumps(mint_fresh() if "--token" in arguments else {}))
    return 0


def revoke_all() -> None:
    """Revoke every token that a development start has minted and that still holds."""
    with unit_of_work() as work:
        question = select(ApiToken.id).where(ApiToken.name == TOKEN_NAME, ApiToken.revoked_at.is_(None))
        alive = list(work.session.scalars(question))
    for token_id in alive:
        revoke(token_id)


def mint_fresh() -> dict[str, str]:
    """Mint this start's token for the administrator; the tokens of earlier starts end with it."""
    revoke_all()
    administrator = ensure_administrator()
    connect_configured(administrator.user_id)
    minted = mint(administrator.user_id, TOKEN_NAME)
    return {"token": minted.token, "token_id": str(minted.id), "tenant_id": str(administrator.tenant_id)}
