"""What guards every route from outside: body size, request rate, origins, and the headers that browsers obey."""

from __future__ import annotations

from urllib.parse import urlsplit

import flask
from flask_cors import CORS
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from werkzeug.middleware.proxy_fix import ProxyFix

from backend.core.http.problems import HttpProblem
from backend.core.redis import for_limits
from config import Settings

EXPOSED = (
    "X-Google-Operations-24h",
    "X-Google-Operations-Left",
    "ETag",
    "Link",
    "Location",
    "Retry-After",
    "X-Request-Id",
    "traceparent",
    "Idempotent-Replayed",
    "Preference-Applied",
    "RateLimit-Limit",
    "RateLimit-Remaining",
    "RateLimit-Reset",
)
ALLOWED = (
    "Authorization",
    "Content-Type",
    "If-Match",
    "Idempotency-Key",
    "Prefer",
    "X-CSRF-Token",
    "X-Request-Id",
    "X-Service-Auth",
    "traceparent",
    "Last-Event-ID",
)
API_POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
WINDOW_ENDS = "X-Window-Ends"
OPERATIONAL = ("/health", "/ready", "/metrics")


def caller() -> str:
    """Whom a rate is counted for: the person, service or token; a stranger by address."""
    actor = flask.g.get("actor")
    if actor is None:
        return f"address:{get_remote_address()}"
    return f"actor:{actor.tenant_id}:{actor.user_id or actor.token_id or actor.name}"


def init_app(app: flask.Flask, settings: Settings) -> None:
    """Install the guards; called after authentication, so that rates count per caller."""
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    if settings.trusted_proxies:
        count = settings.trusted_proxies
        # Every proxy adds itself to X-Forwarded-For; the nearest one alone says how it was reached.
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=1, x_host=0)  # type: ignore[method-assign]
    app.before_request(limit_body)
    _limit_rate(app, settings)
    if settings.cors_origins:
        CORS(
            app,
            origins=list(settings.cors_origins),
            supports_credentials=True,
            expose_headers=list(EXPOSED),
            allow_headers=list(ALLOWED),
            max_age=600,
        )
    secure = urlsplit(settings.public_url).scheme == "https"
    app.after_request(lambda response: harden(response, secure=secure))


def _limit_rate(app: flask.Flask, settings: Settings) -> None:
    address, options = for_limits(settings.redis_url)
    app.config.update(
        RATELIMIT_APPLICATION=settings.rate_limit,
        RATELIMIT_STORAGE_URI=address,
        RATELIMIT_STORAGE_OPTIONS=options,
        RATELIMIT_KEY_PREFIX="cw",
        RATELIMIT_HEADER_LIMIT="RateLimit-Limit",
        RATELIMIT_HEADER_REMAINING="RateLimit-Remaining",
        RATELIMIT_HEADER_RESET="RateLimit-Reset",
        RATELIMIT_HEADER_RETRY_AFTER=WINDOW_ENDS,
        RATELIMIT_HEADER_RETRY_AFTER_VALUE="delta-seconds",
    )
    app.after_request(say_when_to_come_back)  # before the limiter's own hook is installed, so that it runs after it
    limiter = Limiter(
        key_func=caller,
        app=app,
        in_memory_fallback_enabled=True,
        headers_enabled=True,
        swallow_errors=True,
        strategy="fixed-window",
    )
    limiter.request_filter(lambda: flask.request.path in OPERATIONAL or flask.request.method == "OPTIONS")


def say_when_to_come_back(response: flask.Response) -> flask.Response:
    """The limiter names the end of its window on every answer; only a 429 should carry it as `Retry-After`."""
    seconds = response.headers.pop(WINDOW_ENDS, None)
    if response.status_code == 429 and "Retry-After" not in response.headers:
        response.headers["Retry-After"] = str(max(1, int(seconds or 60)))
    return response


def limit_body() -> None:
    """Give the request the limit of its route, and refuse at once a body that says it is longer."""
    view = flask.current_app.view_functions.get(flask.request.endpoint or "")
    limit = getattr(view, "_max_body", None)
    if limit is not None:
        flask.request.max_content_length = limit
    else:
        limit = flask.current_app.config["MAX_CONTENT_LENGTH"]
    if (flask.request.content_length or 0) > limit:
        raise HttpProblem(413, "too_large", f"The body is larger than the {limit} bytes that this address accepts.")


def harden(response: flask.Response, *, secure: bool) -> flask.Response:
    """Headers for browsers; a route that set its own policy (the documentation pages) keeps it."""
    response.headers.setdefault("Content-Security-Policy", API_POLICY)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("X-Frame-Options", "DENY")
    response.headers.setdefault("Referrer-Policy", "no-referrer")
    response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    response.headers.setdefault("Cache-Control", "no-store")
    if secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
    return response
