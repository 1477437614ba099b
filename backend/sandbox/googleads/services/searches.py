"""GoogleAdsService.Search and SearchStream: doors to the GAQL executor."""

from collections.abc import Iterator

from backend.sandbox.googleads import search
from backend.sandbox.googleads.calls import METHODS, Call, Method, rpc
from backend.sandbox.googleads.past import seen_by


@rpc("GoogleAdsService.Search")
def search_pages(call: Call) -> bytes:
    """One page of 10,000 rows."""
    call.validate_only = call.request.validate_only
    return search.search(seen_by(call), call.request, call.version)


def search_stream(call: Call) -> Iterator[bytes]:
    """All rows, 10,000 in a message."""
    return search.stream(seen_by(call), call.request, call.version, call.request_id)


METHODS["GoogleAdsService.SearchStream"] = Method(search_stream)
