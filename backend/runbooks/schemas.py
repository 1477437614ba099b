"""What the routes of the runbooks take and answer."""

from __future__ import annotations

import marshmallow as ma


class RunbookSchema(ma.Schema):
    """A command on an account."""

    slug = ma.fields.String(required=True, validate=ma.validate.Length(1, 80))
    command = ma.fields.String(required=True, validate=ma.validate.Length(1, 40))
    args = ma.fields.Dict(keys=ma.fields.String(), load_default=dict)


class CommandSchema(ma.Schema):
    """A command that can be run."""

    command = ma.fields.String(required=True)
    description = ma.fields.String(required=True)
    role = ma.fields.String(required=True, metadata={"description": "The role that is needed on the account."})
    required = ma.fields.List(ma.fields.String(), required=True)
    optional = ma.fields.List(ma.fields.String(), required=True)
