"""Ad groups: names, types that fit the campaign, bids, Demand Gen's channel controls."""

from collections.abc import Sequence
from typing import Any

from backend.sandbox.googleads.enums import default_enum, enum_name, is_removed, set_enum
from backend.sandbox.googleads.handlers import checks
from backend.sandbox.googleads.indexes import Index
from backend.sandbox.googleads.mutate.rules import Op, Rules, rules_for

BY_NAME = Index("ad_group", lambda g: None if is_removed(g) else (g.campaign, g.name.lower()))
OF_CAMPAIGN = Index("ad_group", lambda g: None if is_removed(g) else g.campaign)
MAX_PER_CAMPAIGN = 20_000
_BIDS = ("cpc_bid_micros", "cpm_bid_micros", "cpv_bid_micros", "target_cpa_micros", "target_cpm_micros")
_TYPES: dict[str, tuple[str, ...]] = {  # channel → ad group types it takes, the default first
    "SEARCH": ("SEARCH_STANDARD", "SEARCH_DYNAMIC_ADS"),
    "DISPLAY": ("DISPLAY_STANDARD",),
    "SHOPPING": ("SHOPPING_PRODUCT_ADS", "SHOPPING_SMART_ADS", "SHOPPING_COMPARISON_LISTING_ADS"),
    "DEMAND_GEN": ("UNSPECIFIED",),
    "VIDEO": ("VIDEO_BUMPER", "VIDEO_TRUE_VIEW_IN_STREAM", "VIDEO_RESPONSIVE", "VIDEO_NON_SKIPPABLE_IN_STREAM"),
    "HOTEL": ("HOTEL_ADS",),
    "TRAVEL": ("TRAVEL_ADS",),
    "SMART": ("SMART_CAMPAIGN_ADS",),
}
_NO_AD_GROUPS = ("PERFORMANCE_MAX",)


@rules_for("ad_group")
class AdGroupRules(Rules):
    """One ad group."""

    def create(self, op: Op, new: Any) -> None:
        default_enum(new, "status", "ENABLED")
        if not checks.required(op, new, "campaign", "name"):
            return
        if is_removed(new):
            op.fail("operation_access_denied_error", "CREATE_AS_REMOVED_NOT_PERMITTED", "status")
        campaign = op.get(new.campaign)
        if campaign is None or not parent_alive(op, campaign, "campaign"):
            return
        self._name(op, new)
        self._type(op, new, enum_name(campaign, "advertising_channel_type"))
        checks.bid(op, new, *_BIDS)
        checks.tracking(op, new)
        self._channel_controls(op, new, campaign)
        siblings = op.tx.count(OF_CAMPAIGN, new.campaign, MAX_PER_CAMPAIGN)
        enclosing = (str(campaign.id), "Campaign")
        checks.limit(
            op, siblings, MAX_PER_CAMPAIGN, "AD_GROUPS_PER_CAMPAIGN", enclosing=enclosing, code="CAMPAIGN_LIMIT"
        )
        if campaign.WhichOneof("campaign_bidding_strategy") == "manual_cpc" and not new.cpc_bid_micros:
            new.cpc_bid_micros = checks.billable_unit(op.customer.currency_code)
        set_enum(new, "primary_status", "PAUSED" if enum_name(new, "status") == "PAUSED" else "ELIGIBLE")
        if new.cpc_bid_micros:
            new.effective_cpc_bid_micros = new.cpc_bid_micros

    def named(self, op: Op, new: Any, parts: dict[str, str]) -> None:
        new.base_ad_group = new.resource_name

    def update(self, op: Op, old: Any, new: Any, paths: Sequence[str]) -> None:
        if "name" in paths:
            if not new.name.strip():
                op.fail("field_error", "FIELD_CANNOT_BE_CLEARED", "name")
            elif new.name.lower() != old.name.lower():
                self._name(op, new)
        checks.bid(op, new, *(name for name in _BIDS if name in paths))
        checks.tracking(op, new)
        campaign = op.get(new.campaign)
        if campaign is not None and any(path.startswith("demand_gen_ad_group_settings") for path in paths):
            self._channel_controls(op, new, campaign)
        set_enum(new, "primary_status", "PAUSED" if enum_name(new, "status") == "PAUSED" else "ELIGIBLE")
        if new.cpc_bid_micros:
            new.effective_cpc_bid_micros = new.cpc_bid_micros

    def _name(self, op: Op, new: Any) -> None:
        if checks.CONTROL.search(new.name):
            op.fail("ad_group_error", "INVALID_ADGROUP_NAME", "name", trigger=new.name)
            return
        checks.text_length(op, new.name, 255, "name")
        for other in op.tx.find(BY_NAME, (new.campaign, new.name.lower())):
            if other.resource_name != new.resource_name:
                op.fail("ad_group_error", "DUPLICATE_ADGROUP_NAME", "name", trigger=new.name)
                break

    def _type(self, op: Op, new: Any, channel: str) -> None:
        if channel in _NO_AD_GROUPS:
            op.fail("ad_group_error", "CANNOT_ADD_AD_GROUP_FOR_CAMPAIGN_TYPE", "campaign", trigger=new.campaign)
            return
        fitting = _TYPES.get(channel)
        if fitting is None:
            return
        if new.type_ == 0:
            set_enum(new, "type_", fitting[0])
        elif enum_name(new, "type_") not in fitting:
            code = "AD_GROUP_TYPE_NOT_VALID_FOR_ADVERTISING_CHANNEL_TYPE"
            op.fail("ad_group_error", code, "type", trigger=enum_name(new, "type_"))

    @staticmethod
    def _channel_controls(op: Op, new: Any, campaign: Any) -> None:
        """`channel_strategy` and `selected_channels` exclude each other; of the selected ones one must be true."""
        if not new.HasField("demand_gen_ad_group_settings"):
            return
        if enum_name(campaign, "advertising_channel_type") != "DEMAND_GEN":
            op.fail("field_error", "VALUE_MUST_BE_UNSET", "demand_gen_ad_group_settings")
            return
        controls = new.demand_gen_ad_group_settings.channel_controls
        chosen = controls.selected_channels
        where = ("demand_gen_ad_group_settings", "channel_controls", "selected_channels")
        if controls.HasField("selected_channels") and not any(value is True for _, value in chosen.ListFields()):
            op.fail("field_error", "REQUIRED", *where)
        if new.demand_gen_ad_group_settings.HasField("channel_controls"):
            chosen_by = "SELECTED_CHANNELS" if controls.HasField("selected_channels") else "CHANNEL_STRATEGY"
            set_enum(controls, "channel_config", chosen_by)


def parent_alive(op: Op, parent: Any, *path: str) -> bool:
    """Nothing is made under a removed parent."""
    if is_removed(parent):
        code = "OPERATION_NOT_PERMITTED_FOR_REMOVED_RESOURCE"
        op.fail("operation_access_denied_error", code, *path, trigger=parent.resource_name)
        return False
    return True
