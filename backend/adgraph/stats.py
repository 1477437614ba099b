"""Daily statistics: one statement merges a window of days, and the daily totals follow in the same transaction.

A window is (account, level, first day, last day). After the merge the table says for it exactly what Google said: rows
that did not change are not written, rows that Google no longer has are deleted, for Google drops days without traffic.
There is one writer per account; its lease sees to that.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from uuid import UUID

from psycopg import errors
from sqlalchemy.orm import Session

from backend.adgraph import partitions
from backend.adgraph.spool import Spool
from backend.adgraph.staging import Stage, join_by_hash, raw
from backend.integrations.googleads.rows import Constant, Selection

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
    """A partitioned statistics table: its key after the account, and what else a row holds.

    `fixed` are columns that are the same in every row of an answer, such as `level`. `summed`: an answer has several
    rows of a key, which are added up.
    """

    name: str
    key: tuple[str, ...]
    values: tuple[str, ...]
    fixed: tuple[Constant, ...] = ()
    summed: bool = False

    @property
    def qualified(self) -> str:
        """The name with its schema."""
        return f"{partitions.SCHEMA}.{self.name}"

    def constants(self, customer_id: UUID) -> tuple[Constant, ...]:
        """What stands in every row of an account's answer beside what Google said."""
        return (Constant("customer_id", "uuid", customer_id), *self.fixed)


def daily_stats(level: Level | AssetPlace) -> StatsTable:
    """The daily statistics of one level, or of assets in one place."""
    return StatsTable(
        "daily_stats",
        key=("google_id", "parent_google_id", "date", "device", "network"),
        values=MEASURES,
        fixed=(Constant("level", "smallint", int(level)),),
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


def merge_window(
    session: Session, customer_id: UUID, spool: Spool, table: StatsTable, days: tuple[date, date]
) -> WindowMerged:
    """Make a window of a statistics table equal to a spooled answer, writing only what differs.

    `days` are the first and the last one of the window. The constants of `spool` are `table.constants(customer_id)`. An
    empty window takes the answer as it is.
    """
    partitions.ensure(session, table.name, *days)
    window = _Window(customer_id, spool.selection, table, *days)
    if not _exists(session, window):
        if not spool.rows:
            return WindowMerged(0, 0)
        if not table.summed and _copied(session, spool, table):
            return WindowMerged(spool.rows, 0)
    return _merge(session, spool, window)


def _exists(session: Session, window: _Window) -> bool:
    cursor = raw(session)
    cursor.execute(
        f"SELECT EXISTS (SELECT FROM {window.table.qualified} t WHERE {window.condition})",
        {"customer": window.customer_id},
    )
    row = cursor.fetchone()
    return row is not None and bool(row[0])


def _copied(session: Session, spool: Spool, table: StatsTable) -> bool:
    """Copy an answer straight into its table; False, and nothing is written, if Google named a key in two chunks."""
    try:
        with _savepoint(session):
            spool.copy_into(session, table.qualified)
    except errors.UniqueViolation:
        return False
    return True


def _merge(session: Session, spool: Spool, window: _Window) -> WindowMerged:
    """Stage the answer, find what differs by one join, and write that alone."""
    cursor, values = raw(session), {"customer": window.customer_id}
    join_by_hash(session)
    window.stage.create(session)
    spool.copy_into(session, window.stage.table)
    cursor.execute(window.compare(), values)
    merged = WindowMerged(0, 0)
    if cursor.rowcount:
        written = _write_differing(session, window, values)
        cursor.execute(window.delete_vanished(), values)
        merged = WindowMerged(written, cursor.rowcount)
    cursor.execute(f"DROP TABLE {window.differing}")
    window.stage.drop(session)
    return merged


def _write_differing(session: Session, window: _Window, values: dict[str, UUID]) -> int:
    """Write new and changed rows; if Google named a key in two chunks, one row of each key."""
    cursor = raw(session)
    try:
        with _savepoint(session):
            cursor.execute(window.merge(), values)
    except (errors.UniqueViolation, errors.CardinalityViolation):
        cursor.execute(window.merge(f"DISTINCT ON ({', '.join(window.table.key)})"), values)
    return cursor.rowcount


def _savepoint(session: Session) -> AbstractContextManager[object]:
    """A savepoint of the driver: the session's own would not see what its cursors do."""
    return raw(session).connection.transaction()


@dataclass(frozen=True, slots=True)
class _Window:
    """The SQL about one window; its dates are literals, so that the planner leaves out the other months."""

    customer_id: UUID
    selection: Selection
    table: StatsTable
    first: date
    last: date

    @property
    def stage(self) -> Stage:
        """Where the answer is compared from."""
        return Stage(self.customer_id, "window", self.selection, self.table.constants(self.customer_id))

    @property
    def differing(self) -> str:
        """The table of what differs: rows that are new, changed or, with nothing but their key, `vanished`."""
        return f"{self.stage.table}_differing"

    @property
    def condition(self) -> str:
        """Which rows `t` of the table lie in the window."""
        fixed = "".join(f" AND t.{constant.name} = {constant.value}" for constant in self.table.fixed)
        return (
            f"t.customer_id = %(customer)s AND t.date >= DATE '{self.first.isoformat()}'"
            f" AND t.date <= DATE '{self.last.isoformat()}'{fixed}"
        )

    @property
    def same_key(self) -> str:
        """That `t` and `s` are about the same thing."""
        return " AND ".join(f"t.{column} = s.{column}" for column in self.table.key)

    @property
    def answer(self) -> str:
        """The staged rows; added up by key where that is what the table wants."""
        if not self.table.summed:
            return self.stage.table
        key = ", ".join(self.table.key)
        sums = ", ".join(f"sum({column}) AS {column}" for column in self.table.values)
        return f"(SELECT {key}, {sums} FROM {self.stage.table} GROUP BY {key})"

    def compare(self) -> str:
        """Set the answer against the window. A statement of its own, for PostgreSQL reads in parallel in no MERGE."""
        key, values = self.table.key, self.table.values
        columns = [f"coalesce(s.{column}, t.{column}) AS {column}" for column in key]
        columns += [f"s.{column}" for column in values]
        theirs, mine = (", ".join(f"{row}.{column}" for column in values) for row in ("s", "t"))
        return (
            f"CREATE UNLOGGED TABLE {self.differing} AS"
            f" SELECT {', '.join(columns)}, s.{key[0]} IS NULL AS vanished FROM {self.answer} s"
            f" FULL JOIN (SELECT * FROM {self.table.qualified} t WHERE {self.condition}) t ON {self.same_key}"
            f" WHERE s.{key[0]} IS NULL OR t.{key[0]} IS NULL OR ({theirs}) IS DISTINCT FROM ({mine})"
        )

    def merge(self, distinct: str = "") -> str:
        """Write what is new or changed; `distinct` is the clause that keeps one row of each key."""
        table = self.table
        columns = (*table.key, *table.values)
        names = ", ".join(("customer_id", *(constant.name for constant in table.fixed), *columns))
        fixed = (str(constant.value) for constant in table.fixed)
        values = ", ".join(("%(customer)s", *fixed, *(f"s.{column}" for column in columns)))
        return (
            f"MERGE INTO {table.qualified} t USING (SELECT {distinct} * FROM {self.differing} WHERE NOT vanished) s"
            f" ON {self.condition} AND {self.same_key}"
            f" WHEN MATCHED THEN UPDATE SET {', '.join(f'{column} = s.{column}' for column in table.values)}"
            f" WHEN NOT MATCHED THEN INSERT ({names}) VALUES ({values})"
        )

    def delete_vanished(self) -> str:
        """Delete what Google no longer names."""
        return (
            f"DELETE FROM {self.table.qualified} t USING {self.differing} s"
            f" WHERE s.vanished AND {self.condition} AND {self.same_key}"
        )


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
