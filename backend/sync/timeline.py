"""One timeline of an account: what was changed here and pushed from here, and what was changed at Google.

Ours come from the audit trail, Google's from change_event; a change at Google that one of our pushes made is left out,
because its push is shown already. `who` is the person here, the e-mail address at Google.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.adgraph.naming import ENTITIES, id_column

HERE, GOOGLE = "here", "google"
SOURCES = (HERE, GOOGLE)

_HERE = """
SELECT a.created_at AS at, 'here' AS source, lpad(a.id::text, 20, '0') AS key, a.actor_name AS who, a.action,
       replace(split_part(a.subject, ':', 1), 'batch', 'push') AS entity,
       substring(a.subject FROM ':([0-9a-f]{8}-[0-9a-f-]{27})$') AS entity_id, NULL AS resource_name, NULL AS title,
       NULL AS client_type, a.before, a.after, a.reason
FROM audit_events a
WHERE a.tenant_id = :tenant AND a.customer_id = :customer
  AND (CAST(:since AS timestamptz) IS NULL OR a.created_at >= :since)
  AND (CAST(:until AS timestamptz) IS NULL OR a.created_at < :until)
  AND (CAST(:who AS text) IS NULL OR lower(a.actor_name) = lower(:who))
  AND (CAST(:entity AS text) IS NULL OR split_part(a.subject, ':', 1) = replace(:entity, 'push', 'batch')
       OR (CAST(:subject AS text) IS NOT NULL AND a.action = 'push.applied'))
  AND (CAST(:subject AS text) IS NULL OR a.subject = :subject
       OR (a.action = 'push.applied' AND jsonb_exists(a.after, :subject)))
  AND (CAST(:at AS timestamptz) IS NULL
       OR (a.created_at, 'here', lpad(a.id::text, 20, '0')) < (:at, :source, :key))
ORDER BY a.created_at DESC, a.id DESC LIMIT :limit
"""
_GOOGLE = """
SELECT g.changed_at, 'google', g.name, g.user_email, lower(g.operation), g.entity, NULL, g.resource_name, g.title,
       g.client_type, g.old, g.new, NULL
FROM google_changes g
WHERE g.customer_id = :customer AND g.batch_id IS NULL
  AND (CAST(:since AS timestamptz) IS NULL OR g.changed_at >= :since)
  AND (CAST(:until AS timestamptz) IS NULL OR g.changed_at < :until)
  AND (CAST(:who AS text) IS NULL OR lower(g.user_email) = lower(:who))
  AND (CAST(:entity AS text) IS NULL OR g.entity = :entity)
  AND (CAST(:subject AS text) IS NULL OR g.resource_name = ANY(CAST(:names AS text[])))
  AND (CAST(:at AS timestamptz) IS NULL OR (g.changed_at, 'google', g.name) < (:at, :source, :key))
ORDER BY g.changed_at DESC, g.name DESC LIMIT :limit
"""
_BOTH = {
    None: f"({_HERE}) UNION ALL ({_GOOGLE}) ORDER BY at DESC, source DESC, key DESC LIMIT :limit",
    HERE: _HERE,
    GOOGLE: f"SELECT * FROM ({_GOOGLE}) g (at, source, key, who, action, entity, entity_id, resource_name, title,"
    " client_type, before, after, reason)",
}


@dataclass(frozen=True, slots=True)
class TimelineQuery:
    """Which entries: all of them unless a field says otherwise.

    `entity` is a kind such as `campaign` (pushes are the kind `push`); with `entity_id` only what concerns one row of
    ours, pushes that touched it included. `who` is compared in any case. `until` is not included.
    """

    entity: str | None = None
    entity_id: UUID | None = None
    who: str | None = None
    source: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def subject(self) -> str | None:
        """The row as the audit trail names it."""
        return f"{self.entity}:{self.entity_id}" if self.entity and self.entity_id else None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ended: the keys of its last entry."""

    at: datetime
    source: str
    key: str


def entries(
    session: Session,
    tenant_id: UUID,
    customer_id: UUID,
    query: TimelineQuery,
    *,
    limit: int,
    after: Place | None = None,
) -> list[dict[str, Any]]:
    """The newest entries of an account's timeline behind `after`, newest first."""
    values = {
        "tenant": tenant_id,
        "customer": customer_id,
        "since": query.since,
        "until": query.until,
        "who": query.who,
        "entity": query.entity,
        "subject": query.subject,
        "names": _names(session, customer_id, query),
        "at": after.at if after else None,
        "source": after.source if after else None,
        "key": after.key if after else None,
        "limit": limit,
    }
    return [{**row} for row in session.execute(text(_BOTH[query.source]), values).mappings()]


def count(session: Session, tenant_id: UUID, customer_id: UUID, since: datetime, until: datetime) -> dict[str, int]:
    """How many entries a range of moments has, by source."""
    values = {"tenant": tenant_id, "customer": customer_id, "since": since, "until": until}
    here = session.execute(
        text(
            "SELECT count(*) FROM audit_events a WHERE a.tenant_id = :tenant AND a.customer_id = :customer"
            " AND a.created_at >= :since AND a.created_at < :until"
        ),
        values,
    ).scalar_one()
    google = session.execute(
        text(
            "SELECT count(*) FROM google_changes g WHERE g.customer_id = :customer AND g.batch_id IS NULL"
            " AND g.changed_at >= :since AND g.changed_at < :until"
        ),
        values,
    ).scalar_one()
    return {HERE: int(here), GOOGLE: int(google)}


def _names(session: Session, customer_id: UUID, query: TimelineQuery) -> list[str]:
    """The resource names by which Google knows one row of ours: an ad has one of its own and one in its ad group."""
    if query.entity not in ENTITIES or query.entity_id is None:
        return []
    tables = [ENTITIES[query.entity], *(["adgroup_ad"] if query.entity == "ad" else [])]
    found: list[str] = []
    for table in tables:
        statement = text(
            f"SELECT resource_name FROM {table} WHERE customer_id = :customer AND {id_column(table)} = :id"
        )
        found += [name for name in session.scalars(statement, {"customer": customer_id, "id": query.entity_id}) if name]
    return found
