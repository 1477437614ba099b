"""What a publish may be asked for."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from backend.campaigns.fields import Micros, Text


class Exemption(Schema):
    """A policy objection that the publisher agrees to have exempted; without `text`, any text under the topic."""

    topic = Text(required=True, least=1, most=200)
    text = Text(most=1_000)


class PublishOrder(Schema):
    """How to publish. The campaign is made paused unless `google_status` says ENABLED."""

    google_status = fields.String(load_default="PAUSED", validate=validate.OneOf(("PAUSED", "ENABLED")))
    policy_exemptions = fields.List(
        fields.Nested(Exemption),
        load_default=[],
        validate=validate.Length(max=100),
        metadata={"description": "Consent to these exemptions; what was exempted may not be eligible to serve."},
    )
    reason = Text(most=500)


class JobAccepted(Schema):
    """A job that was accepted."""

    job_id = fields.UUID(required=True)
    status = fields.String(required=True)


class PushOrder(Schema):
    """Why something is changed at Google; kept in the audit trail."""

    reason = Text(most=500)


class BulkOrder(PushOrder):
    """One action for many things of one kind."""

    action = fields.String(required=True, validate=validate.OneOf(("enable", "disable", "remove")))
    ids = fields.List(fields.UUID(), required=True, validate=validate.Length(1, 10_000))


class BudgetOrder(PushOrder):
    """A new daily budget."""

    daily_budget = Micros(required=True, minimum=1)


class PreviewChange(Schema):
    """One field that a push would change."""

    kind = fields.String(required=True)
    id = fields.String(required=True)
    field = fields.String(required=True)
    before = fields.Raw(required=True, allow_none=True)
    after = fields.Raw(required=True, allow_none=True)


class PreviewNew(Schema):
    """One thing that a push would make."""

    kind = fields.String(required=True)
    id = fields.String(required=True)
    name = fields.String(required=True, allow_none=True)


class Preview(Schema):
    """What a push would change, and what it costs of Google's daily quota."""

    changes = fields.List(fields.Nested(PreviewChange), required=True)
    creates = fields.Dict(required=True, metadata={"description": "How many of each kind would be made."})
    new = fields.List(
        fields.Nested(PreviewNew), required=True, metadata={"description": "What would be made, the first 500."}
    )
    operations = fields.Integer(required=True)
    quota = fields.Integer(required=True)


class BulkItem(Schema):
    """What became of one item of a bulk request."""

    index = fields.Integer(required=True)
    id = fields.String(required=True)
    result = fields.String(required=True, validate=validate.OneOf(("accepted", "done", "refused")))
    code = fields.String()
    detail = fields.String()
    job_id = fields.String()


class BulkAnswer(Schema):
    """What became of each item, by its index, and the jobs that tell Google."""

    items = fields.List(fields.Nested(BulkItem), required=True)
    jobs = fields.List(fields.String(), required=True)
