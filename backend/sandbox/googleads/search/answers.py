"""Rows to the messages of Search and SearchStream, and page tokens.

A page has 10,000 rows. A token names the place where the next page begins; it is good for the same query on the same
account for TOKEN_SECONDS.
"""

import base64
import json
import zlib
from collections.abc import Iterator
from itertools import islice
from typing import Any

from backend.integrations.googleads.gaql import Category
from backend.sandbox.googleads.errors import refuse
from backend.sandbox.googleads.search import projection, term_stream, wire
from backend.sandbox.googleads.search.execute import Execution, prepare
from backend.sandbox.googleads.world import World

PAGE = 10_000
TOKEN_SECONDS = 3_600
# numbers of the answers' fields, the same in every version
_SEARCH = {"next_page_token": 2, "total_results_count": 3, "field_mask": 5, "summary_row": 6}
_WITH_RESULTS, _ONLY = 3, 4  # SummaryRowSettingEnum
_STREAM = {"field_mask": 2, "summary_row": 3, "request_id": 4}


def stream(world: World, request: Any, version: str, request_id: str) -> Iterator[bytes]:
    """SearchStream: serialized answers of up to 10,000 rows each. Raises Refusal before the first one."""
    execution = prepare(world, request.customer_id, request.query, version)
    summary = request.summary_row_setting  # SummaryRowSettingEnum
    if summary >= _WITH_RESULTS:
        _check_summary(execution)
    tail = wire.framed(_STREAM["field_mask"], _field_mask(execution))
    tail += wire.framed(_STREAM["request_id"], request_id.encode())
    sent = False
    if summary != _ONLY:
        for rows in batches(execution):
            yield rows + tail
            sent = True
    if summary >= _WITH_RESULTS:
        yield wire.framed(_STREAM["summary_row"], execution.summary()) + tail
    elif not sent:
        yield tail


def search(world: World, request: Any, version: str) -> bytes:
    """Search: one page, serialized. Raises Refusal."""
    if request.page_size:
        raise refuse("request_error", "PAGE_SIZE_NOT_SUPPORTED", path=("page_size",))
    if request.validate_only and request.page_token:
        raise refuse("request_error", "VALIDATE_ONLY_REQUEST_HAS_PAGE_TOKEN", path=("page_token",))
    execution = prepare(world, request.customer_id, request.query, version)
    settings = request.search_settings
    if settings.return_summary_row:
        if request.validate_only:
            raise refuse("request_error", "CANNOT_RETURN_SUMMARY_ROW_FOR_VALIDATE_ONLY_REQUESTS")
        _check_summary(execution)
    if request.validate_only:
        return b""
    start = _offset(world, request) if request.page_token else 0
    parts: list[bytes] = []
    if not settings.omit_results:
        rows = list(islice(execution.encoded(), start, start + PAGE + 1))
        parts += [wire.row_head(len(row)) + row for row in rows[:PAGE]]
        if len(rows) > PAGE:
            token = _token(world, request, start + PAGE)
            parts.append(wire.framed(_SEARCH["next_page_token"], token.encode()))
    if settings.return_total_results_count:
        parts.append(wire.tag(_SEARCH["total_results_count"], wire.VARINT) + wire.varint(execution.count()))
    parts.append(wire.framed(_SEARCH["field_mask"], _field_mask(execution)))
    if settings.return_summary_row:
        parts.append(wire.framed(_SEARCH["summary_row"], execution.summary()))
    return b"".join(parts)


def _check_summary(execution: Execution) -> None:
    if not any(item.category is Category.METRIC for item in execution.checked.select):
        raise refuse("request_error", "CANNOT_RETURN_SUMMARY_ROW_FOR_REQUEST_WITHOUT_METRICS")


def batches(execution: Execution) -> Iterator[bytes]:
    """The `results` of messages with up to 10,000 rows each."""
    if term_stream.applies(execution):
        yield from term_stream.batches(execution, PAGE)
        return
    rows = execution.encoded()
    while True:
        parts = [wire.row_head(len(row)) + row for row in islice(rows, PAGE)]
        if not parts:
            return
        yield b"".join(parts)


def _field_mask(execution: Execution) -> bytes:
    return b"".join(wire.framed(1, path.encode()) for path in projection.field_mask(execution.checked))


def _fingerprint(request: Any) -> int:
    return zlib.crc32(f"{request.customer_id}\x1f{request.query}".encode())


def _token(world: World, request: Any, offset: int) -> str:
    made = int(world.clock.now().timestamp())
    settings = request.search_settings
    asked = [settings.return_total_results_count, settings.return_summary_row]
    text = json.dumps([offset, made, _fingerprint(request), *asked])
    return base64.urlsafe_b64encode(text.encode()).decode()


def _offset(world: World, request: Any) -> int:
    try:
        offset, made, fingerprint, counted, summed = json.loads(base64.urlsafe_b64decode(request.page_token.encode()))
    except (ValueError, TypeError):
        raise refuse("request_error", "INVALID_PAGE_TOKEN", path=("page_token",)) from None
    if fingerprint != _fingerprint(request) or not isinstance(offset, int) or offset < 0:
        raise refuse("request_error", "INVALID_PAGE_TOKEN", path=("page_token",))
    if world.clock.now().timestamp() - made > TOKEN_SECONDS:
        raise refuse("request_error", "EXPIRED_PAGE_TOKEN", path=("page_token",))
    settings = request.search_settings
    if settings.return_total_results_count and not counted:
        raise refuse("request_error", "TOTAL_RESULTS_COUNT_NOT_ORIGINALLY_REQUESTED", path=("search_settings",))
    if settings.return_summary_row != summed:
        raise refuse("request_error", "INCONSISTENT_RETURN_SUMMARY_ROW_VALUE", path=("search_settings",))
    return offset
