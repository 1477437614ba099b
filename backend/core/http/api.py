"""The OpenAPI 3.1 document and the registration of blueprints: flask-smorest's `Api` with our problems in it."""

from __future__ import annotations

from typing import Any

import flask
import marshmallow as ma
from apispec.ext.marshmallow import MarshmallowPlugin
from flask_smorest import Api as SmorestApi

from backend.core import security
from backend.core.errors import Forbidden
from backend.core.http import parsing
from backend.core.http.problems import CODES, PROBLEM_TYPE
from backend.core.http.schema_names import SchemaNames

API_VERSION = "1.0.0"
DOCUMENTED = (400, 401, 403, 404, 409, 412, 413, 415, 422, 428, 429, 503)
RETRYING = (429, 503)
INTRODUCTION = """Draft, check, publish and report Google Ads campaigns.

**Who is asking.** Send `Authorization: Bearer …` (an API token from `POST /api/tokens`, or a JWT of the identity
provider), `X-Service-Auth: …` (another program), or sign in at `/auth/login`; a browser session sends `X-CSRF-Token`
with every change. What belongs to another organisation answers 404.

**Errors** are `application/problem+json`: decide by `code`, show `detail`, find the fields in `errors[].pointer`, and
name `request_id` when you ask about one.

**Lists** come in pages: follow `Link: <…>; rel="next"` until it is absent.

**Changing an item** needs `If-Match` with the `ETag` that was read; 412 says that somebody was faster.

**Creating twice.** Send an `Idempotency-Key` with a POST that creates: a repetition gets the first answer.

**Long work** answers 202 with a `job_id`; follow `/api/jobs/{job_id}/status`, its event stream, or send
`Prefer: wait=30`.

**Units.** Money is in micros of the account's currency, times are UTC, dates belong to the account's time zone.
"""


class FindingSchema(ma.Schema):
    """One thing wrong with the input."""

    pointer = ma.fields.String(required=True, metadata={"description": "JSON pointer (RFC 6901) into the input."})
    code = ma.fields.String(required=True)
    message = ma.fields.String(required=True)


class ProblemSchema(ma.Schema):
    """An error, as RFC 9457 describes it."""

    class Meta:
        unknown = ma.INCLUDE

    type = ma.fields.String(required=True)
    title = ma.fields.String(required=True)
    status = ma.fields.Integer(required=True)
    detail = ma.fields.String(required=True)
    instance = ma.fields.String(allow_none=True)
    code = ma.fields.String(required=True, metadata={"description": "Stable; programs decide by this."})
    request_id = ma.fields.String(allow_none=True)
    errors = ma.fields.List(ma.fields.Nested(FindingSchema), required=True)
    google_request_id = ma.fields.String(metadata={"description": "Google's own id, where Google answered."})


class Api(SmorestApi):  # type: ignore[misc]
    """flask-smorest's API with problem+json as its only error form."""

    DEFAULT_ERROR_RESPONSE_NAME = None

    def _register_error_handlers(self) -> None:
        """`core.http.problems` answers every error; flask-smorest adds nothing."""

    def _register_responses(self) -> None:
        self.spec.components.schema("Problem", schema=ProblemSchema)
        reference = {"$ref": "#/components/schemas/Problem"}
        for status in DOCUMENTED:
            response: dict[str, Any] = {
                "description": CODES[status],
                "content": {PROBLEM_TYPE: {"schema": reference}},
            }
            if status in RETRYING:
                response["headers"] = {"Retry-After": {"schema": {"type": "integer"}}}
            self.spec.components.response(f"PROBLEM_{status}", response)
        self.spec.components.parameter(
            "IF_MATCH_TAG",
            "header",
            {
                "name": "If-Match",
                "required": True,
                "description": "The ETag that the change is based on.",
                "schema": {"type": "string"},
            },
        )


def create_api(app: flask.Flask, server_url: str) -> Api:
    """Attach the API to an application: parsing guards first, then the document that blueprints add themselves to."""
    app.config.update(
        API_TITLE="CampaignWizard",
        API_VERSION=API_VERSION,
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX=None,
        JSON_SORT_KEYS=False,
    )
    app.before_request(check_request)
    api = Api(
        app,
        spec_kwargs={
            "info": {"description": INTRODUCTION},
            "servers": [{"url": server_url}],
            "marshmallow_plugin": MarshmallowPlugin(schema_name_resolver=SchemaNames()),
        },
    )
    scheme = api.spec.components.security_scheme
    scheme("bearer", {"type": "http", "scheme": "bearer", "description": "An API token or a JWT."})
    scheme("session", {"type": "apiKey", "in": "cookie", "name": "cw_session"})
    scheme("service", {"type": "apiKey", "in": "header", "name": "X-Service-Auth"})
    return api


def check_request() -> None:
    """Before any view: the role first (whatever the order of its decorators), then what nobody declared.

    Raises:
        Problem: 401, 403, or 400 for undeclared input.
    """
    view = flask.current_app.view_functions.get(flask.request.endpoint or "")
    if view is None or flask.request.method == "OPTIONS":
        return
    role = getattr(view, security.GUARD, None)
    if role is not None:
        held = security.current_actor().highest_role
        if held is None or held < role:
            raise Forbidden(f"This needs the role {role.name.lower()}.")
    parsing.refuse_undeclared(view)
