"""How much of Google's daily quota is used and left, shown with every answer that uses more of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from backend.auth.guarded import project_of
from backend.core import quota
from config import Settings


@dataclass(frozen=True, slots=True)
class Used:
    """Operations of the last 24 hours (a search is one): the account's, and what the whole project has left.

    `limit` and `left` are None where the project has no daily limit.
    """

    account: int
    project: int
    limit: int | None
    left: int | None

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def used(settings: Settings, google_id: str) -> Used:
    """What the quota ledger says now; the query that asks is not in it yet."""
    project, limit = project_of(settings.google.client_id), settings.google.daily_operations
    return Used(quota.spent(project, int(google_id)), quota.spent(project), limit, quota.left(project, limit))


def headers(counted: Used) -> dict[str, str]:
    """The counts as headers of an answer."""
    left = "unlimited" if counted.left is None else str(counted.left)
    return {"X-Google-Operations-24h": str(counted.account), "X-Google-Operations-Left": left}
