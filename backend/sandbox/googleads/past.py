"""The world as it was a moment ago: what a search sees whose index lags behind (`stale_search`)."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from backend.sandbox.googleads.accounts import Change
from backend.sandbox.googleads.calls import Call
from backend.sandbox.googleads.world import World


class PastWorld:
    """Reads of one account as of an earlier moment; everything else is the world of now."""

    def __init__(self, world: World, customer_id: str, seconds: float) -> None:
        self._world, self._customer_id = world, customer_id
        moment = world.clock.now() - timedelta(seconds=seconds)
        self._entities, self._version, self._changes = world.as_of(customer_id, moment)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._world, name)

    def entities(self, customer_id: str, kind: str) -> Mapping[str, Any]:
        """As `World.entities`."""
        if customer_id != self._customer_id:
            return self._world.entities(customer_id, kind)
        return self._entities.get(kind, {})

    def get(self, customer_id: str, kind: str, resource_name: str) -> Any | None:
        """As `World.get`."""
        return self.entities(customer_id, kind).get(resource_name)

    def version(self, customer_id: str) -> int:
        """As `World.version`."""
        return self._version if customer_id == self._customer_id else self._world.version(customer_id)

    def changes(self, customer_id: str) -> Sequence[Change]:
        """As `World.changes`."""
        found = self._world.changes(customer_id)
        return found[: self._changes] if customer_id == self._customer_id else found


def seen_by(call: Call) -> Any:
    """The world that a search of this call sees."""
    world, fault = call.services.world, call.fault
    if fault is None or fault.when != "stale_search":
        return world
    return PastWorld(world, call.customer_id, fault.delay_s)
