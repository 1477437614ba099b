"""The embedded servers are real, private and what INTERFACES promises about roles holds on them."""

from __future__ import annotations

import psycopg
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.support.servers import Servers


def test_the_product_connects_as_a_role_that_may_create_in_schema_stats_only(servers: Servers) -> None:
    with psycopg.connect(servers.database_url, autocommit=True) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("cw_app",)
        connection.execute("CREATE TABLE stats.made_by_the_product (n int)")
        connection.execute("DROP TABLE stats.made_by_the_product")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("CREATE TABLE public.made_by_the_product (n int)")


def test_the_owner_is_a_member_of_the_product_and_neither_is_a_superuser(servers: Servers) -> None:
    with psycopg.connect(servers.migration_database_url) as connection:
        found = connection.execute(
            "SELECT pg_has_role('cw_owner', 'cw_app', 'MEMBER'), pg_has_role('cw_app', 'cw_owner', 'MEMBER')"
        ).fetchone()
        assert found == (True, False)
        rights = "rolsuper, rolcreaterole, rolcreatedb, rolbypassrls"
        roles = connection.execute(f"SELECT rolname, {rights} FROM pg_roles WHERE rolname LIKE 'cw\\_%' ORDER BY 1")
        assert roles.fetchall() == [(name, *[False] * 4) for name in ("cw_app", "cw_owner", "cw_reporting")]


@pytest.mark.parametrize("role", ["cw_app", "cw_owner", "postgres"])
def test_no_role_gets_in_without_its_password(servers: Servers, role: str) -> None:
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(f"postgresql://{role}:wrong@/{servers.database}?host={servers.described.sockets}")


def test_redis_asks_for_its_password(servers: Servers) -> None:
    if servers.described.redis_program is None:
        pytest.skip("the stand-in for Redis knows no password")
    with (
        redis.Redis(port=servers.described.redis_port, socket_timeout=5, retry=Retry(NoBackoff(), 0)) as stranger,
        pytest.raises(redis.AuthenticationError),
    ):
        stranger.ping()
