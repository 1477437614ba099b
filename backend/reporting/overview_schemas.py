"""What the pacing and the overview answer."""

from __future__ import annotations

import marshmallow as ma

from backend.reporting.performance_schemas import ComparedSchema, RowSchema


class PaceSchema(ma.Schema):
    """Month to date against 30.4 times the daily budget, in micros."""

    spent_micros = ma.fields.Integer(required=True)
    monthly_limit_micros = ma.fields.Integer(required=True, allow_none=True)
    projected_micros = ma.fields.Integer(
        required=True, allow_none=True, metadata={"description": "The month's cost if it goes on as its complete days."}
    )
    used = ma.fields.Float(required=True, allow_none=True, metadata={"description": "Which part is spent."})
    status = ma.fields.String(required=True, validate=ma.validate.OneOf(["under", "on_track", "over", "unknown"]))


class PacedCampaignSchema(ma.Schema):
    """A campaign that uses a budget."""

    id = ma.fields.String(required=True)
    name = ma.fields.String(required=True)
    status = ma.fields.String(required=True, allow_none=True)


class BudgetPaceSchema(PaceSchema):
    """One budget and the campaigns that use it."""

    budget_id = ma.fields.String(required=True, allow_none=True)
    name = ma.fields.String(required=True, allow_none=True)
    daily_budget_micros = ma.fields.Integer(required=True, allow_none=True)
    total_budget_micros = ma.fields.Integer(required=True, allow_none=True)
    shared = ma.fields.Boolean(required=True)
    campaigns = ma.fields.List(ma.fields.Nested(PacedCampaignSchema), required=True)


class PacingSchema(ma.Schema):
    """The current month of an account."""

    customer_id = ma.fields.String(required=True)
    slug = ma.fields.String(required=True)
    currency_code = ma.fields.String(required=True)
    time_zone = ma.fields.String(required=True)
    watermark_date = ma.fields.Date(required=True, allow_none=True)
    month_start = ma.fields.Date(required=True)
    month_end = ma.fields.Date(required=True)
    today = ma.fields.Date(required=True)
    complete_days = ma.fields.Integer(required=True)
    days = ma.fields.Integer(required=True)
    totals = ma.fields.Nested(PaceSchema, required=True)
    budgets = ma.fields.List(ma.fields.Nested(BudgetPaceSchema), required=True)


class StreamSchema(ma.Schema):
    """How far a stream of data has been read."""

    stream = ma.fields.String(required=True)
    complete_up_to = ma.fields.Date(required=True, allow_none=True)
    read_at = ma.fields.AwareDateTime(required=True, allow_none=True)


class OverviewPeriodSchema(ComparedSchema):
    """The account's totals over a period beside the one before."""

    scope = ma.fields.String(required=True)
    start = ma.fields.Date(required=True)
    end = ma.fields.Date(required=True)


class CountsSchema(ma.Schema):
    """How many campaigns stand where."""

    by_status = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.Integer(), required=True)
    by_google_status = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.Integer(), required=True)


class AttentionSchema(ma.Schema):
    """What a person should look at."""

    unsynced = ma.fields.Dict(
        keys=ma.fields.String(),
        values=ma.fields.Integer(),
        required=True,
        metadata={"description": "Entities by sync_status, those in step with Google left out."},
    )
    disapproved_ads = ma.fields.Integer(required=True)


class LatestJobSchema(ma.Schema):
    """A job of the account."""

    job_id = ma.fields.String(required=True)
    kind = ma.fields.String(required=True)
    status = ma.fields.String(required=True)
    progress = ma.fields.Dict(required=True)
    created_at = ma.fields.AwareDateTime(required=True)
    finished_at = ma.fields.AwareDateTime(required=True, allow_none=True)


class LatestChangeSchema(ma.Schema):
    """A change that was made through us."""

    at = ma.fields.AwareDateTime(required=True)
    who = ma.fields.String(required=True)
    action = ma.fields.String(required=True)
    subject = ma.fields.String(required=True)


class OverviewSchema(ma.Schema):
    """The first screen of a dashboard."""

    customer_id = ma.fields.String(required=True)
    slug = ma.fields.String(required=True)
    name = ma.fields.String(required=True)
    status = ma.fields.String(required=True)
    currency_code = ma.fields.String(required=True)
    time_zone = ma.fields.String(required=True)
    today = ma.fields.Date(required=True)
    watermark_date = ma.fields.Date(required=True, allow_none=True)
    streams = ma.fields.List(ma.fields.Nested(StreamSchema), required=True)
    periods = ma.fields.List(ma.fields.Nested(OverviewPeriodSchema), required=True)
    days = ma.fields.List(ma.fields.Nested(RowSchema), required=True)
    top_campaigns = ma.fields.List(ma.fields.Nested(RowSchema), required=True)
    pacing = ma.fields.Nested(PaceSchema, required=True)
    campaigns = ma.fields.Nested(CountsSchema, required=True)
    attention = ma.fields.Nested(AttentionSchema, required=True)
    jobs = ma.fields.List(ma.fields.Nested(LatestJobSchema), required=True)
    changes = ma.fields.List(ma.fields.Nested(LatestChangeSchema), required=True)
