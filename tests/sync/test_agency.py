"""The whole agency: `init`, a second `append`, late conversions: totals equal the sandbox's own at every level."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from backend.sync.statistics import REREAD_DAYS
from config import Settings
from tests.support.servers import Servers
from tests.sync.agency import Agency, running_agency
from tests.sync.test_sync_account import complete_until

log = logging.getLogger(__name__)

LATE_DAYS = 3
INIT_SECONDS = 5400


def finished_days(agency: Agency, client: dict[str, Any], days: int) -> tuple[date, date]:
    """So many days, of which the last one was over when the account was read: the one after it grows by the second."""
    last = complete_until(agency.team, client)
    return last - timedelta(days=days - 1), last


def tell_the_same(agency: Agency, days: int) -> None:
    for number, client in enumerate(agency.clients, 1):
        compared = agency.compare(client, *finished_days(agency, client, days))
        log.info("%d of %d accounts: %d sums equal", number, len(agency.clients), compared)


def follow_the_days(agency: Agency, days: int) -> None:
    """init → append → the clock moves → append; each time our tables say what the sandbox says."""
    agency.run_all("init", INIT_SECONDS)
    tell_the_same(agency, days)
    # Of the day that is not over both the numbers and the rows change: it is left out.
    settled = min(finished_days(agency, client, days)[1] for client in agency.clients)
    versions, counts = agency.versions(settled), agency.counts(settled)
    for result in agency.run_all("append", INIT_SECONDS):
        assert result["structure"]["changed"] == result["structure"]["removed"] == 0, result
    assert agency.versions(settled) == versions, "a second append wrote rows that had not changed"

    agency.sandbox.advance_clock(LATE_DAYS * 86_400)
    before = conversions(agency, settled)
    agency.run_all("append", INIT_SECONDS)
    tell_the_same(agency, REREAD_DAYS - 1)
    assert conversions(agency, settled) > before, "no conversion came late"
    assert agency.counts(settled) == counts, "late conversions are changes of rows, not new ones"


def conversions(agency: Agency, settled: date) -> float:
    (row,) = agency.rows(
        "SELECT sum(conversions) AS n FROM stats.daily_totals WHERE level = 1 AND date < :settled", settled=settled
    )
    return float(row["n"])


@pytest.fixture
def small(servers: Servers, settings: Settings, tmp_path: Path) -> Iterator[Agency]:
    with running_agency(servers, settings, tmp_path, clients=1, days=40, workers=1) as agency:
        yield agency


@pytest.mark.slow("a sandbox, a database and a worker of its own, and three syncs")
def test_one_client_of_forty_days(small: Agency) -> None:
    follow_the_days(small, 40)


@pytest.mark.soak
@pytest.mark.slow("thirty accounts with a year of statistics, read three times")
@pytest.mark.timeout(7200)
def test_thirty_clients_of_a_year(servers: Servers, settings: Settings, tmp_path: Path) -> None:
    with running_agency(servers, settings, tmp_path, clients=30, days=365, workers=2) as agency:
        follow_the_days(agency, 365)
