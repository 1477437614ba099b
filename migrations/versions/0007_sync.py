"""What the sync needs: the per-field decisions of the three-way merge, daily totals, search terms.

`stats.daily_totals` sums a campaign's day over devices and networks, and an account's day over its campaigns; it is
refreshed in the transaction of each merge and serves the reads. It is small and keeps what older partitions lose.
"""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

CONFLICTS = """
CREATE FUNCTION sync_conflicts(dirty text[], base jsonb, mine jsonb, theirs jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(jsonb_object_agg(field, theirs -> field), '{}')
    FROM unnest(dirty) AS field
    WHERE theirs ? field AND theirs -> field IS DISTINCT FROM coalesce(base -> field, 'null')
      AND theirs -> field IS DISTINCT FROM mine -> field
$$
"""

STILL_DIRTY = """
CREATE FUNCTION sync_still_dirty(dirty text[], mine jsonb, theirs jsonb) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(array_agg(field ORDER BY position), '{}')
    FROM unnest(dirty) WITH ORDINALITY AS edited(field, position)
    WHERE NOT theirs ? field OR theirs -> field IS DISTINCT FROM mine -> field
$$
"""

BASE_OF = """
CREATE FUNCTION sync_base_of(dirty text[], base jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(base) WHERE key = ANY (dirty)
$$
"""

DAILY_TOTALS = """
CREATE TABLE stats.daily_totals (
    customer_id uuid NOT NULL,
    level smallint NOT NULL,
    google_id bigint NOT NULL,
    date date NOT NULL,
    impressions bigint NOT NULL,
    clicks bigint NOT NULL,
    cost_micros bigint NOT NULL,
    conversions numeric NOT NULL,
    conversions_value numeric NOT NULL,
    CONSTRAINT pk_daily_totals PRIMARY KEY (customer_id, level, google_id, date)
)
"""

SEARCH_TERM_STATS = """
CREATE TABLE stats.search_term_stats (
    customer_id uuid NOT NULL,
    ad_group_google_id bigint NOT NULL,
    date date NOT NULL,
    search_term text NOT NULL,
    keyword_google_id bigint NOT NULL DEFAULT 0,
    match_type smallint NOT NULL DEFAULT 0,
    campaign_google_id bigint NOT NULL,
    status smallint NOT NULL DEFAULT 0,
    impressions bigint NOT NULL DEFAULT 0,
    clicks bigint NOT NULL DEFAULT 0,
    cost_micros bigint NOT NULL DEFAULT 0,
    conversions numeric NOT NULL DEFAULT 0,
    conversions_value numeric NOT NULL DEFAULT 0,
    CONSTRAINT pk_search_term_stats
        PRIMARY KEY (customer_id, ad_group_google_id, date, search_term, keyword_google_id, match_type)
) PARTITION BY RANGE (date)
"""

GRANTS = """
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'cw_app') AND current_user <> 'cw_app' THEN
        ALTER TABLE stats.daily_totals OWNER TO cw_app;
        ALTER TABLE stats.search_term_stats OWNER TO cw_app;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'cw_reporting') THEN
        GRANT SELECT ON stats.daily_totals, stats.search_term_stats TO cw_reporting;
    END IF;
END $$
"""


def upgrade() -> None:
    """Create them."""
    for statement in (CONFLICTS, STILL_DIRTY, BASE_OF, DAILY_TOTALS, SEARCH_TERM_STATS, GRANTS):
        op.execute(statement)


def downgrade() -> None:
    """Drop them."""
    op.execute("DROP TABLE stats.search_term_stats")
    op.execute("DROP TABLE stats.daily_totals")
    op.execute("DROP FUNCTION sync_base_of(text[], jsonb)")
    op.execute("DROP FUNCTION sync_still_dirty(text[], jsonb, jsonb)")
    op.execute("DROP FUNCTION sync_conflicts(text[], jsonb, jsonb, jsonb)")
