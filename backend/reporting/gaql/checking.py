"""A query held against the catalogue of the API version in use: the checked query, or everything that is wrong."""

from __future__ import annotations

from datetime import date
from typing import Any

from backend.core.errors import Finding, Invalid
from backend.integrations.googleads.gaql import Catalogue, Checked, GaqlError, check, problems


def checked(query: str, catalogue: Catalogue, today: date) -> Checked:
    """The query with its fields resolved.

    Raises:
        Invalid: Google would refuse it; `problems` of the document tells each error with its place, the marked text,
            a suggestion where there is one, and Google's page about it.
    """
    found = problems(query, catalogue, today=today)
    if found:
        raise Invalid(
            f"{found[0].message} (line {found[0].position(query)[0]}, column {found[0].position(query)[1]})",
            errors=tuple(Finding("/query", error.code, told(error, query)) for error in found),
            extra={"problems": [described(error, query) for error in found]},
        )
    return check(query, catalogue, today=today)


def told(error: GaqlError, query: str) -> str:
    """An error in one sentence or two."""
    line, column = error.position(query)
    hint = f" Did you mean {error.suggestion}?" if error.suggestion else ""
    return f"Line {line}, column {column}: {error.message}{hint}"


def described(error: GaqlError, query: str) -> dict[str, Any]:
    """An error with all that helps to correct it; `start` and `end` are offsets in characters."""
    line, column = error.position(query)
    return {
        "code": f"{error.oneof}.{error.code}",
        "message": error.message,
        "line": line,
        "column": column,
        "start": error.span.start,
        "end": error.span.end,
        "marked": error.marked(query),
        "suggestion": error.suggestion,
        "documentation": error.documentation,
    }
