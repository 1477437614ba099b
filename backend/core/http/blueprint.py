"""The `Blueprint` that every route of the product is written on: flask-smorest's, with strict input and true docs.

    bp = Blueprint("campaigns", __name__, url_prefix="/api/campaigns", description="Drafts and live campaigns")

    @bp.get("/<uuid:campaign_id>")
    @requires(Role.VIEWER)
    @bp.response(200, CampaignSchema)
    def show(campaign_id: UUID): ...

`arguments(Schema)` reads the JSON body, `arguments(Schema, location="query")` the query; both refuse what the schema
does not name. A route that reads the raw body says `@bp.reads_raw_body`. `max_body(bytes)` widens the body limit of
one route. `etagged` documents `ETag` and `If-Match`; `idempotent` lives in `core.http.idempotency`.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import TYPE_CHECKING, Any, TypeVar

from flask_smorest import Blueprint as SmorestBlueprint

from backend.core.http.parsing import StrictParser
from backend.core.security import GUARD, Role

View = TypeVar("View", bound=Callable[..., Any])

WRITES = ("post", "put", "patch", "delete")
WAITED_FOR = "The outcome: with `Prefer: wait=N` (at most 30 seconds) the job was waited for and has ended well."


class Blueprint(SmorestBlueprint):  # type: ignore[misc]
    """flask-smorest's blueprint with strict parsing and the answers of our error handler in the document."""

    ARGUMENTS_PARSER = StrictParser()

    if TYPE_CHECKING:  # flask-smorest ships no types; these are the decorators that routes use
        url_prefix: str | None

        def get(self, rule: str, **options: Any) -> Callable[[View], View]: ...
        def post(self, rule: str, **options: Any) -> Callable[[View], View]: ...
        def put(self, rule: str, **options: Any) -> Callable[[View], View]: ...
        def patch(self, rule: str, **options: Any) -> Callable[[View], View]: ...
        def delete(self, rule: str, **options: Any) -> Callable[[View], View]: ...
        def response(self, status_code: int, schema: Any = None, **options: Any) -> Callable[[View], View]: ...
        def alt_response(self, status_code: int, **options: Any) -> Callable[[View], View]: ...
        def doc(self, **options: Any) -> Callable[[View], View]: ...

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._prepare_doc_cbks.append(self._prepare_problem_docs)

    def add_url_rule(
        self, rule: str, endpoint: str | None = None, view_func: Any = None, *args: Any, **options: Any
    ) -> None:
        """Register a route; one that is neither `@requires(role)` nor `@public` is refused here and now."""
        if not hasattr(view_func, GUARD):
            raise RuntimeError(f"{rule}: a route needs @requires(role) or @public")
        role: Role | None = getattr(view_func, GUARD)
        view_func._apidoc = deepcopy(getattr(view_func, "_apidoc", {}))
        operation = f"{self.name}_{endpoint or view_func.__name__}".replace(" ", "_")
        view_func._apidoc["route"] = {"role": role, "operation": operation}
        super().add_url_rule(rule, endpoint, view_func, *args, **options)

    def arguments(self, schema: Any, *, location: str = "json", **kwargs: Any) -> Callable[[View], View]:
        """Parse one location of the request with a marshmallow schema; see flask-smorest."""
        kwargs.setdefault("required", _has_required(schema) if location == "json" else True)
        decorate = super().arguments(schema, location=location, **kwargs)

        def mark(view: View) -> View:
            wrapped: View = decorate(view)
            wrapped._reads = getattr(view, "_reads", frozenset()) | {location}  # type: ignore[attr-defined]
            return wrapped

        return mark

    @staticmethod
    def reads_raw_body(view: View) -> View:
        """Leave the body to the view: no content type or field is checked for it."""
        view._reads = getattr(view, "_reads", frozenset()) | {"raw"}  # type: ignore[attr-defined]
        return view

    @staticmethod
    def max_body(size: int) -> Callable[[View], View]:
        """Accept bodies up to `size` bytes on this route instead of `MAX_BODY_BYTES`."""

        def mark(view: View) -> View:
            view._max_body = size  # type: ignore[attr-defined]
            return view

        return mark

    @staticmethod
    def etagged(view: View) -> View:
        """Document that the route answers with an `ETag`, or (PATCH, PUT, DELETE) wants `If-Match`."""
        view._apidoc = deepcopy(getattr(view, "_apidoc", {}))  # type: ignore[attr-defined]
        view._apidoc["our_etag"] = True  # type: ignore[attr-defined]
        return view

    @staticmethod
    def _prepare_problem_docs(
        doc: dict[str, Any], doc_info: dict[str, Any], *, api: Any, spec: Any, method: str, **kwargs: Any
    ) -> dict[str, Any]:
        """List the problems a route can answer with, from what it takes; the rest of the document follows."""
        route = doc_info["route"]
        doc["operationId"] = route["operation"]
        statuses = {400, 429, 503}
        if route["role"] is not None:
            # 404 even without a path parameter: a query may name an account that is not there.
            statuses |= {401, 403, 404}
            doc["security"] = [{"bearer": []}, {"session": []}, {"service": []}]
            doc["x-required-role"] = route["role"].name.lower()
        if method in WRITES:
            statuses |= {404, 409, 413, 415, 422}
        etagged = doc_info.get("our_etag", False)
        if etagged and method in ("patch", "put", "delete"):
            statuses |= {412, 428}
            doc.setdefault("parameters", []).append("IF_MATCH_TAG")
        responses = doc.setdefault("responses", {})
        responses.pop("default", None)
        if 202 in responses:
            responses.setdefault(200, {"description": WAITED_FOR})
        for status in sorted(statuses):
            responses[status] = f"PROBLEM_{status}"
        if etagged:
            for status in doc_info.get("success_status_codes", []):
                if isinstance(responses.get(status), dict):
                    responses[status].setdefault("headers", {})["ETag"] = "ETAG"
        return doc


def _has_required(schema: Any) -> bool:
    instance = schema() if isinstance(schema, type) else schema
    return any(field.required for field in instance.load_fields.values())
