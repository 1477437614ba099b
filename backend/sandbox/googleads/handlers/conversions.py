"""Conversion actions and the account's goals."""

from collections.abc import Sequence
from typing import Any

from backend.sandbox.googleads import kinds
from backend.sandbox.googleads.enums import default_enum, enum_name, is_removed, set_enum
from backend.sandbox.googleads.handlers import checks
from backend.sandbox.googleads.indexes import Index
from backend.sandbox.googleads.mutate.rules import Op, Rules, rules_for

BY_NAME = Index("conversion_action", lambda a: None if is_removed(a) else a.name.lower())
_CREATABLE = frozenset(
    ("WEBPAGE", "UPLOAD_CLICKS", "UPLOAD_CALLS", "AD_CALL", "WEBSITE_CALL", "CLICK_TO_CALL", "STORE_SALES")
    + ("GOOGLE_PLAY_DOWNLOAD", "GOOGLE_PLAY_IN_APP_PURCHASE", "STORE_SALES_DIRECT_UPLOAD", "FLOODLIGHT_ACTION")
)
_ORIGINS = {
    "UPLOAD_CLICKS": "WEBSITE",
    "WEBPAGE": "WEBSITE",
    "UPLOAD_CALLS": "CALL_FROM_ADS",
    "AD_CALL": "CALL_FROM_ADS",
}


@rules_for("conversion_action")
class ConversionActionRules(Rules):
    """One conversion action."""

    def create(self, op: Op, new: Any) -> None:
        if not checks.required(op, new, "name", "type"):
            return
        kind = enum_name(new, "type_")
        if kind not in _CREATABLE:
            op.fail("conversion_action_error", "CREATION_NOT_SUPPORTED", "type", trigger=kind)
        default_enum(new, "status", "ENABLED")
        default_enum(new, "category", "DEFAULT")
        default_enum(new, "counting_type", "MANY_PER_CLICK")
        set_enum(new, "origin", _ORIGINS.get(kind, "WEBSITE"))
        new.primary_for_goal = new.primary_for_goal if new.HasField("primary_for_goal") else True
        if not new.click_through_lookback_window_days:
            new.click_through_lookback_window_days = 30
        if not new.view_through_lookback_window_days:
            new.view_through_lookback_window_days = 1
        new.owner_customer = f"customers/{op.tx.customer_id}"
        new.include_in_conversions_metric = new.primary_for_goal
        self._check(op, new)

    def named(self, op: Op, new: Any, parts: dict[str, str]) -> None:
        _add_goal(op, new)
        if enum_name(new, "type_") == "WEBPAGE":
            snippet = new.tag_snippets.add()
            set_enum(snippet, "type_", "WEBPAGE")
            set_enum(snippet, "page_format", "HTML")
            snippet.event_snippet = f"<script>gtag('event', 'conversion', {{'send_to': 'AW-{new.id}'}});</script>"

    def update(self, op: Op, old: Any, new: Any, paths: Sequence[str]) -> None:
        if "name" in paths and not new.name.strip():
            op.fail("field_error", "FIELD_CANNOT_BE_CLEARED", "name")
        self._check(op, new)

    def _check(self, op: Op, new: Any) -> None:
        checks.text_length(op, new.name, 100, "name")
        for other in op.tx.find(BY_NAME, new.name.lower()):
            if other.resource_name != new.resource_name:
                op.fail("conversion_action_error", "DUPLICATE_NAME", "name", trigger=new.name)
                break
        for field, low, high in (
            ("click_through_lookback_window_days", 1, 90),
            ("view_through_lookback_window_days", 1, 30),
        ):
            days = getattr(new, field)
            if not low <= days <= high:
                op.fail("range_error", "TOO_LOW" if days < low else "TOO_HIGH", field, trigger=days)


def _add_goal(op: Op, action: Any) -> None:
    """The action's category and origin become a goal of the account."""
    category, origin = enum_name(action, "category"), enum_name(action, "origin")
    name = f"customers/{op.tx.customer_id}/customerConversionGoals/{category}~{origin}"
    if op.tx.get("customer_conversion_goal", name) is not None:
        return
    goal: Any = kinds.message_class("customer_conversion_goal")()
    goal.resource_name, goal.biddable = name, True
    set_enum(goal, "category", category)
    set_enum(goal, "origin", origin)
    op.tx.put("customer_conversion_goal", goal)


@rules_for("customer_conversion_goal", "campaign_conversion_goal")
class GoalRules(Rules):
    """Goals come and go with conversion actions; only whether bidding uses them can be changed."""

    actions = frozenset(("update",))


@rules_for("conversion_goal_campaign_config")
class CampaignGoalConfigRules(Rules):
    """Which goals a campaign follows: every campaign has a row without anyone making it."""

    actions = frozenset(("update",))

    def missing(self, op: Op, resource_name: str) -> Any | None:
        campaign = op.get(resource_name.replace("conversionGoalCampaignConfigs", "campaigns"))
        if campaign is None:
            return None
        config: Any = kinds.message_class(self.kind)()
        config.resource_name, config.campaign = resource_name, campaign.resource_name
        set_enum(config, "goal_config_level", "CUSTOMER")
        return config
