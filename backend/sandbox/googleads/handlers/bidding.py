"""Portfolio bidding strategies and bid modifiers."""

from collections.abc import Sequence
from typing import Any

from backend.sandbox.googleads.criterion_ids import criterion_id
from backend.sandbox.googleads.enums import enum_name, is_removed, set_enum
from backend.sandbox.googleads.handlers import checks
from backend.sandbox.googleads.indexes import Index
from backend.sandbox.googleads.mutate.rules import Op, Rules, rules_for

BY_NAME = Index("bidding_strategy", lambda s: None if is_removed(s) else s.name.lower())
CAMPAIGNS_OF = Index("campaign", lambda c: None if is_removed(c) else c.bidding_strategy or None)


@rules_for("bidding_strategy")
class BiddingStrategyRules(Rules):
    """One portfolio strategy."""

    def create(self, op: Op, new: Any) -> None:
        set_enum(new, "status", "ENABLED")
        checks.required(op, new, "name")
        chosen = new.WhichOneof("scheme")
        if chosen is None:
            op.fail("field_error", "REQUIRED", "scheme")
            return
        if chosen == "enhanced_cpc":
            op.fail("bidding_strategy_error", "BIDDING_STRATEGY_NOT_SUPPORTED", chosen)
        set_enum(new, "type_", chosen.upper())
        if not new.currency_code:
            new.currency_code = op.customer.currency_code
        new.effective_currency_code = new.currency_code
        new.campaign_count = new.non_removed_campaign_count = 0
        self._check(op, new)

    def update(self, op: Op, old: Any, new: Any, paths: Sequence[str]) -> None:
        if new.WhichOneof("scheme") != old.WhichOneof("scheme"):
            op.fail("bidding_strategy_error", "CANNOT_CHANGE_BIDDING_STRATEGY_TYPE", str(new.WhichOneof("scheme")))
        self._check(op, new)

    def remove(self, op: Op, old: Any) -> None:
        if op.tx.find(CAMPAIGNS_OF, old.resource_name):
            op.fail("bidding_strategy_error", "CANNOT_REMOVE_ASSOCIATED_STRATEGY", trigger=old.resource_name)

    @staticmethod
    def _check(op: Op, new: Any) -> None:
        if new.name:
            checks.text_length(op, new.name, 255, "name")
        for other in op.tx.find(BY_NAME, new.name.lower()):
            if other.resource_name != new.resource_name:
                op.fail("bidding_strategy_error", "DUPLICATE_NAME", "name", trigger=new.name)
                break
        scheme = new.WhichOneof("scheme")
        for field, value in getattr(new, scheme).ListFields() if scheme else ():
            if field.name == "target_roas" and not 0.01 <= value <= 1000:
                op.fail("range_error", "TOO_LOW" if value < 0.01 else "TOO_HIGH", scheme, field.name, trigger=value)
            elif field.name in ("target_cpa_micros", "cpc_bid_ceiling_micros", "cpc_bid_floor_micros"):
                if value < 0:
                    op.fail("bidding_error", "INVALID_BID", scheme, field.name, trigger=value)
                elif value % checks.billable_unit(new.currency_code or op.customer.currency_code):
                    op.fail("bidding_error", "BID_TOO_MANY_FRACTIONAL_DIGITS", scheme, field.name, trigger=value)


@rules_for("ad_group_bid_modifier")
class AdGroupBidModifierRules(Rules):
    """A device's bid modifier in one ad group."""

    def create(self, op: Op, new: Any) -> None:
        if not checks.required(op, new, "ad_group"):
            return
        if new.WhichOneof("criterion") is None:
            op.fail("criterion_error", "CONCRETE_TYPE_REQUIRED", "criterion")
            return
        if not new.HasField("bid_modifier"):
            op.fail("field_error", "REQUIRED", "bid_modifier")
        checks.bid_modifier(op, new)
        set_enum(new, "bid_modifier_source", "AD_GROUP")

    def named(self, op: Op, new: Any, parts: dict[str, str]) -> None:
        group = op.get(new.ad_group)
        new.base_ad_group = group.base_ad_group if group is not None else new.ad_group

    def update(self, op: Op, old: Any, new: Any, paths: Sequence[str]) -> None:
        checks.bid_modifier(op, new)

    def part(self, op: Op, new: Any, part: str) -> str | None:
        chosen = new.WhichOneof("criterion")
        return str(criterion_id(chosen, new)) if part == "criterion_id" and chosen else None


@rules_for("campaign_bid_modifier")
class CampaignBidModifierRules(Rules):
    """The bid modifier of an interaction type."""

    def create(self, op: Op, new: Any) -> None:
        checks.required(op, new, "campaign")
        if new.WhichOneof("criterion") is None:
            op.fail("criterion_error", "CONCRETE_TYPE_REQUIRED", "criterion")
        checks.bid_modifier(op, new, 0.5, 4.0)

    def update(self, op: Op, old: Any, new: Any, paths: Sequence[str]) -> None:
        checks.bid_modifier(op, new, 0.5, 4.0)

    def part(self, op: Op, new: Any, part: str) -> str | None:
        kind = enum_name(new.interaction_type, "type_")
        return {"CALLS": "8000"}.get(kind, "8001") if part == "criterion_id" else None
