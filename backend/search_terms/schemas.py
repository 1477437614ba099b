"""What the routes of the search terms take and answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import marshmallow as ma
from webargs.fields import DelimitedList

from backend.core.http import pages
from backend.reporting.accounts import AccountQuery
from backend.reporting.performance_schemas import MAX_ID, MetricsSchema
from backend.search_terms.adding import ID_FIELDS, LEVELS
from backend.search_terms.terms import STATES

MATCH_TYPES = ("EXACT", "PHRASE", "BROAD")
MAX_ITEMS = 10_000
BODY = 16 * 1024 * 1024
SIZES = [1, 2, 3, 4]


class GoogleId(ma.fields.String):
    """Google's id as a text of digits; a number is taken too."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        digits = super()._deserialize(value, attr, data, **kwargs)
        if not (digits.isascii() and digits.isdigit() and 0 < int(digits) <= MAX_ID):
            raise ma.ValidationError("This is not an id of Google's.")
        return digits


class TermsQuery(AccountQuery):
    """Which search terms, over which days."""

    scope = ma.fields.String(
        validate=ma.validate.Length(1, 40), metadata={"description": "As in reports; the last 30 days by default."}
    )
    start = ma.fields.Date()
    end = ma.fields.Date()
    campaign_id = ma.fields.Integer(validate=ma.validate.Range(1, MAX_ID))
    ad_group_id = ma.fields.Integer(validate=ma.validate.Range(1, MAX_ID))
    q = ma.fields.String(validate=ma.validate.Length(1, 80), metadata={"description": "Terms that contain this."})
    filter = ma.fields.List(
        ma.fields.String(validate=ma.validate.Length(1, 80)),
        load_default=[],
        validate=ma.validate.Length(max=10),
        metadata={"description": "A bound such as `cost_micros>=1000000`; may be repeated."},
    )
    sort = ma.fields.String(load_default="-cost_micros", validate=ma.validate.Length(1, 40))


class TermListQuery(TermsQuery, pages.PageQuery):
    """A page of the triage list."""

    state = ma.fields.String(validate=ma.validate.OneOf(list(STATES.values())))


class NgramQuery(TermsQuery):
    """Which groups of words."""

    size = DelimitedList(
        ma.fields.Integer(validate=ma.validate.Range(1, 4)),
        load_default=SIZES,
        validate=ma.validate.Length(1),
        metadata={"description": "Words in a group, with commas.", "default": SIZES},
    )
    min_terms = ma.fields.Integer(
        load_default=2, validate=ma.validate.Range(1, 1_000_000), metadata={"description": "Held by so many terms."}
    )
    limit = ma.fields.Integer(load_default=100, validate=ma.validate.Range(1, 1000))


class SuggestionQuery(TermsQuery):
    """From when on something is suggested."""

    min_conversions = ma.fields.Decimal(load_default=2, validate=ma.validate.Range(0, 1_000_000), allow_nan=False)
    min_cost_micros = ma.fields.Integer(
        validate=ma.validate.Range(0, MAX_ID),
        metadata={"description": "What a term may cost without a conversion; twice the account's CPA by default."},
    )
    min_clicks = ma.fields.Integer(load_default=10, validate=ma.validate.Range(0, 1_000_000))
    min_terms = ma.fields.Integer(load_default=3, validate=ma.validate.Range(1, 1_000_000))


class TriggerSchema(ma.Schema):
    """A keyword that triggered the search."""

    keyword_id = ma.fields.String(allow_none=True)
    text = ma.fields.String(allow_none=True)
    match_type = ma.fields.String(allow_none=True)
    term_match_type = ma.fields.String()
    impressions = ma.fields.Integer()
    clicks = ma.fields.Integer()
    cost_micros = ma.fields.Integer()


class HereSchema(ma.Schema):
    """A keyword or negative of the same text that stands here, pushed or not."""

    as_ = ma.fields.String(data_key="as", attribute="as")
    match_type = ma.fields.String()
    level = ma.fields.String()
    sync_status = ma.fields.String()


class TermSchema(MetricsSchema):
    """A search term in an ad group."""

    search_term = ma.fields.String(required=True)
    state = ma.fields.String(
        required=True, metadata={"description": "existing, blocked, both, actionable; unknown where Google says so."}
    )
    status = ma.fields.String(required=True)
    ad_group_id = ma.fields.String(required=True)
    ad_group_name = ma.fields.String(allow_none=True)
    campaign_id = ma.fields.String(required=True)
    campaign_name = ma.fields.String(allow_none=True)
    keywords = ma.fields.List(ma.fields.Nested(TriggerSchema), required=True)
    here = ma.fields.List(ma.fields.Nested(HereSchema), required=True)


class NgramSchema(MetricsSchema):
    """A group of words and what the terms that hold it brought."""

    ngram = ma.fields.String(required=True)
    size = ma.fields.Integer(required=True)
    terms = ma.fields.Integer(required=True)
    examples = ma.fields.List(ma.fields.String(), required=True)


class SuggestionSchema(MetricsSchema):
    """One thing to do, with its reason; it can be sent to `/api/search-terms/add` as it is."""

    as_ = ma.fields.String(required=True, data_key="as", attribute="as")
    text = ma.fields.String(required=True)
    match_type = ma.fields.String(required=True)
    level = ma.fields.String(required=True)
    ad_group_id = ma.fields.String(allow_none=True)
    campaign_id = ma.fields.String(allow_none=True)
    reason = ma.fields.String(required=True)


class PlacedForm(ma.Schema):
    """A text at a place of the account."""

    text = ma.fields.String(required=True, validate=ma.validate.Length(1, 500))
    match_type = ma.fields.String(load_default="EXACT", validate=ma.validate.OneOf(MATCH_TYPES))
    level = ma.fields.String(load_default="ad_group", validate=ma.validate.OneOf(list(LEVELS)))
    ad_group_id = GoogleId()
    campaign_id = GoogleId()
    shared_set_id = GoogleId()

    @ma.validates_schema
    def placed(self, data: Mapping[str, Any], **_: Any) -> None:
        """The level says which id is needed."""
        needed = ID_FIELDS.get(data.get("level", "ad_group"), "ad_group_id")
        if needed not in data:
            raise ma.ValidationError(f"The level {data.get('level')} needs {needed}.", field_name=needed)


class ItemForm(PlacedForm):
    """A search term to add."""

    as_ = ma.fields.String(
        required=True, data_key="as", attribute="as", validate=ma.validate.OneOf(["keyword", "negative"])
    )
    cpc_bid_micros = ma.fields.Integer(validate=ma.validate.Range(1, MAX_ID), strict=True)
    confirmed = ma.fields.Boolean(
        load_default=False, metadata={"description": "Add a negative although it blocks something that converts."}
    )


class AddSchema(AccountQuery):
    """Search terms to add."""

    items = ma.fields.List(ma.fields.Nested(ItemForm), required=True, validate=ma.validate.Length(1, MAX_ITEMS))
    push = ma.fields.Boolean(
        allow_none=True,
        load_default=None,
        metadata={
            "description": "Push the campaigns and lists that got something new, with all that waits there. "
            "By default a publisher pushes and an editor leaves drafts."
        },
    )


class CheckSchema(AccountQuery):
    """Negatives that somebody thinks of adding."""

    negatives = ma.fields.List(ma.fields.Nested(PlacedForm), required=True, validate=ma.validate.Length(1, 1000))


class FoundSchema(ma.Schema):
    """One thing wrong with an item."""

    pointer = ma.fields.String()
    code = ma.fields.String()
    message = ma.fields.String()


class BlockedSchema(MetricsSchema):
    """A keyword that is, or would be, blocked, and what it brought in the last 30 days."""

    keyword_id = ma.fields.String(required=True)
    text = ma.fields.String(required=True)
    match_type = ma.fields.String(required=True)
    ad_group_id = ma.fields.String(required=True)
    ad_group_name = ma.fields.String(allow_none=True)
    campaign_id = ma.fields.String(required=True)
    campaign_name = ma.fields.String(required=True)


class NegativeSchema(ma.Schema):
    """A negative and where it stands."""

    negative_id = ma.fields.String(allow_none=True)
    text = ma.fields.String(required=True)
    match_type = ma.fields.String(required=True)
    level = ma.fields.String(required=True)
    parent_id = ma.fields.String(allow_none=True)
    parent_name = ma.fields.String(allow_none=True)


class ConvertingSchema(ma.Schema):
    """A search that converted."""

    search_term = ma.fields.String()
    conversions = ma.fields.Float()


class EffectSchema(NegativeSchema):
    """What a negative would block; metrics of the last 30 days."""

    blocked_keywords = ma.fields.Integer(required=True)
    narrowed_keywords = ma.fields.Integer(
        required=True, metadata={"description": "Keywords that lose the search of their own words and keep others."}
    )
    conversions = ma.fields.Float(required=True)
    cost_micros = ma.fields.Integer(required=True)
    keywords = ma.fields.List(ma.fields.Nested(BlockedSchema), required=True)
    converting_searches = ma.fields.List(ma.fields.Nested(ConvertingSchema), required=True)


class OutcomeSchema(ma.Schema):
    """What became of one item."""

    index = ma.fields.Integer(required=True)
    status = ma.fields.String(required=True, metadata={"description": "added, exists or refused."})
    keyword_id = ma.fields.String(required=True, allow_none=True, metadata={"description": "Our id."})
    errors = ma.fields.List(ma.fields.Nested(FoundSchema), required=True)
    over_blocking = ma.fields.Nested(EffectSchema)


class PushSchema(ma.Schema):
    """The push of one campaign or list: its job, or why there is none."""

    campaign_id = ma.fields.String(required=True, allow_none=True, metadata={"description": "Our id."})
    shared_set_id = ma.fields.String(required=True, allow_none=True, metadata={"description": "Our id."})
    job_id = ma.fields.String(required=True, allow_none=True)
    code = ma.fields.String(allow_none=True)
    detail = ma.fields.String(allow_none=True)


class AddedSchema(ma.Schema):
    """The outcomes in the order of the items."""

    pushes = ma.fields.List(ma.fields.Nested(PushSchema), required=True)
    waiting_lists = ma.fields.Integer(
        required=True, metadata={"description": "Shared lists whose new drafts are not being pushed."}
    )

    added = ma.fields.Integer(required=True)
    exists = ma.fields.Integer(required=True)
    refused = ma.fields.Integer(required=True)
    items = ma.fields.List(ma.fields.Nested(OutcomeSchema), required=True)


class ConflictSchema(ma.Schema):
    """A negative in force and a keyword that it blocks."""

    negative = ma.fields.Nested(NegativeSchema, required=True)
    keyword = ma.fields.Nested(BlockedSchema, required=True)


class ConflictsSchema(ma.Schema):
    """The account's conflicts, those that brought most conversions first."""

    total = ma.fields.Integer(required=True)
    keywords = ma.fields.Integer(required=True, metadata={"description": "How many keywords are blocked."})
    conflicts = ma.fields.List(ma.fields.Nested(ConflictSchema), required=True)


class ConflictQuery(AccountQuery):
    """How many conflicts to list."""

    limit = ma.fields.Integer(load_default=200, validate=ma.validate.Range(1, 1000))
