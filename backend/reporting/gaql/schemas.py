"""What the GAQL addresses take and answer."""

from __future__ import annotations

import marshmallow as ma

from backend.reporting.accounts import AccountQuery

MAX_QUERY = 50_000


class GaqlOrder(AccountQuery):
    """A query about an account; manager accounts can be asked too."""

    query = ma.fields.String(required=True, validate=ma.validate.Length(1, MAX_QUERY))
    format = ma.fields.String(validate=ma.validate.OneOf(["jsonl", "csv"]))
    check_only = ma.fields.Boolean(
        load_default=False, metadata={"description": "Only check the query; Google is not asked."}
    )


class QuotaSchema(ma.Schema):
    """Operations of the last 24 hours; a search is one."""

    account = ma.fields.Integer(required=True, metadata={"description": "Used on this account."})
    project = ma.fields.Integer(required=True, metadata={"description": "Used by the whole Google Cloud project."})
    limit = ma.fields.Integer(required=True, allow_none=True, metadata={"description": "The project's, null for none."})
    left = ma.fields.Integer(required=True, allow_none=True)


class GaqlCheckedSchema(ma.Schema):
    """A query that Google would take."""

    resource = ma.fields.String(required=True)
    fields_ = ma.fields.List(ma.fields.String(), required=True, data_key="fields", attribute="fields")
    role = ma.fields.String(required=True)
    quota = ma.fields.Nested(QuotaSchema, required=True)


class FieldsQuery(ma.Schema):
    """Which part of the catalogue."""

    resource = ma.fields.String(
        validate=ma.validate.Length(1, 80), metadata={"description": "A resource, `metrics` or `segments`."}
    )
    q = ma.fields.String(validate=ma.validate.Length(1, 80), metadata={"description": "Names that contain this."})


class FieldSchema(ma.Schema):
    """A field that queries can name."""

    name = ma.fields.String(required=True)
    category = ma.fields.String(required=True)
    data_type = ma.fields.String(required=True)
    selectable = ma.fields.Boolean(required=True)
    filterable = ma.fields.Boolean(required=True)
    sortable = ma.fields.Boolean(required=True)
    is_repeated = ma.fields.Boolean(required=True)
    enum_values = ma.fields.List(ma.fields.String(), required=True)


class ResourceSchema(ma.Schema):
    """A resource that queries can be about, and the role that it needs."""

    name = ma.fields.String(required=True)
    role = ma.fields.String(required=True)


class CatalogueSchema(ma.Schema):
    """A part of the field catalogue of the API version in use."""

    api_version = ma.fields.String(required=True)
    resource = ma.fields.String(allow_none=True)
    resources = ma.fields.List(
        ma.fields.Nested(ResourceSchema), metadata={"description": "All of them, when none was named."}
    )
    fields_ = ma.fields.List(ma.fields.Nested(FieldSchema), data_key="fields", attribute="fields")
    attributed_resources = ma.fields.List(
        ma.fields.String(), metadata={"description": "Resources whose fields can be selected along."}
    )
    segments = ma.fields.List(ma.fields.String())
    metrics = ma.fields.List(ma.fields.String())
