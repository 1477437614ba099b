"""Keywords and negatives at their three places: ad group, campaign, shared list."""

from __future__ import annotations

from backend.adgraph.merge import EntityMerge, Field
from backend.integrations.googleads.rows import Column, Kind, Selection
from backend.sync.queries import StructureQuery, google_status, resource_name

_TEXT_AND_TYPE = (
    Field("text", "s.text"),
    Field("match_type", "CASE WHEN s.match_type IN ('EXACT', 'PHRASE', 'BROAD') THEN s.match_type ELSE 'UNKNOWN' END"),
    Field("negative", "s.negative"),
)


def _merge(kind: str, parents: str, parent_id: str, name: str, fields: tuple[Field, ...]) -> EntityMerge:
    join = f"JOIN {parents} p ON p.customer_id = %(customer)s AND p.google_id = s.{parent_id}"
    known = f"EXISTS (SELECT FROM {parents} p WHERE p.customer_id = %(customer)s AND p.google_id = s.{parent_id})"
    return EntityMerge(
        "keywords",
        f"{{stage}} s {join}",
        key=(("parent_kind", f"'{kind}'"), ("parent_id", "p.id"), ("google_id", "s.id")),
        fields=(*_TEXT_AND_TYPE, *fields, Field("resource_name", name, derived=True)),
        gone=("status",),
        scope=f"t.parent_kind = '{kind}'",
        parent=known,
    )


AD_GROUP_KEYWORDS = StructureQuery(
    "keywords",
    "ad_group_criterion",
    Selection(
        (
            Column("ad_group_criterion.criterion_id", "id", Kind.INT),
            Column("ad_group.id", "ad_group_google_id", Kind.INT),
            Column("ad_group_criterion.keyword.text", "text", Kind.TEXT),
            Column("ad_group_criterion.keyword.match_type", "match_type", Kind.ENUM),
            Column("ad_group_criterion.negative", "negative", Kind.BOOL),
            Column("ad_group_criterion.status", "status", Kind.ENUM),
            Column("ad_group_criterion.cpc_bid_micros", "cpc_bid_micros", Kind.INT, nullable=True),
            Column("ad_group_criterion.final_urls", "final_urls", Kind.TEXTS),
            Column("ad_group_criterion.quality_info.quality_score", "quality_score", Kind.INT, nullable=True),
        ),
        key=("ad_group_google_id", "id"),
    ),
    merges=(
        _merge(
            "ad_group",
            "ad_groups",
            "ad_group_google_id",
            resource_name("adGroupCriteria", "s.ad_group_google_id", "s.id"),
            (
                Field("status", google_status("status"), editable=True),
                Field("cpc_bid_micros", "nullif(s.cpc_bid_micros, 0)", editable=True),
                Field("final_urls", "s.final_urls", editable=True),
                Field("quality_score", "nullif(s.quality_score, 0)"),
            ),
        ),
    ),
    edges=(
        (
            "INSERT INTO adgroup_keyword (customer_id, ad_group_id, keyword_id, sync_status, first_synced_at)"
            " SELECT k.customer_id, k.parent_id, k.id, 'synced', now() FROM keywords k"
            " WHERE k.customer_id = %(customer)s AND k.parent_kind = 'ad_group' AND k.first_synced_at = now()"
            " ON CONFLICT DO NOTHING"
        ),
    ),
    where="ad_group_criterion.type = 'KEYWORD'",
    change_type="AD_GROUP_CRITERION",
    key_field="ad_group_criterion.resource_name",
    key_is_name=True,
)

CAMPAIGN_NEGATIVES = StructureQuery(
    "campaign_negatives",
    "campaign_criterion",
    Selection(
        (
            Column("campaign_criterion.criterion_id", "id", Kind.INT),
            Column("campaign.id", "campaign_google_id", Kind.INT),
            Column("campaign_criterion.keyword.text", "text", Kind.TEXT),
            Column("campaign_criterion.keyword.match_type", "match_type", Kind.ENUM),
            Column("campaign_criterion.negative", "negative", Kind.BOOL),
            Column("campaign_criterion.status", "status", Kind.ENUM),
        ),
        key=("campaign_google_id", "id"),
    ),
    merges=(
        _merge(
            "campaign",
            "campaigns",
            "campaign_google_id",
            resource_name("campaignCriteria", "s.campaign_google_id", "s.id"),
            (Field("status", google_status("status"), editable=True),),
        ),
    ),
    where="campaign_criterion.type = 'KEYWORD'",
    change_type="CAMPAIGN_CRITERION",
    key_field="campaign_criterion.resource_name",
    key_is_name=True,
)

SHARED_SETS = StructureQuery(
    "shared_sets",
    "shared_set",
    Selection(
        (
            Column("shared_set.id", "id", Kind.INT),
            Column("shared_set.name", "name", Kind.TEXT),
            Column("shared_set.type", "type", Kind.ENUM),
            Column("shared_set.status", "status", Kind.ENUM),
        ),
        key=("id",),
    ),
    merges=(
        EntityMerge(
            "shared_sets",
            "{stage} s",
            key=(("google_id", "s.id"),),
            fields=(
                Field("name", "s.name", editable=True),
                Field("status", google_status("status"), editable=True),
                Field("type", "s.type"),
                Field("resource_name", resource_name("sharedSets", "s.id"), derived=True),
            ),
            gone=("status",),
        ),
    ),
    key_field="shared_set.id",
    change_type="SHARED_SET",
)

SHARED_NEGATIVES = StructureQuery(
    "shared_negatives",
    "shared_criterion",
    Selection(
        (
            Column("shared_criterion.criterion_id", "id", Kind.INT),
            Column("shared_criterion.shared_set", "shared_set_google_id", Kind.ID),
            Column("shared_criterion.keyword.text", "text", Kind.TEXT),
            Column("shared_criterion.keyword.match_type", "match_type", Kind.ENUM),
        ),
        key=("shared_set_google_id", "id"),
    ),
    merges=(
        EntityMerge(
            "keywords",
            "{stage} s JOIN shared_sets p ON p.customer_id = %(customer)s AND p.google_id = s.shared_set_google_id",
            key=(("parent_kind", "'shared_set'"), ("parent_id", "p.id"), ("google_id", "s.id")),
            fields=(
                Field("text", "s.text"),
                _TEXT_AND_TYPE[1],
                Field("negative", "true"),
                Field("status", "'ENABLED'", editable=True),
                Field("resource_name", resource_name("sharedCriteria", "s.shared_set_google_id", "s.id"), derived=True),
            ),
            gone=("status",),
            scope="t.parent_kind = 'shared_set'",
        ),
    ),
    where="shared_criterion.type = 'KEYWORD'",
)
