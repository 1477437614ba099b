"""What below a campaign, or in a list, was changed on both sides: a push does not send it before somebody decides."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from backend.adgraph.asset_groups import SharedSet
from backend.adgraph.columns import SyncState
from backend.adgraph.models import Campaign
from backend.adgraph.naming import ENTITIES, id_column
from backend.core.errors import Conflict
from backend.publish.recording import LIST_TABLES, TREE_TABLES

MOST_NAMED = 50
ADVICE = "Both sides changed the same fields: resolve the conflicts first (/api/conflicts)."
_ENTITY_OF = {table: entity for entity, table in ENTITIES.items()}


def _question(tables: Mapping[str, str]) -> TextClause:
    parts = (
        f"SELECT '{_ENTITY_OF[table]}' AS entity, {id_column(table)} AS id, remote FROM {table}"  # noqa: S608 (constants of our modules)
        f" WHERE customer_id = :customer AND sync_status = 'conflict' AND {condition}"
        for table, condition in tables.items()
    )
    return text(f"{' UNION ALL '.join(parts)} LIMIT :limit")


BELOW_CAMPAIGN = _question({"campaigns": "id = :id", **TREE_TABLES})
IN_LIST = _question(LIST_TABLES)


def must_be_decided(session: Session, owner: Campaign | SharedSet) -> None:
    """Refuse to push what is below a campaign, or in a list, while any of it is in conflict.

    Raises:
        Conflict: With the fields, each with its entity and id.
    """
    question = BELOW_CAMPAIGN if isinstance(owner, Campaign) else IN_LIST
    found = session.execute(question, {"customer": owner.customer_id, "id": owner.id, "limit": MOST_NAMED})
    named = [{"entity": row.entity, "id": str(row.id), "field": field} for row in found for field in sorted(row.remote)]
    if named:
        raise Conflict(ADVICE, extra={"fields": sorted({item["field"] for item in named}), "conflicts": named})


def field_must_be_decided(row: SyncState, field: str) -> None:
    """Refuse to push one field of a row while it is in conflict; its other fields go on.

    Raises:
        Conflict: With the field.
    """
    if field in row.remote:
        raise Conflict(ADVICE, extra={"fields": [field]})
