"""What the tests of campaigns share: a connected team with its accounts, and a form that can be published."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.sandbox import Sandbox
from tests.support.team import Team


@pytest.fixture
def account(team: Team) -> str:
    """An enabled client account of a connected team, without defaults: its ten digits."""
    accounts = team.connect()
    return next(item["customer_id"] for item in accounts if not item["manager"] and item["status"] == "ENABLED")


@pytest.fixture
def flat_form(sandbox: Sandbox) -> Callable[..., dict[str, Any]]:
    """`flat_form(name=…)`: a simple form that can be published, any field replaced; None leaves a field out."""

    def form(**changes: Any) -> dict[str, Any]:
        whole = {
            "name": "Spring",
            "objective": "LEADS",
            "campaign_type": "DEMAND_GEN",
            "daily_budget": 25_000_000,
            "ad_group_name": "Everyone",
            "ad_headline": "Garden chairs",
            "ad_description": "Comfortable chairs for every garden.",
            "asset_url": sandbox.info["images"]["landscape"],
            "logo_url": sandbox.info["images"]["logo"],
            "final_url": "https://www.example.com/landing",
            "business_name": "Example GmbH",
            "headlines": ["Fast delivery", "Order online today"],
            "descriptions": ["Free shipping on every order."],
            "keywords": ["garden chair", '"garden bench"', "[garden table]"],
            "contains_eu_political_advertising": "DOES_NOT_CONTAIN_EU_POLITICAL_ADVERTISING",
        } | changes
        return {name: value for name, value in whole.items() if value is not None}

    return form
