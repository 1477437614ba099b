"""What the API calls the rows that people edit and Google changes too: the entities, and the links between them."""

from __future__ import annotations

ENTITIES = {
    "campaign": "campaigns",
    "campaign_budget": "campaign_budgets",
    "ad_group": "ad_groups",
    "ad": "ads",
    "ad_group_ad": "adgroup_ad",
    "keyword": "keywords",
    "asset": "assets",
    "asset_group": "asset_groups",
    "shared_set": "shared_sets",
    "campaign_asset": "campaign_asset",
    "ad_group_asset": "ad_group_asset",
    "asset_group_asset": "asset_group_asset",
    "campaign_shared_set": "campaign_shared_set",
}
"""Name → table."""

_ID_COLUMNS = {"adgroup_ad": "ad_id"}


def id_column(table: str) -> str:
    """The column by which a request names a row of a table."""
    return _ID_COLUMNS.get(table, "id")
