"""Campaigns: names, dates, bidding, networks, the EU declaration, and what they need of their budget."""

from collections.abc import Sequence
from datetime import datetime, time
from typing import Any

from backend.sandbox.googleads import names
from backend.sandbox.googleads.demo import constants
from backend.sandbox.googleads.enums import default_enum, enum_name, is_removed, set_enum
from backend.sandbox.googleads.handlers import budgets, checks, pmax
from backend.sandbox.googleads.indexes import Index
from backend.sandbox.googleads.mutate.rules import Op, Rules, rules_for

BY_NAME = Index("campaign", lambda c: None if is_removed(c) else c.name.lower())
ALIVE = Index("campaign", lambda c: not is_removed(c))
MAX_CAMPAIGNS = 10_000
NOT_DECLARED = "UNSPECIFIED"

_STANDARD = {
    "manual_cpc": "MANUAL_CPC", "manual_cpm": "MANUAL_CPM", "manual_cpv": "MANUAL_CPV", "manual_cpa": "MANUAL_CPA",
    "maximize_conversions": "MAXIMIZE_CONVERSIONS", "maximize_conversion_value": "MAXIMIZE_CONVERSION_VALUE",
    "target_cpa": "TARGET_CPA", "target_impression_share": "TARGET_IMPRESSION_SHARE", "target_roas": "TARGET_ROAS",
    "target_spend": "TARGET_SPEND", "percent_cpc": "PERCENT_CPC", "target_cpm": "TARGET_CPM",
    "commission": "COMMISSION", "fixed_cpm": "FIXED_CPM", "target_cpv": "TARGET_CPV", "target_cpc": "TARGET_CPC",
}  # fmt: skip
_CONVERSION = frozenset(("maximize_conversions", "maximize_conversion_value", "target_cpa", "target_roas"))
_ALLOWED = {
    "SEARCH": _CONVERSION
    | {"manual_cpc", "target_spend", "target_impression_share", "percent_cpc", "bidding_strategy"},
    "DISPLAY": _CONVERSION
    | {"manual_cpc", "manual_cpm", "target_spend", "target_cpm", "bidding_strategy", "commission"},
    "DEMAND_GEN": _CONVERSION | {"target_spend", "target_cpc", "bidding_strategy", "target_cpm", "fixed_cpm"},
    "PERFORMANCE_MAX": frozenset(("maximize_conversions", "maximize_conversion_value")),
    "SHOPPING": frozenset(
        ("manual_cpc", "target_roas", "target_spend", "maximize_conversion_value", "bidding_strategy")
    ),
}
_NOT_BY_API = ("VIDEO", "LOCAL")  # made in the interface only
_DAY_GRANULAR = frozenset(("SEARCH", "DISPLAY", "PERFORMANCE_MAX", "SHOPPING", "SMART", "LOCAL", "TRAVEL", "HOTEL"))


@rules_for("campaign")
class CampaignRules(Rules):
    """One campaign."""

    def create(self, op: Op, new: Any) -> None:
        default_enum(new, "status", "ENABLED")
        if is_removed(new):
            op.fail("operation_access_denied_error", "CREATE_AS_REMOVED_NOT_PERMITTED", "status")
        if not checks.required(op, new, "name", "advertising_channel_type", "campaign_budget"):
            return
        if new.WhichOneof("campaign_bidding_strategy") is None:
            op.fail("field_error", "REQUIRED", "campaign_bidding_strategy")
        if enum_name(new, "advertising_channel_type") in _NOT_BY_API:
            op.fail(
                "operation_access_denied_error",
                "OPERATION_NOT_PERMITTED_FOR_CAMPAIGN_TYPE",
                "advertising_channel_type",
                trigger=enum_name(new, "advertising_channel_type"),
            )
        self._declaration(op, new)
        self._name(op, new)
        self._bidding(op, new, "CANNOT_CREATE_CAMPAIGN_WITH_BIDDING_STRATEGY")
        self._networks(op, new)
        self._dates(op, None, new)
        checks.tracking(op, new)
        budgets.attach(op, new)
        alive = op.tx.count(ALIVE, True, MAX_CAMPAIGNS)
        enclosing = (op.tx.customer_id, "Customer")
        checks.limit(op, alive, MAX_CAMPAIGNS, "CAMPAIGNS_PER_CUSTOMER", enclosing=enclosing, code="ACCOUNT_LIMIT")
        if not op.problems:
            self._defaults(op, new)

    def named(self, op: Op, new: Any, parts: dict[str, str]) -> None:
        new.base_campaign = new.resource_name
        budgets.count_reference(op, new.campaign_budget, 1)
        budgets.follow(op, new)
        if enum_name(new, "advertising_channel_type") == "PERFORMANCE_MAX":
            pmax.defer_campaign_checks(op, new.resource_name)
        pmax.add_conversion_goals(op, new)

    def update(self, op: Op, old: Any, new: Any, paths: Sequence[str]) -> None:
        if "name" in paths:
            if not new.name.strip():
                op.fail("field_error", "FIELD_CANNOT_BE_CLEARED", "name")
            elif new.name.lower() != old.name.lower():
                self._name(op, new)
            budgets.follow(op, new)
        if {"start_date_time", "end_date_time"} & set(paths):
            self._dates(op, old, new)
        if "campaign_budget" in paths and new.campaign_budget != old.campaign_budget:
            self._budget(op, old, new)
        if "contains_eu_political_advertising" in paths:
            undeclared = enum_name(new, "contains_eu_political_advertising") == NOT_DECLARED
            if undeclared:
                op.fail("field_error", "FIELD_CANNOT_BE_CLEARED", "contains_eu_political_advertising")
            new.missing_eu_political_advertising_declaration = undeclared
        if new.WhichOneof("campaign_bidding_strategy") != old.WhichOneof("campaign_bidding_strategy"):
            self._bidding(op, new, "BIDDING_STRATEGY_TRANSITION_NOT_ALLOWED")
        elif any(path.startswith(tuple(_STANDARD)) for path in paths):
            self._bidding_values(op, new)
        if any(path.startswith("network_settings") for path in paths):
            self._networks(op, new)
        checks.tracking(op, new)
        self._serving(op, new)

    @staticmethod
    def _budget(op: Op, old: Any, new: Any) -> None:
        if not new.campaign_budget:
            op.fail("field_error", "FIELD_CANNOT_BE_CLEARED", "campaign_budget")
            return
        budgets.attach(op, new)
        if not op.problems:
            budgets.count_reference(op, old.campaign_budget, -1)
            budgets.count_reference(op, new.campaign_budget, 1)

    def remove(self, op: Op, old: Any) -> None:
        budgets.count_reference(op, old.campaign_budget, -1)
        budgets.follow(op, old, removed=True)

    def removed(self, op: Op, old: Any) -> Any:
        gone = super().removed(op, old)
        set_enum(gone, "primary_status", "REMOVED")
        set_enum(gone, "serving_status", "NONE")
        return gone

    def _name(self, op: Op, new: Any) -> None:
        if checks.CONTROL.search(new.name):
            op.fail("campaign_error", "INVALID_CAMPAIGN_NAME", "name", trigger=new.name)
            return
        checks.text_length(op, new.name, 255, "name")
        for other in op.tx.find(BY_NAME, new.name.lower()):
            if other.resource_name != new.resource_name:
                op.fail("campaign_error", "DUPLICATE_CAMPAIGN_NAME", "name", trigger=new.name)
                break

    def _declaration(self, op: Op, new: Any) -> None:
        if enum_name(new, "contains_eu_political_advertising") == NOT_DECLARED:
            op.defer(lambda: _declared_or_elsewhere(op, new))

    def _bidding(self, op: Op, new: Any, code: str) -> None:
        chosen = new.WhichOneof("campaign_bidding_strategy")
        channel = enum_name(new, "advertising_channel_type")
        if chosen is not None and channel in _ALLOWED and chosen not in _ALLOWED[channel]:
            op.fail("bidding_error", code, chosen)
            return
        self._bidding_values(op, new)
        if chosen == "bidding_strategy":
            strategy = _strategy(op, new.bidding_strategy)
            if strategy is not None and is_removed(strategy):
                op.fail("operation_access_denied_error", "OPERATION_NOT_PERMITTED_FOR_REMOVED_RESOURCE", chosen)
            new.bidding_strategy_type = strategy.type_ if strategy is not None else 0
        elif chosen is not None:
            set_enum(new, "bidding_strategy_type", _STANDARD[chosen])

    def _bidding_values(self, op: Op, new: Any) -> None:
        chosen = new.WhichOneof("campaign_bidding_strategy")
        if chosen is None or chosen == "bidding_strategy":
            return
        scheme = getattr(new, chosen)
        for field, value in scheme.ListFields():
            if field.name.endswith("_micros") and isinstance(value, int) and "fraction" not in field.name:
                if value < 0:
                    op.fail("bidding_error", "INVALID_BID", chosen, field.name, trigger=value)
                elif value % checks.billable_unit(op.customer.currency_code):
                    op.fail("bidding_error", "BID_TOO_MANY_FRACTIONAL_DIGITS", chosen, field.name, trigger=value)
            if field.name == "target_roas" and not 0.01 <= value <= 1000.0:
                op.fail("range_error", "TOO_LOW" if value < 0.01 else "TOO_HIGH", chosen, field.name, trigger=value)
        if chosen == "target_impression_share":
            self._impression_share(op, scheme)

    @staticmethod
    def _impression_share(op: Op, scheme: Any) -> None:
        if scheme.location == 0:
            op.fail("field_error", "REQUIRED", "target_impression_share", "location")
        if not 1 <= scheme.location_fraction_micros <= 1_000_000:
            op.fail("range_error", "TOO_LOW", "target_impression_share", "location_fraction_micros")
        if scheme.cpc_bid_ceiling_micros == 0:
            op.fail("field_error", "REQUIRED", "target_impression_share", "cpc_bid_ceiling_micros")

    def _networks(self, op: Op, new: Any) -> None:
        networks = new.network_settings
        channel = enum_name(new, "advertising_channel_type")
        if channel not in ("SEARCH", "DISPLAY", "SHOPPING") or not new.HasField("network_settings"):
            return
        if networks.target_search_network and not networks.target_google_search:
            where = ("network_settings", "target_search_network")
            op.fail("campaign_error", "CANNOT_TARGET_SEARCH_NETWORK_WITHOUT_GOOGLE_SEARCH", *where)
        if networks.target_partner_search_network:
            op.fail(
                "campaign_error",
                "CANNOT_TARGET_PARTNER_SEARCH_NETWORK",
                "network_settings",
                "target_partner_search_network",
            )
        chosen = (networks.target_google_search, networks.target_search_network, networks.target_content_network)
        if not any(chosen) and not networks.target_youtube:
            op.fail("campaign_error", "CAMPAIGN_MUST_TARGET_AT_LEAST_ONE_NETWORK", "network_settings")
        if channel == "DISPLAY" and (networks.target_google_search or networks.target_search_network):
            op.fail("campaign_error", "CANNOT_TARGET_SEARCH_NETWORK", "network_settings", "target_google_search")

    def _dates(self, op: Op, old: Any, new: Any) -> None:
        start = self._moment(op, new, "start_date_time")
        end = self._moment(op, new, "end_date_time")
        if op.problems:
            return
        today = op.now().date()
        moved = old is not None and new.start_date_time != old.start_date_time
        if moved and old.start_date_time and old.start_date_time <= op.now().isoformat(" "):
            op.fail("date_range_error", "CANNOT_MODIFY_START_DATE_IF_ALREADY_STARTED", "start_date_time")
            return
        if start is not None and (old is None or moved) and start.date() < today:
            op.fail("date_range_error", "CANNOT_SET_DATE_TO_PAST", "start_date_time", trigger=new.start_date_time)
        if end is not None and (old is None or new.end_date_time != old.end_date_time) and end.date() < today:
            op.fail("date_range_error", "CANNOT_SET_DATE_TO_PAST", "end_date_time", trigger=new.end_date_time)
        elif start is not None and end is not None and end < start:
            op.fail("date_range_error", "START_DATE_AFTER_END_DATE", "end_date_time", trigger=new.end_date_time)

    def _moment(self, op: Op, new: Any, name: str) -> datetime | None:
        text = getattr(new, name)
        if not text:
            return None
        moment = checks.date_time(op, text, name)
        if moment is not None:
            setattr(new, name, moment.isoformat(" "))
        if moment is not None and enum_name(new, "advertising_channel_type") in _DAY_GRANULAR:
            edge = time(0, 0, 0) if name == "start_date_time" else time(23, 59, 59)
            if moment.time() != edge:
                word = "START_TIME_MUST_BE_THE_START" if edge == time.min else "END_TIME_MUST_BE_THE_END"
                op.fail("date_error", f"DATE_RANGE_ERROR_{word}_OF_A_DAY", name, trigger=text)
        return moment

    def _defaults(self, op: Op, new: Any) -> None:
        if not new.start_date_time:
            new.start_date_time = f"{op.now().date().isoformat()} 00:00:00"
        default_enum(new, "ad_serving_optimization_status", "OPTIMIZE")
        default_enum(new, "payment_mode", "CLICKS")
        set_enum(new, "experiment_type", "BASE")
        geo = new.geo_target_type_setting
        default_enum(geo, "positive_geo_target_type", "PRESENCE_OR_INTEREST")
        default_enum(geo, "negative_geo_target_type", "PRESENCE")
        if enum_name(new, "advertising_channel_type") == "SEARCH" and not new.HasField("network_settings"):
            new.network_settings.target_google_search = True
            new.network_settings.target_search_network = True
            new.network_settings.target_content_network = False
            new.network_settings.target_partner_search_network = False
        undeclared = enum_name(new, "contains_eu_political_advertising") == NOT_DECLARED
        new.missing_eu_political_advertising_declaration = undeclared
        self._serving(op, new)

    @staticmethod
    def _serving(op: Op, new: Any) -> None:
        now = op.now().isoformat(" ")
        if new.end_date_time and new.end_date_time < now:
            serving, primary = "ENDED", "ENDED"
        elif new.start_date_time > now:
            serving, primary = "PENDING", "PENDING"
        else:
            serving, primary = "SERVING", "ELIGIBLE"
        set_enum(new, "serving_status", serving)
        paused = enum_name(new, "status") == "PAUSED"
        set_enum(new, "primary_status", "PAUSED" if paused else primary)


def _strategy(op: Op, name: str) -> Any | None:
    """A portfolio strategy of the account or of one of its managers."""
    parsed = names.parse(name)
    if parsed is None or parsed.customer_id not in op.tx.world.customers():
        return None
    return op.tx.get("bidding_strategy", name, parsed.customer_id)


def _declared_or_elsewhere(op: Op, new: Any) -> None:
    """Only a campaign that targets locations outside the union alone may leave the declaration out (v26)."""
    places = [
        criterion.location.geo_target_constant
        for criterion in op.tx.entities("campaign_criterion")
        if criterion.campaign == new.resource_name and not criterion.negative and criterion.HasField("location")
    ]
    if not places or any(_in_eu(place) for place in places):
        op.fail("field_error", "REQUIRED", "contains_eu_political_advertising")
    else:
        outside = type(new)()
        outside.CopyFrom(op.tx.get("campaign", new.resource_name))
        outside.missing_eu_political_advertising_declaration = False
        op.tx.put("campaign", outside)


def _in_eu(place: str) -> bool:
    found = constants.entities("geo_target_constant").get(place)
    return found is None or found.require_eu_political_advertising_declaration
