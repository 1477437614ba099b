"""Domain events: written in the transaction of their cause, read back in the order of their ids.

Ids rise in commit order within a tenant: the rows of one transaction are inserted at its very end under a lock on the
tenant, so a reader that remembers the last id it saw never skips a late one. Redis only wakes listeners.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, Identity, Index, String, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, Session, mapped_column

from backend.core.base import Base

CHANNEL = "events"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened: `kind` such as `job.progress` or `campaign.published`, and what it is about."""

    tenant_id: UUID
    kind: str
    data: dict[str, Any] = field(default_factory=dict)
    customer_id: UUID | None = None
    job_id: UUID | None = None
    subject_id: UUID | None = None
    version: int | None = None


class EventRow(Base):
    """A domain event as stored; `id` rises in commit order within a tenant."""

    __tablename__ = "events"
    __table_args__ = (
        Index("ix_events_tenant_id", "tenant_id", "id"),
        Index("ix_events_job_id", "job_id", "id"),
        Index("ix_events_created_at", "created_at"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    tenant_id: Mapped[UUID]
    customer_id: Mapped[UUID | None]
    job_id: Mapped[UUID | None]
    subject_id: Mapped[UUID | None]
    kind: Mapped[str] = mapped_column(String(80))
    version: Mapped[int | None] = mapped_column(BigInteger)
    data: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


def write(session: Session, events: list[Event]) -> None:
    """Insert the events of a transaction that is about to commit."""
    for tenant_id in sorted({event.tenant_id for event in events}):
        session.execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended('events:' || :tenant, 0))"), {"tenant": str(tenant_id)}
        )
    session.add_all(
        EventRow(
            tenant_id=event.tenant_id,
            customer_id=event.customer_id,
            job_id=event.job_id,
            subject_id=event.subject_id,
            kind=event.kind,
            version=event.version,
            data=event.data,
        )
        for event in events
    )
    session.flush()
