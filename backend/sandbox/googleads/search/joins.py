"""From the main entity of a row to the entities that are attributed to it.

An entity refers to another by a field named like the other's kind: ad_group_ad.ad_group, ad_group.campaign, and so on.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

from backend.sandbox.googleads import kinds
from backend.sandbox.googleads.demo import constants
from backend.sandbox.googleads.world import World

Step = tuple[str, str]  # from this kind, by the field named so


@cache
def _references(kind: str) -> tuple[str, ...]:
    field = kinds.row_field(kind)
    message = field.message_type if field is not None else None
    known = kinds.row_descriptor().fields_by_name
    if message is None:
        return ()
    return tuple(f.name for f in message.fields if f.name in known and f.message_type is None and not f.is_repeated)


@cache
def route(start: str, goal: str) -> tuple[Step, ...] | None:
    """The shortest way of references from one kind to another, or None."""
    front: list[tuple[str, tuple[Step, ...]]] = [(start, ())]
    seen = {start}
    while front:
        following: list[tuple[str, tuple[Step, ...]]] = []
        for kind, steps in front:
            for name in _references(kind):
                if name == goal:
                    return (*steps, (kind, name))
                if name not in seen:
                    seen.add(name)
                    following.append((name, (*steps, (kind, name))))
        front = following
    return None


def lookup(world: World, customer_id: str, kind: str, name: str) -> Any | None:
    """An entity of the account, or a constant."""
    if not name:
        return None
    found = world.get(customer_id, kind, name)
    return found if found is not None else constants.entities(kind).get(name)


def attributed(world: World, customer_id: str, kind: str, have: Mapping[str, Any]) -> Any | None:
    """The entity of a kind that goes with a row that already has some entities; None when it refers to none."""
    if kind in have:
        return have[kind]
    if kind == "customer":
        return world.get(customer_id, "customer", f"customers/{customer_id}")
    for start in have:
        steps = route(start, kind)
        if steps is None:
            continue
        entity: Any | None = have[start]
        for _, name in steps:
            reference = getattr(entity, name)
            entity = have.get(name) or lookup(world, customer_id, name, reference)
            if entity is None:
                break
        if entity is not None:
            return entity
    return None
