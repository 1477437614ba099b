"""Daily statistics: one statement merges a window of days, and the daily totals follow in the same transaction.

A window is (account, level, first day, last day). After the merge the table says for it exactly what Google said: rows
that did not change are not written, rows that Google no longer has are deleted, for Google drops days without traffic.
There is one writer per account; its lease sees to that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from uuid import UUID

from psycopg import errors
from sqlalchemy.orm import Session

from backend.adgraph import partitions
from backend.adgraph.staging import Stage, join_by_hash, raw

MEASURES = ("impressions", "clicks", "cost_micros", "conversions", "conversions_value")


class Level(IntEnum):
    """What a row of statistics is about; `stats.daily_stats.level` stores the number."""

    ACCOUNT = 1
    CAMPAIGN = 2
    AD_GROUP = 3
    AD = 4
    KEYWORD = 5
    ASSET = 6


class AssetPlace(IntEnum):
    """Where an asset was shown: each place has a number beside the levels, and together they are the level ASSET.

    The parent of such a row is the ad, asset group, campaign or ad group; an asset of the whole account has none.
    """

    AD = 6
    ASSET_GROUP = 7
    CAMPAIGN = 8
    AD_GROUP = 9
    ACCOUNT = 10


@dataclass(frozen=True, slots=True)
class StatsTable:
    """A partitioned statistics table: its key after the customer, and what else a row holds.

    Columns that the stage lacks (such as `level`) are given as SQL literals in `fixed`. `summed`: the stage has several
    rows of a key, which are added up.
    """

    name: str
    key: tuple[str, ...]
    values: tuple[str, ...]
    fixed: tuple[tuple[str, str], ...] = ()
    summed: bool = False

    @property
    def qualified(self) -> str:
        """The name with its schema."""
        return f"{partitions.SCHEMA}.{self.name}"


def daily_stats(level: Level | AssetPlace) -> StatsTable:
    """The daily statistics of one level, or of assets in one place."""
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
    window = _Window(stage, table, first, last)
    cursor = raw(session)
    values = {"customer": stage.customer_id}
    join_by_hash(session)
    if not _exists(session, window):
        return WindowMerged(_run(session, window.insert, values)[0], 0)
    written, rows = _run(session, window.merge, values)
    # Every staged key is in the table now: more rows than that means that some are gone at Google.
    cursor.execute(window.surplus(rows), values)
    row = cursor.fetchone()
    if row is None or row[0] <= 0:
        return WindowMerged(written, 0)
    cursor.execute(window.delete_vanished(), values)
    return WindowMerged(written, cursor.rowcount)


def _exists(session: Session, window: _Window) -> bool:
    cursor = raw(session)
    cursor.execute(
        f"SELECT EXISTS (SELECT FROM {window.table.qualified} t WHERE {window.condition})",
        {"customer": window.stage.customer_id},
    )
    row = cursor.fetchone()
    return row is not None and bool(row[0])


def _run(session: Session, statement: Callable[[str], str], values: dict[str, UUID]) -> tuple[int, str]:
    """Run a statement over the stage; if Google named a key twice, once more over its distinct keys.

    Returns how many rows it wrote, and which rows of the stage it took.
    """
    cursor = raw(session)
    try:
        with cursor.connection.transaction():  # a savepoint: the session's own would not see this cursor
            cursor.execute(statement("all"), values)
    except (errors.UniqueViolation, errors.CardinalityViolation):
        cursor.execute(statement("distinct"), values)
        return cursor.rowcount, "distinct"
    return cursor.rowcount, "all"


@dataclass(frozen=True, slots=True)
class _Window:
    """The SQL about one window; its dates are literals, so that the planner leaves out the other months."""

    stage: Stage
    table: StatsTable
    first: date
    last: date

    @property
    def condition(self) -> str:
        """Which rows `t` of the table lie in the window."""
        fixed = "".join(f" AND t.{column} = {literal}" for column, literal in self.table.fixed)
        return (
            f"t.customer_id = %(customer)s AND t.date >= DATE '{self.first.isoformat()}'"
            f" AND t.date <= DATE '{self.last.isoformat()}'{fixed}"
        )

    @property
    def same_key(self) -> str:
        """That `t` and `s` are about the same thing."""
        return " AND ".join(f"t.{column} = s.{column}" for column in self.table.key)

    def source(self, rows: str) -> str:
        """The staged rows, all of them or one of each key; added up by key where that is what the table wants."""
        if self.table.summed:
            key = ", ".join(self.table.key)
            sums = ", ".join(f"sum({_exact(column)}) AS {column}" for column in self.table.values)
            return f"(SELECT {key}, {sums} FROM {self.stage.table} GROUP BY {key})"
        if rows == "all":
            return self.stage.table
        return f"(SELECT DISTINCT ON ({', '.join(self.table.key)}) * FROM {self.stage.table})"

    def insert(self, rows: str) -> str:
        """For a window without rows."""
        names, values = self._columns()
        return f"INSERT INTO {self.table.qualified} ({names}) SELECT {values} FROM {self.source(rows)} s"

    def merge(self, rows: str) -> str:
        """For a window with rows. What is as it was leaves first, by a join: cheaper than MERGE's visit per row."""
        table, (names, values) = self.table, self._columns()
        same = " AND ".join(f"t.{column} = {_cast(column)}" for column in table.values)
        return f"""
WITH differing AS MATERIALIZED (
    SELECT s.* FROM {self.source(rows)} s
    WHERE NOT EXISTS (SELECT FROM {table.qualified} t WHERE {self.condition} AND {self.same_key} AND {same})
)
MERGE INTO {table.qualified} t USING differing s ON {self.condition} AND {self.same_key}
WHEN MATCHED THEN UPDATE SET {", ".join(f"{column} = s.{column}" for column in table.values)}
WHEN NOT MATCHED THEN INSERT ({names}) VALUES ({values})"""

    def surplus(self, rows: str) -> str:
        """How many more rows the table has than the stage has keys; `rows` as in `source`."""
        return (
            f"SELECT (SELECT count(*) FROM {self.table.qualified} t WHERE {self.condition})"
            f" - (SELECT count(*) FROM {self.source(rows)} s)"
        )

    def delete_vanished(self) -> str:
        """Delete the rows that the stage does not name."""
        return (
            f"DELETE FROM {self.table.qualified} t WHERE {self.condition}"
            f" AND NOT EXISTS (SELECT FROM {self.stage.table} s WHERE {self.same_key})"
        )

    def _columns(self) -> tuple[str, str]:
        table = self.table
        names = ("customer_id", *(column for column, _ in table.fixed), *table.key, *table.values)
        values = ("%(customer)s", *(literal for _, literal in table.fixed))
        staged = (f"s.{column}" for column in (*table.key, *table.values))
        return ", ".join(names), ", ".join((*values, *staged))


def _cast(column: str) -> str:
    return f"s.{_exact(column)}"


def _exact(column: str) -> str:
    """Fractions leave Google as binary ones, and are stored and added up as decimals."""
    return f"{column}::numeric" if column in ("conversions", "conversions_value") else column


def refresh_totals(session: Session, customer_id: UUID, google_customer_id: int, first: date, last: date) -> None:
    """Bring the daily totals of an account's campaigns, and of the account itself, up to the daily statistics."""
    _refresh(session, customer_id, Level.CAMPAIGN, _days_of(Level.CAMPAIGN, first, last), (first, last))
    account = (
        f"SELECT {int(google_customer_id)}::bigint AS google_id, date, {_SUMS} FROM stats.daily_totals"
        f" WHERE customer_id = %(customer)s AND level = {int(Level.CAMPAIGN)} AND {_between(first, last)} GROUP BY date"
    )
    _refresh(session, customer_id, Level.ACCOUNT, account, (first, last))


def refresh_asset_totals(session: Session, customer_id: UUID, place: AssetPlace, first: date, last: date) -> None:
    """Bring the daily totals of an account's assets in one place up to the daily statistics."""
    _refresh(session, customer_id, place, _days_of(place, first, last), (first, last))


_SUMS = ", ".join(f"sum({measure}) AS {measure}" for measure in MEASURES)


def _between(first: date, last: date) -> str:
    return f"date >= DATE '{first.isoformat()}' AND date <= DATE '{last.isoformat()}'"


def _days_of(level: Level | AssetPlace, first: date, last: date) -> str:
    """The days of each entity of a level, over all parents, devices and networks."""
    return (
        f"SELECT google_id, date, {_SUMS} FROM stats.daily_stats"
        f" WHERE customer_id = %(customer)s AND level = {int(level)} AND {_between(first, last)}"
        " GROUP BY google_id, date"
    )


def _refresh(
    session: Session, customer_id: UUID, level: Level | AssetPlace, source: str, days: tuple[date, date]
) -> None:
    cursor, values, bounds = raw(session), {"customer": customer_id}, _between(*days)
    join_by_hash(session)
    cursor.execute(_merge_totals(level, source, bounds), values)
    cursor.execute(_delete_vanished_totals(level, source, bounds), values)


def _delete_vanished_totals(level: Level | AssetPlace, source: str, bounds: str) -> str:
    return (
        f"DELETE FROM stats.daily_totals t WHERE t.customer_id = %(customer)s AND t.level = {int(level)}"
        f" AND t.{bounds.replace(' AND ', ' AND t.')} AND NOT EXISTS"
        f" (SELECT FROM ({source}) s WHERE s.google_id = t.google_id AND s.date = t.date)"
    )


def _merge_totals(level: Level | AssetPlace, source: str, bounds: str) -> str:
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
