"""What sync brings of Google's labels and shared bidding strategies, with how much carries or uses each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.adgraph.labels import AdGroupLabel, AdLabel, CampaignLabel, KeywordLabel, Label
from backend.adgraph.models import BiddingStrategy, Campaign

CARRIERS: dict[str, type[CampaignLabel | AdGroupLabel | AdLabel | KeywordLabel]] = {
    "campaigns": CampaignLabel,
    "ad_groups": AdGroupLabel,
    "ads": AdLabel,
    "keywords": KeywordLabel,
}
REMOVED = "REMOVED"


def labels(session: Session, customer_id: UUID, rows: Sequence[Label]) -> list[dict[str, Any]]:
    """Labels as the API shows them: how many of each kind carry them."""
    ids = [row.id for row in rows]
    carried: dict[str, dict[UUID, int]] = {}
    for kind, edge in CARRIERS.items():
        carried[kind] = _counted(
            session,
            select(edge.label_id, func.count())
            .where(edge.customer_id == customer_id, edge.label_id.in_(ids), edge.status != REMOVED)
            .group_by(edge.label_id),
        )
    return [
        {
            "id": row.id,
            "google_id": str(row.google_id),
            "name": row.name,
            "status": row.status,
            "background_color": row.background_color,
            "description": row.description,
            **{kind: counts.get(row.id, 0) for kind, counts in carried.items()},
        }
        for row in rows
    ]


def strategies(session: Session, customer_id: UUID, rows: Sequence[BiddingStrategy]) -> list[dict[str, Any]]:
    """Shared bidding strategies as the API shows them: their settings, and how many campaigns use them."""
    counts = _counted(
        session,
        select(Campaign.bidding_strategy_id, func.count())
        .where(
            Campaign.customer_id == customer_id,
            Campaign.bidding_strategy_id.in_([row.id for row in rows]),
            Campaign.status != REMOVED,
        )
        .group_by(Campaign.bidding_strategy_id),
    )
    return [
        {
            "id": row.id,
            "google_id": str(row.google_id),
            "name": row.name,
            "type": row.type,
            "status": row.status,
            "bidding": row.bidding,
            "campaigns": counts.get(row.id, 0),
        }
        for row in rows
    ]


def _counted(session: Session, question: Any) -> dict[UUID, int]:
    return {key: int(number) for key, number in session.execute(question)}
