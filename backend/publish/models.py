"""What was sent to Google, byte for byte, and what came back."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from backend.core.base import Base
from backend.core.ids import new_id

STATES = ("PREPARED", "SENT", "APPLIED", "REFUSED", "ABANDONED")


class MutateBatch(Base):
    """One mutate request: written before the call, completed after it, never sent again but as these very bytes.

    `phase` counts the requests of one publish that must follow each other, `round` the policy rounds. `operations` maps
    the index of each operation to the row it is for; `marker` is the label by which the result is recognised.
    PREPARED → SENT (the call may have reached Google) → APPLIED | REFUSED; ABANDONED when nothing was sent.
    """

    __tablename__ = "mutate_batches"
    __table_args__ = (
        CheckConstraint(f"state IN {STATES!r}", name="state"),
        CheckConstraint("state IN ('PREPARED', 'ABANDONED') OR sent_at IS NOT NULL", name="sent_at"),
        Index("ix_mutate_batches_job", "job_id"),
        Index("ix_mutate_batches_subject", "customer_id", "subject_id", text("created_at DESC")),
        Index("ix_mutate_batches_sent_at", "customer_id", "sent_at"),
    )

    customer_id: Mapped[UUID] = mapped_column(ForeignKey("customers.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    job_id: Mapped[UUID | None] = mapped_column(ForeignKey("jobs.id", ondelete="SET NULL"))
    kind: Mapped[str] = mapped_column(String(20))
    subject_id: Mapped[UUID | None]
    state: Mapped[str] = mapped_column(String(12), default="PREPARED")
    phase: Mapped[int] = mapped_column(default=0)
    round: Mapped[int] = mapped_column(default=0)
    marker: Mapped[str | None] = mapped_column(Text)
    request: Mapped[bytes] = mapped_column(LargeBinary)
    request_sha256: Mapped[bytes] = mapped_column(LargeBinary(32))
    operations: Mapped[list[Any]] = mapped_column(JSONB, server_default=text("'[]'"))
    before_images: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"), default=dict)
    results: Mapped[list[Any] | None] = mapped_column(JSONB(none_as_null=True))
    errors: Mapped[list[Any] | None] = mapped_column(JSONB(none_as_null=True))
    exemptions: Mapped[list[Any] | None] = mapped_column(JSONB(none_as_null=True))
    google_request_id: Mapped[str | None] = mapped_column(Text)
    sends: Mapped[int] = mapped_column(default=0)
    fence: Mapped[int] = mapped_column(default=0)
    sent_at: Mapped[datetime | None]
    deadline_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
