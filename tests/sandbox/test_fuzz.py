"""Random messages for every operation of every service: refused or applied, never a crash."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import Any

import pytest
from google.protobuf.descriptor import FieldDescriptor

from backend.sandbox.googleads import demo, handlers, names, registry
from backend.sandbox.googleads.clock import Clock
from backend.sandbox.googleads.errors import Refusal, failure
from backend.sandbox.googleads.mutate import engine
from backend.sandbox.googleads.mutate.operations import decode, kind_of_operation
from backend.sandbox.googleads.policy import Policy
from backend.sandbox.googleads.store import Store
from backend.sandbox.googleads.world import World

CREATED = datetime(2026, 11, 20, 12, tzinfo=UTC)
ROUNDS = 25
TEXTS = (
    "",
    "x",
    "Shoes & boots",
    "https://example.com/",
    "casino",
    "é" * 300,
    "2026-12-01 00:00:00",
    "{KeyWord:a}",
    "#fff",
)
NUMBERS = (0, 1, -1, 5, 10_000, 20_000_000, 2**31 - 1)


@pytest.fixture(scope="module")
def world() -> World:
    agency = demo.build(3, clients=1, days=10, created=CREATED)
    return World(Store(None), agency.customers, seed=3, days=10, created=CREATED, clock=Clock(0.0, CREATED))


class Writer:
    """Fills messages with values that are often nearly right."""

    def __init__(self, world: World, customer_id: str, seed: int) -> None:
        self.rng = random.Random(seed)
        self.names = [name for kind in world.kinds(customer_id) for name in [*world.entities(customer_id, kind)][:3]]
        self.by_kind = {kind: [*world.entities(customer_id, kind)][:3] for kind in world.kinds(customer_id)}

    def fill(self, message: Any, depth: int = 0) -> None:
        for field in message.DESCRIPTOR.fields:
            if self.rng.random() > (0.55 if depth < 2 else 0.3) or (depth > 4 and field.message_type is not None):
                continue
            if field.is_repeated:
                self._repeat(message, field, depth)
            elif field.message_type is not None:
                child = getattr(message, field.name)
                child.SetInParent()
                self.fill(child, depth + 1)
            else:
                setattr(message, field.name, self._scalar(field))

    def _repeat(self, message: Any, field: FieldDescriptor, depth: int) -> None:
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            return
        for _ in range(self.rng.randint(1, 3)):
            if field.message_type is not None:
                self.fill(getattr(message, field.name).add(), depth + 1)
            else:
                getattr(message, field.name).append(self._scalar(field))

    def _scalar(self, field: FieldDescriptor) -> Any:
        if field.type == FieldDescriptor.TYPE_STRING:
            return self._text(field)
        if field.type == FieldDescriptor.TYPE_BYTES:
            return b"bytes"
        if field.type == FieldDescriptor.TYPE_BOOL:
            return self.rng.random() < 0.5
        if field.type == FieldDescriptor.TYPE_ENUM:
            return self.rng.choice([*field.enum_type.values_by_number, 9_999])
        if field.type in (FieldDescriptor.TYPE_DOUBLE, FieldDescriptor.TYPE_FLOAT):
            return self.rng.choice((0.0, 0.5, 3.5, -1.0, 1e12))
        return self.rng.choice(NUMBERS) if field.type != FieldDescriptor.TYPE_UINT64 else 7

    def _text(self, field: FieldDescriptor) -> str:
        known = self.by_kind.get(names.public_name(field.name))
        if field.name == "resource_name":
            return self.rng.choice([*self.names, "", "customers/1/campaigns/-1", "customers/1//"])
        if known and self.rng.random() < 0.8:
            return self.rng.choice(known)
        return self.rng.choice([*TEXTS, self.rng.choice(self.names)])


def _requests() -> list[registry.Rpc]:
    found = registry.rpcs("v26").values()
    return [
        rpc for rpc in found if rpc.method.startswith("Mutate") and rpc.service != "GoogleAdsService" and _kind(rpc)
    ]


def _kind(rpc: registry.Rpc) -> str | None:
    fields = rpc.request.DESCRIPTOR.fields_by_name
    field = fields.get("operations") or fields.get("operation")
    kind = kind_of_operation(field.message_type) if field is not None else None
    return kind if kind is not None and handlers.is_mutable(kind) else None


@pytest.mark.parametrize("rpc", _requests(), ids=lambda rpc: rpc.service)
def test_no_message_crashes_the_engine(world: World, rpc: registry.Rpc) -> None:
    customer_id = next(cid for cid, info in world.customers().items() if not info.manager)
    lookup = engine.Lookup(handlers.rules_of, {"policy": Policy(), "features": {}})
    writer = Writer(world, customer_id, seed=len(rpc.name))
    answered = 0
    for _ in range(ROUNDS):
        request = rpc.request(customer_id=customer_id)
        fields = request.DESCRIPTOR.fields_by_name
        operation = request.operations.add() if "operations" in fields else request.operation
        actions = [name for name in ("create", "update", "remove") if name in operation.DESCRIPTOR.fields_by_name]
        action = writer.rng.choice(actions)
        if action == "remove":
            operation.remove = writer.rng.choice(writer.names)
        else:
            writer.fill(getattr(operation, action))
            getattr(operation, action).SetInParent()
        if action == "update" and "update_mask" in operation.DESCRIPTOR.fields_by_name:
            paths = [names.public_name(f.name) for f, _ in operation.update.ListFields()]
            operation.update_mask.paths.extend([*paths, "nothing.at.all"][: writer.rng.randint(0, 6)])
            known = writer.by_kind.get(_kind(rpc) or "", [])
            operation.update.resource_name = writer.rng.choice([*known, *writer.names][:4])
        try:
            engine.run(world, decode(request, "a@example.com"), lookup, lambda tx, _: tx.commit())
        except Refusal as refusal:
            failure(refusal.problems, "id")
        answered += 1
    assert answered == ROUNDS
