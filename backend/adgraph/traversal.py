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

FIRST = UUID(int=0)

_ADS = """
SELECT a.id, a.google_id, a.type, coalesce(nullif(a.name, ''), '') AS name, l.status, used.field_types,
       g.google_id AS ad_group_google_id, g.name AS ad_group_name,
       c.google_id AS campaign_google_id, c.name AS campaign_name
FROM (SELECT e.ad_id, array_agg(e.field_type ORDER BY e.field_type) AS field_types FROM ad_asset e
      WHERE e.customer_id = %(customer)s AND e.asset_id = %(asset)s AND e.ad_id > %(after)s
      GROUP BY e.ad_id ORDER BY e.ad_id LIMIT %(limit)s) used
JOIN ads a ON a.customer_id = %(customer)s AND a.id = used.ad_id
LEFT JOIN adgroup_ad l ON l.customer_id = %(customer)s AND l.ad_id = used.ad_id
LEFT JOIN ad_groups g ON g.customer_id = %(customer)s AND g.id = l.ad_group_id
LEFT JOIN campaign_adgroup e ON e.customer_id = %(customer)s AND e.ad_group_id = g.id
LEFT JOIN campaigns c ON c.customer_id = %(customer)s AND c.id = e.campaign_id
ORDER BY a.id
"""

_KEYWORDS = """
SELECT k.ad_id, k.id, k.google_id, k.text, k.match_type, k.status,
       g.google_id AS ad_group_google_id, g.name AS ad_group_name,
       c.google_id AS campaign_google_id, c.name AS campaign_name
FROM (
    SELECT used.ad_id, k.id, k.google_id, k.text, k.match_type, k.status, k.parent_id
    FROM (SELECT DISTINCT e.ad_id FROM ad_asset e
          WHERE e.customer_id = %(customer)s AND e.asset_id = %(asset)s AND e.ad_id >= %(after_ad)s
          ORDER BY e.ad_id) used
    JOIN adgroup_ad l ON l.customer_id = %(customer)s AND l.ad_id = used.ad_id
    JOIN keywords k ON k.customer_id = %(customer)s AND k.parent_id = l.ad_group_id
    WHERE (used.ad_id > %(after_ad)s OR k.id > %(after)s)
      AND NOT k.negative AND k.status <> 'REMOVED' AND k.deleted_at IS NULL
      AND NOT EXISTS (
        SELECT FROM adgroup_ad o JOIN ad_asset e ON e.customer_id = o.customer_id AND e.ad_id = o.ad_id
        WHERE o.customer_id = %(customer)s AND o.ad_group_id = l.ad_group_id AND o.ad_id < used.ad_id
          AND e.asset_id = %(asset)s)
    ORDER BY used.ad_id, k.id LIMIT %(limit)s
) k
JOIN ad_groups g ON g.customer_id = %(customer)s AND g.id = k.parent_id
LEFT JOIN campaign_adgroup e ON e.customer_id = %(customer)s AND e.ad_group_id = g.id
LEFT JOIN campaigns c ON c.customer_id = %(customer)s AND c.id = e.campaign_id
ORDER BY k.ad_id, k.id
"""

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
SELECT c.id, c.google_id, c.name, c.status, c.google_status, u.uses, u.via
FROM (SELECT campaign_id, count(*) AS uses, array_agg(DISTINCT via ORDER BY via) AS via FROM uses
      GROUP BY campaign_id) u
JOIN campaigns c ON c.customer_id = %(customer)s AND c.id = u.campaign_id
WHERE c.id > %(after)s ORDER BY c.id LIMIT %(limit)s
"""

# The assets of enabled ads in enabled ad groups of enabled campaigns; one enabled ad is enough.
_ACTIVE = """
SELECT x.id, x.google_id, x.type, coalesce(x.text, x.name, x.youtube_video_id) AS name, x.mime_type, x.width, x.height
FROM assets x
WHERE x.customer_id = %(customer)s AND x.id > %(after)s AND x.deleted_at IS NULL AND EXISTS (
    SELECT FROM ad_asset e
    JOIN adgroup_ad l ON l.customer_id = e.customer_id AND l.ad_id = e.ad_id AND l.status = 'ENABLED'
    JOIN ad_groups g ON g.customer_id = l.customer_id AND g.id = l.ad_group_id AND g.status = 'ENABLED'
    JOIN campaign_adgroup h ON h.customer_id = g.customer_id AND h.ad_group_id = g.id
    JOIN campaigns c ON c.customer_id = h.customer_id AND c.id = h.campaign_id AND c.google_status = 'ENABLED'
    WHERE e.customer_id = x.customer_id AND e.asset_id = x.id)
ORDER BY x.id LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class Page:
    """Where to go on (behind these keys) and how many rows to give at most."""

    limit: int
    after: UUID = FIRST
    after_ad: UUID = FIRST


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
