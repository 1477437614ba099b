"""Finding the links that are in conflict without reading whole edge tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

LINKS = ("campaign_asset", "ad_group_asset", "asset_group_asset", "campaign_shared_set")


def upgrade() -> None:
    """Create the indexes."""
    for table in LINKS:
        op.create_index(
            f"ix_{table}_conflict", table, ["customer_id"], postgresql_where=sa.text("sync_status = 'conflict'")
        )


def downgrade() -> None:
    """Drop them."""
    for table in LINKS:
        op.drop_index(f"ix_{table}_conflict", table_name=table)
