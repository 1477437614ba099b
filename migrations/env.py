"""Run the migrations on the database of this application, as the owner of the tables."""

from __future__ import annotations

from alembic import context
from flask import current_app
from sqlalchemy import create_engine, pool, text

from backend.core.base import Base

LOCK = "SELECT pg_advisory_lock(hashtextextended('campaignwizard.migrations', 0))"


def run() -> None:
    """Upgrade or downgrade online; a second process that migrates at the same time waits for the first."""
    engine = create_engine(current_app.config["MIGRATION_DATABASE_URL"], poolclass=pool.NullPool)
    with engine.connect() as connection:
        connection.execute(text(LOCK))
        connection.commit()
        context.configure(connection=connection, target_metadata=Base.metadata, compare_type=True)
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


run()
