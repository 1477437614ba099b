"""Ask for a sync, and run one: the room behind the runbooks, the nightly schedule and the demo.

    append   structure, then the statistics from the watermark (the last 30 days are always read again)
    init     structure, then the whole history of the statistics, resumable
    repair   the statistics of a range of days, whatever the watermark says

One job per account at a time: its exclusive key is the account's lease.
"""

from __future__ import annotations

import contextlib
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from backend.adgraph.staging import drop_leftovers
from backend.auth import credentials
from backend.core import clock
from backend.core.db import Work, unit_of_work
from backend.core.events import Event
from backend.core.logging import get_logger
from backend.core.security import Actor
from backend.integrations.googleads.errors import Refused
from backend.jobs import service as jobs
from backend.jobs.models import Job
from backend.jobs.run import JobFailed, JobRun, LostLease, Outcome
from backend.sync import changes, google_changes, history, structure, watermarks
from backend.sync.account import Account, load
from backend.sync.models import Watermark
from backend.sync.reading import NOT_ENABLED, AccountNotEnabled, Reader, google_failures
from backend.sync.stat_queries import STATISTICS
from backend.sync.statistics import StatisticsResult, first_day_to_read, read_range

log = get_logger(__name__)

KIND = "sync.account"
QUEUE = "sync"
COMMANDS = ("append", "init", "repair")


@dataclass(frozen=True, slots=True)
class SyncOrder:
    """What is to be done to an account; the days are in its time zone and both included."""

    command: str
    start: date | None = None
    end: date | None = None
    full: bool = False

    def as_args(self) -> dict[str, Any]:
        """For the job's row."""
        days = {name: day.isoformat() for name, day in (("start", self.start), ("end", self.end)) if day}
        return {"command": self.command, **days, **({"full": True} if self.full else {})}

    @classmethod
    def of(cls, args: dict[str, Any]) -> SyncOrder:
        """From the job's row."""
        days = {name: date.fromisoformat(args[name]) for name in ("start", "end") if args.get(name)}
        return cls(args["command"], **days, full=bool(args.get("full")))


def lease_of(customer_id: UUID) -> str:
    """The name of an account's lease."""
    return f"sync:{customer_id}"


def request(work: Work, account: Account, order: SyncOrder, actor: Actor) -> Job:
    """Open the job of a sync.

    Raises:
        Conflict: another job works on this account (`sync_in_progress`, with its id).
    """
    return jobs.open_job(
        work,
        KIND,
        actor=actor,
        queue=QUEUE,
        customer_id=account.customer_id,
        subject_id=account.customer_id,
        exclusive_key=lease_of(account.customer_id),
        conflict_code="sync_in_progress",
        args=order.as_args(),
    )


def run(job: JobRun) -> Outcome:
    """Run the job of a sync."""
    if job.customer_id is None:
        raise JobFailed("no_account", "The job names no account.")
    order = SyncOrder.of(job.args)
    with unit_of_work() as work:
        account = load(work.session, job.customer_id)
        dropped = drop_leftovers(work.session, account.customer_id)
    if dropped:
        log.info("stages_dropped", count=dropped)
    if account.manager:
        raise JobFailed("manager_account", f"{account.slug} is a manager account: sync the accounts below it.")
    try:
        with google_failures(account), closing(credentials.gateway_for(account.customer_id)) as gateway:
            result = _run_order(Reader(job, account, gateway), order)
    except AccountNotEnabled as closed:
        job.print(str(closed), error=True)
        return Outcome({"command": order.command, "slug": account.slug, "rows_synced": 0, "warnings": [str(closed)]})
    finally:
        _drop_stages(job, account)
    _announce(job, account, result)
    return Outcome(result)


def _drop_stages(job: JobRun, account: Account) -> None:
    """Leave no stage behind, however the run ended; a run that lost its lease leaves them to the one that took over."""
    with contextlib.suppress(LostLease), job.write() as work:
        drop_leftovers(work.session, account.customer_id)


def _run_order(reader: Reader, order: SyncOrder) -> dict[str, Any]:
    statistics = StatisticsResult()
    result: dict[str, Any] = {"command": order.command, "slug": reader.account.slug}
    if order.command != "repair":
        told = sync_structure(reader, full=order.command == "init" or order.full)
        result["structure"] = told.as_dict()
        reader.job.print(f"structure: {sum(told.read.values())} rows read")
    today = reader.account.today()
    if order.command == "init":
        notice = history.backfill(reader, order.start, statistics)
        if notice:
            result["notice"] = notice
            reader.job.print(notice)
    elif order.command == "append":
        for query in STATISTICS:
            first = first_day_to_read(reader.account, query.stream)
            read_range(reader, query, (first, today), statistics)
    else:
        days = (order.start or today, order.end or today)
        for query in STATISTICS:
            read_range(reader, query, days, statistics, move_watermark=False)
    result["statistics"] = statistics.as_dict()
    if order.command != "repair":
        _read_google_changes(reader, result)
    result["rows_synced"] = statistics.rows_read + sum(result.get("structure", {}).get("read", {}).values())
    result["watermark_date"] = _watermark_date(reader.account)
    reader.job.print(
        f"statistics: {statistics.rows_read} rows read, {statistics.rows_written} written,"
        f" {statistics.rows_deleted} deleted; complete up to {result['watermark_date']}"
    )
    return result


def _read_google_changes(reader: Reader, result: dict[str, Any]) -> None:
    """Bring the timeline up to now; an account whose change log Google does not open is synced all the same."""
    try:
        result["google_changes"] = google_changes.read_changes(reader)
    except Refused as refusal:
        if NOT_ENABLED in refusal.codes():
            raise
        warning = f"Google does not tell what was changed in {reader.account.google_id}: {refusal.message}"
        log.warning("change_log_refused", account=reader.account.google_id, google_request_id=refusal.request_id)
        reader.job.print(warning, error=True)
        result.setdefault("warnings", []).append(warning)


def sync_structure(reader: Reader, *, full: bool) -> structure.StructureResult:
    """Incremental where the last full sync is recent and Google still knows every change since, else full."""
    with unit_of_work() as work:
        mark = watermarks.find(work.session, reader.account.customer_id, watermarks.STRUCTURE)
    since = _changes_from(mark)
    if full or since is None:
        return structure.sync_all(reader)
    try:
        return changes.sync_changes(reader, since)
    except changes.TooManyChanges as overflow:
        log.info("too_many_changes", account=reader.account.google_id, detail=str(overflow))
        return structure.sync_all(reader)


def _changes_from(mark: Watermark | None) -> datetime | None:
    """Where an incremental sync may begin; None when only a full one will do."""
    if mark is None or mark.last_full_at is None or not mark.state.get("changes_from"):
        return None
    since, now = datetime.fromisoformat(mark.state["changes_from"]), clock.now()
    recent = now - mark.last_full_at < changes.FULL_EVERY and now - since < changes.KEPT
    return since if recent else None


def _watermark_date(account: Account) -> str | None:
    with unit_of_work() as work:
        marks = watermarks.all_of(work.session, [account.customer_id])
    days = [mark.watermark_date for mark in marks if mark.watermark_date is not None]
    return min(days).isoformat() if days else None


def _announce(job: JobRun, account: Account, result: dict[str, Any]) -> None:
    with unit_of_work() as work:
        work.emit(
            Event(
                job.tenant_id,
                "account.synced",
                {"slug": account.slug, "watermark_date": result["watermark_date"]},
                customer_id=account.customer_id,
                job_id=job.job_id,
            )
        )
