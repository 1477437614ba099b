"""Full structure sync: each query is read whole, then merged in one transaction of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import text

from backend.adgraph.merge import Merged, merge_entities, run_statement
from backend.adgraph.models import Customer
from backend.core.db import unit_of_work
from backend.core.logging import get_logger
from backend.sync import conflicts, watermarks
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

    @property
    def skipped(self) -> int:
        """Rows that have to be read again next time."""
        return sum(merged.skipped for merged in self.merged.values())

    def as_dict(self) -> dict[str, object]:
        """For the job's result."""
        return {
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


def sync_all(reader: Reader) -> StructureResult:
    """Read everything and merge it; what Google no longer lists is marked REMOVED."""
    job, account, result = reader.job, reader.account, StructureResult()
    began = database_time()
    for number, query in enumerate(STRUCTURE):
        job.progress("structure", number, len(STRUCTURE), entity=query.name)
        sync_query(reader, query, result)
    with job.write() as work:
        # Rows in use here were left alone, so the next incremental sync begins where the last one did.
        if result.skipped:
            log.info("structure_rows_skipped", rows=result.skipped)
        watermarks.advance(
            work.session,
            account.customer_id,
            watermarks.STRUCTURE,
            at=began,
            full=True,
            state={"changes_from": began.isoformat(), "skipped": result.skipped},
        )
        customer = work.session.get_one(Customer, account.customer_id)
        customer.last_synced_at = began
    return result


def sync_query(reader: Reader, query: StructureQuery, result: StructureResult, *, condition: str | None = None) -> None:
    """Read one query and merge it; with a condition the answer is a part, and nothing is taken for gone."""
    read_at = database_time()
    stage, rows = reader.fill(query.name, query.selection, query.gaql(condition))
    merged = Merged()
    with reader.job.write() as work:
        stage.analyse(work.session)
        for target in query.merges:
            merged += merge_entities(work.session, stage, target, read_at=read_at, complete=condition is None)
        for statement in query.edges:
            run_statement(work.session, stage, statement)
        tables = [target.table for target in query.merges]
        result.conflicts += conflicts.announce_new(work, stage.customer_id, reader.job.tenant_id, tables)
        stage.drop(work.session)
    result.read[query.name] = result.read.get(query.name, 0) + rows
    result.merged[query.name] = result.merged.get(query.name, Merged()) + merged
