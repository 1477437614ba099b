"""What `cw_reporting` may read, also where the role came after the tables: accounts, entities, edges, statistics.

It reads every organisation's rows and writes none; people, keys, credentials, jobs and the trail are not for it.
`deploy/postgres/roles.sql` makes the role.
"""

from __future__ import annotations

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

READ = (
    "customers",
    "campaigns",
    "campaign_budgets",
    "ad_groups",
    "ads",
    "assets",
    "keywords",
    "asset_groups",
    "shared_sets",
    "labels",
    "bidding_strategies",
    "account_campaign",
    "campaign_adgroup",
    "adgroup_ad",
    "adgroup_keyword",
    "ad_asset",
    "campaign_asset",
    "ad_group_asset",
    "customer_asset",
    "campaign_asset_group",
    "asset_group_asset",
    "campaign_shared_set",
    "campaign_label",
    "ad_group_label",
    "ad_label",
    "keyword_label",
    "google_changes",
    "nights",
    "night_runs",
)
STATISTICS = ("stats.daily_stats", "stats.daily_totals", "stats.search_term_stats")

GRANTS = f"""
DO $$
DECLARE
    named text;
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'cw_reporting') THEN
        GRANT USAGE ON SCHEMA public, stats TO cw_reporting;
        GRANT SELECT ON {", ".join((*READ, *STATISTICS))} TO cw_reporting;
        FOREACH named IN ARRAY ARRAY{list(READ)!r} LOOP
            IF NOT EXISTS (SELECT FROM pg_policies WHERE tablename = named AND policyname = 'reporting') THEN
                EXECUTE format('CREATE POLICY reporting ON %I FOR SELECT TO cw_reporting USING (true)', named);
            END IF;
        END LOOP;
    END IF;
END $$
"""


def upgrade() -> None:
    """Let it read; what it may read already stays."""
    op.execute(GRANTS)


def downgrade() -> None:
    """What earlier migrations gave the role stays theirs to take."""
