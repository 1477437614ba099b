"""A client of the API as curl would be one: a bearer token and JSON."""

from __future__ import annotations

from typing import Any

from flask import Flask
from werkzeug.test import TestResponse


class Client:
    """Calls an application with one person's token; `token=None` calls it as nobody.

    Every method takes the path and werkzeug's options (`json=`, `query_string=`, `headers=`, `data=`, …).
    """

    def __init__(self, app: Flask, token: str | None = None) -> None:
        self.app = app
        self.token = token
        self.browser = app.test_client()

    def call(self, method: str, path: str, **options: Any) -> TestResponse:
        """Send one request."""
        headers = dict(options.pop("headers", None) or {})
        if self.token:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        return self.browser.open(path, method=method, headers=headers, **options)

    def get(self, path: str, **options: Any) -> TestResponse:
        """GET."""
        return self.call("GET", path, **options)

    def post(self, path: str, **options: Any) -> TestResponse:
        """POST."""
        return self.call("POST", path, **options)

    def put(self, path: str, **options: Any) -> TestResponse:
        """PUT."""
        return self.call("PUT", path, **options)

    def patch(self, path: str, **options: Any) -> TestResponse:
        """PATCH."""
        return self.call("PATCH", path, **options)

    def edit(self, method: str, item: str, path: str = "", **options: Any) -> TestResponse:
        """Read an item and change it, or what lies under it, with the tag that was read."""
        tag = self.get(item).headers["ETag"]
        return self.call(method, item + path, headers={"If-Match": tag}, **options)

    def delete(self, path: str, **options: Any) -> TestResponse:
        """DELETE."""
        return self.call("DELETE", path, **options)
