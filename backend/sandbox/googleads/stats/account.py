"""All traffic of one account: its units, rebuilt when the account's entities changed."""

import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from backend.sandbox.googleads.demo import constants
from backend.sandbox.googleads.demo.vocabulary import MARKETS
from backend.sandbox.googleads.stats.search_terms import Terms
from backend.sandbox.googleads.stats.serving import History, Span, both, flight
from backend.sandbox.googleads.stats.units import Money, Today, Unit
from backend.sandbox.googleads.world import World

_PERFORMANCE_MAX = "PERFORMANCE_MAX"
_SCALES = {market.currency: market.scale for market in MARKETS}


@dataclass(frozen=True, slots=True)
class Traffic:
    """An account's units and what is needed to split them."""

    units: tuple[Unit, ...]
    history: History
    version: int
    terms: dict[str, Terms] = field(default_factory=dict)  # by unit, filled when asked for

    def spans_of(self, kind: str, entities: Sequence[Any]) -> Mapping[str, tuple[Span, ...]]:
        """Serving days of entities by resource name."""
        return {entity.resource_name: self.history.spans(kind, entity) for entity in entities}


_cache: "weakref.WeakKeyDictionary[World, dict[str, Traffic]]" = weakref.WeakKeyDictionary()


def traffic(world: World, customer_id: str) -> Traffic:
    """The account's traffic; kept until its entities change."""
    version = world.version(customer_id)
    kept = _cache.setdefault(world, {})
    found = kept.get(customer_id)
    if found is None or found.version != version:
        found = kept[customer_id] = _build(world, customer_id, version)
    return found


def today(world: World, customer_id: str) -> Today:
    """Now, in the account's zone."""
    return Today.at(world.clock.now().astimezone(zone(world, customer_id)))


def zone(world: World, customer_id: str) -> ZoneInfo:
    """The account's time zone."""
    return ZoneInfo(world.customer(customer_id).time_zone)


def date_of(world: World, customer_id: str) -> date:
    """The account's date."""
    return world.clock.now().astimezone(zone(world, customer_id)).date()


def _build(world: World, customer_id: str, version: int) -> Traffic:
    currency = world.customer(customer_id).currency_code
    money = Money(constants.minor_unit_micros(currency), _SCALES.get(currency, 1))
    changes = world.changes(customer_id)
    history = History(changes, zone(world, customer_id), start=world.start, created=world.created.date())
    units: list[Unit] = []
    volume = world.volume(customer_id)
    campaigns: dict[str, tuple[str, tuple[Span, ...]]] = {}
    for name, campaign in world.entities(customer_id, "campaign").items():
        channel = _channel(campaign)
        spans = both(history.spans("campaign", campaign), flight(campaign))
        campaigns[name] = (channel, spans)
        if channel == _PERFORMANCE_MAX and spans:
            units.append(Unit("campaign", name, name, channel, world.seed, money, spans))
    for name, group in world.entities(customer_id, "ad_group").items():
        channel, spans = campaigns.get(group.campaign, ("", ()))
        spans = both(history.spans("ad_group", group), spans)
        if spans and channel != _PERFORMANCE_MAX:
            volume_here = volume if channel == "SEARCH" else 1
            units.append(Unit("ad_group", name, group.campaign, channel, world.seed, money, spans, volume_here))
    return Traffic(tuple(units), history, version)


def _channel(campaign: Any) -> str:
    field: Any = campaign.DESCRIPTOR.fields_by_name["advertising_channel_type"]
    value = field.enum_type.values_by_number.get(campaign.advertising_channel_type)
    return str(value.name) if value else ""
