"""A job as PostgreSQL keeps it: what is to be done, who holds it, how far it is, how it ended."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from backend.core.base import Base
from backend.core.ids import new_id

STATUSES = ("queued", "started", "finished", "failed")


class Job(Base):
    """One piece of long work.

    `exclusive_key` names what only one active job may work on at a time. `attempts` counts the runs that were begun;
    `fence` rises with each, so that a run which lost its lease can be told from the one that took over. A queued job is
    sent to a worker when `next_attempt_at` has come. `args` carry ids and choices, never a secret.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        CheckConstraint(f"status IN {STATUSES!r}", name="status"),
        CheckConstraint("(status IN ('finished', 'failed')) = (finished_at IS NOT NULL)", name="finished_at"),
        Index("ix_jobs_newest", "tenant_id", text("created_at DESC"), text("id DESC")),
        Index("ix_jobs_due", "next_attempt_at", postgresql_where=text("status = 'queued'")),
        Index("ix_jobs_leases", "lease_expires_at", postgresql_where=text("status = 'started'")),
        Index(
            "uq_jobs_exclusive",
            "exclusive_key",
            unique=True,
            postgresql_where=text("exclusive_key IS NOT NULL AND status IN ('queued', 'started')"),
        ),
        Index("ix_jobs_subject", "tenant_id", "subject_id", text("created_at DESC")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"))
    customer_id: Mapped[UUID | None] = mapped_column(ForeignKey("customers.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(60))
    queue: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[UUID | None]
    exclusive_key: Mapped[str | None] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String(10), default="queued")
    waiting_reason: Mapped[str | None] = mapped_column(String(40))
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    args: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"), default=dict)
    progress: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"), default=dict)
    result: Mapped[Any | None] = mapped_column(JSONB(none_as_null=True))
    error: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    stdout: Mapped[str] = mapped_column(Text, server_default="", default="")
    stderr: Mapped[str] = mapped_column(Text, server_default="", default="")
    exit_code: Mapped[int | None] = mapped_column(BigInteger)
    attempts: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    max_attempts: Mapped[int] = mapped_column(default=5)
    fence: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    lease_owner: Mapped[str | None] = mapped_column(Text)
    lease_expires_at: Mapped[datetime | None]
    next_attempt_at: Mapped[datetime] = mapped_column(server_default=func.now())
    sent_at: Mapped[datetime | None]
    trace_id: Mapped[str | None] = mapped_column(String(32))
    created_by: Mapped[UUID | None]
    created_by_name: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
