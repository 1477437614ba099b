"""The totals of one campaign, or of a whole account, over a period: one row from the daily totals."""

from __future__ import annotations

from sqlalchemy.orm import Session

from backend.adgraph.staging import raw
from backend.adgraph.stats import Level
from backend.reporting.measures import Totals
from backend.reporting.periods import Period
from backend.sync.account import Account

_SUM = "SELECT * FROM sum_of_days(%(customer)s, %(level)s::smallint, %(entity)s, %(first)s, %(last)s)"


def of_account(session: Session, account: Account, period: Period) -> Totals:
    """The account's totals over a period, both days included."""
    return _total(session, account, Level.ACCOUNT, int(account.google_id), period)


def of_campaign(session: Session, account: Account, campaign: int, period: Period) -> Totals:
    """One campaign's totals over a period, by its Google id."""
    return _total(session, account, Level.CAMPAIGN, campaign, period)


def _total(session: Session, account: Account, level: Level, entity: int, period: Period) -> Totals:
    cursor = raw(session)
    cursor.execute(
        _SUM,
        {
            "customer": account.customer_id,
            "level": int(level),
            "entity": entity,
            "first": period.first,
            "last": period.last,
        },
        prepare=True,
    )
    row = cursor.fetchone()
    if row is None:
        raise AssertionError("a sum always has a row")
    return Totals(int(row[0]), int(row[1]), int(row[2]), row[3], row[4])
