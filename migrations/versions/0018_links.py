"""Links between a campaign, ad group or asset group and what it uses know how they stand to Google, like any row.

Each gets an id of its own, by which it is named in requests, and the columns of the three-way merge. What hangs on a
published parent and is known to Google is taken to be live; a sync puts right what is not.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

SYNC = "sync_status IN ('draft', 'publishing', 'synced', 'dirty', 'conflict', 'sync_error')"
TENANT = "(SELECT current_setting('app.tenant', true))"
OWN_ACCOUNT = f"{TENANT} = '*' OR customer_id = ANY ((SELECT announced_customers())::uuid[])"
UNBOUND = ("campaign_asset_group", "asset_group_asset", "campaign_shared_set")
LINKS = {
    "campaign_asset": ("campaigns", "campaign_id", "assets", "asset_id", "campaignAssets"),
    "ad_group_asset": ("ad_groups", "ad_group_id", "assets", "asset_id", "adGroupAssets"),
    "asset_group_asset": ("asset_groups", "asset_group_id", "assets", "asset_id", "assetGroupAssets"),
    "campaign_shared_set": ("campaigns", "campaign_id", "shared_sets", "shared_set_id", "campaignSharedSets"),
}
REPORTING = """
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'cw_reporting') THEN
        CREATE POLICY reporting ON {table} FOR SELECT TO cw_reporting USING (true);
    END IF;
END $$
"""


def _live(table: str) -> str:
    parents, parent_id, children, child_id, collection = LINKS[table]
    field_type = "" if table == "campaign_shared_set" else " || '~' || t.field_type"
    return (
        f"UPDATE {table} t SET sync_status = 'synced', first_synced_at = now(), last_synced_at = now(),"
        f" resource_name = 'customers/' || k.google_customer_id || '/{collection}/' || p.google_id"
        f" || '~' || x.google_id{field_type} FROM customers k, {parents} p, {children} x"
        f" WHERE k.id = t.customer_id AND p.customer_id = t.customer_id AND p.id = t.{parent_id}"
        f" AND x.customer_id = t.customer_id AND x.id = t.{child_id}"
        " AND p.google_id IS NOT NULL AND x.google_id IS NOT NULL"
    )


def _time(name: str, *, now: bool = False) -> sa.Column[datetime]:
    default = sa.text("now()") if now else None
    return sa.Column(name, sa.DateTime(timezone=True), server_default=default, nullable=not now)


def upgrade() -> None:
    """Add the columns, fill them, and bind the edges that row-level security had left out."""
    for table in LINKS:
        op.add_column(table, sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False))
        if table != "campaign_shared_set":
            op.add_column(table, sa.Column("resource_name", sa.Text(), nullable=True))
        op.add_column(table, sa.Column("sync_status", sa.String(12), server_default="draft", nullable=False))
        op.add_column(
            table, sa.Column("dirty_fields", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False)
        )
        for name in ("base", "remote"):
            op.add_column(table, sa.Column(name, postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False))
        op.add_column(table, sa.Column("sync_error", postgresql.JSONB(none_as_null=True), nullable=True))
        for name in ("first_synced_at", "last_synced_at"):
            op.add_column(table, _time(name))
        op.add_column(table, sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False))
        for name in ("created_at", "updated_at"):
            op.add_column(table, _time(name, now=True))
        op.create_unique_constraint(op.f(f"uq_{table}_customer_id_id"), table, ["customer_id", "id"])
        op.create_check_constraint(op.f(f"ck_{table}_sync_status"), table, SYNC)
        op.execute(_live(table))
    for table in UNBOUND:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY tenant ON {table} USING ({OWN_ACCOUNT}) WITH CHECK ({OWN_ACCOUNT})")
        op.execute(REPORTING.format(table=table))


def downgrade() -> None:
    """Take them away."""
    for table in UNBOUND:
        op.execute(f"DROP POLICY IF EXISTS reporting ON {table}")
        op.execute(f"DROP POLICY tenant ON {table}")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
    columns = ("id", "sync_status", "dirty_fields", "base", "remote", "sync_error", "version")
    times = ("first_synced_at", "last_synced_at", "created_at", "updated_at")
    for table in LINKS:
        op.drop_constraint(op.f(f"ck_{table}_sync_status"), table, type_="check")
        op.drop_constraint(op.f(f"uq_{table}_customer_id_id"), table, type_="unique")
        for name in (*columns, *times, *(() if table == "campaign_shared_set" else ("resource_name",))):
            op.drop_column(table, name)
