"""Parses requests for our blueprints: strict JSON, unknown names refused, findings with JSON pointers.

flask-smorest by itself answers 200 to an unknown query parameter, 422 to a text/plain body and 200 to duplicate keys;
`StrictParser` and `refuse_undeclared` close those holes for every route, declared or not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

import flask
import marshmallow as ma
from webargs import core
from webargs.flaskparser import FlaskParser
from webargs.multidictproxy import MultiDictProxy

from backend.core.errors import Finding, Invalid, NotFound
from backend.core.http import strict_json
from backend.core.http.problems import HttpProblem

UNKNOWN_MESSAGE = "This field is not known here."
REQUIRED_MESSAGE = ma.fields.Field.default_error_messages["required"]


class StrictParser(FlaskParser):
    """webargs' Flask parser with our refusals; errors are `Problem`s, never werkzeug aborts."""

    DEFAULT_UNKNOWN_BY_LOCATION: dict[str, str | None] = {  # noqa: RUF012 (webargs declares it so)
        **FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION,
        "json": ma.RAISE,
        "query": ma.RAISE,
        "querystring": ma.RAISE,
        "form": ma.RAISE,
        "files": ma.RAISE,
    }
    DEFAULT_VALIDATION_STATUS = 400

    def load_json(self, req: flask.Request, schema: ma.Schema) -> Any:
        """The request's JSON body, or `missing` when there is none.

        A schema may name `tree_members`: only a body that holds one of them may be longer than `MAX_BODY_BYTES`.
        """
        body = load_json_body(req)
        tree_members = getattr(schema, "tree_members", None)
        if tree_members is not None and isinstance(body, dict) and not tree_members & body.keys():
            refuse_longer(req, flask.current_app.config["MAX_CONTENT_LENGTH"])
        return body

    def load_querystring(self, req: flask.Request, schema: ma.Schema) -> MultiDictProxy:
        """The query parameters; one that is not a list may stand once only."""
        proxy = self._makeproxy(req.args, schema)
        repeated = [
            name
            for name, values in req.args.lists()
            if len(values) > 1 and name not in proxy.multiple_keys and name in _input_names(schema)
        ]
        if repeated:
            raise Invalid(
                "A query parameter stands more than once.",
                errors=tuple(Finding(f"/{name}", "repeated", "Give this parameter once.") for name in repeated),
            )
        return proxy

    def handle_error(
        self,
        error: ma.ValidationError,
        req: flask.Request,
        schema: ma.Schema,
        *,
        error_status_code: int | None,
        error_headers: Mapping[str, str] | None,
    ) -> NoReturn:
        """Turn marshmallow's messages into a problem."""
        messages = error.messages if isinstance(error.messages, dict) else {"json": error.messages}
        location, found = next(iter(messages.items()))
        raise validation_problem(found, in_query=location in ("query", "querystring")) from error


def load_json_body(req: flask.Request) -> Any:
    """The strictly parsed JSON body, or webargs' `missing` when the body is empty.

    Raises:
        Problem: 415 when a body is there that does not call itself JSON; 400 `malformed_json`.
    """
    raw = req.get_data(cache=True)
    if not raw.strip():
        return core.missing
    if not core.is_json(req.mimetype):
        raise HttpProblem(415, "unsupported_media_type", "Send the body as application/json.")
    return strict_json.parse(raw)


def refuse_longer(req: flask.Request, limit: int) -> None:
    """Refuse a body of more than `limit` bytes.

    Raises:
        Problem: 413 `too_large`.
    """
    if len(req.get_data(cache=True)) > limit:
        raise HttpProblem(413, "too_large", f"The body is larger than the {limit} bytes that are accepted here.")


def validation_problem(messages: Any, *, in_query: bool = False) -> Invalid:
    """A 400 from marshmallow's messages: `unknown_field` or `unknown_parameter` when only such were found."""
    findings = tuple(_findings(messages, ()))
    unknown = [finding for finding in findings if finding.code == "unknown"]
    if unknown and len(unknown) == len(findings):
        code = "unknown_parameter" if in_query else "unknown_field"
        names = ", ".join(finding.pointer.rsplit("/", 1)[-1] for finding in unknown[:5])
        return Invalid(f"Not known here: {names}.", code=code, errors=findings)
    return Invalid(f"The {'query' if in_query else 'request'} did not pass the checks.", errors=findings)


def _findings(messages: Any, path: tuple[str, ...]) -> Iterable[Finding]:
    if isinstance(messages, Mapping):
        for key, value in messages.items():
            yield from _findings(value, path if key == "_schema" else (*path, str(key)))
        return
    for message in messages if isinstance(messages, list | tuple) else [messages]:
        yield _finding(message, strict_json.pointer(path))


def _finding(message: Any, pointer: str) -> Finding:
    if isinstance(message, Finding):
        return Finding(message.pointer or pointer, message.code, message.message)
    text = str(message)
    if text == ma.Schema.error_messages.get("unknown", "Unknown field.") or text == "Unknown field.":
        return Finding(pointer, "unknown", UNKNOWN_MESSAGE)
    if text == REQUIRED_MESSAGE:
        return Finding(pointer, "required", "This field is required.")
    return Finding(pointer, "invalid", text)


def _input_names(schema: ma.Schema) -> set[str]:
    return {field.data_key or name for name, field in schema.load_fields.items()}


def refuse_undeclared(view: Any) -> None:
    """Refuse what the matched view never declared: query parameters, a body, NUL in the address.

    Runs before every request of a documented route; `view` carries `_reads` (set by our `Blueprint.arguments`).
    """
    if "\x00" in flask.request.path:
        raise NotFound("There is nothing at this address.")
    for name, values in flask.request.args.lists():
        if "\x00" in name or any("\x00" in value for value in values):
            raise Invalid("A query parameter holds the character NUL.", errors=(Finding("/", "nul", "Remove it."),))
    reads: frozenset[str] = getattr(view, "_reads", frozenset())
    if "query" not in reads and flask.request.args:
        raise validation_problem({name: ["Unknown field."] for name in flask.request.args}, in_query=True)
    if flask.request.method in ("POST", "PUT", "PATCH", "DELETE") and not reads & {"json", "form", "files", "raw"}:
        _refuse_body()


def _refuse_body() -> None:
    body = load_json_body(flask.request)
    if body is core.missing or body == {}:
        return
    if not isinstance(body, dict):
        raise Invalid("The body must be a JSON object.", errors=(Finding("", "invalid", "Expected an object."),))
    raise validation_problem({name: ["Unknown field."] for name in body})
