"""Budgets, campaigns, ad groups, keywords, ads and asset groups in Google's own fields. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID

from backend.campaigns.objectives import bidding_for
from backend.campaigns.tree import AdGroupNode, AdNode, AssetGroupNode, BudgetNode, CampaignNode, KeywordNode
from backend.publish import creatives

MODIFIER_DIGITS = 4
"""Google keeps bid modifiers as floats of 32 bits; nobody sets more digits than these."""
MINUTES = {0: "ZERO", 15: "FIFTEEN", 30: "THIRTY", 45: "FORTY_FIVE"}


def budget_fields(budget: BudgetNode) -> dict[str, Any]:
    """Give the fields of a new budget."""
    fields: dict[str, Any] = {
        "delivery_method": budget.delivery_method or "STANDARD",
        "explicitly_shared": budget.explicitly_shared,
    }
    if budget.total_amount_micros is not None:
        fields |= {"total_amount_micros": budget.total_amount_micros, "period": "CUSTOM_PERIOD"}
    else:
        fields["amount_micros"] = budget.amount_micros
    if budget.name:
        fields["name"] = budget.name
    return fields


def campaign_fields(tree: CampaignNode) -> dict[str, Any]:
    """Give the fields of a new campaign but its status and budget."""
    strategy = bidding_for(tree.campaign_type, tree.objective, tree.bidding)
    fields: dict[str, Any] = {
        "name": tree.name,
        "advertising_channel_type": tree.campaign_type,
        "contains_eu_political_advertising": tree.contains_eu_political_advertising,
        **strategy,
    }
    if tree.start_date:
        fields["start_date_time"] = f"{tree.start_date.isoformat()} 00:00:00"
    if tree.end_date:
        fields["end_date_time"] = f"{tree.end_date.isoformat()} 23:59:59"
    for name in ("tracking_url_template", "final_url_suffix"):
        if getattr(tree, name):
            fields[name] = getattr(tree, name)
    if tree.campaign_type == "SEARCH":
        fields["network_settings"] = {
            "target_google_search": True,
            "target_search_network": True,
            "target_content_network": False,
        }
    if tree.campaign_type == "PERFORMANCE_MAX":
        # Business name and logo stand on the asset groups, not on the campaign.
        fields["brand_guidelines_enabled"] = False
    return fields


def targeting_criteria(targeting: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Give the campaign criteria of a targeting, in a fixed order."""
    for location in targeting.get("locations", ()):
        criterion: dict[str, Any] = {"location": {"geo_target_constant": f"geoTargetConstants/{location['id']}"}}
        yield criterion | ({"negative": True} if location.get("negative") else {}) | _modifier(location)
    for language in targeting.get("languages", ()):
        yield {"language": {"language_constant": f"languageConstants/{language}"}}
    for device in targeting.get("devices", ()):
        # `type_` is how the generated classes spell the nested field.
        yield {"device": {"type_": device["type"]}} | _modifier(device)
    for slot in targeting.get("ad_schedule", ()):
        yield {
            "ad_schedule": {
                "day_of_week": slot["day_of_week"],
                "start_hour": slot["start_hour"],
                "start_minute": MINUTES[slot.get("start_minute", 0)],
                "end_hour": slot["end_hour"],
                "end_minute": MINUTES[slot.get("end_minute", 0)],
            }
        } | _modifier(slot)


def targeting_of(criteria: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Give the targeting that created criteria make up: the inverse of `targeting_criteria`."""
    found: dict[str, Any] = {}
    minutes = {name: minute for minute, name in MINUTES.items()}
    for one in criteria:
        modifier = {name: round(value, MODIFIER_DIGITS) for name, value in _modifier(one).items()}
        if location := one.get("location"):
            place = {"id": location["geo_target_constant"].rsplit("/", 1)[1]}
            negative = {"negative": True} if one.get("negative") else {}
            found.setdefault("locations", []).append(place | negative | modifier)
        elif language := one.get("language"):
            found.setdefault("languages", []).append(language["language_constant"].rsplit("/", 1)[1])
        elif device := one.get("device"):
            found.setdefault("devices", []).append({"type": device["type"]} | modifier)
        elif slot := one.get("ad_schedule"):
            hours = {"start_hour": 0, "end_hour": 0, **slot}
            ends = {name: minutes[slot.get(name, "ZERO")] for name in ("start_minute", "end_minute")}
            found.setdefault("ad_schedule", []).append(hours | ends | modifier)
    return found


def _modifier(criterion: Mapping[str, Any]) -> dict[str, Any]:
    return {"bid_modifier": criterion["bid_modifier"]} if criterion.get("bid_modifier") is not None else {}


def ad_group_fields(group: AdGroupNode) -> dict[str, Any]:
    """Give the fields of a new ad group but its campaign."""
    fields: dict[str, Any] = {"name": group.name, "status": group.status}
    if group.type:
        fields["type"] = group.type
    if group.cpc_bid_micros is not None:
        fields["cpc_bid_micros"] = group.cpc_bid_micros
    return fields


def keyword_words(keyword: KeywordNode) -> dict[str, str]:
    """Give a keyword's text and match type, which are its identity."""
    return {"text": keyword.text, "match_type": keyword.match_type}


def keyword_fields(keyword: KeywordNode) -> dict[str, Any]:
    """Give the fields of a new ad group criterion but its ad group; a negative carries neither bid nor status."""
    fields: dict[str, Any] = {"keyword": keyword_words(keyword)}
    if keyword.negative:
        return fields | {"negative": True}
    fields["status"] = keyword.status
    if keyword.cpc_bid_micros is not None:
        fields["cpc_bid_micros"] = keyword.cpc_bid_micros
    if keyword.final_urls:
        fields["final_urls"] = keyword.final_urls
    return fields


def ad_fields(ad: AdNode, ad_group: str, assets: Mapping[UUID, str]) -> dict[str, Any]:
    """Give the fields of a new ad group ad."""
    inner: dict[str, Any] = {"final_urls": ad.final_urls, **creatives.ad_message(ad, assets)}
    if ad.name:
        inner["name"] = ad.name
    if ad.tracking_url_template:
        inner["tracking_url_template"] = ad.tracking_url_template
    return {"ad_group": ad_group, "status": ad.status, "ad": inner}


def asset_group_fields(group: AssetGroupNode) -> dict[str, Any]:
    """Give the fields of a new asset group but its campaign."""
    fields: dict[str, Any] = {"name": group.name, "final_urls": group.final_urls, "status": group.status}
    for name in ("path1", "path2"):
        if getattr(group, name):
            fields[name] = getattr(group, name)
    return fields
