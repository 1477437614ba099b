"""A campaign's tree as the form that would create it again, for a copy. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from backend.campaigns.objectives import AD_TYPES
from backend.campaigns.rules import FIELD_OF_SLOT, TEXT_FIELDS
from backend.campaigns.tree import AdGroupNode, AdNode, AssetGroupNode, AssetUse, CampaignNode, KeywordNode


def form_of(tree: CampaignNode, name: str) -> dict[str, Any]:
    """Give the form of a copy: everything but ids, and ads of kinds that are no longer made."""
    form: dict[str, Any] = {
        "name": name,
        "campaign_type": tree.campaign_type,
        "objective": tree.objective,
        "start_date": tree.start_date,
        "end_date": tree.end_date,
        "contains_eu_political_advertising": tree.contains_eu_political_advertising,
        "bidding": tree.bidding,
        "targeting": tree.targeting,
        "tracking_url_template": tree.tracking_url_template,
        "final_url_suffix": tree.final_url_suffix,
        "negative_keywords": [_keyword(keyword) for keyword in tree.negatives],
        "asset_links": _links(tree.links),
        "shared_sets": [shared.id for shared in tree.shared_sets],
        "ad_groups": [_ad_group(group, tree.campaign_type) for group in tree.ad_groups],
        "asset_groups": [_asset_group(group) for group in tree.asset_groups],
    }
    if tree.budget is not None:
        form["budget"] = {
            "amount_micros": tree.budget.amount_micros,
            "total_amount_micros": tree.budget.total_amount_micros,
            "delivery_method": tree.budget.delivery_method,
        }
    return form


def _ad_group(group: AdGroupNode, campaign_type: str) -> dict[str, Any]:
    kinds = AD_TYPES.get(campaign_type, frozenset())
    return {
        "name": group.name,
        "type": group.type,
        "status": group.status,
        "cpc_bid_micros": group.cpc_bid_micros,
        "keywords": [_keyword(keyword) for keyword in group.keywords if not keyword.negative],
        "negative_keywords": [_keyword(keyword) for keyword in group.keywords if keyword.negative],
        "ads": [_ad(ad) for ad in group.ads if ad.type in kinds],
        "asset_links": _links(group.links),
    }


def _ad(ad: AdNode) -> dict[str, Any]:
    return {
        "type": ad.type,
        "name": ad.name,
        "status": ad.status,
        "final_urls": ad.final_urls,
        "path1": ad.path1,
        "path2": ad.path2,
        "business_name": ad.business_name,
        "tracking_url_template": ad.tracking_url_template,
        **{name: value for name, value in ad.attributes.items() if isinstance(value, str)},
        **_slots(ad.uses),
    }


def _asset_group(group: AssetGroupNode) -> dict[str, Any]:
    return {
        "name": group.name,
        "status": group.status,
        "final_urls": group.final_urls,
        "path1": group.path1,
        "path2": group.path2,
        "business_name": group.attributes.get("business_name"),
        **_slots(use for use in group.uses if use.field_type != "BUSINESS_NAME"),
    }


def _slots(uses: Iterable[AssetUse]) -> dict[str, list[dict[str, Any]]]:
    """Texts by their text, everything else by the asset, which the copy shares."""
    found: dict[str, list[dict[str, Any]]] = {}
    for use in uses:
        name = FIELD_OF_SLOT.get(use.field_type, "images")
        item: dict[str, Any] = {"asset_id": use.asset.id}
        if name in TEXT_FIELDS:
            item = {"text": use.asset.text or "", "pinned_field": use.pinned_field}
        found.setdefault(name, []).append(item)
    return found


def _links(uses: Iterable[AssetUse]) -> list[dict[str, Any]]:
    return [{"field_type": use.field_type, "asset_id": use.asset.id} for use in uses]


def _keyword(keyword: KeywordNode) -> dict[str, Any]:
    return {
        "text": keyword.text,
        "match_type": keyword.match_type,
        "status": keyword.status,
        "cpc_bid_micros": keyword.cpc_bid_micros,
        "final_urls": keyword.final_urls,
    }
