"""`/auth/google/login`, `/auth/callback` and the connected Google accounts."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import flask
import marshmallow as ma

from backend.auth import google as service
from backend.auth.schemas import AcceptedSchema, CallbackQuery, ConnectionSchema, LoginQuery
from backend.core import metrics
from backend.core.errors import Problem
from backend.core.http import Blueprint, accepted
from backend.core.logging import get_logger
from backend.core.security import Role, current_actor, public, requires
from config import GoogleSettings, Settings

bp = Blueprint("google", __name__, url_prefix="/auth", description="Connecting Google accounts")
log = get_logger(__name__)

COOKIE = "cw_oauth"
CALLBACK = "/auth/callback"


@bp.get("/google/login")
@requires(Role.ADMIN)
@bp.arguments(LoginQuery, location="query")
@bp.response(302, description="To Google's consent page; the cookie lasts ten minutes.")
def login(query: dict[str, Any]) -> flask.Response:
    """Send the browser to Google for consent to manage the accounts of a Google user."""
    begun = service.begin(_google(), _redirect_uri(), current_actor(), query["return_to"])
    response = flask.Response(status=302, headers={"Location": begun.url})
    response.set_cookie(
        COOKIE,
        begun.binding,
        max_age=int(service.LIFETIME.total_seconds()),
        path="/auth",
        secure=_secure(),
        httponly=True,
        samesite="Lax",
    )
    return response


@bp.get("/callback")
@public
@bp.arguments(CallbackQuery, location="query", unknown=ma.EXCLUDE)
@bp.response(202, AcceptedSchema)
@bp.alt_response(303, description="Back to `return_to`, with the job's id.")
def callback(query: dict[str, Any]) -> flask.Response:
    """Where Google sends the browser back: the consent is verified and stored, then its accounts are listed by a job.

    Each failure has its own code: oauth_state_missing, oauth_state_unknown, oauth_state_expired, oauth_state_foreign,
    oauth_denied, oauth_code_missing, oauth_code_refused, oauth_token_refused, oauth_wrong_audience,
    oauth_scope_missing, oauth_no_refresh_token; 503 oauth_unreachable, oauth_client_refused.
    """
    try:
        done = service.complete(_google(), _redirect_uri(), binding=flask.request.cookies.get(COOKIE), **query)
    except Problem as problem:
        log.warning("oauth_refused", problem=problem.code, ip=flask.request.remote_addr)
        metrics.SECURITY_EVENTS.labels(problem.code).inc()
        raise
    flask.g.actor = done.actor  # whoever began the sign-in may wait for its job (Prefer: wait)
    if done.return_to:
        target = f"{done.return_to}{'&' if '?' in done.return_to else '?'}job_id={done.job_id}"
        response = flask.Response(status=303, headers={"Location": target})
    else:
        response = accepted(done.job_id)
    response.delete_cookie(COOKIE, path="/auth", secure=_secure(), httponly=True, samesite="Lax")
    return response


@bp.get("/google/connections")
@requires(Role.ADMIN)
@bp.response(200, ConnectionSchema(many=True))
def connections() -> list[dict[str, Any]]:
    """The connected Google accounts and whether their consent still stands."""
    return service.connections(current_actor())


@bp.delete("/google/connections/<uuid:connection_id>")
@requires(Role.ADMIN)
@bp.response(204, description="Revoked at Google and deleted here.")
def disconnect(connection_id: UUID) -> tuple[str, int]:
    """Withdraw a consent at Google and delete its token here."""
    service.disconnect(_google(), connection_id, current_actor())
    return "", 204


@bp.post("/google/connections/<uuid:connection_id>/discover")
@requires(Role.ADMIN)
@bp.response(202, AcceptedSchema)
def rediscover(connection_id: UUID) -> flask.Response:
    """Look again for the accounts that a connected Google account reaches."""
    return accepted(service.rediscover(connection_id, current_actor()))


def _google() -> GoogleSettings:
    return _settings().google


def _redirect_uri() -> str:
    return f"{_settings().public_url}{CALLBACK}"


def _secure() -> bool:
    return urlsplit(_settings().public_url).scheme == "https"


def _settings() -> Settings:
    settings: Settings = flask.current_app.config["SETTINGS"]
    return settings
