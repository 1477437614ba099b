"""Classes of metrics and segments, and which report has which.

A metric's class follows from its name; a report is described by the classes it has. `base` is what every report with
statistics shows: impressions, clicks, cost, conversions and the ratios of them.
"""

import re

# first match wins
_METRIC_CLASSES: tuple[tuple[str, str], ...] = (
    (r"active_view_audib", "audible"),
    (r"active_view_", "active_view"),
    (r"auction_insight_", "auction"),
    (r"(absolute|relative)_(brand|conversion|search)|headroom|incremental|lift|fractional|brand_", "lift"),
    (r"conversion_lift_|normalized_|cost_per_(incremental|lifted)", "lift"),
    (r"control_|.*(_p_value|_margin_of_error|point_estimate)$", "experiment"),
    (r"search_volume", "search_volume"),
    (r"search_", "search_share"),
    (r"content_.*impression_share", "content_share"),
    (r"historical_", "quality"),
    (r"phone_", "phone"),
    (r"message_", "message"),
    (r"gmail_", "gmail"),
    (r"hotel_", "hotel"),
    (r"sk_ad_network_", "app"),
    (r"biddable_", "app"),
    (r"organic_|combined_", "organic"),
    (r"benchmark_", "benchmark"),
    (r"publisher_", "publisher"),
    (r".*location_asset", "local"),
    (r"all_conversions_from_(?!interactions)", "local"),
    (r".*platform_comparable", "platform"),
    (r"(all_)?(average_cart|average_order|cost_of_goods|cross_sell|gross_profit|lead_|orders|revenue|units)", "cart"),
    (r"unique_users|average_impression_frequency", "reach"),
    (r".*by_conversion_date$", "by_conversion_date"),
    (r".*current_model_attributed", "current_model"),
    (r"asset_pinned|linked_", "asset_usage"),
    (r"average_page_views|average_time_on_site|bounce_rate|percent_new_visitors", "analytics"),
    (r"video_|trueview_|average_video|youtube_", "video"),
    (r"optimization_score", "optimization"),
    (r"(general_)?invalid_click", "invalid"),
    (r"vertical_ads_", "vertical"),
    (r"speed_score|mobile_friendly|valid_accelerated", "landing_page"),
    (r"impressions_from_store_reach", "store"),
    (r"conversion_last_", "conversion_action"),
    (r"(all_)?new_customer_lifetime|(all_)?value_adjustment|original_conversion", "lifetime"),
    (r"average_target_", "target"),
    (r".*unique_query_clusters|store_visits_last|results_conversions|coviewed|primary_impressions|svr", "campaign"),
    (r"relative_ctr", "relative"),
    (r"", "base"),
)
_STANDARD = "base active_view by_conversion_date current_model video analytics cart gmail"
_CRITERION = f"{_STANDARD} audible platform phone"
_AUDIENCE = "base active_view video gmail search_share"
_METRIC_CLASSES_OF: dict[str, str] = {
    "accessible_bidding_strategy": "",
    "ad_group": f"{_CRITERION} search_share content_share auction app lifetime relative vertical message target",
    "ad_group_ad": f"{_CRITERION} app lifetime message relative vertical",
    "ad_group_ad_asset_combination_view": "base",
    "ad_group_ad_asset_view": "base app video",
    "ad_group_asset": "base video phone",
    "ad_group_audience_view": _AUDIENCE,
    "ad_group_criterion": "",
    "ad_schedule_view": _STANDARD,
    "age_range_view": _AUDIENCE,
    "ai_max_search_term_ad_combination_view": "base",
    "android_privacy_shared_key_google_ad_group": "base app",
    "android_privacy_shared_key_google_campaign": "base app",
    "android_privacy_shared_key_google_network_type": "base app",
    "app_top_combination_view": "base",
    "asset_field_type_view": "base video phone",
    "asset_group": f"{_STANDARD} lifetime",
    "asset_group_asset": "base video",
    "asset_group_product_group_view": "base cart by_conversion_date",
    "bidding_strategy": f"{_STANDARD} target",
    "call_view": "",
    "campaign": (
        f"{_CRITERION} search_share content_share auction app local lifetime relative reach optimization invalid "
        "publisher vertical target campaign message"
    ),
    "campaign_aggregate_asset_view": "base by_conversion_date video platform",
    "campaign_asset": "base video phone",
    "campaign_audience_view": _AUDIENCE,
    "campaign_budget": "base video",
    "campaign_criterion": "",
    "campaign_group": f"{_STANDARD}",
    "campaign_search_term_insight": "base search_volume",
    "campaign_search_term_view": "base by_conversion_date video",
    "cart_data_sales_view": "cart",
    "channel_aggregate_asset_view": "base by_conversion_date video platform",
    "click_view": "base",
    "content_criterion_view": "base",
    "conversion_action": "base conversion_action",
    "customer": (
        f"{_CRITERION} search_share content_share auction app local lifetime optimization invalid vertical "
        "message campaign reach"
    ),
    "customer_asset": "base video phone",
    "customer_search_term_insight": "base search_volume",
    "detail_content_suitability_placement_view": "base",
    "detail_placement_view": "base active_view video",
    "display_keyword_view": _AUDIENCE,
    "distance_view": "base by_conversion_date video",
    "dynamic_search_ads_search_term_view": "base by_conversion_date",
    "expanded_landing_page_view": "base landing_page video active_view",
    "experiment": "experiment",
    "final_url_expansion_asset_view": "base",
    "gender_view": _AUDIENCE,
    "geographic_view": "base by_conversion_date video",
    "group_content_suitability_placement_view": "base",
    "group_placement_view": "base active_view video",
    "hotel_group_view": "base hotel search_share",
    "hotel_performance_view": "base hotel search_share",
    "income_range_view": _AUDIENCE,
    "keyword_view": f"{_STANDARD} search_share auction quality phone",
    "landing_page_view": "base landing_page video active_view",
    "lift_measurement_config": "lift",
    "location_interest_view": "base",
    "location_view": f"{_STANDARD}",
    "managed_placement_view": _AUDIENCE,
    "matched_location_interest_view": "base",
    "paid_organic_search_term_view": "base organic",
    "parental_status_view": _AUDIENCE,
    "per_store_view": "store base local",
    "performance_max_placement_view": "base",
    "product_group_view": f"{_STANDARD} benchmark search_share",
    "search_lift_keyword_bundle": "lift",
    "search_term_view": "base video",
    "shopping_performance_view": "base cart by_conversion_date benchmark search_share",
    "shopping_product": "base",
    "smart_campaign_search_term_view": "base",
    "targeting_expansion_view": "base video active_view",
    "topic_view": _AUDIENCE,
    "travel_activity_group_view": "base search_share",
    "travel_activity_performance_view": "base search_share",
    "user_location_view": "base by_conversion_date video",
    "video": "base video by_conversion_date active_view",
    "webpage_view": _STANDARD,
}
_LIFT_PARTS = ("age_range", "gender", "device", "campaign", "video", "flight")
_METRIC_CLASSES_OF.update({f"lift_measurement_{part}": "lift" for part in _LIFT_PARTS})

_TOP_SHARES = r"search_(absolute_top|budget_lost_absolute_top|budget_lost_top|rank_lost_(absolute_)?top|top)_"
_SHOPPING_SHARES = r"search_(exact|top|budget_lost_top|rank_lost_top)"
_OTHER_SHARES = r"search_(?!impression_share$)"
_AUDIENCES = (
    "ad_group_audience_view",
    "age_range_view",
    "campaign_audience_view",
    "display_keyword_view",
    "gender_view",
    "income_range_view",
    "managed_placement_view",
    "parental_status_view",
    "topic_view",
)
# metrics that a report lacks although it has their class
_WITHOUT: dict[str, str] = {
    "ad_group": r"search_budget_lost_impression_share|search_click_share|average_target_",
    "asset_group": r"active_view|video_|trueview|gmail|average_cpm|analytics|absolute_top|top_imp|.*current_model",
    "conversion_action": r"(?!all_conversions(_value)?$|conversion_last)",
    "customer": rf"{_TOP_SHARES}|search_click|unique_users|gmail|phone|.*current_model|average_(page|time)|bounce",
    "keyword_view": r"search_budget_lost_impression_share",
    "product_group_view": _SHOPPING_SHARES,
    "shopping_performance_view": rf"{_SHOPPING_SHARES}|.*top_impression_percentage|interaction|engagement|average_cpm",
    **dict.fromkeys(_AUDIENCES, _OTHER_SHARES),
    "click_view": r"(?!clicks$)",
    "detail_content_suitability_placement_view": r"(?!impressions$)",
    "group_content_suitability_placement_view": r"(?!impressions$)",
    "performance_max_placement_view": r"(?!impressions$)",
    "app_top_combination_view": r"(?!impressions$)",
    "ad_group_ad_asset_combination_view": r"(?!impressions$)",
}

_DATES = r"date|week|month|quarter|year|day_of_week|month_of_year"
_CONVERSION = r"conversion_action(_category|_name)?|external_conversion_source"
_COMMON = (
    rf"{_DATES}|device|ad_network_type|ad_sub_network_type|{_CONVERSION}|conversion_adjustment"
    r"|conversion_(or_adjustment_)?lag_bucket|conversion_attribution_event_type|click_type|slot"
    r"|new_versus_returning_customers"
)
_WITH_ASSETS = rf"{_COMMON}|asset_interaction_target\..*"
_LINK = rf"{_DATES}|device|ad_network_type|ad_sub_network_type|{_CONVERSION}|slot|asset_interaction_target\..*"
_UPPER = (
    rf"{_WITH_ASSETS}|hour|ad_destination_type|ad_(sub_)?format_type|ad_using_.*|adjusted_.*|advance_booking_window"
    r"|auction_insight_domain|length_of_booking|loyalty_membership|mobile_device_platform|recommendation_type"
    r"|conversion_value_rule_primary_dimension|sk_ad_network_.*|start_date|start_day_of_week|travel_destination_.*"
    r"|user_set_dates|vertical_ads_.*"
)
_GEO = rf"{_DATES}|device|ad_network_type|ad_sub_network_type|{_CONVERSION}|geo_target_.*"
_SEARCH_TERM = rf"{_DATES}|device|ad_network_type|ad_sub_network_type|{_CONVERSION}|search_term_match_.*"
_SEGMENTS_OF: dict[str, str] = {
    "ad_group": _UPPER,
    "ad_group_ad": rf"{_COMMON}|ad_format_type|ad_sub_format_type|keyword\..*|ad_destination_type",
    "ad_group_ad_asset_view": rf"{_DATES}|device|ad_network_type|ad_sub_network_type|{_CONVERSION}|slot|ad_format_type",
    "ad_group_asset": _LINK,
    "asset_field_type_view": _LINK,
    "campaign": _UPPER,
    "campaign_asset": _LINK,
    "campaign_budget": rf"date|{_CONVERSION}|budget_campaign_association_status\..*",
    "campaign_search_term_insight": rf"{_DATES}|search_subcategory|search_term",
    "campaign_search_term_view": rf"{_SEARCH_TERM}|keyword\..*",
    "cart_data_sales_view": rf"{_DATES}|device|ad_network_type|product_.*",
    "click_view": r"date|click_type|device|ad_network_type|slot|month_of_year|keyword\..*",
    "conversion_action": r"date|week|month|quarter",
    "customer": _UPPER,
    "customer_asset": _LINK,
    "customer_search_term_insight": rf"{_DATES}|search_subcategory|search_term",
    "distance_view": rf"{_DATES}|device|ad_network_type|{_CONVERSION}",
    "dynamic_search_ads_search_term_view": rf"{_COMMON}|webpage",
    "experiment": rf"{_DATES}",
    "geographic_view": _GEO.replace("geo_target_.*", r"geo_target_(?!country).*"),
    "hotel_performance_view": rf"{_COMMON}|hour|hotel_.*|partner_hotel_id",
    "landing_page_view": rf"{_COMMON}|landing_page_source",
    "keyword_view": rf"{_COMMON}|auction_insight_domain|match_type",
    "paid_organic_search_term_view": rf"{_COMMON}|keyword\..*|search_engine_results_page_type",
    "search_term_view": rf"{_SEARCH_TERM}|keyword\..*",
    "shopping_performance_view": rf"{_COMMON}|product_.*|asset_group",
    "travel_activity_performance_view": rf"{_COMMON}|activity_.*|external_activity_id",
    "user_location_view": _GEO,
}
_ATTRIBUTION_SEGMENTS = re.compile(rf"segments\.({_CONVERSION}|conversion_.*)")
_ATTRIBUTION_METRICS = re.compile(
    r"metrics\.((all_|cross_device_|view_through_|current_model_attributed_|platform_comparable_)?conversions?.*"
    r"|value_per_.*|.*_by_conversion_date|.*lifetime_value|(all_)?value_adjustment|.*location_asset.*"
    r"|(all_)?(orders|revenue.*|units_sold|average_(cart|order).*|cost_of_goods.*|gross_profit.*|cross_sell.*|lead_.*)"
    r"|sk_ad_network.*|phone_calls|original_conversion_value|conversion_last.*|store_visits.*|results_.*)"
)
_NETWORK_SEGMENTS = frozenset({"segments.ad_network_type", "segments.ad_sub_network_type"})


def metric_class(name: str) -> str:
    """The class of a metric, by its name without `metrics.`."""
    for pattern, found in _METRIC_CLASSES:
        if re.match(pattern, name):
            return found
    raise AssertionError("the last pattern matches everything")


def metrics_of(resource: str, known: frozenset[str]) -> frozenset[str]:
    """The metrics of a report (full names), of those that the version knows."""
    classes = frozenset(_METRIC_CLASSES_OF.get(resource, "").split())
    without = _WITHOUT.get(resource)
    return frozenset(
        name
        for name in known
        if metric_class(name.removeprefix("metrics.")) in classes
        and not (without and re.match(without, name.removeprefix("metrics.")))
    )


def segments_of(resource: str, known: frozenset[str]) -> frozenset[str]:
    """The segments of a report (full names), of those that the version knows; none where there are no metrics."""
    if not _METRIC_CLASSES_OF.get(resource):
        return frozenset()
    pattern = re.compile(rf"segments\.({_SEGMENTS_OF.get(resource, _COMMON)})")
    return frozenset(name for name in known if pattern.fullmatch(name))


def metric_goes_with(metric: str, segment: str) -> bool:
    """Whether a metric can be split by a segment: those of conversions only split what conversions are counted in, and
    a keyword's quality is the same in every network.
    """
    if segment in _NETWORK_SEGMENTS:
        return not metric.startswith("metrics.historical_")
    if not _ATTRIBUTION_SEGMENTS.fullmatch(segment):
        return True
    return _ATTRIBUTION_METRICS.fullmatch(metric) is not None
