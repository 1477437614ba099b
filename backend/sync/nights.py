"""What happened in a night: one row per account with its outcome and reason, and a summary once all of them are over.

    running    the job is under way or waits
    finished   all was read
    warnings   finished, with something to know (an account that is not enabled)
    failed     with the job's code and reason; so is one that waits for a consent, or is not over within a day
    skipped    another sync of the account was under way
    missed     nobody ticked until it was too late

A night is the local date of an account's slot, so that one night of an organisation lasts as long as its time zones
reach. Outcomes are collected from the jobs by the tick, so a killed worker or a cancelled job is told as well. Nothing
keeps a night open for long: what an account's job still does after that is told by the job.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from backend.adgraph.models import Customer
from backend.core import clock, tenancy
from backend.core.db import unit_of_work
from backend.core.events import Event
from backend.core.logging import get_logger
from backend.sync.models import OUTCOMES, Night, NightRun

log = get_logger(__name__)

_COLLECT = text("""
UPDATE night_runs r SET finished_at = j.finished_at, rows_synced = CAST(j.result ->> 'rows_synced' AS bigint),
    outcome = CASE WHEN j.status = 'failed' THEN 'failed' WHEN w.listed IS NULL THEN 'finished' ELSE 'warnings' END,
    code = j.error ->> 'code', reason = coalesce(j.error ->> 'detail', w.listed)
FROM jobs j CROSS JOIN LATERAL (
    SELECT string_agg(warning, ' ') AS listed FROM jsonb_array_elements_text(
        CASE WHEN jsonb_typeof(j.result -> 'warnings') = 'array' THEN j.result -> 'warnings' ELSE '[]' END) AS warning
) w
WHERE r.outcome = 'running' AND j.id = r.job_id AND j.status IN ('finished', 'failed')
""")
_PARKED = text("""
UPDATE night_runs r SET finished_at = :now, outcome = 'failed', code = j.waiting_reason, reason = :reason
FROM jobs j WHERE r.outcome = 'running' AND j.id = r.job_id AND j.status = 'queued'
  AND j.waiting_reason = 'needs_reauth'
""")
_OVERDUE = text("""
UPDATE night_runs r SET finished_at = :now, outcome = 'failed', code = coalesce(j.waiting_reason, 'not_over'),
    reason = :reason
FROM jobs j WHERE r.outcome = 'running' AND r.tenant_id = :tenant AND r.night = :night AND j.id = r.job_id
  AND r.slot < :limit
""")
OVERDUE = timedelta(days=1)


def begin(session: Session, tenant_id: UUID, night: date, customer_id: UUID, slot: datetime) -> bool:
    """Note that an account's turn has come; False when it had its turn in this night already."""
    session.execute(insert(Night).values(tenant_id=tenant_id, night=night).on_conflict_do_nothing())
    values = {"tenant_id": tenant_id, "night": night, "customer_id": customer_id, "slot": slot, "outcome": "running"}
    added = insert(NightRun).values(values).on_conflict_do_nothing().returning(NightRun.customer_id)
    return session.execute(added).scalar() is not None


def opened(session: Session, tenant_id: UUID, night: date, customer_id: UUID, job_id: UUID) -> None:
    """Note the job that does it."""
    session.execute(_of(tenant_id, night, customer_id).values(job_id=job_id))


def skip(  # noqa: PLR0917 (which run, and why)
    session: Session, tenant_id: UUID, night: date, customer_id: UUID, code: str, reason: str
) -> None:
    """Note that an account was left out."""
    values = {"outcome": "skipped", "code": code, "reason": reason, "finished_at": clock.now()}
    session.execute(_of(tenant_id, night, customer_id).values(values))


def _of(tenant_id: UUID, night: date, customer_id: UUID) -> Any:
    return update(NightRun).where(
        NightRun.tenant_id == tenant_id, NightRun.night == night, NightRun.customer_id == customer_id
    )


def collect() -> None:
    """Take the outcomes of the jobs that are over, and of those that wait until somebody consents again."""
    waits = "Google no longer accepts the consent: connect the account again, then its job goes on."
    with unit_of_work() as work:
        work.session.execute(_COLLECT)
        work.session.execute(_PARKED, {"now": clock.now(), "reason": waits})


def unfinished() -> list[tuple[UUID, date]]:
    """The nights that are not over yet."""
    with unit_of_work() as work:
        found = work.session.execute(select(Night.tenant_id, Night.night).where(Night.finished_at.is_(None)))
        return [(row.tenant_id, row.night) for row in found]


def close(
    tenant_id: UUID, night: date, expected: dict[UUID, datetime], now: datetime, *, late: timedelta
) -> dict[str, int] | None:
    """End a night once every expected account had its turn and is over; answers the summary, None while it goes on.

    An account whose slot nobody took until it was too late is noted as missed, one whose job is not over a day after
    its slot as failed.
    """
    with tenancy.working_for(tenant_id), unit_of_work() as work:
        row = work.session.get(Night, (tenant_id, night), with_for_update=True)
        if row is None or row.finished_at is not None:
            return None
        had = set(
            work.session.scalars(
                select(NightRun.customer_id).where(NightRun.tenant_id == tenant_id, NightRun.night == night)
            )
        )
        absent = {customer: slot for customer, slot in expected.items() if customer not in had}
        if any(now - slot <= late for slot in absent.values()):
            return None
        for customer_id, slot in absent.items():
            work.session.add(
                NightRun(
                    tenant_id=tenant_id,
                    night=night,
                    customer_id=customer_id,
                    slot=slot,
                    outcome="missed",
                    code="missed",
                    reason="No scheduler was running when its hour came.",
                    finished_at=now,
                )
            )
        work.session.flush()
        overdue = {"tenant": tenant_id, "night": night, "now": now, "limit": now - OVERDUE}
        work.session.execute(_OVERDUE, {**overdue, "reason": "It was not over a day after its hour; its job goes on."})
        summary = counts(work.session, tenant_id, [night], None)[night]
        if summary["running"]:
            return None
        row.finished_at, row.summary = now, summary
        work.emit(Event(tenant_id, "night.finished", {"night": night.isoformat(), **summary}))
    log.info("night_finished", night=night.isoformat(), **{name: summary[name] for name in OUTCOMES})
    return summary


def counts(
    session: Session, tenant_id: UUID, days: list[date], visible: frozenset[UUID] | None
) -> dict[date, dict[str, int]]:
    """Per night how many of the accounts that somebody may see had which outcome, and how many rows were read."""
    statement = text(
        "SELECT night, outcome, count(*) AS accounts, coalesce(sum(rows_synced), 0) AS rows_synced FROM night_runs"
        " WHERE tenant_id = :tenant AND night = ANY(:days)"
        " AND (CAST(:visible AS uuid[]) IS NULL OR customer_id = ANY(CAST(:visible AS uuid[])))"
        " GROUP BY night, outcome"
    )
    told: dict[date, dict[str, int]] = {
        day: {"accounts": 0, **dict.fromkeys(OUTCOMES, 0), "rows_synced": 0} for day in days
    }
    values = {"tenant": tenant_id, "days": days, "visible": None if visible is None else list(visible)}
    for row in session.execute(statement, values):
        told[row.night][row.outcome] = int(row.accounts)
        told[row.night]["accounts"] += int(row.accounts)
        told[row.night]["rows_synced"] += int(row.rows_synced)
    return told


def described(session: Session, runs: list[NightRun]) -> list[dict[str, Any]]:
    """The runs of accounts as the API shows them."""
    question = select(Customer).where(Customer.id.in_({run.customer_id for run in runs}))
    rows = {row.id: row for row in session.scalars(question)}
    names = ("night", "slot", "outcome", "code", "reason", "job_id", "rows_synced", "finished_at")
    return [
        {
            "slug": rows[run.customer_id].slug,
            "customer_id": rows[run.customer_id].google_id,
            **{name: getattr(run, name) for name in names},
        }
        for run in runs
    ]
