"""What hangs below a campaign, the asset library and the rules, as the API answers them.

The bodies are made by PostgreSQL (`tree_json`); these schemas describe them in the OpenAPI document.
tests/campaigns/test_answers.py loads real answers through them, so a member that one of the two lacks is found.
"""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from backend.adgraph.columns import GOOGLE_STATUSES, SYNC_STATUSES
from backend.adgraph.models import FETCH_STATES, MATCH_TYPES
from backend.campaigns.schemas import CampaignItem


def _text(description: str | None = None, **options: Any) -> fields.String:
    """A text that may be null."""
    metadata = {"description": description} if description else {}
    return fields.String(required=True, allow_none=True, metadata=metadata, **options)


def _google_id(of: str) -> fields.String:
    """Google's id as a text, null for what Google does not know yet."""
    return _text(f"Google's id of the {of}; null until it is published.")


def _micros(description: str) -> fields.Integer:
    """Money, or null."""
    return fields.Integer(required=True, allow_none=True, metadata={"description": f"{description}, in micros."})


def _status() -> fields.String:
    """Google's status."""
    return fields.String(required=True, validate=validate.OneOf(GOOGLE_STATUSES))


def _words() -> fields.List[Any]:
    """A list of texts."""
    return fields.List(fields.String(), required=True)


def _many(schema: type[Schema]) -> fields.List[Any]:
    """A list of objects, perhaps empty."""
    return fields.List(fields.Nested(schema), required=True)


class EntityItem(Schema):
    """What every row has: our id, our notes, and how it stands to Google's copy."""

    id = fields.UUID(required=True)
    internal_label = _text()
    internal_notes = _text()
    tags = _words()
    sync_status = fields.String(required=True, validate=validate.OneOf(SYNC_STATUSES))
    is_dirty = fields.Boolean(required=True)
    dirty_fields = fields.List(
        fields.String(), required=True, metadata={"description": "The fields that were edited here and not pushed yet."}
    )
    sync_error = fields.Dict(
        required=True, allow_none=True, metadata={"description": "Google's last refusal: code, message, request id."}
    )
    version = fields.Integer(required=True, metadata={"description": 'Its ETag is `"v<version>"`.'})
    created_at = fields.DateTime(required=True)
    updated_at = fields.DateTime(required=True)
    first_synced_at = fields.DateTime(required=True, allow_none=True)
    last_synced_at = fields.DateTime(required=True, allow_none=True)


class SlotText(Schema):
    """A headline or a description in its slot."""

    asset_id = fields.UUID(required=True)
    google_asset_id = _google_id("asset")
    asset_text = _text()
    field_type = fields.String(required=True)
    pinned_field = _text("The position that the text is pinned to, such as HEADLINE_1.")
    performance_label = _text("Google's judgement: BEST, GOOD, LOW, LEARNING, PENDING.")


class SlotAsset(Schema):
    """An image, a video or a card in its slot."""

    asset_id = fields.UUID(required=True)
    google_asset_id = _google_id("asset")
    field_type = fields.String(required=True)
    type = fields.String(required=True)
    url = _text()
    width = fields.Integer(required=True, allow_none=True)
    height = fields.Integer(required=True, allow_none=True)
    fetch_status = _text("pending, fetched or failed, for an image that is fetched from its address.")
    youtube_video_id = _text()
    attributes = fields.Dict(required=True, metadata={"description": "Google's further fields, by their names."})
    performance_label = _text()


class LinkItem(Schema):
    """A sitelink, a callout or an image that is linked to a campaign or an ad group."""

    id = fields.UUID(required=True)
    asset_id = fields.UUID(required=True)
    google_asset_id = _google_id("asset")
    resource_name = _text("Google's name of the link; null until it is pushed.")
    field_type = fields.String(required=True)
    status = _status()
    text = _text()
    attributes = fields.Dict(required=True, metadata={"description": "A sitelink's texts and addresses."})
    sync_status = fields.String(required=True, validate=validate.OneOf(SYNC_STATUSES))
    is_dirty = fields.Boolean(required=True)
    dirty_fields = _words()
    sync_error = fields.Dict(required=True, allow_none=True)
    version = fields.Integer(required=True)
    created_at = fields.DateTime(required=True)
    updated_at = fields.DateTime(required=True)
    first_synced_at = fields.DateTime(required=True, allow_none=True)
    last_synced_at = fields.DateTime(required=True, allow_none=True)


class KeywordItem(EntityItem):
    """A keyword, positive or negative."""

    criterion_id = _google_id("criterion")
    resource_name = _text()
    text = fields.String(required=True)
    match_type = fields.String(required=True, validate=validate.OneOf(MATCH_TYPES))
    negative = fields.Boolean(required=True)
    status = _status()
    cpc_bid_micros = _micros("The bid for a click")
    final_urls = _words()
    quality_score = fields.Integer(required=True, allow_none=True)
    policy = fields.Dict(required=True, metadata={"description": "Google's review."})


class CreativeItem(EntityItem):
    """What an ad and an asset group have in common."""

    resource_name = _text()
    name = _text()
    status = _status()
    final_urls = _words()
    path1 = _text()
    path2 = _text()
    business_name = _text()
    ad_strength = _text("Google's judgement: EXCELLENT, GOOD, AVERAGE, POOR, …")
    headlines = _many(SlotText)
    long_headlines = _many(SlotText)
    descriptions = _many(SlotText)
    assets = _many(SlotAsset)


class AdItem(CreativeItem):
    """An ad with its texts and images."""

    google_ad_id = _google_id("ad")
    ad_group_id = fields.UUID(required=True)
    type = _text()
    tracking_url_template = _text()
    review = fields.Dict(required=True, metadata={"description": "Google's review of the ad."})
    attributes = fields.Dict(required=True, metadata={"description": "Google's further fields, by their names."})


class AssetGroupItem(CreativeItem):
    """An asset group of a Performance Max campaign with its texts and images."""

    google_asset_group_id = _google_id("asset group")


class AdGroupItem(EntityItem):
    """An ad group with what is on it; what was removed is left out."""

    google_ad_group_id = _google_id("ad group")
    resource_name = _text()
    name = _text()
    type = _text()
    status = _status()
    cpc_bid_micros = _micros("The bid for a click")
    keywords = _many(KeywordItem)
    negative_keywords = _many(KeywordItem)
    asset_links = _many(LinkItem)
    ads = _many(AdItem)


class UsedListItem(Schema):
    """A list of negative keywords that a campaign uses; its states are those of the use, not of the list."""

    id = fields.UUID(required=True)
    name = fields.String(required=True)
    type = fields.String(required=True)
    google_shared_set_id = _google_id("list")
    status = _status()
    sync_status = fields.String(required=True, validate=validate.OneOf(SYNC_STATUSES))
    is_dirty = fields.Boolean(required=True)
    sync_error = fields.Dict(required=True, allow_none=True)


class SharedSetItem(EntityItem):
    """A list of negative keywords that campaigns of an account use."""

    google_shared_set_id = _google_id("list")
    resource_name = _text()
    name = fields.String(required=True)
    type = fields.String(required=True)
    status = _status()
    keyword_count = fields.Integer(required=True)
    campaign_count = fields.Integer(required=True)


class BudgetItem(Schema):
    """A campaign's budget: an amount a day, or one for the whole period."""

    id = fields.UUID(required=True)
    google_budget_id = _google_id("budget")
    name = _text()
    amount_micros = _micros("The amount a day")
    total_amount_micros = _micros("The amount for the campaign's whole period")
    delivery_method = _text()
    explicitly_shared = fields.Boolean(required=True)
    sync_status = fields.String(required=True, validate=validate.OneOf(SYNC_STATUSES))
    dirty_fields = _words()


class CampaignTree(CampaignItem):
    """A campaign and everything below it."""

    ad_groups = _many(AdGroupItem)
    asset_groups = _many(AssetGroupItem)
    negative_keywords = _many(KeywordItem)
    asset_links = _many(LinkItem)
    shared_sets = _many(UsedListItem)
    budget = fields.Nested(BudgetItem, required=True, allow_none=True)


class LinkedItem(Schema):
    """The link of one item of the request."""

    index = fields.Integer(required=True)
    id = fields.UUID(required=True)


class Linked(Schema):
    """How many assets were linked, and their links in the order of the request."""

    linked = fields.Integer(required=True)
    items = _many(LinkedItem)


class AssetItem(EntityItem):
    """An image, a text, a video or a link of an account's library."""

    google_asset_id = _google_id("asset")
    type = fields.String(required=True)
    name = _text()
    text = _text()
    youtube_video_id = _text()
    mime_type = _text()
    width = fields.Integer(required=True, allow_none=True)
    height = fields.Integer(required=True, allow_none=True)
    url = _text("The address that the image is fetched from.")
    fetch_status = _text(f"{', '.join(FETCH_STATES[:-1])} or {FETCH_STATES[-1]}; null for what is not fetched.")
    fetch_problem = fields.Dict(
        required=True, allow_none=True, metadata={"description": "Why the image could not be fetched: code, message."}
    )
    resource_name = _text()
    attributes = fields.Dict(required=True, metadata={"description": "Google's further fields, by their names."})


class RuleItem(Schema):
    """One limit of the strict check; minimum and maximum are inclusive."""

    code = fields.String(required=True)
    field = fields.String(required=True)
    advice = fields.String(required=True)
    minimum = fields.Integer(required=True, allow_none=True)
    maximum = fields.Integer(required=True, allow_none=True)
    source = fields.String(required=True)


class ObjectiveItem(Schema):
    """What an objective means for a campaign type."""

    campaign_type = fields.String(required=True)
    objective = fields.String(required=True)
    bidding = fields.String(required=True)
    goals = _words()


class RuleBook(Schema):
    """Every rule of the strict check, and the strategy of each type and objective."""

    rules = _many(RuleItem)
    objectives = _many(ObjectiveItem)
