"""Walks over the edges: what uses an asset, and which assets are in use, page by page.

Every walk follows an index in the order of its keys and stops at the page's end, so a page of the hottest asset costs
what a page of any other does. An ad group is visited once: at the first of its ads that uses the asset.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row
from sqlalchemy.orm import Session

from backend.adgraph.staging import raw

FIRST = str(UUID(int=0))

# Functions of the database (migration 0013): they keep their plans and check the tenant once per call.
# Ids come as text, because they leave as JSON: making a UUID object of each takes longer than finding it.
_PLACE = "ad_group_google_id, ad_group_name, campaign_google_id, campaign_name"
_ADS = f"""SELECT id::text, google_id, type, name, status, field_types, {_PLACE}
FROM walk_asset_ads(%(customer)s, %(asset)s, %(after)s, %(limit)s::int)"""
_KEYWORDS = f"""SELECT ad_id::text, id::text, google_id, text, match_type, status, {_PLACE}
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


def ads_of_asset(session: Session, customer_id: UUID, asset_id: UUID, page: Page) -> list[dict[str, Any]]:
    """The ads that use an asset, each with its slots and its place, by id."""
    return _rows(session, _ADS, customer_id, page, asset=asset_id)


def keywords_of_asset(session: Session, customer_id: UUID, asset_id: UUID, page: Page) -> list[dict[str, Any]]:
    """The keywords of the ad groups whose ads use an asset, each once, by (first ad, id)."""
    return _rows(session, _KEYWORDS, customer_id, page, asset=asset_id)


def campaigns_of_asset(session: Session, customer_id: UUID, asset_id: UUID, page: Page) -> list[dict[str, Any]]:
    """The campaigns that use an asset, how often and where (ad, ad_group, asset_group, campaign), by id."""
    return _rows(session, _CAMPAIGNS, customer_id, page, asset=asset_id)


def active_assets(session: Session, customer_id: UUID, page: Page) -> list[dict[str, Any]]:
    """The assets of all enabled ads in enabled campaigns, each once, by id."""
    return _rows(session, _ACTIVE, customer_id, page)


def _rows(session: Session, statement: str, customer_id: UUID, page: Page, **values: Any) -> list[dict[str, Any]]:
    cursor = raw(session).connection.cursor(row_factory=dict_row)
    cursor.execute(
        statement,
        {"customer": customer_id, "limit": page.limit, "after": page.after, "after_ad": page.after_ad, **values},
    )
    return cursor.fetchall()
