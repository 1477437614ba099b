"""Stacks of their own: these tests start, kill and stop servers."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.servers import Servers
from tests.support.stack import Stack

# With an OAuth client of its own the stack starts no sandbox: these tests look at the supervisor, and start faster.
NO_SANDBOX = {"GOOGLE_ADS_CLIENT_ID": "client", "GOOGLE_ADS_CLIENT_SECRET": "secret"}


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    """A stack whose state lies in a folder with a space, started from a folder that is not the repository's."""
    made = Stack(tmp_path / "a folder" / "data", tmp_path, dict(NO_SANDBOX))
    made.data.parent.mkdir()
    yield made
    made.close()
    shutil.rmtree(made.home.state, ignore_errors=True)


@pytest.fixture
def given_stack(stack: Stack, servers: Servers) -> Iterator[Stack]:
    """A stack that uses servers which exist already, as with DATABASE_URL and REDIS_URL set."""
    with servers.fresh_database(f"cw_ops_{servers.redis_number}") as name:
        stack.settings |= {
            "DATABASE_URL": servers.described.database("cw_app", name),
            "MIGRATION_DATABASE_URL": servers.described.database("cw_owner", name),
            "REDIS_URL": servers.described.redis(servers.redis_number + 32),
        }
        yield stack
        stack.close()
