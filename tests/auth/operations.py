"""Every operation of the OpenAPI document, ready to be called with chosen path parameters."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from typing import Any

from flask import Flask

METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Operation:
    """One operation: `role` is what the document says it needs (None: public)."""

    method: str
    path: str
    role: str | None
    document: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.method.upper()} {self.path}"

    @property
    def parameters(self) -> list[str]:
        """The names in the path."""
        return re.findall(r"{(\w+)}", self.path)

    def address(self, values: dict[str, str]) -> str:
        """The path with its parameters filled in."""
        return re.sub(r"{(\w+)}", lambda match: values[match[1]], self.path)

    def body(self) -> dict[str, Any]:
        """Options for the client: an empty JSON object where a body is taken."""
        content = self.document.get("requestBody", {}).get("content", {})
        if not content:
            return {}
        return {"json": {}} if "application/json" in content else {"data": {}, "content_type": next(iter(content))}


def operations(app: Flask) -> list[Operation]:
    """All of them, in the order of the document."""
    document = app.test_client().get("/openapi.json").get_json()
    return [
        Operation(method, path, entry[method].get("x-required-role"), entry[method])
        for path, entry in document["paths"].items()
        for method in METHODS
        if method in entry
    ]


def unknown_values(names: list[str]) -> dict[str, str]:
    """Well-formed values that name nothing."""
    return {name: unknown_value(name) for name in names}


def unknown_value(name: str) -> str:
    """A well-formed value that names nothing: ten digits, a slug, or a UUID."""
    if name in ("customer_id", "customer"):
        return str(1_000_000_000 + uuid.uuid4().int % 8_999_999_999)
    if "slug" in name:
        return f"nobody-{uuid.uuid4().hex[:8]}"
    return str(uuid.uuid4())
