"""Role by operation, generated from the OpenAPI document (RELIABILITY S07), and rules that the document must keep."""

import re

import pytest

from tests.auth.operations import METHODS, operations, unknown_values
from tests.support.http import Client

ORDER = ["viewer", "editor", "publisher", "admin"]
# What a viewer may change: the own session, password and tokens. What only asks is a POST for its body's sake.
OWN = ("/auth/logout", "/auth/sessions", "/auth/password", "/api/tokens")
SPENDS = ("/publish", "/push", "/enable", "/disable", "/remove", "/undo")
ADMINISTERS = ("/api/users", "/api/service-keys", "/auth/google/connections", "/api/audit", "/auth/google/login")


def call(client, operation):
    values = unknown_values(operation.parameters)
    return client.call(operation.method.upper(), operation.address(values), **operation.body())


@pytest.fixture(scope="module")
def documented(app):
    return operations(app)


def test_every_documented_route_names_its_role(app, documented):
    described = {(operation.method.upper(), operation.path) for operation in documented}
    rules = {
        (method, re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in rule.methods
        if method.lower() in METHODS
    }
    undocumented = {path for method, path in rules - described}
    assert undocumented <= {
        "/openapi.json",
        "/api/openapi.json",
        "/docs",
        "/redoc",
        "/docs/assets/{path}",
        "/health",
        "/ready",
        "/metrics",
    }


@pytest.mark.parametrize("role", ["nobody", *ORDER])
def test_each_role_may_do_exactly_what_the_document_says(team, app, documented, role):
    wrong = []
    client = Client(app) if role == "nobody" else team.member(role)
    for operation in documented:
        status = call(client, operation).status_code
        if operation.role is None:
            expected = status != 403
        elif role == "nobody":
            expected = status == 401
        elif ORDER.index(role) < ORDER.index(operation.role):
            expected = status == 403
        else:
            expected = status not in (401, 403)
        if not expected or (status >= 500 and status != 503):
            wrong.append((str(operation), operation.role, status))
    assert wrong == []


def test_a_viewer_changes_nothing_but_what_is_the_viewers_own(documented):
    writes = [
        str(operation)
        for operation in documented
        if operation.method != "get" and operation.role == "viewer" and not operation.path.startswith(OWN)
    ]
    # Each command of a runbook names its own role (GET /api/runbooks/commands), checked on the account.
    asking = {"/api/gaql", "/api/reports/generate", "/api/search-terms/over-blocking", "/api/runbooks/execute"}
    assert {write.partition(" ")[2] for write in writes} <= asking


def test_what_can_spend_money_needs_a_publisher(documented):
    weak = [
        str(operation)
        for operation in documented
        if operation.method == "post"
        and operation.path.startswith("/api/campaigns/")
        and operation.path.endswith(SPENDS)
        and operation.role in ("viewer", "editor")
    ]
    assert weak == []


def test_what_gives_access_needs_an_administrator(documented):
    weak = [
        str(operation)
        for operation in documented
        if operation.path.startswith(ADMINISTERS) and operation.role != "admin"
    ]
    assert weak == []
