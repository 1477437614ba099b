"""The account that a sync works on, as plain values that outlive the transaction which read them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy.orm import Session

from backend.adgraph.models import Customer
from backend.core import clock
from backend.core.errors import NotFound


@dataclass(frozen=True, slots=True)
class Account:
    """One client account; `google_id` are Google's ten digits."""

    customer_id: UUID
    google_id: str
    slug: str
    name: str
    currency_code: str
    time_zone: str
    manager: bool
    status: str

    @property
    def zone(self) -> ZoneInfo:
        """The account's time zone; UTC where Google named one that this machine does not know."""
        return zone_of(self.time_zone)

    def today(self) -> date:
        """The current day in the account's time zone."""
        return clock.now().astimezone(self.zone).date()


def zone_of(name: str) -> ZoneInfo:
    """A time zone by its IANA name, UTC when there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def load(session: Session, customer_id: UUID) -> Account:
    """Read an account.

    Raises:
        NotFound: it is not there any more.
    """
    row = session.get(Customer, customer_id)
    if row is None:
        raise NotFound("There is no such account.")
    return of(row)


def of(row: Customer) -> Account:
    """The values of an account's row."""
    return Account(
        customer_id=row.id,
        google_id=row.google_id,
        slug=row.slug,
        name=row.descriptive_name,
        currency_code=row.currency_code,
        time_zone=row.time_zone,
        manager=row.manager,
        status=row.status,
    )
