"""What Prometheus reads of the sync: how far the account that waits longest is behind."""

from __future__ import annotations

from prometheus_client.core import GaugeMetricFamily
from sqlalchemy import func, select

from backend.adgraph.models import Customer
from backend.core import clock
from backend.core.db import unit_of_work


def lag() -> GaugeMetricFamily:
    """Seconds since the last sync of the enabled account whose last sync is the oldest; 0 when none was ever synced.

    Accounts are not named: whoever may read metrics need not know the clients. `GET /api/data/clients` names them.
    """
    with unit_of_work() as work:
        oldest = work.session.scalar(
            select(func.min(Customer.last_synced_at)).where(Customer.status == "ENABLED", Customer.manager.is_(False))
        )
    return GaugeMetricFamily(
        "sync_lag_seconds",
        "Seconds since the last sync of the enabled account that was synced the longest ago.",
        value=(clock.now() - oldest).total_seconds() if oldest else 0.0,
    )
