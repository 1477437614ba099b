"""A backup holds everything and a restore brings it back, whole or not at all."""

from __future__ import annotations

import uuid
from pathlib import Path

import psycopg
import pytest

from tests.support.servers import Servers
from tests.support.stack import Stack


@pytest.mark.slow(reason="pg_dump and pg_restore of the whole schema, by four commands that each start Python")
def test_a_restore_brings_back_what_the_backup_held(servers: Servers, stack: Stack, tmp_path: Path) -> None:
    file = tmp_path / "campaign wizard.dump"
    with servers.fresh_database(f"cw_backup_{servers.redis_number}") as name:
        owner, admin = (servers.described.database(role, name) for role in ("cw_owner", "postgres"))
        stack.settings = {
            "DATABASE_URL": servers.described.database("cw_app", name),
            "MIGRATION_DATABASE_URL": owner,
            "REDIS_URL": servers.redis_url,
        }
        tenant = uuid.uuid4()
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute("INSERT INTO tenants (id, name) VALUES (%s, 'kept')", (tenant,))
        made = stack.run("backup", str(file))
        assert made.returncode == 0, made.stderr
        assert file.stat().st_mode & 0o777 == 0o600
        assert stack.run("backup", str(file)).returncode == 1

        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute("DELETE FROM tenants")
            connection.execute("INSERT INTO tenants (id, name) VALUES (%s, 'later')", (uuid.uuid4(),))
        back = stack.run("restore", str(file))
        assert back.returncode == 0, back.stderr
        with psycopg.connect(admin) as connection:
            assert connection.execute("SELECT id, name FROM tenants").fetchall() == [(tenant, "kept")]

        file.write_bytes(file.read_bytes()[:1000])
        broken = stack.run("restore", str(file))
        assert broken.returncode == 1
        assert broken.stderr.count("\n") == 1
        with psycopg.connect(admin) as connection:
            assert connection.execute("SELECT count(*) FROM tenants").fetchone() == (1,)
