"""Metrics as functions of what was counted."""

from collections.abc import Callable
from dataclasses import dataclass

from google.protobuf.descriptor import FieldDescriptor

from backend.integrations.googleads.gaql import Field
from backend.sandbox.googleads import kinds
from backend.sandbox.googleads.search import wire
from backend.sandbox.googleads.stats.lines import Counts

Number = int | float | None
Metric = Callable[[Counts], Number]


def _per(top: Metric, bottom: Metric, factor: float = 1) -> Metric:
    def ratio(counts: Counts) -> Number:
        below = bottom(counts)
        above = top(counts)
        return above * factor / below if below and above is not None else None

    return ratio


def _share(part: int, of: int, metric: Metric) -> Metric:
    def portion(counts: Counts) -> Number:
        value = metric(counts)
        return value * part // of if isinstance(value, int) else None

    return portion


def _impressions(counts: Counts) -> Number:
    return counts.impressions


def _clicks(counts: Counts) -> Number:
    return counts.clicks


def _cost(counts: Counts) -> Number:
    return counts.cost_micros


def _conversions(counts: Counts) -> Number:
    return counts.conversions / 4


def _value(counts: Counts) -> Number:
    return counts.value / 4


def _all_conversions(counts: Counts) -> Number:
    return counts.all_conversions / 4


def _all_value(counts: Counts) -> Number:
    return counts.all_value / 4


def _views(counts: Counts) -> Number:
    return counts.views


def _interactions(counts: Counts) -> Number:
    return counts.clicks + counts.views


def _where_shown(value: float) -> Metric:
    return lambda counts: value if counts.impressions else None


_cost_units = _per(_cost, lambda _: 1_000_000)
METRICS: dict[str, Metric] = {
    "impressions": _impressions,
    "clicks": _clicks,
    "cost_micros": _cost,
    "conversions": _conversions,
    "conversions_value": _value,
    "all_conversions": _all_conversions,
    "all_conversions_value": _all_value,
    "conversions_by_conversion_date": _conversions,
    "conversions_value_by_conversion_date": _value,
    "all_conversions_by_conversion_date": _all_conversions,
    "all_conversions_value_by_conversion_date": _all_value,
    "current_model_attributed_conversions": _conversions,
    "current_model_attributed_conversions_value": _value,
    "ctr": lambda counts: counts.clicks / counts.impressions if counts.impressions else 0.0,
    "average_cpc": _per(_cost, _clicks),
    "average_cpm": _per(_cost, _impressions, 1000),
    "average_cost": _per(_cost, _interactions),
    "average_cpe": _per(_cost, _views),
    "interactions": _interactions,
    "interaction_rate": _per(_interactions, _impressions),
    "engagements": _views,
    "engagement_rate": _per(_views, _impressions),
    "cost_per_conversion": _per(_cost, _conversions),
    "cost_per_all_conversions": _per(_cost, _all_conversions),
    "cost_per_current_model_attributed_conversion": _per(_cost, _conversions),
    "value_per_conversion": _per(_value, _conversions),
    "value_per_all_conversions": _per(_all_value, _all_conversions),
    "conversions_from_interactions_rate": _per(_conversions, _interactions),
    "all_conversions_from_interactions_rate": _per(_all_conversions, _interactions),
    "conversions_from_interactions_value_per_interaction": _per(_value, _interactions),
    "all_conversions_from_interactions_value_per_interaction": _per(_all_value, _interactions),
    "conversions_value_per_cost": _per(_value, _cost_units),
    "all_conversions_value_per_cost": _per(_all_value, _cost_units),
    "cross_device_conversions": lambda counts: counts.conversions / 16,
    "view_through_conversions": lambda _: 0,
    "top_impression_percentage": _where_shown(0.72),
    "absolute_top_impression_percentage": _where_shown(0.31),
    "search_impression_share": _where_shown(0.58),
    "search_top_impression_share": _where_shown(0.47),
    "search_absolute_top_impression_share": _where_shown(0.22),
    "search_exact_match_impression_share": _where_shown(0.69),
    "search_click_share": _where_shown(0.41),
    "search_rank_lost_impression_share": _where_shown(0.27),
    "search_rank_lost_top_impression_share": _where_shown(0.34),
    "search_rank_lost_absolute_top_impression_share": _where_shown(0.55),
    "search_budget_lost_impression_share": _where_shown(0.15),
    "search_budget_lost_top_impression_share": _where_shown(0.19),
    "search_budget_lost_absolute_top_impression_share": _where_shown(0.23),
    "content_impression_share": _where_shown(0.36),
    "content_rank_lost_impression_share": _where_shown(0.49),
    "content_budget_lost_impression_share": _where_shown(0.15),
    "active_view_impressions": _share(7, 10, _impressions),
    "active_view_measurable_impressions": _share(9, 10, _impressions),
    "active_view_measurable_cost_micros": _share(9, 10, _cost),
    "active_view_viewability": _where_shown(0.78),
    "active_view_measurability": _where_shown(0.9),
    "active_view_ctr": _per(_clicks, _share(7, 10, _impressions)),
    "active_view_cpm": _per(_cost, _share(7, 10, _impressions), 1000),
    "invalid_clicks": _share(1, 40, _clicks),
    "invalid_click_rate": lambda counts: 0.025 if counts.clicks else None,
    "phone_calls": lambda _: 0,
    "phone_impressions": lambda _: 0,
    "video_trueview_views": _views,
    "video_trueview_view_rate": _per(_views, _impressions),
    "trueview_average_cpv": _per(_cost, _views),
    "video_quartile_p25_rate": lambda counts: 0.81 if counts.views else None,
    "video_quartile_p50_rate": lambda counts: 0.57 if counts.views else None,
    "video_quartile_p75_rate": lambda counts: 0.42 if counts.views else None,
    "video_quartile_p100_rate": lambda counts: 0.33 if counts.views else None,
    "relative_ctr": lambda counts: 1.0 if counts.clicks else None,
}


@dataclass(frozen=True, slots=True)
class Encoder:
    """Writes the selected metrics of a row."""

    number: int  # of `metrics` in the row
    parts: tuple[tuple[str, bytes, bool, Metric], ...]  # name, key, is double, value

    def encode(self, counts: Counts) -> bytes:
        """The row's metrics field."""
        out = []
        for _, key, is_double, metric in self.parts:
            value = metric(counts)
            if value is not None:
                out.append(key + (wire.double(value) if is_double else wire.varint(int(value))))
        return wire.framed(self.number, b"".join(out))


def value_of(name: str, counts: Counts) -> Number:
    """The value of a metric by its full name, for filters and order; None when there is none."""
    metric = METRICS.get(name.removeprefix("metrics."))
    return metric(counts) if metric else None


def encoder(fields: list[Field], version: str) -> Encoder:
    """An encoder of these metrics in a version."""
    row = kinds.row_descriptor(version).fields_by_name["metrics"]
    known = row.message_type.fields_by_name if row.message_type is not None else {}
    parts: list[tuple[str, bytes, bool, Metric]] = []
    for field in fields:
        descriptor = known[field.path[1]]
        name = field.name.removeprefix("metrics.")
        if name == "interaction_event_types":
            key = wire.tag(descriptor.number, wire.LENGTH) + b"\x01"
            parts.append((field.name, key, False, _event_types))
        elif name in METRICS:
            is_double = descriptor.type == FieldDescriptor.TYPE_DOUBLE
            key = wire.tag(descriptor.number, wire.FIXED64 if is_double else wire.VARINT)
            parts.append((field.name, key, is_double, METRICS[name]))
    return Encoder(row.number, tuple(parts))


def _event_types(counts: Counts) -> Number:
    return 2 if counts.clicks else None  # InteractionEventTypeEnum.CLICK, the only element of a packed list
