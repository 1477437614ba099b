"""The admin page's totals: every level, whole and by device and network, equal to what the queries answer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest

from backend.sandbox.googleads import search
from tests.sandbox_search.support import METRICS, SCORES, new_world, rows, scores

WORLD, AGENCY = new_world(clients=1, days=30)
CLIENT = AGENCY.client_ids[0]
START, END = date(2026, 11, 9), date(2026, 11, 15)
LEVELS = {
    "account": ("customer", "customer.id"),
    "campaign": ("campaign", "campaign.id"),
    "ad_group": ("ad_group", "ad_group.id"),
    "ad": ("ad_group_ad", "ad_group_ad.ad.id"),
    "keyword": ("keyword_view", "ad_group_criterion.criterion_id"),
    "asset_group": ("asset_group", "asset_group.id"),
    "search_term": ("search_term_view", "search_term_view.search_term"),
}
Sums = dict[tuple[str, ...], tuple[float, ...]]


def value(row: Any, path: str) -> Any:
    for name in path.split("."):
        row = getattr(row, name)
    return row


def added(pairs: Sequence[tuple[tuple[str, ...], tuple[float, ...]]]) -> Sums:
    found: Sums = defaultdict(lambda: (0,) * len(SCORES))
    for key, numbers in pairs:
        found[key] = tuple(a + b for a, b in zip(found[key], numbers, strict=True))
    return dict(found)


def told(level: str, *split: str) -> list[dict[str, Any]]:
    return search.totals(WORLD, CLIENT, level, (START, END), split)


@pytest.mark.parametrize("level", LEVELS)
def test_a_level_equals_its_query(level: str) -> None:
    resource, own = LEVELS[level]
    query = f"SELECT {own}, segments.date, segments.device, segments.ad_network_type, {METRICS} FROM {resource}"
    found = rows(WORLD, CLIENT, f"{query} WHERE segments.date BETWEEN '{START}' AND '{END}'")
    segments = type(found[0].segments).DESCRIPTOR.fields_by_name
    devices, networks = (segments[name].enum_type.values_by_number for name in ("device", "ad_network_type"))
    expected = added(
        [
            (
                (
                    str(value(row, own)),
                    row.segments.date,
                    devices[row.segments.device].name,
                    networks[row.segments.ad_network_type].name,
                ),
                scores(row),
            )
            for row in found
        ]
    )
    answered = [
        ((row["google_id"], row["date"], row["device"], row["network"]), tuple(row[name] for name in SCORES))
        for row in told(level, "device", "network")
    ]
    assert added(answered) == expected
    assert len(expected) > 50


@pytest.mark.parametrize("level", [*LEVELS, "asset"])
def test_the_splits_of_a_level_add_up_to_its_days(level: str) -> None:
    def by_day(*split: str) -> Sums:
        return added(
            [
                (
                    (row["google_id"], row.get("parent_id", ""), row.get("link", ""), row["date"]),
                    tuple(row[name] for name in SCORES),
                )
                for row in told(level, *split)
            ]
        )

    whole = by_day()
    assert whole
    for split in (("device",), ("network",), ("device", "network")):
        assert by_day(*split) == {key: numbers for key, numbers in whole.items() if any(numbers)}


def test_an_asset_has_one_row_per_place_that_shows_it() -> None:
    answered = told("asset")
    places = [(row["google_id"], row["parent_id"], row["link"], row["date"]) for row in answered]
    assert len(places) == len(set(places))
    assert {row["link"] for row in answered} >= {"ad_group_ad_asset_view", "asset_group_asset", "campaign_asset"}
    assert all(row["google_id"].isdigit() for row in answered)


def test_what_is_not_known_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown level 'planet': one of account"):
        told("planet")
    with pytest.raises(ValueError, match="unknown split 'hour': any of device, network"):
        told("campaign", "hour")
