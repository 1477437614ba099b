"""What Prometheus reads: every metric that more than one module writes is defined here.

Processes share one directory (`PROMETHEUS_MULTIPROC_DIR`, wiped by whoever starts them), so that any API process can
answer for all of them, workers included.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence

import flask
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import REGISTRY, Collector

from backend.core.logging import get_logger

log = get_logger(__name__)

Figure = Callable[[], GaugeMetricFamily]
"""A metric that is looked up in the database when Prometheus asks, so that every process answers the same."""

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

REQUESTS = Histogram(
    "http_request_seconds",
    "Requests by endpoint, method and status.",
    ("endpoint", "method", "status"),
    buckets=SECONDS,
)
SECURITY_EVENTS = Counter("security_events", "Refused sign-ins, states, keys and roles, by kind.", ("kind",))
GOOGLE_LATENCY = Histogram(
    "google_ads_api_latency", "Calls to Google Ads by method and outcome.", ("method", "outcome"), buckets=SECONDS
)


def init_app(app: flask.Flask) -> None:
    """Time every request of the application."""
    app.after_request(_observe)


def _observe(response: flask.Response) -> flask.Response:
    began = flask.g.get("request_began")
    if began is not None:
        endpoint = flask.request.endpoint or "unmatched"
        elapsed = time.perf_counter() - began
        REQUESTS.labels(endpoint, flask.request.method, str(response.status_code)).observe(elapsed)
    return response


class _Figures(Collector):
    """Figures as a collector; one that cannot be looked up now is left out, and the others are told all the same."""

    def __init__(self, figures: Sequence[Figure]) -> None:
        self._figures = figures

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Look every figure up."""
        for figure in self._figures:
            try:
                yield figure()
            except Exception as error:  # noqa: BLE001 (whatever is down, the metrics of what is not are needed then)
                log.warning("figure_missing", figure=figure.__name__, error=type(error).__name__)


def exposition(figures: Sequence[Figure] = ()) -> bytes:
    """Every metric in Prometheus' text format: of all processes when they share a directory, and the figures."""
    looked_up = CollectorRegistry()
    looked_up.register(_Figures(figures))
    return _counted() + generate_latest(looked_up)


def _counted() -> bytes:
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry)
    return generate_latest(REGISTRY)
