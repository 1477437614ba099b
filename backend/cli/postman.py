"""`postman [FILE]`: the Postman collection of the API, made from its OpenAPI document; nothing needs to run.

One folder per tag, one request per operation. `base_url` and `token` are variables of the collection; `etag` is one
too, set by every answer with an ETag, so that a GET and then a PATCH work without copying.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from flask import Flask

from backend.app import BLUEPRINTS
from backend.cli.home import ROOT
from backend.core.http import create_api
from backend.core.http.json_provider import OrjsonProvider
from backend.jobs.stream import create_redirects

FILE = ROOT / "docs" / "postman_collection.json"
SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
METHODS = ("get", "post", "put", "patch", "delete")
KEEP_ETAG = ("const tag = pm.response.headers.get('ETag');", "if (tag) { pm.collectionVariables.set('etag', tag); }")
HEADERS = {"If-Match": "{{etag}}", "Idempotency-Key": "{{$guid}}"}
EXAMPLES = {
    "uuid": "00000000-0000-0000-0000-000000000000",
    "date": "2027-01-31",
    "date-time": "2027-01-31T12:00:00Z",
    "email": "someone@example.com",
    "uri": "https://www.example.com/",
    "url": "https://www.example.com/",
}


def postman(arguments: list[str]) -> int:
    """Write the collection to FILE, or to where it lies in this repository."""
    target = Path(arguments[0]) if arguments else FILE
    target.write_text(rendered(collection(document())), encoding="utf-8")
    print(target)
    return 0


def document() -> dict[str, Any]:
    """The API's OpenAPI document, as `/openapi.json` serves it."""
    app = Flask("backend", static_folder=None)
    address = "http://127.0.0.1:8000"
    api = create_api(app, address)
    for blueprint in (*BLUEPRINTS, create_redirects(address)):
        api.register_blueprint(blueprint)
    found: dict[str, Any] = json.loads(OrjsonProvider(app).dumps(api.spec.to_dict()))
    return found


def rendered(made: dict[str, Any]) -> str:
    """The file's text."""
    return json.dumps(made, indent=1, ensure_ascii=False) + "\n"


def collection(openapi: dict[str, Any]) -> dict[str, Any]:
    """A collection in Postman's format 2.1 from an OpenAPI document."""
    folders: dict[str, list[dict[str, Any]]] = {tag["name"]: [] for tag in openapi["tags"]}
    for path, operations in openapi["paths"].items():
        for method in METHODS:
            if method in operations:
                operation = operations[method]
                parameters = [*operations.get("parameters", ()), *operation.get("parameters", ())]
                request = _request(openapi, path, method, operation, [_resolved(openapi, p) for p in parameters])
                folders[operation["tags"][0]].append({"name": operation["summary"].rstrip("."), "request": request})
    described = {tag["name"]: tag.get("description", "") for tag in openapi["tags"]}
    return {
        "info": {
            "name": openapi["info"]["title"],
            "description": f"{openapi['info']['description']} Set `token`; `run.py env` prints one for a local stack.",
            "schema": SCHEMA,
        },
        "auth": {"type": "bearer", "bearer": [{"key": "token", "value": "{{token}}", "type": "string"}]},
        "variable": [
            {"key": "base_url", "value": "http://127.0.0.1:8000"},
            {"key": "token", "value": ""},
            {"key": "etag", "value": ""},
        ],
        "event": [{"listen": "test", "script": {"type": "text/javascript", "exec": list(KEEP_ETAG)}}],
        "item": [
            {"name": name, "description": described[name], "item": items} for name, items in folders.items() if items
        ],
    }


def _request(
    openapi: dict[str, Any], path: str, method: str, operation: dict[str, Any], parameters: list[dict[str, Any]]
) -> dict[str, Any]:
    headers = [
        {"key": p["name"], "value": HEADERS.get(p["name"], ""), "disabled": p["name"] not in HEADERS}
        for p in parameters
        if p["in"] == "header"
    ]
    request: dict[str, Any] = {"method": method.upper(), "header": headers, "url": _url(openapi, path, parameters)}
    role = operation.get("x-required-role")
    said = (operation["summary"], operation.get("description"), f"Needs the role {role}." if role else "Public.")
    request["description"] = "\n\n".join(part for part in said if part)
    if role is None:
        request["auth"] = {"type": "noauth"}
    schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    if schema is not None:
        headers.append({"key": "Content-Type", "value": "application/json"})
        raw = json.dumps(_example(openapi, schema), indent=2, ensure_ascii=False)
        request["body"] = {"mode": "raw", "raw": raw, "options": {"raw": {"language": "json"}}}
    return request


def _url(openapi: dict[str, Any], path: str, parameters: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """An address with `:name` for what stands in braces; a query's optional parameters are there, switched off."""
    parts = [f":{part[1:-1]}" if part.startswith("{") else part for part in path.strip("/").split("/")]
    query, variables = [], []
    for parameter in parameters:
        text = _as_text(_example(openapi, parameter["schema"]))
        shown = {"key": parameter["name"], "description": parameter.get("description", "")}
        if parameter["in"] == "path":
            variables.append({**shown, "value": text})
        elif parameter["in"] == "query":
            query.append({**shown, "value": text, "disabled": not parameter.get("required", False)})
    raw = f"{{{{base_url}}}}/{'/'.join(parts)}"
    return {"raw": raw, "host": ["{{base_url}}"], "path": parts, "query": query, "variable": variables}


def _resolved(openapi: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """The object itself, or the component that it names."""
    while "$ref" in node:
        kind, name = node["$ref"].split("/")[-2:]
        node = openapi["components"][kind][name]
    return node


def _example(openapi: dict[str, Any], schema: dict[str, Any]) -> Any:
    """A value that a schema admits, as short as it may be: an object shows the members that it requires."""
    schema = _resolved(openapi, schema)
    if schema.get("default") is not None:
        return schema["default"]
    if schema.get("enum"):
        return schema["enum"][0]
    kind = schema.get("type", "string")
    if isinstance(kind, list):
        kind = kind[0]
    if kind == "object":
        wanted = schema.get("required", ())
        return {name: _example(openapi, schema["properties"][name]) for name in wanted}
    if kind == "array":
        return [_example(openapi, schema.get("items", {}))] if schema.get("minItems") else []
    if kind == "boolean":
        return False
    if kind in ("integer", "number"):
        return schema.get("minimum", 0)
    return EXAMPLES.get(schema.get("format", ""), "…" if schema.get("minLength") else "")


def _as_text(value: Any) -> str:
    """A value as it stands in an address."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return ",".join(map(_as_text, value))
    return json.dumps(value)
