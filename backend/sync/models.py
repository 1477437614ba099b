"""How far each account is: watermarks, and the slots of the schedule that have been taken."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, String, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from backend.core.base import Base


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
