"""The numbers of a report: exact sums from the daily totals, one statement each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.adgraph.stats import MEASURES, Level
from backend.reporting.measures import Totals, sums

_SUMS = sums("t")


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
    return Totals.of(row)


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
        CampaignRow(row.google_id, row.name or str(row.google_id), row.campaign_type, row.google_status, Totals.of(row))
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
    return [(row.date, Totals.of(row)) for row in rows]


def first_stored_day(session: Session, customer_id: UUID) -> date | None:
    """The first day with statistics, None when there is none."""
    found: date | None = session.execute(
        text("SELECT min(date) FROM stats.daily_totals WHERE customer_id = :customer AND level = :level"),
        {"customer": customer_id, "level": int(Level.ACCOUNT)},
    ).scalar_one()
    return found
