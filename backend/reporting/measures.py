"""What is measured, what follows from it, and the SQL of both. A ratio without a divisor is unknown, never zero."""

from __future__ import annotations

from dataclasses import dataclass, fields
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from backend.adgraph.stats import MEASURES
from backend.reporting.document import ratio

MILLE, MICRO, RATIO_DIGITS = 1000, 1_000_000, 10

# The same ratios as the properties of `Totals`, over the measures of a row called {t}.
DERIVED_SQL = {
    "ctr": "{t}clicks::numeric / nullif({t}impressions, 0)",
    "cpc_micros": "{t}cost_micros::numeric / nullif({t}clicks, 0)",
    "cpm_micros": "{t}cost_micros::numeric * 1000 / nullif({t}impressions, 0)",
    "cpa_micros": "{t}cost_micros / nullif({t}conversions, 0)",
    "roas": "{t}conversions_value * 1000000 / nullif({t}cost_micros, 0)",
}
METRICS = (*MEASURES, *DERIVED_SQL)


def sql(metric: str, table: str = "") -> str:
    """The SQL expression of a metric over summed columns."""
    prefix = f"{table}." if table else ""
    return DERIVED_SQL[metric].format(t=prefix) if metric in DERIVED_SQL else f"{prefix}{metric}"


def sums(table: str) -> str:
    """The sums of every measure, named after them; nothing sums up to zero."""
    return ", ".join(f"coalesce(sum({table}.{measure}), 0) AS {measure}" for measure in MEASURES)


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over a period; money in micros of the account's currency."""

    impressions: int = 0
    clicks: int = 0
    cost_micros: int = 0
    conversions: Decimal = Decimal(0)
    conversions_value: Decimal = Decimal(0)

    @classmethod
    def of(cls, row: Any, prefix: str = "") -> Totals:
        """From a row of a statement that names its sums after the measures."""
        return cls(
            impressions=int(getattr(row, prefix + "impressions")),
            clicks=int(getattr(row, prefix + "clicks")),
            cost_micros=int(getattr(row, prefix + "cost_micros")),
            conversions=Decimal(getattr(row, prefix + "conversions")),
            conversions_value=Decimal(getattr(row, prefix + "conversions_value")),
        )

    def __add__(self, other: Totals) -> Totals:
        return Totals(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(self)))

    @property
    def ctr(self) -> Decimal | None:
        """Clicks per impression."""
        return ratio(self.clicks, self.impressions)

    @property
    def cpc_micros(self) -> Decimal | None:
        """Cost per click."""
        return ratio(self.cost_micros, self.clicks)

    @property
    def cpm_micros(self) -> Decimal | None:
        """Cost per thousand impressions."""
        return ratio(self.cost_micros * MILLE, self.impressions)

    @property
    def cpa_micros(self) -> Decimal | None:
        """Cost per conversion."""
        return ratio(self.cost_micros, self.conversions)

    @property
    def roas(self) -> Decimal | None:
        """Conversion value per unit of cost."""
        return ratio(self.conversions_value * MICRO, self.cost_micros)

    def values(self) -> dict[str, int | Decimal | None]:
        """Every metric by name; averages of money are rounded half up to the micro, ratios to ten digits."""
        found: dict[str, int | Decimal | None] = {}
        for name in METRICS:
            value: int | Decimal | None = getattr(self, name)
            averaged = name.endswith("_micros")
            if name in DERIVED_SQL and isinstance(value, Decimal):
                value = whole(value) if averaged else round(value, RATIO_DIGITS)
            found[name] = value
        return found

    def as_dict(self) -> dict[str, int | float | None]:
        """For JSON: whole numbers stay whole, fractions are floats."""
        return {name: float(value) if isinstance(value, Decimal) else value for name, value in self.values().items()}


def whole(value: Decimal) -> int:
    """A fraction of a micro rounded half up."""
    return int(value.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def decimal(value: float | str) -> Decimal:
    """A fraction as the shortest decimal that is it."""
    return Decimal(str(value))
