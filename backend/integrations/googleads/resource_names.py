"""Resource names: `customers/{customer_id}/{collection}/{id}[~{id}…]`, as Google spells them.

The table names each resource as `MutateOperation` names its field (without `_operation`) and gives its
collection. Source: the `*_path()` helpers of google-ads 34.0.0, v26.
"""

from __future__ import annotations

COLLECTIONS: dict[str, str] = {
    "ad": "ads",
    "ad_group": "adGroups",
    "ad_group_ad": "adGroupAds",
    "ad_group_ad_label": "adGroupAdLabels",
    "ad_group_asset": "adGroupAssets",
    "ad_group_bid_modifier": "adGroupBidModifiers",
    "ad_group_criterion": "adGroupCriteria",
    "ad_group_label": "adGroupLabels",
    "asset": "assets",
    "asset_group": "assetGroups",
    "asset_group_asset": "assetGroupAssets",
    "asset_group_listing_group_filter": "assetGroupListingGroupFilters",
    "asset_group_signal": "assetGroupSignals",
    "batch_job": "batchJobs",
    "campaign": "campaigns",
    "campaign_asset": "campaignAssets",
    "campaign_bid_modifier": "campaignBidModifiers",
    "campaign_budget": "campaignBudgets",
    "campaign_criterion": "campaignCriteria",
    "campaign_label": "campaignLabels",
    "campaign_shared_set": "campaignSharedSets",
    "conversion_action": "conversionActions",
    "customer_asset": "customerAssets",
    "customer_negative_criterion": "customerNegativeCriteria",
    "label": "labels",
    "shared_criterion": "sharedCriteria",
    "shared_set": "sharedSets",
}


def resource_name(customer_id: str, resource: str, *ids: int | str) -> str:
    """Spell the name of one resource; several ids are joined with `~`, as for an ad group's ad.

    Raises:
        KeyError: The resource is not in the table.
    """
    return f"customers/{customer_id}/{COLLECTIONS[resource]}/{'~'.join(str(part) for part in ids)}"


def ids_of(name: str) -> tuple[int, ...]:
    """Give the numeric ids at the end of a resource name: `…/adGroupAds/12~34` → `(12, 34)`.

    Parts that are not numbers (an asset's field type) are left out.
    """
    return tuple(int(part) for part in name.rsplit("/", 1)[-1].split("~") if part.lstrip("-").isdigit())


def last_id(name: str) -> int:
    """Give the id that names the resource itself: the last number of its resource name.

    Raises:
        ValueError: The name holds no id.
    """
    ids = ids_of(name)
    if not ids:
        raise ValueError(f"no id in the resource name {name!r}")
    return ids[-1]


def plain_customer_id(text: str) -> str:
    """Give a customer id as ten digits; dashes are accepted.

    Raises:
        ValueError: It is not ten digits, with or without the dashes of `123-456-7890`.
    """
    digits = text.replace("-", "").strip()
    if len(digits) != 10 or not digits.isascii() or not digits.isdigit():
        raise ValueError("a customer id is ten digits, such as 123-456-7890")
    return digits
