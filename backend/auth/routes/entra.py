"""`/auth/entra/login` and `/auth/entra/callback`: signing in with Microsoft Entra ID."""

from __future__ import annotations

from typing import Any

import flask
import marshmallow as ma
from marshmallow import fields, validate

from backend.auth import entra as service
from backend.auth.routes.signin import opened, secure
from backend.auth.schemas import CallbackQuery, LoginQuery
from backend.auth.schemas_people import SignedInSchema
from backend.auth.sessions import set_cookie
from backend.core import metrics
from backend.core.errors import NotFound, Problem
from backend.core.http import Blueprint
from backend.core.logging import get_logger
from backend.core.security import public
from config import EntraSettings

bp = Blueprint("entra", __name__, url_prefix="/auth/entra", description="Signing in with Microsoft Entra ID")
log = get_logger(__name__)

COOKIE = "cw_entra"
PATH = "/auth/entra"


class EntraLoginQuery(LoginQuery):
    """Which directory, and where the browser goes afterwards."""

    tenant = fields.String(
        load_default=None, validate=validate.Length(max=36), metadata={"description": "The directory's id."}
    )


@bp.get("/login")
@public
@bp.arguments(EntraLoginQuery, location="query")
@bp.response(302, description="To the directory's sign-in page; the cookie lasts ten minutes.")
@bp.alt_response(404, response="PROBLEM_404")
def login(query: dict[str, Any]) -> flask.Response:
    """Send the browser to its directory."""
    begun = service.begin(_entra(), _redirect_uri(), query["tenant"], query["return_to"])
    response = flask.Response(status=302, headers={"Location": begun.url})
    response.set_cookie(COOKIE, begun.binding, max_age=600, path=PATH, secure=secure(), httponly=True, samesite="Lax")
    return response


@bp.get("/callback")
@public
@bp.arguments(CallbackQuery, location="query", unknown=ma.EXCLUDE)
@bp.response(200, SignedInSchema)
@bp.alt_response(303, description="Back to `return_to`.")
@bp.alt_response(403, response="PROBLEM_403")
@bp.alt_response(404, response="PROBLEM_404")
def callback(query: dict[str, Any]) -> flask.Response:
    """Where the directory sends the browser back: opens a session."""
    try:
        done = service.complete(_entra(), _redirect_uri(), binding=flask.request.cookies.get(COOKIE), **query)
    except Problem as problem:
        log.warning("entra_refused", problem=problem.code, ip=flask.request.remote_addr)
        metrics.SECURITY_EVENTS.labels(problem.code).inc()
        raise
    if done.return_to:
        response = flask.Response(status=303, headers={"Location": done.return_to})
        set_cookie(response, done.session, secure=secure())
    else:
        response = opened(done.session)
    response.delete_cookie(COOKIE, path=PATH, secure=secure(), httponly=True, samesite="Lax")
    return response


def _entra() -> EntraSettings:
    entra: EntraSettings | None = flask.current_app.config["SETTINGS"].entra
    if entra is None:
        raise NotFound("Signing in with Microsoft Entra ID is not set up here.")
    return entra


def _redirect_uri() -> str:
    return f"{flask.current_app.config['SETTINGS'].public_url}{PATH}/callback"
