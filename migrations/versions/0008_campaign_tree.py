"""Asset groups, shared lists, the problems of a draft, and the table of legal transitions as a trigger."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

STATUSES = "status IN ('ENABLED', 'PAUSED', 'REMOVED', 'UNKNOWN')"
SYNC = "sync_status IN ('draft', 'publishing', 'synced', 'dirty', 'conflict', 'sync_error')"
LIVE = "google_id IS NOT NULL OR sync_status IN ('draft', 'publishing', 'sync_error')"

TRANSITIONS = """
CREATE FUNCTION refuse_illegal_campaign_transition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.status IS DISTINCT FROM OLD.status AND (
        (OLD.status || '>' || NEW.status) NOT IN (
            'DRAFT>PUBLISHING', 'DRAFT>REMOVED', 'PUBLISHING>PUBLISHED', 'PUBLISHING>FAILED', 'FAILED>PUBLISHING',
            'FAILED>DRAFT', 'FAILED>REMOVED', 'PUBLISHED>REMOVED', 'REMOVED>DRAFT')
        OR (NEW.status = 'DRAFT' AND NEW.google_id IS NOT NULL))
    THEN
        RAISE EXCEPTION 'a campaign may not go from % to %', OLD.status, NEW.status USING ERRCODE = 'check_violation',
            CONSTRAINT = 'campaign_status_transition';
    END IF;
    IF NEW.sync_status IS DISTINCT FROM OLD.sync_status AND (OLD.sync_status || '>' || NEW.sync_status) NOT IN (
        'draft>publishing', 'publishing>synced', 'publishing>sync_error', 'publishing>draft', 'publishing>dirty',
        'synced>dirty', 'synced>conflict', 'synced>publishing', 'synced>sync_error', 'dirty>synced', 'dirty>conflict',
        'dirty>publishing', 'dirty>sync_error', 'conflict>dirty', 'conflict>synced', 'conflict>sync_error',
        'sync_error>draft', 'sync_error>dirty', 'sync_error>synced', 'sync_error>conflict', 'sync_error>publishing')
    THEN
        RAISE EXCEPTION 'a campaign may not go from % to %', OLD.sync_status, NEW.sync_status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'campaign_sync_transition';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER legal_transitions BEFORE UPDATE OF status, sync_status ON campaigns
    FOR EACH ROW EXECUTE FUNCTION refuse_illegal_campaign_transition();
"""


def _json(name: str) -> sa.Column[Any]:
    return sa.Column(name, postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False)


def _texts(name: str) -> sa.Column[Any]:
    return sa.Column(name, postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False)


def _time(name: str, *, now: bool = False) -> sa.Column[Any]:
    default = sa.text("now()") if now else None
    return sa.Column(name, sa.DateTime(timezone=True), server_default=default, nullable=not now)


def _entity(table: str, *columns: sa.Column[Any]) -> None:
    op.create_table(
        table,
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
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
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f(f"fk_{table}_customer_id_customers"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("customer_id", "id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint("customer_id", "google_id", name=op.f(f"uq_{table}_customer_id_google_id")),
    )


def _edge(table: str, parent: tuple[str, str], child: tuple[str, str], key: tuple[str, ...], *extra: Any) -> None:
    op.create_table(
        table,
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column(parent[0], sa.Uuid(), nullable=False),
        sa.Column(child[0], sa.Uuid(), nullable=False),
        *[item for item in extra if isinstance(item, sa.Column)],
        _json("properties"),
        *[item for item in extra if not isinstance(item, sa.Column)],
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f(f"fk_{table}_customer_id_customers"), ondelete="CASCADE"
        ),
        *[
            sa.ForeignKeyConstraint(
                ["customer_id", column],
                [f"{target}.customer_id", f"{target}.id"],
                name=op.f(f"fk_{table}_customer_id_{column}_{target}"),
                ondelete="CASCADE",
            )
            for column, target in (parent, child)
        ],
        sa.PrimaryKeyConstraint("customer_id", parent[0], child[0], *key, name=op.f(f"pk_{table}")),
    )


def upgrade() -> None:
    """Create the tables, the column and the trigger."""
    op.add_column(
        "campaigns", sa.Column("problems", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False)
    )
    _entity(
        "asset_groups",
        sa.Column("name", sa.Text(), nullable=True),
        _texts("final_urls"),
        sa.Column("path1", sa.Text(), nullable=True),
        sa.Column("path2", sa.Text(), nullable=True),
        sa.Column("ad_strength", sa.String(length=20), nullable=True),
    )
    _entity(
        "shared_sets",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("type", sa.String(length=40), nullable=False),
    )
    _edge(
        "campaign_asset_group",
        ("campaign_id", "campaigns"),
        ("asset_group_id", "asset_groups"),
        (),
        sa.UniqueConstraint(
            "customer_id", "asset_group_id", name=op.f("uq_campaign_asset_group_customer_id_asset_group_id")
        ),
    )
    _edge(
        "asset_group_asset",
        ("asset_group_id", "asset_groups"),
        ("asset_id", "assets"),
        ("field_type",),
        sa.Column("field_type", sa.String(length=40), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("performance_label", sa.String(length=20), nullable=True),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(STATUSES, name=op.f("ck_asset_group_asset_status")),
    )
    op.create_index(
        "ix_asset_group_asset_reverse", "asset_group_asset", ["customer_id", "asset_id", "asset_group_id"], unique=False
    )
    _edge(
        "campaign_shared_set",
        ("campaign_id", "campaigns"),
        ("shared_set_id", "shared_sets"),
        (),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("resource_name", sa.Text(), nullable=True),
        sa.CheckConstraint(STATUSES, name=op.f("ck_campaign_shared_set_status")),
    )
    op.create_index(
        "ix_campaign_shared_set_reverse",
        "campaign_shared_set",
        ["customer_id", "shared_set_id", "campaign_id"],
        unique=False,
    )
    op.execute(TRANSITIONS)


def downgrade() -> None:
    """Drop them."""
    op.execute("DROP TRIGGER legal_transitions ON campaigns")
    op.execute("DROP FUNCTION refuse_illegal_campaign_transition()")
    for table in ("campaign_shared_set", "asset_group_asset", "campaign_asset_group", "shared_sets", "asset_groups"):
        op.drop_table(table)
    op.drop_column("campaigns", "problems")
