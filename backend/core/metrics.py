"""What Prometheus reads: every metric that more than one module writes is defined here.

Processes share one directory (`PROMETHEUS_MULTIPROC_DIR`, wiped by whoever starts them), so that any API process can
answer for all of them, workers included.
"""

from __future__ import annotations

import os
import time

import flask
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import REGISTRY

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


def exposition() -> bytes:
    """Every metric in Prometheus' text format, of all processes when they share a directory."""
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry)
    return generate_latest(REGISTRY)
