"""The reports that were made, as they were given out."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text, func, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.core.base import Base


class Report(Base):
    """A report of an account, kept in every form it was rendered to. Its id is that of the job that made it."""

    __tablename__ = "reports"
    __table_args__ = (Index("ix_reports_newest", "customer_id", text("created_at DESC"), text("id DESC")),)

    customer_id: Mapped[UUID] = mapped_column(ForeignKey("customers.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    scope: Mapped[str] = mapped_column(String(40))
    first_day: Mapped[date]
    last_day: Mapped[date]
    title: Mapped[str] = mapped_column(Text)
    currency_code: Mapped[str] = mapped_column(String(3))
    time_zone: Mapped[str] = mapped_column(String(64))
    watermark_date: Mapped[date | None]
    totals: Mapped[dict[str, Any]]
    markdown: Mapped[str] = mapped_column(Text)
    csv: Mapped[str] = mapped_column(Text)
    html: Mapped[str] = mapped_column(Text)
    created_by_name: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
