"""Keyword ideas and geo targets from small built-in sets; the numbers are drawn from the text, so they never change."""

import re
import zlib
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import urlsplit

from backend.sandbox.googleads import registry
from backend.sandbox.googleads.calls import Call, rpc
from backend.sandbox.googleads.demo import constants
from backend.sandbox.googleads.enums import set_enum
from backend.sandbox.googleads.errors import refuse

MAX_KEYWORDS, MAX_SEEDS, MAX_LOCATION_NAMES = 10_000, 20, 25
_PATTERNS = (
    "{0}", "buy {0}", "{0} online", "cheap {0}", "best {0}", "{0} near me", "{0} price", "{0} sale", "{0} reviews",
    "{0} for beginners", "{0} shop", "used {0}", "{0} offers", "{0} comparison", "new {0}", "{0} delivery",
    "{0} discount", "professional {0}", "{0} guide", "{0} ideas", "{0} brands", "{0} deals", "top {0}", "local {0}",
)  # fmt: skip
_MONTHS = (
    "JANUARY",
    "FEBRUARY",
    "MARCH",
    "APRIL",
    "MAY",
    "JUNE",
    "JULY",
    "AUGUST",
    "SEPTEMBER",
    "OCTOBER",
    "NOVEMBER",
    "DECEMBER",
)


def _draw(text: str, salt: str, top: int) -> int:
    return zlib.crc32(f"{salt}/{text.lower()}".encode()) % top


def _fill_metrics(call: Call, metrics: Any, text: str) -> None:
    """Searches, competition and bids of a keyword."""
    searches = 10 * 10 ** _draw(text, "size", 4) + 10 * _draw(text, "searches", 90)
    metrics.avg_monthly_searches = searches
    metrics.competition_index = _draw(text, "competition", 101)
    levels = ("LOW", "MEDIUM", "HIGH")
    set_enum(metrics, "competition", levels[min(2, metrics.competition_index // 34)])
    low = 10_000 * (10 + _draw(text, "bid", 150))
    metrics.low_top_of_page_bid_micros, metrics.high_top_of_page_bid_micros = low, low * 3
    metrics.average_cpc_micros = low * 3 // 2
    now = call.services.world.clock.now()
    for back in range(12, 0, -1):
        index = now.year * 12 + now.month - 1 - back
        volume = metrics.monthly_search_volumes.add()
        volume.year = index // 12
        set_enum(volume, "month", _MONTHS[index % 12])
        volume.monthly_searches = searches * (80 + _draw(text, f"month{index % 12}", 41)) // 100


def _check_targets(request: Any) -> None:
    for index, name in enumerate(request.geo_target_constants):
        if not re.fullmatch(r"geoTargetConstants/\d+", name):
            path = (("geo_target_constants", index),)
            raise refuse("request_error", "RESOURCE_NAME_MALFORMED", path=path, trigger=name)
    language = getattr(request, "language", "")
    if language and not re.fullmatch(r"languageConstants/\d+", language):
        raise refuse("request_error", "RESOURCE_NAME_MALFORMED", path=("language",), trigger=language)


@rpc("KeywordPlanIdeaService.GenerateKeywordIdeas")
def keyword_ideas(call: Call) -> Any:
    """Ideas for seed keywords, a page or a site."""
    request = call.request
    seed = request.WhichOneof("seed")
    if seed is None:
        raise refuse("field_error", "REQUIRED", path=("seed",))
    _check_targets(request)
    texts = _ideas(_seeds(request, seed))
    if request.page_token and not request.page_token.isdigit():
        raise refuse("request_error", "INVALID_PAGE_TOKEN", path=("page_token",), trigger=request.page_token)
    start, size = int(request.page_token or 0), request.page_size or MAX_KEYWORDS
    response = call.rpc.response(total_size=len(texts))
    for text in texts[start : start + size]:
        result = response.results.add(text=text)
        _fill_metrics(call, result.keyword_idea_metrics, text)
    if start + size < len(texts):
        response.next_page_token = str(start + size)
    return response


def _seeds(request: Any, seed: str) -> list[str]:
    holder = getattr(request, seed)
    words = list(getattr(holder, "keywords", ()))
    if len(words) > MAX_SEEDS:
        raise refuse("collection_size_error", "TOO_MANY", path=(seed, "keywords"))
    address = getattr(holder, "url", "") or getattr(holder, "site", "")
    if seed != "keyword_seed":
        host = urlsplit(address if "://" in address else f"https://{address}").hostname or ""
        if "." not in host:
            raise refuse("keyword_plan_idea_error", "URL_CRAWL_ERROR", path=(seed,), trigger=address)
        words += [piece for piece in host.split(".")[:-1] if piece not in ("www", "example", "com", "co")] or [host]
    if not any(word.strip() for word in words):
        raise refuse("field_error", "REQUIRED", path=(seed, "keywords"))
    return [word.strip().lower() for word in words if word.strip()]


def _ideas(seeds: Iterable[str]) -> list[str]:
    return [*dict.fromkeys(pattern.format(seed) for seed in seeds for pattern in _PATTERNS)]


@rpc("KeywordPlanIdeaService.GenerateKeywordHistoricalMetrics")
def historical_metrics(call: Call) -> Any:
    """What has been searched."""
    request = call.request
    if not request.keywords:
        raise refuse("field_error", "REQUIRED", path=("keywords",))
    if len(request.keywords) > MAX_KEYWORDS:
        raise refuse("collection_size_error", "TOO_MANY", path=("keywords",))
    _check_targets(request)
    response = call.rpc.response()
    for text in dict.fromkeys(word.strip().lower() for word in request.keywords):
        result = response.results.add(text=text)
        _fill_metrics(call, result.keyword_metrics, text)
    return response


@rpc("KeywordPlanIdeaService.GenerateKeywordForecastMetrics")
def forecast(call: Call) -> Any:
    """Clicks and cost of a campaign that does not exist yet."""
    campaign = registry.as_sent(call.version, call.rpc, call.request).campaign
    words = [text for group in campaign.ad_groups for text in _forecast_words(group)]
    if not words:
        raise refuse("field_error", "REQUIRED", path=("campaign", "ad_groups"))
    response = call.rpc.response()
    clicks = sum(5 + _draw(word, "clicks", 400) for word in words)
    metrics = response.campaign_forecast_metrics
    metrics.clicks = float(clicks)
    metrics.average_cpc_micros = 800_000 + 10_000 * _draw(words[0], "cpc", 100)
    metrics.cost_micros = clicks * metrics.average_cpc_micros
    metrics.conversions = clicks / 25
    metrics.average_cpa_micros = metrics.average_cpc_micros * 25
    for field in ("impressions", "click_through_rate", "conversion_rate"):
        if field in metrics.DESCRIPTOR.fields_by_name:
            value = {"impressions": clicks * 20.0, "click_through_rate": 0.05, "conversion_rate": 0.04}[field]
            setattr(metrics, field, value)
    return response


def _forecast_words(group: Any) -> list[str]:
    """Keywords of an ad group to forecast: `keywords` from v24 on, `biddable_keywords` before."""
    if "keywords" in group.DESCRIPTOR.fields_by_name:
        return [keyword.text for keyword in group.keywords]
    return [item.keyword.text for item in group.biddable_keywords]


@rpc("KeywordPlanIdeaService.GenerateAdGroupThemes")
def ad_group_themes(call: Call) -> Any:
    """For each keyword the ad group of the account that it fits best."""
    request, world = call.request, call.services.world
    for name in ("keywords", "ad_groups"):
        if not getattr(request, name):
            raise refuse("field_error", "REQUIRED", path=(name,))
    groups = [world.get(call.customer_id, "ad_group", name) for name in request.ad_groups]
    response = call.rpc.response()
    for text in request.keywords:
        best = max((g for g in groups if g is not None), key=lambda g: _shared_words(g.name, text), default=None)
        if best is not None:
            suggestion = response.ad_group_keyword_suggestions.add(keyword_text=text, suggested_keyword_text=text)
            suggestion.suggested_ad_group, suggestion.suggested_campaign = best.resource_name, best.campaign
            set_enum(suggestion, "suggested_match_type", "BROAD")
    return response


def _shared_words(name: str, text: str) -> int:
    return len(set(name.lower().split()) & set(text.lower().split()))


@rpc("GeoTargetConstantService.SuggestGeoTargetConstants")
def suggest_geo_targets(call: Call) -> Any:
    """Places by name or by resource name."""
    request = call.request
    chosen = request.WhichOneof("query")
    if chosen is None:
        raise refuse("geo_target_constant_suggestion_error", "REQUEST_PARAMETERS_UNSET")
    country = request.country_code
    if country and not re.fullmatch(r"[A-Z]{2}", country):
        raise refuse(
            "geo_target_constant_suggestion_error", "INVALID_COUNTRY_CODE", path=("country_code",), trigger=country
        )
    places = constants.entities("geo_target_constant")
    response = call.rpc.response()
    if chosen == "geo_targets":
        pairs = [(name, places.get(name)) for name in request.geo_targets.geo_target_constants]
        found = [(term, place) for term, place in pairs if place is not None]
    else:
        found = _by_name(request.location_names.names, country)
    for term, place in found:
        suggestion = response.geo_target_constant_suggestions.add(locale=request.locale or "en", search_term=term)
        suggestion.reach = 10_000 * (1 + _draw(place.resource_name, "reach", 900))
        suggestion.geo_target_constant.CopyFrom(place)
        parent = places.get(place.parent_geo_target)
        while parent is not None:
            suggestion.geo_target_constant_parents.add().CopyFrom(parent)
            parent = places.get(parent.parent_geo_target)
    return response


def _by_name(names: Sequence[str], country: str) -> list[tuple[str, Any]]:
    if len(names) > MAX_LOCATION_NAMES:
        raise refuse("geo_target_constant_suggestion_error", "LOCATION_NAME_LIMIT", path=("location_names", "names"))
    found = []
    for index, name in enumerate(names):
        if len(name) > 300:
            path = ("location_names", ("names", index))
            raise refuse("geo_target_constant_suggestion_error", "LOCATION_NAME_SIZE_LIMIT", path=path)
        low = name.strip().lower()
        for place in constants.entities("geo_target_constant").values():
            if low and low in place.name.lower() and country in ("", place.country_code):
                found.append((name, place))
    return found
