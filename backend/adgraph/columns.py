"""Columns that every entity and every editable edge carries: identity, synchronisation state, our own notes."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, String, Text, func, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from backend.core.ids import new_id

SYNC_STATUSES = ("draft", "publishing", "synced", "dirty", "conflict", "sync_error")
GOOGLE_STATUSES = ("ENABLED", "PAUSED", "REMOVED", "UNKNOWN")


def one_of(column: str, values: tuple[str, ...]) -> CheckConstraint:
    """A CHECK that a column holds one of `values` (or NULL), named after the column."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


LIVE_OR_LOCAL = "google_id IS NOT NULL OR sync_status IN ('draft', 'publishing', 'sync_error')"


class SyncState:
    """What the three-way merge needs: the dirty fields with the value they had at Google when they were edited.

    `base` holds, per dirty field, Google's value when the edit began; `remote` Google's newest value where it has moved
    since. A field with both is a conflict. `sync_error` is the last refusal: code, message, request id.
    """

    sync_status: Mapped[str] = mapped_column(String(12), server_default="draft", default="draft")
    dirty_fields: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}", default=list)
    base: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"), default=dict)
    remote: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"), default=dict)
    sync_error: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    first_synced_at: Mapped[datetime | None]
    last_synced_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(BigInteger, server_default=text("1"), default=1)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())

    @property
    def is_dirty(self) -> bool:
        """True when a field was edited here and not pushed yet."""
        return bool(self.dirty_fields)


class Entity(SyncState):
    """A row that stands for one object of Google Ads, or for one that is to become one.

    Keyed by customer first, so that the tables can be distributed by customer. `attributes` holds those of Google's
    fields that have no column, by their proto names.
    """

    @declared_attr
    def customer_id(cls) -> Mapped[UUID]:  # noqa: N805 (SQLAlchemy passes the class)
        """Our id of the account."""
        return mapped_column(ForeignKey("customers.id", ondelete="CASCADE"), primary_key=True)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    google_id: Mapped[int | None] = mapped_column(BigInteger)
    resource_name: Mapped[str | None] = mapped_column(Text)
    attributes: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"), default=dict)
    internal_label: Mapped[str | None] = mapped_column(Text)
    internal_notes: Mapped[str | None] = mapped_column(Text)
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}", default=list)
    deleted_at: Mapped[datetime | None]
