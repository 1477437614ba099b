"""What `GET /api/performance` takes and answers."""

from __future__ import annotations

import marshmallow as ma
from webargs.fields import DelimitedList

from backend.reporting.accounts import AccountQuery
from backend.reporting.performance.question import LEVELS, MAX_TOP, SPLITS, Granularity
from backend.reporting.periods import Against

MAX_ID = 2**63 - 1


class PerformanceQuery(AccountQuery):
    """Which entities, over which days, cut and ranked how."""

    level = ma.fields.String(load_default="campaign", validate=ma.validate.OneOf(list(LEVELS)))
    scope = ma.fields.String(
        validate=ma.validate.Length(1, 40),
        metadata={"description": "LIFETIME, LAST-7-DAYS, LAST-30-DAYS (default), 2025-Q3 or 2025-01..2025-03."},
    )
    start = ma.fields.Date(metadata={"description": "First day, in the account's time zone; goes with `end`."})
    end = ma.fields.Date(metadata={"description": "Last day, included."})
    granularity = ma.fields.String(
        load_default="total", validate=ma.validate.OneOf([granularity.value for granularity in Granularity])
    )
    split = DelimitedList(
        ma.fields.String(validate=ma.validate.OneOf(SPLITS)),
        load_default=[],
        metadata={"description": "device, network, or both with a comma.", "default": []},
    )
    compare = ma.fields.String(validate=ma.validate.OneOf([against.value for against in Against]))
    sort = ma.fields.String(
        load_default="-cost_micros",
        validate=ma.validate.Length(1, 40),
        metadata={"description": "A metric; a minus before it puts the largest first. It ranks whole entities."},
    )
    filter = ma.fields.List(
        ma.fields.String(validate=ma.validate.Length(1, 80)),
        load_default=[],
        validate=ma.validate.Length(max=10),
        metadata={"description": "A bound on an entity's total, such as `clicks>=10`; may be repeated."},
    )
    campaign_id = ma.fields.Integer(
        validate=ma.validate.Range(1, MAX_ID), metadata={"description": "Google's id of a campaign."}
    )
    ad_group_id = ma.fields.Integer(
        validate=ma.validate.Range(1, MAX_ID), metadata={"description": "Google's id of an ad group."}
    )
    top = ma.fields.Integer(
        validate=ma.validate.Range(1, MAX_TOP),
        metadata={"description": "How many entities are told apart; the others are summed in `rest`."},
    )
    format = ma.fields.String(load_default=None, validate=ma.validate.OneOf(["json", "csv"]))


class MetricsSchema(ma.Schema):
    """Sums and what follows from them; money in micros, ratios null where there is nothing to divide by."""

    impressions = ma.fields.Integer(required=True)
    clicks = ma.fields.Integer(required=True)
    cost_micros = ma.fields.Integer(required=True)
    conversions = ma.fields.Float(required=True)
    conversions_value = ma.fields.Float(required=True)
    ctr = ma.fields.Float(required=True, allow_none=True)
    cpc_micros = ma.fields.Integer(required=True, allow_none=True)
    cpm_micros = ma.fields.Integer(required=True, allow_none=True)
    cpa_micros = ma.fields.Integer(required=True, allow_none=True)
    roas = ma.fields.Float(required=True, allow_none=True)


class ChangeSchema(ma.Schema):
    """How much each metric moved, relative to before."""

    impressions = ma.fields.Float(allow_none=True)
    clicks = ma.fields.Float(allow_none=True)
    cost_micros = ma.fields.Float(allow_none=True)
    conversions = ma.fields.Float(allow_none=True)
    conversions_value = ma.fields.Float(allow_none=True)
    ctr = ma.fields.Float(allow_none=True)
    cpc_micros = ma.fields.Float(allow_none=True)
    cpm_micros = ma.fields.Float(allow_none=True)
    cpa_micros = ma.fields.Float(allow_none=True)
    roas = ma.fields.Float(allow_none=True)


class ComparedSchema(MetricsSchema):
    """Metrics beside those of the period compared with."""

    previous = ma.fields.Nested(MetricsSchema)
    change = ma.fields.Nested(ChangeSchema)


class RestSchema(ComparedSchema):
    """The entities that are not told apart, summed."""

    date = ma.fields.Date(allow_none=True, metadata={"description": "First day of the bucket (weeks begin Monday)."})
    device = ma.fields.String(allow_none=True)
    network = ma.fields.String(allow_none=True)


class RowSchema(RestSchema):
    """One entity in one bucket and split."""

    id = ma.fields.String(required=True, metadata={"description": "Google's id."})
    name = ma.fields.String(allow_none=True)
    status = ma.fields.String(allow_none=True)
    match_type = ma.fields.String(allow_none=True)
    campaign_id = ma.fields.String(allow_none=True)
    campaign_name = ma.fields.String(allow_none=True)
    ad_group_id = ma.fields.String(allow_none=True)
    ad_group_name = ma.fields.String(allow_none=True)


class ComparisonSchema(ma.Schema):
    """The period that everything is compared with."""

    against = ma.fields.String(required=True)
    start = ma.fields.Date(required=True)
    end = ma.fields.Date(required=True)


class PerformanceSchema(ma.Schema):
    """Rows and rest add up to the totals, to the micro."""

    customer_id = ma.fields.String(required=True)
    slug = ma.fields.String(required=True)
    currency_code = ma.fields.String(required=True)
    time_zone = ma.fields.String(required=True)
    watermark_date = ma.fields.Date(required=True, allow_none=True)
    level = ma.fields.String(required=True)
    start = ma.fields.Date(required=True)
    end = ma.fields.Date(required=True)
    granularity = ma.fields.String(required=True)
    split = ma.fields.List(ma.fields.String(), required=True)
    compare = ma.fields.Nested(ComparisonSchema, allow_none=True)
    sort = ma.fields.String(required=True)
    entities = ma.fields.Integer(required=True, metadata={"description": "How many there are, the rest included."})
    rows = ma.fields.List(ma.fields.Nested(RowSchema), required=True)
    rest = ma.fields.List(ma.fields.Nested(RestSchema), required=True)
    totals = ma.fields.Nested(ComparedSchema, required=True)
    totals_overlap = ma.fields.Boolean(
        required=True,
        metadata={
            "description": "Assets are shown together: their sum counts an impression once per asset and is more than"
            " the campaigns'."
        },
    )
