"""Finding the rows of a publish in flight without reading whole tables: every merge of a sync asks for them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
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
    """Create the indexes."""
    for table in MERGED:
        op.create_index(
            f"ix_{table}_publishing", table, ["customer_id"], postgresql_where=sa.text("sync_status = 'publishing'")
        )


def downgrade() -> None:
    """Drop them."""
    for table in MERGED:
        op.drop_index(f"ix_{table}_publishing", table_name=table)
