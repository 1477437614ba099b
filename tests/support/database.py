"""What stands in PostgreSQL, whoever owns it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine, create_engine, text
from sqlalchemy.pool import NullPool

Rows = Callable[..., list[dict[str, Any]]]
ENDED = ("finished", "failed")


def engine_for(url: str) -> Engine:
    """An engine that keeps no connection between statements."""
    return create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1), poolclass=NullPool)


def reader(engine: Engine) -> Rows:
    """`rows("SELECT … WHERE id = :id", id=…)`: the rows as dicts; statements without rows answer an empty list."""

    def rows(statement: str, **values: Any) -> list[dict[str, Any]]:
        with engine.begin() as connection:
            result = connection.execute(text(statement), values)
            return [dict(row) for row in result.mappings()] if result.returns_rows else []

    return rows


def job_waiter(rows: Rows) -> Callable[..., dict[str, Any]]:
    """`wait_for_job(id, timeout=30)`: the job's row once it is finished or failed."""

    def wait_for_job(job_id: object, timeout: float = 30) -> dict[str, Any]:
        deadline = time.monotonic() + timeout
        while True:
            found = rows("SELECT * FROM jobs WHERE id = CAST(:id AS uuid)", id=str(job_id))
            assert found, f"there is no job {job_id}"
            if found[0]["status"] in ENDED:
                return found[0]
            assert time.monotonic() < deadline, f"job {job_id} has not ended after {timeout} s: {found[0]}"
            time.sleep(0.05)

    return wait_for_job
