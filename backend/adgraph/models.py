"""The entities: accounts, campaigns, budgets, ad groups, ads, assets, keywords.

Field names are those of Google's resources, ours stand beside them (`objective`, `status`, `internal_notes`, …). Money
is BIGINT micros of the account's currency, dates belong to the account's time zone, times are UTC. Who belongs to whom
stands in `edges`.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    func,
)
from sqlalchemy import (
    text as sql,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from backend.adgraph.columns import GOOGLE_STATUSES, LIVE_OR_LOCAL, SYNC_STATUSES, Entity, one_of
from backend.core.base import Base
from backend.core.ids import new_id

CAMPAIGN_STATUSES = ("DRAFT", "PUBLISHING", "PUBLISHED", "FAILED", "REMOVED")
CAMPAIGN_TYPES = ("SEARCH", "DEMAND_GEN", "DISPLAY", "PERFORMANCE_MAX")
OBJECTIVES = ("SALES", "LEADS", "WEBSITE_TRAFFIC")
KEYWORD_PARENTS = ("ad_group", "campaign", "shared_set")
MATCH_TYPES = ("EXACT", "PHRASE", "BROAD", "UNKNOWN")
FETCH_STATES = ("pending", "fetched", "failed")


class Tenant(Base):
    """An organisation: every owned row leads to one."""

    __tablename__ = "tenants"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Customer(Base):
    """A Google Ads account, client or manager, as one tenant sees it.

    `google_customer_id` is Google's ten digits; our `id` never leaves the database. `defaults` are the optional flat
    fields a person set for the account. `status` is Google's: ENABLED, CANCELED, SUSPENDED, CLOSED, UNKNOWN.
    """

    __tablename__ = "customers"
    __table_args__ = (
        UniqueConstraint("tenant_id", "google_customer_id"),
        UniqueConstraint("tenant_id", "slug"),
        CheckConstraint("google_customer_id BETWEEN 1000000000 AND 9999999999", name="ten_digits"),
        CheckConstraint("slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'", name="slug"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"))
    google_customer_id: Mapped[int] = mapped_column(BigInteger)
    slug: Mapped[str] = mapped_column(String(80))
    descriptive_name: Mapped[str] = mapped_column(Text, default="")
    currency_code: Mapped[str] = mapped_column(String(3), default="")
    time_zone: Mapped[str] = mapped_column(String(64), default="UTC")
    manager: Mapped[bool] = mapped_column(default=False)
    test_account: Mapped[bool] = mapped_column(default=False)
    hidden: Mapped[bool] = mapped_column(default=False)
    status: Mapped[str] = mapped_column(String(20), default="UNKNOWN")
    defaults: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=sql("'{}'"), default=dict)
    settings: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=sql("'{}'"), default=dict)
    version: Mapped[int] = mapped_column(BigInteger, server_default=sql("1"), default=1)
    last_synced_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())

    @property
    def google_id(self) -> str:
        """Google's ten digits as the API shows them."""
        return str(self.google_customer_id)


class CampaignBudget(Entity, Base):
    """A budget: `amount_micros` per day, or `total_amount_micros` for the campaign's whole period."""

    __tablename__ = "campaign_budgets"
    __table_args__ = (
        UniqueConstraint("customer_id", "google_id"),
        one_of("sync_status", SYNC_STATUSES),
        CheckConstraint(LIVE_OR_LOCAL, name="live_or_local"),
        CheckConstraint("amount_micros >= 0", name="amount_not_negative"),
    )

    name: Mapped[str | None] = mapped_column(Text)
    amount_micros: Mapped[int | None] = mapped_column(BigInteger)
    total_amount_micros: Mapped[int | None] = mapped_column(BigInteger)
    period: Mapped[str | None] = mapped_column(String(20))
    delivery_method: Mapped[str | None] = mapped_column(String(20))
    explicitly_shared: Mapped[bool] = mapped_column(default=False)
    google_status: Mapped[str | None] = mapped_column(String(20))


class BiddingStrategy(Entity, Base):
    """A bidding strategy that campaigns share; `bidding` is like a campaign's own. It only follows Google."""

    __tablename__ = "bidding_strategies"
    __table_args__ = (
        UniqueConstraint("customer_id", "google_id"),
        one_of("sync_status", SYNC_STATUSES),
        one_of("status", GOOGLE_STATUSES),
        CheckConstraint(LIVE_OR_LOCAL, name="live_or_local"),
    )

    name: Mapped[str] = mapped_column(Text)
    type: Mapped[str] = mapped_column(String(40))
    status: Mapped[str] = mapped_column(String(10), default="ENABLED")
    bidding: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=sql("'{}'"), default=dict)


class Campaign(Entity, Base):
    """A campaign, from the first draft to its removal.

    `status` is ours (DRAFT, PUBLISHING, PUBLISHED, FAILED, REMOVED), `google_status` Google's. `start_date` and
    `end_date` are days of the account's time zone. `bidding` and `targeting` hold the choices by Google's names.
    `marker` is the name of the label that is made in the same mutate, by which a campaign is recognised as ours.
    `problems` is what stood between a draft and its publishing when it was last written.
    """

    __tablename__ = "campaigns"
    __table_args__ = (
        UniqueConstraint("customer_id", "google_id"),
        ForeignKeyConstraint(["customer_id", "budget_id"], ["campaign_budgets.customer_id", "campaign_budgets.id"]),
        ForeignKeyConstraint(
            ["customer_id", "bidding_strategy_id"], ["bidding_strategies.customer_id", "bidding_strategies.id"]
        ),
        one_of("sync_status", SYNC_STATUSES),
        one_of("google_status", GOOGLE_STATUSES),
        one_of("status", CAMPAIGN_STATUSES),
        one_of("objective", OBJECTIVES),
        CheckConstraint(LIVE_OR_LOCAL, name="live_or_local"),
        CheckConstraint("status <> 'PUBLISHED' OR google_id IS NOT NULL", name="published_has_id"),
        Index("ix_campaigns_newest", "customer_id", sql("created_at DESC"), sql("id DESC")),
        Index("ix_campaigns_budget", "customer_id", "budget_id"),
    )

    name: Mapped[str] = mapped_column(Text)
    objective: Mapped[str | None] = mapped_column(String(20))
    campaign_type: Mapped[str] = mapped_column(String(40), default="DEMAND_GEN")
    status: Mapped[str] = mapped_column(String(12), default="DRAFT", server_default="DRAFT")
    google_status: Mapped[str | None] = mapped_column(String(10))
    serving_status: Mapped[str | None] = mapped_column(String(20))
    primary_status: Mapped[str | None] = mapped_column(String(30))
    publishable: Mapped[bool] = mapped_column(default=True, server_default=sql("true"))
    budget_id: Mapped[UUID | None]
    bidding_strategy_id: Mapped[UUID | None]
    start_date: Mapped[date | None]
    end_date: Mapped[date | None]
    bidding_strategy_type: Mapped[str | None] = mapped_column(String(40))
    bidding: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=sql("'{}'"), default=dict)
    targeting: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=sql("'{}'"), default=dict)
    contains_eu_political_advertising: Mapped[str | None] = mapped_column(String(60))
    tracking_url_template: Mapped[str | None] = mapped_column(Text)
    final_url_suffix: Mapped[str | None] = mapped_column(Text)
    flat: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=sql("'{}'"), default=dict)
    marker: Mapped[str | None] = mapped_column(Text)
    problems: Mapped[list[Any]] = mapped_column(JSONB, server_default=sql("'[]'"), default=list)


class AdGroup(Entity, Base):
    """An ad group; `status` is Google's. Of its bids only `cpc_bid_micros` is edited here, the others follow Google."""

    __tablename__ = "ad_groups"
    __table_args__ = (
        UniqueConstraint("customer_id", "google_id"),
        one_of("sync_status", SYNC_STATUSES),
        one_of("status", GOOGLE_STATUSES),
        CheckConstraint(LIVE_OR_LOCAL, name="live_or_local"),
    )

    name: Mapped[str | None] = mapped_column(Text)
    type: Mapped[str | None] = mapped_column(String(40))
    status: Mapped[str] = mapped_column(String(10), default="ENABLED")
    cpc_bid_micros: Mapped[int | None] = mapped_column(BigInteger)
    cpm_bid_micros: Mapped[int | None] = mapped_column(BigInteger)
    target_cpa_micros: Mapped[int | None] = mapped_column(BigInteger)
    target_roas: Mapped[float | None] = mapped_column(Double)


class Ad(Entity, Base):
    """An ad; its texts and images hang on it by `ad_asset` edges, its status is on the `adgroup_ad` edge.

    Texts of legacy ads, which are no assets, stand in `attributes`.
    """

    __tablename__ = "ads"
    __table_args__ = (
        UniqueConstraint("customer_id", "google_id"),
        one_of("sync_status", SYNC_STATUSES),
        CheckConstraint(LIVE_OR_LOCAL, name="live_or_local"),
    )

    name: Mapped[str | None] = mapped_column(Text)
    type: Mapped[str | None] = mapped_column(String(40))
    final_urls: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}", default=list)
    path1: Mapped[str | None] = mapped_column(Text)
    path2: Mapped[str | None] = mapped_column(Text)
    business_name: Mapped[str | None] = mapped_column(Text)
    tracking_url_template: Mapped[str | None] = mapped_column(Text)
    ad_strength: Mapped[str | None] = mapped_column(String(20))
    policy: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=sql("'{}'"), default=dict)


class AssetBlob(Base):
    """The bytes of an image, kept once per tenant and content (SHA-256)."""

    __tablename__ = "asset_blobs"

    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"), primary_key=True)
    sha256: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    data: Mapped[bytes] = mapped_column(LargeBinary)
    mime_type: Mapped[str] = mapped_column(String(40))
    width: Mapped[int] = mapped_column(BigInteger)
    height: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Asset(Entity, Base):
    """A text, image, video or link that ads use; it exists once per account and is linked many times.

    `content_key` identifies the content (SHA-256 of the type and the text, bytes or video id), so that the same content
    is one asset. `source_url` and `fetch_status` follow an image that a worker has yet to download.
    """

    __tablename__ = "assets"
    __table_args__ = (
        UniqueConstraint("customer_id", "google_id"),
        Index(
            "uq_assets_content",
            "customer_id",
            "content_key",
            unique=True,
            postgresql_where=sql("content_key IS NOT NULL AND google_id IS NULL AND deleted_at IS NULL"),
        ),
        one_of("sync_status", SYNC_STATUSES),
        one_of("fetch_status", FETCH_STATES),
        CheckConstraint(LIVE_OR_LOCAL, name="live_or_local"),
    )

    type: Mapped[str] = mapped_column(String(40))
    name: Mapped[str | None] = mapped_column(Text)
    text: Mapped[str | None] = mapped_column(Text)
    youtube_video_id: Mapped[str | None] = mapped_column(Text)
    content_key: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    blob_sha256: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    mime_type: Mapped[str | None] = mapped_column(String(40))
    width: Mapped[int | None] = mapped_column(BigInteger)
    height: Mapped[int | None] = mapped_column(BigInteger)
    source_url: Mapped[str | None] = mapped_column(Text)
    fetch_status: Mapped[str | None] = mapped_column(String(10))
    fetch_problem: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))


class Keyword(Entity, Base):
    """A keyword criterion, positive or negative, of an ad group, a campaign or a shared set.

    `google_id` is Google's criterion id, which is unique only within its parent.
    """

    __tablename__ = "keywords"
    __table_args__ = (
        UniqueConstraint("customer_id", "parent_kind", "parent_id", "google_id", name="uq_keywords_criterion"),
        Index("ix_keywords_parent", "customer_id", "parent_id"),
        one_of("sync_status", SYNC_STATUSES),
        one_of("parent_kind", KEYWORD_PARENTS),
        one_of("match_type", MATCH_TYPES),
        one_of("status", GOOGLE_STATUSES),
        CheckConstraint(LIVE_OR_LOCAL, name="live_or_local"),
    )

    parent_kind: Mapped[str] = mapped_column(String(12))
    parent_id: Mapped[UUID]
    text: Mapped[str] = mapped_column(Text)
    match_type: Mapped[str] = mapped_column(String(10))
    negative: Mapped[bool] = mapped_column(default=False)
    status: Mapped[str] = mapped_column(String(10), default="ENABLED")
    cpc_bid_micros: Mapped[int | None] = mapped_column(BigInteger)
    final_urls: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}", default=list)
    quality_score: Mapped[int | None] = mapped_column(BigInteger)
    policy: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=sql("'{}'"), default=dict)
