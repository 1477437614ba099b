"""Resource names: their templates, their parts, and what stands for a temporary id.

The templates come from the client's own `*_path` helpers ("customers/{customer_id}/adGroupAds/{ad_group_id}~{ad_id}").
"""

import importlib
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from google.protobuf.descriptor import FieldDescriptor

from backend.sandbox.googleads.kinds import STORE_VERSION

_RENAMED_PARTS = {"adgroup_id": "ad_group_id"}
TEMPORARY = re.compile(r"(?:(?<=/)|(?<=~))-\d+(?=$|/|~)")


@dataclass(frozen=True, slots=True)
class Template:
    """How the resource names of one kind are built."""

    kind: str
    collection: str  # "adGroupAds"; "" for the customer itself
    parts: tuple[str, ...]  # id parts after the customer: ("ad_group_id", "ad_id")
    constant: bool  # belongs to no customer ("geoTargetConstants/2276")

    def build(self, customer_id: str, parts: dict[str, str]) -> str:
        """The resource name with these parts."""
        tail = "~".join(parts[part] for part in self.parts)
        if self.constant:
            return f"{self.collection}/{tail}"
        return f"customers/{customer_id}/{self.collection}/{tail}" if self.collection else f"customers/{customer_id}"


@dataclass(frozen=True, slots=True)
class Parsed:
    """A resource name taken apart."""

    kind: str
    customer_id: str  # "" for constants
    parts: dict[str, str]


@cache
def templates() -> dict[str, Template]:
    """All templates by kind."""
    module = importlib.import_module(f"google.ads.googleads.{STORE_VERSION}.services.services.google_ads_service")
    client = module.GoogleAdsServiceClient
    found = {}
    for name, helper in inspect.getmembers(client):
        if not name.endswith("_path") or name.startswith(("parse_", "common_")):
            continue
        arguments = list(inspect.signature(helper).parameters)
        text = helper(**{argument: "{" + argument + "}" for argument in arguments})
        kind = name.removesuffix("_path")
        constant = not text.startswith("customers/")
        pieces = text.split("/")
        collection = pieces[0] if constant else (pieces[2] if len(pieces) > 2 else "")
        parts = tuple(_RENAMED_PARTS.get(part, part) for part in arguments if part != "customer_id")
        found[kind] = Template(kind, collection, parts, constant)
    return found


@cache
def _by_collection() -> dict[str, Template]:
    return {template.collection: template for template in templates().values() if template.collection}


def parse(resource_name: str) -> Parsed | None:
    """The parts of a resource name, or None when it is none that Google knows."""
    pieces = resource_name.split("/")
    if pieces[0] == "customers":
        if len(pieces) == 2 and pieces[1].isdigit():
            return Parsed("customer", pieces[1], {})
        if len(pieces) < 4 or not pieces[1].isdigit():
            return None
        customer_id, collection, tail = pieces[1], pieces[2], "/".join(pieces[3:])
    elif len(pieces) == 2:
        customer_id, collection, tail = "", pieces[0], pieces[1]
    else:
        return None
    template = _by_collection().get(collection)
    if template is None or template.constant != (customer_id == ""):
        return None
    values = tail.split("~")
    if len(values) != len(template.parts) or not all(values):
        return None
    if not all(
        re.fullmatch(r"-?\d+", value) for part, value in zip(template.parts, values, strict=True) if _is_id(part)
    ):
        return None
    return Parsed(template.kind, customer_id, dict(zip(template.parts, values, strict=True)))


def _is_id(part: str) -> bool:
    return part.endswith("_id") and part not in ("place_id", "item_id", "recommendation_id", "external_video_id")


def own_temporary(resource_name: str) -> str | None:
    """The temporary id that the name of a new entity defines: its last part, not those of what it belongs to."""
    found = TEMPORARY.findall(resource_name)
    return found[-1] if found and resource_name.endswith(found[-1]) else None


def is_temporary(resource_name: str) -> bool:
    """Whether a negative id stands in the name."""
    return TEMPORARY.search(resource_name) is not None


def replace_temporary(resource_name: str, real: dict[str, str]) -> str:
    """The name with every known temporary id replaced, also inside composite ids ("-1~-2")."""
    return TEMPORARY.sub(lambda found: real.get(found.group(), found.group()), resource_name)


def strings(
    message: Any, path: tuple[Any, ...] = ()
) -> Iterator[tuple[tuple[Any, ...], Any, FieldDescriptor, int | None, str]]:
    """Every non-empty string of a message, nested ones too: (path, holder, field, index in a list, value)."""
    for descriptor, value in message.ListFields():
        name = public_name(descriptor.name)
        if descriptor.type == FieldDescriptor.TYPE_STRING:
            if descriptor.is_repeated:
                for index, item in enumerate(value):
                    yield (*path, (name, index)), message, descriptor, index, item
            else:
                yield (*path, name), message, descriptor, None, value
        elif descriptor.type == FieldDescriptor.TYPE_MESSAGE:
            if descriptor.is_repeated:
                for index, item in enumerate(value):
                    yield from strings(item, (*path, (name, index)))
            else:
                yield from strings(value, (*path, name))


def public_name(field_name: str) -> str:
    """The name that Google uses: the package appends "_" to Python's keywords (`type_`)."""
    return field_name[:-1] if field_name.endswith("_") else field_name
