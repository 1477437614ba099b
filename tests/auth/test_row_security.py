"""The second line: what PostgreSQL itself refuses to the application's role (I6, R1.6)."""

import uuid

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from backend.core import tenancy
from backend.core.db import db, unit_of_work

INSERT = "INSERT INTO ad_groups (customer_id, id, name, status, sync_status)"


@pytest.fixture
def as_tenant(app):
    """`as_tenant(tenant_id, sql, **params)` runs one statement as the application's role; answers its rows."""

    def run(tenant, sql, **params):
        with app.app_context(), tenancy.working_for(tenant), unit_of_work() as work:
            result = work.session.execute(text(sql), params)
            return [dict(row) for row in result.mappings()] if result.returns_rows else result.rowcount

    return run


@pytest.fixture
def campaign(rows, add_account):
    """Makes an account and a draft in it; answers (our id of the account, the draft's)."""

    def make(team):
        number = add_account(team.tenant_id)
        customer = rows("SELECT id FROM customers WHERE google_customer_id = :n", n=int(number))[0]["id"]
        campaign = uuid.uuid4()
        rows(
            f"{INSERT} VALUES (:customer, :id, 'Draft', 'ENABLED', 'draft')",
            customer=customer,
            id=campaign,
        )
        return customer, campaign

    return make


def test_a_tenant_sees_its_own_rows_and_the_system_all(team, new_team, as_tenant, campaign):
    other = new_team("Other")
    _, mine = campaign(team)
    _, theirs = campaign(other)
    both = {"a": mine, "b": theirs}
    question = "SELECT id FROM ad_groups WHERE id IN (:a, :b)"
    assert [row["id"] for row in as_tenant(team.tenant_id, question, **both)] == [mine]
    assert [row["id"] for row in as_tenant(other.tenant_id, question, **both)] == [theirs]
    assert len(as_tenant(None, question, **both)) == 2
    own = "SELECT DISTINCT tenant_id FROM customers"
    assert as_tenant(team.tenant_id, own) == [{"tenant_id": team.tenant_id}]


@pytest.mark.parametrize("table", ["customers", "jobs", "events", "user_credentials", "google_accounts", "ad_groups"])
def test_who_announces_nothing_sees_nothing(app, team, campaign, table):
    campaign(team)
    with app.app_context(), db.engine.connect() as connection:
        assert connection.execute(text(f"SELECT count(*) FROM {table}")).scalar() == 0
        for nonsense in ("", "x", "'", str(uuid.uuid4())):
            connection.execute(text("SELECT set_config('app.tenant', :t, true)"), {"t": nonsense})
            assert connection.execute(text(f"SELECT count(*) FROM {table}")).scalar() == 0


def test_foreign_rows_are_neither_changed_nor_made(team, new_team, as_tenant, campaign):
    other = new_team("Other")
    customer, theirs = campaign(other)
    assert as_tenant(team.tenant_id, "UPDATE ad_groups SET name = 'x' WHERE id = :id", id=theirs) == 0
    assert as_tenant(team.tenant_id, "DELETE FROM ad_groups WHERE id = :id", id=theirs) == 0
    with pytest.raises(DBAPIError, match="row-level security"):
        as_tenant(
            team.tenant_id,
            f"{INSERT} VALUES (:customer, :id, 'x', 'ENABLED', 'draft')",
            customer=customer,
            id=uuid.uuid4(),
        )


def test_the_trail_is_only_ever_added_to(team, as_tenant, rows, servers):
    team.client.post("/api/tokens", json={"name": "leaves a trace"})
    for statement in ("UPDATE audit_events SET actor_name = 'x'", "DELETE FROM audit_events", "TRUNCATE audit_events"):
        with pytest.raises(DBAPIError, match=r"permission denied|only ever added"):
            as_tenant(None, statement)
        if "TRUNCATE" not in statement:
            with pytest.raises(DBAPIError, match="only ever added"):
                rows(f"{statement} WHERE tenant_id = :t", t=team.tenant_id)
    assert len(team.client.get("/api/audit?action=api_key.create").get_json()) >= 1


@pytest.fixture
def analyst(servers):
    """Somebody who signs in to the database with the role for reporting."""
    name, password = f"analyst_{uuid.uuid4().hex[:8]}", uuid.uuid4().hex
    role = sql.Identifier(name)
    with psycopg.connect(servers.superuser_url, autocommit=True) as admin:
        admin.execute(
            sql.SQL("CREATE ROLE {} LOGIN PASSWORD {} IN ROLE cw_reporting").format(role, sql.Literal(password))
        )
        with psycopg.connect(
            servers.superuser_url, user=name, password=password, autocommit=True, row_factory=psycopg.rows.dict_row
        ) as connection:
            yield connection
        admin.execute(sql.SQL("DROP ROLE {}").format(role))


def test_the_role_for_reporting_reads_campaigns_and_statistics(team, campaign, analyst):
    customer, ad_group = campaign(team)
    assert analyst.execute("SELECT name FROM ad_groups WHERE id = %s", [ad_group]).fetchall() == [{"name": "Draft"}]
    assert len(analyst.execute("SELECT slug FROM customers WHERE id = %s", [customer]).fetchall()) == 1
    for table in ("stats.daily_stats", "stats.daily_totals", "stats.search_term_stats", "asset_groups", "labels"):
        assert analyst.execute(f"SELECT 1 FROM {table} WHERE customer_id = %s", [customer]).fetchall() == []


KEPT_FROM_REPORTING = (
    *("user_credentials", "google_accounts", "oauth_states", "users", "memberships", "api_tokens", "auth_sessions"),
    *("service_keys", "idempotency_keys", "jobs", "events", "audit_events", "mutate_batches"),
)


@pytest.mark.parametrize("table", KEPT_FROM_REPORTING)
def test_the_role_for_reporting_sees_no_secret_and_no_person(analyst, table):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        analyst.execute(f"SELECT 1 FROM {table}")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE campaigns SET name = 'x'",
        "DELETE FROM customers",
        "CREATE TABLE public.mine ()",
        "CREATE TABLE stats.mine ()",
        "SET ROLE cw_app",
    ],
)
def test_the_role_for_reporting_writes_nothing(analyst, statement):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        analyst.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE audit_events DISABLE TRIGGER ALL",
        "DROP TRIGGER keep_audit ON audit_events",
        "ALTER TABLE user_credentials DISABLE ROW LEVEL SECURITY",
        "UPDATE alembic_version SET version_num = '0001'",
        "CREATE TABLE public.mine ()",
        "SET ROLE cw_owner",
        "SET SESSION AUTHORIZATION cw_owner",
    ],
)
def test_the_products_own_role_cannot_undo_its_bounds(as_tenant, statement):
    with pytest.raises(DBAPIError, match=r"permission denied|must be (owner|able to)"):
        as_tenant(None, statement)


# Sign-in looks people up before it knows whose they are, and the sweeps go through all; queries name the tenant.
# The bytes of pictures and the watermarks of syncs are reached only through rows that are bound.
NOT_BOUND = {
    *("asset_blobs", "customer_access", "watermarks"),
    *("users", "memberships", "api_tokens", "auth_sessions", "service_keys", "oauth_states", "audit_events"),
}


def test_every_table_of_a_tenant_is_bound_or_named_here(rows):
    found = rows(
        "SELECT c.relname AS name, c.relrowsecurity AS bound FROM pg_class c JOIN pg_namespace n ON n.oid ="
        " c.relnamespace WHERE n.nspname = 'public' AND c.relkind = 'r' AND EXISTS (SELECT FROM pg_attribute a"
        " WHERE a.attrelid = c.oid AND a.attname IN ('tenant_id', 'customer_id') AND NOT a.attisdropped)"
    )
    assert {row["name"] for row in found if not row["bound"]} == NOT_BOUND
