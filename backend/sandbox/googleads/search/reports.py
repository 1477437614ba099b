"""How the traffic of a unit belongs to the rows of each resource.

A splitter says for a unit and a day which rows own which fractions of every cell of the unit's line. Children that
partition a unit (ads, asset groups) cover it; keywords and criteria cover less; assets overlap, because one impression
shows several.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from backend.sandbox.googleads.demo import draws
from backend.sandbox.googleads.search import base_rows
from backend.sandbox.googleads.search.scope import Base, Scope
from backend.sandbox.googleads.stats.lines import FULL, shares
from backend.sandbox.googleads.stats.serving import FOREVER, Span
from backend.sandbox.googleads.stats.units import Unit

COVERED = FULL * 9 // 10  # what keywords and criteria explain of their ad group


class Part(NamedTuple):
    """A row's fraction of each cell."""

    name: str
    low: int
    high: int


Parts = Callable[[Unit, int], Sequence[Part]]


def _whole(name_of: Callable[[Unit], str]) -> Parts:
    """The whole unit belongs to one row."""
    kept: dict[str, tuple[Part, ...]] = {}

    def parts(unit: Unit, _day: int) -> Sequence[Part]:
        found = kept.get(unit.resource_name)
        if found is None:
            name = name_of(unit)
            found = kept[unit.resource_name] = (Part(name, 0, FULL),) if name else ()
        return found

    return parts


@dataclass(slots=True)
class _Children:
    """Rows that partition a unit by weight; on each day those take part that could serve."""

    of: int
    children: Callable[[Unit], Sequence[tuple[str, Sequence[Span]]]]
    _known: dict[str, Sequence[tuple[str, Sequence[Span]]]] = field(default_factory=dict)
    _fixed: dict[str, Sequence[Part]] = field(default_factory=dict)
    _kept: dict[tuple[str, tuple[bool, ...]], Sequence[Part]] = field(default_factory=dict)

    def __call__(self, unit: Unit, day: int) -> Sequence[Part]:
        fixed = self._fixed.get(unit.resource_name)
        if fixed is not None:
            return fixed
        children = self._known.get(unit.resource_name)
        if children is None:
            children = self._known[unit.resource_name] = self.children(unit)
            if all(len(spans) == 1 and _always(spans[0], unit) for _, spans in children):
                parts = self._fixed[unit.resource_name] = self._shared([name for name, _ in children])
                return parts
        active = tuple(any(span.first <= day <= span.last for span in spans) for _, spans in children)
        key = (unit.resource_name, active)
        found = self._kept.get(key)
        if found is None:
            names = [name for (name, _), serves in zip(children, active, strict=True) if serves]
            found = self._kept[key] = self._shared(names)
        return found

    def _shared(self, names: Sequence[str]) -> tuple[Part, ...]:
        bounds = shares([1 + draws.number("weight", name) % 9 for name in names], self.of)
        return tuple(Part(name, bounds[i], bounds[i + 1]) for i, name in enumerate(names))


def _always(span: Span, unit: Unit) -> bool:
    return span.last == FOREVER and span.first <= min((s.first for s in unit.spans), default=0)


def _overlapping(children: Callable[[Unit], Sequence[str]]) -> Parts:
    """Rows that are shown together: each has its own share of the unit, at most three quarters."""
    kept: dict[str, tuple[Part, ...]] = {}

    def parts(unit: Unit, _day: int) -> Sequence[Part]:
        found = kept.get(unit.resource_name)
        if found is None:
            names = children(unit)
            found = tuple(Part(name, 0, FULL * (5 + draws.number("share", name) % 71) // 100) for name in names)
            kept[unit.resource_name] = found
        return found

    return parts


# splitters by resource


def _of_kind(kind: str) -> Callable[[Scope, Sequence[Base]], Parts]:
    return lambda _scope, _rows: _whole(lambda unit: unit.resource_name if unit.kind == kind else "")


def _campaigns(_scope: Scope, _rows: Sequence[Base]) -> Parts:
    return _whole(lambda unit: unit.campaign)


def _customer(scope: Scope, _rows: Sequence[Base]) -> Parts:
    return _whole(lambda _: f"customers/{scope.customer_id}")


def _by_campaign_field(name: str) -> Callable[[Scope, Sequence[Base]], Parts]:
    def splitter(scope: Scope, _rows: Sequence[Base]) -> Parts:
        def owner(unit: Unit) -> str:
            campaign = scope.get("campaign", unit.campaign)
            return str(getattr(campaign, name)) if campaign is not None else ""

        return _whole(owner)

    return splitter


def _serving(scope: Scope, kind: str, entities: Sequence[Any]) -> list[tuple[str, Sequence[Span]]]:
    spans = scope.traffic.spans_of(kind, entities)
    return [(entity.resource_name, spans[entity.resource_name]) for entity in entities]


def _ads(scope: Scope, _rows: Sequence[Base]) -> Parts:
    def children(unit: Unit) -> Sequence[tuple[str, Sequence[Span]]]:
        return _serving(scope, "ad_group_ad", scope.children("ad_group_ad", "ad_group", unit.resource_name))

    return _Children(FULL, children)


def _asset_groups(scope: Scope, _rows: Sequence[Base]) -> Parts:
    def children(unit: Unit) -> Sequence[tuple[str, Sequence[Span]]]:
        if unit.kind != "campaign":
            return ()
        return _serving(scope, "asset_group", scope.children("asset_group", "campaign", unit.resource_name))

    return _Children(FULL, children)


def _criteria(view: str, types: frozenset[str]) -> Callable[[Scope, Sequence[Base]], Parts]:
    def splitter(scope: Scope, rows: Sequence[Base]) -> Parts:
        names = {row.entities["ad_group_criterion"].resource_name: row.name for row in rows}

        def children(unit: Unit) -> Sequence[tuple[str, Sequence[Span]]]:
            criteria = scope.children("ad_group_criterion", "ad_group", unit.resource_name)
            shown = [c for c in criteria if not c.negative and c.WhichOneof("criterion") in types]
            return [
                (names[name], spans) for name, spans in _serving(scope, "ad_group_criterion", shown) if name in names
            ]

        return _Children(COVERED, children)

    return splitter


def _campaign_criteria(scope: Scope, rows: Sequence[Base]) -> Parts:
    """Locations, hours or audiences of a campaign share what it shows."""
    by_campaign: dict[str, list[str]] = {}
    for row in rows:
        by_campaign.setdefault(row.entities["campaign_criterion"].campaign, []).append(row.name)
    always = (Span(0, FOREVER),)
    return _Children(FULL, lambda unit: [(name, always) for name in by_campaign.get(unit.campaign, ())])


def _shown_in(owners: Parts, owner_of: Callable[[Base], str], rows: Sequence[Base]) -> Parts:
    """Assets are shown together within what their ad or asset group shows, each in its own share of it."""
    by_owner: dict[str, list[tuple[str, int]]] = {}
    for row in rows:
        by_owner.setdefault(owner_of(row), []).append((row.name, 5 + draws.number("share", row.name) % 71))
    kept: dict[tuple[Part, ...], tuple[Part, ...]] = {}

    def parts(unit: Unit, day: int) -> Sequence[Part]:
        shown = tuple(owners(unit, day))
        found = kept.get(shown)
        if found is None:
            found = kept[shown] = tuple(
                Part(name, one.low, one.low + (one.high - one.low) * share // 100)
                for one in shown
                for name, share in by_owner.get(one.name, ())
            )
        return found

    return parts


def _ad_assets(scope: Scope, rows: Sequence[Base]) -> Parts:
    return _shown_in(_ads(scope, rows), lambda row: str(row.entities["ad_group_ad"].resource_name), rows)


def _asset_group_assets(scope: Scope, rows: Sequence[Base]) -> Parts:
    groups = _asset_groups(scope, rows)
    return _shown_in(groups, lambda row: str(row.entities["asset_group_asset"].asset_group), rows)


def _linked(kind: str, parent: str) -> Callable[[Scope, Sequence[Base]], Parts]:
    """Assets linked to a campaign, an ad group or (parent "") the whole account."""

    def splitter(_scope: Scope, rows: Sequence[Base]) -> Parts:
        by_parent: dict[str, list[str]] = {}
        for row in rows:
            key = getattr(row.entities[kind], parent) if parent else ""
            by_parent.setdefault(key, []).append(row.name)

        def children(unit: Unit) -> Sequence[str]:
            key = {"campaign": unit.campaign, "ad_group": unit.resource_name}.get(parent, "")
            return by_parent.get(key, ()) if unit.channel == "SEARCH" else ()

        return _overlapping(children)

    return splitter


def _named(scope: Scope, rows: Sequence[Base]) -> Parts:
    """Views whose rows name their units."""
    by_unit: dict[str, list[str]] = {}
    for row in rows:
        for unit in row.units:
            by_unit.setdefault(unit, []).append(row.name)
    always = (Span(0, FOREVER),)
    return _Children(FULL, lambda unit: [(name, always) for name in by_unit.get(unit.resource_name, ())])


def _overlapping_units(_scope: Scope, rows: Sequence[Base]) -> Parts:
    """Rows that name their units and are shown together."""
    by_unit: dict[str, list[str]] = {}
    for row in rows:
        for unit in row.units:
            by_unit.setdefault(unit, []).append(row.name)
    return _overlapping(lambda unit: by_unit.get(unit.resource_name, ()))


SPLITTERS: Mapping[str, Callable[[Scope, Sequence[Base]], Parts]] = {
    "customer": _customer,
    "campaign": _campaigns,
    "campaign_budget": _by_campaign_field("campaign_budget"),
    "bidding_strategy": _by_campaign_field("bidding_strategy"),
    "campaign_group": _by_campaign_field("campaign_group"),
    "ad_group": _of_kind("ad_group"),
    "ad_group_ad": _ads,
    "ad_group_ad_asset_view": _ad_assets,
    "ad_group_asset": _linked("ad_group_asset", "ad_group"),
    "asset_group": _asset_groups,
    "asset_group_asset": _asset_group_assets,
    "campaign_asset": _linked("campaign_asset", "campaign"),
    "customer_asset": _linked("customer_asset", ""),
    "detail_placement_view": _named,
    "performance_max_placement_view": _named,
    "video": _overlapping_units,
    "expanded_landing_page_view": _named,
    "geographic_view": _named,
    "group_placement_view": _named,
    "landing_page_view": _named,
    "user_location_view": _named,
    **dict.fromkeys(base_rows.CAMPAIGN_VIEWS, _campaign_criteria),
    **{view: _criteria(view, types) for view, (_, types) in base_rows.CRITERION_VIEWS.items()},
}
