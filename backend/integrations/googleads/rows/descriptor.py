"""Reduced response messages: the fields that a query selects and nothing else, with Google's own field numbers.

Protobuf skips what a message does not declare, so decoding an answer with such a descriptor costs what is selected
and not what a GoogleAdsRow could hold. Presence is kept where the original has it; enums are read as int32, so a
number that this version does not know survives.
"""

from __future__ import annotations

import dataclasses
import importlib
import itertools
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

from backend.integrations.googleads.rows.columns import Selection

_Field = descriptor_pb2.FieldDescriptorProto
_built = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Leaf:
    """Where one column lies: its field names from the row down, and the names of its enum's numbers."""

    path: tuple[str, ...]
    field: FieldDescriptor
    enum_names: dict[int, str] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reduced:
    """A response class that holds `results` only, and the leaf of each column in the selection's order."""

    response: type[Any]
    leaves: tuple[Leaf, ...]


@lru_cache(maxsize=8)
def row_descriptor(version: str) -> Descriptor:
    """The descriptor of GoogleAdsRow in an API version such as 'v26'."""
    return _service_types(version).GoogleAdsRow.pb().DESCRIPTOR  # type: ignore[no-any-return]


@lru_cache(maxsize=8)
def full_response(version: str) -> type[Any]:
    """The whole SearchGoogleAdsStreamResponse class of an API version; the parity tests' oracle decodes with it."""
    return _service_types(version).SearchGoogleAdsStreamResponse.pb()  # type: ignore[no-any-return]


def _service_types(version: str) -> Any:
    return importlib.import_module(f"google.ads.googleads.{version}.services.types.google_ads_service")


def find_leaf(version: str, path: str) -> Leaf:
    """Follow a GAQL path through the version's descriptors; a path that does not exist is a ValueError naming it."""
    message: Descriptor | None = row_descriptor(version)
    names: list[str] = []
    found: FieldDescriptor | None = None
    for part in path.split("."):
        fields = message.fields_by_name if message is not None else {}
        # Python's keywords carry an underscore in the package's descriptors (type_), though never in GAQL.
        found = fields.get(part) or fields.get(part + "_")
        if found is None:
            raise ValueError(f"{version} has no field {path!r} (unknown part {part!r})")
        names.append(found.name)
        message = found.message_type
    assert found is not None  # noqa: S101  str.split never yields an empty list
    return Leaf(tuple(names), found, _enum_names(found.enum_type))


def _enum_names(enum: EnumDescriptor | None) -> dict[int, str]:
    return {value.number: value.name for value in enum.values} if enum is not None else {}


@lru_cache(maxsize=64)
def reduce(selection: Selection, version: str) -> Reduced:
    """Build the reduced response class of a selection, once per selection and version."""
    leaves = tuple(find_leaf(version, column.path) for column in selection.columns)
    name = f"cw_rows_{version}_{next(_built)}"
    file = descriptor_pb2.FileDescriptorProto(name=f"{name}.proto", package=name, syntax="proto3")
    _Builder(file, name).message("Row", row_descriptor(version), [leaf.path for leaf in leaves])
    response = file.message_type.add(name="Response")
    response.field.add(
        name="results", number=1, label=_Field.LABEL_REPEATED, type=_Field.TYPE_MESSAGE, type_name=f".{name}.Row"
    )
    # A JSON column names a whole message of Google's, which only the default pool knows.
    pool = descriptor_pool.DescriptorPool() if selection.flat else descriptor_pool.Default()
    pool.Add(file)
    built = pool.FindMessageTypeByName(f"{name}.Response")
    return Reduced(message_factory.GetMessageClass(built), leaves)


def _message_of(field: FieldDescriptor) -> Descriptor:
    if field.message_type is None:
        raise ValueError(f"{field.full_name} is no message")
    return field.message_type


class _Builder:
    """Adds the reduced messages to one file, one for each place in the tree."""

    def __init__(self, file: descriptor_pb2.FileDescriptorProto, package: str) -> None:
        self._file = file
        self._package = package

    def message(self, name: str, source: Descriptor, wanted: list[tuple[str, ...]]) -> None:
        message = self._file.message_type.add(name=name)
        groups: dict[str, list[tuple[str, ...]]] = {}
        for path in wanted:
            groups.setdefault(path[0], []).append(path[1:])
        for part, rest in groups.items():
            original = source.fields_by_name[part]
            deeper = [path for path in rest if path]
            if deeper:
                child = f"{name}_{part}"
                self.message(child, _message_of(original), deeper)
                message.field.add(
                    name=part, number=original.number, label=_Field.LABEL_OPTIONAL, type=_Field.TYPE_MESSAGE,
                    type_name=f".{self._package}.{child}",
                )  # fmt: skip
            else:
                self._leaf(message, original)

    def _leaf(self, message: descriptor_pb2.DescriptorProto, original: FieldDescriptor) -> None:
        added = message.field.add(name=original.name, number=original.number)
        added.label = _Field.LABEL_REPEATED if original.is_repeated else _Field.LABEL_OPTIONAL
        if original.message_type is not None:
            added.type = _Field.TYPE_MESSAGE
            added.type_name = f".{original.message_type.full_name}"
            if original.message_type.file.name not in self._file.dependency:
                self._file.dependency.append(original.message_type.file.name)
            return
        added.type = _Field.TYPE_INT32 if original.enum_type is not None else cast(Any, original.type)
        if original.has_presence and not original.is_repeated:
            added.proto3_optional = True
            added.oneof_index = len(message.oneof_decl)
            message.oneof_decl.add(name=f"_{original.name}")
