"""Full structure sync: each query is read whole, then merged in one transaction of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import text

from backend.adgraph.merge import Merged, merge_entities, run_statement
from backend.adgraph.models import Customer
from backend.campaigns import linking
from backend.core.db import unit_of_work
from backend.core.logging import get_logger
from backend.sync import conflicts, pushed, watermarks
from backend.sync.catalogue import STRUCTURE
from backend.sync.queries import StructureQuery
from backend.sync.reading import Reader

log = get_logger(__name__)


@dataclass(slots=True)
class StructureResult:
    """What a structure sync did, per query."""

    read: dict[str, int] = field(default_factory=dict)
    merged: dict[str, Merged] = field(default_factory=dict)
    conflicts: int = 0
    mode: str = "full"
    changes: int | None = None

    @property
    def skipped(self) -> int:
        """Rows that have to be read again next time."""
        return sum(merged.skipped for merged in self.merged.values())

    def as_dict(self) -> dict[str, object]:
        """For the job's result."""
        return {
            "mode": self.mode,
            "changes": self.changes,
            "rows_read": sum(self.read.values()),
            "changed": sum(merged.changed for merged in self.merged.values()),
            "removed": sum(merged.removed for merged in self.merged.values()),
            "skipped": self.skipped,
            "conflicts": self.conflicts,
            "read": self.read,
        }


def database_time() -> datetime:
    """PostgreSQL's clock: what was written here after this moment is newer than the answer that follows."""
    with unit_of_work() as work:
        moment: datetime = work.session.execute(text("SELECT clock_timestamp()")).scalar_one()
    return moment


@dataclass(frozen=True, slots=True)
class Asked:
    """The objects that a partial query asks for: its condition, and their resource names."""

    condition: str
    names: Sequence[str]


def sync_all(reader: Reader) -> StructureResult:
    """Read everything and merge it; what Google no longer lists is marked REMOVED."""
    result = StructureResult()
    began = database_time()
    for number, query in enumerate(STRUCTURE):
        reader.job.progress("structure", number, len(STRUCTURE), entity=query.name)
        sync_query(reader, query, result)
    note(reader, result, began, None)
    return result


def note(reader: Reader, result: StructureResult, began: datetime, since: datetime | None) -> None:
    """Move the structure's watermark; `since` is where an incremental sync began, None after a full one.

    Rows that were in use here were left alone. They are read again: the next incremental sync begins where this one
    did, and after a full sync with such rows the next one is full again.
    """
    customer_id, full = reader.account.customer_id, since is None
    if result.skipped:
        log.info("structure_rows_skipped", rows=result.skipped)
    start = since if result.skipped else began
    state = {"changes_from": start.isoformat() if start else None, "skipped": result.skipped}
    with reader.job.write() as work:
        watermarks.advance(
            work.session, customer_id, watermarks.STRUCTURE, at=began, full=full and not result.skipped, state=state
        )
        work.session.get_one(Customer, customer_id).last_synced_at = began
        linking.refresh_account(work.session, customer_id)


def sync_query(reader: Reader, query: StructureQuery, result: StructureResult, *, asked: Asked | None = None) -> None:
    """Read one query and merge it; what a partial query did not ask for is not taken for gone."""
    read_at = database_time()
    stage, rows = reader.fill(query.name, query.selection, query.gaql(asked.condition if asked else None))
    merged = Merged()
    with reader.job.write() as work:
        stage.analyse(work.session)
        doubtful = pushed.lately(work.session, stage.customer_id, read_at)
        for target in query.merges:
            merged += merge_entities(
                work.session,
                stage,
                target,
                read_at=read_at,
                complete=asked is None,
                asked=asked.names if asked else (),
                pushed=doubtful,
            )
        for statement in query.edges:
            run_statement(work.session, stage, statement, read_at=read_at, pushed=doubtful)
        tables = [*(target.table for target in query.merges), *query.decides]
        result.conflicts += conflicts.announce_new(work, stage.customer_id, reader.job.tenant_id, tables)
        stage.drop(work.session)
    result.read[query.name] = result.read.get(query.name, 0) + rows
    result.merged[query.name] = result.merged.get(query.name, Merged()) + merged
