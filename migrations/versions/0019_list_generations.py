"""Lists of campaigns have a generation: a number that rises with every committed change of what they show.

A trigger counts, so that no writer can forget to: once per transaction, in a row that no other transaction is writing
(`SKIP LOCKED`), so that writers never wait for each other. The generation is the sum of a tenant's rows; what the
system or the owner changed counts for every tenant (`*`).
"""

from __future__ import annotations

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

SHOWN = (
    "campaigns",
    "campaign_budgets",
    "campaign_adgroup",
    "ad_groups",
    "adgroup_ad",
    "ads",
    "ad_asset",
    "assets",
)
ANNOUNCED = "(SELECT current_setting('app.tenant', true))"
OWN = f"{ANNOUNCED} = '*' OR tenant IN ('*', {ANNOUNCED})"
FUNCTION = """
CREATE FUNCTION count_list_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    mine text := coalesce(nullif(current_setting('app.tenant', true), ''), '*');
BEGIN
    PERFORM FROM list_generations WHERE tenant = mine AND counted_by = pg_current_xact_id();
    IF FOUND THEN
        RETURN NULL;
    END IF;
    UPDATE list_generations SET changes = changes + 1, counted_by = pg_current_xact_id()
    WHERE id = (SELECT id FROM list_generations WHERE tenant = mine FOR UPDATE SKIP LOCKED LIMIT 1);
    IF NOT FOUND THEN
        INSERT INTO list_generations (tenant, changes, counted_by) VALUES (mine, 1, pg_current_xact_id());
    END IF;
    RETURN NULL;
END
$$
"""


def upgrade() -> None:
    """Make the table of counters and the triggers that count."""
    op.execute("""
        CREATE TABLE list_generations (
            id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_list_generations PRIMARY KEY,
            tenant text NOT NULL,
            changes bigint NOT NULL,
            counted_by xid8 NOT NULL
        )
    """)
    op.create_index(op.f("ix_list_generations_tenant"), "list_generations", ["tenant"])
    op.execute("ALTER TABLE list_generations ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY tenant ON list_generations USING ({OWN}) WITH CHECK ({OWN})")
    op.execute(FUNCTION)
    for table in SHOWN:
        op.execute(
            f"CREATE TRIGGER count_list_change AFTER INSERT OR UPDATE OR DELETE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION count_list_change()"
        )


def downgrade() -> None:
    """Stop counting."""
    for table in SHOWN:
        op.execute(f"DROP TRIGGER count_list_change ON {table}")
    op.execute("DROP FUNCTION count_list_change()")
    op.drop_table("list_generations")
