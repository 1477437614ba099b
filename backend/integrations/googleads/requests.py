"""A plan as the exact bytes of a Google Ads request.

Nested dicts go straight into the generated classes' own constructors, which run in C: the same bytes as setting each
attribute, about as fast. Field names are Google's; the generated classes carry a trailing underscore where Python
reserves the word (`type_`), which is put right here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import cache
from importlib import import_module
from typing import Any

from backend.integrations.googleads.mutate.plan import MutatePlan, Operation, references

MAX_REQUEST_BYTES = 10_000_000
"""Above this a plan goes by batch job, in parts; Google's own limit for a batch part is 10,484,504 bytes."""


def encode_mutate(
    plan: MutatePlan, *, version: str, validate_only: bool = False, partial_failure: bool = False
) -> bytes:
    """Give the bytes of the MutateGoogleAdsRequest that carries out a plan.

    Raises:
        ValueError: The plan names a field or an enum value that this API version does not know.
    """
    request = _type(version, "google_ads_service", "MutateGoogleAdsRequest")(
        customer_id=plan.customer_id, partial_failure=partial_failure, validate_only=validate_only
    )
    _add_operations(request.mutate_operations.add, plan.operations, version)
    return bytes(request.SerializeToString(deterministic=True))


def as_validate_only(payload: bytes, *, version: str) -> bytes:
    """Give the same request with `validate_only` set: the very same operations, nothing applied."""
    request = _type(version, "google_ads_service", "MutateGoogleAdsRequest").FromString(payload)
    request.validate_only = True
    return bytes(request.SerializeToString(deterministic=True))


def temporary_names(payload: bytes, *, version: str) -> list[tuple[str, frozenset[str]]]:
    """Give, per operation of an encoded request, the temporary name that it gives, and those that it refers to."""
    request = _type(version, "google_ads_service", "MutateGoogleAdsRequest").FromString(payload)
    found: list[tuple[str, frozenset[str]]] = []
    for operation in request.mutate_operations:
        body = getattr(operation, operation.WhichOneof("operation"))
        made = body.create if body.WhichOneof("operation") == "create" else None
        named = frozenset(references(list(_texts(operation))))
        own = made.resource_name if made is not None and made.resource_name in named else ""
        found.append((own, named - {own}))
    return found


def _texts(message: Any) -> Iterator[str]:
    """Yield every text in a message, at any depth."""
    for field, value in message.ListFields():
        for item in value if field.is_repeated else (value,):
            if field.type == field.TYPE_STRING:
                yield item
            elif field.type == field.TYPE_MESSAGE:
                yield from _texts(item)


def without(payload: bytes, dropped: Collection[int], *, version: str) -> bytes:
    """Give an encoded request without some of its operations; the others are the very same."""
    request = _type(version, "google_ads_service", "MutateGoogleAdsRequest").FromString(payload)
    kept = [operation for index, operation in enumerate(request.mutate_operations) if index not in dropped]
    del request.mutate_operations[:]
    request.mutate_operations.extend(kept)
    return bytes(request.SerializeToString(deterministic=True))


def created_fields(payload: bytes, *, version: str) -> list[dict[str, Any]]:
    """Give the fields of what each operation of an encoded request creates; empty for updates and removes.

    Enums are their names, messages are dicts, and names are without the underscore of the generated classes.
    """
    request = _type(version, "google_ads_service", "MutateGoogleAdsRequest").FromString(payload)
    found: list[dict[str, Any]] = []
    for operation in request.mutate_operations:
        body = getattr(operation, operation.WhichOneof("operation"))
        created = body.create if body.WhichOneof("operation") == "create" else None
        found.append({} if created is None else _told(created))
    return found


def _told(message: Any) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for field, value in message.ListFields():
        values = [_one(field, item) for item in (value if field.is_repeated else (value,))]
        told[field.name.removesuffix("_")] = values if field.is_repeated else values[0]
    return told


def _one(field: Any, value: Any) -> Any:
    if field.type == field.TYPE_MESSAGE:
        return _told(value)
    return field.enum_type.values_by_number[value].name if field.type == field.TYPE_ENUM else value


def split_mutate(payload: bytes, batch_job: str, *, version: str, max_operations: int = 1_000) -> list[bytes]:
    """Split an encoded mutate request into AddBatchJobOperationsRequests, the same parts every time.

    At most 1,000 operations and 10 MB each, as Google's batch best practices advise. The token of the previous answer
    is appended to the bytes at sending (`with_sequence_token`).

    Raises:
        ValueError: One operation alone is larger than a part may be.
    """
    message = _type(version, "batch_job_service", "AddBatchJobOperationsRequest")
    request = _type(version, "google_ads_service", "MutateGoogleAdsRequest").FromString(payload)
    head = bytes(message(resource_name=batch_job).SerializeToString())
    parts: list[bytes] = []
    current: list[bytes] = []
    size = 0
    for operation in request.mutate_operations:
        piece = bytes(message(mutate_operations=[operation]).SerializeToString(deterministic=True))
        if len(piece) > MAX_REQUEST_BYTES:
            raise ValueError("one operation is larger than a request may be")
        if current and (len(current) >= max_operations or size + len(piece) > MAX_REQUEST_BYTES):
            # A message is the concatenation of its fields, so pieces are joined without parsing them again.
            parts.append(head + b"".join(current))
            current, size = [], 0
        current.append(piece)
        size += len(piece)
    return [*parts, head + b"".join(current)] if current else parts


def with_sequence_token(part: bytes, token: str, *, version: str) -> bytes:
    """Give a batch part with the sequence token that the previous part's answer named; the first has none."""
    if not token:
        return part
    message = _type(version, "batch_job_service", "AddBatchJobOperationsRequest")
    return part + bytes(message(sequence_token=token).SerializeToString())


def as_json(payload: bytes, *, version: str) -> list[dict[str, Any]]:
    """Show the operations of an encoded mutate request, for a preview or an operator; images are left out."""
    from google.protobuf.json_format import MessageToDict  # noqa: PLC0415 - only previews need it

    request = _type(version, "google_ads_service", "MutateGoogleAdsRequest").FromString(payload)
    for operation in request.mutate_operations:
        if operation.WhichOneof("operation") == "asset_operation":
            image = operation.asset_operation.create.image_asset
            if image.data:
                image.data = b""
    return [MessageToDict(operation, preserving_proto_field_name=True) for operation in request.mutate_operations]


def _add_operations(add: Callable[..., Any], operations: Iterable[Operation], version: str) -> None:
    """Add each operation to the request; the plain create, of which there may be ten thousand, without a detour."""
    reserved = _reserved(version)
    for operation in operations:
        names = reserved.get(operation.resource)
        fields = operation.fields
        if names is not None and not names.isdisjoint(fields):
            fields = {f"{name}_" if name in names else name: value for name, value in fields.items()}
        if operation.verb == "create" and not operation.ignorable_topics and not operation.exempt_keys:
            add(**{operation.resource + "_operation": {"create": fields}})
        else:
            add(**{operation.resource + "_operation": _body(operation, fields)})


def _body(operation: Operation, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The rarer forms: removes, updates with their mask, creates with exemptions."""
    if operation.verb == "remove":
        return {"remove": operation.name}
    body: dict[str, Any] = {operation.verb: fields}
    if operation.mask:
        body["update_mask"] = {"paths": operation.mask}
    if operation.ignorable_topics:
        body["policy_validation_parameter"] = {"ignorable_policy_topics": operation.ignorable_topics}
    if operation.exempt_keys:
        body["exempt_policy_violation_keys"] = [
            {"policy_name": name, "violating_text": text} for name, text in operation.exempt_keys
        ]
    return body


@cache
def _type(version: str, service: str, name: str) -> Any:
    return getattr(import_module(f"google.ads.googleads.{version}.services.types.{service}"), name).pb()


@cache
def _reserved(version: str) -> dict[str, frozenset[str]]:
    """The top-level fields of each resource whose generated name carries an underscore that Google's does not."""
    found: dict[str, frozenset[str]] = {}
    for field in _type(version, "google_ads_service", "MutateOperation").DESCRIPTOR.fields:
        for verb in ("create", "update"):
            carrier = field.message_type.fields_by_name.get(verb)
            if carrier is None:
                continue
            names = {name.removesuffix("_") for name in carrier.message_type.fields_by_name if name.endswith("_")}
            if names:
                found[field.name.removesuffix("_operation")] = frozenset(names)
    return found
