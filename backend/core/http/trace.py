"""One trace id from the request to the task to the call: W3C `traceparent` in, `X-Request-Id` in and out."""

from __future__ import annotations

import re
import secrets
import time

import flask
import structlog

from backend.core import logging
from backend.core.logging import get_logger

log = get_logger("http")

REQUEST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{7,99}")
TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")
QUIET = frozenset({"/health", "/ready", "/metrics"})


def init_app(app: flask.Flask) -> None:
    """Give every request its ids and one line in the log."""
    app.before_request(begin)
    app.after_request(finish)


def begin() -> None:
    """Take over the caller's ids where they are well-formed, make fresh ones where not."""
    given = flask.request.headers.get("X-Request-Id", "")
    parent = TRACEPARENT.fullmatch(flask.request.headers.get("traceparent", ""))
    trace = parent[1] if parent and set(parent[1]) != {"0"} else secrets.token_hex(16)
    flask.g.request_id = given if REQUEST_ID.fullmatch(given) else trace
    flask.g.request_began = time.perf_counter()
    logging.trace_id.set(trace)
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=flask.g.request_id)


def finish(response: flask.Response) -> flask.Response:
    """Send the ids back and write the access line."""
    response.headers["X-Request-Id"] = request_id() or ""
    trace = logging.trace_id.get()
    if trace:
        response.headers["traceparent"] = f"00-{trace}-{trace[:16]}-01"
    if flask.request.path not in QUIET:
        began = flask.g.get("request_began", time.perf_counter())
        log.info(
            "request",
            method=flask.request.method,
            path=flask.request.path,
            status=response.status_code,
            milliseconds=round((time.perf_counter() - began) * 1000, 1),
        )
    return response


def request_id() -> str | None:
    """The id of the current request, None outside of one."""
    return flask.g.get("request_id") if flask.has_request_context() else None
