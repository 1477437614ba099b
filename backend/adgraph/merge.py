"""The set-based three-way merge of what Google says into what we have: one statement per entity.

Per row, with base (Google's value when the local edit began), mine (the local value) and theirs (Google's value now):

* a field that is not dirty follows Google;
* a dirty field keeps mine; where theirs has moved away from base the field is a conflict, kept in `remote`;
* where theirs equals mine both sides did the same, and the field is clean again;
* what Google no longer lists is REMOVED there: that is its status now, decided like any field;
* a row that was written here after Google began to answer is left alone: the answer may be older than the row;
* so is one that was pushed shortly before, where the answer says something else than was pushed: searches lag behind.

Local notes, tags and labels are not among the fields and are never touched. Read-only fields always follow Google.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Cursor
from sqlalchemy.orm import Session

from backend.adgraph.staging import Stage, join_by_hash, raw, stay_in_memory


@dataclass(frozen=True, slots=True)
class Field:
    """A column and the SQL over the source `s` that gives Google's value.

    `editable` fields take part in the three-way merge; a `derived` one follows from the key, so it is not compared.
    """

    column: str
    value: str
    editable: bool = False
    derived: bool = False


@dataclass(frozen=True, slots=True)
class EntityMerge:
    """How the rows of a stage become the rows of an entity table.

    Attributes:
        table: The entity table; `customer_id` and the `key` columns identify its rows.
        source: SQL after FROM; `{stage}` is the staged table, named s; joins resolve Google ids to ours. It may use
            `%(customer)s`, and where it names rows of ours `%(complete)s` and `%(asked)s` of `merge_entities`.
        key: Target column → SQL over the source.
        fields: The columns that follow Google.
        on_insert: Columns that only a new row gets → SQL.
        gone: The columns that say REMOVED when Google no longer lists a row; none where absence says nothing.
        scope: SQL over `t` that limits `gone` to what the query covers.
        parent: SQL over the stage alone that is true for rows whose parent we know; None where there is no parent.
        edge: The table is an edge that carries the columns of an entity, but no id of its own and no Google id.
        pushed_as: The column with the id by which a push names the row.
    """

    table: str
    source: str
    key: tuple[tuple[str, str], ...]
    fields: tuple[Field, ...]
    on_insert: tuple[tuple[str, str], ...] = ()
    gone: tuple[str, ...] = ()
    scope: str = "true"
    parent: str | None = None
    edge: bool = False
    pushed_as: str = "id"

    @property
    def live(self) -> str:
        """SQL over `t`: the row stands for something at Google."""
        return f"t.{self.known_by} IS NOT NULL"

    @property
    def known_by(self) -> str:
        """The column that is filled once Google knows the row."""
        return "resource_name" if self.edge else "google_id"

    @property
    def pushed(self) -> str:
        """SQL over `t`: the row was pushed so lately that Google's answer may be older than the push."""
        return f"t.{self.pushed_as} = ANY(CAST(%(pushed)s AS uuid[]))"


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge did; `skipped` rows have to be read again: in use here, or their parent is not known yet."""

    changed: int = 0
    removed: int = 0
    skipped: int = 0

    def __add__(self, other: Merged) -> Merged:
        return Merged(self.changed + other.changed, self.removed + other.removed, self.skipped + other.skipped)


def merge_entities(
    session: Session,
    stage: Stage,
    merge: EntityMerge,
    *,
    read_at: datetime,
    complete: bool,
    asked: Sequence[str] = (),
    pushed: Sequence[UUID] = (),
) -> Merged:
    """Merge a filled stage into its entity table, in the session's transaction.

    Args:
        session: Of a unit of work whose tenant owns the account.
        stage: The answer of the query.
        merge: Its target.
        read_at: PostgreSQL's time before the query was sent.
        complete: The answer lists everything there is, so that what is absent is gone.
        asked: The resource names that a partial answer was asked for: those of them that are absent are gone.
        pushed: The rows that were pushed so lately that the answer may be older.
    """
    cursor = raw(session)
    values: dict[str, Any] = {"customer": stage.customer_id, "read_at": read_at, "complete": complete}
    values |= {"asked": list(asked), "pushed": list(pushed)}
    doubted = merge.pushed if pushed else "false"
    prepare = join_by_hash if complete else stay_in_memory
    prepare(session)
    cursor.execute(_merge_statement(stage, merge, doubted), values)
    changed, removed = cursor.rowcount, 0
    listed, live, skipped = _count(cursor, stage, merge, values)
    # Every listed row is in the table by now: only if the table has more can any of them be gone.
    if merge.gone and (asked or (complete and live > listed)):
        cursor.execute(_gone_statement(stage, merge, doubted, everything=complete), values)
        removed = cursor.rowcount
    if pushed:
        cursor.execute(_held_back_statement(stage, merge, everything=complete), values)
        skipped += int((cursor.fetchone() or (0,))[0])
    return Merged(changed, removed, skipped)


def _count(
    cursor: Cursor[tuple[Any, ...]], stage: Stage, merge: EntityMerge, values: dict[str, Any]
) -> tuple[int, int, int]:
    """How many rows the answer lists, how many live ones the table has, and how many have to be read again."""
    cursor.execute(_counts_statement(stage, merge), values)
    row = cursor.fetchone() or (0, 0, 0)
    return int(row[0]), int(row[1]), int(row[2])


def run_statement(
    session: Session, stage: Stage, statement: str, *, read_at: datetime, pushed: Sequence[UUID] = ()
) -> int:
    """Run one statement over a stage (an edge merge); `{stage}` is its table. The answer is the rows it wrote.

    Args:
        session: Of a unit of work whose tenant owns the account.
        stage: The answer of the query.
        statement: It may use `%(customer)s`, `%(read_at)s` and `%(pushed)s`.
        read_at: PostgreSQL's time before the query was sent: what was written here since is left alone.
        pushed: The rows that were pushed so lately that the answer may be older.
    """
    cursor = raw(session)
    values = {"customer": stage.customer_id, "read_at": read_at, "pushed": list(pushed)}
    cursor.execute(statement.replace("{stage}", stage.table), values)
    return cursor.rowcount


UNTOUCHED = "t.updated_at < %(read_at)s AND t.sync_status <> 'publishing'"


def _merge_statement(stage: Stage, merge: EntityMerge, doubted: str) -> str:
    """The merge; `doubted` is SQL over `t` that is true for rows about which the answer may be too old."""
    editable = [field for field in merge.fields if field.editable]
    follows = [field for field in merge.fields if not field.editable]
    compared = [field for field in merge.fields if not field.derived]
    clean = f"""
WHEN MATCHED AND {UNTOUCHED} AND t.dirty_fields = '{{}}' AND ({_differs(compared)})
        AND NOT ({doubted} AND {_differs(editable)}) THEN UPDATE SET
    {_assign(merge.fields)}, {_STAMPS}, version = t.version + ({_differs(editable)})::int,
    sync_status = 'synced', remote = '{{}}', base = '{{}}', sync_error = NULL"""
    dirty = _dirty_clause(doubted, editable, follows) if editable else ""
    own = [] if merge.edge else [("id", "gen_random_uuid()")]
    names = ["customer_id", *(column for column, _ in own), *(column for column, _ in merge.key)]
    names += [field.column for field in merge.fields] + [column for column, _ in merge.on_insert]
    exprs = ["%(customer)s", *(sql for _, sql in own), *(f"s.{column}" for column, _ in merge.key)]
    exprs += [f"s.{field.column}" for field in merge.fields] + [sql for _, sql in merge.on_insert]
    keys = " AND ".join(f"t.{column} = s.{column}" for column, _ in merge.key)
    return f"""
MERGE INTO {merge.table} t USING ({_differing(stage, merge)}) s ON t.customer_id = %(customer)s AND {keys}{clean}{dirty}
WHEN NOT MATCHED AND NOT s.being_published THEN INSERT
    ({", ".join(names)}, sync_status, first_synced_at, last_synced_at)
    VALUES ({", ".join(exprs)}, 'synced', now(), now())"""


def _differing(stage: Stage, merge: EntityMerge) -> str:
    """The rows of the answer that are new, other than ours, or edited here while Google moved too.

    Most rows are as they were. A join leaves them out for less than MERGE needs to visit each of them; MERGE decides
    again about the others, on the newest version of the row.
    """
    columns = [f"{sql} AS {column}" for column, sql in merge.key]
    columns += [f"{field.value} AS {field.column}" for field in merge.fields]
    same_key = " AND ".join(f"old.{column} = {sql}" for column, sql in merge.key)
    mine = ", ".join(f"old.{field.column}" for field in merge.fields if not field.derived)
    theirs = ", ".join(field.value for field in merge.fields if not field.derived)
    return f"""
    SELECT {", ".join(columns)}, busy.being_published
    FROM {merge.source.replace("{stage}", stage.table)}
    LEFT JOIN {merge.table} old ON old.customer_id = %(customer)s AND {same_key}
    CROSS JOIN ({_being_published(merge)}) busy
    WHERE old.customer_id IS NULL
       OR (old.dirty_fields = '{{}}' AND ({mine}) IS DISTINCT FROM ({theirs}))
       OR (old.dirty_fields <> '{{}}' AND {_concerns_an_edit(merge)})"""


def _concerns_an_edit(merge: EntityMerge) -> str:
    """A row with local edits needs no visit while Google stands at their base, and nothing else has changed.

    `theirs || base` equals `theirs` exactly where each edited field is at Google what it was when the edit began.
    """
    editable = [field for field in merge.fields if field.editable]
    others = [f for f in merge.fields if not f.editable and not f.derived]
    theirs = "jsonb_build_object(" + ", ".join(f"'{f.column}', {f.value}" for f in editable) + ")"
    changed = [f"({theirs} || old.base) <> {theirs}", "old.remote <> '{}'"]
    changed += [f"old.{f.column} IS DISTINCT FROM {f.value}" for f in others]
    changed += [
        f"('{f.column}' <> ALL(old.dirty_fields) AND old.{f.column} IS DISTINCT FROM {f.value})" for f in editable
    ]
    return "(" + " OR ".join(changed) + ")" if editable else "true"


def _being_published(merge: EntityMerge) -> str:
    """Google may list what a publish in flight has just made and we do not know the id of yet: it is ours already."""
    return (
        f"SELECT EXISTS (SELECT FROM {merge.table} p WHERE p.customer_id = %(customer)s"
        f" AND p.{merge.known_by} IS NULL AND p.sync_status = 'publishing')"
        " OR EXISTS (SELECT FROM campaigns c WHERE c.customer_id = %(customer)s AND c.status = 'PUBLISHING')"
        " AS being_published"
    )


_STAMPS = "updated_at = now(), last_synced_at = now(), first_synced_at = coalesce(t.first_synced_at, now())"


def _differs(fields: tuple[Field, ...] | list[Field]) -> str:
    if not fields:
        return "false"
    mine = ", ".join(f"t.{field.column}" for field in fields)
    theirs = ", ".join(f"s.{field.column}" for field in fields)
    return f"({mine}) IS DISTINCT FROM ({theirs})" if len(fields) > 1 else f"{mine} IS DISTINCT FROM {theirs}"


def _assign(fields: tuple[Field, ...] | list[Field]) -> str:
    return ", ".join(f"{field.column} = s.{field.column}" for field in fields)


def _dirty_clause(doubted: str, editable: list[Field], follows: list[Field]) -> str:
    """The second branch: rows with local edits, decided field by field by two SQL functions (migration `sync`)."""
    mine = "jsonb_build_object(" + ", ".join(f"'{f.column}', t.{f.column}" for f in editable) + ")"
    theirs = "jsonb_build_object(" + ", ".join(f"'{f.column}', s.{f.column}" for f in editable) + ")"
    differs = _differs([field for field in follows if not field.derived])
    remote, still_dirty = _decided([field.column for field in editable], mine, theirs)
    kept = ", ".join(
        f"{f.column} = CASE WHEN '{f.column}' = ANY(t.dirty_fields) THEN t.{f.column} ELSE s.{f.column} END"
        for f in editable
    )
    moved = " OR ".join(
        f"('{f.column}' <> ALL(t.dirty_fields) AND t.{f.column} IS DISTINCT FROM s.{f.column})" for f in editable
    )
    followed = f", {_assign(follows)}" if follows else ""
    return f"""
WHEN MATCHED AND {UNTOUCHED} AND t.dirty_fields <> '{{}}' AND NOT {doubted} AND ({differs} OR {moved}
        OR {remote} <> t.remote OR {still_dirty} <> t.dirty_fields) THEN UPDATE SET
    {kept}{followed}, {_STAMPS}, version = t.version + ({moved})::int,
    remote = {remote}, dirty_fields = {still_dirty}, base = sync_base_of({still_dirty}, t.base),
    sync_status = {status_of(remote, still_dirty)}"""


def _decided(columns: list[str], mine: str, theirs: str) -> tuple[str, str]:
    """SQL of the conflicts and of the fields that stay dirty, for some editable columns of a row."""
    # Conflicts of fields that another query brings stay as they are.
    others = "t.remote - ARRAY[" + ", ".join(f"'{column}'" for column in columns) + "]"
    remote = f"(({others}) || sync_conflicts(t.dirty_fields, t.base, {mine}, {theirs}))"
    return remote, f"sync_still_dirty(t.dirty_fields, {mine}, {theirs})"


def status_of(remote: str, still_dirty: str) -> str:
    """SQL over `t`: the `sync_status` of a row with these conflicts and dirty fields."""
    return (
        f"CASE WHEN {remote} <> '{{}}' THEN 'conflict' WHEN {still_dirty} = '{{}}' THEN 'synced'"
        " WHEN t.sync_status = 'sync_error' THEN 'sync_error' ELSE 'dirty' END"
    )


def _gone_statement(stage: Stage, merge: EntityMerge, doubted: str, *, everything: bool) -> str:
    covered = "true" if everything else "t.resource_name = ANY(%(asked)s)"
    keys = " AND ".join(f"s.{column} = t.{column}" for column, _ in merge.key)
    selected = ", ".join(f"{sql} AS {column}" for column, sql in merge.key)
    return f"""
UPDATE {merge.table} t SET {_removal(merge)}, {_STAMPS}, version = t.version + 1
WHERE t.customer_id = %(customer)s AND {merge.live} AND {UNTOUCHED} AND NOT {doubted} AND {merge.scope}
  AND {covered} AND {_news_of_removal(merge)}
  AND NOT EXISTS (SELECT FROM (SELECT {selected} FROM {merge.source.replace("{stage}", stage.table)}) s WHERE {keys})"""


def _removal(merge: EntityMerge) -> str:
    """SET clause for a row that is gone: a status that was edited here stays, as a conflict or in agreement."""
    status = _edited_status(merge)
    changes = [f"{column} = 'REMOVED'" for column in merge.gone if column != status]
    if status is None:
        return ", ".join(changes)
    edited, remote, still_dirty = _decided_removal(status)
    return ", ".join(
        (
            *changes,
            f"{status} = CASE WHEN {edited} THEN t.{status} ELSE 'REMOVED' END",
            f"remote = {remote}, dirty_fields = {still_dirty}, base = sync_base_of({still_dirty}, t.base)",
            f"sync_status = CASE WHEN {edited} THEN {status_of(remote, still_dirty)} ELSE t.sync_status END",
        )
    )


def _news_of_removal(merge: EntityMerge) -> str:
    """SQL over `t`: that the row is gone was not known yet."""
    if (status := _edited_status(merge)) is None:
        return f"t.{merge.gone[0]} IS DISTINCT FROM 'REMOVED'"
    edited, remote, still_dirty = _decided_removal(status)
    known = f"{remote} = t.remote AND {still_dirty} = t.dirty_fields"
    return f"CASE WHEN {edited} THEN NOT ({known}) ELSE t.{status} <> 'REMOVED' END"


def _edited_status(merge: EntityMerge) -> str | None:
    """The column among those of `gone` that people edit."""
    return next((f.column for f in merge.fields if f.editable and f.column in merge.gone), None)


def _decided_removal(status: str) -> tuple[str, str, str]:
    """SQL: whether the status was edited here; the conflicts and what stays dirty once it is REMOVED there."""
    mine, theirs = f"jsonb_build_object('{status}', t.{status})", f"jsonb_build_object('{status}', 'REMOVED')"
    return (f"'{status}' = ANY(t.dirty_fields)", *_decided([status], mine, theirs))


def _held_back_statement(stage: Stage, merge: EntityMerge, *, everything: bool) -> str:
    """How many rows the answer was not believed about: it shows a pushed one otherwise, or does not list it."""
    covered = "true" if everything else "t.resource_name = ANY(%(asked)s)"
    columns = [f"{sql} AS {column}" for column, sql in merge.key]
    columns += [f"{field.value} AS {field.column}" for field in merge.fields if field.editable]
    keys = " AND ".join(f"s.{column} = t.{column}" for column, _ in merge.key)
    other = _differs([field for field in merge.fields if field.editable])
    absent = "false"
    if merge.gone:
        absent = f"(s.listed IS NULL AND {merge.live} AND {merge.scope} AND {covered} AND {_news_of_removal(merge)})"
    return f"""
SELECT count(*) FROM {merge.table} t LEFT JOIN LATERAL (
    SELECT * FROM (SELECT {", ".join(columns)}, true AS listed
                   FROM {merge.source.replace("{stage}", stage.table)}) s WHERE {keys} LIMIT 1) s ON true
WHERE t.customer_id = %(customer)s AND {merge.pushed} AND {UNTOUCHED}
  AND ((s.listed AND (t.dirty_fields <> '{{}}' OR {other})) OR {absent})"""


def _counts_statement(stage: Stage, merge: EntityMerge) -> str:
    """Rows listed, rows live, rows to be read again: written here meanwhile, held back, or without their parent."""
    source = merge.source.replace("{stage}", stage.table)
    constants = [f"t.{column} = {sql}" for column, sql in merge.key if sql.startswith("'")]
    mine = " AND ".join(["t.customer_id = %(customer)s", merge.live, *constants])
    orphans = (
        f"CASE WHEN listed.n = (SELECT count(*) FROM {stage.table}) THEN 0"
        f" ELSE (SELECT count(*) FROM {stage.table} s WHERE NOT ({merge.parent})) END"
        if merge.parent is not None
        else "0"
    )
    return f"""
SELECT listed.n, counted.live,
       counted.busy + (SELECT being_published::int FROM ({_being_published(merge)}) held) + {orphans}
FROM (SELECT count(*) AS n FROM {source}) listed,
     (SELECT count(*) AS live, count(*) FILTER (WHERE NOT ({UNTOUCHED}) AND t.updated_at <> now()) AS busy
      FROM {merge.table} t WHERE {mine}) counted"""
