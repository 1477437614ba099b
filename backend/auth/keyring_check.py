"""At the start of a process: the master keys it was given must open what is stored (RELIABILITY S04)."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from backend.auth import credentials
from backend.auth.models import UserCredential
from backend.core.crypto import DecryptionRefused, Sealed
from backend.core.db import db, unit_of_work
from backend.core.logging import get_logger
from config import SettingsError

log = get_logger(__name__)

TRIED = 100  # damaged rows must not keep everything from starting


def must_open_what_is_stored(app: Flask) -> None:
    """Open a credential of every key version; no connection is left behind for a process that will fork.

    Raises:
        SettingsError: APP_MASTER_KEY lacks a version that rows need, or holds another key under its number.
    """
    with app.app_context():
        try:
            _check()
        except DBAPIError as error:
            # No database yet, or no tables: nothing is stored that could not be opened. /ready tells the rest.
            log.warning("keyring_not_checked", error=type(error.orig).__name__)
        finally:
            db.engine.dispose()


def _check() -> None:
    ring = credentials.keyring()
    with unit_of_work() as work:
        if work.session.execute(text("SELECT to_regclass('user_credentials')")).scalar() is None:
            return
        for version in work.session.scalars(select(UserCredential.key_version).distinct()).all():
            if version not in ring.versions:
                raise SettingsError(f"APP_MASTER_KEY lacks v{version}, which stored credentials need")
            some = select(UserCredential).where(UserCredential.key_version == version)
            rows = work.session.scalars(some.order_by(UserCredential.updated_at.desc()).limit(TRIED)).all()
            if not any(_opens(row) for row in rows):
                raise SettingsError(
                    f"APP_MASTER_KEY must hold the v{version} that the stored credentials were encrypted with; "
                    "this one opens none of them"
                )


def _opens(row: UserCredential) -> bool:
    sealed = Sealed(row.encrypted_refresh_token, row.iv, row.auth_tag, row.wrapped_key, row.key_version)
    try:
        credentials.keyring().open(sealed, credentials.place_of(row.tenant_id, row.id))
    except DecryptionRefused:
        return False
    return True
