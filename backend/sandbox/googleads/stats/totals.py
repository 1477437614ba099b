"""Daily sums for the admin endpoint: what an outside check compares the product's tables with."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Any

from backend.sandbox.googleads import kinds
from backend.sandbox.googleads.stats.account import today, traffic
from backend.sandbox.googleads.stats.lines import ZERO, Counts, Line, part
from backend.sandbox.googleads.stats.profiles import Cell
from backend.sandbox.googleads.stats.units import Unit
from backend.sandbox.googleads.world import World

_OWNERS: dict[str, Callable[[Unit, str], str]] = {
    "account": lambda _, customer_id: customer_id,
    "customer": lambda _, customer_id: customer_id,
    "campaign": lambda unit, _: unit.campaign,
    "ad_group": lambda unit, _: unit.resource_name if unit.kind == "ad_group" else "",
}
LEVELS = tuple(_OWNERS)
SPLITS = {"device": "segments.device", "network": "segments.ad_network_type"}
Place = tuple[int, str, tuple[str, ...]]  # day, id, splits


def totals(
    world: World, customer_id: str, level: str, days: tuple[date, date], split: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """One row per entity of a level and day (and device, network) with impressions, ordered by date and id.

    Levels: account, campaign, ad_group. Conversions and values are exact multiples of a quarter.
    """
    owner = _OWNERS[level]
    world.customer(customer_id)
    now = today(world, customer_id)
    summed: dict[Place, Counts] = {}
    for unit in traffic(world, customer_id).units:
        name = owner(unit, customer_id)
        if not name:
            continue
        for day in unit.days(days[0].toordinal(), min(days[1].toordinal(), now.day)):
            line = unit.line(day, now)
            if line is None:
                continue
            for splits, counts in _pieces(line, unit.cells, split):
                key = (day, name.rpartition("/")[2], splits)
                summed[key] = summed.get(key, ZERO).plus(counts)
    return [_row(place, counts, split) for place, counts in sorted(summed.items())]


def _pieces(line: Line, cells: Sequence[Cell], split: Sequence[str]) -> Iterator[tuple[tuple[str, ...], Counts]]:
    if not split:
        yield (), line.whole()
        return
    for cell in cells:
        start, end = part(0, line.impressions, cell.low, cell.high)
        if start < end:
            yield tuple(split_name(name, getattr(cell, name)) for name in split), line.between(start, end)


def split_name(split: str, value: int) -> str:
    """Google's name of a device or network."""
    segments = kinds.row_descriptor().fields_by_name["segments"].message_type
    enum = segments.fields_by_name[SPLITS[split].partition(".")[2]].enum_type if segments is not None else None
    if enum is None:
        raise KeyError(split)
    return str(enum.values_by_number[value].name)


def _row(place: Place, counts: Counts, split: Sequence[str]) -> dict[str, Any]:
    day, google_id, splits = place
    return {
        "google_id": google_id,
        "date": date.fromordinal(day).isoformat(),
        **dict(zip(split, splits, strict=True)),
        "impressions": counts.impressions,
        "clicks": counts.clicks,
        "cost_micros": counts.cost_micros,
        "conversions": counts.conversions / 4,
        "conversions_value": counts.value / 4,
    }
