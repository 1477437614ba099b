"""Children over HTTP: what may be sent to change one, and lists that are added at once."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from backend.adgraph.columns import SYNC_STATUSES
from backend.campaigns.fields import CustomerId, Micros, Text
from backend.campaigns.tree_schemas import (
    LINK_TYPES,
    AdForm,
    AssetGroupForm,
    LinkForm,
    OurNotes,
    keyword_list,
    status,
    urls,
)
from backend.core.http.pages import PageQuery

CHILD_SORTS = ("id", "-id", "name", "-name", "created_at", "-created_at", "updated_at", "-updated_at")


class ChildQuery(PageQuery):
    """How to narrow a list of children."""

    status = fields.String(load_default=None, validate=validate.OneOf(("ENABLED", "PAUSED", "REMOVED", "UNKNOWN")))
    sync_status = fields.String(
        load_default=None,
        validate=validate.OneOf(("draft", "publishing", "synced", "dirty", "conflict", "sync_error")),
    )
    negative = fields.Boolean(load_default=None, allow_none=True)
    q = Text(load_default=None, least=1, most=200, metadata={"description": "Part of the name, or of the keyword."})
    deleted = fields.Boolean(load_default=False, metadata={"description": "Those in the bin, instead."})
    sort = fields.String(
        load_default="id",
        validate=validate.OneOf(CHILD_SORTS),
        metadata={"description": "`id` is the order in which they were given."},
    )


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


class LinkPatch(Schema):
    """A change to a link."""

    status = status(required=True)


class LinkQuery(PageQuery):
    """How to narrow a list of links."""

    field_type = fields.String(load_default=None, validate=validate.OneOf(LINK_TYPES))
    status = fields.String(load_default=None, validate=validate.OneOf(("ENABLED", "PAUSED", "REMOVED", "UNKNOWN")))
    sync_status = fields.String(load_default=None, validate=validate.OneOf(SYNC_STATUSES))


class SharedSetQuery(PageQuery):
    """How to narrow the lists of negatives of an account."""

    customer_id = CustomerId(load_default=None)
    slug = fields.String(load_default=None)
    q = Text(load_default=None, least=1, most=200, metadata={"description": "Part of the name."})
    status = fields.String(load_default=None, validate=validate.OneOf(("ENABLED", "REMOVED", "UNKNOWN")))
    sync_status = fields.String(load_default=None, validate=validate.OneOf(SYNC_STATUSES))
    deleted = fields.Boolean(load_default=False, metadata={"description": "Those in the bin, instead."})
    sort = fields.String(
        load_default="name",
        validate=validate.OneOf(("name", "-name", "created_at", "-created_at", "updated_at", "-updated_at")),
    )


class SharedSetPatch(OurNotes):
    """Changes to a list of negatives."""

    name = Text(least=1, most=255)


class SharedSetForm(OurNotes):
    """A new list of negatives."""

    customer_id = CustomerId()
    slug = fields.String(validate=validate.Length(1, 80))
    name = Text(required=True, least=1, most=255, metadata={"description": "Unique in the account."})
    keywords = keyword_list()


class UseListsForm(Schema):
    """Lists of negatives that a campaign is to use."""

    shared_set_ids = fields.List(fields.UUID(), required=True, validate=validate.Length(1, 20))


class AddedItem(Schema):
    """What became of one item of a list, by its index."""

    index = fields.Integer(required=True)
    id = fields.UUID(required=True)


class Added(Schema):
    """What was added, in the order of the request."""

    items = fields.List(fields.Nested(AddedItem), required=True)
