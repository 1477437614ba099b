"""Every error leaves as application/problem+json (RFC 9457): ours, werkzeug's, the limiter's, the database's.

A member `code` is stable; `errors[]` carries pointers; `request_id` is the one in `X-Request-Id`. A stack trace never
leaves: what nobody foresaw is logged whole and answered as `internal`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

import flask
import orjson
import psycopg.errors
import redis
import sqlalchemy.exc
from werkzeug.exceptions import HTTPException

from backend.core.errors import Finding, Invalid, Problem, Unavailable
from backend.core.http import trace
from backend.core.logging import get_logger

log = get_logger(__name__)

PROBLEM_TYPE = "application/problem+json"
CODES = {
    400: "bad_request",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    408: "request_timeout",
    409: "conflict",
    411: "length_required",
    412: "stale",
    413: "too_large",
    414: "address_too_long",
    415: "unsupported_media_type",
    416: "range_not_satisfiable",
    417: "expectation_failed",
    421: "misdirected_request",
    422: "not_allowed_yet",
    428: "if_match_required",
    429: "rate_limited",
    431: "headers_too_large",
    503: "unavailable",
}
DETAILS = {
    404: "There is nothing at this address.",
    413: "The body is larger than this address accepts.",
    429: "Too many requests from this caller; wait and try again.",
}
UNREPRESENTABLE = (
    psycopg.errors.NumericValueOutOfRange,
    psycopg.errors.CharacterNotInRepertoire,
    psycopg.errors.UntranslatableCharacter,
    psycopg.errors.DatetimeFieldOverflow,
    psycopg.errors.StringDataRightTruncation,
)


class HttpProblem(Problem):
    """A problem of the protocol itself (405, 413, 415, 428, …), which no service raises."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        errors: Iterable[Finding] = (),
        extra: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail, code=code, errors=errors, extra=extra, headers=headers)
        self.status = status
        self.title = HTTPStatus(status).phrase


def render(problem: Problem) -> flask.Response:
    """The answer to a problem."""
    document: dict[str, Any] = {
        **problem.extra,  # first: what every problem has (RFC 9457) is never overwritten
        "type": "about:blank",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "instance": flask.request.path if flask.has_request_context() else None,
        "code": problem.code,
        "request_id": trace.request_id(),
        "errors": [finding.as_dict() for finding in problem.errors],
    }
    body = orjson.dumps(document, default=str)
    response = flask.Response(body, status=problem.status, content_type=PROBLEM_TYPE)
    response.headers.update(problem.headers)
    response.headers["Cache-Control"] = "no-store"
    return response


def init_app(app: flask.Flask) -> None:
    """Answer every error of the application as a problem."""
    app.register_error_handler(Problem, render)
    app.register_error_handler(HTTPException, from_http)
    app.register_error_handler(sqlalchemy.exc.DBAPIError, from_database)
    app.register_error_handler(sqlalchemy.exc.TimeoutError, from_pool)
    app.register_error_handler(redis.RedisError, from_redis)
    app.register_error_handler(Exception, from_bug)


def from_http(error: HTTPException) -> flask.Response:
    """A werkzeug error: 404 and 405 from routing, 413 from the body limit, the limiter's 429."""
    if error.response is not None and error.code is None:
        return flask.make_response(error.response)
    status = error.code or 500
    if 300 <= status < 400:
        return flask.make_response(error.get_response())
    if status >= 500 and status != 503:
        return from_bug(error)
    headers = {
        name: value
        for name, value in error.get_headers()
        if name.lower() in ("allow", "retry-after", "www-authenticate") or name.lower().startswith("ratelimit")
    }
    if status == 503:
        headers.setdefault("Retry-After", "5")
    detail = DETAILS.get(status) or error.description or HTTPStatus(status).phrase
    return render(HttpProblem(status, CODES.get(status, "bad_request"), detail, headers=headers))


def from_database(error: sqlalchemy.exc.DBAPIError) -> flask.Response:
    """A database error: away or contended is a 503, a value it cannot hold a 400, the rest a bug."""
    cause = error.orig
    if isinstance(cause, UNREPRESENTABLE):
        log.warning("value_refused_by_database", error=type(cause).__name__, path=flask.request.path)
        return render(Invalid("A value is outside what can be stored."))
    if isinstance(cause, psycopg.errors.DeadlockDetected | psycopg.errors.SerializationFailure):
        return render(Unavailable("Somebody changed the same thing at the same moment; try again.", retry_after=1))
    if isinstance(cause, psycopg.OperationalError) or error.connection_invalidated:
        log.error("database_unavailable", error=type(cause).__name__, path=flask.request.path)
        return render(Unavailable("The database cannot be reached at the moment.", retry_after=5))
    return from_bug(error)


def from_pool(error: sqlalchemy.exc.TimeoutError) -> flask.Response:
    """Every connection of the pool is taken."""
    log.error("database_pool_exhausted", path=flask.request.path)
    return render(Unavailable("Too many requests are waiting for the database.", retry_after=2))


def from_redis(error: redis.RedisError) -> flask.Response:
    """Redis is away and the route could not do without it."""
    log.error("redis_unavailable", error=type(error).__name__, path=flask.request.path)
    return render(Unavailable("A part of the service is restarting.", retry_after=5))


def from_bug(error: Exception) -> flask.Response:
    """What nobody foresaw: the log gets everything, the caller the request id."""
    log.error("unhandled_error", path=flask.request.path, method=flask.request.method, exc_info=error)
    return render(Problem("Something went wrong on our side; the request id leads to the log."))
