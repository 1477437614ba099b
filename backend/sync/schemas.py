"""What the routes of the sync take and answer."""

from __future__ import annotations

import marshmallow as ma

from backend.core.http import pages


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


class ClientQuery(pages.PageQuery):
    """Which accounts to list."""

    status = ma.fields.String(metadata={"description": "Google's status, such as ENABLED."})
