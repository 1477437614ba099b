"""Nights with a result per account, and the changes that were made at Google."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

TENANT = "(SELECT current_setting('app.tenant', true))"
OWN = f"{TENANT} = '*' OR tenant_id = (SELECT announced_tenant())"
OWN_ACCOUNT = f"{TENANT} = '*' OR customer_id = ANY ((SELECT announced_customers())::uuid[])"
OUTCOMES = "outcome IN ('running', 'finished', 'warnings', 'failed', 'skipped', 'missed')"

REPORTING = """
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'cw_reporting') THEN
        GRANT SELECT ON google_changes, nights, night_runs TO cw_reporting;
        CREATE POLICY reporting ON google_changes FOR SELECT TO cw_reporting USING (true);
        CREATE POLICY reporting ON nights FOR SELECT TO cw_reporting USING (true);
        CREATE POLICY reporting ON night_runs FOR SELECT TO cw_reporting USING (true);
    END IF;
END $$
"""


def upgrade() -> None:
    """Create the tables."""
    _google_changes()
    _nights()
    for table, condition in (("google_changes", OWN_ACCOUNT), ("nights", OWN), ("night_runs", OWN)):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY tenant ON {table} USING ({condition}) WITH CHECK ({condition})")
    op.execute(REPORTING)
    op.create_index(
        "ix_audit_events_customer",
        "audit_events",
        ["customer_id", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
    )
    op.create_index("ix_mutate_batches_sent_at", "mutate_batches", ["customer_id", "sent_at"])


def _google_changes() -> None:
    op.create_table(
        "google_changes",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entity", sa.String(length=60), nullable=False),
        sa.Column("resource_name", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("client_type", sa.String(length=60), nullable=False),
        sa.Column("user_email", sa.Text(), nullable=False),
        sa.Column("operation", sa.String(length=20), nullable=False),
        sa.Column("fields", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("old", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("new", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("campaign", sa.Text(), nullable=True),
        sa.Column("ad_group", sa.Text(), nullable=True),
        sa.Column("batch_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_google_changes_customer_id_customers"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("customer_id", "name", name=op.f("pk_google_changes")),
    )
    op.create_index(
        "ix_google_changes_changed_at",
        "google_changes",
        ["customer_id", sa.literal_column("changed_at DESC"), sa.literal_column("name DESC")],
    )
    op.create_index("ix_google_changes_resource_name", "google_changes", ["customer_id", "resource_name"])


def _nights() -> None:
    op.create_table(
        "nights",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("night", sa.Date(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("summary", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_nights_tenant_id_tenants"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "night", name=op.f("pk_nights")),
    )
    op.create_table(
        "night_runs",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("night", sa.Date(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("slot", sa.DateTime(timezone=True), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=True),
        sa.Column("outcome", sa.String(length=12), nullable=False),
        sa.Column("code", sa.String(length=80), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("rows_synced", sa.BigInteger(), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(OUTCOMES, name=op.f("ck_night_runs_outcome")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "night"],
            ["nights.tenant_id", "nights.night"],
            name=op.f("fk_night_runs_tenant_id_nights"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_night_runs_customer_id_customers"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "night", "customer_id", name=op.f("pk_night_runs")),
    )
    op.create_index("ix_night_runs_customer", "night_runs", ["customer_id", sa.literal_column("night DESC")])
    op.create_index(
        "ix_night_runs_running", "night_runs", ["tenant_id", "night"], postgresql_where=sa.text("outcome = 'running'")
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_index("ix_mutate_batches_sent_at", table_name="mutate_batches")
    op.drop_index("ix_audit_events_customer", table_name="audit_events")
    op.drop_table("night_runs")
    op.drop_table("nights")
    op.drop_table("google_changes")
