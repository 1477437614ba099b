"""click_view: one row per click of a day."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from backend.sandbox.googleads.demo import draws
from backend.sandbox.googleads.demo.messages import resource_name
from backend.sandbox.googleads.search.scope import Base, Scope
from backend.sandbox.googleads.search.segments import Key, Splits
from backend.sandbox.googleads.stats.lines import Counts, part
from backend.sandbox.googleads.stats.units import Unit

ONE = Counts(impressions=0, clicks=1)
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"


def rows(scope: Scope, day: date, splits: Splits) -> Iterator[tuple[Base, Key]]:
    """The clicks of a day: each has its own gclid."""
    ordinal, today = day.toordinal(), scope.today
    for unit in scope.traffic.units:
        line = unit.line(ordinal, today) if unit.kind == "ad_group" and unit.serves(ordinal) else None
        if line is None:
            continue
        for cell in unit.cells:
            scored = line.between(*part(0, line.impressions, cell.low, cell.high))
            for number in range(scored.clicks):
                base = _click(scope, unit, day, f"{cell.network}.{cell.device}.{number}")
                yield base, splits.key(ordinal, cell, None, {})


def _click(scope: Scope, unit: Unit, day: date, which: str) -> Base:
    code = _gclid(scope.world.seed, unit.resource_name, day, which)
    name = resource_name(scope.customer_id, "click_view", f"{day}~{code}")
    view: Any = scope.new("click_view", name)
    view.gclid, view.page_number = code, 1
    ads = scope.children("ad_group_ad", "ad_group", unit.resource_name)
    keywords = [
        criterion
        for criterion in scope.children("ad_group_criterion", "ad_group", unit.resource_name)
        if criterion.HasField("keyword") and not criterion.negative
    ]
    entities: dict[str, Any] = {"click_view": view}
    group = scope.get("ad_group", unit.resource_name)
    if group is not None:
        entities["ad_group"] = group
    if ads:
        ad = draws.pick(ads, code)
        view.ad_group_ad = ad.resource_name
    if keywords:
        keyword = draws.pick(keywords, code, "keyword")
        view.keyword = keyword.resource_name
        view.keyword_info.CopyFrom(keyword.keyword)
    return Base("click_view", name, entities)


def _gclid(*parts: object) -> str:
    first = draws.number(*parts)
    bits = first << 64 | draws.mix(first)
    return "Cj0KCQ" + "".join(_ALPHABET[bits >> 6 * place & 63] for place in range(20))
