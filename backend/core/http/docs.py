"""The documentation pages: the OpenAPI document, Swagger UI and ReDoc, all from our own files, so they work offline."""

from __future__ import annotations

from pathlib import Path

import flask
from flask_smorest import Api

from backend.core.security import public

STATIC = Path(__file__).parents[2] / "static"
DAY_S = 86_400
PAGE_POLICY = (
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; font-src 'self' data:; "
    "worker-src 'self' blob:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)


def create_blueprint(api: Api) -> flask.Blueprint:
    """The pages for one API; its document is rendered once, at the first request."""
    bp = flask.Blueprint("documentation", __name__)
    rendered: list[bytes] = []

    @public
    def document() -> flask.Response:
        if not rendered:
            rendered.append(flask.json.dumps(api.spec.to_dict(), sort_keys=False).encode())
        return flask.Response(rendered[0], content_type="application/json")

    @public
    def swagger_ui() -> flask.Response:
        return _page("docs.html")

    @public
    def redoc() -> flask.Response:
        return _page("redoc.html")

    @public
    def asset(path: str) -> flask.Response:
        return flask.send_from_directory(STATIC, path, max_age=DAY_S)

    bp.add_url_rule("/openapi.json", "document", document)
    bp.add_url_rule("/api/openapi.json", "document_in_api", document)
    bp.add_url_rule("/docs", "swagger_ui", swagger_ui)
    bp.add_url_rule("/redoc", "redoc", redoc)
    bp.add_url_rule("/docs/assets/<path:path>", "asset", asset)
    return bp


def _page(name: str) -> flask.Response:
    response = flask.send_from_directory(STATIC, name, max_age=0)
    response.headers["Content-Security-Policy"] = PAGE_POLICY
    return response
