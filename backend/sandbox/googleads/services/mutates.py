"""Every `Mutate…` RPC: GoogleAdsService.Mutate and the mutate of each single service, by the same engine."""

from typing import Any

import grpc

from backend.sandbox.googleads import errors, handlers
from backend.sandbox.googleads.calls import Call, Services, proto_json, rpc
from backend.sandbox.googleads.errors import PlainStatus, Problem
from backend.sandbox.googleads.mutate import engine
from backend.sandbox.googleads.mutate.operations import MutateRequest, decode
from backend.sandbox.googleads.transaction import Transaction

MAX_REQUEST_BYTES = 10_484_504
"""Google's best practices name it for batch jobs; a mutate of that size is refused as too large, too."""


def operation_count(request: Any) -> int:
    """How many operations a mutate request counts for the quota."""
    for name in ("mutate_operations", "operations"):
        if name in request.DESCRIPTOR.fields_by_name:
            return max(1, len(getattr(request, name)))
    return 1


def is_mutate(request_descriptor: Any) -> bool:
    """Whether the generic engine can answer an RPC with this request."""
    fields = request_descriptor.fields_by_name
    return any(
        name in fields and fields[name].message_type for name in ("mutate_operations", "operations", "operation")
    )


@rpc("GoogleAdsService.Mutate", writes=True, cost=operation_count)
def mutate(call: Call) -> Any:
    """Any mutate request."""
    if call.request.ByteSize() > MAX_REQUEST_BYTES:
        raise errors.refuse("database_error", "REQUEST_TOO_LARGE")
    request = decode(call.request, call.user)
    note_operations(call, request)
    _check_options(request)

    def commit(tx: Transaction, outcome: engine.Outcome) -> None:
        call.results = result_names(outcome)
        call.problems = outcome.problems
        call.commit(tx, "partial" if outcome.problems else "applied")

    outcome = engine.run(call.services.world, request, lookup(call.services), commit)
    if not outcome.applied:
        call.outcome = "validated" if request.validate_only else "refused"
        call.problems = outcome.problems
    return respond(call, request, outcome)


def lookup(services: Services) -> engine.Lookup:
    """What the engine's rules may use."""
    return engine.Lookup(handlers.rules_of, {"policy": services.policy, "features": services.features})


def note_operations(call: Call, request: MutateRequest) -> None:
    """Write the request's operations down for the ledger."""
    call.validate_only = request.validate_only
    fields = call.request.DESCRIPTOR.fields_by_name
    if "mutate_operations" in fields:
        call.operations = [proto_json(operation) for operation in call.request.mutate_operations]
    else:
        call.operations = [proto_json(operation.raw) for operation in request.operations]


def _check_options(request: MutateRequest) -> None:
    for operation in request.operations:
        if operation.action and not handlers.is_mutable(operation.kind):
            name = operation.raw.DESCRIPTOR.name
            raise PlainStatus(grpc.StatusCode.UNIMPLEMENTED, f"The sandbox does not emulate {name}.")


def result_names(outcome: engine.Outcome) -> list[str]:
    """Resource names in the order of the operations, "" in failed slots."""
    return [result.resource_name if result is not None else "" for result in outcome.results]


def respond(call: Call, request: MutateRequest, outcome: engine.Outcome) -> Any:
    """The response message of whatever service was called."""
    response = call.rpc.response()
    fields = response.DESCRIPTOR.fields_by_name
    if not request.validate_only:
        for operation, result in zip(request.operations, outcome.results, strict=True):
            if "mutate_operation_responses" in fields:
                slot = response.mutate_operation_responses.add()
                if result is not None:
                    _fill(getattr(slot, _result_field(operation.path)), result, request)
            else:
                slot = response.results.add() if "results" in fields else response.result
                if result is not None:
                    _fill(slot, result, request)
    if outcome.problems and "partial_failure_error" in fields:
        set_partial_failure(response.partial_failure_error, outcome.problems, call)
    return response


def _result_field(path: errors.Path) -> str:
    return str(path[-1]).removesuffix("_operation") + "_result"


def _fill(slot: Any, result: engine.Result, request: MutateRequest) -> None:
    slot.SetInParent()
    if "resource_name" in slot.DESCRIPTOR.fields_by_name:
        slot.resource_name = result.resource_name
    entity = slot.DESCRIPTOR.fields_by_name.get(result.kind)
    if request.return_resources and entity is not None and result.entity is not None:
        getattr(slot, result.kind).CopyFrom(result.entity)


def set_partial_failure(status: Any, problems: list[Problem], call: Call) -> None:
    """Fill a google.rpc.Status with the failures, in the version of the call."""
    failed = errors.failure(problems, call.request_id)
    status.code = grpc.StatusCode.INVALID_ARGUMENT.value[0]
    first = failed.errors[0].message
    status.message = first if len(problems) == 1 else f"Multiple errors in ‘details’. First error: {first}"
    packed = status.details.add()
    packed.type_url = f"type.googleapis.com/google.ads.googleads.{call.version}.errors.GoogleAdsFailure"
    packed.value = failed.SerializeToString()
