"""Reads JSON the strict way: what PostgreSQL or a careful client could not mean is refused, not guessed at.

Refused as `malformed_json`: bad syntax, duplicate keys, NaN and infinities, NUL and lone surrogates in any string, and
nesting deeper than `MAX_DEPTH`. Integers outside ±2⁶³ are `validation_failed` with a pointer.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any, NoReturn

from backend.core.errors import Finding, Invalid

MAX_DEPTH = 64
INT64_MIN = -(2**63)
INT64_MAX = 2**63 - 1


def malformed(detail: str) -> Invalid:
    """The answer to a body that is not JSON in our sense."""
    return Invalid(detail, code="malformed_json")


def parse(raw: bytes) -> Any:
    """Parse a request body.

    Raises:
        Invalid: `malformed_json`, or `validation_failed` for an integer that no BIGINT can hold.
    """
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise malformed(f"The body is not UTF-8 (byte {error.start}).") from error
    if text.startswith("\ufeff"):
        raise malformed("The body begins with a byte order mark; send plain UTF-8.")
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_constant,
            parse_float=_float,
            parse_int=_int,
        )
    except json.JSONDecodeError as error:
        raise malformed(f"{error.msg} at line {error.lineno}, column {error.colno}.") from error
    except RecursionError as error:
        raise malformed(f"The body is nested deeper than {MAX_DEPTH} levels.") from error
    _check(value)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise malformed(f"The key {key[:80]!r} stands twice in one object.")
            seen.add(key)
    return found


def _constant(name: str) -> NoReturn:
    raise malformed(f"{name} is not JSON.")


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise malformed("A number is too large.")
    return value


def _int(text: str) -> int:
    # Twenty-five characters hold every BIGINT; longer ones would only cost time to convert.
    if len(text) > 25:
        return INT64_MAX + 1
    return int(text)


def _check(root: Any) -> None:
    """Walk the value once: depth, characters, integers."""
    too_large: list[Finding] = []
    stack: list[tuple[Any, tuple[str, ...]]] = [(root, ())]
    while stack:
        value, path = stack.pop()
        if isinstance(value, str):
            check_text(value)
        elif isinstance(value, dict | list):
            if len(path) >= MAX_DEPTH:
                raise malformed(f"The body is nested deeper than {MAX_DEPTH} levels.")
            stack.extend((child, (*path, name)) for name, child in _children(value))
        elif type(value) is int and not INT64_MIN <= value <= INT64_MAX:
            too_large.append(Finding(pointer(path), "integer_out_of_range", "An integer must fit into 64 bits."))
    if too_large:
        raise Invalid("The body holds an integer outside ±2⁶³.", errors=too_large)


def _children(value: dict[str, Any] | list[Any]) -> Iterator[tuple[str, Any]]:
    if isinstance(value, list):
        for index, child in enumerate(value):
            yield str(index), child
        return
    for key, child in value.items():
        check_text(key)
        yield key, child


def check_text(text: str) -> None:
    """Refuse what PostgreSQL cannot store in a text: NUL and lone surrogates."""
    if "\x00" in text:
        raise malformed("A string holds the character NUL, which cannot be stored.")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise malformed("A string holds half of a surrogate pair, which is not a character.") from error


def pointer(path: tuple[str, ...]) -> str:
    """A JSON pointer (RFC 6901) for a path of names."""
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in path)
