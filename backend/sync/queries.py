"""Each structure query with its target: what is asked, and how the answer becomes rows.

Entities first, parents before children, so that a child finds its parent. None of them asks for metrics, so Google
lists everything, removed things included; what a complete answer no longer lists is gone.
"""

from __future__ import annotations

from dataclasses import dataclass

from backend.adgraph.merge import EntityMerge, Field
from backend.integrations.googleads.rows import Column, Kind, Selection
from backend.sync import bidding

NO_RESOURCE_NAMES = "PARAMETERS omit_unselected_resource_names = true"


@dataclass(frozen=True, slots=True)
class StructureQuery:
    """One GAQL query about structure.

    Attributes:
        name: Of the query, the stage and the progress.
        resource: What stands after FROM.
        selection: The columns.
        merges: The entity tables that the answer fills, in order.
        edges: Statements over the stage that fill edge tables, after the merges.
        where: A fixed condition.
        change_type: The change_status resource type that announces its changes; None: Google announces none, so an
            incremental sync reads the whole answer too.
        key_field: The GAQL field by which single objects are asked for again; None: all of them are.
        key_is_name: That field holds a resource name, not an id.
        decides: The tables of whose rows the edge statements say whether they are in conflict.
        asks_for: The collection of the parents that are asked for again when one of their parts changed; the id of the
            parent stands first in the part's name.
    """

    name: str
    resource: str
    selection: Selection
    merges: tuple[EntityMerge, ...] = ()
    edges: tuple[str, ...] = ()
    where: str | None = None
    change_type: str | None = None
    key_field: str | None = None
    key_is_name: bool = False
    asks_for: str | None = None
    decides: tuple[str, ...] = ()

    def subject(self, name: str) -> str:
        """The resource that is asked for again when the one of this name changed."""
        if self.asks_for is None:
            return name
        _, customer_id, _, ids = name.split("/")
        return f"customers/{customer_id}/{self.asks_for}/{ids.partition('~')[0]}"

    def gaql(self, condition: str | None = None) -> str:
        """The query's text, with one more condition if asked for."""
        conditions = " AND ".join(part for part in (self.where, condition) if part)
        where = f" WHERE {conditions}" if conditions else ""
        return f"SELECT {self.selection.select()} FROM {self.resource}{where} {NO_RESOURCE_NAMES}"


def google_status(column: str) -> str:
    """SQL that keeps the statuses we know and calls every other one UNKNOWN."""
    return f"CASE WHEN s.{column} IN ('ENABLED', 'PAUSED', 'REMOVED') THEN s.{column} ELSE 'UNKNOWN' END"


def resource_name(collection: str, *ids: str) -> str:
    """SQL that puts a resource name together; the account's id is a subquery of one row."""
    account = "(SELECT google_customer_id FROM customers WHERE id = %(customer)s)"
    return f"'customers/' || {account} || '/{collection}/' || " + " || '~' || ".join(ids)


def _text(path: str, name: str) -> Column:
    return Column(path, name, Kind.TEXT, nullable=True)


def _micros(path: str, name: str) -> Column:
    return Column(path, name, Kind.INT, nullable=True)


BUDGETS = StructureQuery(
    "budgets",
    "campaign_budget",
    Selection(
        (
            Column("campaign_budget.id", "id", Kind.INT),
            _text("campaign_budget.name", "name"),
            _micros("campaign_budget.amount_micros", "amount_micros"),
            _micros("campaign_budget.total_amount_micros", "total_amount_micros"),
            Column("campaign_budget.period", "period", Kind.ENUM, nullable=True),
            Column("campaign_budget.delivery_method", "delivery_method", Kind.ENUM, nullable=True),
            Column("campaign_budget.explicitly_shared", "explicitly_shared", Kind.BOOL),
            Column("campaign_budget.status", "status", Kind.ENUM, nullable=True),
        ),
        key=("id",),
    ),
    merges=(
        EntityMerge(
            "campaign_budgets",
            "{stage} s",
            key=(("google_id", "s.id"),),
            fields=(
                Field("name", "s.name", editable=True),
                Field("amount_micros", "s.amount_micros", editable=True),
                Field("total_amount_micros", "s.total_amount_micros", editable=True),
                Field("delivery_method", "s.delivery_method", editable=True),
                Field("period", "s.period"),
                Field("explicitly_shared", "s.explicitly_shared"),
                Field("google_status", "s.status"),
                Field("resource_name", resource_name("campaignBudgets", "s.id"), derived=True),
            ),
            gone=("google_status",),
        ),
    ),
    key_field="campaign_budget.id",
    change_type="CAMPAIGN_BUDGET",
)

CAMPAIGNS = StructureQuery(
    "campaigns",
    "campaign",
    Selection(
        (
            Column("campaign.id", "id", Kind.INT),
            _text("campaign.name", "name"),
            Column("campaign.status", "status", Kind.ENUM),
            Column("campaign.serving_status", "serving_status", Kind.ENUM, nullable=True),
            Column("campaign.primary_status", "primary_status", Kind.ENUM, nullable=True),
            Column("campaign.advertising_channel_type", "campaign_type", Kind.ENUM),
            Column("campaign.start_date_time", "start_date", Kind.DAY, nullable=True),
            Column("campaign.end_date_time", "end_date", Kind.DAY, nullable=True),
            Column("campaign.campaign_budget", "budget_google_id", Kind.ID, nullable=True),
            Column("campaign.bidding_strategy", "strategy_google_id", Kind.ID, nullable=True),
            *bidding.columns("campaign", "bidding_strategy_type"),
            Column("campaign.contains_eu_political_advertising", "eu_political", Kind.ENUM, nullable=True),
            _text("campaign.tracking_url_template", "tracking_url_template"),
            _text("campaign.final_url_suffix", "final_url_suffix"),
        ),
        key=("id",),
    ),
    merges=(
        EntityMerge(
            "campaigns",
            "{stage} s LEFT JOIN campaign_budgets b"
            " ON b.customer_id = %(customer)s AND b.google_id = s.budget_google_id"
            " LEFT JOIN bidding_strategies o ON o.customer_id = %(customer)s AND o.google_id = s.strategy_google_id",
            key=(("google_id", "s.id"),),
            fields=(
                Field("name", "coalesce(s.name, '')", editable=True),
                Field("google_status", google_status("status"), editable=True),
                Field("start_date", "s.start_date", editable=True),
                # Google says "for ever" as the last day of 2037 in older answers and leaves it unset in newer ones.
                Field("end_date", "nullif(s.end_date, DATE '2037-12-30')", editable=True),
                Field("bidding", bidding.settings("bidding_strategy_type"), editable=True),
                Field("contains_eu_political_advertising", "s.eu_political", editable=True),
                Field("tracking_url_template", "nullif(s.tracking_url_template, '')", editable=True),
                Field("final_url_suffix", "nullif(s.final_url_suffix, '')", editable=True),
                Field("budget_id", "b.id"),
                Field("bidding_strategy_id", "o.id"),
                Field("campaign_type", "s.campaign_type"),
                Field("bidding_strategy_type", "s.bidding_strategy_type"),
                Field("serving_status", "s.serving_status"),
                Field("primary_status", "s.primary_status"),
                Field("resource_name", resource_name("campaigns", "s.id"), derived=True),
                Field("status", "CASE WHEN s.status = 'REMOVED' THEN 'REMOVED' ELSE 'PUBLISHED' END"),
            ),
            gone=("google_status", "status"),
            scope="t.status = 'PUBLISHED'",
        ),
    ),
    edges=(
        (
            "INSERT INTO account_campaign (customer_id, campaign_id) SELECT c.customer_id, c.id FROM {stage} s"
            " JOIN campaigns c ON c.customer_id = %(customer)s AND c.google_id = s.id ON CONFLICT DO NOTHING"
        ),
    ),
    key_field="campaign.id",
    change_type="CAMPAIGN",
)

_OF_CAMPAIGN = "JOIN campaigns p ON p.customer_id = %(customer)s AND p.google_id = s.campaign_google_id"
_KNOWN_CAMPAIGN = (
    "EXISTS (SELECT FROM campaigns p WHERE p.customer_id = %(customer)s AND p.google_id = s.campaign_google_id)"
)
_OF_AD_GROUP = "JOIN ad_groups p ON p.customer_id = %(customer)s AND p.google_id = s.ad_group_google_id"
_KNOWN_AD_GROUP = (
    "EXISTS (SELECT FROM ad_groups p WHERE p.customer_id = %(customer)s AND p.google_id = s.ad_group_google_id)"
)

AD_GROUPS = StructureQuery(
    "ad_groups",
    "ad_group",
    Selection(
        (
            Column("ad_group.id", "id", Kind.INT),
            Column("campaign.id", "campaign_google_id", Kind.INT),
            _text("ad_group.name", "name"),
            Column("ad_group.type", "type", Kind.ENUM, nullable=True),
            Column("ad_group.status", "status", Kind.ENUM),
            _micros("ad_group.cpc_bid_micros", "cpc_bid_micros"),
            _micros("ad_group.cpm_bid_micros", "cpm_bid_micros"),
            _micros("ad_group.target_cpa_micros", "target_cpa_micros"),
            Column("ad_group.target_roas", "target_roas", Kind.FLOAT, nullable=True),
        ),
        key=("id",),
    ),
    merges=(
        EntityMerge(
            "ad_groups",
            f"{{stage}} s {_OF_CAMPAIGN}",
            key=(("google_id", "s.id"),),
            fields=(
                Field("name", "s.name", editable=True),
                Field("status", google_status("status"), editable=True),
                Field("cpc_bid_micros", "nullif(s.cpc_bid_micros, 0)", editable=True),
                Field("type", "nullif(s.type, 'UNSPECIFIED')"),
                Field("cpm_bid_micros", "nullif(s.cpm_bid_micros, 0)"),
                Field("target_cpa_micros", "nullif(s.target_cpa_micros, 0)"),
                Field("target_roas", "nullif(s.target_roas, 0)"),
                Field("resource_name", resource_name("adGroups", "s.id"), derived=True),
            ),
            gone=("status",),
            parent=_KNOWN_CAMPAIGN,
        ),
    ),
    edges=(
        (
            "INSERT INTO campaign_adgroup (customer_id, campaign_id, ad_group_id) SELECT p.customer_id, p.id, g.id"
            f" FROM {{stage}} s {_OF_CAMPAIGN} JOIN ad_groups g ON g.customer_id = %(customer)s AND g.google_id = s.id"
            " ON CONFLICT DO NOTHING"
        ),
    ),
    key_field="ad_group.id",
    change_type="AD_GROUP",
)

_LEGACY_TEXTS = (
    "jsonb_strip_nulls(jsonb_build_object('headline_part1', s.headline_part1, 'headline_part2', s.headline_part2,"
    " 'headline_part3', s.headline_part3, 'description', s.description1, 'description2', s.description2))"
)

ADS = StructureQuery(
    "ads",
    "ad_group_ad",
    Selection(
        (
            Column("ad_group_ad.ad.id", "id", Kind.INT),
            Column("ad_group.id", "ad_group_google_id", Kind.INT),
            Column("ad_group_ad.status", "status", Kind.ENUM),
            Column("ad_group_ad.ad.type", "type", Kind.ENUM, nullable=True),
            _text("ad_group_ad.ad.name", "name"),
            Column("ad_group_ad.ad.final_urls", "final_urls", Kind.TEXTS),
            _text("ad_group_ad.ad.tracking_url_template", "tracking_url_template"),
            Column("ad_group_ad.ad_strength", "ad_strength", Kind.ENUM, nullable=True),
            _text("ad_group_ad.ad.responsive_search_ad.path1", "path1"),
            _text("ad_group_ad.ad.responsive_search_ad.path2", "path2"),
            _text("ad_group_ad.ad.responsive_display_ad.business_name", "display_business_name"),
            _text("ad_group_ad.ad.demand_gen_multi_asset_ad.business_name", "demand_gen_business_name"),
            _text("ad_group_ad.ad.expanded_text_ad.headline_part1", "headline_part1"),
            _text("ad_group_ad.ad.expanded_text_ad.headline_part2", "headline_part2"),
            _text("ad_group_ad.ad.expanded_text_ad.headline_part3", "headline_part3"),
            _text("ad_group_ad.ad.expanded_text_ad.description", "description1"),
            _text("ad_group_ad.ad.expanded_text_ad.description2", "description2"),
            Column("ad_group_ad.policy_summary.approval_status", "approval_status", Kind.ENUM, nullable=True),
            Column("ad_group_ad.policy_summary.review_status", "review_status", Kind.ENUM, nullable=True),
        ),
        key=("ad_group_google_id", "id"),
    ),
    merges=(
        EntityMerge(
            "ads",
            f"(SELECT DISTINCT ON (id) * FROM {{stage}} ORDER BY id) s {_OF_AD_GROUP}",
            key=(("google_id", "s.id"),),
            fields=(
                Field("name", "nullif(s.name, '')", editable=True),
                Field("final_urls", "s.final_urls", editable=True),
                Field("path1", "nullif(s.path1, '')", editable=True),
                Field("path2", "nullif(s.path2, '')", editable=True),
                Field("tracking_url_template", "nullif(s.tracking_url_template, '')", editable=True),
                Field(
                    "business_name",
                    "nullif(coalesce(s.demand_gen_business_name, s.display_business_name), '')",
                    editable=True,
                ),
                Field("type", "s.type"),
                Field("ad_strength", "s.ad_strength"),
                Field("resource_name", resource_name("ads", "s.id"), derived=True),
            ),
            on_insert=(("attributes", "'{}'"),),
            parent=_KNOWN_AD_GROUP,
        ),
        EntityMerge(
            "adgroup_ad",
            f"{{stage}} s {_OF_AD_GROUP} JOIN ads a ON a.customer_id = %(customer)s AND a.google_id = s.id",
            key=(("ad_group_id", "p.id"), ("ad_id", "a.id")),
            fields=(
                Field("status", google_status("status"), editable=True),
                Field(
                    "properties",
                    "jsonb_strip_nulls(jsonb_build_object('approval_status', s.approval_status,"
                    " 'review_status', s.review_status))",
                ),
                Field("resource_name", resource_name("adGroupAds", "s.ad_group_google_id", "s.id"), derived=True),
            ),
            gone=("status",),
            edge=True,
            pushed_as="ad_id",
        ),
    ),
    edges=(
        (
            f"UPDATE ads t SET attributes = t.attributes || {_LEGACY_TEXTS} FROM {{stage}} s"
            " WHERE t.customer_id = %(customer)s AND t.google_id = s.id AND s.headline_part1 IS NOT NULL"
            f" AND t.attributes IS DISTINCT FROM t.attributes || {_LEGACY_TEXTS}"
        ),
    ),
    key_field="ad_group_ad.ad.id",
    change_type="AD_GROUP_AD",
)
