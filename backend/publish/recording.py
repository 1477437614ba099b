"""Gives the real names that Google answered to the rows they belong to, in bulk; safe to repeat."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.integrations.googleads.resource_names import last_id
from backend.publish import twins
from backend.publish.batches import Sent

ENTITIES = {
    "budget": "campaign_budgets",
    "campaign": "campaigns",
    "ad_group": "ad_groups",
    "keyword": "keywords",
    "asset": "assets",
    "asset_group": "asset_groups",
    "shared_set": "shared_sets",
}
_NAMED = """
UPDATE {table} t SET google_id = n.google_id, resource_name = n.resource_name, sync_status = 'synced',
    sync_error = NULL, dirty_fields = '{{}}', base = '{{}}', first_synced_at = coalesce(t.first_synced_at, now()),
    last_synced_at = now(), updated_at = now()
FROM unnest(CAST(:ids AS uuid[]), CAST(:google_ids AS bigint[]), CAST(:names AS text[]))
    AS n(id, google_id, resource_name)
WHERE t.customer_id = :customer AND t.id = n.id
"""
_ADS = """
UPDATE ads t SET google_id = n.google_id, sync_status = 'synced', sync_error = NULL, dirty_fields = '{}', base = '{}',
    resource_name = regexp_replace(n.resource_name, '/adGroupAds/.*$', '/ads/') || n.google_id,
    first_synced_at = coalesce(t.first_synced_at, now()), last_synced_at = now(), updated_at = now()
FROM unnest(CAST(:ids AS uuid[]), CAST(:google_ids AS bigint[]), CAST(:names AS text[]))
    AS n(id, google_id, resource_name)
WHERE t.customer_id = :customer AND t.id = n.id
"""
LINKS = ("campaign_asset", "ad_group_asset", "asset_group_asset", "campaign_shared_set")
_LINKED = """
UPDATE {table} t SET resource_name = n.resource_name, sync_status = 'synced', sync_error = NULL, dirty_fields = '{{}}',
    base = '{{}}', first_synced_at = coalesce(t.first_synced_at, now()), last_synced_at = now(), updated_at = now()
FROM unnest(CAST(:ids AS uuid[]), CAST(:names AS text[])) AS n(id, resource_name)
WHERE t.customer_id = :customer AND t.id = n.id
"""
_EDGES = {
    "ad": """UPDATE adgroup_ad t SET resource_name = n.resource_name, sync_status = 'synced', sync_error = NULL,
        first_synced_at = coalesce(t.first_synced_at, now()), last_synced_at = now(), updated_at = now()
        FROM unnest(CAST(:ids AS uuid[]), CAST(:names AS text[])) AS n(id, resource_name)
        WHERE t.customer_id = :customer AND t.ad_id = n.id""",
    "keyword": """UPDATE adgroup_keyword t SET sync_status = 'synced', sync_error = NULL,
        first_synced_at = coalesce(t.first_synced_at, now()), last_synced_at = now(), updated_at = now()
        FROM unnest(CAST(:ids AS uuid[]), CAST(:names AS text[])) AS n(id, resource_name)
        WHERE t.customer_id = :customer AND t.keyword_id = n.id""",
}


def record_created(session: Session, customer_id: UUID, operations: Sequence[Sent], names: Sequence[str]) -> None:
    """Write the names of what was created; an operation without a name is left as it is."""
    found: dict[str, list[tuple[UUID, int, str]]] = defaultdict(list)
    for operation, name in zip(operations, names, strict=True):
        if name and operation.verb == "create" and len(operation.subject) > 1:
            found[operation.subject[0]].append((UUID(operation.subject[1]), _id(name), name))
    session.flush()  # what is pending would be lost when the rows are expired below
    found["asset"] = _take_over_known(session, customer_id, found.pop("asset", []))
    twins.give_way(session, customer_id, found)
    for kind, rows in found.items():
        if not rows:
            continue
        values = _values(customer_id, rows)
        if kind in ENTITIES:
            session.execute(text(_NAMED.format(table=ENTITIES[kind])), values)
        if kind == "ad":
            session.execute(text(_ADS), values)
        edge_values = {name: value for name, value in values.items() if name != "google_ids"}
        if kind in _EDGES:
            session.execute(text(_EDGES[kind]), edge_values)
        if kind in LINKS:
            session.execute(text(_LINKED.format(table=kind)), edge_values)
    session.expire_all()


_ASSET_EDGES = {
    "ad_asset": "ad_id",
    "asset_group_asset": "asset_group_id",
    "campaign_asset": "campaign_id",
    "ad_group_asset": "ad_group_id",
}

_CARDS = text("""
UPDATE assets a SET attributes = a.attributes || (SELECT jsonb_object_agg(e.key, CAST(:known AS text))
    FROM jsonb_each_text(a.attributes) AS e WHERE e.value = :ours)
WHERE a.customer_id = CAST(:customer AS uuid) AND a.type = 'DEMAND_GEN_CAROUSEL_CARD' AND EXISTS (
    SELECT FROM jsonb_each_text(a.attributes) AS e WHERE e.value = :ours)
""")
"""A carousel card names its images among its attributes."""


def _take_over_known(
    session: Session, customer_id: UUID, rows: list[tuple[UUID, int, str]]
) -> list[tuple[UUID, int, str]]:
    """Give the assets that are new; Google answers identical content with the asset it has, which we may know already.

    Whoever uses our row then uses the known one, and ours goes.
    """
    if not rows:
        return []
    query = text("SELECT google_id, id FROM assets WHERE customer_id = :customer AND google_id = ANY(:google_ids)")
    found = session.execute(query, {"customer": customer_id, "google_ids": [row[1] for row in rows]})
    known: dict[int, UUID] = {row.google_id: row.id for row in found}
    new: list[tuple[UUID, int, str]] = []
    for row_id, google_id, name in rows:
        twin = known.setdefault(google_id, row_id)
        if twin == row_id:
            new.append((row_id, google_id, name))
        else:
            _use_instead(session, customer_id, row_id, twin)
    return new


def _use_instead(session: Session, customer_id: UUID, ours: UUID, known: UUID) -> None:
    values = {"customer": customer_id, "ours": ours, "known": known}
    for table, holder in _ASSET_EDGES.items():
        session.execute(
            text(
                f"UPDATE {table} e SET asset_id = :known WHERE e.customer_id = :customer AND e.asset_id = :ours"  # noqa: S608 (constants of this module)
                f" AND NOT EXISTS (SELECT FROM {table} o WHERE o.customer_id = e.customer_id"
                f" AND o.{holder} = e.{holder} AND o.asset_id = :known AND o.field_type = e.field_type)"
            ),
            values,
        )
    session.execute(_CARDS, {name: str(value) for name, value in values.items()})
    # What is left of ours goes with it: edges cascade.
    session.execute(
        text("DELETE FROM assets WHERE customer_id = :customer AND id = :ours AND google_id IS NULL"), values
    )


def _id(name: str) -> int:
    """The id that names the resource itself; links (a label's, an asset's) have none of their own."""
    try:
        return last_id(name)
    except ValueError:
        return 0


def _values(customer_id: UUID, rows: Iterable[tuple[UUID, int, str]]) -> dict[str, Any]:
    listed = list(rows)
    return {
        "customer": customer_id,
        "ids": [row[0] for row in listed],
        "google_ids": [row[1] for row in listed],
        "names": [row[2] for row in listed],
    }


_GROUPS = "(SELECT ad_group_id FROM campaign_adgroup WHERE customer_id = :customer AND campaign_id = :id)"
_ASSET_GROUPS = "(SELECT asset_group_id FROM campaign_asset_group WHERE customer_id = :customer AND campaign_id = :id)"
_LISTS = """(SELECT e.shared_set_id FROM campaign_shared_set e JOIN shared_sets s ON s.customer_id = e.customer_id
    AND s.id = e.shared_set_id AND s.google_id IS NULL AND s.deleted_at IS NULL
    WHERE e.customer_id = :customer AND e.campaign_id = :id AND e.status <> 'REMOVED' AND NOT EXISTS (
        SELECT FROM mutate_batches m JOIN jobs j ON j.id = m.job_id AND j.status IN ('queued', 'started')
        WHERE m.customer_id = e.customer_id AND m.subject_id <> :id AND m.state IN ('PREPARED', 'SENT')
        AND m.operations @> jsonb_build_array(jsonb_build_array(
            'shared_set', jsonb_build_array('shared_set', e.shared_set_id::text)))))"""
"""New lists that a campaign uses, but for those that the request of another job is just making."""
TREE_TABLES = {
    "ad_groups": f"id IN {_GROUPS}",
    "asset_groups": f"id IN {_ASSET_GROUPS}",
    "ads": "id IN (SELECT a.ad_id FROM adgroup_ad a JOIN campaign_adgroup g ON g.customer_id = a.customer_id"
    " AND g.ad_group_id = a.ad_group_id WHERE a.customer_id = :customer AND g.campaign_id = :id)",
    "adgroup_ad": f"ad_group_id IN {_GROUPS}",
    "keywords": f"(parent_id = :id OR parent_id IN {_GROUPS} OR parent_id IN {_LISTS})",
    "campaign_budgets": "id = (SELECT budget_id FROM campaigns WHERE customer_id = :customer AND id = :id)",
    "campaign_asset": "campaign_id = :id",
    "ad_group_asset": f"ad_group_id IN {_GROUPS}",
    "asset_group_asset": f"asset_group_id IN {_ASSET_GROUPS}",
    "campaign_shared_set": "campaign_id = :id",
    "shared_sets": f"id IN {_LISTS}",
}
LIST_TABLES = {"shared_sets": "id = :id", "keywords": "parent_id = :id"}
_LOCAL = {"adgroup_ad": "first_synced_at IS NULL", **dict.fromkeys(LINKS, "resource_name IS NULL")}


def mark_tree(session: Session, customer_id: UUID, campaign_id: UUID, before: str, after: str) -> None:
    """Move every part of a campaign's tree that Google does not know yet from one `sync_status` to another."""
    _mark(session, TREE_TABLES, {"customer": customer_id, "id": campaign_id, "before": before, "after": after})


def mark_list(session: Session, customer_id: UUID, shared_set_id: UUID, before: str, after: str) -> None:
    """Move a list of negatives, and those in it that Google does not know yet, from one `sync_status` to another."""
    _mark(session, LIST_TABLES, {"customer": customer_id, "id": shared_set_id, "before": before, "after": after})


def _mark(session: Session, tables: Mapping[str, str], values: Mapping[str, Any]) -> None:
    session.flush()
    for table, condition in tables.items():
        local = _LOCAL.get(table, "google_id IS NULL")
        session.execute(
            text(
                f"UPDATE {table} SET sync_status = :after, updated_at = now()"  # noqa: S608 (constants of this module)
                f" WHERE customer_id = :customer AND sync_status = :before AND {local} AND {condition}"
            ),
            values,
        )
    session.expire_all()
