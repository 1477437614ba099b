"""What the routes of nights and schedules take and answer."""

from __future__ import annotations

import marshmallow as ma

from backend.core.http import pages
from backend.sync.models import OUTCOMES

TIME = "%H:%M"


class NightSchema(ma.Schema):
    """One night: how many accounts ended how."""

    night = ma.fields.Date(required=True, metadata={"description": "The local date of the accounts."})
    started_at = ma.fields.AwareDateTime(required=True)
    finished_at = ma.fields.AwareDateTime(allow_none=True, metadata={"description": "Once every account is over."})
    accounts = ma.fields.Integer(required=True)
    running = ma.fields.Integer(required=True)
    finished = ma.fields.Integer(required=True)
    warnings = ma.fields.Integer(required=True)
    failed = ma.fields.Integer(required=True)
    skipped = ma.fields.Integer(required=True, metadata={"description": "Another sync was under way."})
    missed = ma.fields.Integer(required=True, metadata={"description": "No scheduler ran at their hour."})
    rows_synced = ma.fields.Integer(required=True)


class NightRunQuery(pages.PageQuery):
    """Which runs to list."""

    night = ma.fields.Date()
    slug = ma.fields.String(validate=ma.validate.Length(1, 80))
    outcome = ma.fields.String(validate=ma.validate.OneOf(OUTCOMES))


class NightRunSchema(ma.Schema):
    """What became of one account in one night."""

    slug = ma.fields.String(required=True)
    customer_id = ma.fields.String(required=True)
    night = ma.fields.Date(required=True)
    slot = ma.fields.AwareDateTime(required=True, metadata={"description": "When it was due."})
    outcome = ma.fields.String(required=True, validate=ma.validate.OneOf(OUTCOMES))
    code = ma.fields.String(allow_none=True)
    reason = ma.fields.String(allow_none=True)
    job_id = ma.fields.UUID(allow_none=True)
    rows_synced = ma.fields.Integer(allow_none=True)
    finished_at = ma.fields.AwareDateTime(allow_none=True)


class ChangeScheduleSchema(ma.Schema):
    """When an account is to be synced by itself."""

    enabled = ma.fields.Boolean(required=True, truthy={True}, falsy={False})
    at = ma.fields.Time(
        required=True, format=TIME, metadata={"description": "HH:MM in the account's time zone.", "example": "02:30"}
    )


class ScheduleSchema(ma.Schema):
    """When an account is synced by itself."""

    slug = ma.fields.String(required=True)
    customer_id = ma.fields.String(required=True)
    time_zone = ma.fields.String(required=True)
    enabled = ma.fields.Boolean(required=True)
    at = ma.fields.String(required=True, metadata={"description": "HH:MM in the account's time zone."})
    next_run_at = ma.fields.AwareDateTime(allow_none=True)
