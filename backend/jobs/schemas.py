"""What a job looks like in JSON."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import fields, validate

from backend.core.http.pages import PageQuery
from backend.jobs.models import STATUSES


class JobStatusSchema(ma.Schema):
    """How far a job is."""

    job_id = fields.String(required=True)
    status = fields.String(required=True, validate=validate.OneOf(STATUSES))
    result = fields.Raw(required=True, allow_none=True)
    error = fields.Dict(required=True, allow_none=True)
    progress = fields.Dict(required=True)
    waiting_reason = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Why a queued job waits: rate_limit, needs_reauth, no_worker, retry, …"},
    )


class JobSchema(JobStatusSchema):
    """A job."""

    kind = fields.String(required=True)
    customer_id = fields.String(allow_none=True)
    subject_id = fields.UUID(allow_none=True)
    attempts = fields.Integer(required=True)
    max_attempts = fields.Integer(required=True)
    cancel_requested = fields.Boolean(required=True)
    created_by = fields.String(required=True)
    created_at = fields.DateTime(required=True)
    started_at = fields.DateTime(allow_none=True)
    finished_at = fields.DateTime(allow_none=True)
    next_attempt_at = fields.DateTime(allow_none=True)


class JobResultSchema(ma.Schema):
    """How a job ended, with all it said."""

    job_id = fields.String(required=True)
    status = fields.String(required=True, validate=validate.OneOf(STATUSES))
    result = fields.Raw(required=True, allow_none=True)
    error = fields.Dict(required=True, allow_none=True)
    stdout = fields.String(required=True)
    stderr = fields.String(required=True)
    exit_code = fields.Integer(required=True, allow_none=True)


class JobAcceptedSchema(ma.Schema):
    """A job that was accepted."""

    job_id = fields.String(required=True)
    status = fields.String(required=True, validate=validate.OneOf(STATUSES))


class JobQuery(PageQuery):
    """Filters of the list of jobs."""

    status = fields.String(validate=validate.OneOf(STATUSES))
    kind = fields.String(validate=validate.Length(max=60))
    customer_id = fields.String(validate=validate.Length(max=12))
    subject_id = fields.UUID()
