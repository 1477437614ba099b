"""Rules of the resource families; which kinds can be mutated at all.

`rules_of` gives the engine its rules. A kind is *emulated* when a family has rules for it, *stored as sent* when it
is listed in `STORED_AS_SENT` (generic checks only), and refused otherwise.
"""

from functools import cache

from backend.sandbox.googleads.handlers import (
    accounts,
    ad_groups,
    ads,
    asset_links,
    assets,
    audiences,
    batch_jobs,
    bidding,
    budgets,
    campaigns,
    conversions,
    criteria,
    customizers,
    labels,
    pmax,
    shared_sets,
)
from backend.sandbox.googleads.mutate.rules import Rules, families

FAMILIES = (
    accounts, ad_groups, ads, asset_links, assets, audiences, batch_jobs, bidding, budgets, campaigns, conversions,
    criteria, customizers, labels, pmax, shared_sets,
)  # fmt: skip
STORED_AS_SENT = frozenset(
    ("ad_parameter", "asset_group_listing_group_filter", "asset_set", "asset_set_asset")
    + ("bidding_data_exclusion", "bidding_seasonality_adjustment", "campaign_asset_set", "ad_group_asset_set")
    + ("campaign_group", "conversion_custom_variable", "conversion_value_rule", "conversion_value_rule_set")
    + ("custom_conversion_goal", "custom_interest", "customer_asset_set")
    + ("keyword_plan", "keyword_plan_campaign", "keyword_plan_ad_group", "keyword_plan_ad_group_keyword")
    + ("keyword_plan_campaign_keyword", "recommendation_subscription")
)


def is_mutable(kind: str) -> bool:
    """Whether the sandbox lets this kind be mutated."""
    return kind in families() or kind in STORED_AS_SENT


@cache
def rules_of(kind: str) -> Rules:
    """The rules of a kind."""
    return families().get(kind, Rules)(kind)
