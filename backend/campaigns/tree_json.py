"""A campaign's whole tree, and each kind of child, as JSON that PostgreSQL makes.

The fragments are correlated with the alias named in their docstring, so that a child shows the same members alone and
inside the tree.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.adgraph.models import Campaign
from backend.campaigns import reading
from backend.core.prepared import Question

STATE = """{a}.sync_status, {a}.dirty_fields <> '{{}}' AS is_dirty, {a}.dirty_fields, {a}.sync_error, {a}.version,
    {a}.created_at, {a}.updated_at, {a}.first_synced_at, {a}.last_synced_at"""
NOTES = "{a}.internal_label, {a}.internal_notes, {a}.tags"


def _columns(fragment: str, alias: str) -> str:
    return fragment.replace("{a}", alias).replace("{{}}", "{}")


ASSET = f"""SELECT x.id, x.google_id::text AS google_asset_id, x.type, x.name, x.text, x.youtube_video_id, x.mime_type,
    x.width, x.height, x.source_url AS url, x.fetch_status, x.fetch_problem, x.resource_name, x.attributes,
    {_columns(NOTES, "x")}, {_columns(STATE, "x")}"""

KEYWORD = f"""SELECT w.id, w.google_id::text AS criterion_id, w.resource_name, w.text, w.match_type, w.negative,
    w.status, w.cpc_bid_micros, w.final_urls, w.quality_score, w.policy, {_columns(NOTES, "w")},
    {_columns(STATE, "w")}"""


def _slot(field_type: str, edge: str, holder: str, alias: str) -> str:
    """The texts of one slot of the ad or asset group `alias`."""
    live = "" if edge == "ad_asset" else " AND e.status <> 'REMOVED'"
    pin = "e.pinned_field" if edge == "ad_asset" else "NULL::text"
    return f"""(SELECT coalesce(json_agg(json_build_object('asset_id', x.id, 'google_asset_id', x.google_id::text,
        'asset_text', x.text, 'field_type', e.field_type, 'pinned_field', {pin},
        'performance_label', e.performance_label) ORDER BY e.position, x.id), '[]')
      FROM {edge} e JOIN assets x ON x.customer_id = e.customer_id AND x.id = e.asset_id
      WHERE e.customer_id = {alias}.customer_id AND e.{holder} = {alias}.id AND e.field_type = '{field_type}'{live})"""


def _other_assets(edge: str, holder: str, alias: str) -> str:
    """The images, videos and cards of the ad or asset group `alias`."""
    live = "" if edge == "ad_asset" else " AND e.status <> 'REMOVED'"
    return f"""(SELECT coalesce(json_agg(json_build_object('asset_id', x.id, 'google_asset_id', x.google_id::text,
        'field_type', e.field_type, 'type', x.type, 'url', x.source_url, 'width', x.width, 'height', x.height,
        'fetch_status', x.fetch_status, 'youtube_video_id', x.youtube_video_id, 'attributes', x.attributes,
        'performance_label', e.performance_label) ORDER BY e.field_type, e.position, x.id), '[]')
      FROM {edge} e JOIN assets x ON x.customer_id = e.customer_id AND x.id = e.asset_id
      WHERE e.customer_id = {alias}.customer_id AND e.{holder} = {alias}.id
        AND e.field_type NOT IN ('HEADLINE', 'LONG_HEADLINE', 'DESCRIPTION'){live})"""


AD = f"""SELECT a.id, a.google_id::text AS google_ad_id, v.resource_name, v.ad_group_id, a.type, a.name, v.status,
    a.final_urls, a.path1, a.path2, a.business_name, a.tracking_url_template, a.ad_strength, v.properties AS review,
    a.attributes, {_slot("HEADLINE", "ad_asset", "ad_id", "a")} AS headlines,
    {_slot("LONG_HEADLINE", "ad_asset", "ad_id", "a")} AS long_headlines,
    {_slot("DESCRIPTION", "ad_asset", "ad_id", "a")} AS descriptions,
    {_other_assets("ad_asset", "ad_id", "a")} AS assets, {_columns(NOTES, "a")},
    CASE WHEN a.sync_status = 'synced' THEN v.sync_status ELSE a.sync_status END AS sync_status,
    (a.dirty_fields <> '{{}}' OR v.dirty_fields <> '{{}}') AS is_dirty,
    a.dirty_fields || v.dirty_fields AS dirty_fields,
    coalesce(a.sync_error, v.sync_error) AS sync_error, a.version, a.created_at, a.updated_at, a.first_synced_at,
    a.last_synced_at"""
AD_FROM = "FROM adgroup_ad v JOIN ads a ON a.customer_id = v.customer_id AND a.id = v.ad_id"

ASSET_GROUP = f"""SELECT p.id, p.google_id::text AS google_asset_group_id, p.resource_name, p.name, p.status,
    p.final_urls, p.path1, p.path2, p.ad_strength, p.attributes ->> 'business_name' AS business_name,
    {_slot("HEADLINE", "asset_group_asset", "asset_group_id", "p")} AS headlines,
    {_slot("LONG_HEADLINE", "asset_group_asset", "asset_group_id", "p")} AS long_headlines,
    {_slot("DESCRIPTION", "asset_group_asset", "asset_group_id", "p")} AS descriptions,
    {_other_assets("asset_group_asset", "asset_group_id", "p")} AS assets, {_columns(NOTES, "p")},
    {_columns(STATE, "p")}"""
ASSET_GROUP_FROM = """FROM campaign_asset_group e
    JOIN asset_groups p ON p.customer_id = e.customer_id AND p.id = e.asset_group_id"""


LINK = f"""SELECT l.id, l.asset_id, x.google_id::text AS google_asset_id, l.resource_name, l.field_type, l.status,
    x.text, x.attributes, {_columns(STATE, "l")}"""
LINK_FROM = "FROM {edge} l JOIN assets x ON x.customer_id = l.customer_id AND x.id = l.asset_id"


def _links(edge: str, holder: str, alias: str) -> str:
    """The sitelinks, callouts and images linked to `alias`."""
    return f"""(SELECT coalesce(json_agg(to_json(k) ORDER BY k.id), '[]')
      FROM ({LINK} {LINK_FROM.format(edge=edge)}
      WHERE l.customer_id = {alias}.customer_id AND l.{holder} = {alias}.id AND l.status <> 'REMOVED') k)"""


def _keywords(parent_kind: str, alias: str, *, negative: bool) -> str:
    """The keywords of `alias`, without what was removed."""
    return f"""(SELECT coalesce(json_agg(to_json(k) ORDER BY k.id), '[]') FROM ({KEYWORD} FROM keywords w
      WHERE w.customer_id = {alias}.customer_id AND w.parent_kind = '{parent_kind}' AND w.parent_id = {alias}.id
        AND w.negative = {str(negative).lower()} AND w.deleted_at IS NULL AND w.status <> 'REMOVED') k)"""


SHARED_SET = f"""SELECT s.id, s.google_id::text AS google_shared_set_id, s.resource_name, s.name, s.type, s.status,
    (SELECT count(*) FROM keywords w WHERE w.customer_id = s.customer_id AND w.parent_kind = 'shared_set'
      AND w.parent_id = s.id AND w.deleted_at IS NULL AND w.status <> 'REMOVED') AS keyword_count,
    (SELECT count(*) FROM campaign_shared_set e JOIN campaigns c ON c.customer_id = e.customer_id
      AND c.id = e.campaign_id AND c.deleted_at IS NULL AND c.status <> 'REMOVED'
      WHERE e.customer_id = s.customer_id AND e.shared_set_id = s.id AND e.status <> 'REMOVED') AS campaign_count,
    {_columns(NOTES, "s")}, {_columns(STATE, "s")}"""
SHARED_SET_WHOLE = (SHARED_SET, "FROM shared_sets s", "s")

AD_GROUP = f"""SELECT g.id, g.google_id::text AS google_ad_group_id, g.resource_name, g.name, g.type, g.status,
    g.cpc_bid_micros, {_columns(NOTES, "g")}, {_columns(STATE, "g")}"""
AD_GROUP_FROM = """FROM campaign_adgroup e
    JOIN ad_groups g ON g.customer_id = e.customer_id AND g.id = e.ad_group_id"""
AD_GROUP_WHOLE = f"""{AD_GROUP}, {_keywords("ad_group", "g", negative=False)} AS keywords,
    {_keywords("ad_group", "g", negative=True)} AS negative_keywords,
    {_links("ad_group_asset", "ad_group_id", "g")} AS asset_links,
    (SELECT coalesce(json_agg(to_json(ad) ORDER BY ad.id), '[]') FROM ({AD} {AD_FROM}
      WHERE v.customer_id = g.customer_id AND v.ad_group_id = g.id AND a.deleted_at IS NULL
        AND v.status <> 'REMOVED') ad) AS ads"""

_USED_LISTS = """(SELECT coalesce(json_agg(json_build_object('id', s.id, 'name', s.name, 'type', s.type,
        'google_shared_set_id', s.google_id::text, 'status', e.status, 'sync_status', e.sync_status,
        'is_dirty', e.dirty_fields <> '{}', 'sync_error', e.sync_error) ORDER BY s.name), '[]')
      FROM campaign_shared_set e JOIN shared_sets s ON s.customer_id = e.customer_id AND s.id = e.shared_set_id
      WHERE e.customer_id = c.customer_id AND e.campaign_id = c.id AND e.status <> 'REMOVED'
        AND s.deleted_at IS NULL)"""

_BUDGET = """(SELECT json_build_object('id', b.id, 'google_budget_id', b.google_id::text, 'name', b.name,
        'amount_micros', b.amount_micros, 'total_amount_micros', b.total_amount_micros,
        'delivery_method', b.delivery_method, 'explicitly_shared', b.explicitly_shared,
        'sync_status', b.sync_status, 'dirty_fields', b.dirty_fields)
      FROM campaign_budgets b WHERE b.customer_id = c.customer_id AND b.id = c.budget_id)"""

_TREE = Question(f"""
SELECT json_build_object(
  'ad_groups', (SELECT coalesce(json_agg(to_json(whole) ORDER BY whole.id), '[]') FROM ({AD_GROUP_WHOLE} {AD_GROUP_FROM}
      WHERE e.customer_id = c.customer_id AND e.campaign_id = c.id AND g.deleted_at IS NULL
        AND g.status <> 'REMOVED') whole),
  'asset_groups', (SELECT coalesce(json_agg(to_json(whole) ORDER BY whole.id), '[]') FROM
      ({ASSET_GROUP} {ASSET_GROUP_FROM} WHERE e.customer_id = c.customer_id AND e.campaign_id = c.id
        AND p.deleted_at IS NULL AND p.status <> 'REMOVED') whole),
  'negative_keywords', {_keywords("campaign", "c", negative=True)},
  'asset_links', {_links("campaign_asset", "campaign_id", "c")},
  'shared_sets', {_USED_LISTS},
  'budget', {_BUDGET}
)::text FROM campaigns c WHERE c.customer_id = :customer AND c.id = :campaign
""")


def tree(session: Session, campaign: Campaign) -> str:
    """Give a campaign's item with `budget`, `ad_groups`, `asset_groups`, … inside it."""
    below = _TREE.ask(session, {"customer": campaign.customer_id, "campaign": campaign.id})
    return f"{reading.item_json(session, campaign)[:-1]},{below[1:]}"


_BUDGET_ALONE = text(f"SELECT {_BUDGET}::text FROM campaigns c WHERE c.customer_id = :customer AND c.id = :campaign")
_USED = text(f"SELECT {_USED_LISTS}::text FROM campaigns c WHERE c.customer_id = :customer AND c.id = :campaign")


def budget(session: Session, campaign: Campaign) -> str | None:
    """Give a campaign's budget as a JSON object, None where it has none yet."""
    values = {"customer": campaign.customer_id, "campaign": campaign.id}
    found: str | None = session.execute(_BUDGET_ALONE, values).scalar_one()
    return found


def used_lists(session: Session, campaign: Campaign) -> str:
    """Give the lists of negatives that a campaign uses as a JSON array."""
    return str(session.execute(_USED, {"customer": campaign.customer_id, "campaign": campaign.id}).scalar_one())


def many(session: Session, fragment: tuple[str, str, str], customer_id: UUID, ids: list[UUID]) -> str:
    """Give children as a JSON array in the order of their ids; the fragment is (SELECT, FROM, alias)."""
    select, source, alias = fragment
    statement = text(
        "SELECT coalesce(json_agg(to_json(item) ORDER BY array_position(CAST(:ids AS uuid[]), item.id)), '[]')::text"
        f" FROM ({select} {source}"
        f" WHERE {alias}.customer_id = :customer AND {alias}.id = ANY (CAST(:ids AS uuid[]))) item"
    )
    return str(session.execute(statement, {"ids": ids, "customer": customer_id}).scalar_one())
