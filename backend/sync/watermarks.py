"""How far each stream of an account has been read: `structure`, and one per statistics query.

`watermark_date` of a statistics stream is the last day that was over, in the account's time zone, when it was read;
later days may hold a part. `state` of the stream carries what a resumed backfill needs.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from backend.core import clock
from backend.sync.models import Watermark

STRUCTURE = "structure"


def find(session: Session, customer_id: UUID, stream: str) -> Watermark | None:
    """The watermark of one stream."""
    return session.get(Watermark, (customer_id, stream))


def all_of(session: Session, customer_ids: list[UUID]) -> list[Watermark]:
    """Every watermark of some accounts."""
    return list(session.scalars(select(Watermark).where(Watermark.customer_id.in_(customer_ids))))


def advance(
    session: Session,
    customer_id: UUID,
    stream: str,
    *,
    day: date | None = None,
    full: bool = False,
    at: datetime | None = None,
    state: dict[str, Any] | None = None,
) -> None:
    """Note a read in the transaction of what it wrote. A day never moves backwards; `state` replaces the old one."""
    moment = at or clock.now()
    values: dict[str, Any] = {"customer_id": customer_id, "stream": stream, "last_append_at": moment}
    values |= {"watermark_date": day, "updated_at": clock.now()}
    if full:
        values["last_full_at"] = moment
    if state is not None:
        values["state"] = state
    statement = insert(Watermark).values(values)
    changes: dict[str, Any] = {name: statement.excluded[name] for name in values if name != "watermark_date"}
    if day is not None:
        changes["watermark_date"] = func.greatest(Watermark.watermark_date, statement.excluded.watermark_date)
    session.execute(statement.on_conflict_do_update(index_elements=["customer_id", "stream"], set_=changes))


def touch(session: Session, customer_id: UUID, stream: str) -> None:
    """Note that rows behind the watermark were written again: answers that were given before are out of date."""
    values: dict[str, Any] = {"customer_id": customer_id, "stream": stream, "updated_at": clock.now()}
    statement = insert(Watermark).values(values)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["customer_id", "stream"], set_={"updated_at": statement.excluded.updated_at}
        )
    )


def restart(session: Session, customer_id: UUID, stream: str, state: dict[str, Any]) -> None:
    """Begin a backfill: forget how far the stream was."""
    values = {"customer_id": customer_id, "stream": stream, "watermark_date": None, "state": state}
    statement = insert(Watermark).values(values)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["customer_id", "stream"], set_={"watermark_date": None, "state": state}
        )
    )
