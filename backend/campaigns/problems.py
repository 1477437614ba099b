"""What stands between a campaign and its publishing, in the words of the form it was written in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy.orm import Session

from backend.adgraph.models import Campaign, Customer
from backend.campaigns import drafts, flat
from backend.campaigns.loading import load_tree
from backend.campaigns.tree import CampaignNode
from backend.core import clock
from backend.core.errors import Finding

MOST_SHOWN = 100


def today_of(customer: Customer) -> date:
    """Give the day it is in the account's time zone."""
    try:
        zone: ZoneInfo | None = ZoneInfo(customer.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        zone = None
    return clock.now().astimezone(zone or UTC).date()


def of_tree(tree: CampaignNode, campaign: Campaign, customer: Customer) -> list[Finding]:
    """Check a loaded tree; pointers are those of the flat form where the campaign was written in it."""
    around = drafts.Circumstances(today_of(customer), customer.currency_code)
    found = drafts.check(tree, around)
    if not campaign.publishable:
        found.append(Finding("/publishable", "disabled", "The draft is disabled; enable it first."))
    if not campaign.flat:
        return found
    translated = [Finding(flat.flat_pointer(item.pointer, campaign.flat), item.code, item.message) for item in found]
    return list(dict.fromkeys(translated))


def refresh(session: Session, campaign: Campaign, customer: Customer) -> Sequence[Finding]:
    """Check a draft again and keep what was found on its row, for the lists."""
    session.flush()
    if campaign.google_id is not None:
        campaign.problems = []
        return ()
    found = of_tree(load_tree(session, customer, campaign), campaign, customer)
    campaign.problems = [item.as_dict() for item in found[:MOST_SHOWN]]
    return found
