"""The selected attributes of a row as wire bytes; an entity's part is written once per query."""

from dataclasses import dataclass, field
from typing import Any

from google.protobuf.descriptor import FieldDescriptor

from backend.integrations.googleads.gaql import Category, Checked
from backend.sandbox.googleads import kinds
from backend.sandbox.googleads.search import wire
from backend.sandbox.googleads.search.access import copy, fields_along


@dataclass(slots=True)
class Fragment:
    """Writes what is selected of one kind."""

    kind: str
    number: int
    paths: tuple[tuple[FieldDescriptor, ...], ...]
    _kept: dict[int, tuple[Any, bytes]] = field(default_factory=dict)

    def encode(self, entity: Any) -> bytes:
        """The row's field of this kind; b"" when there is no entity."""
        if entity is None:
            return b""
        kept = self._kept.get(id(entity))
        if kept is not None:
            return kept[1]
        trimmed = kinds.message_class(self.kind)()
        for path in self.paths:
            copy(entity, trimmed, path)
        data = wire.framed(self.number, trimmed.SerializeToString())
        self._kept[id(entity)] = (entity, data)  # the entity is kept so that its id stays its own
        return data


def fragments(checked: Checked, version: str) -> tuple[Fragment, ...]:
    """One fragment per selected kind, resource names included unless the query says otherwise."""
    paths: dict[str, list[tuple[str, ...]]] = {}
    if not checked.omit_resource_names:
        paths[checked.resource.name] = [("resource_name",)]
    for item in checked.select:
        if item.category is Category.ATTRIBUTE:
            known = paths.setdefault(item.resource, [] if checked.omit_resource_names else [("resource_name",)])
            if item.path[1:] not in known:
                known.append(item.path[1:])
    found = []
    for kind, wanted in paths.items():
        row_field = kinds.row_field(kind, version)
        if row_field is None or kinds.row_field(kind) is None:
            continue  # a kind that the store's version no longer has: it has no entities
        described = [fields_along(kind, path) for path in wanted]
        found.append(Fragment(kind, row_field.number, tuple(path for path in described if path is not None)))
    return tuple(found)


def field_mask(checked: Checked) -> tuple[str, ...]:
    """Paths of the answer's field mask: what was selected, in the language's names."""
    return tuple(dict.fromkeys(item.name for item in checked.select))
