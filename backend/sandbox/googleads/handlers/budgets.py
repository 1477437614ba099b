"""Campaign budgets: amounts, periods, names, sharing, and the minimum of Demand Gen."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from backend.sandbox.googleads import errors
from backend.sandbox.googleads.enums import default_enum, enum_name, is_removed, set_enum
from backend.sandbox.googleads.handlers import checks
from backend.sandbox.googleads.indexes import Index
from backend.sandbox.googleads.mutate.rules import Op, Rules, rules_for

BY_NAME = Index("campaign_budget", lambda b: b.name.lower() if b.explicitly_shared and not is_removed(b) else None)
CAMPAIGNS_OF = Index("campaign", lambda c: None if is_removed(c) else c.campaign_budget)
_DEMAND_GEN_MINIMUM_USD = 5
_UNITS_PER_USD = {  # rough, as Google's "local equivalent" is
    "USD": 1, "EUR": 1, "GBP": 1, "CHF": 1, "CAD": 1.4, "AUD": 1.5, "JPY": 150, "INR": 85, "BRL": 5.5, "MXN": 18,
    "SEK": 10, "NOK": 10, "DKK": 7, "PLN": 4, "CZK": 23, "TRY": 35, "ZAR": 18, "KRW": 1350, "HUF": 360, "TWD": 32,
}  # fmt: skip
_OWN_BUDGET_ONLY = ("DEMAND_GEN", "PERFORMANCE_MAX")


@rules_for("campaign_budget")
class BudgetRules(Rules):
    """One budget."""

    def create(self, op: Op, new: Any) -> None:
        if not new.HasField("explicitly_shared"):
            new.explicitly_shared = True
        default_enum(new, "delivery_method", "STANDARD")
        default_enum(new, "period", "DAILY")
        default_enum(new, "type_", "STANDARD")
        set_enum(new, "status", "ENABLED")
        if enum_name(new, "delivery_method") == "ACCELERATED":
            op.fail("campaign_budget_error", "CANNOT_USE_ACCELERATED_DELIVERY_MODE", "delivery_method")
        self._amounts(op, new)
        if new.explicitly_shared:
            checks.required(op, new, "name")
        if new.name:
            self._name(op, new)
        new.reference_count = 0
        new.has_recommended_budget = False

    def update(self, op: Op, old: Any, new: Any, paths: Sequence[str]) -> None:
        changed = set(paths)
        if old.explicitly_shared and not new.explicitly_shared:
            code = "CANNOT_UPDATE_CAMPAIGN_BUDGET_TO_IMPLICITLY_SHARED"
            op.fail("campaign_budget_error", code, "explicitly_shared")
        elif new.explicitly_shared and not old.explicitly_shared and not ("name" in changed and new.name.strip()):
            code = "CANNOT_UPDATE_CAMPAIGN_BUDGET_TO_EXPLICITLY_SHARED_WITHOUT_NAME"
            op.fail("campaign_budget_error", code, "name")
        elif not new.explicitly_shared and "name" in changed and new.name != old.name:
            code = "CANNOT_MODIFY_FIELD_OF_IMPLICITLY_SHARED_CAMPAIGN_BUDGET"
            op.fail("campaign_budget_error", code, "name")
        if changed & {"amount_micros", "total_amount_micros"}:
            self._amounts(op, new)
            for campaign in op.tx.find(CAMPAIGNS_OF, new.resource_name):
                check_minimum(op, campaign, new, "amount_micros")
        if "name" in changed and new.name.lower() != old.name.lower():
            self._name(op, new)

    def remove(self, op: Op, old: Any) -> None:
        if op.tx.find(CAMPAIGNS_OF, old.resource_name):
            op.fail("campaign_budget_error", "CAMPAIGN_BUDGET_IN_USE", trigger=old.resource_name)

    def _name(self, op: Op, new: Any) -> None:
        if len(new.name.strip().encode()) > 255:
            op.fail("string_length_error", "TOO_LONG", "name", trigger=new.name)
        if not new.explicitly_shared:
            return
        for other in op.tx.find(BY_NAME, new.name.lower()):
            if other.resource_name != new.resource_name:
                op.fail("campaign_budget_error", "DUPLICATE_NAME", "name", trigger=new.name)
                break

    def _amounts(self, op: Op, new: Any) -> None:
        custom = enum_name(new, "period") == "CUSTOM_PERIOD"
        used, other = ("total_amount_micros", "amount_micros") if custom else ("amount_micros", "total_amount_micros")
        if new.HasField(other) and getattr(new, other):
            code = (
                "BUDGET_AMOUNT_MUST_BE_UNSET_FOR_CUSTOM_BUDGET_PERIOD"
                if custom
                else "TOTAL_BUDGET_AMOUNT_MUST_BE_UNSET_FOR_BUDGET_PERIOD_DAILY"
            )
            op.fail("campaign_budget_error", code, other)
        if not new.HasField(used):
            op.fail("field_error", "REQUIRED", used)
            return
        amount = getattr(new, used)
        if amount < 0:
            op.fail("campaign_budget_error", "NEGATIVE_MONEY_AMOUNT", used, trigger=amount)
        elif amount > checks.MAX_MICROS:
            op.fail("campaign_budget_error", "MONEY_AMOUNT_TOO_LARGE", used, trigger=amount)
        elif amount < checks.billable_unit(op.customer.currency_code):
            op.fail("campaign_budget_error", "MONEY_AMOUNT_LESS_THAN_CURRENCY_MINIMUM_CPC", used, trigger=amount)
        elif amount % checks.billable_unit(op.customer.currency_code):
            op.fail("campaign_budget_error", "NON_MULTIPLE_OF_MINIMUM_CURRENCY_UNIT", used, trigger=amount)


def attach(op: Op, campaign: Any) -> None:
    """Whether a campaign may use the budget it names."""
    budget = op.get(campaign.campaign_budget)
    if budget is None:
        return
    channel = enum_name(campaign, "advertising_channel_type")
    if is_removed(budget):
        op.fail("campaign_budget_error", "CAMPAIGN_BUDGET_REMOVED", "campaign_budget", trigger=budget.resource_name)
    elif budget.explicitly_shared and channel in _OWN_BUDGET_ONLY:
        op.fail("campaign_error", "CAMPAIGN_CANNOT_USE_SHARED_BUDGET", "campaign_budget", trigger=budget.resource_name)
    elif not budget.explicitly_shared and _others(op, campaign):
        code = "CANNOT_USE_IMPLICITLY_SHARED_CAMPAIGN_BUDGET_WITH_MULTIPLE_CAMPAIGNS"
        op.fail("campaign_budget_error", code, "campaign_budget", trigger=budget.resource_name)
    elif enum_name(budget, "period") == "CUSTOM_PERIOD" and not campaign.end_date_time:
        op.fail("campaign_error", "END_DATE_TIME_REQUIRED_FOR_TOTAL_BUDGET", "end_date_time")
    else:
        check_minimum(op, campaign, budget, "campaign_budget")


def _others(op: Op, campaign: Any) -> bool:
    users = op.tx.find(CAMPAIGNS_OF, campaign.campaign_budget)
    return any(user.resource_name != campaign.resource_name for user in users)


def check_minimum(op: Op, campaign: Any, budget: Any, *path: str) -> None:
    """Demand Gen needs 5 USD a day or its local equivalent; a total budget is spread over the campaign's days."""
    if enum_name(campaign, "advertising_channel_type") != "DEMAND_GEN":
        return
    currency = op.customer.currency_code
    minimum = int(_DEMAND_GEN_MINIMUM_USD * _UNITS_PER_USD.get(currency, 1) * 1_000_000)
    total = enum_name(budget, "period") == "CUSTOM_PERIOD"
    days = _days(campaign) if total else 1
    amount = budget.total_amount_micros if total else budget.amount_micros
    if amount >= minimum * days:
        return
    found = errors.details()
    below = found.budget_per_day_minimum_error_details
    below.currency_code, below.budget_per_day_minimum_micros = currency, minimum
    if total:
        below.minimum_budget_total_amount_micros, below.failed_budget_total_amount_micros = minimum * days, amount
    else:
        below.minimum_budget_amount_micros, below.failed_budget_amount_micros = minimum, amount
    op.fail("campaign_budget_error", "BUDGET_BELOW_PER_DAY_MINIMUM", *path, trigger=amount, details=found)


def _days(campaign: Any) -> int:
    try:
        start = datetime.fromisoformat(campaign.start_date_time).date()
        return max(1, (datetime.fromisoformat(campaign.end_date_time).date() - start).days + 1)
    except ValueError:
        return 1


def follow(op: Op, campaign: Any, *, removed: bool = False) -> None:
    """A budget of one campaign's own keeps that campaign's name and status."""
    budget = op.get(campaign.campaign_budget)
    if budget is None or budget.explicitly_shared or is_removed(budget):
        return
    same = type(budget)()
    same.CopyFrom(budget)
    same.name = campaign.name
    if removed:
        set_enum(same, "status", "REMOVED")
    op.tx.put("campaign_budget", same)


def count_reference(op: Op, budget_name: str, change: int) -> None:
    """Keep the budget's number of campaigns."""
    budget = op.get(budget_name)
    if budget is not None:
        counted = type(budget)()
        counted.CopyFrom(budget)
        counted.reference_count = max(0, budget.reference_count + change)
        op.tx.put("campaign_budget", counted)
