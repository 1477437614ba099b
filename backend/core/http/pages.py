"""Pages of a list: JSON arrays, an opaque signed cursor in `Link: rel="next"` (GitHub's convention).

    class Query(pages.PageQuery):
        status = fields.String()

    rows, next_link = pages.page(session, statement, (Key(Campaign.created_at, descending=True), …), query)

A cursor holds the keys of the last row and a digest of the question (tenant, address, filters): altered, or used with
another question, it is refused. The last key column must be unique, so that no row is lost or shown twice.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import flask
import marshmallow as ma
import orjson
from sqlalchemy import ColumnElement, Select, and_, or_
from sqlalchemy.orm import InstrumentedAttribute, Session

from backend.core import tenancy
from backend.core.errors import Finding, Invalid

DEFAULT_LIMIT = 50
MAX_LIMIT = 200
SIGNATURE_BYTES = 16


class PageQuery(ma.Schema):
    """The query parameters that every list takes."""

    limit = ma.fields.Integer(
        load_default=DEFAULT_LIMIT,
        strict=False,
        validate=ma.validate.Range(1, MAX_LIMIT),
        metadata={"description": "How many items to answer at most."},
    )
    cursor = ma.fields.String(
        load_default=None,
        validate=ma.validate.Length(max=2000),
        metadata={"description": "Where to go on; taken from `Link`."},
    )


@dataclass(frozen=True, slots=True)
class Key:
    """One column of the order; it must not be NULL."""

    column: InstrumentedAttribute[Any] | ColumnElement[Any]
    descending: bool = False


def page(
    session: Session, statement: Select[Any], keys: Sequence[Key], query: Mapping[str, Any]
) -> tuple[list[Any], dict[str, str]]:
    """Run one page of a statement.

    Args:
        statement: selects one entity (or one row of columns), filters applied, no order and no limit.
        keys: the order; the last column is unique.
        query: what `PageQuery` loaded; every other member is part of the question that the cursor belongs to.

    Returns:
        The scalars of the page and the headers to answer with (`Link` when there is more).

    Raises:
        Invalid: the cursor is not one of ours for this question.
    """
    rows, cursor = cut(session, statement, keys, query)
    return rows, {} if cursor is None else next_link(cursor)


def cut(
    session: Session, statement: Select[Any], keys: Sequence[Key], query: Mapping[str, Any]
) -> tuple[list[Any], str | None]:
    """As `page`, with the cursor of the next page instead of the headers."""
    limit = int(query["limit"])
    scope = _scope(query)
    statement = statement.add_columns(*[key.column for key in keys])
    if query.get("cursor"):
        statement = statement.where(_after(keys, read_cursor(query["cursor"], scope, len(keys))))
    order = [key.column.desc() if key.descending else key.column.asc() for key in keys]
    found = session.execute(statement.order_by(*order).limit(limit + 1)).all()
    rows = [row[0] for row in found[:limit]]
    if len(found) <= limit:
        return rows, None
    return rows, make_cursor(list(found[limit - 1][-len(keys) :]), scope)


def next_link(cursor: str) -> dict[str, str]:
    """The `Link` header that leads to the next page of the current address."""
    arguments = [(name, value) for name, value in flask.request.args.items(multi=True) if name != "cursor"]
    address = flask.request.base_url + "?" + urlencode([*arguments, ("cursor", cursor)])
    return {"Link": f'<{address}>; rel="next"'}


def make_cursor(keys: Sequence[Any], scope: str) -> str:
    """Sign the keys of the last row for one question."""
    body = orjson.dumps([_pack(value) for value in keys])
    return base64.urlsafe_b64encode(_sign(body, scope) + body).decode().rstrip("=")


def read_cursor(cursor: str, scope: str, count: int) -> list[Any]:
    """The keys in a cursor.

    Raises:
        Invalid: it was altered, or belongs to another question.
    """
    refused = Invalid(
        "The cursor does not belong to this list.",
        errors=(Finding("/cursor", "cursor", "Take it from the Link header of the same request, filters included."),),
    )
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except (ValueError, UnicodeEncodeError) as error:
        raise refused from error
    signature, body = raw[:SIGNATURE_BYTES], raw[SIGNATURE_BYTES:]
    if not hmac.compare_digest(signature, _sign(body, scope)):
        raise refused
    keys = [_unpack(value) for value in orjson.loads(body)]
    if len(keys) != count:
        raise refused
    return keys


def _after(keys: Sequence[Key], values: Sequence[Any]) -> ColumnElement[bool]:
    """Rows behind the given key: (a > x) or (a = x and b > y) …, each column in its own direction."""
    choices: list[ColumnElement[bool]] = []
    for depth, key in enumerate(keys):
        equal = [before.column == value for before, value in zip(keys[:depth], values, strict=False)]
        beyond = key.column < values[depth] if key.descending else key.column > values[depth]
        choices.append(and_(*equal, beyond))
    return or_(*choices)


def _scope(query: Mapping[str, Any]) -> str:
    question = {name: str(value) for name, value in query.items() if name not in ("cursor", "limit")}
    path = flask.request.path
    return orjson.dumps([str(tenancy.current()), path, question], option=orjson.OPT_SORT_KEYS).decode()


def _sign(body: bytes, scope: str) -> bytes:
    secret = flask.current_app.config["SECRET_KEY"]
    key = secret.encode() if isinstance(secret, str) else secret
    return hmac.new(key, b"cursor\x00" + scope.encode() + b"\x00" + body, hashlib.sha256).digest()[:SIGNATURE_BYTES]


def _pack(value: Any) -> list[Any]:
    if isinstance(value, dt.datetime):
        return ["t", value.isoformat()]
    if isinstance(value, dt.date):
        return ["d", value.isoformat()]
    if isinstance(value, UUID):
        return ["u", str(value)]
    if isinstance(value, Decimal):
        return ["n", str(value)]
    if value is None or isinstance(value, bool | float) or not isinstance(value, str | int):
        raise TypeError(f"a key column of type {type(value).__name__} cannot stand in a cursor")
    return ["v", value]


def _unpack(packed: list[Any]) -> Any:
    kind, value = packed
    if kind == "t":
        return dt.datetime.fromisoformat(value)
    if kind == "d":
        return dt.date.fromisoformat(value)
    if kind == "u":
        return UUID(value)
    return Decimal(value) if kind == "n" else value
