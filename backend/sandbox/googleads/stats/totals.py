"""Daily sums for the admin endpoint: what an outside check compares the product's tables with."""

from collections.abc import Callable
from datetime import date
from typing import Any

from backend.sandbox.googleads.stats.account import today, traffic
from backend.sandbox.googleads.stats.lines import ZERO, Counts
from backend.sandbox.googleads.stats.units import Unit
from backend.sandbox.googleads.world import World

_OWNERS: dict[str, Callable[[Unit, str], str]] = {
    "account": lambda _, customer_id: customer_id,
    "customer": lambda _, customer_id: customer_id,
    "campaign": lambda unit, _: unit.campaign,
    "ad_group": lambda unit, _: unit.resource_name if unit.kind == "ad_group" else "",
}


def totals(world: World, customer_id: str, level: str, start: date, end: date) -> list[dict[str, Any]]:
    """One row per entity of a level and day with impressions, ordered by date and id.

    Levels: account, campaign, ad_group. Conversions and values are exact multiples of a quarter. ValueError for an
    unknown level.
    """
    owner = _OWNERS.get(level)
    if owner is None:
        raise ValueError(f"unknown level {level!r}: one of {', '.join(_OWNERS)}")
    world.customer(customer_id)
    now = today(world, customer_id)
    summed: dict[tuple[int, str], Counts] = {}
    for unit in traffic(world, customer_id).units:
        name = owner(unit, customer_id)
        if not name:
            continue
        for day in unit.days(start.toordinal(), min(end.toordinal(), now.day)):
            line = unit.line(day, now)
            if line is not None:
                key = (day, name.rpartition("/")[2])
                summed[key] = summed.get(key, ZERO).plus(line.whole())
    return [_row(day, google_id, counts) for (day, google_id), counts in sorted(summed.items())]


def _row(day: int, google_id: str, counts: Counts) -> dict[str, Any]:
    return {
        "google_id": google_id,
        "date": date.fromordinal(day).isoformat(),
        "impressions": counts.impressions,
        "clicks": counts.clicks,
        "cost_micros": counts.cost_micros,
        "conversions": counts.conversions / 4,
        "conversions_value": counts.value / 4,
    }
