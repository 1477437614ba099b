"""The units that traffic is drawn for: ad groups, and campaigns that have none (Performance Max).

A unit's day is a function of the seed, its id and the date; whether it served then follows from statuses and dates,
and how much of its conversions is known follows from the clock.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime

from backend.sandbox.googleads.demo import draws
from backend.sandbox.googleads.stats import profiles
from backend.sandbox.googleads.stats.lines import FULL, Line
from backend.sandbox.googleads.stats.profiles import Profile
from backend.sandbox.googleads.stats.serving import Span


@dataclass(frozen=True, slots=True)
class Money:
    """How euros become the account's currency."""

    unit_micros: int
    scale: int  # currency units per euro

    def units(self, hundredths: int) -> int:
        """An amount in hundredths of a euro, in smallest units of the currency."""
        return max(1, hundredths * self.scale * 10_000 // self.unit_micros)


@dataclass(frozen=True, slots=True)
class Today:
    """The account's date and the fraction of it (of FULL) that has passed in terms of traffic."""

    day: int  # proleptic ordinal
    passed: int

    @classmethod
    def at(cls, now: datetime) -> "Today":
        """Of a moment in the account's zone."""
        minute = now.minute * 60 + now.second
        low, high = profiles.HOURS[now.hour], profiles.HOURS[now.hour + 1]
        return cls(now.toordinal(), low + (high - low) * minute // 3600)


@dataclass(slots=True)
class Unit:
    """One ad group, or one campaign without ad groups."""

    kind: str  # ad_group or campaign
    resource_name: str
    campaign: str
    channel: str
    seed: int
    money: Money
    spans: tuple[Span, ...]
    volume: int = 1
    _key: int = field(init=False)
    _profile: Profile = field(init=False)
    _rates: tuple[int, int, int, int, int] = field(init=False)

    def __post_init__(self) -> None:
        number = int(self.resource_name.rpartition("/")[2])
        self._key = draws.number(self.seed, self.kind, number)
        self._profile = profile = profiles.PROFILES.get(self.channel, profiles.DEFAULT)
        ranges = (
            profile.impressions,
            profile.click_rate,
            profile.cost_per_click,
            profile.conversion_rate,
            profile.conversion_value,
        )
        drawn = [low + draws.mix(self._key + i) % (high - low + 1) for i, (low, high) in enumerate(ranges)]
        self._rates = (drawn[0] * self.volume, drawn[1], drawn[2], drawn[3], drawn[4])

    @property
    def cells(self) -> tuple[profiles.Cell, ...]:
        """Networks and devices of this unit."""
        return self._profile.cells

    def serves(self, day: int) -> bool:
        """Whether it could be shown on a day."""
        return any(span.first <= day <= span.last for span in self.spans)

    def days(self, first: int, last: int) -> Iterator[int]:
        """The days from first to last on which it served."""
        for span in self.spans:
            yield from range(max(first, span.first), min(last, span.last) + 1)

    def line(self, day: int, today: Today) -> Line | None:
        """The traffic of a day on which it served, as far as it is known today; None without impressions."""
        if day > today.day:
            return None
        base, click_rate, cost_per_click, conversion_rate, conversion_value = self._rates
        noise = draws.mix(self._key ^ (day * 0x9E3779B97F4A7C15))
        week = profiles.WEEK[(day + 6) % 7]
        shown = base * week * (75 + (noise & 0x3F)) // 10_600
        if day == today.day:
            shown = shown * today.passed >> 16
        if shown <= 0:
            return None
        noise >>= 6
        clicks = (shown * click_rate * (80 + noise % 41) // 100 + (noise >> 8) % 10_000) // 10_000
        clicks = min(clicks, shown)
        noise >>= 21
        cost = clicks * self.money.units(cost_per_click) * (85 + noise % 31) // 100
        quarters = (clicks * conversion_rate * 4 * (70 + (noise >> 5) % 61) // 100 + (noise >> 11) % 10_000) // 10_000
        quarters = quarters if clicks else 0
        value = quarters * self.money.units(conversion_value) * self.money.unit_micros // 1_000_000
        late = profiles.LATE[min(30, today.day - day)]
        known, all_known = quarters * late // FULL, quarters * 7 // 4 * late // FULL
        return Line(
            shown,
            clicks,
            cost,
            known,
            value * known // quarters if quarters else 0,
            all_known,
            value * all_known // quarters if quarters else 0,
            shown * self._profile.view_rate // 10_000,
            self.money.unit_micros,
        )


def ordinal(day: date) -> int:
    """A date as a number."""
    return day.toordinal()
