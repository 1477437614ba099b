"""What the routes of the reports take and answer."""

from __future__ import annotations

import marshmallow as ma

from backend.core.http import pages
from backend.reporting.performance_schemas import MetricsSchema


class ReportOrderSchema(ma.Schema):
    """A report to make."""

    slug = ma.fields.String(required=True, validate=ma.validate.Length(1, 80))
    scope = ma.fields.String(
        required=True,
        validate=ma.validate.Length(1, 40),
        metadata={"description": "LIFETIME, LAST-7-DAYS, LAST-30-DAYS, 2025-Q3 or 2025-01..2025-03."},
    )


class ScopeSchema(ma.Schema):
    """A form that a scope may have."""

    scope = ma.fields.String(required=True)
    example = ma.fields.String(required=True)
    description = ma.fields.String(required=True)


class ReportQuery(pages.PageQuery):
    """Which reports to list."""

    slug = ma.fields.String(validate=ma.validate.Length(1, 80))


class LinksSchema(ma.Schema):
    """Where the forms of a report are."""

    markdown = ma.fields.String(required=True)
    csv = ma.fields.String(required=True)
    html = ma.fields.String(required=True)


class ReportSchema(ma.Schema):
    """A report that was made."""

    report_id = ma.fields.String(required=True)
    customer_id = ma.fields.String(required=True)
    slug = ma.fields.String(required=True)
    title = ma.fields.String(required=True)
    scope = ma.fields.String(required=True)
    start = ma.fields.Date(required=True)
    end = ma.fields.Date(required=True)
    currency_code = ma.fields.String(required=True)
    time_zone = ma.fields.String(required=True)
    watermark_date = ma.fields.Date(required=True, allow_none=True)
    totals = ma.fields.Nested(MetricsSchema, required=True)
    created_by = ma.fields.String(required=True)
    created_at = ma.fields.AwareDateTime(required=True)
    links = ma.fields.Nested(LinksSchema, required=True)
