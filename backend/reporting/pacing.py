"""Pacing: what each budget has spent this month against what Google may spend at most, 30.4 times a day's budget.

The projection goes on as the complete days of the month went: their average times the days of the month. It is not
capped, for a budget that was changed during the month has another bound than the one it will end with.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.adgraph.stats import Level
from backend.reporting.periods import month_end
from backend.sync import freshness
from backend.sync.account import Account

UNDER, OVER = Decimal("0.9"), Decimal("1.1")

# A budget counts while a campaign that uses it is enabled, or spent something this month.
_BUDGETS = text("""
WITH spent AS (
    SELECT google_id, sum(cost_micros) AS spent,
           coalesce(sum(cost_micros) FILTER (WHERE date <= :complete), 0) AS spent_complete
    FROM stats.daily_totals
    WHERE customer_id = :customer AND level = :level AND date BETWEEN :first AND :today
    GROUP BY google_id
)
SELECT b.id, b.google_id, b.name, b.amount_micros, b.total_amount_micros, b.explicitly_shared,
       coalesce(sum(s.spent), 0) AS spent, coalesce(sum(s.spent_complete), 0) AS spent_complete,
       bool_or(c.google_status = 'ENABLED') AS active,
       json_agg(json_build_object('id', c.google_id::text, 'name', c.name, 'status', c.google_status)
                ORDER BY c.name, c.google_id) AS campaigns
FROM campaigns c
LEFT JOIN campaign_budgets b ON b.customer_id = c.customer_id AND b.id = c.budget_id
LEFT JOIN spent s ON s.google_id = c.google_id
WHERE c.customer_id = :customer AND c.google_id IS NOT NULL AND (c.google_status = 'ENABLED' OR s.spent > 0)
GROUP BY b.id, b.google_id, b.name, b.amount_micros, b.total_amount_micros, b.explicitly_shared
ORDER BY coalesce(sum(s.spent), 0) DESC, b.name, b.google_id
""")


@dataclass(frozen=True, slots=True)
class Month:
    """The current month of an account: `complete` is its last day whose numbers are all in."""

    first: date
    last: date
    today: date
    complete: date

    @property
    def days(self) -> int:
        """The days of the month."""
        return self.last.day

    @property
    def complete_days(self) -> int:
        """How many of its days are complete."""
        return max(0, (self.complete - self.first).days + 1)


@dataclass(frozen=True, slots=True)
class Pace:
    """What was spent, may be spent and is going to be spent in the month, in micros."""

    spent_micros: int
    spent_complete_micros: int
    monthly_limit_micros: int | None
    month: Month

    @property
    def projected_micros(self) -> int | None:
        """The month's cost if it goes on as its complete days; None before the first one is complete."""
        if not self.month.complete_days:
            return None
        return _rounded(Decimal(self.spent_complete_micros) * self.month.days / self.month.complete_days)

    @property
    def used(self) -> Decimal | None:
        """Which part of the bound is spent."""
        return Decimal(self.spent_micros) / self.monthly_limit_micros if self.monthly_limit_micros else None

    @property
    def status(self) -> str:
        """`under`, `on_track` or `over` by the projection; `unknown` where there is no bound or no complete day."""
        if self.projected_micros is None or not self.monthly_limit_micros:
            return "unknown"
        pace = Decimal(self.projected_micros) / self.monthly_limit_micros
        return "under" if pace < UNDER else "over" if pace > OVER else "on_track"

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "spent_micros": self.spent_micros,
            "monthly_limit_micros": self.monthly_limit_micros,
            "projected_micros": self.projected_micros,
            "used": None if self.used is None else float(self.used),
            "status": self.status,
        }


@dataclass(frozen=True, slots=True)
class BudgetPace:
    """One budget (none where a campaign's budget is not synced), its campaigns and its pace."""

    budget_id: str | None
    name: str | None
    daily_budget_micros: int | None
    total_budget_micros: int | None
    shared: bool
    active: bool
    campaigns: list[dict[str, Any]]
    pace: Pace

    @property
    def title(self) -> str:
        """What people call it: its name, or its campaigns."""
        return self.name or ", ".join(campaign["name"] for campaign in self.campaigns)


@dataclass(frozen=True, slots=True)
class Pacing:
    """The month of an account."""

    account: Account
    month: Month
    watermark: date | None
    budgets: list[BudgetPace]

    @property
    def total(self) -> Pace:
        """All budgets together; the bound counts those that are in use."""
        limits = [b.pace.monthly_limit_micros for b in self.budgets if b.active and b.pace.monthly_limit_micros]
        return Pace(
            sum(budget.pace.spent_micros for budget in self.budgets),
            sum(budget.pace.spent_complete_micros for budget in self.budgets),
            sum(limits) if limits else None,
            self.month,
        )


def monthly_limit(daily_micros: int) -> int:
    """What Google may charge in a month at most: 30.4 times the daily budget, rounded half up to the micro."""
    return _rounded(Decimal(daily_micros) * Decimal("30.4"))


def month_of(today: date, watermark: date | None) -> Month:
    """The month of a day, complete up to the watermark, and never beyond yesterday."""
    yesterday = today - timedelta(days=1)
    first = today.replace(day=1)
    complete = min(watermark or first - timedelta(days=1), yesterday)
    return Month(first, month_end(today.year, today.month), today, complete)


def read(session: Session, account: Account) -> Pacing:
    """The pace of every budget in use, the largest spender first."""
    watermark = freshness.watermark_of(session, account.customer_id)
    month = month_of(account.today(), watermark)
    rows = session.execute(
        _BUDGETS,
        {
            "customer": account.customer_id,
            "level": int(Level.CAMPAIGN),
            "first": month.first,
            "today": month.today,
            "complete": month.complete,
        },
    ).all()
    return Pacing(account, month, watermark, [_budget(row, month) for row in rows])


def _budget(row: Any, month: Month) -> BudgetPace:
    identity: UUID | None = row.id
    limit = monthly_limit(row.amount_micros) if row.amount_micros and not row.total_amount_micros else None
    return BudgetPace(
        budget_id=str(row.google_id) if identity and row.google_id else None,
        name=row.name,
        daily_budget_micros=row.amount_micros,
        total_budget_micros=row.total_amount_micros,
        shared=bool(row.explicitly_shared),
        active=bool(row.active),
        campaigns=row.campaigns,
        pace=Pace(int(row.spent), int(row.spent_complete), limit, month),
    )


def as_dict(pacing: Pacing) -> dict[str, Any]:
    """The answer as JSON shows it."""
    return {
        "customer_id": pacing.account.google_id,
        "slug": pacing.account.slug,
        "currency_code": pacing.account.currency_code,
        "time_zone": pacing.account.time_zone,
        "watermark_date": pacing.watermark,
        "month_start": pacing.month.first,
        "month_end": pacing.month.last,
        "today": pacing.month.today,
        "complete_days": pacing.month.complete_days,
        "days": pacing.month.days,
        "totals": pacing.total.as_dict(),
        "budgets": [
            {
                "budget_id": budget.budget_id,
                "name": budget.name,
                "daily_budget_micros": budget.daily_budget_micros,
                "total_budget_micros": budget.total_budget_micros,
                "shared": budget.shared,
                "campaigns": budget.campaigns,
                **budget.pace.as_dict(),
            }
            for budget in pacing.budgets
        ],
    }


def _rounded(value: Decimal) -> int:
    return int(value.quantize(Decimal(1), rounding=ROUND_HALF_UP))
