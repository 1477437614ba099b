"""What the routes of the sync take and answer."""

from __future__ import annotations

from typing import Any

import marshmallow as ma

from backend.adgraph.naming import ENTITIES
from backend.core.http import pages
from backend.sync.conflicts import CHOICES
from backend.sync.timeline import SOURCES

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


class TimelineQuerySchema(pages.PageQuery):
    """Which entries of a timeline to list."""

    entity = ma.fields.String(
        validate=ma.validate.Length(1, 60),
        metadata={"description": "A kind of object, such as `campaign`, `ad_group`, `keyword`, or `push`."},
    )
    entity_id = ma.fields.UUID(metadata={"description": "One object of ours; goes with `entity`."})
    actor = ma.fields.String(
        validate=ma.validate.Length(1, 320), metadata={"description": "A name here, or an e-mail address at Google."}
    )
    source = ma.fields.String(validate=ma.validate.OneOf(SOURCES))
    since = ma.fields.AwareDateTime(default_timezone=None)
    until = ma.fields.AwareDateTime(default_timezone=None, metadata={"description": "Not included."})

    @ma.validates_schema
    def _whole(self, data: dict[str, Any], **_: Any) -> None:
        if data.get("entity_id") and data.get("entity") not in ENTITIES:
            raise ma.ValidationError(f"entity_id goes with entity: one of {', '.join(sorted(ENTITIES))}.", "entity")
        if data.get("since") and data.get("until") and data["since"] > data["until"]:
            raise ma.ValidationError("The start must not be after the end.", "since")


class TimelineSchema(ma.Schema):
    """One change, made here or at Google."""

    at = ma.fields.AwareDateTime(required=True)
    source = ma.fields.String(required=True, validate=ma.validate.OneOf(SOURCES))
    actor = ma.fields.String(required=True, attribute="who")
    action = ma.fields.String(
        required=True, metadata={"description": "`noun.verb` here; `create`, `update` or `remove` at Google."}
    )
    entity = ma.fields.String(required=True)
    entity_id = ma.fields.UUID(allow_none=True)
    resource_name = ma.fields.String(allow_none=True)
    title = ma.fields.String(allow_none=True, metadata={"description": "What people call the object at Google."})
    client_type = ma.fields.String(
        allow_none=True, metadata={"description": "The kind of program that made a change at Google."}
    )
    before = ma.fields.Dict(allow_none=True)
    after = ma.fields.Dict(allow_none=True)
    reason = ma.fields.String(allow_none=True)


class LabelSchema(ma.Schema):
    """A label of Google's and how much carries it."""

    id = ma.fields.UUID(required=True)
    google_id = ma.fields.String(required=True)
    name = ma.fields.String(required=True)
    status = ma.fields.String(required=True)
    background_color = ma.fields.String(required=True, allow_none=True, metadata={"description": "Such as #1A73E8."})
    description = ma.fields.String(required=True, allow_none=True)
    campaigns = ma.fields.Integer(required=True)
    ad_groups = ma.fields.Integer(required=True)
    ads = ma.fields.Integer(required=True)
    keywords = ma.fields.Integer(required=True)


class StrategySchema(ma.Schema):
    """A bidding strategy that campaigns share."""

    id = ma.fields.UUID(required=True)
    google_id = ma.fields.String(required=True)
    name = ma.fields.String(required=True)
    type = ma.fields.String(required=True)
    status = ma.fields.String(required=True)
    bidding = ma.fields.Dict(
        required=True, metadata={"description": "The strategy under Google's name with its settings, as on a campaign."}
    )
    campaigns = ma.fields.Integer(required=True, metadata={"description": "How many use it."})


class ConflictQuery(pages.PageQuery):
    """Which conflicts to list."""

    customer_id = ma.fields.String(validate=ma.validate.Length(max=12))
    slug = ma.fields.String(validate=ma.validate.Length(1, 80))
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
