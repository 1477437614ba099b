"""Lists of campaigns, kept for five minutes per tenant and never older than the last commit.

The key holds the generation of the tenant's lists, which PostgreSQL counts up with every change of what they show
(migration 0019, ADR 11): a write or a sync makes the next reader ask for another key. So nothing has to be deleted, and
a Redis that was away or lost everything cannot answer with what is no longer true. Lists with statistics, and those of
a search, are not kept: the ones change with other tables, the others are too many.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.adgraph.models import Customer
from backend.core import tenancy
from backend.core.kept import kept

SECONDS = 300
MOST_BYTES = 256 << 10
NOT_KEPT = ("stats_from", "q", "tag")

# The number of the last transaction tells two databases apart that have counted equally far (one was restored).
_GENERATION = text(
    "SELECT coalesce(sum(changes), 0) || '.' || coalesce(max(counted_by::text::numeric), 0) FROM list_generations"
    " WHERE tenant IN ('*', :tenant)"
)


class Listed(NamedTuple):
    """A page of campaigns: the JSON array, and the cursor of the next page if there is one."""

    body: bytes
    cursor: str | None


def listed(
    session: Session, customers: Sequence[Customer], query: Mapping[str, Any], compute: Callable[[], Listed]
) -> Listed:
    """The page that a request asks for, of these accounts; computed when it is not kept."""
    if any(query[name] is not None for name in NOT_KEPT):
        return compute()
    key = _key(session, customers, query)
    found = kept().get(key)
    if found is not None:
        cursor, _, body = found.partition(b"\n")
        return Listed(body, cursor.decode() or None)
    answer = compute()
    if len(answer.body) <= MOST_BYTES:
        kept().put(key, (answer.cursor or "").encode() + b"\n" + answer.body, SECONDS)
    return answer


def _key(session: Session, customers: Sequence[Customer], query: Mapping[str, Any]) -> str:
    """Who may see what, asked how, of which generation."""
    tenant = str(tenancy.current())
    generation = session.execute(_GENERATION, {"tenant": tenant}).scalar_one()
    accounts = sorted(f"{customer.id} {customer.google_id} {customer.slug}" for customer in customers)
    asked = orjson.dumps([accounts, query], default=str, option=orjson.OPT_SORT_KEYS)
    return f"campaign-lists:{tenant}:{generation}:{hashlib.sha256(asked).hexdigest()}"
