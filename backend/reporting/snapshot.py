"""One moment of the database for many statements: what is read together agrees, whatever a sync commits meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.core import tenancy
from backend.core.db import db


@contextmanager
def snapshot() -> Iterator[Session]:
    """A session for the current tenant that reads as of its first statement and writes nothing.

    It ends with a commit: a rollback would throw the connection's prepared statements away.
    """
    with db.engine.connect() as connection:
        frozen = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with Session(frozen, expire_on_commit=False) as session:
            session.execute(
                text("SELECT set_config('app.tenant', :tenant, true)"),
                {"tenant": str(tenancy.current() or tenancy.SYSTEM)},
            )
            yield session
            session.commit()
