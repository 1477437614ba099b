"""A mutate as data: ordered operations whose temporary ids belong to the plan. Nothing here knows Google's classes.

Fields are nested plain dicts with proto field names; enums are their names, images are bytes. Google asks that a
temporary id is negative, unique across all types of one request and defined before it is used
(GoogleAdsService.Mutate).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from backend.integrations.googleads.resource_names import resource_name

Verb = Literal["create", "update", "remove"]

MAX_OPERATIONS = 10_000
"""Operations per Mutate request; more is `RequestError.TOO_MANY_MUTATE_OPERATIONS`. Source: quotas page, v26."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a plan.

    Attributes:
        resource: The field of MutateOperation without `_operation`: `campaign_budget`, `ad_group_ad`, …
        verb: create, update or remove.
        name: Resource name: temporary or empty for a create, real for an update or a remove.
        fields: What is set, by proto field names.
        mask: Paths of an update.
        subject: What this operation is about on our side; carried through to the results, never sent.
        exempt_keys: Policy violation keys a publisher consented to exempt (criteria).
        ignorable_topics: Policy topics a publisher consented to ignore (ads).
    """

    resource: str
    verb: Verb
    name: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    mask: tuple[str, ...] = ()
    subject: Hashable = None
    exempt_keys: tuple[tuple[str, str], ...] = ()
    ignorable_topics: tuple[str, ...] = ()


class MutatePlan:
    """The operations of one request to one account, in the order in which they are sent."""

    __slots__ = ("_last_id", "customer_id", "operations")

    def __init__(self, customer_id: str) -> None:
        """Start an empty plan for one account (ten digits)."""
        self.customer_id = customer_id
        self.operations: list[Operation] = []
        self._last_id = 0

    def __len__(self) -> int:
        return len(self.operations)

    def create(self, resource: str, subject: Hashable = None, /, **fields: Any) -> str:
        """Add a create under a new temporary name and give the name, for the operations that follow."""
        self._last_id -= 1
        name = resource_name(self.customer_id, resource, self._last_id)
        self.operations.append(Operation(resource, "create", name, {"resource_name": name, **fields}, subject=subject))
        return name

    def link(self, resource: str, subject: Hashable = None, /, **fields: Any) -> None:
        """Add a create that nothing refers to: a criterion, an ad, an asset link. Its name is Google's to give."""
        self.operations.append(Operation(resource, "create", "", fields, subject=subject))

    def update(self, resource: str, name: str, mask: Iterable[str], subject: Hashable = None, /, **fields: Any) -> None:
        """Add an update of exactly the paths in the mask.

        Raises:
            ValueError: The mask is empty: Google would refuse it, and we have nothing to say.
        """
        paths = tuple(mask)
        if not paths:
            raise ValueError(f"an update of {name} needs a mask")
        self.operations.append(Operation(resource, "update", name, {"resource_name": name, **fields}, paths, subject))

    def remove(self, resource: str, name: str, subject: Hashable = None, /) -> None:
        """Add a remove."""
        self.operations.append(Operation(resource, "remove", name, subject=subject))


def is_temporary(name: str) -> bool:
    """Tell whether a resource name stands for something that this request is to make."""
    return any(part.startswith("-") for part in name.rsplit("/", 1)[-1].split("~"))


def references(value: Any) -> Iterable[str]:
    """Yield every temporary resource name inside a value, at any depth."""
    if isinstance(value, str):
        if value.startswith("customers/") and is_temporary(value):
            yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from references(inner)
