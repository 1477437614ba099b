"""The sum of one entity's days as a function: its plan is kept, which takes longer to make than to run."""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

SUM_OF_DAYS = """
CREATE FUNCTION sum_of_days(customer uuid, of_level smallint, entity bigint, first_day date, last_day date)
RETURNS TABLE (impressions numeric, clicks numeric, cost_micros numeric, conversions numeric, conversions_value numeric)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT coalesce(sum(t.impressions), 0), coalesce(sum(t.clicks), 0), coalesce(sum(t.cost_micros), 0),
           coalesce(sum(t.conversions), 0), coalesce(sum(t.conversions_value), 0)
    FROM stats.daily_totals t
    WHERE t.customer_id = customer AND t.level = of_level AND t.google_id = entity
      AND t.date BETWEEN first_day AND last_day;
END $$
"""


def upgrade() -> None:
    """Create it; it runs as its caller."""
    op.execute(SUM_OF_DAYS)


def downgrade() -> None:
    """Drop it."""
    op.execute("DROP FUNCTION sum_of_days(uuid, smallint, bigint, date, date)")
