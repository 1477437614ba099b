"""Asset groups (Performance Max), shared lists of negatives, and the edges that tie them to campaigns and assets."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import CheckConstraint, Index, String, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from backend.adgraph.columns import GOOGLE_STATUSES, LIVE_OR_LOCAL, SYNC_STATUSES, Entity, one_of
from backend.adgraph.edges import Edge, Link, _joins, link_checks
from backend.core.base import Base


class AssetGroup(Entity, Base):
    """An asset group; its texts and images hang on it by `asset_group_asset` edges."""

    __tablename__ = "asset_groups"
    __table_args__ = (
        UniqueConstraint("customer_id", "google_id"),
        one_of("sync_status", SYNC_STATUSES),
        one_of("status", GOOGLE_STATUSES),
        CheckConstraint(LIVE_OR_LOCAL, name="live_or_local"),
    )

    name: Mapped[str | None] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String(10), default="ENABLED")
    final_urls: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}", default=list)
    path1: Mapped[str | None] = mapped_column(Text)
    path2: Mapped[str | None] = mapped_column(Text)
    ad_strength: Mapped[str | None] = mapped_column(String(20))


class SharedSet(Entity, Base):
    """A list of negative keywords that several campaigns use; its keywords have `parent_kind` shared_set."""

    __tablename__ = "shared_sets"
    __table_args__ = (
        UniqueConstraint("customer_id", "google_id"),
        one_of("sync_status", SYNC_STATUSES),
        one_of("status", GOOGLE_STATUSES),
        CheckConstraint(LIVE_OR_LOCAL, name="live_or_local"),
    )

    name: Mapped[str] = mapped_column(Text)
    type: Mapped[str] = mapped_column(String(40), default="NEGATIVE_KEYWORDS")
    status: Mapped[str] = mapped_column(String(10), default="ENABLED")


class CampaignAssetGroup(Edge, Base):
    """A campaign and its asset group; an asset group has one campaign."""

    __tablename__ = "campaign_asset_group"
    __table_args__ = (
        *_joins("campaign_id", "campaigns", "asset_group_id", "asset_groups"),
        UniqueConstraint("customer_id", "asset_group_id"),
    )

    campaign_id: Mapped[UUID] = mapped_column(primary_key=True)
    asset_group_id: Mapped[UUID] = mapped_column(primary_key=True)


class AssetGroupAsset(Edge, Link, Base):
    """An asset group and an asset in one of its slots."""

    __tablename__ = "asset_group_asset"
    __table_args__ = (
        *_joins("asset_group_id", "asset_groups", "asset_id", "assets"),
        Index("ix_asset_group_asset_reverse", "customer_id", "asset_id", "asset_group_id"),
        *link_checks(),
    )

    asset_group_id: Mapped[UUID] = mapped_column(primary_key=True)
    asset_id: Mapped[UUID] = mapped_column(primary_key=True)
    field_type: Mapped[str] = mapped_column(String(40), primary_key=True)
    performance_label: Mapped[str | None] = mapped_column(String(20))
    position: Mapped[int] = mapped_column(default=0)


class CampaignSharedSet(Edge, Link, Base):
    """A campaign and a shared list of negatives that it uses."""

    __tablename__ = "campaign_shared_set"
    __table_args__ = (
        *_joins("campaign_id", "campaigns", "shared_set_id", "shared_sets"),
        Index("ix_campaign_shared_set_reverse", "customer_id", "shared_set_id", "campaign_id"),
        *link_checks(),
    )

    campaign_id: Mapped[UUID] = mapped_column(primary_key=True)
    shared_set_id: Mapped[UUID] = mapped_column(primary_key=True)
