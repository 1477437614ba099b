"""The nightly slots: local hours whatever the zone and the clock change, and the order of the accounts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from backend.sync import schedule


def row(zone: str, **settings: Any) -> Any:
    return SimpleNamespace(time_zone=zone, settings={"schedule": settings} if settings else {})


@pytest.mark.parametrize(
    ("zone", "settings", "now", "slot", "night"),
    [
        ("UTC", {}, "2026-07-01T02:30", "2026-07-01T02:30", "2026-07-01"),
        ("UTC", {}, "2026-07-01T02:29", "2026-06-30T02:30", "2026-06-30"),
        ("Pacific/Kiritimati", {}, "2026-07-01T13:00", "2026-07-01T12:30", "2026-07-02"),
        ("Pacific/Pago_Pago", {}, "2026-07-01T14:00", "2026-07-01T13:30", "2026-07-01"),
        ("Europe/Berlin", {"at": "04:15"}, "2026-07-01T02:20", "2026-07-01T02:15", "2026-07-01"),
        # 29 March 2026, Berlin: 02:30 does not exist; the night still has its slot.
        ("Europe/Berlin", {}, "2026-03-29T12:00", "2026-03-29T01:30", "2026-03-29"),
        # 25 October 2026, Berlin: 02:30 comes twice; the first one counts.
        ("Europe/Berlin", {}, "2026-10-25T12:00", "2026-10-25T00:30", "2026-10-25"),
        # UTC+14 and UTC-12: the same moment belongs to nights that are two days apart.
        ("Etc/GMT-14", {"at": "00:05"}, "2026-12-31T12:00", "2026-12-31T10:05", "2027-01-01"),
        ("Etc/GMT+12", {"at": "23:55"}, "2026-12-31T12:00", "2026-12-31T11:55", "2026-12-30"),
        ("Nowhere/Atlantis", {}, "2026-07-01T03:00", "2026-07-01T02:30", "2026-07-01"),
    ],
)
def test_slots_are_local_hours(zone: str, settings: dict[str, Any], now: str, slot: str, night: str) -> None:
    found = schedule.latest_slot(row(zone, **settings), datetime.fromisoformat(now).replace(tzinfo=UTC))
    assert found is not None
    assert found.at == datetime.fromisoformat(slot).replace(tzinfo=UTC)
    assert found.night.isoformat() == night


def test_a_schedule_that_is_off_has_no_slot() -> None:
    assert schedule.latest_slot(row("UTC", enabled=False), datetime(2026, 7, 1, tzinfo=UTC)) is None


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "UTC"])
@pytest.mark.parametrize("at", ["00:00", "02:30", "23:59"])
def test_every_night_of_a_year_has_one_slot(zone: str, at: str) -> None:
    """Whatever the clocks do; seen by a beat that ticks each half hour."""
    moment, seen = datetime(2026, 1, 1, 12, tzinfo=UTC), []
    for tick in range(48 * 365):
        found = schedule.latest_slot(row(zone, at=at), moment + tick * timedelta(minutes=30))
        assert found is not None
        if found not in seen[-1:]:
            seen.append(found)
    days = [slot.night for slot in seen]
    assert len(days) == len(set(days))
    assert days == [days[0] + timedelta(days=number) for number in range(len(days))]
    assert [slot.at for slot in seen] == sorted(slot.at for slot in seen)


def test_organisations_take_turns() -> None:
    rows = [SimpleNamespace(tenant_id=tenant, slug=f"{tenant}{number}") for tenant in "ab" for number in range(3)]
    rows.append(SimpleNamespace(tenant_id="c", slug="c0"))
    turns = [item.slug for item in schedule.in_turns(rows)]  # type: ignore[arg-type]
    assert turns == ["a0", "b0", "c0", "a1", "b1", "a2", "b2"]
