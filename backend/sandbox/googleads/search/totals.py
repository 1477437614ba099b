"""Daily sums for the admin endpoint, at every level that has statistics, whole or by device and network.

Accounts, campaigns and ad groups are summed straight from their traffic, without the executor: they are what its
answers are compared with. The levels below split that traffic, so they come from the executor itself.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from backend.integrations.googleads.gaql import Category
from backend.sandbox.googleads import stats
from backend.sandbox.googleads.search.execute import prepare
from backend.sandbox.googleads.search.metrics import value_of
from backend.sandbox.googleads.stats import SPLITS
from backend.sandbox.googleads.world import World

_METRICS = ("impressions", "clicks", "cost_micros", "conversions", "conversions_value")
_VERSION = "v26"
# level → resource, field of the id, field of the parent's id
_LEVELS = {
    "ad": (("ad_group_ad", "ad_group_ad.ad.id", "ad_group.id"),),
    "asset_group": (("asset_group", "asset_group.id", "campaign.id"),),
    "keyword": (("keyword_view", "ad_group_criterion.criterion_id", "ad_group.id"),),
    "search_term": (("search_term_view", "search_term_view.search_term", "ad_group.id"),),
    "asset": (
        ("ad_group_ad_asset_view", "ad_group_ad_asset_view.asset", "ad_group_ad_asset_view.ad_group_ad"),
        ("asset_group_asset", "asset_group_asset.asset", "asset_group_asset.asset_group"),
        ("campaign_asset", "campaign_asset.asset", "campaign_asset.campaign"),
        ("ad_group_asset", "ad_group_asset.asset", "ad_group_asset.ad_group"),
        ("customer_asset", "customer_asset.asset", None),
    ),
}
LEVELS = (*stats.LEVELS, *_LEVELS)


def totals(
    world: World, customer_id: str, level: str, days: tuple[date, date], split: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """One row per entity of a level and day, and per `device` and `network` where `split` names them.

    Rows below the ad group have a `parent_id` ("" where the parent is the account), rows of assets also the resource
    whose `link` they are about: an asset has one row per place that shows it, whatever its field types there.

    Raises:
        ValueError: another level or split.
    """
    if level not in LEVELS:
        raise ValueError(f"unknown level {level!r}: one of {', '.join(LEVELS)}")
    if unknown := set(split) - set(SPLITS):
        raise ValueError(f"unknown split {', '.join(sorted(unknown))!r}: any of {', '.join(SPLITS)}")
    if level not in _LEVELS:
        return stats.totals(world, customer_id, level, days, split)
    summed: dict[tuple[str, ...], dict[str, Any]] = {}
    for view in _LEVELS[level]:
        link = {"link": view[0]} if level == "asset" else {}
        for place, scores in _rows(world, customer_id, view, days, split):
            row = summed.setdefault((*place.values(), view[0]), {**place, **link, **dict.fromkeys(_METRICS, 0)})
            for name, score in scores.items():
                row[name] += score
    return [summed[key] for key in sorted(summed)]


def _rows(
    world: World,
    customer_id: str,
    view: tuple[str, str, str | None],
    days: tuple[date, date],
    split: Sequence[str],
) -> Iterator[tuple[dict[str, str], dict[str, Any]]]:
    """What a view answers: whose and when a row is (id, parent, date, splits), and its scores."""
    resource, own, parent = view
    names = [own, *([parent] if parent else []), "segments.date", *(SPLITS[name] for name in split)]
    metrics = ", ".join(f"metrics.{name}" for name in _METRICS)
    query = (
        f"SELECT {', '.join(names)}, {metrics} FROM {resource} "  # noqa: S608 - GAQL of constants
        f"WHERE segments.date BETWEEN '{days[0]}' AND '{days[1]}'"
    )
    execution = prepare(world, customer_id, query, _VERSION)
    read = {
        item.name: execution.reader(item.name)
        for item in execution.checked.select
        if item.category is not Category.METRIC
    }
    for row in execution.rows():
        place = {
            "date": str(read["segments.date"](row)),
            "parent_id": _last_id(read[parent](row)) if parent else "",
            "google_id": _last_id(read[own](row)),
            **{name: stats.split_name(name, read[SPLITS[name]](row)) for name in split},
        }
        yield place, {name: value_of(f"metrics.{name}", row.counts) for name in _METRICS}


def _last_id(value: Any) -> str:
    """An id as it is, of a resource name its last part; a search term may have slashes of its own."""
    text = str(value)
    return text.rpartition("/")[2].rpartition("~")[2] if text.startswith("customers/") else text
