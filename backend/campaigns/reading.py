"""Reads for people: campaigns as JSON made by PostgreSQL, a page or a single one, and the whole tree in one answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from backend.adgraph.models import Campaign, Customer
from backend.adgraph.stats import Level
from backend.campaigns.flat import SEARCH_IGNORES
from backend.core.prepared import Question
from backend.core.security import Actor

ITEM = """SELECT c.id, k.google_customer_id::text AS customer_id, k.slug, c.name, c.objective, c.campaign_type,
    b.amount_micros AS daily_budget, c.start_date, c.end_date, c.status, c.google_status, c.sync_status,
    (c.dirty_fields <> '{}' OR coalesce(b.dirty_fields <> '{}', false)) AS is_dirty, c.publishable,
    c.google_id::text AS google_campaign_id, c.resource_name,
    coalesce(c.flat ->> 'ad_group_name', first.group_name, pmax.group_name) AS ad_group_name,
    coalesce(c.flat ->> 'ad_headline', first.headline, pmax.headline) AS ad_headline,
    coalesce(c.flat ->> 'ad_description', first.description, pmax.description) AS ad_description,
    coalesce(c.flat ->> 'asset_url', first.image, pmax.image) AS asset_url,
    coalesce(c.flat ->> 'final_url', first.final_url, pmax.final_url) AS final_url,
    coalesce(c.flat ->> 'business_name', first.business_name, pmax.business_name) AS business_name,
    c.contains_eu_political_advertising, c.bidding, c.bidding_strategy_type, c.targeting, c.tracking_url_template,
    c.final_url_suffix, c.serving_status,
    c.dirty_fields || CASE WHEN 'amount_micros' = ANY (b.dirty_fields) THEN '{daily_budget}'::text[] ELSE '{}' END
        AS dirty_fields,
    c.sync_error, c.internal_label, c.internal_notes, c.tags, c.problems,
    CASE WHEN c.campaign_type = 'SEARCH' AND c.flat ? 'asset_url' THEN ARRAY[CAST(:ignored AS text)]
        ELSE '{}'::text[] END AS notices, c.created_at, c.updated_at,
    c.first_synced_at, c.last_synced_at
"""
FROM = """
FROM unnest(CAST(:ids AS uuid[])) WITH ORDINALITY AS wanted(id, place)
JOIN campaigns c ON c.id = wanted.id AND c.customer_id = ANY (CAST(:customers AS uuid[]))
JOIN customers k ON k.id = c.customer_id
LEFT JOIN campaign_budgets b ON b.customer_id = c.customer_id AND b.id = c.budget_id
LEFT JOIN LATERAL (
    SELECT g.name AS group_name, a.business_name, a.final_urls[1] AS final_url, t.headline, t.description, t.image
    FROM (
        SELECT g.id, g.name FROM campaign_adgroup e
        JOIN ad_groups g ON g.customer_id = e.customer_id AND g.id = e.ad_group_id
        WHERE c.flat = '{}'::jsonb AND e.customer_id = c.customer_id AND e.campaign_id = c.id
          AND g.deleted_at IS NULL AND g.status <> 'REMOVED'
        ORDER BY g.id LIMIT 1) g
    LEFT JOIN LATERAL (
        SELECT a.id, a.business_name, a.final_urls FROM adgroup_ad e
        JOIN ads a ON a.customer_id = e.customer_id AND a.id = e.ad_id
        WHERE e.customer_id = c.customer_id AND e.ad_group_id = g.id AND a.deleted_at IS NULL AND e.status <> 'REMOVED'
        ORDER BY a.id LIMIT 1) a ON true
    LEFT JOIN LATERAL (
        SELECT (array_agg(x.text ORDER BY e.position) FILTER (WHERE e.field_type = 'HEADLINE'))[1] AS headline,
            (array_agg(x.text ORDER BY e.position) FILTER (WHERE e.field_type = 'DESCRIPTION'))[1] AS description,
            (array_agg(x.source_url ORDER BY e.position) FILTER (WHERE e.field_type LIKE '%MARKETING_IMAGE'))[1]
                AS image
        FROM ad_asset e JOIN assets x ON x.customer_id = e.customer_id AND x.id = e.asset_id
        WHERE e.customer_id = c.customer_id AND e.ad_id = a.id) t ON true
) first ON true
LEFT JOIN LATERAL (
    SELECT g.name AS group_name, g.final_urls[1] AS final_url, t.headline, t.description, t.business_name, t.image
    FROM (
        SELECT g.id, g.name, g.final_urls FROM campaign_asset_group e
        JOIN asset_groups g ON g.customer_id = e.customer_id AND g.id = e.asset_group_id
        WHERE c.flat = '{}'::jsonb AND c.campaign_type = 'PERFORMANCE_MAX' AND e.customer_id = c.customer_id
          AND e.campaign_id = c.id AND g.deleted_at IS NULL AND g.status <> 'REMOVED'
        ORDER BY g.id LIMIT 1) g
    LEFT JOIN LATERAL (
        SELECT (array_agg(x.text ORDER BY e.position) FILTER (WHERE e.field_type = 'HEADLINE'))[1] AS headline,
            (array_agg(x.text ORDER BY e.position) FILTER (WHERE e.field_type = 'DESCRIPTION'))[1] AS description,
            (array_agg(x.text) FILTER (WHERE e.field_type = 'BUSINESS_NAME'))[1] AS business_name,
            (array_agg(x.source_url ORDER BY x.source_url IS NULL, e.position)
                FILTER (WHERE e.field_type LIKE '%MARKETING_IMAGE'))[1] AS image
        FROM asset_group_asset e JOIN assets x ON x.customer_id = e.customer_id AND x.id = e.asset_id
        WHERE e.customer_id = c.customer_id AND e.asset_group_id = g.id AND e.status <> 'REMOVED') t ON true
) pmax ON true
"""
STATS = """
LEFT JOIN LATERAL (
    SELECT json_build_object('impressions', coalesce(sum(s.impressions), 0), 'clicks', coalesce(sum(s.clicks), 0),
        'cost_micros', coalesce(sum(s.cost_micros), 0), 'conversions', coalesce(sum(s.conversions), 0),
        'conversions_value', coalesce(sum(s.conversions_value), 0)) AS stats
    FROM stats.daily_totals s
    WHERE s.customer_id = c.customer_id AND s.level = :level AND s.google_id = c.google_id
      AND s.date BETWEEN :stats_from AND :stats_to) totals ON true
"""

_LIST = "SELECT coalesce(json_agg(listed.item ORDER BY listed.place), '[]')::text FROM ({}) listed"
_ONE = "SELECT wanted.place, (SELECT to_json(item) FROM ({}) item) AS item {}"
_PLAIN = Question(_LIST.format(_ONE.format(ITEM, FROM)))
_COUNTED = Question(_LIST.format(_ONE.format(f"{ITEM}, totals.stats", FROM + STATS)))


def visible_customers(session: Session, actor: Actor) -> dict[UUID, Customer]:
    """Give the accounts that the actor may see, by our id."""
    query = select(Customer).where(Customer.tenant_id == actor.tenant_id)
    if actor.visible_customers is not None:
        query = query.where(Customer.id.in_(actor.visible_customers))
    return {customer.id: customer for customer in session.scalars(query)}


def list_statement(customer_ids: Sequence[UUID], filters: Mapping[str, Any]) -> Select[Any]:
    """Select the ids of the campaigns that match."""
    wanted: list[ColumnElement[bool]] = [Campaign.customer_id.in_(customer_ids)]
    wanted.append(Campaign.deleted_at.isnot(None) if filters["deleted"] else Campaign.deleted_at.is_(None))
    for name in ("status", "google_status", "sync_status", "campaign_type", "objective"):
        if filters[name] is not None:
            wanted.append(getattr(Campaign, name) == filters[name])
    if filters["q"] is not None:
        wanted.append(Campaign.name.icontains(filters["q"], autoescape=True))
    if filters["tag"] is not None:
        wanted.append(Campaign.tags.contains([filters["tag"]]))
    return select(Campaign.id).where(*wanted)


def items_json(
    session: Session,
    customer_ids: Sequence[UUID],
    campaign_ids: Sequence[UUID],
    days: tuple[date, date] | None = None,
) -> str:
    """Give campaigns as a JSON array in the order of their ids here; `days` adds statistics of that range."""
    values: dict[str, Any] = {"ids": list(campaign_ids), "customers": list(customer_ids), "ignored": SEARCH_IGNORES}
    if days is None:
        return str(_PLAIN.ask(session, values))
    values |= {"stats_from": days[0], "stats_to": days[1], "level": int(Level.CAMPAIGN)}
    return str(_COUNTED.ask(session, values))


def item_json(session: Session, campaign: Campaign) -> str:
    """Give one campaign as a JSON object."""
    return items_json(session, [campaign.customer_id], [campaign.id])[1:-1]
