"""Accounts with a structure and statistics of their own."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.shop import Shop, make_shop
from tests.support.team import Team


@pytest.fixture
def new_shop(team: Team) -> Callable[..., Shop]:
    """Makes empty accounts of the test's own team."""
    return lambda *args, **values: make_shop(team, *args, **values)
