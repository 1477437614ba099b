"""Google's labels and what carries them, and the bidding strategies that campaigns share.

They are Google's own: our tags, notes and internal labels are something else and are never touched. Google announces
changes of neither, so an incremental sync reads them whole too.
"""

from __future__ import annotations

from backend.adgraph.merge import EntityMerge, Field
from backend.integrations.googleads.rows import Column, Kind, Selection
from backend.sync import bidding
from backend.sync.queries import StructureQuery, google_status, resource_name

BIDDING_STRATEGIES = StructureQuery(
    "bidding_strategies",
    "bidding_strategy",
    Selection(
        (
            Column("bidding_strategy.id", "id", Kind.INT),
            Column("bidding_strategy.name", "name", Kind.TEXT),
            Column("bidding_strategy.status", "status", Kind.ENUM),
            *bidding.columns("bidding_strategy", "type"),
        ),
        key=("id",),
    ),
    merges=(
        EntityMerge(
            "bidding_strategies",
            "{stage} s",
            key=(("google_id", "s.id"),),
            fields=(
                Field("name", "s.name"),
                Field("type", "coalesce(s.type, 'UNKNOWN')"),
                Field("status", google_status("status")),
                Field("bidding", bidding.settings("type")),
                Field("resource_name", resource_name("biddingStrategies", "s.id"), derived=True),
            ),
            gone=("status",),
        ),
    ),
)

LABELS = StructureQuery(
    "labels",
    "label",
    Selection(
        (
            Column("label.id", "id", Kind.INT),
            Column("label.name", "name", Kind.TEXT),
            Column("label.status", "status", Kind.ENUM),
            Column("label.text_label.background_color", "background_color", Kind.TEXT, nullable=True),
            Column("label.text_label.description", "description", Kind.TEXT, nullable=True),
        ),
        key=("id",),
    ),
    merges=(
        EntityMerge(
            "labels",
            "{stage} s",
            key=(("google_id", "s.id"),),
            fields=(
                Field("name", "s.name"),
                Field("status", google_status("status")),
                Field("background_color", "nullif(s.background_color, '')"),
                Field("description", "nullif(s.description, '')"),
                Field("resource_name", resource_name("labels", "s.id"), derived=True),
            ),
            gone=("status",),
        ),
    ),
)


def _labelled(resource: str, table: str, child: str, ids: tuple[Column, ...], joins: str) -> StructureQuery:
    """What carries labels: `joins` lead from the staged ids to the row `x` whose id is the edge's `child`."""
    return StructureQuery(
        f"{resource}s",
        resource,
        Selection(
            (*ids, Column("label.id", "label_google_id", Kind.INT)), key=(*(c.name for c in ids), "label_google_id")
        ),
        edges=(
            f"""
MERGE INTO {table} t USING (
    SELECT DISTINCT x.id AS child_id, l.id AS label_id FROM {{stage}} s {joins}
    JOIN labels l ON l.customer_id = %(customer)s AND l.google_id = s.label_google_id
) s ON t.customer_id = %(customer)s AND t.{child} = s.child_id AND t.label_id = s.label_id
WHEN MATCHED AND t.status <> 'ENABLED' THEN UPDATE SET status = 'ENABLED'
WHEN NOT MATCHED THEN INSERT (customer_id, {child}, label_id, status)
    VALUES (%(customer)s, s.child_id, s.label_id, 'ENABLED')""",
            f"""
UPDATE {table} t SET status = 'REMOVED' WHERE t.customer_id = %(customer)s AND t.status <> 'REMOVED'
  AND NOT EXISTS (
    SELECT FROM {{stage}} s {joins} JOIN labels l ON l.customer_id = %(customer)s AND l.google_id = s.label_google_id
    WHERE x.id = t.{child} AND l.id = t.label_id)""",
        ),
    )


def _entity(table: str, staged: str, alias: str = "x") -> str:
    return f"JOIN {table} {alias} ON {alias}.customer_id = %(customer)s AND {alias}.google_id = s.{staged}"


CAMPAIGN_LABELS = _labelled(
    "campaign_label",
    "campaign_label",
    "campaign_id",
    (Column("campaign.id", "campaign_google_id", Kind.INT),),
    _entity("campaigns", "campaign_google_id"),
)
AD_GROUP_LABELS = _labelled(
    "ad_group_label",
    "ad_group_label",
    "ad_group_id",
    (Column("ad_group.id", "ad_group_google_id", Kind.INT),),
    _entity("ad_groups", "ad_group_google_id"),
)
AD_LABELS = _labelled(
    "ad_group_ad_label",
    "ad_label",
    "ad_id",
    (Column("ad_group_ad.ad.id", "ad_google_id", Kind.INT),),
    _entity("ads", "ad_google_id"),
)
KEYWORD_LABELS = _labelled(
    "ad_group_criterion_label",
    "keyword_label",
    "keyword_id",
    (
        Column("ad_group.id", "ad_group_google_id", Kind.INT),
        Column("ad_group_criterion.criterion_id", "criterion_google_id", Kind.INT),
    ),
    _entity("ad_groups", "ad_group_google_id", "g")
    + " JOIN keywords x ON x.customer_id = %(customer)s AND x.parent_kind = 'ad_group' AND x.parent_id = g.id"
    " AND x.google_id = s.criterion_google_id",
)
