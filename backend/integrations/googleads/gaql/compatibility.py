"""Which resources, metrics and segments go together: rules and compact tables, because descriptors do not say.

Sources: the field reference pages of developers.google.com/google-ads/api/fields (attributed resources, segmenting
resources, metrics and segments of each report) and, for the classes of metrics, their names. Where the reference is
silent a combination is allowed: a refusal that Google would not make is the worse error.
"""

from backend.integrations.googleads.gaql import groups
from backend.integrations.googleads.gaql.fields import Resource

_LEAF_MESSAGES = frozenset(
    {
        "AdAppDeepLinkAsset",
        "AdCallToActionAsset",
        "AdDemandGenCarouselCardAsset",
        "AdImageAsset",
        "AdMediaBundleAsset",
        "AdTextAsset",
        "AdVideoAsset",
        "FieldMask",
    }
)
_WHOLE = frozenset(
    {
        ("ad_group_ad_asset_view", "AdGroupAdAssetPolicySummary"),
        ("ad_group_criterion", "ListingDimensionPath"),
        ("asset_group_listing_group_filter", "ListingGroupFilterDimensionPath"),
        ("change_event", "ChangedResource"),
    }
)
_CRITERION_VIEWS = (
    "age_range_view",
    "ad_group_audience_view",
    "display_keyword_view",
    "gender_view",
    "hotel_group_view",
    "income_range_view",
    "keyword_view",
    "managed_placement_view",
    "parental_status_view",
    "product_group_view",
    "topic_view",
    "travel_activity_group_view",
    "webpage_view",
)
_BIDDING = ("accessible_bidding_strategy", "bidding_strategy")
_AD_GROUP = ("ad_group", "campaign")

# resources joined one to one; `customer` is added to all but the constants
_ATTRIBUTED: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(_CRITERION_VIEWS, (*_AD_GROUP, *_BIDDING, "ad_group_criterion")),
    "account_budget": ("billing_setup",),
    "ad_group": (*_BIDDING, "campaign"),
    "ad_group_ad": (*_AD_GROUP, *_BIDDING),
    "ad_group_ad_asset_combination_view": (*_AD_GROUP, "ad_group_ad"),
    "ad_group_ad_asset_view": (*_AD_GROUP, "ad_group_ad", "asset"),
    "ad_group_ad_label": (*_AD_GROUP, "ad_group_ad", "label"),
    "ad_group_asset": ("asset",),
    "ad_group_asset_set": (*_AD_GROUP, "asset_set"),
    "ad_group_bid_modifier": _AD_GROUP,
    "ad_group_criterion": (*_AD_GROUP, *_BIDDING),
    "ad_group_criterion_customizer": (*_AD_GROUP, "ad_group_criterion", "customizer_attribute"),
    "ad_group_criterion_label": (*_AD_GROUP, "ad_group_criterion", "label"),
    "ad_group_criterion_simulation": (*_AD_GROUP, "ad_group_criterion"),
    "ad_group_customizer": (*_AD_GROUP, "customizer_attribute"),
    "ad_group_label": (*_AD_GROUP, "label"),
    "ad_group_simulation": _AD_GROUP,
    "ad_parameter": (*_AD_GROUP, "ad_group_criterion"),
    "ad_schedule_view": ("campaign", "campaign_criterion"),
    "ai_max_search_term_ad_combination_view": (*_AD_GROUP, "ad_group_ad"),
    "asset_group": ("campaign",),
    "asset_group_asset": ("asset", "asset_group", "campaign"),
    "asset_group_listing_group_filter": ("asset_group", "campaign"),
    "asset_group_product_group_view": ("asset_group", "asset_group_listing_group_filter", "campaign"),
    "asset_group_signal": ("asset_group", "campaign"),
    "asset_group_top_combination_view": ("asset_group", "campaign"),
    "asset_set_asset": ("asset", "asset_set"),
    "call_view": _AD_GROUP,
    "campaign": (*_BIDDING, "campaign_budget", "campaign_group"),
    "campaign_aggregate_asset_view": ("asset", "campaign"),
    "campaign_asset": ("asset",),
    "campaign_asset_set": ("asset_set", "campaign"),
    "campaign_audience_view": ("campaign", "campaign_criterion", *_BIDDING),
    "campaign_bid_modifier": ("campaign",),
    "campaign_conversion_goal": ("campaign",),
    "campaign_criterion": ("campaign",),
    "campaign_customizer": ("campaign", "customizer_attribute"),
    "campaign_draft": ("campaign",),
    "campaign_goal_config": ("campaign", "goal"),
    "campaign_label": ("campaign", "label"),
    "campaign_lifecycle_goal": ("campaign",),
    "campaign_search_term_insight": ("campaign",),
    "campaign_search_term_view": ("campaign",),
    "campaign_shared_set": ("campaign", "shared_set"),
    "campaign_simulation": ("campaign",),
    "cart_data_sales_view": _AD_GROUP,
    "change_event": (*_AD_GROUP, "asset"),
    "channel_aggregate_asset_view": ("asset",),
    "click_view": (*_AD_GROUP, "ad_group_ad"),
    "content_criterion_view": ("campaign",),
    "conversion_goal_campaign_config": ("campaign", "custom_conversion_goal"),
    "conversion_value_rule_set": ("campaign", "conversion_value_rule"),
    "customer": (),
    "customer_asset": ("asset",),
    "customer_asset_set": ("asset_set",),
    "customer_customizer": ("customizer_attribute",),
    "customer_label": ("label",),
    "detail_placement_view": _AD_GROUP,
    "distance_view": ("campaign",),
    "dynamic_search_ads_search_term_view": _AD_GROUP,
    "experiment_arm": ("campaign", "experiment"),
    "final_url_expansion_asset_view": (*_AD_GROUP, "asset"),
    "group_placement_view": _AD_GROUP,
    "lead_form_submission_data": (*_AD_GROUP, "ad_group_ad", "asset"),
    "location_interest_view": (*_AD_GROUP, "ad_group_criterion"),
    "location_view": ("campaign", "campaign_criterion"),
    "matched_location_interest_view": _AD_GROUP,
    "paid_organic_search_term_view": _AD_GROUP,
    "performance_max_placement_view": ("campaign",),
    "recommendation": (*_AD_GROUP, "campaign_budget"),
    "remarketing_action": (),
    "search_term_view": _AD_GROUP,
    "shared_criterion": ("shared_set",),
    "shopping_product": _AD_GROUP,
    "smart_campaign_search_term_view": ("campaign",),
    "smart_campaign_setting": ("campaign",),
    "targeting_expansion_view": _AD_GROUP,
    "video": (*_AD_GROUP, "ad_group_ad"),
    "video_enhancement": ("campaign",),
}
_SEGMENTING: dict[str, tuple[str, ...]] = {
    "ad_group_asset": _AD_GROUP,
    "asset_field_type_view": (*_AD_GROUP, "asset"),
    "bidding_strategy": ("campaign",),
    "campaign_asset": _AD_GROUP,
    "campaign_budget": ("campaign",),
    "customer_asset": _AD_GROUP,
    "expanded_landing_page_view": _AD_GROUP,
    "geographic_view": _AD_GROUP,
    "landing_page_view": (*_AD_GROUP, "expanded_landing_page_view"),
    "per_store_view": ("campaign",),
    "search_term_view": ("ad_group_ad",),
    "shopping_performance_view": _AD_GROUP,
    "user_location_view": _AD_GROUP,
    "video": (),
}


def is_leaf_message(resource: str, message: str, fields: int) -> bool:
    """Whether a single (not repeated) message is selected as a whole instead of by its fields."""
    if fields == 0 or message in _LEAF_MESSAGES or (resource, message) in _WHOLE:
        return True
    return resource == "recommendation"


def is_reference(path: tuple[str, ...]) -> bool:
    """Whether a text field that is not named after a resource holds a resource name."""
    if path[0] == "segments":
        return path[-1].startswith("geo_target_") or path[-1] == "conversion_action"
    return path[-1].endswith(("_asset", "_constant", "_campaign", "_customer", "base_ad_group")) and len(path) > 1


def resource(
    name: str,
    *,
    references: frozenset[str],
    resources: frozenset[str],
    metrics: frozenset[str],
    segments: frozenset[str],
) -> Resource:
    """What goes with one resource. `references` are the resources that its message's own fields are named after."""
    found = groups.metrics_of(name, metrics)
    attributed = frozenset(_ATTRIBUTED.get(name, references or (_AD_GROUP if found else ())))
    if not name.endswith("_constant") and name != "customer":
        attributed |= {"customer"}
    segmenting = frozenset(_SEGMENTING.get(name, ()))
    return Resource(
        name,
        attributed=(attributed & resources) - {name},
        segmenting=(segmenting & resources) - {name},
        metrics=found,
        segments=groups.segments_of(name, segments),
    )
