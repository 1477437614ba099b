"""Daily sums for the admin endpoint, at every level that has statistics.

Accounts, campaigns and ad groups are summed straight from their traffic, without the executor: they are what its
answers are compared with. The levels below split that traffic, so they come from the executor itself.
"""

from datetime import date
from typing import Any

from backend.integrations.googleads.gaql import Category
from backend.sandbox.googleads import stats
from backend.sandbox.googleads.search.execute import prepare
from backend.sandbox.googleads.search.metrics import value_of
from backend.sandbox.googleads.world import World

_METRICS = ("impressions", "clicks", "cost_micros", "conversions", "conversions_value")
# level → resource, field of the id, field of the parent's id
_LEVELS = {
    "ad": ("ad_group_ad", "ad_group_ad.ad.id", "ad_group.id"),
    "asset_group": ("asset_group", "asset_group.id", "campaign.id"),
    "keyword": ("keyword_view", "ad_group_criterion.criterion_id", "ad_group.id"),
    "search_term": ("search_term_view", "search_term_view.search_term", "ad_group.id"),
}


def totals(world: World, customer_id: str, level: str, start: date, end: date) -> list[dict[str, Any]]:
    """One row per entity of a level and day; below the ad group with its `parent_id`. ValueError for other levels."""
    if level not in _LEVELS:
        return stats.totals(world, customer_id, level, start, end)
    resource, own, parent = _LEVELS[level]
    metrics = ", ".join(f"metrics.{name}" for name in _METRICS)
    query = (
        f"SELECT {own}, {parent}, segments.date, {metrics} FROM {resource} "  # noqa: S608 - GAQL of constants
        f"WHERE segments.date BETWEEN '{start}' AND '{end}'"
    )
    execution = prepare(world, customer_id, query, "v26")
    read = [execution.reader(item.name) for item in execution.checked.select if item.category is not Category.METRIC]
    found = []
    for row in execution.rows():
        google_id, parent_id, day = (one(row) for one in read)
        scores = {name: value_of(f"metrics.{name}", row.counts) for name in _METRICS}
        found.append({"google_id": str(google_id), "parent_id": str(parent_id), "date": day, **scores})
    return sorted(found, key=lambda row: (row["date"], row["parent_id"], row["google_id"]))
