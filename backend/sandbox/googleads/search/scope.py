"""What one query sees: an account at one moment, with the look-ups that reports share."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from backend.sandbox.googleads import kinds
from backend.sandbox.googleads.demo import constants
from backend.sandbox.googleads.search import joins
from backend.sandbox.googleads.stats import account
from backend.sandbox.googleads.stats.account import Traffic
from backend.sandbox.googleads.stats.units import Today
from backend.sandbox.googleads.world import World


@dataclass(slots=True)
class Base:
    """One row before statistics: its main entity and those that are attributed to it.

    `units` are the ad groups and campaigns whose traffic a view shows, where the entities do not say so.
    """

    kind: str
    name: str
    entities: dict[str, Any]
    units: tuple[str, ...] = ()


@dataclass(slots=True)
class Scope:
    """An account as a query sees it."""

    world: World
    customer_id: str
    _grouped: dict[tuple[str, str], dict[str, list[Any]]] = field(default_factory=dict)

    @property
    def date(self) -> date:
        return account.date_of(self.world, self.customer_id)

    @property
    def today(self) -> Today:
        return account.today(self.world, self.customer_id)

    @property
    def traffic(self) -> Traffic:
        return account.traffic(self.world, self.customer_id)

    def all(self, kind: str) -> list[Any]:
        """Every entity of a kind, or the constants of that kind."""
        found = self.world.entities(self.customer_id, kind)
        return [*found.values()] if found else [*constants.entities(kind).values()]

    def get(self, kind: str, name: str) -> Any | None:
        """One entity, or a constant."""
        return joins.lookup(self.world, self.customer_id, kind, name)

    def children(self, kind: str, reference: str, parent: str) -> Sequence[Any]:
        """Entities of a kind whose field `reference` names the parent."""
        grouped = self._grouped.get((kind, reference))
        if grouped is None:
            grouped = self._grouped[(kind, reference)] = {}
            for entity in self.all(kind):
                grouped.setdefault(getattr(entity, reference), []).append(entity)
        return grouped.get(parent, ())

    def attributed(self, row: Base, kind: str) -> Any | None:
        """The entity of a kind that goes with a row; remembered in the row."""
        if kind not in row.entities:
            row.entities[kind] = joins.attributed(
                self.world, self.customer_id, kind, {k: e for k, e in row.entities.items() if e is not None}
            )
        return row.entities[kind]

    def new(self, kind: str, name: str, fill: Callable[[Any], None] | None = None) -> Any:
        """A message for a row that is not stored."""
        message: Any = kinds.message_class(kind)()
        message.resource_name = name
        if fill is not None:
            fill(message)
        return message
