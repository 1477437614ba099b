"""RecommendationService: applying makes the change it recommends, dismissing hides it."""

from collections.abc import Callable
from typing import Any

from backend.sandbox.googleads import handlers, kinds
from backend.sandbox.googleads.calls import Call, proto_json, rpc
from backend.sandbox.googleads.enums import enum_name
from backend.sandbox.googleads.errors import Path, Problem, Refusal, refuse
from backend.sandbox.googleads.mutate import engine
from backend.sandbox.googleads.mutate.operations import MutateRequest, Operation
from backend.sandbox.googleads.registry import known
from backend.sandbox.googleads.services import mutates
from backend.sandbox.googleads.transaction import Transaction

MAX_OPERATIONS = 100
_APPLIED = "applied_recommendations"
Apply = Callable[[Call, Any, Any], Operation]


def _find(call: Call, tx: Transaction, operation: Any, path: Path) -> Any:
    """The recommendation that an operation names; a Refusal when it cannot be touched any more."""
    name = operation.resource_name
    found = tx.get("recommendation", name)
    if found is None:
        applied = name in call.services.world.store.documents(_APPLIED)
        kind, code = (
            ("recommendation_error", "RECOMMENDATION_ALREADY_APPLIED")
            if applied
            else ("mutate_error", "RESOURCE_NOT_FOUND")
        )
        raise Refusal([Problem(kind, code, (*path, "resource_name"), trigger=name)])
    if found.dismissed:
        raise Refusal([Problem("recommendation_error", "RECOMMENDATION_ALREADY_DISMISSED", path, trigger=name)])
    return found


def _each(call: Call, work: Callable[[Transaction, Any, Path], None]) -> Any:
    """Do the work for every operation, in the two modes of failure; the response."""
    request = call.request
    names = [operation.resource_name for operation in request.operations]
    if not names:
        raise refuse("recommendation_error", "NO_OPERATIONS", path=("operations",))
    if len(names) > MAX_OPERATIONS:
        raise refuse("recommendation_error", "TOO_MANY_OPERATIONS", path=("operations",))
    if len(set(names)) < len(names):
        raise refuse("recommendation_error", "DUPLICATE_RESOURCE_NAME", path=("operations",))
    call.operations = [proto_json(operation) for operation in request.operations]
    problems: list[Problem] = []
    results: list[str] = []
    with call.services.world.transaction(call.customer_id) as tx:
        for index, operation in enumerate(request.operations):
            mark = tx.mark()
            try:
                work(tx, operation, (("operations", index),))
                results.append(operation.resource_name)
            except Refusal as refusal:
                tx.undo(mark)
                problems.extend(refusal.problems)
                results.append("")
        if problems and not request.partial_failure:
            raise Refusal(problems)
        call.results, call.problems = results, problems
        if any(results):
            call.commit(tx, "partial" if problems else "applied")
    response = call.rpc.response()
    for name in results:
        response.results.add(resource_name=name)
    if problems:
        mutates.set_partial_failure(response.partial_failure_error, problems, call)
    return response


@rpc("RecommendationService.DismissRecommendation", writes=True, cost=mutates.operation_count)
def dismiss(call: Call) -> Any:
    """Hide recommendations."""

    def work(tx: Transaction, operation: Any, path: Path) -> None:
        found = _find(call, tx, operation, path)
        hidden = type(found)()
        hidden.CopyFrom(found)
        hidden.dismissed = True
        tx.put("recommendation", hidden)

    return _each(call, work)


@rpc("RecommendationService.ApplyRecommendation", writes=True, cost=mutates.operation_count)
def apply(call: Call) -> Any:
    """Make the recommended changes."""

    def work(tx: Transaction, operation: Any, path: Path) -> None:
        found = _find(call, tx, operation, path)
        apply_one = _APPLY.get(enum_name(found, "type_"))
        if apply_one is None:
            raise Refusal([Problem("recommendation_error", "RECOMMENDATION_TYPE_APPLY_NOT_SUPPORTED", path)])
        change = apply_one(call, found, operation)
        lookup = engine.Lookup(handlers.rules_of, mutates.lookup(call.services).shared)
        request = MutateRequest(
            call.customer_id,
            [change],
            partial_failure=False,
            validate_only=False,
            return_resources=False,
            user_email=call.user,
            client_type="GOOGLE_ADS_RECOMMENDATIONS",
        )
        engine.run_in(tx, request, lookup)
        tx.drop("recommendation", found.resource_name)
        tx.put_document(_APPLIED, found.resource_name, "{}")

    return _each(call, work)


def _raw(kind: str) -> Any:
    mutate = known("GoogleAdsService", "Mutate")
    return getattr(mutate.request().mutate_operations.add(), f"{kind}_operation")


def _keyword(call: Call, found: Any, operation: Any) -> Operation:
    advice = found.keyword_recommendation
    new: Any = kinds.message_class("ad_group_criterion")()
    new.ad_group = operation.keyword.ad_group or found.ad_group
    new.keyword.CopyFrom(advice.keyword)
    if operation.keyword.match_type:
        new.keyword.match_type = operation.keyword.match_type
    if operation.keyword.cpc_bid_micros:
        new.cpc_bid_micros = operation.keyword.cpc_bid_micros
    raw = _raw("ad_group_criterion")
    raw.create.CopyFrom(new)
    return Operation(0, "ad_group_criterion", "create", raw.create, "", raw, ("operations",))


def _budget(call: Call, found: Any, operation: Any) -> Operation:
    raw = _raw("campaign_budget")
    raw.update.resource_name = found.campaign_budget
    wanted = operation.campaign_budget.new_budget_amount_micros
    raw.update.amount_micros = wanted or found.campaign_budget_recommendation.recommended_budget_amount_micros
    raw.update_mask.paths.append("amount_micros")
    return Operation(0, "campaign_budget", "update", raw.update, found.campaign_budget, raw, ("operations",))


_APPLY: dict[str, Apply] = {"KEYWORD": _keyword, "CAMPAIGN_BUDGET": _budget}
