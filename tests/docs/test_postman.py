"""The Postman collection in docs/ is the one that the served OpenAPI document gives."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from flask import Flask

from backend.cli import postman


def requests_of(made: dict[str, Any]) -> list[dict[str, Any]]:
    """Every request of a collection."""
    return [item["request"] for folder in made["item"] for item in folder["item"]]


def test_the_collection_is_current(app: Flask) -> None:
    served = app.test_client().get("/openapi.json").get_json()
    kept = json.loads(postman.FILE.read_text(encoding="utf-8"))
    assert kept == postman.collection(served), "run: python3 run.py postman"


def test_it_holds_every_operation_with_the_token_and_the_address_as_variables(app: Flask) -> None:
    served = app.test_client().get("/openapi.json").get_json()
    kept = json.loads(postman.FILE.read_text(encoding="utf-8"))
    operations = {
        (method.upper(), path)
        for path, described in served["paths"].items()
        for method in described
        if method != "parameters"
    }
    found = {
        (request["method"], "/" + "/".join(f"{{{part[1:]}}}" if part[0] == ":" else part for part in parts))
        for request in requests_of(kept)
        for parts in [request["url"]["path"]]
    }
    assert found == operations
    assert {request["url"]["host"][0] for request in requests_of(kept)} == {"{{base_url}}"}
    assert {variable["key"] for variable in kept["variable"]} >= {"base_url", "token"}
    assert kept["auth"]["bearer"][0]["value"] == "{{token}}"


def test_its_examples_are_taken_by_the_api(team: Any) -> None:
    kept = json.loads(postman.FILE.read_text(encoding="utf-8"))
    create = next(r for r in requests_of(kept) if r["url"]["path"] == ["api", "tokens"] and r["method"] == "POST")
    answer = team.client.post("/api/tokens", json=json.loads(create["body"]["raw"]))
    assert answer.status_code == 201, answer.text


def test_the_command_writes_it_where_it_is_told(tmp_path: Path) -> None:
    assert postman.postman([str(tmp_path / "made.json")]) == 0
    assert (tmp_path / "made.json").read_text(encoding="utf-8") == postman.FILE.read_text(encoding="utf-8")
