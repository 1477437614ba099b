"""What Prometheus reads of the ledger: how the jobs of the last hour ended."""

from __future__ import annotations

from datetime import timedelta

from prometheus_client.core import GaugeMetricFamily
from sqlalchemy import text

from backend.core import clock
from backend.core.db import unit_of_work
from backend.core.ids import first_id_of

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
# The ids are in the order of creation: the newest day is a short stretch of the primary key, however long the ledger.
_ENDED = text("""
SELECT count(*) AS ended, count(*) FILTER (WHERE status = 'failed') AS failed FROM jobs
WHERE id >= :oldest AND finished_at > :since AND error ->> 'code' IS DISTINCT FROM 'cancelled'
""")


def failure_rate() -> GaugeMetricFamily:
    """The share that failed of the jobs that ended within an hour, 0 when none did; cancelled ones count neither way.

    A job that was opened more than a day before is left out.
    """
    now = clock.now()
    with unit_of_work() as work:
        row = work.session.execute(_ENDED, {"oldest": first_id_of(now - DAY), "since": now - HOUR}).one()
    return GaugeMetricFamily(
        "job_failure_rate",
        "Share of the jobs that ended within the last hour that failed (0 to 1).",
        value=row.failed / row.ended if row.ended else 0.0,
    )
