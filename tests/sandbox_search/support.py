"""A world in memory at a fixed moment, and queries on it."""

from __future__ import annotations

import importlib
from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

import pytest

from backend.sandbox.googleads import search
from backend.sandbox.googleads.clock import Clock
from backend.sandbox.googleads.demo import Agency, build
from backend.sandbox.googleads.errors import Refusal
from backend.sandbox.googleads.store import Store
from backend.sandbox.googleads.world import World

NOW = datetime(2026, 11, 20, 11, 30, tzinfo=UTC)
SCORES = ("impressions", "clicks", "cost_micros", "conversions", "conversions_value")
METRICS = ", ".join(f"metrics.{name}" for name in SCORES)


def new_world(
    *, seed: int = 7, clients: int = 12, days: int = 60, size: int = 1, now: datetime = NOW
) -> tuple[World, Agency]:
    """A fresh world whose clock stands still."""
    agency = build(seed, clients=clients, days=days, created=now, size=size)
    clock = Clock(frozen_at=now)
    return World(Store(None), agency.customers, seed=seed, days=days, created=now, clock=clock), agency


def stream_request(customer_id: str, query: str, **fields: Any) -> Any:
    module = importlib.import_module("google.ads.googleads.v26.services.types.google_ads_service")
    return module.SearchGoogleAdsStreamRequest.pb()(customer_id=customer_id, query=query, **fields)


def page_request(customer_id: str, query: str, **fields: Any) -> Any:
    module = importlib.import_module("google.ads.googleads.v26.services.types.google_ads_service")
    return module.SearchGoogleAdsRequest.pb()(customer_id=customer_id, query=query, **fields)


def response(name: str, data: bytes, version: str = "v26") -> Any:
    module = importlib.import_module(f"google.ads.googleads.{version}.services.types.google_ads_service")
    return getattr(module, name).pb().FromString(data)


def rows(world: World, customer_id: str, query: str, version: str = "v26") -> list[Any]:
    """All rows of a query, as messages of the version."""
    messages = search.stream(world, stream_request(customer_id, query), version, "request")
    return [row for m in messages for row in response("SearchGoogleAdsStreamResponse", m, version).results]


def refusal(world: World, customer_id: str, query: str, version: str = "v26") -> str:
    """The code with which a query is refused."""
    with pytest.raises(Refusal) as refused:
        rows(world, customer_id, query, version)
    return refused.value.problems[0].name


def scores(row: Any) -> tuple[float, ...]:
    return tuple(getattr(row.metrics, name) for name in SCORES)


def summed(found: list[Any], key: Any) -> dict[Any, tuple[float, ...]]:
    """Scores added up by a key of the row."""
    sums: dict[Any, tuple[float, ...]] = defaultdict(lambda: (0.0,) * len(SCORES))
    for row in found:
        sums[key(row)] = tuple(a + b for a, b in zip(sums[key(row)], scores(row), strict=True))
    return dict(sums)
