"""How far each account is: watermarks, the slots of the schedule that have been taken, nights, changes at Google."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from backend.core.base import Base

OUTCOMES = ("running", "finished", "warnings", "failed", "skipped", "missed")


class Watermark(Base):
    """Up to which day (in the account's time zone) a stream of an account has been read, and when that was."""

    __tablename__ = "watermarks"

    customer_id: Mapped[UUID] = mapped_column(ForeignKey("customers.id", ondelete="CASCADE"), primary_key=True)
    stream: Mapped[str] = mapped_column(String(60), primary_key=True)
    watermark_date: Mapped[date | None]
    last_append_at: Mapped[datetime | None]
    last_full_at: Mapped[datetime | None]
    state: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"), default=dict)
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())


class ScheduleRun(Base):
    """A slot of a schedule that was taken: two beats, or one that fires twice, run it once."""

    __tablename__ = "schedule_runs"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    slot: Mapped[datetime] = mapped_column(primary_key=True)
    job_id: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class GoogleChangeRow(Base):
    """A change at Google that change_event told; `name` is the event's own within the account.

    `old` and `new` hold the changed fields by their paths; `batch_id` is our push that made it, if we did.
    """

    __tablename__ = "google_changes"
    __table_args__ = (
        Index("ix_google_changes_changed_at", "customer_id", text("changed_at DESC"), text("name DESC")),
        Index("ix_google_changes_resource_name", "customer_id", "resource_name"),
    )

    customer_id: Mapped[UUID] = mapped_column(ForeignKey("customers.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(Text, primary_key=True)
    changed_at: Mapped[datetime]
    entity: Mapped[str] = mapped_column(String(60))
    resource_name: Mapped[str] = mapped_column(Text)
    title: Mapped[str | None] = mapped_column(Text)
    client_type: Mapped[str] = mapped_column(String(60))
    user_email: Mapped[str] = mapped_column(Text)
    operation: Mapped[str] = mapped_column(String(20))
    fields: Mapped[list[str]] = mapped_column(ARRAY(Text))
    old: Mapped[dict[str, Any]] = mapped_column(JSONB)
    new: Mapped[dict[str, Any]] = mapped_column(JSONB)
    campaign: Mapped[str | None] = mapped_column(Text)
    ad_group: Mapped[str | None] = mapped_column(Text)
    batch_id: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Night(Base):
    """A night of an organisation, by its accounts' local date; `finished_at` once every account has its result."""

    __tablename__ = "nights"

    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"), primary_key=True)
    night: Mapped[date] = mapped_column(primary_key=True)
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())
    finished_at: Mapped[datetime | None]
    summary: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"), default=dict)


class NightRun(Base):
    """What became of one account in one night: `outcome` with its reason, and the job that did it."""

    __tablename__ = "night_runs"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "night"], ["nights.tenant_id", "nights.night"], ondelete="CASCADE"),
        CheckConstraint(f"outcome IN {OUTCOMES!r}", name="outcome"),
        Index("ix_night_runs_customer", "customer_id", text("night DESC")),
        Index("ix_night_runs_running", "tenant_id", "night", postgresql_where=text("outcome = 'running'")),
    )

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    night: Mapped[date] = mapped_column(primary_key=True)
    customer_id: Mapped[UUID] = mapped_column(ForeignKey("customers.id", ondelete="CASCADE"), primary_key=True)
    slot: Mapped[datetime]
    job_id: Mapped[UUID | None]
    outcome: Mapped[str] = mapped_column(String(12), default="running")
    code: Mapped[str | None] = mapped_column(String(80))
    reason: Mapped[str | None] = mapped_column(Text)
    rows_synced: Mapped[int | None] = mapped_column(BigInteger)
    finished_at: Mapped[datetime | None]
