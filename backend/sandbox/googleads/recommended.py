"""Recommendations of the demo accounts: they follow from the account's campaigns and keywords."""

import zlib
from collections.abc import Iterator, Mapping
from typing import Any

from backend.sandbox.googleads import kinds
from backend.sandbox.googleads.enums import enum_name, set_enum


def recommendations(customer_id: str, entities: Mapping[str, Mapping[str, Any]]) -> Iterator[Any]:
    """Up to one recommendation of each emulated type per enabled search campaign."""
    groups = entities.get("ad_group", {}).values()
    for campaign in entities.get("campaign", {}).values():
        if enum_name(campaign, "status") != "ENABLED" or enum_name(campaign, "advertising_channel_type") != "SEARCH":
            continue
        budget = entities.get("campaign_budget", {}).get(campaign.campaign_budget)
        if budget is not None and budget.amount_micros:
            yield _budget(customer_id, campaign, budget)
        group = next((g for g in groups if g.campaign == campaign.resource_name), None)
        if group is not None:
            yield _keyword(customer_id, campaign, group, entities)


def _new(customer_id: str, campaign: Any, kind: str) -> Any:
    message: Any = kinds.message_class("recommendation")()
    number = 30_000_000_000 + zlib.crc32(f"{campaign.resource_name}/{kind}".encode())
    message.resource_name = f"customers/{customer_id}/recommendations/{number}"
    set_enum(message, "type_", kind)
    message.dismissed = False
    base, better = message.impact.base_metrics, message.impact.potential_metrics
    base.impressions, base.clicks, base.cost_micros = 1000.0, 50.0, 40_000_000
    better.impressions, better.clicks, better.cost_micros = 1300.0, 64.0, 52_000_000
    return message


def _budget(customer_id: str, campaign: Any, budget: Any) -> Any:
    message = _new(customer_id, campaign, "CAMPAIGN_BUDGET")
    message.campaign_budget = budget.resource_name
    message.campaigns.append(campaign.resource_name)
    advice = message.campaign_budget_recommendation
    advice.current_budget_amount_micros = budget.amount_micros
    advice.recommended_budget_amount_micros = _round(budget.amount_micros * 13 // 10)
    for percent in (115, 130, 150):
        option = advice.budget_options.add()
        option.budget_amount_micros = _round(budget.amount_micros * percent // 100)
    return message


def _round(micros: int) -> int:
    return micros // 1_000_000 * 1_000_000 or 1_000_000


def _keyword(customer_id: str, campaign: Any, group: Any, entities: Mapping[str, Mapping[str, Any]]) -> Any:
    message = _new(customer_id, campaign, "KEYWORD")
    message.campaign, message.ad_group = campaign.resource_name, group.resource_name
    advice = message.keyword_recommendation
    texts = (
        criterion.keyword.text
        for criterion in entities.get("ad_group_criterion", {}).values()
        if criterion.ad_group == group.resource_name and criterion.HasField("keyword")
    )
    advice.keyword.text = f"{next(texts, group.name.lower())} online"
    set_enum(advice.keyword, "match_type", "BROAD")
    advice.recommended_cpc_bid_micros = 1_000_000
    return message
