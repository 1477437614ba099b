"""Raw protobuf messages from plain Python values."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from backend.sandbox.googleads import kinds

# kind → collection in resource names, where it is not the kind in camel case with an s
_COLLECTIONS = {
    "ad_group_criterion": "adGroupCriteria",
    "campaign_criterion": "campaignCriteria",
    "shared_criterion": "sharedCriteria",
    "bidding_strategy": "biddingStrategies",
    "customer_negative_criterion": "customerNegativeCriteria",
}


@cache
def _collection(kind: str) -> str:
    head, *rest = kind.split("_")
    return _COLLECTIONS.get(kind) or head + "".join(part.capitalize() for part in rest) + "s"


def resource_name(customer_id: str, kind: str, *parts: object) -> str:
    """`customers/1/adGroupAds/2~3` of ("1", "ad_group_ad", 2, 3)."""
    if not parts:
        return f"customers/{customer_id}"
    return f"customers/{customer_id}/{_collection(kind)}/{'~'.join(map(str, parts))}"


def make(kind: str, resource: str, /, **fields: Any) -> Any:
    """A message of the store's version. Nested messages are mappings, enum values are names."""
    message: Any = kinds.message_class(kind)()
    message.resource_name = resource
    fill(message, fields)
    return message


def fill(message: Any, fields: Mapping[str, Any]) -> None:
    """Set fields from plain values; an empty mapping sets an empty message."""
    known = _fields(message.DESCRIPTOR)
    for name, value in fields.items():
        field = known[name]
        if field.is_repeated:
            _extend(getattr(message, field.name), field, value)
        elif field.message_type is not None:
            child = getattr(message, field.name)
            child.SetInParent()
            fill(child, value)
        else:
            setattr(message, field.name, _scalar(field, value))


def _extend(target: Any, field: FieldDescriptor, values: Any) -> None:
    if field.message_type is not None:
        for value in values:
            fill(target.add(), value)
    else:
        target.extend(_scalar(field, value) for value in values)


def _scalar(field: FieldDescriptor, value: Any) -> Any:
    if field.enum_type is not None and isinstance(value, str):
        return field.enum_type.values_by_name[value].number
    return value


@cache
def _fields(descriptor: Descriptor) -> dict[str, FieldDescriptor]:
    """Fields by name, with and without the underscore that Python needs."""
    return {spelling: field for field in descriptor.fields for spelling in (field.name, field.name.rstrip("_"))}
