"""Fields that were changed here and at Google: listed with base, mine and theirs, and decided one by one or in bulk.

keep_mine    theirs becomes the new base, so that the next push overwrites it knowingly
take_theirs  the local edit is given up and Google's value stands

A field stays in the list until somebody decides, Google goes back to the base, or both sides say the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.adgraph.naming import ENTITIES, id_column
from backend.auth import customers
from backend.campaigns import ad_lists, linking
from backend.core import audit
from backend.core.db import Work, unit_of_work
from backend.core.events import Event
from backend.core.security import Actor, Role
from backend.sync.catalogue import STRUCTURE

KEEP_MINE, TAKE_THEIRS = "keep_mine", "take_theirs"
CHOICES = (KEEP_MINE, TAKE_THEIRS)

EDITABLE: dict[str, tuple[str, ...]] = {}
for _merge in (merge for query in STRUCTURE for merge in query.merges):
    if _fields := tuple(field.column for field in _merge.fields if field.editable):
        EDITABLE[_merge.table] = EDITABLE.get(_merge.table, ()) + _fields
EDITABLE["ads"] += tuple(ad_lists.LISTS)
"""The tables whose rows can be in conflict, and the fields that can be."""

_TABLE_OF = {name: table for name, table in ENTITIES.items() if table in EDITABLE}
_ASSET_NAME = (
    "(SELECT coalesce(x.text, x.name, x.attributes ->> 'link_text', x.attributes ->> 'callout_text')"
    " FROM assets x WHERE x.customer_id = t.customer_id AND x.id = t.asset_id)"
)
_NAME_OF = {
    "adgroup_ad": "NULL::text",
    "keywords": "t.text",
    "campaign_asset": _ASSET_NAME,
    "ad_group_asset": _ASSET_NAME,
    "asset_group_asset": _ASSET_NAME,
    "campaign_shared_set": "(SELECT x.name FROM shared_sets x"
    " WHERE x.customer_id = t.customer_id AND x.id = t.shared_set_id)",
}


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to become of one field of one row."""

    entity: str
    id: UUID
    field: str
    choice: str


def _mine(table: str) -> str:
    """SQL: a row with its values here, those that are no columns too."""
    return f"to_jsonb(t) || {ad_lists.OF_AD}" if table == "ads" else "to_jsonb(t)"


def _listing() -> str:
    """All conflicts, one row per field."""
    return " UNION ALL ".join(
        f"SELECT '{entity}' AS entity, t.customer_id, t.{id_column(table)} AS id,"
        f" {_NAME_OF.get(table, 't.name')} AS name, f.key AS field, t.base -> f.key AS base, f.value AS theirs,"
        f" ({_mine(table)}) -> f.key AS mine, t.last_synced_at AS since"
        f" FROM {table} t, jsonb_each(t.remote) f WHERE t.sync_status = 'conflict'"
        for entity, table in _TABLE_OF.items()
    )


_LIST = f"""
SELECT x.entity, x.id, x.name, x.field, x.base, x.mine, x.theirs, x.since, c.google_customer_id, c.slug
FROM ({_listing()}) x JOIN customers c ON c.id = x.customer_id
WHERE c.tenant_id = :tenant AND (CAST(:visible AS uuid[]) IS NULL OR c.id = ANY(CAST(:visible AS uuid[])))
  AND (CAST(:google_id AS bigint) IS NULL OR c.google_customer_id = :google_id)
  AND (CAST(:entity AS text) IS NULL OR x.entity = :entity)
  AND (CAST(:after AS text) IS NULL OR x.entity || '/' || x.id || '/' || x.field > :after)
ORDER BY x.entity || '/' || x.id || '/' || x.field LIMIT :limit"""


def list_conflicts(
    actor: Actor, *, google_id: int | None, entity: str | None, after: str | None, limit: int
) -> list[dict[str, Any]]:
    """The conflicts that the actor may see, in a fixed order after the key `after`."""
    visible = actor.visible_customers
    with unit_of_work() as work:
        rows = work.session.execute(
            text(_LIST),
            {
                "tenant": actor.tenant_id,
                "visible": None if visible is None else [str(item) for item in visible],
                "google_id": google_id,
                "entity": entity,
                "after": after,
                "limit": limit,
            },
        ).mappings()
        return [
            {
                **row,
                "customer_id": str(row["google_customer_id"]),
                "key": f"{row['entity']}/{row['id']}/{row['field']}",
            }
            for row in rows
        ]


def resolve(decisions: list[Decision], actor: Actor) -> list[str]:
    """Decide conflicts, all in one transaction; the answer says per decision what became of it.

    `resolved`, `not_in_conflict` (it ended by itself) or `not_found` (no such row for this actor).

    Raises:
        Forbidden: the actor sees an account among them with a lower role than editor.
    """
    with unit_of_work() as work:
        visible = customers.visible(actor).subquery()
        tenants = {row.id: row.tenant_id for row in work.session.execute(visible.select())}
        return [_resolve_one(work, decision, actor, tenants) for decision in decisions]


def _resolve_one(work: Work, decision: Decision, actor: Actor, tenants: dict[UUID, UUID]) -> str:
    table = _TABLE_OF[decision.entity]
    row = _locked(work.session, table, decision.id, list(tenants))
    if row is None:
        return "not_found"
    actor.must_be(Role.EDITOR, row["customer_id"])
    field = decision.field
    if field not in row["remote"] or field not in EDITABLE[table]:
        return "not_in_conflict"
    mine, theirs = row["mine"].get(field), row["remote"][field]
    listed = table == "ads" and field in ad_lists.LISTS
    if listed and decision.choice == TAKE_THEIRS:
        ad_lists.take_remote(work.session, row["customer_id"], decision.id, field)
    work.session.execute(
        text(_keep(table) if decision.choice == KEEP_MINE else _take(table, None if listed else field)),
        {"customer": row["customer_id"], "id": decision.id, "field": field},
    )
    linking.refresh_holder(work.session, table, row["customer_id"], decision.id)
    subject = f"{decision.entity}:{decision.id}"
    audit.record(
        work.session,
        actor,
        f"conflict.{decision.choice}",
        subject,
        before={field: mine},
        after={field: mine if decision.choice == KEEP_MINE else theirs, "theirs": theirs},
        customer_id=row["customer_id"],
    )
    work.emit(
        Event(
            tenants[row["customer_id"]],
            "conflict.resolved",
            {"entity": decision.entity, "field": field, "choice": decision.choice},
            customer_id=row["customer_id"],
            subject_id=decision.id,
        )
    )
    return "resolved"


def _locked(session: Session, table: str, row_id: UUID, customer_ids: list[UUID]) -> dict[str, Any] | None:
    found = (
        session.execute(
            text(
                f"SELECT t.customer_id, t.remote, {_mine(table)} AS mine FROM {table} t"
                f" WHERE t.{id_column(table)} = :id AND t.customer_id = ANY(:customers) FOR UPDATE"
            ),
            {"id": row_id, "customers": customer_ids},
        )
        .mappings()
        .first()
    )
    return {**found} if found else None


_AFTER = (
    "remote = t.remote - :field, updated_at = now(),"
    " sync_status = CASE WHEN t.remote - :field <> '{}' THEN 'conflict' WHEN %s THEN 'synced' ELSE 'dirty' END"
)


def _keep(table: str) -> str:
    return (
        f"UPDATE {table} t SET base = t.base || jsonb_build_object(:field, t.remote -> :field),"
        f" {_AFTER % 'false'} WHERE t.customer_id = :customer AND t.{id_column(table)} = :id"
    ).replace(":field", "CAST(:field AS text)")


def _take(table: str, column: str | None) -> str:
    """Give the edit up; what is no column has taken Google's value already."""
    taken = f"{column} = (jsonb_populate_record(NULL::{table}, t.remote)).{column}," if column else ""
    return (
        f"UPDATE {table} t SET {taken}"
        " base = t.base - :field, dirty_fields = array_remove(t.dirty_fields, :field), version = t.version + 1,"
        f" {_AFTER % _CLEAN} WHERE t.customer_id = :customer AND t.{id_column(table)} = :id"
    ).replace(":field", "CAST(:field AS text)")


_CLEAN = "array_remove(t.dirty_fields, :field) = '{}'"


def announce_new(work: Work, customer_id: UUID, tenant_id: UUID, tables: list[str]) -> int:
    """Record and announce the conflicts that a merge in this transaction found; returns how many rows have one."""
    found = 0
    for entity, table in _TABLE_OF.items():
        if table not in tables:
            continue
        rows = work.session.execute(
            text(
                f"SELECT t.{id_column(table)} AS id, t.base, t.remote, {_mine(table)} AS mine FROM {table} t"
                " WHERE t.customer_id = :customer AND t.sync_status = 'conflict' AND t.last_synced_at = now()"
            ),
            {"customer": customer_id},
        ).all()
        for row in rows:
            found += 1
            mine = {field: row.mine.get(field) for field in row.remote}
            audit.record(
                work.session,
                None,
                "conflict.found",
                f"{entity}:{row.id}",
                before=mine,
                after=row.remote,
                customer_id=customer_id,
                tenant_id=tenant_id,
            )
            data = {"entity": entity, "fields": sorted(row.remote)}
            work.emit(Event(tenant_id, "conflict.found", data, customer_id=customer_id, subject_id=row.id))
    return found
