"""`POST /api/gaql` and `GET /api/gaql/fields`.

Queries run in the stream process (`bp`): their answers last, and they are the one read that asks a vendor. The API
serves the catalogue and sends queries on to the stream process (`api_bp`).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import Any

import flask

from backend.auth import credentials
from backend.core.db import unit_of_work
from backend.core.errors import Unavailable
from backend.core.http import Blueprint
from backend.core.logging import get_logger
from backend.core.security import Role, current_actor, requires
from backend.integrations.googleads.gaql import Catalogue, Checked, catalogue
from backend.reporting import accounts
from backend.reporting.gaql import fields, quota
from backend.reporting.gaql.checking import checked
from backend.reporting.gaql.roles import role_for
from backend.reporting.gaql.running import Question, problems_of_google, stream
from backend.reporting.gaql.schemas import CatalogueSchema, FieldsQuery, GaqlCheckedSchema, GaqlOrder
from backend.sync.account import Account
from config import Settings

bp = Blueprint("gaql", __name__, url_prefix="/api/gaql", description="Google Ads Query Language")
api_bp = Blueprint("gaql", __name__, url_prefix="/api/gaql", description="Google Ads Query Language")

AT_ONCE = 16
CONTENT_TYPES = {"jsonl": "application/x-ndjson", "csv": "text/csv; charset=utf-8"}
_places = threading.BoundedSemaphore(AT_ONCE)
log = get_logger(__name__)


def _settings() -> Settings:
    settings: Settings = flask.current_app.config["SETTINGS"]
    return settings


@dataclass(frozen=True, slots=True)
class Asked:
    """A query that holds, about an account, from somebody who may ask it."""

    account: Account
    text: str
    query: Checked
    catalogue: Catalogue
    quota: quota.Used

    def as_dict(self) -> dict[str, Any]:
        """What a check alone answers."""
        names = [field.name for field in self.query.select]
        role = role_for(self.query).name.lower()
        return {"resource": self.query.resource.name, "fields": names, "role": role, "quota": self.quota.as_dict()}


def _asked(order: dict[str, Any]) -> Asked:
    actor = current_actor()
    known = catalogue(_settings().google.api_version)
    with unit_of_work() as work:
        account = accounts.find_any(work.session, order, actor)
    query = checked(order["query"], known, account.today())
    actor.must_be(role_for(query), account.customer_id)
    return Asked(account, order["query"], query, known, quota.used(_settings(), account.google_id))


@bp.post("")
@requires(Role.VIEWER)
@bp.arguments(GaqlOrder)
@bp.response(200, {"type": "string"}, content_type="application/x-ndjson")
def run(order: dict[str, Any]) -> flask.Response:
    """Check a query against the field catalogue, ask Google, and stream the rows as JSON lines or CSV.

    Money is in micros, int64 are JSON integers, enums are names, fields that Google left unset are null.
    """
    asked = _asked(order)
    if order["check_only"]:
        return flask.jsonify(asked.as_dict())
    form = order.get("format") or _wanted()
    log.info("gaql_asked", customer_id=asked.account.google_id, resource=asked.query.resource.name)
    with ExitStack() as held:
        rows = flask.stream_with_context(_rows(asked, form, held))
        answer = flask.Response(rows, content_type=CONTENT_TYPES[form])
        answer.call_on_close(held.pop_all().close)
    answer.headers.update({"Cache-Control": "no-store", "X-Accel-Buffering": "no", **quota.headers(asked.quota)})
    return answer


def _wanted() -> str:
    accepted = flask.request.accept_mimetypes.best_match(["application/x-ndjson", "text/csv"])
    return "csv" if accepted == "text/csv" else "jsonl"


def _rows(asked: Asked, form: str, held: ExitStack) -> Iterator[bytes]:
    """Ask Google now and give the rows later; a place and a gateway are held until the answer is over."""
    if not _places.acquire(blocking=False):
        raise Unavailable(f"{AT_ONCE} queries are running already.", retry_after=5)
    held.callback(_places.release)
    with problems_of_google():
        gateway = held.enter_context(closing(credentials.gateway_for(asked.account.customer_id)))
    return stream(gateway, Question(asked.account.google_id, asked.text, asked.query, asked.catalogue), form)


@api_bp.post("")
@requires(Role.VIEWER)
@api_bp.arguments(GaqlOrder)
@api_bp.response(200, GaqlCheckedSchema, description="With `check_only`: the query holds")
@api_bp.alt_response(307, description="Where the query is run: the same address of the stream process")
def send_on(order: dict[str, Any]) -> flask.Response:
    """Check a query here; to run it, ask the stream process, which streams JSON lines or CSV.

    A reverse proxy leads this address there by itself. Without one, follow the redirect with the credentials, or use
    the stream process's own address (`stream_url` in `/api/me`).
    """
    asked = _asked(order)
    if order["check_only"]:
        return flask.jsonify(asked.as_dict())
    return flask.Response(status=307, headers={"Location": f"{_settings().stream_url}/api/gaql"})


@api_bp.get("/fields")
@requires(Role.VIEWER)
@api_bp.arguments(FieldsQuery, location="query")
@api_bp.response(200, CatalogueSchema)
def show_fields(query: dict[str, Any]) -> dict[str, Any]:
    """The field catalogue of the API version in use: its resources, or the fields that go with one of them."""
    return fields.listed(catalogue(_settings().google.api_version), query.get("resource"), query.get("q"))


bp.get("/fields")(show_fields)  # a reverse proxy sends the whole address to the stream process
