"""All structure queries in the order in which they run: parents first, links last."""

from __future__ import annotations

from backend.sync.asset_queries import (
    ACCOUNT_ASSETS,
    AD_ASSETS,
    AD_GROUP_ASSETS,
    ASSET_GROUP_ASSETS,
    ASSET_GROUPS,
    ASSETS,
    CAMPAIGN_ASSETS,
    SHARED_SET_LINKS,
)
from backend.sync.keyword_queries import AD_GROUP_KEYWORDS, CAMPAIGN_NEGATIVES, SHARED_NEGATIVES, SHARED_SETS
from backend.sync.label_queries import (
    AD_GROUP_LABELS,
    AD_LABELS,
    BIDDING_STRATEGIES,
    CAMPAIGN_LABELS,
    KEYWORD_LABELS,
    LABELS,
)
from backend.sync.queries import AD_GROUPS, ADS, BUDGETS, CAMPAIGNS, StructureQuery
from backend.sync.targeting_queries import TARGETING

STRUCTURE: tuple[StructureQuery, ...] = (
    BUDGETS,
    BIDDING_STRATEGIES,
    LABELS,
    CAMPAIGNS,
    TARGETING,
    AD_GROUPS,
    SHARED_SETS,
    ASSETS,
    ADS,
    AD_GROUP_KEYWORDS,
    CAMPAIGN_NEGATIVES,
    SHARED_NEGATIVES,
    ASSET_GROUPS,
    AD_ASSETS,
    CAMPAIGN_ASSETS,
    AD_GROUP_ASSETS,
    ASSET_GROUP_ASSETS,
    ACCOUNT_ASSETS,
    SHARED_SET_LINKS,
    CAMPAIGN_LABELS,
    AD_GROUP_LABELS,
    AD_LABELS,
    KEYWORD_LABELS,
)
