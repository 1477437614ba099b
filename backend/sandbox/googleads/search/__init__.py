"""Executes GAQL on the world: what GoogleAdsService.Search and SearchStream answer.

`search(world, request, version)` gives one serialized SearchGoogleAdsResponse, `stream(world, request, version,
request_id)` serialized SearchGoogleAdsStreamResponse messages of up to 10,000 rows. Both raise
`errors.Refusal` with Google's code; `request` is the raw request of the store's version. `totals` is for the admin
endpoint; `field_service` answers GoogleAdsFieldService.
"""

from backend.sandbox.googleads.search.answers import PAGE, search, stream
from backend.sandbox.googleads.search.totals import totals

__all__ = ["PAGE", "search", "stream", "totals"]
