"""Campaigns as people send them and as the API answers them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from backend.adgraph.models import CAMPAIGN_STATUSES, CAMPAIGN_TYPES, OBJECTIVES
from backend.campaigns.fields import AssetUrl, CustomerId, EuDeclaration, Micros, OneOrForm, Text
from backend.campaigns.flat import keyword
from backend.campaigns.tree_schemas import (
    AdGroupForm,
    AssetGroupForm,
    BiddingForm,
    BudgetForm,
    KeywordForm,
    LinkForm,
    OurNotes,
    TargetingForm,
    keyword_list,
    texts,
)
from backend.core.http.pages import PageQuery

SORTS = ("-created_at", "created_at", "name", "-name", "-updated_at", "updated_at")


class CampaignFields(OurNotes):
    """The fields that a draft may be given at once or later."""

    objective = fields.String(allow_none=True, validate=validate.OneOf(OBJECTIVES))
    daily_budget = Micros(allow_none=True)
    start_date = fields.Date(allow_none=True)
    end_date = fields.Date(allow_none=True)
    ad_group_name = Text(most=500, allow_none=True)
    ad_headline = Text(most=500, allow_none=True)
    ad_description = Text(most=500, allow_none=True)
    asset_url = AssetUrl(most=2_048, allow_none=True)
    final_url = Text(most=2_048, allow_none=True)
    business_name = Text(most=200, allow_none=True)
    logo_url = AssetUrl(most=2_048, allow_none=True)
    headlines = texts()
    descriptions = texts()
    keywords = fields.List(OneOrForm(KeywordForm, keyword), validate=validate.Length(max=20_000))
    contains_eu_political_advertising = EuDeclaration(allow_none=True)
    budget = fields.Nested(BudgetForm)
    bidding = fields.Nested(BiddingForm)
    targeting = fields.Nested(TargetingForm)
    tracking_url_template = Text(most=2_048, allow_none=True)
    final_url_suffix = Text(most=2_048, allow_none=True)

    @validates_schema
    def consistent(self, data: Mapping[str, Any], **_: Any) -> None:
        """What contradicts itself is refused at once."""
        start, end = data.get("start_date"), data.get("end_date")
        if start and end and end < start:
            raise ValidationError("The end is not before the start.", field_name="end_date")
        if data.get("daily_budget") is not None and data.get("budget", {}).get("amount_micros") is not None:
            raise ValidationError("Give daily_budget or budget.amount_micros.", field_name="daily_budget")


class CampaignForm(CampaignFields):
    """A new campaign: the flat form, or the whole tree; only the name is required."""

    tree_members = frozenset({"ad_groups", "asset_groups", "negative_keywords", "asset_links"})

    name = Text(required=True, least=1, most=1_000, metadata={"description": "Unique among live campaigns."})
    campaign_type = fields.String(load_default="DEMAND_GEN", validate=validate.OneOf(CAMPAIGN_TYPES))
    customer_id = CustomerId()
    slug = fields.String(validate=validate.Length(1, 80))
    ad_groups = fields.List(fields.Nested(AdGroupForm), validate=validate.Length(max=20_000))
    asset_groups = fields.List(fields.Nested(AssetGroupForm), validate=validate.Length(max=100))
    negative_keywords = keyword_list()
    asset_links = fields.List(fields.Nested(LinkForm), validate=validate.Length(max=200))
    shared_sets = fields.List(
        fields.UUID(),
        validate=validate.Length(max=20),
        metadata={"description": "Lists of negative keywords of the account that the campaign uses, by their ids."},
    )

    @validates_schema
    def named(self, data: Mapping[str, Any], **_: Any) -> None:
        """A name of spaces is none."""
        if not data["name"].strip():
            raise ValidationError("The name is empty.", field_name="name")

    @validates_schema
    def one_form(self, data: Mapping[str, Any], **_: Any) -> None:
        """The flat form or the tree, not both: which would win?"""
        below = [name for name in ("ad_groups", "asset_groups") if data.get(name)]
        flat = [name for name in ("ad_group_name", "ad_headline", "ad_description", "asset_url") if data.get(name)]
        if below and flat:
            raise ValidationError(f"Give this inside {below[0]}, not beside it.", field_name=flat[0])


class CampaignPatch(CampaignFields):
    """Changes to a campaign; what is not named stays, null empties."""

    name = Text(least=1, most=1_000)
    campaign_type = fields.String(validate=validate.OneOf(CAMPAIGN_TYPES))
    google_status = fields.String(validate=validate.OneOf(("ENABLED", "PAUSED")))
    reason = Text(most=500, metadata={"description": "Why; kept in the audit trail."})


class CopyForm(Schema):
    """What a copy is called."""

    name = Text(required=True, least=1, most=1_000)


class CampaignQuery(PageQuery):
    """How to narrow and order the list."""

    customer_id = CustomerId(load_default=None)
    slug = fields.String(load_default=None)
    status = fields.String(load_default=None, validate=validate.OneOf(CAMPAIGN_STATUSES))
    google_status = fields.String(
        load_default=None, validate=validate.OneOf(("ENABLED", "PAUSED", "REMOVED", "UNKNOWN"))
    )
    sync_status = fields.String(
        load_default=None,
        validate=validate.OneOf(("draft", "publishing", "synced", "dirty", "conflict", "sync_error")),
    )
    campaign_type = fields.String(load_default=None, validate=validate.Length(1, 40))
    objective = fields.String(load_default=None, validate=validate.OneOf(OBJECTIVES))
    q = Text(load_default=None, least=1, most=200, metadata={"description": "Part of the name."})
    tag = Text(load_default=None, least=1, most=80)
    deleted = fields.Boolean(load_default=False, metadata={"description": "Those that were deleted, instead."})
    sort = fields.String(load_default="-created_at", validate=validate.OneOf(SORTS))
    stats_from = fields.Date(load_default=None, metadata={"description": "Adds `stats` summed from this day."})
    stats_to = fields.Date(load_default=None, metadata={"description": "… to this day, both included."})

    @validates_schema
    def range(self, data: Mapping[str, Any], **_: Any) -> None:
        """Both ends, in order."""
        start, end = data.get("stats_from"), data.get("stats_to")
        if (start is None) != (end is None):
            raise ValidationError("Give stats_from and stats_to.", field_name="stats_to")
        if start and end and end < start:
            raise ValidationError("The end is not before the start.", field_name="stats_to")


class ProblemItem(Schema):
    """What stands between a draft and its publishing."""

    pointer = fields.String(required=True)
    code = fields.String(required=True)
    message = fields.String(required=True)


class StatsItem(Schema):
    """Sums over the range that was asked for."""

    impressions = fields.Integer(required=True)
    clicks = fields.Integer(required=True)
    cost_micros = fields.Integer(required=True)
    conversions = fields.Float(required=True)
    conversions_value = fields.Float(required=True)


class CampaignItem(Schema):
    """A campaign as the API answers it; money is micros, Google's ids are texts."""

    id = fields.UUID(required=True)
    customer_id = fields.String(required=True)
    slug = fields.String(required=True)
    name = fields.String(required=True)
    objective = fields.String(required=True, allow_none=True)
    campaign_type = fields.String(required=True)
    daily_budget = fields.Integer(required=True, allow_none=True)
    start_date = fields.Date(required=True, allow_none=True)
    end_date = fields.Date(required=True, allow_none=True)
    status = fields.String(required=True, validate=validate.OneOf(CAMPAIGN_STATUSES))
    google_status = fields.String(required=True, allow_none=True)
    sync_status = fields.String(required=True)
    is_dirty = fields.Boolean(required=True)
    publishable = fields.Boolean(required=True)
    google_campaign_id = fields.String(required=True, allow_none=True)
    resource_name = fields.String(required=True, allow_none=True)
    ad_group_name = fields.String(required=True, allow_none=True)
    ad_headline = fields.String(required=True, allow_none=True)
    ad_description = fields.String(required=True, allow_none=True)
    asset_url = fields.String(required=True, allow_none=True)
    final_url = fields.String(required=True, allow_none=True)
    business_name = fields.String(required=True, allow_none=True)
    contains_eu_political_advertising = fields.String(required=True, allow_none=True)
    bidding = fields.Dict(required=True)
    bidding_strategy_type = fields.String(required=True, allow_none=True)
    targeting = fields.Dict(required=True)
    tracking_url_template = fields.String(required=True, allow_none=True)
    final_url_suffix = fields.String(required=True, allow_none=True)
    serving_status = fields.String(required=True, allow_none=True)
    dirty_fields = fields.List(fields.String(), required=True)
    sync_error = fields.Dict(required=True, allow_none=True)
    internal_label = fields.String(required=True, allow_none=True)
    internal_notes = fields.String(required=True, allow_none=True)
    tags = fields.List(fields.String(), required=True)
    problems = fields.List(fields.Nested(ProblemItem), required=True)
    notices = fields.List(fields.String(), required=True, metadata={"description": "What was ignored, and why."})
    created_at = fields.DateTime(required=True)
    updated_at = fields.DateTime(required=True)
    first_synced_at = fields.DateTime(required=True, allow_none=True)
    last_synced_at = fields.DateTime(required=True, allow_none=True)
    stats = fields.Nested(StatsItem, metadata={"description": "When a range was asked for."})
