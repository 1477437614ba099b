"""Rows that stand for the same thing at Google as a row of ours that was just made: they give way to ours.

A sync that ran while an answer was lost has brought what our request made as rows of its own; a keyword that was
removed and is added again has the same id at Google as before. Both would keep the answer from being recorded. What
hangs on a row that gives way goes with it; the next sync brings what ours does not have.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.campaigns.tree import CampaignNode

Row = tuple[UUID, int, str]
TABLES = {
    "campaign": "campaigns",
    "asset_group": "asset_groups",
    "ad_group": "ad_groups",
    "ad": "ads",
    "keyword": "keywords",
    "shared_set": "shared_sets",
    "budget": "campaign_budgets",
}
"""From the top down; a budget leaves after the campaign that has it."""
_FOUND = """
SELECT t.id FROM unnest(CAST(:ids AS uuid[]), CAST(:google_ids AS bigint[])) AS n(id, google_id)
JOIN {table} t ON t.customer_id = :customer AND t.google_id = n.google_id AND t.id <> n.id
"""
_FOUND_KEYWORDS = """
SELECT t.id FROM unnest(CAST(:ids AS uuid[]), CAST(:google_ids AS bigint[])) AS n(id, google_id)
JOIN keywords o ON o.customer_id = :customer AND o.id = n.id
JOIN keywords t ON t.customer_id = :customer AND t.parent_kind = o.parent_kind AND t.parent_id = o.parent_id
    AND t.google_id = n.google_id AND t.id <> o.id
"""
_GROUPS = "(SELECT ad_group_id FROM campaign_adgroup WHERE customer_id = :customer AND campaign_id = ANY(:twins))"
_ASSET_GROUPS = (
    "(SELECT asset_group_id FROM campaign_asset_group WHERE customer_id = :customer AND campaign_id = ANY(:twins))"
)
_ADS = "id IN (SELECT ad_id FROM adgroup_ad WHERE customer_id = :customer AND ad_group_id {groups})"
_BELOW: dict[str, tuple[tuple[str, str], ...]] = {
    "campaign": (
        ("ads", _ADS.format(groups=f"IN {_GROUPS}")),
        ("keywords", f"(parent_id IN {_GROUPS} OR parent_id = ANY(:twins))"),
        ("ad_groups", f"id IN {_GROUPS}"),
        ("asset_groups", f"id IN {_ASSET_GROUPS}"),
    ),
    "ad_group": (
        ("ads", _ADS.format(groups="= ANY(:twins)")),
        ("keywords", "parent_id = ANY(:twins)"),
    ),
    "shared_set": (("keywords", "parent_id = ANY(:twins)"),),
}
"""What hangs on a row without a foreign key that would take it along; edges go by themselves."""


def give_way(session: Session, customer_id: UUID, made: Mapping[str, Sequence[Row]]) -> None:
    """Delete the rows that stand for what was just made, by kind: our id, Google's, the name."""
    for kind, table in TABLES.items():
        rows = made.get(kind, ())
        if rows:
            _leave(session, customer_id, kind, table, rows)


_BROUGHT = text("""
SELECT resource_name FROM ad_groups WHERE customer_id = :customer AND first_synced_at >= :since
UNION ALL SELECT e.resource_name FROM ads a JOIN adgroup_ad e ON e.customer_id = a.customer_id AND e.ad_id = a.id
    WHERE a.customer_id = :customer AND a.first_synced_at >= :since
UNION ALL SELECT resource_name FROM keywords WHERE customer_id = :customer AND first_synced_at >= :since
UNION ALL SELECT resource_name FROM asset_groups WHERE customer_id = :customer AND first_synced_at >= :since
""")


def leave_out_newer(session: Session, customer_id: UUID, tree: CampaignNode, since: datetime) -> None:
    """Take out of a tree what a sync has brought since a request was written down: it may be what the request made.

    What was known before is never what a request made; what came since may be, and is looked for at Google again.
    """
    brought = set(session.scalars(_BROUGHT, {"customer": customer_id, "since": since})) - {None}
    if not brought:
        return
    tree.negatives = [word for word in tree.negatives if word.resource_name not in brought]
    tree.asset_groups = [group for group in tree.asset_groups if group.resource_name not in brought]
    tree.ad_groups = [group for group in tree.ad_groups if group.resource_name not in brought]
    for group in tree.ad_groups:
        group.ads = [ad for ad in group.ads if ad.resource_name not in brought]
        group.keywords = [word for word in group.keywords if word.resource_name not in brought]
    for shared in tree.shared_sets:
        shared.keywords = [word for word in shared.keywords if word.resource_name not in brought]


def _leave(session: Session, customer_id: UUID, kind: str, table: str, rows: Sequence[Row]) -> None:
    values: dict[str, Any] = {"customer": customer_id, "ids": [row[0] for row in rows]}
    question = _FOUND_KEYWORDS if kind == "keyword" else _FOUND.format(table=table)
    found = session.scalars(text(question), values | {"google_ids": [row[1] for row in rows]})
    twins = {"customer": customer_id, "twins": list(found)}
    if not twins["twins"]:
        return
    for below, condition in (*_BELOW.get(kind, ()), (table, "id = ANY(:twins)")):
        session.execute(text(f"DELETE FROM {below} WHERE customer_id = :customer AND {condition}"), twins)  # noqa: S608 (constants of this module)
