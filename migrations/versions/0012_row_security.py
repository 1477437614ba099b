"""Row-level security, the second line behind the tenant scope of every query.

A transaction announces its tenant (`SET LOCAL app.tenant`, core.db); `*` stands for the system, and who announces
nothing sees nothing. Rows of an account are visible when the account is the tenant's; the accounts are looked up once
per statement. The owner of the tables (migrations, backups) is not bound; statistics are left out: COPY refuses it.
"""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

OF_A_TENANT = ("customers", "jobs", "events", "google_accounts", "user_credentials", "idempotency_keys")
OF_AN_ACCOUNT = (
    "campaigns",
    "campaign_budgets",
    "ad_groups",
    "ads",
    "assets",
    "keywords",
    "asset_groups",
    "shared_sets",
    "account_campaign",
    "campaign_adgroup",
    "adgroup_ad",
    "adgroup_keyword",
    "ad_asset",
    "campaign_asset",
    "ad_group_asset",
    "customer_asset",
    "mutate_batches",
    "reports",
)

TENANT = "(SELECT current_setting('app.tenant', true))"
EVERY_TENANT = f"{TENANT} = '*'"
OWN = f"{EVERY_TENANT} OR tenant_id = (SELECT announced_tenant())"
OWN_ACCOUNT = f"{EVERY_TENANT} OR customer_id = ANY ((SELECT announced_customers())::uuid[])"

FUNCTIONS = """
CREATE FUNCTION announced_tenant() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN current_setting('app.tenant', true) ~ '^[0-9a-f-]{36}$'
                THEN current_setting('app.tenant', true)::uuid END
$$;
CREATE FUNCTION announced_customers() RETURNS uuid[] LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT coalesce(array_agg(id), '{}') FROM customers WHERE tenant_id = announced_tenant()
$$;
"""

REPORTING = """
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'cw_reporting') THEN
        CREATE POLICY reporting ON {table} FOR SELECT TO cw_reporting USING (true);
    END IF;
END $$
"""


def upgrade() -> None:
    """Bind every role but the owner."""
    op.execute(FUNCTIONS)
    for table in OF_A_TENANT:
        _bind(table, OWN)
    for table in OF_AN_ACCOUNT:
        _bind(table, OWN_ACCOUNT)
    for table in ("customers", *(name for name in OF_AN_ACCOUNT if name not in ("mutate_batches", "reports"))):
        op.execute(REPORTING.format(table=table))


def _bind(table: str, condition: str) -> None:
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY tenant ON {table} USING ({condition}) WITH CHECK ({condition})")


def downgrade() -> None:
    """Release them."""
    for table in (*OF_A_TENANT, *OF_AN_ACCOUNT):
        op.execute(f"DROP POLICY IF EXISTS reporting ON {table}")
        op.execute(f"DROP POLICY tenant ON {table}")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
    op.execute("DROP FUNCTION announced_customers()")
    op.execute("DROP FUNCTION announced_tenant()")
