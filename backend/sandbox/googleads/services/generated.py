"""Recommendations for campaigns that do not exist yet."""

from typing import Any

from backend.sandbox.googleads import kinds
from backend.sandbox.googleads.calls import Call, rpc
from backend.sandbox.googleads.enums import enum_name, set_enum
from backend.sandbox.googleads.errors import Problem, Refusal, refuse

_CHANNELS = ("SEARCH", "PERFORMANCE_MAX")
_TYPES = ("CAMPAIGN_BUDGET", "KEYWORD")
_ERROR = "recommendation_error"
_DAILY_MICROS = 30_000_000


@rpc("RecommendationService.GenerateRecommendations")
def generate(call: Call) -> Any:
    """A budget, or keywords, for the campaign that the request describes."""
    request = call.request
    if not request.recommendation_types:
        raise refuse(_ERROR, "RECOMMENDATION_TYPES_CANNOT_BE_EMPTY", path=("recommendation_types",))
    channel = enum_name(request, "advertising_channel_type")
    if channel not in _CHANNELS:
        path = ("advertising_channel_type",)
        raise refuse(_ERROR, "ADVERTISING_CHANNEL_TYPE_GENERATE_NOT_SUPPORTED", path=path, trigger=channel)
    names = request.DESCRIPTOR.fields_by_name["recommendation_types"].enum_type.values_by_number
    wanted = [names[number].name if number in names else "" for number in request.recommendation_types]
    for index, name in enumerate(wanted):
        if name not in _TYPES:
            path_of = (("recommendation_types", index),)
            raise refuse(_ERROR, "RECOMMENDATION_TYPE_GENERATE_NOT_SUPPORTED", path=path_of, trigger=name)
    if "CAMPAIGN_BUDGET" in wanted:
        _check_budget_request(request, channel)
    response = call.rpc.response()
    for number, name in enumerate(wanted):
        made = _budget(request) if name == "CAMPAIGN_BUDGET" else _keyword(request)
        made.resource_name = f"customers/{call.customer_id}/recommendations/{number + 1}"
        set_enum(made, "type_", name)
        response.recommendations.add().CopyFrom(made)
    return response


def _check_budget_request(request: Any, channel: str) -> None:
    """What a budget recommendation must know of the campaign, all at once."""
    codes = []
    if not request.HasField("bidding_info"):
        codes.append("REQUIRES_BIDDING_INFO")
    elif request.bidding_info.bidding_strategy_type == 0:
        codes.append("REQUIRES_BIDDING_STRATEGY_TYPE")
    if channel == "PERFORMANCE_MAX":
        if not request.asset_group_info:
            codes.append("REQUIRES_ASSET_GROUP_INFO")
        elif not all(info.final_url for info in request.asset_group_info):
            codes.append("REQUIRES_ASSET_GROUP_INFO_WITH_FINAL_URL")
    else:
        if not request.country_codes:
            codes.append("REQUIRES_COUNTRY_CODES_FOR_SEARCH_CHANNEL")
        if not request.language_codes:
            codes.append("REQUIRES_LANGUAGE_CODES_FOR_SEARCH_CHANNEL")
        if not request.positive_locations_ids and not request.negative_locations_ids:
            codes.append("REQUIRES_EITHER_POSITIVE_OR_NEGATIVE_LOCATION_IDS_FOR_SEARCH_CHANNEL")
        if not request.ad_group_info:
            codes.append("REQUIRES_AD_GROUP_INFO_FOR_SEARCH_CHANNEL")
        elif not any(info.keywords for info in request.ad_group_info):
            codes.append("REQUIRES_KEYWORDS_FOR_SEARCH_CHANNEL")
    if codes:
        raise Refusal([Problem(_ERROR, f"CAMPAIGN_BUDGET_RECOMMENDATION_TYPE_{code}") for code in codes])


def _budget(request: Any) -> Any:
    made: Any = kinds.message_class("recommendation")()
    daily = request.budget_info.current_budget or _DAILY_MICROS
    advice = made.campaign_budget_recommendation
    advice.current_budget_amount_micros = daily
    advice.recommended_budget_amount_micros = daily * 2
    for factor in (1, 2, 3):
        option = advice.budget_options.add()
        option.budget_amount_micros = daily * factor
        option.impact.base_metrics.cost_micros = daily * 7
        option.impact.potential_metrics.cost_micros = daily * 7 * factor
        option.impact.potential_metrics.clicks = 70.0 * factor
    return made


def _keyword(request: Any) -> Any:
    made: Any = kinds.message_class("recommendation")()
    seeds = [*request.seed_info.keyword_seeds, request.seed_info.url_seed, "example"]
    made.keyword_recommendation.keyword.text = f"buy {next(seed for seed in seeds if seed)}"
    set_enum(made.keyword_recommendation.keyword, "match_type", "BROAD")
    return made
