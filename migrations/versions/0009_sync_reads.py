"""Finding conflicts without reading whole tables, the quota ledger, and the reports that are kept."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

MERGED = (
    "campaigns",
    "campaign_budgets",
    "ad_groups",
    "ads",
    "adgroup_ad",
    "keywords",
    "assets",
    "asset_groups",
    "shared_sets",
)


def upgrade() -> None:
    """Create them."""
    for table in MERGED:
        op.create_index(
            f"ix_{table}_conflict", table, ["customer_id"], postgresql_where=sa.text("sync_status = 'conflict'")
        )
    op.create_table(
        "quota_ledger",
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("google_customer_id", sa.BigInteger(), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("operations", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("project", "google_customer_id", "hour", name=op.f("pk_quota_ledger")),
        sa.CheckConstraint("operations >= 0", name=op.f("ck_quota_ledger_operations")),
    )
    op.create_index("ix_quota_ledger_hour", "quota_ledger", ["project", "hour"])
    op.create_table(
        "reports",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=True),
        sa.Column("scope", sa.String(length=40), nullable=False),
        sa.Column("period_start", sa.Date(), nullable=False),
        sa.Column("period_end", sa.Date(), nullable=False),
        sa.Column("totals", postgresql.JSONB(), nullable=False),
        sa.Column("markdown", sa.Text(), nullable=False),
        sa.Column("csv", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("created_by_name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "id", name=op.f("pk_reports")),
        sa.UniqueConstraint("job_id", name=op.f("uq_reports_job_id")),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_reports_customer_id_customers"), ondelete="CASCADE"
        ),
    )
    op.create_index(
        "ix_reports_newest", "reports", ["customer_id", sa.text("created_at DESC"), sa.text("id DESC")], unique=False
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("reports")
    op.drop_table("quota_ledger")
    for table in MERGED:
        op.drop_index(f"ix_{table}_conflict", table_name=table)
