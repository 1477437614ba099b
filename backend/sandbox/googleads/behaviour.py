"""Which fields Google calls required, immutable and output only.

The descriptors of the package carry no field behaviour, but its documentation does: each attribute's text begins with
"Output only.", "Immutable." or "Required.". This module reads it from the docstrings, once per message.
"""

import importlib
import inspect
import re
from dataclasses import dataclass
from functools import cache

from google.protobuf.descriptor import Descriptor

_ATTRIBUTE = re.compile(r"^    (\w+) \(.*\):$")


@dataclass(frozen=True, slots=True)
class Behaviour:
    """Field names (as in the descriptor) by what Google says of them."""

    output_only: frozenset[str]
    immutable: frozenset[str]
    required: frozenset[str]


_SET_BY_CLIENTS = {
    "Asset": frozenset({"image_asset"}),
    "CampaignBidModifier": frozenset({"campaign"}),
    "CustomerLabel": frozenset({"label"}),
}
"""Fields documented as output only although nobody could make one without setting them."""

_NONE = Behaviour(frozenset(), frozenset(), frozenset())


@cache
def behaviour(descriptor: Descriptor) -> Behaviour:
    """What is documented of one message's fields."""
    documentation = _documentation(descriptor)
    if not documentation:
        return _NONE
    texts: dict[str, str] = {}
    name = None
    for line in documentation.partition("Attributes:\n")[2].splitlines():
        found = _ATTRIBUTE.match(line)
        if found:
            name = found.group(1)
            texts[name] = ""
        elif name is not None:
            texts[name] = f"{texts[name]} {line.strip()}".strip()
    known = set(descriptor.fields_by_name)

    def starting(*words: str) -> frozenset[str]:
        return frozenset(field for field, text in texts.items() if field in known and text.startswith(words))

    output_only = starting("Output only", "Readonly") - _SET_BY_CLIENTS.get(descriptor.name, frozenset())
    return Behaviour(output_only, starting("Immutable"), starting("Required"))


def _documentation(descriptor: Descriptor) -> str:
    module_name = descriptor.file.name.removesuffix(".proto").replace("/", ".")
    if not module_name.startswith("google.ads."):
        return ""
    holder: object = importlib.import_module(module_name)
    for part in _nesting(descriptor):
        holder = getattr(holder, part)
    return inspect.getdoc(holder) or ""


def _nesting(descriptor: Descriptor) -> list[str]:
    names = [descriptor.name]
    while descriptor.containing_type is not None:
        descriptor = descriptor.containing_type
        names.append(descriptor.name)
    return names[::-1]
