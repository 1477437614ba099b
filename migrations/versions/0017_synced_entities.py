"""Labels and portfolio bidding strategies of Google's, more bids of ad groups, and what two targetings have in common.

`canonical_targeting` writes a targeting in one way only: sorted, with its defaults, without modifiers and devices that
change nothing. Two targetings that say the same are equal after it.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

STATUSES = "status IN ('ENABLED', 'PAUSED', 'REMOVED', 'UNKNOWN')"
SYNC = "sync_status IN ('draft', 'publishing', 'synced', 'dirty', 'conflict', 'sync_error')"
LIVE = "google_id IS NOT NULL OR sync_status IN ('draft', 'publishing', 'sync_error')"
TENANT = "(SELECT current_setting('app.tenant', true))"
OWN_ACCOUNT = f"{TENANT} = '*' OR customer_id = ANY ((SELECT announced_customers())::uuid[])"
ENTITIES = ("labels", "bidding_strategies")
EDGES = {
    "campaign_label": ("campaign_id", "campaigns"),
    "ad_group_label": ("ad_group_id", "ad_groups"),
    "ad_label": ("ad_id", "ads"),
    "keyword_label": ("keyword_id", "keywords"),
}

TARGETING = """
CREATE FUNCTION targeting_items(targeting jsonb, kind text) RETURNS SETOF jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT item FROM jsonb_array_elements(
        CASE jsonb_typeof(targeting -> kind) WHEN 'array' THEN targeting -> kind ELSE '[]' END) AS item
$$;
CREATE FUNCTION targeting_modifier(item jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN round((item ->> 'bid_modifier')::numeric, 4) <> 1
                THEN jsonb_build_object('bid_modifier', trim_scale(round((item ->> 'bid_modifier')::numeric, 4)))
                ELSE '{}' END
$$;
CREATE FUNCTION canonical_targeting(targeting jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT jsonb_strip_nulls(jsonb_build_object(
        'locations', (
            SELECT jsonb_agg(item ORDER BY item) FROM (
                SELECT DISTINCT jsonb_build_object('id', x ->> 'id', 'negative', coalesce((x ->> 'negative')::boolean,
                    false)) || targeting_modifier(x) AS item FROM targeting_items(targeting, 'locations') x) places),
        'languages', (
            SELECT jsonb_agg(item ORDER BY item) FROM (
                SELECT DISTINCT to_jsonb(x #>> '{}') AS item FROM targeting_items(targeting, 'languages') x) spoken),
        'devices', (
            SELECT jsonb_agg(item ORDER BY item) FROM (
                SELECT DISTINCT jsonb_build_object('type', x ->> 'type') || targeting_modifier(x) AS item
                FROM targeting_items(targeting, 'devices') x) used WHERE item ? 'bid_modifier'),
        'ad_schedule', (
            SELECT jsonb_agg(item ORDER BY item) FROM (
                SELECT DISTINCT jsonb_build_object('day_of_week', x ->> 'day_of_week',
                    'start_hour', (x ->> 'start_hour')::int, 'start_minute', coalesce((x ->> 'start_minute')::int, 0),
                    'end_hour', (x ->> 'end_hour')::int, 'end_minute', coalesce((x ->> 'end_minute')::int, 0))
                    || targeting_modifier(x) AS item FROM targeting_items(targeting, 'ad_schedule') x) hours)))
$$;
"""

REPORTING = """
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'cw_reporting') THEN
        GRANT SELECT ON {table} TO cw_reporting;
        CREATE POLICY reporting ON {table} FOR SELECT TO cw_reporting USING (true);
    END IF;
END $$
"""


def _json(name: str) -> sa.Column[Any]:
    return sa.Column(name, postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False)


def _texts(name: str) -> sa.Column[Any]:
    return sa.Column(name, postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False)


def _time(name: str, *, now: bool = False) -> sa.Column[Any]:
    default = sa.text("now()") if now else None
    return sa.Column(name, sa.DateTime(timezone=True), server_default=default, nullable=not now)


def _to_customer(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["customer_id"], ["customers.id"], name=op.f(f"fk_{table}_customer_id_customers"), ondelete="CASCADE"
    )


def _entity(table: str, *columns: sa.Column[Any]) -> None:
    op.create_table(
        table,
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        *columns,
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("google_id", sa.BigInteger(), nullable=True),
        sa.Column("resource_name", sa.Text(), nullable=True),
        _json("attributes"),
        sa.Column("internal_label", sa.Text(), nullable=True),
        sa.Column("internal_notes", sa.Text(), nullable=True),
        _texts("tags"),
        _time("deleted_at"),
        sa.Column("sync_status", sa.String(length=12), server_default="draft", nullable=False),
        _texts("dirty_fields"),
        _json("base"),
        _json("remote"),
        sa.Column("sync_error", postgresql.JSONB(none_as_null=True), nullable=True),
        _time("first_synced_at"),
        _time("last_synced_at"),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        _time("created_at", now=True),
        _time("updated_at", now=True),
        sa.CheckConstraint(LIVE, name=op.f(f"ck_{table}_live_or_local")),
        sa.CheckConstraint(STATUSES, name=op.f(f"ck_{table}_status")),
        sa.CheckConstraint(SYNC, name=op.f(f"ck_{table}_sync_status")),
        _to_customer(table),
        sa.PrimaryKeyConstraint("customer_id", "id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint("customer_id", "google_id", name=op.f(f"uq_{table}_customer_id_google_id")),
    )


def _edge(table: str, column: str, target: str) -> None:
    op.create_table(
        table,
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column(column, sa.Uuid(), nullable=False),
        sa.Column("label_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        _json("properties"),
        sa.CheckConstraint(STATUSES, name=op.f(f"ck_{table}_status")),
        _to_customer(table),
        *[
            sa.ForeignKeyConstraint(
                ["customer_id", name],
                [f"{parent}.customer_id", f"{parent}.id"],
                name=op.f(f"fk_{table}_customer_id_{name}_{parent}"),
                ondelete="CASCADE",
            )
            for name, parent in ((column, target), ("label_id", "labels"))
        ],
        sa.PrimaryKeyConstraint("customer_id", column, "label_id", name=op.f(f"pk_{table}")),
    )
    op.create_index(f"ix_{table}_reverse", table, ["customer_id", "label_id", column], unique=False)


def upgrade() -> None:
    """Create them."""
    _entity(
        "labels",
        sa.Column("background_color", sa.String(length=20), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
    )
    _entity("bidding_strategies", sa.Column("type", sa.String(length=40), nullable=False), _json("bidding"))
    for table, (column, target) in EDGES.items():
        _edge(table, column, target)
    for table in (*ENTITIES, *EDGES):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY tenant ON {table} USING ({OWN_ACCOUNT}) WITH CHECK ({OWN_ACCOUNT})")
        op.execute(REPORTING.format(table=table))
    op.add_column("campaigns", sa.Column("bidding_strategy_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_campaigns_customer_id_bidding_strategy_id_bidding_strategies"),
        "campaigns",
        "bidding_strategies",
        ["customer_id", "bidding_strategy_id"],
        ["customer_id", "id"],
    )
    for name in ("cpm_bid_micros", "target_cpa_micros"):
        op.add_column("ad_groups", sa.Column(name, sa.BigInteger(), nullable=True))
    op.add_column("ad_groups", sa.Column("target_roas", sa.Double(), nullable=True))
    op.execute(TARGETING)


def downgrade() -> None:
    """Drop them."""
    op.execute("DROP FUNCTION canonical_targeting(jsonb)")
    op.execute("DROP FUNCTION targeting_modifier(jsonb)")
    op.execute("DROP FUNCTION targeting_items(jsonb, text)")
    for name in ("target_roas", "target_cpa_micros", "cpm_bid_micros"):
        op.drop_column("ad_groups", name)
    op.drop_column("campaigns", "bidding_strategy_id")
    for table in (*EDGES, *reversed(ENTITIES)):
        op.drop_table(table)
