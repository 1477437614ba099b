"""Accounts with a structure and statistics of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from tests.support.sandbox import Sandbox
from tests.support.shop import Shop, make_shop, stock
from tests.support.team import Team, make_team

Rows = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def new_shop(team: Team) -> Callable[..., Shop]:
    """Makes empty accounts of the test's own team."""
    return lambda *args, **values: make_shop(team, *args, **values)


@pytest.fixture
def own_shop(team: Team) -> Shop:
    """A stocked account that the test may change."""
    return stock(make_shop(team))


@pytest.fixture(scope="session")
def shop(app: Flask, rows: Rows, sandbox: Sandbox) -> Shop:
    """A stocked account that all tests of the run read and none changes."""
    return stock(make_shop(make_team(app, rows, sandbox, "Readers", lambda: None)))
