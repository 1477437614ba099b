"""The adjacency tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "ad_asset",
        sa.Column("ad_id", sa.Uuid(), nullable=False),
        sa.Column("asset_id", sa.Uuid(), nullable=False),
        sa.Column("field_type", sa.String(length=40), nullable=False),
        sa.Column("pinned_field", sa.String(length=40), nullable=True),
        sa.Column("performance_label", sa.String(length=20), nullable=True),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column(
            "properties", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id", "ad_id"],
            ["ads.customer_id", "ads.id"],
            name=op.f("fk_ad_asset_customer_id_ad_id_ads"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["customer_id", "asset_id"],
            ["assets.customer_id", "assets.id"],
            name=op.f("fk_ad_asset_customer_id_asset_id_assets"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_ad_asset_customer_id_customers"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("ad_id", "asset_id", "field_type", "customer_id", name=op.f("pk_ad_asset")),
    )
    op.create_index("ix_ad_asset_reverse", "ad_asset", ["customer_id", "asset_id", "ad_id"], unique=False)
    op.create_table(
        "ad_group_asset",
        sa.Column("ad_group_id", sa.Uuid(), nullable=False),
        sa.Column("asset_id", sa.Uuid(), nullable=False),
        sa.Column("field_type", sa.String(length=40), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column(
            "properties", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "status IN ('ENABLED', 'PAUSED', 'REMOVED', 'UNKNOWN')", name=op.f("ck_ad_group_asset_status")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id", "ad_group_id"],
            ["ad_groups.customer_id", "ad_groups.id"],
            name=op.f("fk_ad_group_asset_customer_id_ad_group_id_ad_groups"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["customer_id", "asset_id"],
            ["assets.customer_id", "assets.id"],
            name=op.f("fk_ad_group_asset_customer_id_asset_id_assets"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_ad_group_asset_customer_id_customers"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("ad_group_id", "asset_id", "field_type", "customer_id", name=op.f("pk_ad_group_asset")),
    )
    op.create_index(
        "ix_ad_group_asset_reverse", "ad_group_asset", ["customer_id", "asset_id", "ad_group_id"], unique=False
    )
    op.create_table(
        "adgroup_ad",
        sa.Column("ad_group_id", sa.Uuid(), nullable=False),
        sa.Column("ad_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("resource_name", sa.Text(), nullable=True),
        sa.Column(
            "properties", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
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
        sa.CheckConstraint("status IN ('ENABLED', 'PAUSED', 'REMOVED', 'UNKNOWN')", name=op.f("ck_adgroup_ad_status")),
        sa.CheckConstraint(
            "sync_status IN ('draft', 'publishing', 'synced', 'dirty', 'conflict', 'sync_error')",
            name=op.f("ck_adgroup_ad_sync_status"),
        ),
        sa.ForeignKeyConstraint(
            ["customer_id", "ad_group_id"],
            ["ad_groups.customer_id", "ad_groups.id"],
            name=op.f("fk_adgroup_ad_customer_id_ad_group_id_ad_groups"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["customer_id", "ad_id"],
            ["ads.customer_id", "ads.id"],
            name=op.f("fk_adgroup_ad_customer_id_ad_id_ads"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_adgroup_ad_customer_id_customers"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("ad_group_id", "ad_id", "customer_id", name=op.f("pk_adgroup_ad")),
        sa.UniqueConstraint("customer_id", "ad_id", name=op.f("uq_adgroup_ad_customer_id_ad_id")),
    )
    op.create_table(
        "adgroup_keyword",
        sa.Column("ad_group_id", sa.Uuid(), nullable=False),
        sa.Column("keyword_id", sa.Uuid(), nullable=False),
        sa.Column(
            "properties", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
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
            "sync_status IN ('draft', 'publishing', 'synced', 'dirty', 'conflict', 'sync_error')",
            name=op.f("ck_adgroup_keyword_sync_status"),
        ),
        sa.ForeignKeyConstraint(
            ["customer_id", "ad_group_id"],
            ["ad_groups.customer_id", "ad_groups.id"],
            name=op.f("fk_adgroup_keyword_customer_id_ad_group_id_ad_groups"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["customer_id", "keyword_id"],
            ["keywords.customer_id", "keywords.id"],
            name=op.f("fk_adgroup_keyword_customer_id_keyword_id_keywords"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_adgroup_keyword_customer_id_customers"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("ad_group_id", "keyword_id", "customer_id", name=op.f("pk_adgroup_keyword")),
        sa.UniqueConstraint("customer_id", "keyword_id", name=op.f("uq_adgroup_keyword_customer_id_keyword_id")),
    )
    op.create_table(
        "customer_asset",
        sa.Column("asset_id", sa.Uuid(), nullable=False),
        sa.Column("field_type", sa.String(length=40), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column(
            "properties", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "status IN ('ENABLED', 'PAUSED', 'REMOVED', 'UNKNOWN')", name=op.f("ck_customer_asset_status")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id", "asset_id"],
            ["assets.customer_id", "assets.id"],
            name=op.f("fk_customer_asset_customer_id_asset_id_assets"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_customer_asset_customer_id_customers"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("asset_id", "field_type", "customer_id", name=op.f("pk_customer_asset")),
    )
    op.create_table(
        "account_campaign",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column(
            "properties", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id", "campaign_id"],
            ["campaigns.customer_id", "campaigns.id"],
            name=op.f("fk_account_campaign_customer_id_campaign_id_campaigns"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.id"],
            name=op.f("fk_account_campaign_customer_id_customers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("campaign_id", "customer_id", name=op.f("pk_account_campaign")),
    )
    op.create_table(
        "campaign_adgroup",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("ad_group_id", sa.Uuid(), nullable=False),
        sa.Column(
            "properties", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id", "ad_group_id"],
            ["ad_groups.customer_id", "ad_groups.id"],
            name=op.f("fk_campaign_adgroup_customer_id_ad_group_id_ad_groups"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["customer_id", "campaign_id"],
            ["campaigns.customer_id", "campaigns.id"],
            name=op.f("fk_campaign_adgroup_customer_id_campaign_id_campaigns"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.id"],
            name=op.f("fk_campaign_adgroup_customer_id_customers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("campaign_id", "ad_group_id", "customer_id", name=op.f("pk_campaign_adgroup")),
        sa.UniqueConstraint("customer_id", "ad_group_id", name=op.f("uq_campaign_adgroup_customer_id_ad_group_id")),
    )
    op.create_table(
        "campaign_asset",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("asset_id", sa.Uuid(), nullable=False),
        sa.Column("field_type", sa.String(length=40), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column(
            "properties", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "status IN ('ENABLED', 'PAUSED', 'REMOVED', 'UNKNOWN')", name=op.f("ck_campaign_asset_status")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id", "asset_id"],
            ["assets.customer_id", "assets.id"],
            name=op.f("fk_campaign_asset_customer_id_asset_id_assets"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["customer_id", "campaign_id"],
            ["campaigns.customer_id", "campaigns.id"],
            name=op.f("fk_campaign_asset_customer_id_campaign_id_campaigns"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_campaign_asset_customer_id_customers"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("campaign_id", "asset_id", "field_type", "customer_id", name=op.f("pk_campaign_asset")),
    )
    op.create_index(
        "ix_campaign_asset_reverse", "campaign_asset", ["customer_id", "asset_id", "campaign_id"], unique=False
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("campaign_asset")
    op.drop_table("campaign_adgroup")
    op.drop_table("account_campaign")
    op.drop_table("customer_asset")
    op.drop_table("adgroup_keyword")
    op.drop_table("adgroup_ad")
    op.drop_table("ad_group_asset")
    op.drop_table("ad_asset")
