"""What keeps the statistics in shape without anybody asking: partitions ahead, old months dropped, old quota forgotten.

Runs daily from beat and may run twice: each step finds what is left to do.
"""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import text

from backend.adgraph import partitions
from backend.core import clock
from backend.core.db import db, unit_of_work
from backend.core.logging import get_logger

log = get_logger(__name__)

AHEAD = timedelta(days=62)
KEPT_MONTHS = 61
"""Five years and the month that runs: longer than Google keeps days, short enough to stay in memory."""
QUOTA_KEPT = timedelta(days=8)
CHANGES_KEPT = timedelta(days=1100)


def keep_in_shape() -> dict[str, int]:
    """Make partitions ahead, drop those by age, forget old quota; the daily totals keep what dropped months held."""
    today = clock.now().date()
    made = dropped = 0
    for table in partitions.TABLES:
        with unit_of_work() as work:
            made += len(partitions.ensure(work.session, table, today, today + AHEAD))
        dropped += len(partitions.drop_before(db.engine, table, first_kept(today)))
    with unit_of_work() as work:
        forgotten = work.session.execute(
            text("DELETE FROM quota_ledger WHERE hour < :limit RETURNING 1"), {"limit": clock.now() - QUOTA_KEPT}
        ).all()
        old_changes = work.session.execute(
            text("DELETE FROM google_changes WHERE changed_at < :limit RETURNING 1"),
            {"limit": clock.now() - CHANGES_KEPT},
        ).all()
    done = {
        "partitions_made": made,
        "partitions_dropped": dropped,
        "quota_hours_forgotten": len(forgotten),
        "google_changes_forgotten": len(old_changes),
    }
    if any(done.values()):
        log.info("statistics_tidied", **done)
    return done


def first_kept(today: date) -> date:
    """The first day of the oldest month that is kept."""
    months = today.year * 12 + today.month - KEPT_MONTHS
    return date(months // 12, months % 12 + 1, 1)
