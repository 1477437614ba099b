"""Children over HTTP: what may be sent to change one, and lists that are added at once."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from backend.campaigns.fields import Micros, Text
from backend.campaigns.tree_schemas import AdForm, AssetGroupForm, LinkForm, OurNotes, keyword_list, status, urls
from backend.core.http.pages import PageQuery


class ChildQuery(PageQuery):
    """How to narrow a list of children."""

    status = fields.String(load_default=None, validate=validate.OneOf(("ENABLED", "PAUSED", "REMOVED", "UNKNOWN")))
    sync_status = fields.String(
        load_default=None,
        validate=validate.OneOf(("draft", "publishing", "synced", "dirty", "conflict", "sync_error")),
    )
    negative = fields.Boolean(load_default=None, allow_none=True)


class AdGroupPatch(OurNotes):
    """Changes to an ad group."""

    name = Text(least=1, most=500)
    status = status()
    cpc_bid_micros = Micros(allow_none=True)


class AdPatch(AdForm):
    """Changes to an ad; a list of texts or images replaces the whole list."""

    class Meta:
        exclude = ("type", "call_to_action_text", "main_color", "accent_color")


class AssetGroupPatch(AssetGroupForm):
    """Changes to an asset group; a list of texts or images replaces the whole list."""


class KeywordPatch(OurNotes):
    """Changes to a keyword; its text and match type are its identity and stay."""

    status = status()
    cpc_bid_micros = Micros(allow_none=True)
    final_urls = urls()


class KeywordsForm(Schema):
    """Keywords to add, up to 10,000 at once."""

    keywords = keyword_list(required=True)


class LinksForm(Schema):
    """Sitelinks, callouts and images to link."""

    asset_links = fields.List(fields.Nested(LinkForm), required=True, validate=validate.Length(1, 200))


class AddedItem(Schema):
    """What became of one item of a list, by its index."""

    index = fields.Integer(required=True)
    id = fields.UUID(required=True)


class Added(Schema):
    """What was added, in the order of the request."""

    items = fields.List(fields.Nested(AddedItem), required=True)
