"""P9, P10: reading statistics and dropping a month of them, on the product's own tables.

    python3 run.py bench stats --rows 20000000

Four accounts, six months, campaign and keyword rows by device and network, made by the server itself. P9 times the
product's sum of a campaign's month against `select 1` on the same connection, and the very statement of
`GET /api/performance` (an account by day) against the same sums over the daily rows; both sides' numbers are compared
first. P10 reads the plans of the statistics endpoints' statements, and drops a month as the product does against a
DELETE of as many rows. Filling takes some five minutes for 20 million rows (another run of the same size reuses
them), and as long again for the months that are dropped.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import time
import uuid
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import harness

harness.import_the_product()

import psycopg  # noqa: E402
from sqlalchemy import Engine, create_engine, text  # noqa: E402
from sqlalchemy.orm import Session  # noqa: E402

from backend.adgraph import partitions  # noqa: E402
from backend.adgraph.staging import raw  # noqa: E402
from backend.adgraph.stats import MEASURES, Level, refresh_totals  # noqa: E402
from backend.core import prepared  # noqa: E402
from backend.reporting import totals  # noqa: E402
from backend.reporting.performance import service  # noqa: E402
from backend.reporting.performance.question import Granularity, Question  # noqa: E402
from backend.reporting.performance.statement import Statement, build  # noqa: E402
from backend.reporting.periods import Period  # noqa: E402
from backend.sync.account import Account  # noqa: E402

NEEDS = ("database",)
FIRST, LAST = date(2026, 1, 1), date(2026, 6, 30)
MONTH = Period(date(2026, 3, 1), date(2026, 3, 31))
DAYS = (LAST - FIRST).days + 1
ACCOUNTS, CAMPAIGNS, SPLITS = 4, 1000, 6
DROPPED, DELETED = date(2019, 1, 1), date(2019, 2, 1)
PARTITION = re.compile(r"daily_stats_(\d{4})_(\d{2})")
SUMS = ", ".join(f"sum({measure}) AS {measure}" for measure in MEASURES)
SPLIT_VALUES = "(VALUES (2, 2), (4, 2), (2, 4), (4, 4), (3, 2), (6, 8)) AS split(device, network)"

FILL = """
INSERT INTO stats.daily_stats (customer_id, level, parent_google_id, google_id, date, device, network,
    impressions, clicks, cost_micros, conversions, conversions_value)
SELECT %(customer)s, {level}, {parent}, n, %(day)s, device, network, 100 + n %% 900, n %% 90,
    (n %% 90) * 1234567::bigint, (n %% 7) / 10.0, (n %% 11) * 1.5
FROM generate_series(1, %(entities)s) AS n CROSS JOIN {splits}
"""


def account(number: int) -> Account:
    """One of the accounts."""
    customer = uuid.uuid5(uuid.NAMESPACE_OID, f"bench stats {number}")
    return Account(customer, str(2_000_000_001 + number), f"bench-{number}", "", "EUR", "UTC", False, "ENABLED")


def prepare(engine: Engine, rows: int) -> int:
    """Fill the tables, unless an earlier run left as many rows; gives how many there are (4.3 million at least)."""
    keywords = max(1, (rows // ACCOUNTS // DAYS - CAMPAIGNS * SPLITS) // 3)
    with Session(engine) as session:
        found = session.execute(
            text("SELECT count(*) FROM stats.daily_stats WHERE customer_id = ANY(:ids) AND date = :day"),
            {"ids": [account(number).customer_id for number in range(ACCOUNTS)], "day": LAST},
        ).scalar_one()
        daily = ACCOUNTS * (CAMPAIGNS * SPLITS + keywords * 3)
        if found == daily:
            return daily * DAYS
        clear(session)
        partitions.ensure(session, "daily_stats", FIRST, LAST)
        session.commit()
        for number in range(ACCOUNTS):
            fill(session, account(number), keywords)
            print(f"  account {number + 1} of {ACCOUNTS} is filled", flush=True)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE stats.daily_stats"))
        connection.execute(text("VACUUM ANALYZE stats.daily_totals"))
    return daily * DAYS


def clear(session: Session) -> None:
    """Remove what runs of another size left."""
    session.execute(text("TRUNCATE stats.daily_stats, stats.daily_totals"))
    session.commit()


def fill(session: Session, which: Account, keywords: int) -> None:
    """Six months of one account, a day at a time, and its daily totals."""
    cursor = raw(session)
    campaign = FILL.format(level=int(Level.CAMPAIGN), parent="0", splits=SPLIT_VALUES)
    keyword = FILL.format(
        level=int(Level.KEYWORD), parent="n / 10", splits=f"(SELECT * FROM {SPLIT_VALUES} LIMIT 3) AS split"
    )
    for number in range(DAYS):
        values: dict[str, Any] = {"customer": which.customer_id, "day": FIRST + timedelta(days=number)}
        cursor.execute(campaign, {**values, "entities": CAMPAIGNS})
        cursor.execute(keyword, {**values, "entities": keywords})
    refresh_totals(session, which.customer_id, int(which.google_id), FIRST, LAST)
    session.commit()


def daily_sums(which: Account, period: Period, where: str, by: str) -> Statement:
    """The same numbers from the daily rows."""
    sql = (
        f"SELECT {by} AS bucket, {SUMS} FROM stats.daily_stats WHERE customer_id = %(customer)s"
        f" AND level = {int(Level.CAMPAIGN)} AND date BETWEEN %(first)s AND %(last)s {where} GROUP BY 1 ORDER BY 1"
    )
    return Statement(sql, {"customer": which.customer_id, "first": period.first, "last": period.last})


def measures(connection: psycopg.Connection[Any], statement: Statement) -> list[tuple[Any, ...]]:
    """(bucket, sums…) of every row."""
    cursor = connection.execute(statement.sql, statement.values)
    names = [column.name for column in cursor.description or ()]
    places = [names.index(name) for name in ("bucket", *MEASURES)]
    return [tuple(row[place] for place in places) for row in cursor]


def repeated(arm: Callable[[], object], times: int = 200) -> Callable[[], object]:
    """An arm that is too short to be timed once."""
    return lambda: [arm() for _ in range(times)]


def p9(engine: Engine, rows: int) -> bool:
    """One campaign's month against `select 1`; an account by day against the daily rows."""
    which, half_year = account(1), Period(FIRST, LAST)
    by_day = Question(which, Level.ACCOUNT, half_year, Granularity.DAY)
    base = daily_sums(which, half_year, "", "date")
    plain = daily_sums(which, MONTH, "AND google_id = 77", "NULL::date")
    with Session(engine) as session:
        connection = raw(session).connection
        product = [tuple(getattr(row, name) for name in ("bucket", *MEASURES)) for row in service.rows(session, by_day)]
        assert product == measures(connection, base)
        month = totals.of_campaign(session, which, 77, MONTH)
        assert [(None, *(getattr(month, name) for name in MEASURES))] == measures(connection, plain)
        timings = harness.interleave(
            {
                "select 1, 200 times": repeated(lambda: raw(session).execute("SELECT 1").fetchone()),
                "campaign month, 200 times": repeated(lambda: totals.of_campaign(session, which, 77, MONTH)),
                "account by day, product": lambda: service.rows(session, by_day),
                "account by day, daily rows": lambda: measures(connection, base),
            },
            rounds=7,
        )
    harness.show("P9: reading statistics", timings)
    ratio = timings["campaign month, 200 times"].median / timings["select 1, 200 times"].median
    faster = timings["account by day, daily rows"].median / timings["account by day, product"].median
    met = harness.target("stats", "P9", ratio, 5, at_most=True, what="campaign month / select 1", rows=rows)
    return harness.target("stats", "P9", faster, 100, what="daily rows / account by day", rows=rows) and met


def p10_plans(connection: psycopg.Connection[Any]) -> bool:
    """Which months the statements touch that read daily rows."""
    touched: set[tuple[int, int]] = set()
    for level in (Level.ACCOUNT, Level.CAMPAIGN, Level.AD_GROUP, Level.KEYWORD):
        statement = build(Question(account(1), level, MONTH, splits=("device",)))
        row = connection.execute(f"EXPLAIN (FORMAT JSON) {statement.sql}", statement.values).fetchone()
        assert row is not None
        touched |= {(int(year), int(month)) for year, month in PARTITION.findall(json.dumps(row[0]))}
    return harness.target("stats", "P10", len(touched), 1, at_most=True, what="partitions in the plans of one month")


def age(connection: psycopg.Connection[Any], partition: str) -> None:
    """Let a month that was just written lie on disk and nowhere else, as one that is dropped for its age does.

    Without it dropping measures how fast the system gives cached pages back. A server that is not a benchmark's own
    keeps its cache.
    """
    os.sync()
    files = connection.execute(
        "SELECT pg_relation_filepath(oid) FROM pg_class WHERE oid = %(table)s::regclass OR oid IN"
        " (SELECT indexrelid FROM pg_index WHERE indrelid = %(table)s::regclass)",
        {"table": f"stats.{partition}"},
    ).fetchall()
    data = Path(connection.info.host).parent / "postgres"
    for (name,) in files:
        for segment in data.glob(f"{name}*"):
            with segment.open("rb") as file:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def p10_drop(engine: Engine, connection: psycopg.Connection[Any], rows: int, rounds: int) -> bool:
    """Drop a month as the product does, and DELETE as many rows, each from a fresh fill."""
    seconds: dict[str, list[float]] = {"drop": [], "delete": []}
    for _ in range(rounds):
        with Session(engine) as session:
            partitions.ensure(session, "daily_stats", DROPPED, DELETED)
            cursor = raw(session)
            for month in (DROPPED, DELETED):
                sql = FILL.format(level=int(Level.KEYWORD), parent="0", splits=SPLIT_VALUES)
                cursor.execute(sql, {"customer": account(0).customer_id, "day": month, "entities": rows // SPLITS})
            session.commit()
        for month in (DROPPED, DELETED):
            age(connection, partitions.partition_name("daily_stats", month))
        begin = time.perf_counter()
        dropped = partitions.drop_before(engine, "daily_stats", DELETED)
        seconds["drop"].append(time.perf_counter() - begin)
        assert dropped == [partitions.partition_name("daily_stats", DROPPED)]
        begin = time.perf_counter()
        deleted = connection.execute(
            "DELETE FROM stats.daily_stats WHERE date >= %s AND date < %s", (DELETED, partitions.next_month(DELETED))
        ).rowcount
        seconds["delete"].append(time.perf_counter() - begin)
        assert deleted == rows // SPLITS * SPLITS
        partitions.drop_before(engine, "daily_stats", partitions.next_month(DELETED))
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    for name, values in seconds.items():
        print(f"  {name:8} {medians[name] * 1e3:10.1f} ms  ({min(values) * 1e3:.1f}..{max(values) * 1e3:.1f})")
    ratio = medians["delete"] / medians["drop"]
    return harness.target("stats", "P10", ratio, 10, what="DELETE / drop of a month", rows=rows)


def main() -> int:
    """Fill, check that both sides agree, time, compare with the targets."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=20_000_000, help="daily rows of all accounts (default 20 million)")
    parser.add_argument("--month-rows", type=int, help="rows of the month that is dropped (default: a sixth of --rows)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of dropping (default 3)")
    asked = parser.parse_args()
    url = os.environ["DATABASE_URL"]
    dialect = url.replace("postgresql://", "postgresql+psycopg://", 1)
    engine = create_engine(dialect)
    prepared.allow_on(engine)
    rows = prepare(engine, asked.rows)
    with psycopg.connect(url, autocommit=True, prepare_threshold=None) as connection:
        met = [p9(engine, rows), p10_plans(connection)]
        met.append(p10_drop(engine, connection, asked.month_rows or asked.rows // 6, asked.rounds))
    engine.dispose()
    return 0 if all(met) else 1


if __name__ == "__main__":
    raise SystemExit(main())
