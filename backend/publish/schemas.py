"""What a publish may be asked for."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from backend.campaigns.fields import Text


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
