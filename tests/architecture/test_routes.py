"""Every route names a role or says that it is public, and documents what it answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jsonschema_rs
from flask import Flask

from backend.core.security import GUARD, unguarded_endpoints

# The routes that answer somebody without a token. A new one is a decision: say why in its docstring and add it here.
PUBLIC = {
    "/auth/callback",
    "/auth/login",
    "/auth/invitations/accept",
    "/auth/entra/login",
    "/auth/entra/callback",
    "/health",
    "/ready",
    "/metrics",
    "/docs",
    "/redoc",
    "/openapi.json",
    "/api/openapi.json",
}


def test_no_route_is_unguarded(app: Flask) -> None:
    assert unguarded_endpoints(app) == []


def test_the_public_routes_are_these(app: Flask) -> None:
    found = set()
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        if getattr(view, GUARD, ...) is None and "static" not in rule.rule and "<path" not in rule.rule:
            found.add(rule.rule)
    assert found == PUBLIC


def test_every_operation_of_the_document_has_a_successful_answer_with_a_schema_or_without_content(app: Flask) -> None:
    document = app.test_client().get("/openapi.json").get_json()
    missing = []
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if method == "parameters":
                continue
            good = {code: answer for code, answer in operation["responses"].items() if code[0] in "23"}
            if not any("content" in answer or code in ("204", "301", "302", "303") for code, answer in good.items()):
                missing.append(f"{method.upper()} {path}")
    assert missing == []


def test_every_operation_has_an_id_of_its_own_that_a_generator_can_use(app: Flask) -> None:
    document = app.test_client().get("/openapi.json").get_json()
    ids = [
        operation["operationId"]
        for path in document["paths"].values()
        for method, operation in path.items()
        if method != "parameters"
    ]
    assert len(ids) == len(set(ids)) > 100
    assert [found for found in ids if not found.isidentifier()] == []


def test_every_default_of_the_document_is_one_that_its_schema_allows(app: Flask) -> None:
    """Validators of OpenAPI refuse the whole document otherwise."""
    document = app.test_client().get("/openapi.json").get_json()
    with_default = list(schemas_with_default(document))
    assert len(with_default) > 30
    referred_to = {"components": document["components"]}
    wrong = [item for item in with_default if not jsonschema_rs.is_valid({**item, **referred_to}, item["default"])]
    assert wrong == []


def schemas_with_default(node: Any) -> Iterator[dict[str, Any]]:
    """Every schema of the document that has a default."""
    if isinstance(node, dict):
        if "default" in node:
            yield node
        for child in node.values():
            yield from schemas_with_default(child)
    elif isinstance(node, list):
        for child in node:
            yield from schemas_with_default(child)
