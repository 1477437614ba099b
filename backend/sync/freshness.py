"""How fresh the data of an account is, as `/api/data` answers it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from backend.adgraph.models import Customer
from backend.sync import watermarks
from backend.sync.models import Watermark


def of_accounts(session: Session, rows: list[Customer]) -> list[dict[str, Any]]:
    """The freshness of some accounts, in their order.

    `watermark_date` is the last day, in the account's time zone, up to which every stream of statistics is complete.
    """
    marks: dict[object, list[Watermark]] = {}
    for mark in watermarks.all_of(session, [row.id for row in rows]):
        marks.setdefault(mark.customer_id, []).append(mark)
    return [_described(row, marks.get(row.id, [])) for row in rows]


def watermark_of(session: Session, customer_id: UUID) -> date | None:
    """The last day up to which every stream of an account's statistics is complete."""
    return _complete_up_to([m for m in watermarks.all_of(session, [customer_id]) if m.stream.startswith("stats:")])


def _described(row: Customer, marks: list[Watermark]) -> dict[str, Any]:
    streams = [mark for mark in marks if mark.stream.startswith("stats:")]
    return {
        "slug": row.slug,
        "customer_id": row.google_id,
        "name": row.descriptive_name,
        "status": row.status,
        "manager": row.manager,
        "currency_code": row.currency_code,
        "time_zone": row.time_zone,
        "last_append_timestamp": _latest(mark.last_append_at for mark in streams),
        "last_sync": row.last_synced_at,
        "watermark_date": _complete_up_to(streams),
    }


def _latest(moments: Iterable[datetime | None]) -> datetime | None:
    return max((moment for moment in moments if moment is not None), default=None)


def _complete_up_to(streams: list[Watermark]) -> date | None:
    if not streams or any(mark.watermark_date is None for mark in streams):
        return None
    return min(mark.watermark_date for mark in streams if mark.watermark_date is not None)
