"""Daily statistics in month partitions, and who may touch what.

`stats` is the only schema in which the application's role may create tables: it makes the partitions and the staging
tables itself. Nobody but the owner may change or delete a row of the audit trail.
"""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

DAILY_STATS = """
CREATE TABLE stats.daily_stats (
    customer_id uuid NOT NULL,
    level smallint NOT NULL,
    parent_google_id bigint NOT NULL DEFAULT 0,
    google_id bigint NOT NULL,
    date date NOT NULL,
    device smallint NOT NULL DEFAULT 0,
    network smallint NOT NULL DEFAULT 0,
    impressions bigint NOT NULL DEFAULT 0,
    clicks bigint NOT NULL DEFAULT 0,
    cost_micros bigint NOT NULL DEFAULT 0,
    conversions numeric NOT NULL DEFAULT 0,
    conversions_value numeric NOT NULL DEFAULT 0,
    CONSTRAINT pk_daily_stats
        PRIMARY KEY (customer_id, level, google_id, parent_google_id, date, device, network),
    CONSTRAINT ck_daily_stats_counts CHECK (impressions >= 0 AND clicks >= 0 AND cost_micros >= 0)
) PARTITION BY RANGE (date)
"""

KEEP_AUDIT = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are only ever added', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$
"""

GRANTS = """
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'cw_app') AND current_user <> 'cw_app' THEN
        GRANT USAGE ON SCHEMA public TO cw_app;
        GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO cw_app;
        GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO cw_app;
        ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO cw_app;
        ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO cw_app;
        REVOKE UPDATE, DELETE, TRUNCATE ON audit_events FROM cw_app;
        IF to_regclass('alembic_version') IS NOT NULL THEN
            REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM cw_app;
        END IF;
        GRANT USAGE, CREATE ON SCHEMA stats TO cw_app;
        ALTER TABLE stats.daily_stats OWNER TO cw_app;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'cw_reporting') THEN
        GRANT USAGE ON SCHEMA public, stats TO cw_reporting;
        GRANT SELECT ON customers, campaigns, campaign_budgets, ad_groups, ads, assets, keywords, account_campaign,
            campaign_adgroup, adgroup_ad, adgroup_keyword, ad_asset, campaign_asset, ad_group_asset, customer_asset,
            stats.daily_stats TO cw_reporting;
    END IF;
END $$
"""

UNGRANT = """
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'cw_app') AND current_user <> 'cw_app' THEN
        ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON TABLES FROM cw_app;
        ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON SEQUENCES FROM cw_app;
        REVOKE ALL ON ALL TABLES IN SCHEMA public FROM cw_app;
        REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM cw_app;
    END IF;
END $$
"""


def upgrade() -> None:
    """Create the statistics, protect the audit trail, grant the application's role what it needs."""
    op.execute("CREATE SCHEMA IF NOT EXISTS stats")
    op.execute(DAILY_STATS)
    op.execute(KEEP_AUDIT)
    op.execute(
        "CREATE TRIGGER keep_audit BEFORE UPDATE OR DELETE ON audit_events"
        " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        "CREATE TRIGGER keep_audit_whole BEFORE TRUNCATE ON audit_events"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    op.execute(GRANTS)


def downgrade() -> None:
    """Drop them; the schema stays, for others may have tables there."""
    op.execute(UNGRANT)
    op.execute("DROP TRIGGER keep_audit ON audit_events")
    op.execute("DROP TRIGGER keep_audit_whole ON audit_events")
    op.execute("DROP FUNCTION refuse_change()")
    op.execute("DROP TABLE stats.daily_stats")
