"""Month partitions of the statistics: made before they are needed, dropped by age.

There is no DEFAULT partition: it would block both. A partition is filled as a table of its own and attached, which
takes no lock that readers wait for; it is detached concurrently before it is dropped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

SCHEMA = "stats"
TABLES = ("daily_stats", "search_term_stats")
_NAME = re.compile(r"(?P<table>[a-z_]+)_(?P<year>\d{4})_(?P<month>\d{2})")


def month_start(day: date) -> date:
    """The first day of a day's month."""
    return day.replace(day=1)


def next_month(day: date) -> date:
    """The first day of the month after a day's month."""
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1)


def months(first: date, last: date) -> Iterator[date]:
    """The first days of the months that a range of days touches."""
    current = month_start(first)
    while current <= last:
        yield current
        current = next_month(current)


def partition_name(table: str, month: date) -> str:
    """The name of a month's partition, without its schema."""
    return f"{table}_{month.year:04d}_{month.month:02d}"


def existing(session: Session, table: str) -> dict[str, date]:
    """The attached partitions of a table and their months."""
    rows = session.execute(
        text(
            "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
            " WHERE i.inhparent = to_regclass(:parent) AND NOT i.inhdetachpending"
        ),
        {"parent": f"{SCHEMA}.{table}"},
    ).scalars()
    found = {}
    for name in rows:
        match = _NAME.fullmatch(name)
        if match is not None and match["table"] == table:
            found[name] = date(int(match["year"]), int(match["month"]), 1)
    return found


def ensure(session: Session, table: str, first: date, last: date) -> list[str]:
    """Make the partitions that a range of days needs; one transaction at a time, the others wait and find them made."""
    _known(table)
    wanted = {partition_name(table, month): month for month in months(first, last)}
    if wanted.keys() <= existing(session, table).keys():
        return []
    session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": f"partitions:{table}"})
    present = existing(session, table)
    missing = {name: month for name, month in wanted.items() if name not in present}
    for name, month in missing.items():
        session.execute(text(f"CREATE TABLE {SCHEMA}.{name} (LIKE {SCHEMA}.{table} INCLUDING ALL)"))
        session.execute(
            text(
                f"ALTER TABLE {SCHEMA}.{table} ATTACH PARTITION {SCHEMA}.{name}"
                f" FOR VALUES FROM ('{month.isoformat()}') TO ('{next_month(month).isoformat()}')"
            )
        )
    return list(missing)


def drop_before(engine: Engine, table: str, first_kept: date) -> list[str]:
    """Detach and drop the partitions whose whole month lies before `first_kept`; other months are not touched.

    DETACH CONCURRENTLY cannot run in a transaction, so this takes an engine.
    """
    _known(table)
    with Session(engine) as session:
        old = sorted(name for name, month in existing(session, table).items() if next_month(month) <= first_kept)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for name in old:
            connection.execute(text(f"ALTER TABLE {SCHEMA}.{table} DETACH PARTITION {SCHEMA}.{name} CONCURRENTLY"))
            connection.execute(text(f"DROP TABLE {SCHEMA}.{name}"))
    return old


def _known(table: str) -> None:
    if table not in TABLES:
        raise ValueError(f"{table!r} is not partitioned by month")
