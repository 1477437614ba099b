"""Walks over the edges as functions: planned once per connection, and checked against the tenant once per call.

A page of a walk takes less time than planning its joins under row-level security, so the functions keep their plans
(generic ones of nested loops, which follow the indexes and stop at the page's end). They run as their owner, whom row
security does not bind; instead of each row they check, once, that the account is the announced tenant's.
"""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

OPTIONS = """LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off
SET enable_memoize = off SET join_collapse_limit = 1 SET jit = off"""

MAY_SEE = """
CREATE FUNCTION walk_may_see(customer uuid) RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    RETURN current_setting('app.tenant', true) = '*' OR EXISTS (
        SELECT FROM customers c WHERE c.id = customer AND c.tenant_id = announced_tenant());
END $$
"""

# An ad group is visited once: at the first of its ads that uses the asset.
KEYWORDS = f"""
CREATE FUNCTION walk_asset_keywords(customer uuid, asset uuid, after_ad uuid, after_keyword uuid, most integer)
RETURNS TABLE (ad_id uuid, id uuid, google_id bigint, text text, match_type varchar, status varchar,
    ad_group_google_id bigint, ad_group_name text, campaign_google_id bigint, campaign_name text)
{OPTIONS} AS $$
#variable_conflict use_column
BEGIN
    IF NOT walk_may_see(customer) THEN RETURN; END IF;
    RETURN QUERY
    SELECT u.ad_id, k.id, k.google_id, k.text, k.match_type, k.status, g.google_id, g.name, c.google_id, c.name
    FROM (SELECT DISTINCT e.ad_id FROM ad_asset e
          WHERE e.customer_id = customer AND e.asset_id = asset AND e.ad_id >= after_ad ORDER BY e.ad_id) u
    JOIN adgroup_ad l ON l.customer_id = customer AND l.ad_id = u.ad_id AND NOT EXISTS (
        SELECT FROM adgroup_ad o JOIN ad_asset e ON e.customer_id = customer AND e.ad_id = o.ad_id
        WHERE o.customer_id = customer AND o.ad_group_id = l.ad_group_id AND o.ad_id < u.ad_id AND e.asset_id = asset)
    JOIN ad_groups g ON g.customer_id = customer AND g.id = l.ad_group_id
    LEFT JOIN campaign_adgroup h ON h.customer_id = customer AND h.ad_group_id = g.id
    LEFT JOIN campaigns c ON c.customer_id = customer AND c.id = h.campaign_id
    JOIN keywords k ON k.customer_id = customer AND k.parent_id = g.id
        AND NOT k.negative AND k.status <> 'REMOVED' AND k.deleted_at IS NULL
    WHERE u.ad_id > after_ad OR k.id > after_keyword
    ORDER BY u.ad_id, k.id LIMIT most;
END $$
"""

ADS = f"""
CREATE FUNCTION walk_asset_ads(customer uuid, asset uuid, after_ad uuid, most integer)
RETURNS TABLE (id uuid, google_id bigint, type varchar, name text, status varchar, field_types varchar[],
    ad_group_google_id bigint, ad_group_name text, campaign_google_id bigint, campaign_name text)
{OPTIONS} AS $$
#variable_conflict use_column
BEGIN
    IF NOT walk_may_see(customer) THEN RETURN; END IF;
    RETURN QUERY
    SELECT a.id, a.google_id, a.type, coalesce(a.name, ''), l.status, u.slots, g.google_id, g.name, c.google_id, c.name
    FROM (SELECT e.ad_id, array_agg(e.field_type ORDER BY e.field_type) AS slots FROM ad_asset e
          WHERE e.customer_id = customer AND e.asset_id = asset AND e.ad_id > after_ad
          GROUP BY e.ad_id ORDER BY e.ad_id LIMIT most) u
    JOIN ads a ON a.customer_id = customer AND a.id = u.ad_id
    LEFT JOIN adgroup_ad l ON l.customer_id = customer AND l.ad_id = u.ad_id
    LEFT JOIN ad_groups g ON g.customer_id = customer AND g.id = l.ad_group_id
    LEFT JOIN campaign_adgroup h ON h.customer_id = customer AND h.ad_group_id = g.id
    LEFT JOIN campaigns c ON c.customer_id = customer AND c.id = h.campaign_id
    ORDER BY a.id;
END $$
"""

# The assets of enabled ads in enabled ad groups of enabled campaigns; one enabled ad is enough.
ACTIVE = f"""
CREATE FUNCTION walk_active_assets(customer uuid, after_asset uuid, most integer)
RETURNS TABLE (id uuid, google_id bigint, type varchar, name text, mime_type varchar, width bigint, height bigint)
{OPTIONS} AS $$
#variable_conflict use_column
BEGIN
    IF NOT walk_may_see(customer) THEN RETURN; END IF;
    RETURN QUERY
    SELECT x.id, x.google_id, x.type, coalesce(x.text, x.name, x.youtube_video_id), x.mime_type, x.width, x.height
    FROM assets x
    WHERE x.customer_id = customer AND x.id > after_asset AND x.deleted_at IS NULL AND EXISTS (
        SELECT FROM ad_asset e
        JOIN adgroup_ad l ON l.customer_id = customer AND l.ad_id = e.ad_id AND l.status = 'ENABLED'
        JOIN ad_groups g ON g.customer_id = customer AND g.id = l.ad_group_id AND g.status = 'ENABLED'
        JOIN campaign_adgroup h ON h.customer_id = customer AND h.ad_group_id = g.id
        JOIN campaigns c ON c.customer_id = customer AND c.id = h.campaign_id AND c.google_status = 'ENABLED'
        WHERE e.customer_id = customer AND e.asset_id = x.id
        OFFSET 0) -- asset by asset: as a join it would look at all edges before the first page
    ORDER BY x.id LIMIT most;
END $$
"""

SIGNATURES = (
    "walk_asset_keywords(uuid, uuid, uuid, uuid, integer)",
    "walk_asset_ads(uuid, uuid, uuid, integer)",
    "walk_active_assets(uuid, uuid, integer)",
    "walk_may_see(uuid)",
)

GRANT = """
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'cw_app') AND current_user <> 'cw_app' THEN
        GRANT EXECUTE ON FUNCTION {function} TO cw_app;
    END IF;
END $$
"""


def upgrade() -> None:
    """Create them, for the application's role only."""
    for function in (MAY_SEE, KEYWORDS, ADS, ACTIVE):
        op.execute(function)
    for signature in SIGNATURES:
        op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
        op.execute(GRANT.format(function=signature))


def downgrade() -> None:
    """Drop them."""
    for signature in SIGNATURES:
        op.execute(f"DROP FUNCTION {signature}")
