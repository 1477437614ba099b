"""Walks over the edges: what uses an asset, and which assets are in use, page by page.

Every walk follows an index in the order of its keys and stops at the page's end, so a page of the hottest asset costs
what a page of any other does. An ad group is visited once: at the first of its ads that uses the asset.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from sqlalchemy.orm import Session

from backend.adgraph.staging import raw

Row = TypeVar("Row")
FIRST = str(UUID(int=0))

# Functions of the database (migration 0013): they keep their plans and check the tenant once per call.
# Ids come as text, because they leave as JSON: making a UUID object of each takes longer than finding it.
# The columns stand in the order of the tuples below.
_PLACE = "ad_group_google_id, ad_group_name, campaign_google_id, campaign_name"
_ADS = f"""SELECT id::text, google_id, {_PLACE}, name, type, status, field_types
FROM walk_asset_ads(%(customer)s, %(asset)s, %(after)s, %(limit)s::int)"""
_KEYWORDS = f"""SELECT id::text, google_id, {_PLACE}, text, match_type, status, ad_id::text
FROM walk_asset_keywords(%(customer)s, %(asset)s, %(after_ad)s, %(after)s, %(limit)s::int)"""
_ACTIVE = """SELECT id::text, google_id, type, name, mime_type, width, height
FROM walk_active_assets(%(customer)s, %(after)s, %(limit)s::int)"""

_CAMPAIGNS = """
WITH uses AS (
    SELECT g.campaign_id, 'ad' AS via FROM ad_asset e
    JOIN adgroup_ad l ON l.customer_id = e.customer_id AND l.ad_id = e.ad_id
    JOIN campaign_adgroup g ON g.customer_id = e.customer_id AND g.ad_group_id = l.ad_group_id
    WHERE e.customer_id = %(customer)s AND e.asset_id = %(asset)s
    UNION ALL
    SELECT g.campaign_id, 'asset_group' FROM asset_group_asset e
    JOIN campaign_asset_group g ON g.customer_id = e.customer_id AND g.asset_group_id = e.asset_group_id
    WHERE e.customer_id = %(customer)s AND e.asset_id = %(asset)s AND e.status <> 'REMOVED'
    UNION ALL
    SELECT g.campaign_id, 'ad_group' FROM ad_group_asset e
    JOIN campaign_adgroup g ON g.customer_id = e.customer_id AND g.ad_group_id = e.ad_group_id
    WHERE e.customer_id = %(customer)s AND e.asset_id = %(asset)s AND e.status <> 'REMOVED'
    UNION ALL
    SELECT e.campaign_id, 'campaign' FROM campaign_asset e
    WHERE e.customer_id = %(customer)s AND e.asset_id = %(asset)s AND e.status <> 'REMOVED'
)
SELECT c.id::text, c.google_id, c.name, c.status, c.google_status, u.uses, u.via
FROM (SELECT campaign_id, count(*) AS uses, array_agg(DISTINCT via ORDER BY via) AS via FROM uses
      GROUP BY campaign_id) u
JOIN campaigns c ON c.customer_id = %(customer)s AND c.id = u.campaign_id
WHERE c.id > %(after)s::uuid ORDER BY c.id LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class Page:
    """Where to go on (behind these keys) and how many rows to give at most."""

    limit: int
    after: str = FIRST
    after_ad: str = FIRST


class UsingAd(NamedTuple):
    """An ad that uses an asset: its place (ids of Google's) and the slots it uses the asset in."""

    id: str
    google_id: int | None
    ad_group_google_id: int | None
    ad_group_name: str | None
    campaign_google_id: int | None
    campaign_name: str | None
    name: str
    type: str | None
    status: str | None
    field_types: list[str]


class UsingKeyword(NamedTuple):
    """A keyword of an ad group that uses an asset, its place, and the first ad of the group that does."""

    id: str
    google_id: int | None
    ad_group_google_id: int | None
    ad_group_name: str | None
    campaign_google_id: int | None
    campaign_name: str | None
    text: str
    match_type: str
    status: str
    ad_id: str


class UsingCampaign(NamedTuple):
    """A campaign that uses an asset: how often, and where (ad, ad_group, asset_group, campaign)."""

    id: str
    google_id: int | None
    name: str
    status: str
    google_status: str | None
    uses: int
    via: list[str]


class UsedAsset(NamedTuple):
    """An asset; `name` is its text, its name or its video's id."""

    id: str
    google_id: int | None
    type: str
    name: str | None
    mime_type: str | None
    width: int | None
    height: int | None


def ads_of_asset(session: Session, customer_id: UUID, asset_id: UUID, page: Page) -> list[UsingAd]:
    """The ads that use an asset, by id."""
    return _rows(session, UsingAd._make, _ADS, _values(page, customer_id, asset_id))


def keywords_of_asset(session: Session, customer_id: UUID, asset_id: UUID, page: Page) -> list[UsingKeyword]:
    """The keywords of the ad groups whose ads use an asset, each once, by (first ad, id)."""
    return _rows(session, UsingKeyword._make, _KEYWORDS, _values(page, customer_id, asset_id))


def campaigns_of_asset(session: Session, customer_id: UUID, asset_id: UUID, page: Page) -> list[UsingCampaign]:
    """The campaigns that use an asset, by id."""
    return _rows(session, UsingCampaign._make, _CAMPAIGNS, _values(page, customer_id, asset_id))


def active_assets(session: Session, customer_id: UUID, page: Page) -> list[UsedAsset]:
    """The assets of all enabled ads in enabled campaigns, each once, by id."""
    return _rows(session, UsedAsset._make, _ACTIVE, _values(page, customer_id))


def _values(page: Page, customer_id: UUID, asset_id: UUID | None = None) -> dict[str, Any]:
    return {
        "customer": customer_id,
        "asset": asset_id,
        "limit": page.limit,
        "after": page.after,
        "after_ad": page.after_ad,
    }


def _rows(session: Session, make: Callable[[Sequence[Any]], Row], statement: str, values: dict[str, Any]) -> list[Row]:
    cursor = raw(session).connection.cursor(row_factory=lambda _: make)
    return cursor.execute(statement, values, prepare=True).fetchall()
