"""GoogleAdsService.Search and SearchStream, and GoogleAdsFieldService: doors to the GAQL executor."""

from collections.abc import Iterator
from typing import Any

from backend.sandbox.googleads import search
from backend.sandbox.googleads.calls import METHODS, Call, Method, rpc
from backend.sandbox.googleads.past import seen_by
from backend.sandbox.googleads.search import field_service


@rpc("GoogleAdsService.Search")
def search_pages(call: Call) -> bytes:
    """One page of 10,000 rows."""
    call.validate_only = call.request.validate_only
    return search.search(seen_by(call), call.request, call.version)


def search_stream(call: Call) -> Iterator[bytes]:
    """All rows, 10,000 in a message."""
    return search.stream(seen_by(call), call.request, call.version, call.request_id)


METHODS["GoogleAdsService.SearchStream"] = Method(search_stream)


@rpc("GoogleAdsFieldService.GetGoogleAdsField")
def get_field(call: Call) -> Any:
    """One field or resource of the catalogue."""
    return field_service.get(call.request, call.version)


@rpc("GoogleAdsFieldService.SearchGoogleAdsFields")
def search_fields(call: Call) -> Any:
    """The catalogue, asked in its own small language."""
    return field_service.search_fields(call.request, call.version)
