"""What one client's builder knows, and the ids and names it hands out."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from backend.sandbox.googleads.criterion_ids import criterion_id
from backend.sandbox.googleads.demo import draws
from backend.sandbox.googleads.demo.messages import make, resource_name
from backend.sandbox.googleads.demo.vocabulary import Business, Market

Entity = tuple[str, Any]


@dataclass(frozen=True, slots=True)
class Plan:
    """One client account: a function of these values and nothing else."""

    seed: int
    index: int
    customer_id: str
    name: str
    business: Business
    market: Market
    history: tuple[date, date]
    size: int
    status: str = "ENABLED"
    test_account: bool = False


_BASES = {
    "campaign": 20_000_000_000,
    "ad_group": 150_000_000_000,
    "ad": 680_000_000_000,
    "asset": 70_000_000_000,
    "campaign_budget": 11_000_000_000,
    "label": 21_000_000_000,
    "conversion_action": 6_500_000_000,
    "shared_set": 11_700_000_000,
    "asset_group": 6_400_000_000,
    "bidding_strategy": 8_200_000_000,
    "user_list": 8_900_000_000,
}


@dataclass(slots=True)
class Builder:
    """Makes entities of one account; ids count up per kind inside the account's own range."""

    plan: Plan
    _counts: dict[str, int] = field(default_factory=dict)
    _texts: dict[str, str] = field(default_factory=dict)
    entities: list[Entity] = field(default_factory=list)

    def next_id(self, kind: str) -> int:
        """A new id of a kind."""
        self._counts[kind] = self._counts.get(kind, 0) + 1
        return _BASES[kind] + self.plan.index * 1_000_000 + self._counts[kind]

    def name(self, kind: str, *parts: object) -> str:
        """A resource name in this account."""
        return resource_name(self.plan.customer_id, kind, *parts)

    def add(self, kind: str, /, *parts: object, **fields: Any) -> str:
        """Make and keep an entity; its resource name."""
        name = self.name(kind, *parts)
        self.entities.append((kind, make(kind, name, **fields)))
        return name

    def criterion(self, kind: str, parent: str, **fields: Any) -> str:
        """Make a criterion of an ad group, campaign or shared set; its id follows from its content, as everywhere."""
        field_name = kind.removesuffix("_criterion").replace("shared", "shared_set")
        content = make(kind, "", **fields)
        number = criterion_id(content.WhichOneof("criterion"), content)
        own = {field_name: parent, "criterion_id": number}
        return self.add(kind, parent.rpartition("/")[2], number, **own, **fields)

    def between(self, low: int, high: int, *parts: object) -> int:
        """A repeatable number of this account."""
        return draws.between(low, high, self.plan.seed, self.plan.index, *parts)

    def money(self, euros: float, *, step: float = 0.1) -> int:
        """An amount in micros of the account's currency, rounded to what can be charged."""
        if self.plan.market.currency == "JPY":
            return max(1, round(euros * self.plan.market.scale)) * 1_000_000
        return max(1, round(euros * self.plan.market.scale / step)) * round(step * 1_000_000)

    def text_asset(self, text: str) -> str:
        """The asset of a text: one per text and account."""
        found = self._texts.get(text)
        if found is None:
            number = self.next_id("asset")
            found = self._texts[text] = self.add(
                "asset", number, id=number, type="TEXT", source="ADVERTISER", text_asset={"text": text}
            )
        return found

    def drain(self) -> Iterator[Entity]:
        """Everything made so far."""
        yield from self.entities
