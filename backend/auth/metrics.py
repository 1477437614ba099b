"""What Prometheus reads of Google's quota."""

from __future__ import annotations

from flask import current_app
from prometheus_client.core import GaugeMetricFamily

from backend.auth.guarded import project_of
from backend.core import quota


def quota_left() -> GaugeMetricFamily:
    """The operations that the Google Cloud project has left of its rolling 24 hours; infinite where it has no limit."""
    google = current_app.config["SETTINGS"].google
    left = quota.left(project_of(google.client_id), google.daily_operations)
    return GaugeMetricFamily(
        "google_ads_quota_left",
        "Operations that the Google Cloud project has left of its rolling 24 hours.",
        value=float("inf") if left is None else left,
    )
