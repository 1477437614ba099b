"""The tag of an answer that is computed from synchronised data: it changes whenever the answer could.

It covers the account's watermarks (every merge moves one), the tenant's last audited change (names are edited here
too) and the day, in the account's time zone. It may change more often than the answer, never less.
"""

from __future__ import annotations

import hashlib

import flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.sync.account import Account

_STATE = text("""
SELECT (SELECT max(greatest(updated_at, last_append_at, last_full_at)) FROM watermarks WHERE customer_id = :customer),
       (SELECT count(*) FROM watermarks WHERE customer_id = :customer),
       (SELECT max(id) FROM audit_events WHERE tenant_id = c.tenant_id), c.version, c.currency_code, c.time_zone
FROM customers c WHERE c.id = :customer
""")


def tag(session: Session, account: Account, *, form: str = "json") -> str:
    """The tag of the current request's answer about an account."""
    state = session.execute(_STATE, {"customer": account.customer_id}).one()
    question = (flask.request.path, flask.request.query_string.decode(), form, account.today().isoformat())
    facts = "\x1f".join((*question, *(str(value) for value in state)))
    return hashlib.sha256(facts.encode()).hexdigest()[:32]


def unchanged(tag_now: str) -> flask.Response | None:
    """304 if the caller already has the answer with this tag."""
    if not flask.request.if_none_match.contains(tag_now):
        return None
    response = flask.Response(status=304)
    response.set_etag(tag_now)
    return response


def tagged(response: flask.Response, tag_now: str) -> flask.Response:
    """The answer with its tag; a cache must ask again each time."""
    response.set_etag(tag_now)
    response.headers["Cache-Control"] = "private, no-cache"
    return response
