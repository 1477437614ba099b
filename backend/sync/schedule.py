"""The nightly fan-out: once a night per account, at its own hour in its own time zone, whoever ticks and how often.

`settings.schedule` of an account: `{"enabled": true, "at": "02:30"}`. A slot is the UTC moment of that local time, and
its night is the local date; a row of `schedule_runs` per slot and one of `night_runs` per night are unique, so two
beats, or one that fires twice, run a night once. A slot that nobody took (the beat was down) is taken late, up to
`LATE`; one before the account was connected is not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import chain, zip_longest
from typing import Any
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
from backend.sync import account, nights, service
from backend.sync.models import ScheduleRun

log = get_logger(__name__)

DEFAULT_TIME = time(2, 30)
LATE = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Slot:
    """When an account is due in one night: its local date, and the moment in UTC."""

    night: date
    at: datetime


@dataclass(frozen=True, slots=True)
class Schedule:
    """When an account is synced by itself: every night at a local time, or not at all."""

    enabled: bool = True
    at: time = DEFAULT_TIME

    @classmethod
    def of(cls, settings: dict[str, Any]) -> Schedule:
        """From an account's settings.

        Raises:
            ValueError: the time is none.
        """
        chosen = settings.get("schedule", {})
        at = time.fromisoformat(chosen["at"]) if "at" in chosen else DEFAULT_TIME
        return cls(chosen.get("enabled") is not False, at)

    def as_settings(self) -> dict[str, Any]:
        """For the account's settings."""
        return {"enabled": self.enabled, "at": self.at.strftime("%H:%M")}

    def slot(self, zone_name: str, night: date) -> Slot:
        """The slot of one night; a local time that a clock change leaves out has the offset from before the change."""
        moment = datetime.combine(night, self.at, tzinfo=account.zone_of(zone_name))
        return Slot(night, moment.astimezone(UTC))


def fan_out() -> int:
    """Open a job for every account whose slot has come; one that cannot be opened never stops the others."""
    now = clock.now()
    with unit_of_work() as work:
        rows = _scheduled(work.session)
    opened = 0
    for row in in_turns(rows):
        try:
            slot = latest_slot(row, now)
            if slot is not None and slot.at > row.created_at and now - slot.at <= LATE:
                opened += take(row, slot)
        except Exception:
            log.exception("slot_failed", slug=row.slug, customer_id=row.google_id)
    nights.collect()
    for tenant_id, night in nights.unfinished():
        nights.close(tenant_id, night, _expected(rows, tenant_id, night), now, late=LATE)
    return opened


def _expected(rows: list[Customer], tenant_id: UUID, night: date) -> dict[UUID, datetime]:
    """The accounts of a tenant that have a slot in a night, with its moment."""
    found = {}
    for row in rows:
        slot = _slot_in(row, night) if row.tenant_id == tenant_id else None
        if slot is not None and slot.at > row.created_at:
            found[row.id] = slot.at
    return found


def _slot_in(row: Customer, night: date) -> Slot | None:
    try:
        schedule = Schedule.of(row.settings)
    except ValueError:
        log.warning("schedule_malformed", slug=row.slug)
        return None
    return schedule.slot(row.time_zone, night) if schedule.enabled else None


def in_turns(rows: Iterable[Customer]) -> list[Customer]:
    """The accounts with the organisations taking turns, so that a large one does not make the others wait."""
    queues: dict[UUID, list[Customer]] = defaultdict(list)
    for row in rows:
        queues[row.tenant_id].append(row)
    return [row for row in chain.from_iterable(zip_longest(*queues.values())) if row is not None]


def _scheduled(session: Session) -> list[Customer]:
    reached = select(CustomerAccess.customer_id)
    question = select(Customer).where(
        Customer.manager.is_(False), Customer.status == "ENABLED", Customer.id.in_(reached)
    )
    return list(session.scalars(question.order_by(Customer.tenant_id, Customer.slug)))


def latest_slot(row: Customer, now: datetime) -> Slot | None:
    """The newest slot of an account that has come; None when its schedule is off.

    Raises:
        ValueError: its time is none.
    """
    schedule, today = Schedule.of(row.settings), now.astimezone(account.zone_of(row.time_zone)).date()
    if not schedule.enabled:
        return None
    found = (schedule.slot(row.time_zone, day) for day in (today, today - timedelta(days=1)))
    return next((slot for slot in found if slot.at <= now), None)


def next_slot(row: Customer, now: datetime) -> Slot | None:
    """The next slot of an account that is still to come; None when its schedule is off."""
    schedule, today = Schedule.of(row.settings), now.astimezone(account.zone_of(row.time_zone)).date()
    if not schedule.enabled:
        return None
    found = (schedule.slot(row.time_zone, today + timedelta(days=ahead)) for ahead in range(3))
    return next((slot for slot in found if slot.at > now), None)


def take(row: Customer, slot: Slot) -> bool:
    """Open the job of a slot, once; False when it was taken before, or another sync of the account is under way."""
    with tenancy.working_for(row.tenant_id), unit_of_work() as work:
        taken = work.session.execute(
            insert(ScheduleRun)
            .values(name=f"sync:{row.id}", slot=slot.at)
            .on_conflict_do_nothing()
            .returning(ScheduleRun.name)
        ).scalar()
        if taken is None or not nights.begin(work.session, row.tenant_id, slot.night, row.id, slot.at):
            return False
        try:
            job = service.request(work, account.of(row), service.SyncOrder("append"), _nobody(row.tenant_id))
        except Conflict as busy:
            log.info("slot_skipped", slug=row.slug, reason="a sync is under way")
            nights.skip(work.session, row.tenant_id, slot.night, row.id, busy.code, str(busy))
            return False
        run = work.session.get_one(ScheduleRun, (f"sync:{row.id}", slot.at))
        run.job_id = job.id
        nights.opened(work.session, row.tenant_id, slot.night, row.id, job.id)
    log.info("slot_taken", slug=row.slug, slot=slot.at.isoformat())
    return True


def _nobody(tenant_id: UUID) -> Actor:
    return Actor(tenant_id, None, "nightly schedule", kind="system", everywhere=Role.ADMIN)
