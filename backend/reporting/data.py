"""The numbers of a report: exact sums from the daily totals, one statement each."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.adgraph.stats import MEASURES, Level
from backend.reporting.document import ratio

_SUMS = ", ".join(f"coalesce(sum(t.{measure}), 0) AS {measure}" for measure in MEASURES)


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over a period; money in micros of the account's currency."""

    impressions: int = 0
    clicks: int = 0
    cost_micros: int = 0
    conversions: Decimal = Decimal(0)
    conversions_value: Decimal = Decimal(0)

    @property
    def ctr(self) -> Decimal | None:
        """Clicks per impression."""
        return ratio(self.clicks, self.impressions)

    @property
    def cpc_micros(self) -> Decimal | None:
        """Cost per click."""
        return ratio(self.cost_micros, self.clicks)

    @property
    def cpa_micros(self) -> Decimal | None:
        """Cost per conversion."""
        return ratio(self.cost_micros, self.conversions)

    @property
    def roas(self) -> Decimal | None:
        """Conversion value per unit of cost."""
        return ratio(self.conversions_value * 1_000_000, self.cost_micros)

    def as_dict(self) -> dict[str, Any]:
        """For JSON: whole numbers as they are, fractions as decimal strings would lose nothing, floats read easier."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: float(value) if isinstance(value, Decimal) else value for name, value in values.items()}


@dataclass(frozen=True, slots=True)
class CampaignRow:
    """A campaign and its sums; the name is Google's newest, or its id where the structure is not synced."""

    google_id: int
    name: str
    campaign_type: str | None
    google_status: str | None
    totals: Totals


def account_totals(session: Session, customer_id: UUID, first: date, last: date) -> Totals:
    """The account's sums over a period, both days included."""
    row = session.execute(
        text(
            f"SELECT {_SUMS} FROM stats.daily_totals t WHERE t.customer_id = :customer AND t.level = :level"
            " AND t.date BETWEEN :first AND :last"
        ),
        {"customer": customer_id, "level": int(Level.ACCOUNT), "first": first, "last": last},
    ).one()
    return _totals(row)


def by_campaign(session: Session, customer_id: UUID, first: date, last: date) -> list[CampaignRow]:
    """The campaigns with traffic in a period, the costliest first."""
    rows = session.execute(
        text(
            f"SELECT t.google_id, c.name, c.campaign_type, c.google_status, {_SUMS} FROM stats.daily_totals t"
            " LEFT JOIN campaigns c ON c.customer_id = t.customer_id AND c.google_id = t.google_id"
            " WHERE t.customer_id = :customer AND t.level = :level AND t.date BETWEEN :first AND :last"
            " GROUP BY t.google_id, c.name, c.campaign_type, c.google_status"
            " ORDER BY sum(t.cost_micros) DESC, t.google_id"
        ),
        {"customer": customer_id, "level": int(Level.CAMPAIGN), "first": first, "last": last},
    ).all()
    return [
        CampaignRow(row.google_id, row.name or str(row.google_id), row.campaign_type, row.google_status, _totals(row))
        for row in rows
    ]


def by_day(session: Session, customer_id: UUID, first: date, last: date) -> list[tuple[date, Totals]]:
    """The account's days with traffic, in order."""
    rows = session.execute(
        text(
            f"SELECT t.date, {', '.join('t.' + measure for measure in MEASURES)} FROM stats.daily_totals t"
            " WHERE t.customer_id = :customer AND t.level = :level AND t.date BETWEEN :first AND :last ORDER BY t.date"
        ),
        {"customer": customer_id, "level": int(Level.ACCOUNT), "first": first, "last": last},
    ).all()
    return [(row.date, _totals(row)) for row in rows]


def first_stored_day(session: Session, customer_id: UUID) -> date | None:
    """The first day with statistics, None when there is none."""
    found: date | None = session.execute(
        text("SELECT min(date) FROM stats.daily_totals WHERE customer_id = :customer AND level = :level"),
        {"customer": customer_id, "level": int(Level.ACCOUNT)},
    ).scalar_one()
    return found


def _totals(row: Any) -> Totals:
    return Totals(
        impressions=int(row.impressions),
        clicks=int(row.clicks),
        cost_micros=int(row.cost_micros),
        conversions=Decimal(row.conversions),
        conversions_value=Decimal(row.conversions_value),
    )
