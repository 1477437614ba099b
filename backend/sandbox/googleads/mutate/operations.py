"""Operations as sent, whichever of the many request shapes carried them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from google.protobuf.descriptor import Descriptor

from backend.sandbox.googleads.errors import Path
from backend.sandbox.googleads.kinds import kind_of_message

MAX_OPERATIONS = 10_000  # per request; a batch job takes more
_LIST_FIELDS = ("mutate_operations", "operations", "operation")


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation. `message` is the entity to create or the new values; `raw` the operation with its extras."""

    index: int
    kind: str
    action: str  # create, update, remove; "" when the oneof is empty
    message: Any  # None for remove
    resource_name: str  # of remove, else that of the message
    raw: Any
    path: Path  # where the operation stands in the request


@dataclass(frozen=True, slots=True)
class MutateRequest:
    """What an engine run needs to know of a request."""

    customer_id: str
    operations: Sequence[Operation]
    partial_failure: bool
    validate_only: bool
    return_resources: bool
    user_email: str
    client_type: str = "GOOGLE_ADS_API"
    list_field: str = "operations"
    limit: int = MAX_OPERATIONS


@cache
def kind_of_operation(descriptor: Descriptor) -> str | None:
    """The kind that an `…Operation` message works on; None when no row shows it."""
    for name in ("create", "update"):
        field = descriptor.fields_by_name.get(name)
        if field is not None and field.message_type is not None:
            return kind_of_message(field.message_type.full_name)
    return kind_of_message(descriptor.name.removesuffix("Operation"))


def decode(request: Any, user_email: str) -> MutateRequest:
    """Any `Mutate…Request` of any service."""
    fields = request.DESCRIPTOR.fields_by_name
    operations: list[Operation] = []
    if "mutate_operations" in fields:
        for index, outer in enumerate(request.mutate_operations):
            chosen = outer.WhichOneof("operation")
            path: Path = (("mutate_operations", index),)
            if chosen is None:
                operations.append(Operation(index, "", "", None, "", outer, path))
            else:
                operations.append(_operation(index, getattr(outer, chosen), (*path, chosen)))
    elif "operations" in fields:
        operations = [_operation(i, op, (("operations", i),)) for i, op in enumerate(request.operations)]
    elif "operation" in fields and request.HasField("operation"):
        operations = [_operation(0, request.operation, ("operation",))]
    return MutateRequest(
        customer_id=request.customer_id,
        operations=operations,
        partial_failure="partial_failure" in fields and request.partial_failure,
        validate_only="validate_only" in fields and request.validate_only,
        return_resources="response_content_type" in fields and _wants_resources(request),
        user_email=user_email,
        list_field=next((name for name in _LIST_FIELDS if name in fields), "operations"),
    )


def _wants_resources(request: Any) -> bool:
    field = request.DESCRIPTOR.fields_by_name["response_content_type"]
    return bool(field.enum_type.values_by_number[request.response_content_type].name == "MUTABLE_RESOURCE")


def _operation(index: int, raw: Any, path: Path) -> Operation:
    kind = kind_of_operation(raw.DESCRIPTOR) or ""
    action = _action(raw)
    if action in ("", "remove"):
        return Operation(index, kind, action, None, raw.remove if action else "", raw, path)
    message = getattr(raw, action)
    return Operation(index, kind, action, message, message.resource_name, raw, path)


def _action(raw: Any) -> str:
    if "operation" in raw.DESCRIPTOR.oneofs_by_name:
        return raw.WhichOneof("operation") or ""
    for name in ("create", "update"):
        if name in raw.DESCRIPTOR.fields_by_name and raw.HasField(name):
            return name
    return "remove" if "remove" in raw.DESCRIPTOR.fields_by_name and raw.remove else ""


def supports(raw: Any, action: str) -> bool:
    """Whether this operation message knows the action at all."""
    return action in raw.DESCRIPTOR.fields_by_name
