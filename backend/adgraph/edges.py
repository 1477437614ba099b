"""The adjacency tables: who belongs to whom, with the properties of the belonging in JSONB.

Each is keyed by the customer, the parent and the child, and indexed the other way round too. An edge that a person can
change (an ad's status, a keyword's bid) carries the synchronisation columns of an entity.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, String, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from backend.adgraph.columns import GOOGLE_STATUSES, SYNC_STATUSES, SyncState, one_of
from backend.core.base import Base
from backend.core.ids import new_id

NO_FIELD = "UNSPECIFIED"


class Edge:
    """The customer an edge belongs to, and its properties."""

    @declared_attr
    def customer_id(cls) -> Mapped[UUID]:  # noqa: N805 (SQLAlchemy passes the class)
        """Our id of the account."""
        return mapped_column(ForeignKey("customers.id", ondelete="CASCADE"), primary_key=True)

    properties: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"), default=dict)


def _joins(parent: str, parent_table: str, child: str, child_table: str) -> tuple[ForeignKeyConstraint, ...]:
    return tuple(
        ForeignKeyConstraint(["customer_id", column], [f"{table}.customer_id", f"{table}.id"], ondelete="CASCADE")
        for column, table in ((parent, parent_table), (child, child_table))
    )


class CustomerLink(Base):
    """A manager account and an account below it, as one tenant sees the tree."""

    __tablename__ = "customer_links"
    __table_args__ = (Index("ix_customer_links_client", "client_id", "manager_id"),)

    manager_id: Mapped[UUID] = mapped_column(ForeignKey("customers.id", ondelete="CASCADE"), primary_key=True)
    client_id: Mapped[UUID] = mapped_column(ForeignKey("customers.id", ondelete="CASCADE"), primary_key=True)
    properties: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"), default=dict)


class AccountCampaign(Edge, Base):
    """An account and its campaign."""

    __tablename__ = "account_campaign"
    __table_args__ = (
        ForeignKeyConstraint(
            ["customer_id", "campaign_id"], ["campaigns.customer_id", "campaigns.id"], ondelete="CASCADE"
        ),
    )

    campaign_id: Mapped[UUID] = mapped_column(primary_key=True)


class CampaignAdGroup(Edge, Base):
    """A campaign and its ad group; an ad group has one campaign."""

    __tablename__ = "campaign_adgroup"
    __table_args__ = (
        *_joins("campaign_id", "campaigns", "ad_group_id", "ad_groups"),
        UniqueConstraint("customer_id", "ad_group_id"),
    )

    campaign_id: Mapped[UUID] = mapped_column(primary_key=True)
    ad_group_id: Mapped[UUID] = mapped_column(primary_key=True)


class AdGroupAd(Edge, SyncState, Base):
    """An ad group and its ad; the ad's `status` and Google's review of it stand here."""

    __tablename__ = "adgroup_ad"
    __table_args__ = (
        *_joins("ad_group_id", "ad_groups", "ad_id", "ads"),
        UniqueConstraint("customer_id", "ad_id"),
        one_of("status", GOOGLE_STATUSES),
        one_of("sync_status", SYNC_STATUSES),
    )

    ad_group_id: Mapped[UUID] = mapped_column(primary_key=True)
    ad_id: Mapped[UUID] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(String(10), default="ENABLED")
    resource_name: Mapped[str | None] = mapped_column(Text)


class AdGroupKeyword(Edge, SyncState, Base):
    """An ad group and its keyword; status and bid are the keyword's own columns, `properties` the rest."""

    __tablename__ = "adgroup_keyword"
    __table_args__ = (
        *_joins("ad_group_id", "ad_groups", "keyword_id", "keywords"),
        UniqueConstraint("customer_id", "keyword_id"),
        one_of("sync_status", SYNC_STATUSES),
    )

    ad_group_id: Mapped[UUID] = mapped_column(primary_key=True)
    keyword_id: Mapped[UUID] = mapped_column(primary_key=True)


class AdAsset(Edge, Base):
    """An ad and an asset in one of its slots; `position` keeps the order people gave."""

    __tablename__ = "ad_asset"
    __table_args__ = (
        *_joins("ad_id", "ads", "asset_id", "assets"),
        Index("ix_ad_asset_reverse", "customer_id", "asset_id", "ad_id"),
    )

    ad_id: Mapped[UUID] = mapped_column(primary_key=True)
    asset_id: Mapped[UUID] = mapped_column(primary_key=True)
    field_type: Mapped[str] = mapped_column(String(40), primary_key=True)
    pinned_field: Mapped[str | None] = mapped_column(String(40))
    performance_label: Mapped[str | None] = mapped_column(String(20))
    position: Mapped[int] = mapped_column(default=0)


class Link(SyncState):
    """What a link has that Google knows as a resource of its own: an id of ours, its status and how it stands there.

    Without a `resource_name` it is a draft, which the next publish or push makes.
    """

    id: Mapped[UUID] = mapped_column(server_default=text("gen_random_uuid()"), default=new_id)
    status: Mapped[str] = mapped_column(String(10), default="ENABLED")
    resource_name: Mapped[str | None] = mapped_column(Text)


def link_checks() -> tuple[UniqueConstraint | CheckConstraint, ...]:
    """What holds for every link."""
    return (
        UniqueConstraint("customer_id", "id"),
        one_of("status", GOOGLE_STATUSES),
        one_of("sync_status", SYNC_STATUSES),
    )


class CampaignAsset(Edge, Link, Base):
    """A campaign and an asset linked to it (sitelink, callout, logo, …)."""

    __tablename__ = "campaign_asset"
    __table_args__ = (
        *_joins("campaign_id", "campaigns", "asset_id", "assets"),
        Index("ix_campaign_asset_reverse", "customer_id", "asset_id", "campaign_id"),
        *link_checks(),
    )

    campaign_id: Mapped[UUID] = mapped_column(primary_key=True)
    asset_id: Mapped[UUID] = mapped_column(primary_key=True)
    field_type: Mapped[str] = mapped_column(String(40), primary_key=True)


class AdGroupAsset(Edge, Link, Base):
    """An ad group and an asset linked to it."""

    __tablename__ = "ad_group_asset"
    __table_args__ = (
        *_joins("ad_group_id", "ad_groups", "asset_id", "assets"),
        Index("ix_ad_group_asset_reverse", "customer_id", "asset_id", "ad_group_id"),
        *link_checks(),
    )

    ad_group_id: Mapped[UUID] = mapped_column(primary_key=True)
    asset_id: Mapped[UUID] = mapped_column(primary_key=True)
    field_type: Mapped[str] = mapped_column(String(40), primary_key=True)


class CustomerAsset(Edge, Base):
    """An account and an asset that is linked to all of it."""

    __tablename__ = "customer_asset"
    __table_args__ = (
        ForeignKeyConstraint(["customer_id", "asset_id"], ["assets.customer_id", "assets.id"], ondelete="CASCADE"),
        one_of("status", GOOGLE_STATUSES),
    )

    asset_id: Mapped[UUID] = mapped_column(primary_key=True)
    field_type: Mapped[str] = mapped_column(String(40), primary_key=True)
    status: Mapped[str] = mapped_column(String(10), default="ENABLED")
