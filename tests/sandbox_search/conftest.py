"""One world for all tests that only read."""

from __future__ import annotations

import pytest

from backend.sandbox.googleads.demo import Agency
from backend.sandbox.googleads.world import World
from tests.sandbox_search.support import new_world


@pytest.fixture(scope="session")
def demo() -> tuple[World, Agency]:
    return new_world()


@pytest.fixture(scope="session")
def world(demo: tuple[World, Agency]) -> World:
    return demo[0]


@pytest.fixture(scope="session")
def client_id(demo: tuple[World, Agency]) -> str:
    return demo[1].client_ids[0]


@pytest.fixture(scope="session")
def manager_id(demo: tuple[World, Agency]) -> str:
    return demo[1].manager_id
