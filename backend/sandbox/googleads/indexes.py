"""Look-ups by something else than the resource name: "the campaign of this name", "the keywords of this ad group".

An index is declared once and built per account at its first use. Entries are candidates: they are added at each
commit, never taken away, and checked against the entity when read, so that an undone write cannot leave a lie.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, eq=False, slots=True)
class Index:
    """A named look-up on one kind; `key` gives the entity's key, or None to leave it out."""

    kind: str
    key: Callable[[Any], Hashable]


class IndexSet:
    """The indexes of one account."""

    def __init__(self) -> None:
        self._built: dict[Index, dict[Hashable, dict[str, None]]] = {}

    def names(self, index: Index, key: object, entities: Mapping[str, Any]) -> Iterable[str]:
        """Resource names that may have this key."""
        return tuple(self._of(index, entities).get(key, ()))

    def count(self, index: Index, key: object, entities: Mapping[str, Any]) -> int:
        """How many names may have this key."""
        return len(self._of(index, entities).get(key, ()))

    def _of(self, index: Index, entities: Mapping[str, Any]) -> Mapping[object, Mapping[str, None]]:
        built = self._built.get(index)
        if built is None:
            built = {}
            for name, message in entities.items():
                built.setdefault(index.key(message), {})[name] = None
            self._built[index] = built
        return built

    def add(self, kind: str, pending: Mapping[str, Any]) -> None:
        """Take in what a commit wrote."""
        for index, built in self._built.items():
            if index.kind == kind:
                for name, message in pending.items():
                    if message is not None:
                        built.setdefault(index.key(message), {})[name] = None
