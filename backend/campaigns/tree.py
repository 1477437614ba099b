"""A campaign's whole tree as plain values: what the checks judge and what the planner turns into operations.

Nodes carry our ids, and Google's resource names where there are any. Money is micros of the account's currency, dates
are days of the account's time zone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID


@dataclass(slots=True)
class AssetNode:
    """A text, image, video, sitelink, callout or carousel card; a card's `images` are by the names of its slots."""

    id: UUID
    type: str
    text: str | None = None
    name: str | None = None
    youtube_video_id: str | None = None
    resource_name: str | None = None
    mime_type: str | None = None
    width: int | None = None
    height: int | None = None
    size: int | None = None
    source_url: str | None = None
    fetch_status: str | None = None
    fetch_problem: dict[str, Any] | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
    images: dict[str, AssetNode] = field(default_factory=dict)
    data: bytes | None = field(default=None, repr=False)


@dataclass(slots=True)
class AssetUse:
    """An asset in one slot of an ad, an asset group, a campaign or an ad group.

    A link of an asset group, campaign or ad group has an `id`, and a `resource_name` once Google knows it.
    """

    field_type: str
    asset: AssetNode
    pinned_field: str | None = None
    position: int = 0
    performance_label: str | None = None
    id: UUID | None = None
    resource_name: str | None = None


@dataclass(slots=True)
class KeywordNode:
    """A keyword, positive or negative."""

    id: UUID
    text: str
    match_type: str
    negative: bool = False
    status: str = "ENABLED"
    cpc_bid_micros: int | None = None
    final_urls: list[str] = field(default_factory=list)
    resource_name: str | None = None


@dataclass(slots=True)
class AdNode:
    """An ad and what fills its slots; `resource_name` is that of the ad group's ad."""

    id: UUID
    type: str | None
    name: str | None = None
    status: str = "ENABLED"
    final_urls: list[str] = field(default_factory=list)
    path1: str | None = None
    path2: str | None = None
    business_name: str | None = None
    tracking_url_template: str | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
    uses: list[AssetUse] = field(default_factory=list)
    resource_name: str | None = None

    def slot(self, field_type: str) -> list[AssetUse]:
        """Give what fills one slot, in the order people gave."""
        return [use for use in self.uses if use.field_type == field_type]


@dataclass(slots=True)
class AdGroupNode:
    """An ad group with its keywords, negatives, ads and linked assets."""

    id: UUID
    name: str | None
    type: str | None = None
    status: str = "ENABLED"
    cpc_bid_micros: int | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
    keywords: list[KeywordNode] = field(default_factory=list)
    ads: list[AdNode] = field(default_factory=list)
    links: list[AssetUse] = field(default_factory=list)
    resource_name: str | None = None


@dataclass(slots=True)
class AssetGroupNode:
    """An asset group of a Performance Max campaign."""

    id: UUID
    name: str | None
    status: str = "ENABLED"
    final_urls: list[str] = field(default_factory=list)
    path1: str | None = None
    path2: str | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
    uses: list[AssetUse] = field(default_factory=list)
    resource_name: str | None = None

    def slot(self, field_type: str) -> list[AssetUse]:
        """Give what fills one slot, in the order people gave."""
        return [use for use in self.uses if use.field_type == field_type]


@dataclass(slots=True)
class SharedSetNode:
    """A shared list of negative keywords; the link by which a campaign uses it has an id and a name of its own."""

    id: UUID
    name: str
    keywords: list[KeywordNode] = field(default_factory=list)
    resource_name: str | None = None
    link_id: UUID | None = None
    link_name: str | None = None


@dataclass(slots=True)
class BudgetNode:
    """A budget: per day, or a total for the whole period."""

    id: UUID
    amount_micros: int | None = None
    total_amount_micros: int | None = None
    name: str | None = None
    delivery_method: str | None = None
    explicitly_shared: bool = False
    resource_name: str | None = None


@dataclass(slots=True)
class CampaignNode:
    """A campaign and everything below it.

    `bidding` is the strategy under Google's name with its settings: `{"maximize_conversions": {}}`. `targeting` holds
    `locations`, `languages`, `devices` and `ad_schedule`.
    """

    id: UUID
    name: str
    campaign_type: str
    objective: str | None = None
    start_date: date | None = None
    end_date: date | None = None
    budget: BudgetNode | None = None
    bidding: dict[str, Any] = field(default_factory=dict)
    targeting: dict[str, Any] = field(default_factory=dict)
    contains_eu_political_advertising: str | None = None
    tracking_url_template: str | None = None
    final_url_suffix: str | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
    negatives: list[KeywordNode] = field(default_factory=list)
    shared_sets: list[SharedSetNode] = field(default_factory=list)
    links: list[AssetUse] = field(default_factory=list)
    ad_groups: list[AdGroupNode] = field(default_factory=list)
    asset_groups: list[AssetGroupNode] = field(default_factory=list)
    marker: str | None = None
    resource_name: str | None = None

    def assets(self) -> Iterator[AssetNode]:
        """Yield every asset used anywhere in the tree once, in the order of first use."""
        seen: set[UUID] = set()
        for use in self._uses():
            for asset in (*use.asset.images.values(), use.asset):
                if asset.id not in seen:
                    seen.add(asset.id)
                    yield asset

    def _uses(self) -> Iterator[AssetUse]:
        yield from self.links
        for ad_group in self.ad_groups:
            yield from ad_group.links
            for ad in ad_group.ads:
                yield from ad.uses
        for asset_group in self.asset_groups:
            yield from asset_group.uses
