"""Run a checked query and give its rows as they come: nothing is collected, whatever their number.

Google is asked before the answer begins, so that a refusal is a problem document with its own status; what breaks
later breaks the connection, so that nobody takes half an answer for a whole one.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import Any

import orjson

from backend.core.csv_cell import csv_cell
from backend.core.errors import Conflict, Invalid, NotAllowedYet, Problem, RateLimitReached, Unavailable
from backend.core.logging import get_logger
from backend.integrations.googleads.errors import AdsError, NeedsReauth, RateLimited, Refused
from backend.integrations.googleads.gaql import Catalogue, Checked
from backend.integrations.googleads.gateway import Gateway
from backend.integrations.googleads.rows.values import RowReader, reader

log = get_logger(__name__)
Writer = Callable[[Sequence[Any]], bytes]
Batches = Iterator[Sequence[Any]]
ROWS_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Question:
    """What Google is asked: the account's ten digits, the text, and what checking found out about it."""

    google_id: str
    text: str
    checked: Checked
    catalogue: Catalogue


def stream(gateway: Gateway, question: Question, form: str) -> Iterator[bytes]:
    """The rows of a query as pieces of JSON lines or CSV; the first batch has come when this returns.

    Raises:
        Problem: Google refused the query, or could not be asked.
    """
    select = question.checked.select
    with problems_of_google():
        batches = gateway.search_stream(question.google_id, question.text)
        first = next(batches, ())
    read = reader([field.path for field in select], question.catalogue.row)
    names = [field.name for field in select]
    return _pieces(chain([first], batches), read, _writer(form, names), _head(form, names))


def _pieces(batches: Batches, read: RowReader, write: Writer, head: bytes) -> Iterator[bytes]:
    """The answer piece by piece; what breaks in the middle breaks the answer."""
    count = 0
    yield head
    try:
        for batch in batches:
            count += len(batch)
            for start in range(0, len(batch), ROWS_AT_ONCE):
                yield write([read(row) for row in batch[start : start + ROWS_AT_ONCE]])
    except AdsError as broken:
        log.warning("gaql_broken", rows=count, error=type(broken).__name__, google_request_id=broken.request_id)
        raise
    log.info("gaql_answered", rows=count)


def _head(form: str, names: Sequence[str]) -> bytes:
    return _csv([names]) if form == "csv" else b""


def _writer(form: str, names: Sequence[str]) -> Writer:
    if form == "csv":
        return lambda rows: _csv([[_cell(value) for value in row] for row in rows])
    return lambda rows: b"".join(
        orjson.dumps(dict(zip(names, row, strict=True)), option=orjson.OPT_APPEND_NEWLINE) for row in rows
    )


def _csv(rows: Sequence[Sequence[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(rows)
    return out.getvalue().encode()


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict):
        return csv_cell(orjson.dumps(value).decode())
    if isinstance(value, float):
        return repr(value)
    return csv_cell(value)


@contextmanager
def problems_of_google() -> Iterator[None]:
    """Google's errors as answers: what the query did wrong is a 400, what we may not do yet a 422, a limit a 429."""
    try:
        yield
    except AdsError as error:
        raise _problem(error) from error


def _problem(error: AdsError) -> Problem:
    extra = {"google_request_id": error.request_id} if error.request_id else {}
    if isinstance(error, RateLimited):
        wait = {"Retry-After": str(max(1, round(error.retry_after)))}
        return RateLimitReached("Google asks us to wait.", extra=extra, headers=wait)
    if isinstance(error, NeedsReauth):
        return NotAllowedYet(error.message, code="needs_reauth", extra=extra)
    if isinstance(error, Refused):
        return _refusal(error, extra)
    return Unavailable("Google could not be asked.", retry_after=10)


def _refusal(error: Refused, extra: dict[str, Any]) -> Problem:
    failures = [{"code": failure.code, "message": failure.message} for failure in error.failures]
    if any(code.startswith("AuthorizationError") for code in error.codes()):
        return Conflict("Google does not let us read this account.", extra={**extra, "google_errors": failures})
    return Invalid(f"Google refused the query: {error.message}", extra={**extra, "google_errors": failures})
