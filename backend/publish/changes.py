"""What a push would send: rows with dirty fields, new children and removals as operations with minimal masks. Pure.

A `Change` is one row's worth: what the fields were at Google (`before`), what they are to be (`after`). The preview
shows them, the push sends them, the undo turns them round.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from backend.integrations.googleads.mutate.plan import MutatePlan

STRATEGY_LEAVES: dict[str, tuple[str, ...]] = {
    "maximize_conversions": ("target_cpa_micros", "cpc_bid_ceiling_micros", "cpc_bid_floor_micros"),
    "maximize_conversion_value": ("target_roas", "cpc_bid_ceiling_micros", "cpc_bid_floor_micros"),
    "target_spend": ("cpc_bid_ceiling_micros", "target_spend_micros"),
    "target_cpa": ("target_cpa_micros", "cpc_bid_ceiling_micros", "cpc_bid_floor_micros"),
    "target_roas": ("target_roas", "cpc_bid_ceiling_micros", "cpc_bid_floor_micros"),
    "target_impression_share": ("location", "location_fraction_micros", "cpc_bid_ceiling_micros"),
    "manual_cpc": ("enhanced_cpc_enabled",),
}
"""A mask names leaves: Google refuses a message that has fields (FieldMaskError.FIELD_HAS_SUBFIELDS)."""
AD_DATA: dict[str, str] = {
    "RESPONSIVE_SEARCH_AD": "responsive_search_ad",
    "RESPONSIVE_DISPLAY_AD": "responsive_display_ad",
    "DEMAND_GEN_MULTI_ASSET_AD": "demand_gen_multi_asset_ad",
    "DEMAND_GEN_CAROUSEL_AD": "demand_gen_carousel_ad",
    "DEMAND_GEN_VIDEO_RESPONSIVE_AD": "demand_gen_video_responsive_ad",
}


@dataclass(frozen=True, slots=True)
class Change:
    """One row's change.

    Attributes:
        kind: campaign, budget, ad_group, ad, ad_status, keyword, asset_group, shared_set, or a link's (campaign_asset).
        row_id: Our id, as text.
        resource: The resource as MutateOperation names it.
        name: Its real resource name.
        before: Google's values, by our columns.
        after: The values to send, by our columns.
        extra: More that the fields need: an ad's type, the message that holds its texts, and what its lists hold.
    """

    kind: str
    row_id: str
    resource: str
    name: str
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def removes(self) -> bool:
        """True when the row is to be removed at Google."""
        return self.after.get("status") == "REMOVED" or self.after.get("google_status") == "REMOVED"


def add_to(plan: MutatePlan, change: Change) -> None:
    """Add a change to a plan: a remove, or an update of exactly its fields.

    Raises:
        KeyError: A field that nobody knows how to send.
    """
    about = (change.kind, change.row_id)
    if change.removes:
        plan.remove(change.resource, change.name, about)
        return
    fields: dict[str, Any] = {}
    mask: list[str] = []
    for column, value in change.after.items():
        for path, google_value in FIELDS[change.kind](column, value, change.extra):
            _put(fields, path, google_value)
            mask.append(path)
    plan.update(change.resource, change.name, dict.fromkeys(mask), about, **fields)


def _put(fields: dict[str, Any], path: str, value: Any) -> None:
    """Set a nested field; None clears it: it stands in the mask and is not sent."""
    *outer, last = path.split(".")
    for name in outer:
        fields = fields.setdefault(name, {})
    if value is not None:
        fields[last] = value


Paths = Iterator[tuple[str, Any]]


def _same(column: str, value: Any, extra: Mapping[str, Any]) -> Paths:
    yield column, value


def _campaign(column: str, value: Any, extra: Mapping[str, Any]) -> Paths:
    if column == "google_status":
        yield "status", value
    elif column == "start_date":
        yield "start_date_time", f"{value} 00:00:00" if value else None
    elif column == "end_date":
        yield "end_date_time", f"{value} 23:59:59" if value else None
    elif column == "bidding":
        yield from _bidding(value)
    else:
        yield column, value


def _bidding(value: Mapping[str, Any]) -> Paths:
    for strategy, settings in value.items():
        for leaf in STRATEGY_LEAVES.get(strategy, ()):
            yield f"{strategy}.{leaf}", settings.get(leaf)


def _ad(column: str, value: Any, extra: Mapping[str, Any]) -> Paths:
    holder = AD_DATA.get(str(extra.get("type")), "")
    if column in ("path1", "path2", "business_name"):
        nested = column == "business_name" and extra.get("type") == "DEMAND_GEN_VIDEO_RESPONSIVE_AD"
        yield f"{holder}.{column}{'.text' if nested else ''}", value
    elif column in ("name", "final_urls", "tracking_url_template"):
        yield column, value
    else:
        # A slot: the whole list is sent, under the name it has in the ad's own message.
        for name, items in extra["slots"][column].items():
            if isinstance(items, Mapping):
                yield from ((f"{holder}.{name}.{leaf}", value) for leaf, value in items.items())
            else:
                yield f"{holder}.{name}", items


FIELDS: dict[str, Callable[[str, Any, Mapping[str, Any]], Paths]] = {
    "campaign": _campaign,
    "budget": _same,
    "ad_group": _same,
    "ad": _ad,
    "ad_status": _same,
    "keyword": _same,
    "asset_group": _same,
    "shared_set": _same,
    "campaign_asset": _same,
    "ad_group_asset": _same,
    "asset_group_asset": _same,
}
