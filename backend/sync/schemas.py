"""What the routes of the sync take and answer."""

from __future__ import annotations

import marshmallow as ma

from backend.core.http import pages
from backend.sync.conflicts import CHOICES, ENTITIES

MAX_DECISIONS = 10_000


class FreshnessSchema(ma.Schema):
    """How fresh an account's data is."""

    slug = ma.fields.String(required=True)
    last_append_timestamp = ma.fields.AwareDateTime(allow_none=True)
    last_sync = ma.fields.AwareDateTime(allow_none=True)
    watermark_date = ma.fields.Date(
        allow_none=True, metadata={"description": "Complete up to this day, in the account's time zone."}
    )


class ClientSchema(FreshnessSchema):
    """An account with how fresh its data is."""

    customer_id = ma.fields.String(required=True)
    name = ma.fields.String()
    status = ma.fields.String()
    currency_code = ma.fields.String()
    time_zone = ma.fields.String()


class ConflictQuery(pages.PageQuery):
    """Which conflicts to list."""

    customer_id = ma.fields.String(validate=ma.validate.Length(max=12))
    entity = ma.fields.String(validate=ma.validate.OneOf(sorted(ENTITIES)))


class ConflictSchema(ma.Schema):
    """A field that was changed here and at Google."""

    entity = ma.fields.String(required=True, validate=ma.validate.OneOf(sorted(ENTITIES)))
    id = ma.fields.UUID(required=True)
    name = ma.fields.String(allow_none=True)
    customer_id = ma.fields.String(required=True)
    slug = ma.fields.String(required=True)
    field = ma.fields.String(required=True)
    base = ma.fields.Raw(allow_none=True, metadata={"description": "Google's value when the edit began."})
    mine = ma.fields.Raw(allow_none=True, metadata={"description": "The value here."})
    theirs = ma.fields.Raw(allow_none=True, metadata={"description": "Google's value now."})
    since = ma.fields.AwareDateTime(allow_none=True)


class DecisionSchema(ma.Schema):
    """What is to become of one conflict."""

    entity = ma.fields.String(required=True, validate=ma.validate.OneOf(sorted(ENTITIES)))
    id = ma.fields.UUID(required=True)
    field = ma.fields.String(required=True, validate=ma.validate.Length(1, 60))
    choice = ma.fields.String(required=True, validate=ma.validate.OneOf(CHOICES))


class DecisionsSchema(ma.Schema):
    """Decisions, applied together."""

    decisions = ma.fields.List(
        ma.fields.Nested(DecisionSchema), required=True, validate=ma.validate.Length(1, MAX_DECISIONS)
    )


class DecidedSchema(ma.Schema):
    """What became of one decision."""

    index = ma.fields.Integer(required=True)
    status = ma.fields.String(required=True, validate=ma.validate.OneOf(("resolved", "not_in_conflict", "not_found")))


class ClientQuery(pages.PageQuery):
    """Which accounts to list."""

    status = ma.fields.String(metadata={"description": "Google's status, such as ENABLED."})
