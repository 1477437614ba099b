"""The nightly slots: local hours whatever the zone and the clock change, taken once whoever ticks."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask

from backend.sync import schedule
from tests.support.database import Rows
from tests.support.team import Team
from tests.sync.support import new_account


def row(zone: str, **settings: Any) -> Any:
    return SimpleNamespace(time_zone=zone, settings={"schedule": settings} if settings else {})


@pytest.mark.parametrize(
    ("zone", "settings", "now", "slot"),
    [
        ("UTC", {}, "2026-07-01T02:30", "2026-07-01T02:30"),
        ("UTC", {}, "2026-07-01T02:29", "2026-06-30T02:30"),
        ("Pacific/Kiritimati", {}, "2026-07-01T13:00", "2026-07-01T12:30"),
        ("Pacific/Pago_Pago", {}, "2026-07-01T14:00", "2026-07-01T13:30"),
        ("Europe/Berlin", {"at": "04:15"}, "2026-07-01T02:20", "2026-07-01T02:15"),
        # 29 March 2026, Berlin: 02:30 does not exist; the night still has its slot.
        ("Europe/Berlin", {}, "2026-03-29T12:00", "2026-03-29T01:30"),
        # 25 October 2026, Berlin: 02:30 comes twice; the first one counts.
        ("Europe/Berlin", {}, "2026-10-25T12:00", "2026-10-25T00:30"),
        ("Nowhere/Atlantis", {}, "2026-07-01T03:00", "2026-07-01T02:30"),
    ],
)
def test_slots_are_local_hours(zone: str, settings: dict[str, Any], now: str, slot: str) -> None:
    found = schedule.latest_slot(row(zone, **settings), datetime.fromisoformat(now).replace(tzinfo=UTC))
    assert found == datetime.fromisoformat(slot).replace(tzinfo=UTC)


def test_a_schedule_that_is_off_has_no_slot() -> None:
    assert schedule.latest_slot(row("UTC", enabled=False), datetime(2026, 7, 1, tzinfo=UTC)) is None


def test_two_ticks_take_a_slot_once_and_a_busy_account_stops_nobody(app: Flask, team: Team, rows: Rows) -> None:
    taken = {}
    for name in ("busy", "free"):
        customer = new_account(rows, team.tenant_id, time_zone="UTC")
        taken[name] = SimpleNamespace(
            id=customer, tenant_id=team.tenant_id, slug=name, google_id="1234567890", descriptive_name=name,
            currency_code="EUR", time_zone="UTC", manager=False, status="ENABLED",
        )  # fmt: skip
    rows(
        "INSERT INTO jobs (id, tenant_id, customer_id, kind, queue, exclusive_key, status, attempts, max_attempts,"
        " fence,"
        " next_attempt_at, created_by_name, cancel_requested) VALUES (:id, :t, :c, 'sync.account', 'nobody', :key,"
        " 'queued', 0, 5, 0, now() + interval '1 hour', 'somebody', false)",
        id=uuid.uuid4(),
        t=team.tenant_id,
        c=taken["busy"].id,
        key=f"sync:{taken['busy'].id}",
    )
    slot = datetime(2026, 7, 1, 2, 30, tzinfo=UTC)
    with app.app_context():
        assert schedule._take(taken["busy"], slot) is False
        assert schedule._take(taken["free"], slot) is True
        assert schedule._take(taken["free"], slot) is False
    jobs = rows("SELECT * FROM jobs WHERE customer_id = :c", c=taken["free"].id)
    assert [(job["kind"], job["created_by_name"]) for job in jobs] == [("sync.account", "nightly schedule")]
