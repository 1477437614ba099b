"""Campaigns, budgets, ad groups, ads, assets, keywords."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "asset_blobs",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("mime_type", sa.String(length=40), nullable=False),
        sa.Column("width", sa.BigInteger(), nullable=False),
        sa.Column("height", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_asset_blobs_tenant_id_tenants"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "sha256", name=op.f("pk_asset_blobs")),
    )
    op.create_table(
        "ad_groups",
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("type", sa.String(length=40), nullable=True),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("cpc_bid_micros", sa.BigInteger(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("google_id", sa.BigInteger(), nullable=True),
        sa.Column("resource_name", sa.Text(), nullable=True),
        sa.Column(
            "attributes", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("internal_label", sa.Text(), nullable=True),
        sa.Column("internal_notes", sa.Text(), nullable=True),
        sa.Column("tags", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("sync_status", sa.String(length=12), server_default="draft", nullable=False),
        sa.Column("dirty_fields", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("base", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("remote", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("sync_error", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("first_synced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_synced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "google_id IS NOT NULL OR sync_status IN ('draft', 'publishing', 'sync_error')",
            name=op.f("ck_ad_groups_live_or_local"),
        ),
        sa.CheckConstraint("status IN ('ENABLED', 'PAUSED', 'REMOVED', 'UNKNOWN')", name=op.f("ck_ad_groups_status")),
        sa.CheckConstraint(
            "sync_status IN ('draft', 'publishing', 'synced', 'dirty', 'conflict', 'sync_error')",
            name=op.f("ck_ad_groups_sync_status"),
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_ad_groups_customer_id_customers"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", "customer_id", name=op.f("pk_ad_groups")),
        sa.UniqueConstraint("customer_id", "google_id", name=op.f("uq_ad_groups_customer_id_google_id")),
    )
    op.create_table(
        "ads",
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("type", sa.String(length=40), nullable=True),
        sa.Column("final_urls", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("path1", sa.Text(), nullable=True),
        sa.Column("path2", sa.Text(), nullable=True),
        sa.Column("business_name", sa.Text(), nullable=True),
        sa.Column("tracking_url_template", sa.Text(), nullable=True),
        sa.Column("ad_strength", sa.String(length=20), nullable=True),
        sa.Column("policy", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("google_id", sa.BigInteger(), nullable=True),
        sa.Column("resource_name", sa.Text(), nullable=True),
        sa.Column(
            "attributes", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("internal_label", sa.Text(), nullable=True),
        sa.Column("internal_notes", sa.Text(), nullable=True),
        sa.Column("tags", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("sync_status", sa.String(length=12), server_default="draft", nullable=False),
        sa.Column("dirty_fields", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("base", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("remote", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("sync_error", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("first_synced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_synced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "google_id IS NOT NULL OR sync_status IN ('draft', 'publishing', 'sync_error')",
            name=op.f("ck_ads_live_or_local"),
        ),
        sa.CheckConstraint(
            "sync_status IN ('draft', 'publishing', 'synced', 'dirty', 'conflict', 'sync_error')",
            name=op.f("ck_ads_sync_status"),
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_ads_customer_id_customers"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", "customer_id", name=op.f("pk_ads")),
        sa.UniqueConstraint("customer_id", "google_id", name=op.f("uq_ads_customer_id_google_id")),
    )
    op.create_table(
        "assets",
        sa.Column("type", sa.String(length=40), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("youtube_video_id", sa.Text(), nullable=True),
        sa.Column("content_key", sa.LargeBinary(length=32), nullable=True),
        sa.Column("blob_sha256", sa.LargeBinary(length=32), nullable=True),
        sa.Column("mime_type", sa.String(length=40), nullable=True),
        sa.Column("width", sa.BigInteger(), nullable=True),
        sa.Column("height", sa.BigInteger(), nullable=True),
        sa.Column("source_url", sa.Text(), nullable=True),
        sa.Column("fetch_status", sa.String(length=10), nullable=True),
        sa.Column("fetch_problem", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("google_id", sa.BigInteger(), nullable=True),
        sa.Column("resource_name", sa.Text(), nullable=True),
        sa.Column(
            "attributes", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("internal_label", sa.Text(), nullable=True),
        sa.Column("internal_notes", sa.Text(), nullable=True),
        sa.Column("tags", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("sync_status", sa.String(length=12), server_default="draft", nullable=False),
        sa.Column("dirty_fields", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("base", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("remote", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("sync_error", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("first_synced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_synced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("fetch_status IN ('pending', 'fetched', 'failed')", name=op.f("ck_assets_fetch_status")),
        sa.CheckConstraint(
            "google_id IS NOT NULL OR sync_status IN ('draft', 'publishing', 'sync_error')",
            name=op.f("ck_assets_live_or_local"),
        ),
        sa.CheckConstraint(
            "sync_status IN ('draft', 'publishing', 'synced', 'dirty', 'conflict', 'sync_error')",
            name=op.f("ck_assets_sync_status"),
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_assets_customer_id_customers"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", "customer_id", name=op.f("pk_assets")),
        sa.UniqueConstraint("customer_id", "google_id", name=op.f("uq_assets_customer_id_google_id")),
    )
    op.create_index(
        "uq_assets_content",
        "assets",
        ["customer_id", "content_key"],
        unique=True,
        postgresql_where=sa.text("content_key IS NOT NULL AND google_id IS NULL AND deleted_at IS NULL"),
    )
    op.create_table(
        "campaign_budgets",
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("amount_micros", sa.BigInteger(), nullable=True),
        sa.Column("total_amount_micros", sa.BigInteger(), nullable=True),
        sa.Column("period", sa.String(length=20), nullable=True),
        sa.Column("delivery_method", sa.String(length=20), nullable=True),
        sa.Column("explicitly_shared", sa.Boolean(), nullable=False),
        sa.Column("google_status", sa.String(length=20), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("google_id", sa.BigInteger(), nullable=True),
        sa.Column("resource_name", sa.Text(), nullable=True),
        sa.Column(
            "attributes", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("internal_label", sa.Text(), nullable=True),
        sa.Column("internal_notes", sa.Text(), nullable=True),
        sa.Column("tags", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("sync_status", sa.String(length=12), server_default="draft", nullable=False),
        sa.Column("dirty_fields", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("base", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("remote", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("sync_error", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("first_synced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_synced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "google_id IS NOT NULL OR sync_status IN ('draft', 'publishing', 'sync_error')",
            name=op.f("ck_campaign_budgets_live_or_local"),
        ),
        sa.CheckConstraint(
            "sync_status IN ('draft', 'publishing', 'synced', 'dirty', 'conflict', 'sync_error')",
            name=op.f("ck_campaign_budgets_sync_status"),
        ),
        sa.CheckConstraint("amount_micros >= 0", name=op.f("ck_campaign_budgets_amount_not_negative")),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.id"],
            name=op.f("fk_campaign_budgets_customer_id_customers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", "customer_id", name=op.f("pk_campaign_budgets")),
        sa.UniqueConstraint("customer_id", "google_id", name=op.f("uq_campaign_budgets_customer_id_google_id")),
    )
    op.create_table(
        "keywords",
        sa.Column("parent_kind", sa.String(length=12), nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("match_type", sa.String(length=10), nullable=False),
        sa.Column("negative", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("cpc_bid_micros", sa.BigInteger(), nullable=True),
        sa.Column("final_urls", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("quality_score", sa.BigInteger(), nullable=True),
        sa.Column("policy", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("google_id", sa.BigInteger(), nullable=True),
        sa.Column("resource_name", sa.Text(), nullable=True),
        sa.Column(
            "attributes", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("internal_label", sa.Text(), nullable=True),
        sa.Column("internal_notes", sa.Text(), nullable=True),
        sa.Column("tags", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("sync_status", sa.String(length=12), server_default="draft", nullable=False),
        sa.Column("dirty_fields", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("base", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("remote", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("sync_error", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("first_synced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_synced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "google_id IS NOT NULL OR sync_status IN ('draft', 'publishing', 'sync_error')",
            name=op.f("ck_keywords_live_or_local"),
        ),
        sa.CheckConstraint(
            "match_type IN ('EXACT', 'PHRASE', 'BROAD', 'UNKNOWN')", name=op.f("ck_keywords_match_type")
        ),
        sa.CheckConstraint(
            "parent_kind IN ('ad_group', 'campaign', 'shared_set')", name=op.f("ck_keywords_parent_kind")
        ),
        sa.CheckConstraint("status IN ('ENABLED', 'PAUSED', 'REMOVED', 'UNKNOWN')", name=op.f("ck_keywords_status")),
        sa.CheckConstraint(
            "sync_status IN ('draft', 'publishing', 'synced', 'dirty', 'conflict', 'sync_error')",
            name=op.f("ck_keywords_sync_status"),
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_keywords_customer_id_customers"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", "customer_id", name=op.f("pk_keywords")),
        sa.UniqueConstraint("customer_id", "parent_kind", "parent_id", "google_id", name="uq_keywords_criterion"),
    )
    op.create_index("ix_keywords_parent", "keywords", ["customer_id", "parent_id"], unique=False)
    op.create_table(
        "campaigns",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("objective", sa.String(length=20), nullable=True),
        sa.Column("campaign_type", sa.String(length=40), nullable=False),
        sa.Column("status", sa.String(length=12), server_default="DRAFT", nullable=False),
        sa.Column("google_status", sa.String(length=10), nullable=True),
        sa.Column("serving_status", sa.String(length=20), nullable=True),
        sa.Column("primary_status", sa.String(length=30), nullable=True),
        sa.Column("publishable", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("budget_id", sa.Uuid(), nullable=True),
        sa.Column("start_date", sa.Date(), nullable=True),
        sa.Column("end_date", sa.Date(), nullable=True),
        sa.Column("bidding_strategy_type", sa.String(length=40), nullable=True),
        sa.Column("bidding", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("targeting", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("contains_eu_political_advertising", sa.String(length=60), nullable=True),
        sa.Column("tracking_url_template", sa.Text(), nullable=True),
        sa.Column("final_url_suffix", sa.Text(), nullable=True),
        sa.Column("flat", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("marker", sa.Text(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("google_id", sa.BigInteger(), nullable=True),
        sa.Column("resource_name", sa.Text(), nullable=True),
        sa.Column(
            "attributes", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("internal_label", sa.Text(), nullable=True),
        sa.Column("internal_notes", sa.Text(), nullable=True),
        sa.Column("tags", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("sync_status", sa.String(length=12), server_default="draft", nullable=False),
        sa.Column("dirty_fields", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("base", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("remote", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("sync_error", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("first_synced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_synced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "google_id IS NOT NULL OR sync_status IN ('draft', 'publishing', 'sync_error')",
            name=op.f("ck_campaigns_live_or_local"),
        ),
        sa.CheckConstraint(
            "google_status IN ('ENABLED', 'PAUSED', 'REMOVED', 'UNKNOWN')", name=op.f("ck_campaigns_google_status")
        ),
        sa.CheckConstraint("objective IN ('SALES', 'LEADS', 'WEBSITE_TRAFFIC')", name=op.f("ck_campaigns_objective")),
        sa.CheckConstraint(
            "status <> 'PUBLISHED' OR google_id IS NOT NULL", name=op.f("ck_campaigns_published_has_id")
        ),
        sa.CheckConstraint(
            "status IN ('DRAFT', 'PUBLISHING', 'PUBLISHED', 'FAILED', 'REMOVED')", name=op.f("ck_campaigns_status")
        ),
        sa.CheckConstraint(
            "sync_status IN ('draft', 'publishing', 'synced', 'dirty', 'conflict', 'sync_error')",
            name=op.f("ck_campaigns_sync_status"),
        ),
        sa.ForeignKeyConstraint(
            ["customer_id", "budget_id"],
            ["campaign_budgets.customer_id", "campaign_budgets.id"],
            name=op.f("fk_campaigns_customer_id_budget_id_campaign_budgets"),
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_campaigns_customer_id_customers"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", "customer_id", name=op.f("pk_campaigns")),
        sa.UniqueConstraint("customer_id", "google_id", name=op.f("uq_campaigns_customer_id_google_id")),
    )
    op.create_index("ix_campaigns_budget", "campaigns", ["customer_id", "budget_id"], unique=False)
    op.create_index(
        "ix_campaigns_newest",
        "campaigns",
        ["customer_id", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("campaigns")
    op.drop_table("keywords")
    op.drop_table("campaign_budgets")
    op.drop_table("assets")
    op.drop_table("ads")
    op.drop_table("ad_groups")
    op.drop_table("asset_blobs")
