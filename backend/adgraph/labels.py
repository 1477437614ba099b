"""Google's labels and what carries them. They only follow Google."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import CheckConstraint, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.adgraph.columns import GOOGLE_STATUSES, LIVE_OR_LOCAL, SYNC_STATUSES, Entity, one_of
from backend.adgraph.edges import Edge, _joins
from backend.core.base import Base


class Label(Entity, Base):
    """A label of Google's; ours is `internal_label` on each entity, and has nothing to do with it."""

    __tablename__ = "labels"
    __table_args__ = (
        UniqueConstraint("customer_id", "google_id"),
        one_of("sync_status", SYNC_STATUSES),
        one_of("status", GOOGLE_STATUSES),
        CheckConstraint(LIVE_OR_LOCAL, name="live_or_local"),
    )

    name: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String(10), default="ENABLED")
    background_color: Mapped[str | None] = mapped_column(String(20))
    description: Mapped[str | None] = mapped_column(Text)


class CampaignLabel(Edge, Base):
    """A campaign and a label it carries."""

    __tablename__ = "campaign_label"
    __table_args__ = (
        *_joins("campaign_id", "campaigns", "label_id", "labels"),
        Index("ix_campaign_label_reverse", "customer_id", "label_id", "campaign_id"),
        one_of("status", GOOGLE_STATUSES),
    )

    campaign_id: Mapped[UUID] = mapped_column(primary_key=True)
    label_id: Mapped[UUID] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(String(10), default="ENABLED")


class AdGroupLabel(Edge, Base):
    """An ad group and a label it carries."""

    __tablename__ = "ad_group_label"
    __table_args__ = (
        *_joins("ad_group_id", "ad_groups", "label_id", "labels"),
        Index("ix_ad_group_label_reverse", "customer_id", "label_id", "ad_group_id"),
        one_of("status", GOOGLE_STATUSES),
    )

    ad_group_id: Mapped[UUID] = mapped_column(primary_key=True)
    label_id: Mapped[UUID] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(String(10), default="ENABLED")


class AdLabel(Edge, Base):
    """An ad and a label it carries."""

    __tablename__ = "ad_label"
    __table_args__ = (
        *_joins("ad_id", "ads", "label_id", "labels"),
        Index("ix_ad_label_reverse", "customer_id", "label_id", "ad_id"),
        one_of("status", GOOGLE_STATUSES),
    )

    ad_id: Mapped[UUID] = mapped_column(primary_key=True)
    label_id: Mapped[UUID] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(String(10), default="ENABLED")


class KeywordLabel(Edge, Base):
    """A keyword of an ad group and a label it carries."""

    __tablename__ = "keyword_label"
    __table_args__ = (
        *_joins("keyword_id", "keywords", "label_id", "labels"),
        Index("ix_keyword_label_reverse", "customer_id", "label_id", "keyword_id"),
        one_of("status", GOOGLE_STATUSES),
    )

    keyword_id: Mapped[UUID] = mapped_column(primary_key=True)
    label_id: Mapped[UUID] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(String(10), default="ENABLED")
