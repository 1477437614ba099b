"""What an objective means for each campaign type: the bidding strategy, the goals, and the shape of the campaign.

One table, served at `GET /api/rules` and documented in docs/campaigns.md. A campaign that names a bidding strategy of
its own keeps it. Sources: bidding strategies by campaign type, and the field docstrings of v26 (campaign, bidding).
"""

from __future__ import annotations

from dataclasses import dataclass

MAXIMIZE_VALUE = "maximize_conversion_value"
MAXIMIZE_CONVERSIONS = "maximize_conversions"
MAXIMIZE_CLICKS = "target_spend"


@dataclass(frozen=True, slots=True)
class Strategy:
    """The bidding strategy of one type and objective, and the conversion categories that count as its goal."""

    bidding: str
    goals: tuple[str, ...]


SALES_GOALS = ("PURCHASE", "ADD_TO_CART", "BEGIN_CHECKOUT")
LEAD_GOALS = ("SUBMIT_LEAD_FORM", "CONTACT", "PHONE_CALL_LEAD", "REQUEST_QUOTE", "BOOK_APPOINTMENT", "SIGNUP")
TRAFFIC_GOALS = ("PAGE_VIEW",)

STRATEGIES: dict[tuple[str, str], Strategy] = {
    ("SEARCH", "SALES"): Strategy(MAXIMIZE_VALUE, SALES_GOALS),
    ("SEARCH", "LEADS"): Strategy(MAXIMIZE_CONVERSIONS, LEAD_GOALS),
    ("SEARCH", "WEBSITE_TRAFFIC"): Strategy(MAXIMIZE_CLICKS, TRAFFIC_GOALS),
    ("DEMAND_GEN", "SALES"): Strategy(MAXIMIZE_VALUE, SALES_GOALS),
    ("DEMAND_GEN", "LEADS"): Strategy(MAXIMIZE_CONVERSIONS, LEAD_GOALS),
    ("DEMAND_GEN", "WEBSITE_TRAFFIC"): Strategy(MAXIMIZE_CLICKS, TRAFFIC_GOALS),
    ("DISPLAY", "SALES"): Strategy(MAXIMIZE_VALUE, SALES_GOALS),
    ("DISPLAY", "LEADS"): Strategy(MAXIMIZE_CONVERSIONS, LEAD_GOALS),
    ("DISPLAY", "WEBSITE_TRAFFIC"): Strategy(MAXIMIZE_CLICKS, TRAFFIC_GOALS),
    ("PERFORMANCE_MAX", "SALES"): Strategy(MAXIMIZE_VALUE, SALES_GOALS),
    ("PERFORMANCE_MAX", "LEADS"): Strategy(MAXIMIZE_CONVERSIONS, LEAD_GOALS),
    ("PERFORMANCE_MAX", "WEBSITE_TRAFFIC"): Strategy(MAXIMIZE_CONVERSIONS, TRAFFIC_GOALS),
}
"""Performance Max bids on conversions or their value only: WEBSITE_TRAFFIC counts page views as conversions there."""

ALLOWED_BIDDING: dict[str, frozenset[str]] = {
    "SEARCH": frozenset(
        {
            MAXIMIZE_VALUE,
            MAXIMIZE_CONVERSIONS,
            MAXIMIZE_CLICKS,
            "manual_cpc",
            "target_cpa",
            "target_roas",
            "target_impression_share",
        }
    ),
    "DEMAND_GEN": frozenset(
        {MAXIMIZE_VALUE, MAXIMIZE_CONVERSIONS, MAXIMIZE_CLICKS, "target_cpa", "target_roas", "target_cpc"}
    ),
    "DISPLAY": frozenset(
        {
            MAXIMIZE_VALUE,
            MAXIMIZE_CONVERSIONS,
            MAXIMIZE_CLICKS,
            "manual_cpc",
            "manual_cpm",
            "target_cpa",
            "target_roas",
            "target_cpm",
        }
    ),
    "PERFORMANCE_MAX": frozenset({MAXIMIZE_VALUE, MAXIMIZE_CONVERSIONS}),
}

AD_TYPE: dict[str, str] = {
    "SEARCH": "RESPONSIVE_SEARCH_AD",
    "DEMAND_GEN": "DEMAND_GEN_MULTI_ASSET_AD",
    "DISPLAY": "RESPONSIVE_DISPLAY_AD",
}
AD_GROUP_TYPE: dict[str, str | None] = {"SEARCH": "SEARCH_STANDARD", "DISPLAY": "DISPLAY_STANDARD", "DEMAND_GEN": None}
"""The type of the ad groups; Demand Gen ad groups have none (developers.google.com, Demand Gen: create a campaign)."""

AD_TYPES: dict[str, frozenset[str]] = {
    "SEARCH": frozenset({"RESPONSIVE_SEARCH_AD"}),
    "DEMAND_GEN": frozenset({"DEMAND_GEN_MULTI_ASSET_AD", "DEMAND_GEN_CAROUSEL_AD", "DEMAND_GEN_VIDEO_RESPONSIVE_AD"}),
    "DISPLAY": frozenset({"RESPONSIVE_DISPLAY_AD"}),
    "PERFORMANCE_MAX": frozenset(),
}


def bidding_for(campaign_type: str, objective: str | None, chosen: dict[str, object]) -> dict[str, object]:
    """Give the bidding strategy of a campaign: the one chosen, else the objective's; empty when there is neither."""
    if chosen:
        return chosen
    strategy = STRATEGIES.get((campaign_type, objective or ""))
    return {strategy.bidding: {}} if strategy else {}
