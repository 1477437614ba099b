"""One line of migrations, up and down, on a database that the product's roles script has made."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from alembic.script import ScriptDirectory

from tests.support.keeper import base_environment
from tests.support.servers import Servers

ROOT = Path(__file__).resolve().parents[2]


def test_there_is_one_head() -> None:
    assert len(ScriptDirectory(str(ROOT / "migrations")).get_heads()) == 1


def objects(url: str) -> dict[str, set[str]]:
    """What stands in the two schemas, but for Alembic's own table."""
    ours = "('public'::regnamespace, 'stats'::regnamespace)"
    questions = {
        "tables": "SELECT schemaname || '.' || tablename FROM pg_tables WHERE schemaname IN ('public', 'stats')",
        "functions": f"SELECT proname FROM pg_proc WHERE pronamespace IN {ours}",
        "types": "SELECT typname FROM pg_type WHERE typnamespace = 'public'::regnamespace AND typtype IN ('e', 'd')",
        "sequences": "SELECT sequencename FROM pg_sequences WHERE schemaname IN ('public', 'stats')",
    }
    with psycopg.connect(url) as connection:
        found = {name: {row[0] for row in connection.execute(text)} for name, text in questions.items()}
    found["tables"].discard("public.alembic_version")
    return found


@pytest.mark.slow(reason="two Alembic processes walk through every migration, down and up")
def test_migrations_go_down_to_nothing_and_up_again(servers: Servers) -> None:
    with servers.fresh_database(f"cw_migrations_{servers.redis_number}") as name:
        environment = {**os.environ, **base_environment(servers.described, name, servers.redis_number)}
        owner = servers.described.database("cw_owner", name)
        before = objects(owner)
        assert "public.campaigns" in before["tables"]

        def alembic(*arguments: str) -> None:
            command = [sys.executable, "-m", "flask", "--app", "backend.app", "db", *arguments]
            done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr

        alembic("downgrade", "base")
        assert objects(owner) == {"tables": set(), "functions": set(), "types": set(), "sequences": set()}
        alembic("upgrade")
        assert objects(owner) == before
