"""A backup holds everything and a restore brings it back, whole or not at all."""

from __future__ import annotations

import uuid
from datetime import date
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.adgraph import partitions
from backend.cli.keys import master_key
from backend.core.crypto import Keyring, Place
from config import parse_master_keys
from tests.support.database import engine_for
from tests.support.servers import Servers
from tests.support.stack import Stack


def add_statistics(url: str, month: int) -> None:
    """One day in a month of its own, made as the product makes months."""
    engine = engine_for(url)
    with Session(engine) as session, session.begin():
        day = date(2026, month, 5)
        partitions.ensure(session, "daily_stats", day, day)
        session.execute(
            text("INSERT INTO stats.daily_stats (customer_id, level, google_id, date) VALUES (:id, 1, 1, :day)"),
            {"id": uuid.uuid4(), "day": day},
        )
    engine.dispose()


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
        add_statistics(stack.settings["DATABASE_URL"], 10)
        made = stack.run("backup", str(file))
        assert made.returncode == 0, made.stderr
        assert file.stat().st_mode & 0o777 == 0o600
        assert stack.run("backup", str(file)).returncode == 1

        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute("DELETE FROM tenants")
            connection.execute("INSERT INTO tenants (id, name) VALUES (%s, 'later')", (uuid.uuid4(),))
        add_statistics(stack.settings["DATABASE_URL"], 11)
        back = stack.run("restore", str(file))
        assert back.returncode == 0, back.stderr
        with psycopg.connect(admin) as connection:
            assert connection.execute("SELECT id, name FROM tenants").fetchall() == [(tenant, "kept")]
            kept = connection.execute("SELECT tableoid::regclass::text, date FROM stats.daily_stats").fetchall()
            assert kept == [("stats.daily_stats_2026_10", date(2026, 10, 5))]
        add_statistics(stack.settings["DATABASE_URL"], 12)  # whoever made the months may go on making them

        file.write_bytes(file.read_bytes()[:1000])
        broken = stack.run("restore", str(file))
        assert broken.returncode == 1
        assert broken.stderr.count("\n") == 1
        with psycopg.connect(admin) as connection:
            assert connection.execute("SELECT count(*) FROM tenants").fetchone() == (1,)


def connected(connection: psycopg.Connection[object], key: str) -> None:
    """A Google account whose refresh token was sealed by an installation with this master key."""
    tenant, user, google_account, credential = (uuid.uuid4() for _ in range(4))
    sealed = Keyring(parse_master_keys(key)).seal(
        "1//refresh", Place(str(tenant), "user_credentials", str(credential), "refresh_token")
    )
    connection.execute("INSERT INTO tenants (id, name) VALUES (%s, 'kept')", (tenant,))
    connection.execute(
        "INSERT INTO users (id, tenant_id, email, name, active) VALUES (%s, %s, %s, 'Ada', true)",
        (user, tenant, f"{user}@example.com"),
    )
    connection.execute(
        "INSERT INTO google_accounts (id, tenant_id, subject, email) VALUES (%s, %s, %s, 'ada@example.com')",
        (google_account, tenant, str(google_account)),
    )
    connection.execute(
        "INSERT INTO user_credentials (id, tenant_id, user_id, google_account_id, encrypted_refresh_token, iv,"
        " auth_tag, wrapped_key, key_version, status) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, 'ACTIVE')",
        (credential, tenant, user, google_account, sealed.ciphertext, sealed.iv, sealed.auth_tag, sealed.wrapped_key,
         sealed.key_version),
    )  # fmt: skip


@pytest.mark.slow(reason="pg_dump, and pg_restore four times, by commands that each start Python")
def test_a_restore_says_whether_the_master_key_opens_what_it_brought(
    servers: Servers, stack: Stack, tmp_path: Path
) -> None:
    file, key = tmp_path / "drill.dump", master_key(1)
    with servers.fresh_database(f"cw_drill_{servers.redis_number}") as name:
        owner, admin = (servers.described.database(role, name) for role in ("cw_owner", "postgres"))
        stack.settings |= {
            "DATABASE_URL": servers.described.database("cw_app", name),
            "MIGRATION_DATABASE_URL": owner,
            "REDIS_URL": servers.redis_url,
            "SECRET_KEY": "s" * 48,
        }
        with psycopg.connect(admin, autocommit=True) as connection:
            connected(connection, key)
        assert stack.run("backup", str(file)).returncode == 0
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute("DELETE FROM tenants")

        for keys, code, told in (
            (key, 0, ""),
            (f"{master_key(2)},{key}", 0, ""),
            (master_key(1), 1, "APP_MASTER_KEY must hold the v1 that the stored credentials were encrypted with"),
            (master_key(2), 1, "APP_MASTER_KEY lacks v1, which stored credentials need"),
        ):
            back = stack.run("restore", str(file), APP_MASTER_KEY=keys)
            assert (back.returncode, told in back.stderr) == (code, True), back.stderr
            assert back.stderr.count("\n") == code, back.stderr
            assert keys.partition(":")[2] not in back.stdout + back.stderr
        with psycopg.connect(admin) as connection:
            assert connection.execute("SELECT count(*) FROM user_credentials").fetchone() == (1,)
