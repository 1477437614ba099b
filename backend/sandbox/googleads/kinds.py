"""Which protobuf class holds an entity of which kind.

A *kind* is the name of the field of `GoogleAdsRow` that shows the entity ("campaign", "ad_group_ad", …).
The store keeps messages of the newest version (`STORE_VERSION`); a call of an older version is converted by its
bytes, which is sound because no field number was ever reused between v23 and v26 (docs/sandbox.md).
"""

import importlib
from functools import cache
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

VERSIONS = ("v23", "v24", "v25", "v26")
STORE_VERSION = "v26"


@cache
def row_descriptor(version: str = STORE_VERSION) -> Descriptor:
    """Descriptor of one version's `GoogleAdsRow`."""
    module = importlib.import_module(f"google.ads.googleads.{version}.services.types.google_ads_service")
    descriptor: Descriptor = module.GoogleAdsRow.pb().DESCRIPTOR
    return descriptor


@cache
def row_field(kind: str, version: str = STORE_VERSION) -> FieldDescriptor | None:
    """The field of `GoogleAdsRow` that shows this kind, or None when that version has none."""
    fields = row_descriptor(version).fields_by_name
    return fields.get(kind)


@cache
def message_class(kind: str, version: str = STORE_VERSION) -> type[Message]:
    """The raw protobuf class of a kind; KeyError for a kind that the version does not have."""
    field = row_field(kind, version)
    if field is None or field.message_type is None:
        raise KeyError(kind)
    found: type[Message] = GetMessageClass(field.message_type)
    return found


@cache
def kind_of_message(full_name: str) -> str | None:
    """The kind whose entities are messages of this name (any version), e.g. "…v24.resources.AdGroupAd"."""
    short = full_name.rsplit(".", 1)[-1]
    for field in row_descriptor().fields:
        if field.message_type is not None and field.message_type.name == short:
            name: str = field.name
            return name
    return None


def convert(message: Message, target: type[Any]) -> Any:
    """The same content as a message of another version's class."""
    if isinstance(message, target):
        return message
    return target.FromString(message.SerializeToString())
