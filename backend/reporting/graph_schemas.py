"""What the questions about the graph take and answer."""

from __future__ import annotations

import marshmallow as ma

from backend.core.http import pages
from backend.reporting.accounts import AccountQuery
from backend.reporting.performance_schemas import MetricsSchema


class UsageQuery(ma.Schema):
    """How many of each kind."""

    limit = ma.fields.Integer(load_default=50, validate=ma.validate.Range(1, 200))


class ActiveAssetsQuery(AccountQuery, pages.PageQuery):
    """Whose assets."""


class UsedAssetSchema(ma.Schema):
    """An asset."""

    id = ma.fields.String(required=True, metadata={"description": "Our id."})
    google_id = ma.fields.String(required=True, allow_none=True)
    type = ma.fields.String(required=True)
    name = ma.fields.String(required=True, allow_none=True, metadata={"description": "Its text, name or video id."})
    mime_type = ma.fields.String(allow_none=True)
    width = ma.fields.Integer(allow_none=True)
    height = ma.fields.Integer(allow_none=True)


class PlacedSchema(ma.Schema):
    """Where something hangs; ids of Google's, null for drafts."""

    id = ma.fields.String(required=True, metadata={"description": "Our id."})
    google_id = ma.fields.String(required=True, allow_none=True)
    ad_group_id = ma.fields.String(allow_none=True)
    ad_group_name = ma.fields.String(allow_none=True)
    campaign_id = ma.fields.String(allow_none=True)
    campaign_name = ma.fields.String(allow_none=True)


class UsingAdSchema(PlacedSchema):
    """An ad that uses the asset, and in which slots."""

    name = ma.fields.String(required=True)
    type = ma.fields.String(allow_none=True)
    status = ma.fields.String(allow_none=True)
    field_types = ma.fields.List(ma.fields.String(), required=True)


class UsingKeywordSchema(PlacedSchema):
    """A keyword of an ad group whose ads use the asset."""

    text = ma.fields.String(required=True)
    match_type = ma.fields.String(required=True)
    status = ma.fields.String(required=True)


class UsingCampaignSchema(ma.Schema):
    """A campaign that uses the asset, how often and where."""

    id = ma.fields.String(required=True)
    google_id = ma.fields.String(required=True, allow_none=True)
    name = ma.fields.String(required=True)
    status = ma.fields.String(required=True)
    google_status = ma.fields.String(allow_none=True)
    uses = ma.fields.Integer(required=True)
    via = ma.fields.List(ma.fields.String(), required=True)


class LatelySchema(MetricsSchema):
    """The last 30 days, all places of the asset added up."""

    start = ma.fields.Date(required=True)
    end = ma.fields.Date(required=True)
    currency_code = ma.fields.String(required=True)


class UsageSchema(ma.Schema):
    """Everything that uses an asset; `more_…` says whether the list goes on at its own address."""

    asset = ma.fields.Nested(UsedAssetSchema, required=True)
    performance = ma.fields.Nested(LatelySchema, required=True)
    ads = ma.fields.List(ma.fields.Nested(UsingAdSchema), required=True)
    more_ads = ma.fields.Boolean(required=True)
    keywords = ma.fields.List(ma.fields.Nested(UsingKeywordSchema), required=True)
    more_keywords = ma.fields.Boolean(required=True)
    campaigns = ma.fields.List(ma.fields.Nested(UsingCampaignSchema), required=True)
    more_campaigns = ma.fields.Boolean(required=True)
