"""Prepared statements: kept by a connection that leads to PostgreSQL itself, never used behind a pooler."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from sqlalchemy import create_engine, text

from backend.core import prepared

NAMES = "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%%kept by name%%'"


class Pooled(psycopg.Connection[Any]):
    """A connection as a pooler hands it out: whoever greeted is not the process that answers."""

    @property
    def info(self) -> Any:
        """What the greeting said."""
        greeting = super().info

        class Greeting:
            backend_pid = greeting.backend_pid + 1

            def __getattr__(self, name: str) -> Any:
                return getattr(greeting, name)

        return Greeting()


@pytest.mark.parametrize(("kind", "kept"), [(psycopg.Connection, 1), (Pooled, 0)])
def test_only_a_direct_connection_prepares_and_only_what_is_asked_for(
    settings: Any, kind: type[psycopg.Connection[Any]], kept: int
) -> None:
    url = settings.database_url
    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: kind.connect(url.replace("postgresql+psycopg", "postgresql"))
    )
    prepared.allow_on(engine)
    try:
        with engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            for _ in range(10):
                driver.execute("SELECT 'kept by name unasked'")
            assert driver.execute(NAMES).fetchone() == (0,)
            for _ in range(2):
                assert driver.execute("SELECT %s, 'kept by name'", (7,), prepare=True).fetchone() == (7, "kept by name")
            assert driver.execute(NAMES).fetchone() == (kept,)
            driver.commit()
        with engine.connect() as connection:
            assert connection.execute(text(NAMES.replace("%%", "%"))).scalar_one() == kept
    finally:
        engine.dispose()


def test_questions_about_the_graph_stay_prepared(app: Any) -> None:
    from backend.core.db import db
    from backend.reporting.snapshot import snapshot

    with app.app_context():
        db.engine.dispose()  # so that the next one to ask is given the same connection
        with snapshot() as session:
            driver: Any = session.connection().connection.driver_connection
            driver.execute("SELECT 'kept by name', %s", (1,), prepare=True)
        with db.engine.connect() as connection:
            assert connection.connection.driver_connection is driver
            found = connection.execute(
                text("SELECT count(*) FROM pg_prepared_statements WHERE statement ~ 'kept by name'")
            )
            assert found.scalar_one() == 1
