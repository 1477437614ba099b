"""Checks on the account as a whole, before any operation is looked at."""

from typing import Any

from backend.sandbox.googleads.enums import is_removed
from backend.sandbox.googleads.errors import refuse
from backend.sandbox.googleads.indexes import Index
from backend.sandbox.googleads.mutate.operations import MutateRequest, Operation
from backend.sandbox.googleads.transaction import Transaction

UNDECLARED = Index("campaign", lambda c: c.missing_eu_political_advertising_declaration and not is_removed(c))

_MANAGEMENT = ("campaign", "ad_group", "ad", "asset_group", "bidding", "keyword")
_MANAGER_MAY = frozenset(
    ("label", "customer_label", "customer_client_link", "customer_manager_link", "customer_user_access", "customer")
    + ("customer_user_access_invitation", "shared_set", "shared_criterion", "bidding_strategy", "conversion_action")
    + ("user_list", "custom_audience", "audience", "asset", "customer_asset", "conversion_custom_variable")
    + ("conversion_value_rule", "conversion_value_rule_set", "customer_conversion_goal", "custom_conversion_goal")
)


def before(tx: Transaction, request: MutateRequest) -> None:
    """Refuse the whole request where the account's kind or state forbids it."""
    if tx.info(request.customer_id).manager:
        for operation in request.operations:
            if operation.kind not in _MANAGER_MAY:
                raise refuse("request_error", "CANNOT_BE_EXECUTED_BY_MANAGER_ACCOUNT", path=operation.path)
    if tx.find(UNDECLARED, True):
        for operation in request.operations:
            if operation.kind.startswith(_MANAGEMENT) and not _declares(operation):
                raise refuse("mutate_error", "EU_POLITICAL_ADVERTISING_DECLARATION_REQUIRED", path=operation.path)


def _declares(operation: Operation) -> bool:
    paths: Any = operation.raw.update_mask.paths if operation.action == "update" else ()
    return operation.kind == "campaign" and "contains_eu_political_advertising" in paths
