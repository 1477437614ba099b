"""Lists of campaigns show the texts of asset groups too, so their changes count like those of ad groups (0019)."""

from __future__ import annotations

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

SHOWN = ("campaign_asset_group", "asset_groups", "asset_group_asset")


def upgrade() -> None:
    """Make the triggers that count."""
    for table in SHOWN:
        op.execute(
            f"CREATE TRIGGER count_list_change AFTER INSERT OR UPDATE OR DELETE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION count_list_change()"
        )


def downgrade() -> None:
    """Stop counting."""
    for table in SHOWN:
        op.execute(f"DROP TRIGGER count_list_change ON {table}")
