"""Single-account mode: a refresh token from `GOOGLE_ADS_REFRESH_TOKEN` or a `google-ads.yaml`, without the OAuth flow.

The token is sealed like any other, as the credential of a Google account called `configured`; when the setting changes,
the next start replaces it.
"""

from __future__ import annotations

from uuid import UUID

import flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.auth import credentials, people
from backend.auth.google import discover_job
from backend.auth.models import GoogleAccount, User, UserCredential
from backend.core import audit
from backend.core.crypto import DecryptionRefused
from backend.core.db import unit_of_work
from backend.core.ids import new_id
from config import Settings

SUBJECT = "configured"


def connect_configured(user_id: UUID) -> UUID | None:
    """Store the configured token for a person's organisation and open the discovery of its accounts.

    Returns:
        The job's id; None when no token is configured, or the stored one is the same.
    """
    settings: Settings = flask.current_app.config["SETTINGS"]
    token = settings.google.refresh_token
    if not token:
        return None
    with unit_of_work() as work:
        user = work.session.get_one(User, user_id)
        row, known = _credential(work.session, user)
        if known and row.status == "ACTIVE" and _holds(row, token):
            return None
        credentials.seal_into(row, token)
        work.session.add(row)
        work.session.flush()
        credentials.wake_parked_jobs(work.session, row.id)
        actor = people.actor_of(work.session, user)
        audit.record(work.session, actor, "credential.connect", f"credential:{row.id}", after={"from": SUBJECT})
        return discover_job(work, row.id, actor).id


def _credential(session: Session, user: User) -> tuple[UserCredential, bool]:
    account = session.scalar(
        select(GoogleAccount).where(GoogleAccount.tenant_id == user.tenant_id, GoogleAccount.subject == SUBJECT)
    )
    if account is None:
        account = GoogleAccount(id=new_id(), tenant_id=user.tenant_id, subject=SUBJECT)
        session.add(account)
        session.flush()
    row = session.scalar(select(UserCredential).where(UserCredential.google_account_id == account.id).with_for_update())
    if row is not None:
        return row, True
    fresh = UserCredential(id=new_id(), tenant_id=user.tenant_id, user_id=user.id, google_account_id=account.id)
    return fresh, False


def _holds(row: UserCredential, token: str) -> bool:
    try:
        return credentials.open_token(row) == token
    except DecryptionRefused:
        return False
