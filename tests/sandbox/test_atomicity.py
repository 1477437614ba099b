"""Any plan of creates applies whole or leaves the store as it was, to the byte."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.sandbox.googleads import demo, editing, handlers, registry
from backend.sandbox.googleads.clock import Clock
from backend.sandbox.googleads.errors import Refusal
from backend.sandbox.googleads.mutate import engine
from backend.sandbox.googleads.mutate.operations import decode
from backend.sandbox.googleads.policy import Policy
from backend.sandbox.googleads.store import Store
from backend.sandbox.googleads.world import World

CREATED = datetime(2026, 11, 20, 12, tzinfo=UTC)
KINDS = ("campaign_budget", "campaign", "ad_group", "keyword", "label", "campaign_label", "negative", "asset")
FLAWS = ("none", "none", "none", "empty", "dangling", "taken", "long")


_names = itertools.count()


@st.composite
def plans(draw: st.DrawFn) -> list[tuple[str, str, int]]:
    """(kind, flaw, which of the earlier parents it names) per operation."""
    one = st.tuples(st.sampled_from(KINDS), st.sampled_from(FLAWS), st.integers(0, 5))
    return draw(st.lists(one, min_size=1, max_size=12))


@pytest.fixture(scope="module")
def world() -> World:
    agency = demo.build(7, clients=1, days=10, created=CREATED)
    return World(Store(None), agency.customers, seed=7, days=10, created=CREATED, clock=Clock(0.0, CREATED))


class Builder:
    """A MutateGoogleAdsRequest out of a plan."""

    def __init__(self, customer_id: str) -> None:
        self.customer_id = customer_id
        self.request: Any = registry.known("GoogleAdsService", "Mutate").request(customer_id=customer_id)
        self.made: dict[str, list[str]] = {}
        self.number = 0

    def add(self, kind: str, flaw: str, which: int) -> None:
        self.number += 1
        outer = self.request.mutate_operations.add()
        name = {"empty": "", "taken": "Search | Brand", "long": "n" * 300}.get(
            flaw, f"{kind} {self.number} {id(outer)}"
        )
        getattr(self, f"_{kind}")(outer, name, flaw == "dangling", which)

    def _temp(self, kind: str, collection: str) -> str:
        made = f"customers/{self.customer_id}/{collection}/-{self.number}"
        self.made.setdefault(kind, []).append(made)
        return made

    def _parent(self, kind: str, collection: str, dangling: bool, which: int) -> str:
        earlier = self.made.get(kind, [])
        if dangling or not earlier:
            return f"customers/{self.customer_id}/{collection}/-999"
        return earlier[which % len(earlier)]

    def _campaign_budget(self, outer: Any, name: str, dangling: bool, which: int) -> None:
        new = outer.campaign_budget_operation.create
        new.resource_name = self._temp("campaign_budget", "campaignBudgets")
        new.name, new.amount_micros = name, 0 if dangling else 5_000_000

    def _campaign(self, outer: Any, name: str, dangling: bool, which: int) -> None:
        new = outer.campaign_operation.create
        new.campaign_budget = self._parent("campaign_budget", "campaignBudgets", dangling, which)
        new.resource_name = self._temp("campaign", "campaigns")
        new.name, new.advertising_channel_type, new.contains_eu_political_advertising = name, 2, 3
        new.manual_cpc.SetInParent()

    def _ad_group(self, outer: Any, name: str, dangling: bool, which: int) -> None:
        new = outer.ad_group_operation.create
        new.campaign = self._parent("campaign", "campaigns", dangling, which)
        new.resource_name = self._temp("ad_group", "adGroups")
        new.name = name

    def _keyword(self, outer: Any, name: str, dangling: bool, which: int) -> None:
        new = outer.ad_group_criterion_operation.create
        new.ad_group = self._parent("ad_group", "adGroups", dangling, which)
        new.keyword.text, new.keyword.match_type = name.replace("|", ""), 4

    def _label(self, outer: Any, name: str, dangling: bool, which: int) -> None:
        new = outer.label_operation.create
        new.resource_name, new.name = self._temp("label", "labels"), name

    def _campaign_label(self, outer: Any, name: str, dangling: bool, which: int) -> None:
        new = outer.campaign_label_operation.create
        new.campaign = self._parent("campaign", "campaigns", dangling, which)
        new.label = self._parent("label", "labels", False, which)

    def _negative(self, outer: Any, name: str, dangling: bool, which: int) -> None:
        new = outer.campaign_criterion_operation.create
        new.campaign, new.negative = self._parent("campaign", "campaigns", dangling, which), True
        new.keyword.text, new.keyword.match_type = name.replace("|", ""), 2

    def _asset(self, outer: Any, name: str, dangling: bool, which: int) -> None:
        outer.asset_operation.create.text_asset.text = name


def _bytes(world: World, customer_id: str) -> dict[str, Any]:
    return {
        "entities": editing.state(world, customer_id),
        "rows": list(world.store.entities(customer_id)),
        "changes": len(world.changes(customer_id)),
        "version": world.version(customer_id),
    }


def _run(world: World, customer_id: str, plan: list[tuple[str, str, int]], *, partial: bool) -> engine.Outcome:
    builder = Builder(customer_id)
    for step in plan:
        builder.add(*step)
    builder.request.partial_failure = partial
    lookup = engine.Lookup(handlers.rules_of, {"policy": Policy(), "features": {}})
    return engine.run(world, decode(builder.request, "someone@example.com"), lookup, lambda tx, _: tx.commit())


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plan=plans())
def test_whole_or_nothing(world: World, plan: list[tuple[str, str, int]]) -> None:
    customer_id = next(cid for cid, info in world.customers().items() if not info.manager)
    before = _bytes(world, customer_id)
    try:
        outcome = _run(world, customer_id, plan, partial=False)
    except Refusal:
        assert _bytes(world, customer_id) == before
    else:
        assert all(result is not None for result in outcome.results)
        _all_there(world, customer_id, outcome)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plan=plans())
def test_partial_failure_keeps_exactly_the_good_ones(world: World, plan: list[tuple[str, str, int]]) -> None:
    customer_id = next(cid for cid, info in world.customers().items() if not info.manager)
    outcome = _run(world, customer_id, plan, partial=True)
    failed = {problem.path[0][1] for problem in outcome.problems if isinstance(problem.path[0], tuple)}
    assert failed == {index for index, result in enumerate(outcome.results) if result is None}
    _all_there(world, customer_id, outcome)


def _all_there(world: World, customer_id: str, outcome: engine.Outcome) -> None:
    for result in outcome.results:
        if result is not None:
            entity = world.get(customer_id, result.kind, result.resource_name)
            assert entity is not None
            assert b"/-" not in entity.SerializeToString()
