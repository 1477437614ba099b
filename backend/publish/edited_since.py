"""Edits of a draft that came after its request was sent: if the request was carried out, they wait as dirty fields.

Only a publish that gave up with an open outcome leaves such edits possible. What was sent stands in the stored bytes,
so each field that holds something else by now is marked against what Google has. New children are drafts that a push
makes; texts of ads are shown by the next sync as they are at Google.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from backend.adgraph.columns import SyncState
from backend.adgraph.models import AdGroup, Campaign, CampaignBudget, Keyword
from backend.campaigns import dirty
from backend.integrations.googleads import requests
from backend.publish.batches import Sent

FIELDS: dict[str, tuple[type[SyncState], tuple[str, ...]]] = {
    "campaign": (Campaign, ("name", "start_date", "end_date", "tracking_url_template", "final_url_suffix")),
    "budget": (CampaignBudget, ("amount_micros",)),
    "ad_group": (AdGroup, ("name", "status", "cpc_bid_micros")),
    "keyword": (Keyword, ("status", "cpc_bid_micros")),
}


def mark(session: Session, customer_id: UUID, payload: bytes, operations: Sequence[Sent], *, version: str) -> None:
    """Mark every field dirty that differs from what a request made."""
    for sent, fields in zip(operations, requests.created_fields(payload, version=version), strict=True):
        kind = sent.subject[0] if sent.subject else ""
        if kind not in FIELDS or fields.get("negative"):
            continue
        model, columns = FIELDS[kind]
        row: Any = session.get(model, {"customer_id": customer_id, "id": UUID(sent.subject[1])})
        if row is not None and row.resource_name is not None:
            _mark(row, columns, fields)
    session.flush()


def _mark(row: Any, columns: Sequence[str], sent: Mapping[str, Any]) -> None:
    values = {name: _sent(name, sent) for name in columns}
    moved = {name: value for name, value in values.items() if (dirty.as_json(getattr(row, name)) or None) != value}
    if moved:
        row.dirty_fields = [*row.dirty_fields, *moved]
        row.base = {**row.base, **moved}
        row.sync_status = "dirty"


def _sent(column: str, sent: Mapping[str, Any]) -> Any:
    if column in ("start_date", "end_date"):
        return str(sent.get(f"{column}_time") or "")[:10] or None
    return sent.get(column) or None
