"""Finding conflicts without reading whole tables, and the quota ledger."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

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


def downgrade() -> None:
    """Drop them."""
    op.drop_table("quota_ledger")
    for table in MERGED:
        op.drop_index(f"ix_{table}_conflict", table_name=table)
