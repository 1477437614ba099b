"""An account with a structure and statistics of its own, written as the sync writes them."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from flask import Flask

from backend.adgraph import partitions, stats
from backend.adgraph.stats import AssetPlace, Level
from backend.core.db import unit_of_work
from tests.support.team import Team

Rows = Callable[..., list[dict[str, Any]]]
FIRST, LAST = date(2026, 8, 20), date(2026, 11, 18)


@dataclass
class Shop:
    """One account: its tenant's team, its ids, and how to add rows to it."""

    team: Team
    rows: Rows
    app: Flask
    customer_id: uuid.UUID
    google_id: str
    slug: str
    campaigns: dict[int, uuid.UUID] = field(default_factory=dict)
    ad_groups: dict[int, uuid.UUID] = field(default_factory=dict)

    def insert(self, table: str, **values: Any) -> None:
        """One row of a table, for this account."""
        values = {"customer_id": self.customer_id, **values}
        names = ", ".join(values)
        self.rows(f"INSERT INTO {table} ({names}) VALUES ({', '.join(':' + name for name in values)})", **values)

    def entity(self, table: str, google_id: int | None, **values: Any) -> uuid.UUID:
        """A synced entity (a draft where it has no Google id)."""
        identity = uuid.uuid4()
        status = "draft" if google_id is None else "synced"
        self.insert(table, id=identity, google_id=google_id, **{"sync_status": status, **values})
        return identity

    def campaign(self, google_id: int, name: str, **values: Any) -> uuid.UUID:
        """A published campaign."""
        values = {"google_status": "ENABLED", "campaign_type": "SEARCH", "status": "PUBLISHED", **values}
        self.campaigns[google_id] = self.entity("campaigns", google_id, name=name, **values)
        self.insert("account_campaign", campaign_id=self.campaigns[google_id])
        return self.campaigns[google_id]

    def ad_group(self, google_id: int, campaign: int, name: str, status: str = "ENABLED") -> uuid.UUID:
        """An ad group of a campaign."""
        self.ad_groups[google_id] = self.entity("ad_groups", google_id, name=name, status=status)
        self.insert("campaign_adgroup", campaign_id=self.campaigns[campaign], ad_group_id=self.ad_groups[google_id])
        return self.ad_groups[google_id]

    def keyword(
        self, google_id: int | None, parent: uuid.UUID, text: str, match_type: str = "BROAD", **values: Any
    ) -> uuid.UUID:
        """A criterion of an ad group, or of `parent_kind`."""
        values = {"parent_kind": "ad_group", "negative": False, "status": "ENABLED", **values}
        identity = self.entity("keywords", google_id, parent_id=parent, text=text, match_type=match_type, **values)
        if values["parent_kind"] == "ad_group":
            self.insert("adgroup_keyword", ad_group_id=parent, keyword_id=identity, sync_status="synced")
        return identity

    def daily(self, level: Level | AssetPlace, google_id: int, day: date, **values: Any) -> None:
        """One row of the daily statistics; its month's partition is made."""
        self.partitions("daily_stats", day, day)
        self.insert("stats.daily_stats", level=int(level), google_id=google_id, date=day, **values)

    def partitions(self, table: str, first: date, last: date) -> None:
        """The months that a range of days needs."""
        with self.app.app_context(), unit_of_work() as work:
            partitions.ensure(work.session, table, first, last)

    def refresh(self, first: date, last: date) -> None:
        """The daily totals, and a watermark, as a sync leaves them."""
        with self.app.app_context(), unit_of_work() as work:
            stats.refresh_totals(work.session, self.customer_id, int(self.google_id), first, last)
            for place in stats.AssetPlace:
                stats.refresh_asset_totals(work.session, self.customer_id, place, first, last)
        self.watermark(last)

    def watermark(self, day: date) -> None:
        """Every statistics stream complete up to a day."""
        self.rows(
            "INSERT INTO watermarks (customer_id, stream, watermark_date, last_append_at, state)"
            " VALUES (:id, 'stats:campaign', :day, now(), '{}')"
            " ON CONFLICT (customer_id, stream) DO UPDATE SET watermark_date = :day, updated_at = clock_timestamp()",
            id=self.customer_id,
            day=day,
        )

    def get(self, path: str, **query: Any) -> Any:
        """GET as the administrator; the JSON of a 200."""
        answer = self.team.client.get(path, query_string={"slug": self.slug, **query})
        assert answer.status_code == 200, answer.text
        return answer.get_json()


def make_shop(team: Team, currency: str = "EUR", time_zone: str = "Europe/Berlin", **values: Any) -> Shop:
    """An empty account of a team."""
    number = 1_000_000_000 + uuid.uuid4().int % 8_999_999_999
    customer_id = uuid.uuid4()
    values = {
        "id": customer_id,
        "tenant_id": team.tenant_id,
        "google_customer_id": number,
        "slug": f"shop-{number}",
        "descriptive_name": "Shop",
        "currency_code": currency,
        "time_zone": time_zone,
        "manager": False,
        "test_account": False,
        "hidden": False,
        "status": "ENABLED",
        **values,
    }
    names = ", ".join(values)
    team.rows(f"INSERT INTO customers ({names}) VALUES ({', '.join(':' + name for name in values)})", **values)
    return Shop(team, team.rows, team.app, customer_id, str(number), f"shop-{number}")


def stock(shop: Shop) -> Shop:
    """Three campaigns, six ad groups, keywords, and ninety days of statistics on each level."""
    draw = random.Random(7)
    for number in range(3):
        campaign = 101 + number
        shop.campaign(campaign, f"Campaign {number}")
        for group in range(2):
            ad_group = campaign * 10 + group
            shop.ad_group(ad_group, campaign, f"Group {ad_group}")
            shop.keyword(ad_group * 10, shop.ad_groups[ad_group], f"keyword {ad_group}")
    shop.partitions("daily_stats", FIRST, LAST)
    values = []
    day = FIRST
    while day <= LAST:
        for campaign in shop.campaigns:
            values += cells(draw, Level.CAMPAIGN, campaign, 0, day)
        for ad_group in shop.ad_groups:
            values += cells(draw, Level.AD_GROUP, ad_group, ad_group // 10, day)
            values += cells(draw, Level.KEYWORD, ad_group * 10, ad_group, day)
        day += timedelta(days=1)
    write_daily(shop, values)
    shop.refresh(FIRST, LAST)
    return shop


def cells(
    draw: random.Random, level: Level | AssetPlace, google_id: int, parent: int, day: date
) -> list[tuple[Any, ...]]:
    """Some devices and networks of a day; not every entity has traffic on each."""
    found = []
    for device, network in ((2, 2), (4, 2), (2, 4)):
        if draw.random() < 0.2:
            continue
        clicks = draw.randrange(0, 40)
        numbers = (clicks * draw.randrange(1, 9), clicks, clicks * draw.randrange(1, 3_000_000))
        conversions = (f"{draw.random() * clicks / 7:.6f}", f"{draw.random() * clicks * 11:.6f}")
        found.append((int(level), google_id, parent, day, device, network, *numbers, *conversions))
    return found


COLUMNS = (
    "level",
    "google_id",
    "parent_google_id",
    "date",
    "device",
    "network",
    "impressions",
    "clicks",
    "cost_micros",
    "conversions",
    "conversions_value",
)


def write_daily(shop: Shop, values: list[tuple[Any, ...]]) -> None:
    """Many rows of daily statistics at once."""
    from backend.adgraph.staging import raw

    with shop.app.app_context(), unit_of_work() as work:
        raw(work.session).executemany(
            f"INSERT INTO stats.daily_stats (customer_id, {', '.join(COLUMNS)})"
            f" VALUES ('{shop.customer_id}', {', '.join(['%s'] * len(COLUMNS))})",
            values,
        )
