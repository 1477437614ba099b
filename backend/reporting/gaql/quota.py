"""How much of Google's daily quota an account has used, shown with every answer that uses more of it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

_USED = text("""
SELECT coalesce(sum(operations), 0) FROM quota_ledger
WHERE google_customer_id = :account AND hour > now() - interval '24 hours'
""")


@dataclass(frozen=True, slots=True)
class Used:
    """Operations of the last 24 hours on one account; a search is one."""

    operations: int


def used(session: Session, google_id: int) -> Used:
    """What the quota ledger says now."""
    return Used(int(session.execute(_USED, {"account": google_id}).scalar_one()))


def headers(counted: Used) -> dict[str, str]:
    """The count as a header of an answer."""
    return {"X-Google-Operations-24h": str(counted.operations)}
