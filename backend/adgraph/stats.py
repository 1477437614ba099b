"""Daily statistics: one statement merges a window of days, and the daily totals follow in the same transaction.

A window is (account, level, first day, last day). After the merge the table says for it exactly what Google said: rows
that did not change are not written, rows that Google no longer has are deleted, for Google drops days without traffic.
There is one writer per account; its lease sees to that.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from uuid import UUID

from sqlalchemy.orm import Session

from backend.adgraph import partitions
from backend.adgraph.staging import Stage, planner_memory, raw

MEASURES = ("impressions", "clicks", "cost_micros", "conversions", "conversions_value")


class Level(IntEnum):
    """What a row of statistics is about; `stats.daily_stats.level` stores the number."""

    ACCOUNT = 1
    CAMPAIGN = 2
    AD_GROUP = 3
    AD = 4
    KEYWORD = 5
    ASSET = 6


@dataclass(frozen=True, slots=True)
class StatsTable:
    """A partitioned statistics table: its key after the customer, and what else a row holds.

    Columns that the stage lacks (such as `level`) are given as SQL literals in `fixed`.
    """

    name: str
    key: tuple[str, ...]
    values: tuple[str, ...]
    fixed: tuple[tuple[str, str], ...] = ()

    @property
    def qualified(self) -> str:
        """The name with its schema."""
        return f"{partitions.SCHEMA}.{self.name}"


def daily_stats(level: Level) -> StatsTable:
    """The daily statistics of one level."""
    return StatsTable(
        "daily_stats",
        key=("google_id", "parent_google_id", "date", "device", "network"),
        values=MEASURES,
        fixed=(("level", f"{int(level)}"),),
    )


SEARCH_TERMS = StatsTable(
    "search_term_stats",
    key=("ad_group_google_id", "date", "search_term", "keyword_google_id", "match_type"),
    values=("campaign_google_id", "status", *MEASURES),
)


@dataclass(frozen=True, slots=True)
class WindowMerged:
    """How many rows of a window were written and how many vanished."""

    written: int
    deleted: int


def merge_window(session: Session, stage: Stage, table: StatsTable, first: date, last: date) -> WindowMerged:
    """Make a window of a statistics table equal to a filled stage, writing only what differs."""
    partitions.ensure(session, table.name, first, last)
    cursor = raw(session)
    values = {"customer": stage.customer_id}
    with planner_memory(session):
        if _is_empty(session, stage.customer_id, table, first, last):
            cursor.execute(_insert_statement(stage, table), values)
            return WindowMerged(cursor.rowcount, 0)
        cursor.execute(_merge_statement(stage, table, first, last), values)
        written = cursor.rowcount
        cursor.execute(_vanished_statement(stage, table, first, last), values)
        return WindowMerged(written, cursor.rowcount)


def _is_empty(session: Session, customer_id: UUID, table: StatsTable, first: date, last: date) -> bool:
    cursor = raw(session)
    cursor.execute(
        f"SELECT EXISTS (SELECT FROM {table.qualified} t WHERE t.customer_id = %(customer)s"
        f" AND {_window(table, first, last)})",
        {"customer": customer_id},
    )
    row = cursor.fetchone()
    return row is not None and not row[0]


def _window(table: StatsTable, first: date, last: date) -> str:
    """Conditions on `t` with literal dates, so that the planner leaves out the other months."""
    fixed = "".join(f" AND t.{column} = {literal}" for column, literal in table.fixed)
    return f"t.date >= DATE '{first.isoformat()}' AND t.date <= DATE '{last.isoformat()}'{fixed}"


def _insert_columns(table: StatsTable) -> tuple[str, str]:
    fixed = [column for column, _ in table.fixed]
    names = ", ".join(("customer_id", *fixed, *table.key, *table.values))
    sources = ", ".join(("%(customer)s", *(literal for _, literal in table.fixed), *_staged(table)))
    return names, sources


def _staged(table: StatsTable) -> list[str]:
    return [f"s.{column}" for column in (*table.key, *table.values)]


def _insert_statement(stage: Stage, table: StatsTable) -> str:
    """For a window without rows. A key may stand twice where a query's chunks overlap: the first row is kept."""
    names, sources = _insert_columns(table)
    return f"INSERT INTO {table.qualified} ({names}) SELECT {sources} FROM {stage.table} s ON CONFLICT DO NOTHING"


def _merge_statement(stage: Stage, table: StatsTable, first: date, last: date) -> str:
    keys = " AND ".join(f"t.{column} = s.{column}" for column in table.key)
    mine = ", ".join(f"t.{column}" for column in table.values)
    theirs = ", ".join(_cast(f"s.{column}", column) for column in table.values)
    assigned = ", ".join(f"{column} = s.{column}" for column in table.values)
    names, sources = _insert_columns(table)
    return f"""
MERGE INTO {table.qualified} t USING (SELECT DISTINCT ON ({", ".join(table.key)}) * FROM {stage.table}) s
ON t.customer_id = %(customer)s AND {_window(table, first, last)} AND {keys}
WHEN MATCHED AND ({mine}) IS DISTINCT FROM ({theirs}) THEN UPDATE SET {assigned}
WHEN NOT MATCHED THEN INSERT ({names}) VALUES ({sources})"""


def _cast(expression: str, column: str) -> str:
    return f"{expression}::numeric" if column in ("conversions", "conversions_value") else expression


def _vanished_statement(stage: Stage, table: StatsTable, first: date, last: date) -> str:
    keys = " AND ".join(f"s.{column} = t.{column}" for column in table.key)
    return (
        f"DELETE FROM {table.qualified} t WHERE t.customer_id = %(customer)s AND {_window(table, first, last)}"
        f" AND NOT EXISTS (SELECT FROM {stage.table} s WHERE {keys})"
    )


def refresh_totals(session: Session, customer_id: UUID, google_customer_id: int, first: date, last: date) -> None:
    """Bring the daily totals of an account's campaigns, and of the account itself, up to the daily statistics."""
    cursor = raw(session)
    values = {"customer": customer_id, "account": google_customer_id}
    bounds = f"date >= DATE '{first.isoformat()}' AND date <= DATE '{last.isoformat()}'"
    sums = ", ".join(f"sum({measure}) AS {measure}" for measure in MEASURES)
    campaigns = (
        f"SELECT google_id, date, {sums} FROM stats.daily_stats"
        f" WHERE customer_id = %(customer)s AND level = {int(Level.CAMPAIGN)} AND {bounds} GROUP BY google_id, date"
    )
    account = (
        f"SELECT %(account)s::bigint AS google_id, date, {sums} FROM stats.daily_totals"
        f" WHERE customer_id = %(customer)s AND level = {int(Level.CAMPAIGN)} AND {bounds} GROUP BY date"
    )
    for level, source in ((Level.CAMPAIGN, campaigns), (Level.ACCOUNT, account)):
        cursor.execute(_totals_statement(level, source, bounds), values)
        cursor.execute(
            f"DELETE FROM stats.daily_totals t WHERE t.customer_id = %(customer)s AND t.level = {int(level)}"
            f" AND t.{bounds.replace(' AND ', ' AND t.')} AND NOT EXISTS"
            f" (SELECT FROM ({source}) s WHERE s.google_id = t.google_id AND s.date = t.date)",
            values,
        )


def _totals_statement(level: Level, source: str, bounds: str) -> str:
    mine = ", ".join(f"t.{measure}" for measure in MEASURES)
    theirs = ", ".join(f"s.{measure}" for measure in MEASURES)
    return f"""
MERGE INTO stats.daily_totals t USING ({source}) s
ON t.customer_id = %(customer)s AND t.level = {int(level)} AND t.{bounds.replace(" AND ", " AND t.")}
   AND t.google_id = s.google_id AND t.date = s.date
WHEN MATCHED AND ({mine}) IS DISTINCT FROM ({theirs}) THEN UPDATE SET
    {", ".join(f"{measure} = s.{measure}" for measure in MEASURES)}
WHEN NOT MATCHED THEN INSERT (customer_id, level, google_id, date, {", ".join(MEASURES)})
    VALUES (%(customer)s, {int(level)}, s.google_id, s.date, {theirs})"""
