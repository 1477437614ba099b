"""What is asked about performance, as a value: the route and the reports build it, the statement reads it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import Enum

from backend.adgraph.stats import Level
from backend.core.errors import Finding, Invalid
from backend.reporting.measures import METRICS
from backend.reporting.periods import Comparison, Period
from backend.sync.account import Account

LEVELS = {level.name.lower(): level for level in Level}
SPLITS = ("device", "network")
COMPARISONS = ("<", "<=", "=", "!=", ">=", ">")
MAX_CELLS = 200_000
DEFAULT_TOP, MAX_TOP = 100, 10_000
SPLIT_WIDTH = 6  # devices and networks that an account is likely to have

_CONDITION = re.compile(r"(?P<metric>[a-z_]+)\s*(?P<operator><=|>=|!=|=|<|>)\s*(?P<value>[0-9]+(\.[0-9]+)?)")


class Granularity(Enum):
    """How the period is cut."""

    TOTAL = "total"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"


SHORTEST_DAYS = {Granularity.DAY: 1, Granularity.WEEK: 7, Granularity.MONTH: 28, Granularity.QUARTER: 90}


@dataclass(frozen=True, slots=True)
class Condition:
    """A bound on an entity's metric over the whole period, such as clicks >= 10."""

    metric: str
    operator: str
    value: Decimal


@dataclass(frozen=True, slots=True)
class Order:
    """By which metric the entities are ranked."""

    metric: str = "cost_micros"
    descending: bool = True


DEFAULT_ORDER = Order()


@dataclass(frozen=True, slots=True)
class Question:
    """Which entities of an account, over which days, cut and split how, ranked by what.

    `campaign` and `ad_group` are Google ids that narrow the entities to those below (or to that one itself).
    """

    account: Account
    level: Level
    period: Period
    granularity: Granularity = Granularity.TOTAL
    splits: tuple[str, ...] = ()
    comparison: Comparison | None = None
    order: Order = DEFAULT_ORDER
    conditions: tuple[Condition, ...] = ()
    campaign: int | None = None
    ad_group: int | None = None
    top: int = DEFAULT_TOP

    @property
    def from_totals(self) -> bool:
        """Whether the daily totals answer exactly: whole accounts, campaigns and assets, not split."""
        if self.level is Level.ASSET and self.campaign is not None:
            return False
        whole = self.level in (Level.ACCOUNT, Level.CAMPAIGN, Level.ASSET)
        return whole and not self.splits and self.ad_group is None

    @property
    def overlaps(self) -> bool:
        """Whether the entities are shown together, so that their sum counts an impression or a click several times."""
        return self.level is Level.ASSET


def buckets(period: Period, granularity: Granularity) -> int:
    """How many pieces a granularity cuts a period into, at most."""
    return 1 if granularity is Granularity.TOTAL else period.days // SHORTEST_DAYS[granularity] + 2


def fitting_top(asked: int | None, period: Period, granularity: Granularity, splits: tuple[str, ...]) -> int:
    """How many entities are told apart: as asked, else as many as make an answer of a sensible size.

    Raises:
        Invalid: the answer would be larger than `MAX_CELLS` rows.
    """
    cells = int(buckets(period, granularity) * SPLIT_WIDTH ** len(splits))
    fits = MAX_CELLS // cells
    if fits < 1 or (asked or 0) > fits:
        fewer = f"at most {fits} entities, " if fits else ""
        advice = f"Ask for {fewer}a shorter period or a coarser granularity."
        raise Invalid("The answer would be too large.", errors=(Finding("/top", "too_large", advice),))
    return asked or min(DEFAULT_TOP, fits)


def parse_conditions(texts: list[str]) -> tuple[Condition, ...]:
    """Conditions from `clicks>=10` and the like.

    Raises:
        Invalid: one of them names no metric or compares with no number.
    """
    return tuple(_condition(text, index) for index, text in enumerate(texts))


def _condition(text: str, index: int) -> Condition:
    match = _CONDITION.fullmatch(text.strip())
    metric = match["metric"] if match else ""
    if match is None or metric not in METRICS:
        message = f"Write a metric, {' '.join(COMPARISONS)}, and a number: clicks>=10. Metrics: {', '.join(METRICS)}."
        raise Invalid("A filter is not valid.", errors=(Finding(f"/filter/{index}", "filter", message),))
    try:
        return Condition(metric, match["operator"], Decimal(match["value"]))
    except InvalidOperation as error:
        raise Invalid(
            "A filter is not valid.", errors=(Finding(f"/filter/{index}", "filter", "The number is too long."),)
        ) from error


def parse_order(text: str) -> Order:
    """`clicks` for the smallest first, `-clicks` for the largest.

    Raises:
        Invalid: it names no metric.
    """
    metric = text.removeprefix("-")
    if metric not in METRICS:
        message = f"Sort by one of {', '.join(METRICS)}; a minus before it puts the largest first."
        raise Invalid("The sort order is not valid.", errors=(Finding("/sort", "sort", message),))
    return Order(metric, text.startswith("-"))
