"""`/health` (this process lives), `/ready` (it can serve: each check by name) and `/metrics`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import flask
from prometheus_client import CONTENT_TYPE_LATEST

from backend.core import metrics
from backend.core.logging import get_logger
from backend.core.security import public

log = get_logger(__name__)

Check = Callable[[], bool]


def create_blueprint(
    version: str, checks: Mapping[str, Check], figures: Sequence[metrics.Figure] = ()
) -> flask.Blueprint:
    """The operational routes; `/ready` is 503 while one of the checks fails, and says which."""
    bp = flask.Blueprint("operations", __name__)

    @public
    def health() -> flask.Response:
        return flask.jsonify({"status": "healthy", "version": version})

    @public
    def ready() -> flask.Response:
        found = {name: _holds(name, check) for name, check in checks.items()}
        good = all(found.values())
        response = flask.jsonify({"status": "ready" if good else "not_ready", "checks": found})
        if not good:
            response.status_code = 503
            response.headers["Retry-After"] = "5"
        return response

    @public
    def show_metrics() -> flask.Response:
        return flask.Response(metrics.exposition(figures), content_type=CONTENT_TYPE_LATEST)

    bp.add_url_rule("/health", "health", health)
    bp.add_url_rule("/ready", "ready", ready)
    bp.add_url_rule("/metrics", "metrics", show_metrics)
    return bp


def _holds(name: str, check: Check) -> bool:
    try:
        return check()
    except Exception as error:  # noqa: BLE001 (a check that fails in any way is a check that fails; it is logged)
        log.warning("check_failed", check=name, error=type(error).__name__)
        return False
