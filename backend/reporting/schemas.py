"""What the routes of the reports take and answer."""

from __future__ import annotations

import marshmallow as ma


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
