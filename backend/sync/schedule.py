"""The nightly fan-out: once a night per account, at its own hour in its own time zone, whoever ticks and how often.

`settings.schedule` of an account: `{"enabled": true, "at": "02:30"}`. A slot is the UTC moment of that local time; its
row in `schedule_runs` is unique, so two beats, or one that fires twice, run it once. A slot that nobody took (the beat
was down) is taken late, up to `LATE`; one before the account was connected is not.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from backend.adgraph.models import Customer
from backend.auth.models import CustomerAccess
from backend.core import clock, tenancy
from backend.core.db import unit_of_work
from backend.core.errors import Conflict
from backend.core.logging import get_logger
from backend.core.security import Actor, Role
from backend.sync import account, service
from backend.sync.models import ScheduleRun

log = get_logger(__name__)

DEFAULT_TIME = time(2, 30)
LATE = timedelta(hours=12)


def fan_out() -> int:
    """Open a job for every account whose slot has come; one that cannot be opened never stops the others."""
    now = clock.now()
    with unit_of_work() as work:
        rows = _scheduled(work.session)
    opened = 0
    for row in rows:
        slot = latest_slot(row, now)
        if slot is not None and slot > row.created_at and now - slot <= LATE:
            opened += _take(row, slot)
    return opened


def _scheduled(session: Session) -> list[Customer]:
    reached = select(CustomerAccess.customer_id)
    question = select(Customer).where(
        Customer.manager.is_(False), Customer.status == "ENABLED", Customer.id.in_(reached)
    )
    return list(session.scalars(question.order_by(Customer.tenant_id, Customer.slug)))


def latest_slot(row: Customer, now: datetime) -> datetime | None:
    """The newest slot of an account that has come, in UTC; None when its schedule is off."""
    chosen = row.settings.get("schedule", {})
    if chosen.get("enabled") is False:
        return None
    at = time.fromisoformat(chosen["at"]) if "at" in chosen else DEFAULT_TIME
    zone = account.zone_of(row.time_zone)
    today = now.astimezone(zone).date()
    # A local time that a clock change leaves out is read with the offset before the change, so every night has one.
    for day in (today, today - timedelta(days=1)):
        slot = datetime.combine(day, at, tzinfo=zone).astimezone(UTC)
        if slot <= now:
            return slot
    return None


def _take(row: Customer, slot: datetime) -> bool:
    with tenancy.working_for(row.tenant_id), unit_of_work() as work:
        taken = work.session.execute(
            insert(ScheduleRun)
            .values(name=f"sync:{row.id}", slot=slot)
            .on_conflict_do_nothing()
            .returning(ScheduleRun.name)
        ).scalar()
        if taken is None:
            return False
        try:
            job = service.request(work, account.of(row), service.SyncOrder("append"), _nobody(row.tenant_id))
        except Conflict:
            log.info("slot_skipped", slug=row.slug, reason="a sync is under way")
            return False
        run = work.session.get_one(ScheduleRun, (f"sync:{row.id}", slot))
        run.job_id = job.id
    log.info("slot_taken", slug=row.slug, slot=slot.isoformat())
    return True


def _nobody(tenant_id: UUID) -> Actor:
    return Actor(tenant_id, None, "nightly schedule", kind="system", everywhere=Role.ADMIN)
