"""Strong ETags from a row's version, and the `If-Match` that PATCH and DELETE must carry.

An item's tag covers the row's own user-editable fields; it serves `If-Match` only, so a GET never answers 304.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import flask
import orjson

from backend.core.errors import Stale
from backend.core.http.problems import HttpProblem


def of(version: int | str, kind: str = "v") -> str:
    """The tag of a version: of(7) → `v7`, of(3, "tree") → `tree3`, without its quotes."""
    return f"{kind}{version}"


def content(fields: Mapping[str, Any]) -> str:
    """The version of an item that keeps no number: a digest of its user-editable fields."""
    return hashlib.sha256(orjson.dumps(fields, option=orjson.OPT_SORT_KEYS)).hexdigest()[:20]


def tag(response: flask.Response, version: int | str, kind: str = "v") -> flask.Response:
    """Put the tag of a version on an answer."""
    response.set_etag(of(version, kind))
    return response


def headers(version: int | str, kind: str = "v") -> dict[str, str]:
    """The same as a header, for views that return (body, status, headers)."""
    return {"ETag": f'"{of(version, kind)}"'}


def must_match(version: int | str, kind: str = "v") -> None:
    """Refuse a change that was not made on the current version.

    Raises:
        HttpProblem: 428 `if_match_required` when the header is absent.
        Stale: 412 when it names another version; the current tag is in the answer.
    """
    given = flask.request.if_match
    if not given:
        raise HttpProblem(428, "if_match_required", "Send If-Match with the ETag that you last read.")
    if of(version, kind) not in given:
        raise Stale(
            "This was changed in the meantime; read it again and repeat your change.",
            extra={"current_etag": f'"{of(version, kind)}"'},
            headers=headers(version, kind),
        )
