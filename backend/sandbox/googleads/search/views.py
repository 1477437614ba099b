"""Views whose rows follow from where and with what an account's ads were shown: places, pages, placements, videos."""

from collections.abc import Callable
from typing import Any

from backend.sandbox.googleads.demo import draws
from backend.sandbox.googleads.demo.messages import make, resource_name
from backend.sandbox.googleads.search.scope import Base, Scope
from backend.sandbox.googleads.stats.units import Unit

_SITES = ("news.example", "weather.example", "recipes.example", "magazine.example", "games.example", "forum.example")
_PRESENCE = "LOCATION_OF_PRESENCE"


def _country(scope: Scope, unit: Unit) -> int:
    """The place that a unit's campaign targets; Germany where it targets everywhere."""
    for criterion in scope.children("campaign_criterion", "campaign", unit.campaign):
        if not criterion.negative and criterion.HasField("location"):
            return int(criterion.location.geo_target_constant.rpartition("/")[2])
    return 2276


def _by_country(scope: Scope) -> dict[int, tuple[str, ...]]:
    found: dict[int, list[str]] = {}
    for unit in scope.traffic.units:
        found.setdefault(_country(scope, unit), []).append(unit.resource_name)
    return {country: tuple(units) for country, units in found.items()}


def geographic(scope: Scope) -> list[Base]:
    """One row per country and kind of location."""
    rows = []
    for country, units in _by_country(scope).items():
        for kind in (_PRESENCE, "AREA_OF_INTEREST"):
            name = resource_name(scope.customer_id, "geographic_view", country, kind)
            message = make("geographic_view", name, country_criterion_id=country, location_type=kind)
            rows.append(Base("geographic_view", name, {"geographic_view": message}, units))
    return rows


def user_locations(scope: Scope) -> list[Base]:
    """One row per country where users were."""
    rows = []
    for country, units in _by_country(scope).items():
        name = resource_name(scope.customer_id, "user_location_view", country, "true")
        message = make("user_location_view", name, country_criterion_id=country, targeting_location=True)
        rows.append(Base("user_location_view", name, {"user_location_view": message}, units))
    return rows


def _pages(view: str, field: str) -> Callable[[Scope], list[Base]]:
    def rows(scope: Scope) -> list[Base]:
        units: dict[str, list[str]] = {}
        for link in scope.all("ad_group_ad"):
            for url in link.ad.final_urls[:1]:
                units.setdefault(url, []).append(link.ad_group)
        for group in scope.all("asset_group"):
            for url in group.final_urls[:1]:
                units.setdefault(url, []).append(group.campaign)
        found = []
        for url, shown in units.items():
            name = resource_name(scope.customer_id, view, draws.number("page", url))
            message = make(view, name, **{field: url})
            found.append(Base(view, name, {view: message}, tuple(dict.fromkeys(shown))))
        return found

    return rows


def _placements(view: str, channels: frozenset[str]) -> Callable[[Scope], list[Base]]:
    def rows(scope: Scope) -> list[Base]:
        found = []
        for unit in scope.traffic.units:
            if unit.channel not in channels:
                continue
            for site in _SITES[: 3 + draws.number("sites", unit.resource_name) % 4]:
                name = resource_name(scope.customer_id, view, unit.resource_name.rpartition("/")[2], site)
                found.append(Base(view, name, {view: _placement(view, name, site), **_owner(scope, unit)}, _one(unit)))
        return found

    return rows


def _placement(view: str, name: str, site: str) -> Any:
    fields: dict[str, Any] = {"display_name": site, "placement": site, "placement_type": "WEBSITE"}
    if view != "performance_max_placement_view":
        fields["target_url"] = f"https://{site}/"
    else:
        fields["target_url"] = site
    if view == "detail_placement_view":
        fields["group_placement_target_url"] = site
    return make(view, name, **fields)


def _owner(scope: Scope, unit: Unit) -> dict[str, Any]:
    entity = scope.get(unit.kind, unit.resource_name)
    return {unit.kind: entity} if entity is not None else {}


def _one(unit: Unit) -> tuple[str, ...]:
    return (unit.resource_name,)


def videos(scope: Scope) -> list[Base]:
    """The YouTube videos of the library, with the ad groups that show them."""
    users: dict[str, list[str]] = {}
    for link in scope.all("ad_group_ad"):
        for content in ("demand_gen_video_responsive_ad", "video_responsive_ad"):
            if link.ad.HasField(content):
                for item in getattr(link.ad, content).videos:
                    users.setdefault(item.asset, []).append(link.ad_group)
    rows = []
    for asset in scope.all("asset"):
        if not asset.HasField("youtube_video_asset"):
            continue
        code, title = asset.youtube_video_asset.youtube_video_id, asset.youtube_video_asset.youtube_video_title
        name = resource_name(scope.customer_id, "video", code)
        length = 15_000 + draws.number("length", code) % 45_000
        message = make("video", name, id=code, title=title, channel_id=f"UC{code}", duration_millis=length)
        rows.append(Base("video", name, {"video": message}, tuple(users.get(asset.resource_name, ()))))
    return rows


VIEWS: dict[str, Callable[[Scope], list[Base]]] = {
    "detail_placement_view": _placements("detail_placement_view", frozenset({"DISPLAY", "DEMAND_GEN"})),
    "expanded_landing_page_view": _pages("expanded_landing_page_view", "expanded_final_url"),
    "geographic_view": geographic,
    "group_placement_view": _placements("group_placement_view", frozenset({"DISPLAY", "DEMAND_GEN"})),
    "landing_page_view": _pages("landing_page_view", "unexpanded_final_url"),
    "performance_max_placement_view": _placements("performance_max_placement_view", frozenset({"PERFORMANCE_MAX"})),
    "user_location_view": user_locations,
    "video": videos,
}
