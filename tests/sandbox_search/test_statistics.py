"""Statistics hold together to the micro, whatever they are split by, and move only with the clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.sandbox.googleads import editing, search
from backend.sandbox.googleads.demo import Agency
from backend.sandbox.googleads.world import World
from tests.sandbox_search.support import METRICS, SCORES, new_world, refusal, rows, scores, summed

REPORTS = ("customer", "campaign", "ad_group", "ad_group_ad", "keyword_view", "asset_group", "ad_group_ad_asset_view")
SEGMENTS = ("date", "week", "month", "quarter", "year", "day_of_week", "device", "ad_network_type", "slot", "hour")
WITH_HOUR = ("customer", "campaign", "ad_group")
WORLD, AGENCY = new_world(clients=4, days=40)
TODAY = date(2026, 11, 20)


def name_of(resource: str) -> Callable[[Any], str]:
    return lambda row: str(getattr(row, resource).resource_name)


@given(
    client=st.integers(0, 3),
    resource=st.sampled_from(REPORTS),
    split=st.lists(st.sampled_from(SEGMENTS), min_size=1, max_size=3, unique=True),
    start=st.integers(0, 38),
    length=st.integers(0, 12),
)
@settings(max_examples=25, deadline=None)
def test_segments_add_up_to_the_whole(client: int, resource: str, split: list[str], start: int, length: int) -> None:
    if resource not in WITH_HOUR:
        split = [name for name in split if name != "hour"] or ["date"]
    first = TODAY - timedelta(days=start)
    days = f"segments.date BETWEEN '{first}' AND '{min(TODAY, first + timedelta(days=length))}'"
    segments = ", ".join(f"segments.{name}" for name in split)
    customer_id = AGENCY.client_ids[client]
    whole = rows(WORLD, customer_id, f"SELECT {METRICS} FROM {resource} WHERE {days}")
    parts = rows(WORLD, customer_id, f"SELECT {segments}, {METRICS} FROM {resource} WHERE {days}")
    expected = {key: value for key, value in summed(whole, name_of(resource)).items() if any(value)}
    assert summed(parts, name_of(resource)) == expected


DAYS = "segments.date BETWEEN '2026-10-20' AND '2026-11-19'"
BY_CELL = "segments.date, segments.device, segments.ad_network_type"


def cell(row: Any) -> tuple[Any, ...]:
    return row.segments.date, row.segments.device, row.segments.ad_network_type


@pytest.mark.parametrize("client", [0, 3])
def test_levels_add_up(client: int) -> None:
    customer_id = AGENCY.client_ids[client]

    def read(resource: str, extra: str = "campaign.advertising_channel_type, ") -> list[Any]:
        return rows(WORLD, customer_id, f"SELECT {extra}{BY_CELL}, {METRICS} FROM {resource} WHERE {DAYS}")

    campaigns, groups, ads = read("campaign"), read("ad_group"), read("ad_group_ad")
    pmax = [row for row in campaigns if row.campaign.advertising_channel_type == 10]
    others = [row for row in campaigns if row.campaign.advertising_channel_type != 10]
    assert pmax
    assert summed(read("customer", ""), cell) == summed(campaigns, cell)
    assert summed(groups, cell) == summed(others, cell)
    assert summed(read("asset_group"), cell) == summed(pmax, cell)
    by_group = summed(groups, lambda row: (row.ad_group.resource_name, *cell(row))) if groups[0].ad_group else {}
    assert summed(ads, cell) == summed(groups, cell)
    assert by_group


@pytest.mark.parametrize("view", ["keyword_view", "search_term_view"])
def test_parts_of_an_ad_group_are_at_most_the_ad_group(view: str) -> None:
    customer_id = AGENCY.client_ids[1]
    query = f"SELECT ad_group.id, {BY_CELL}, {METRICS} FROM {{}} WHERE {DAYS}"
    whole = summed(rows(WORLD, customer_id, query.format("ad_group")), lambda row: (row.ad_group.id, *cell(row)))
    found = summed(rows(WORLD, customer_id, query.format(view)), lambda row: (row.ad_group.id, *cell(row)))
    assert len(found) > 500
    for key, parts in found.items():
        assert all(part <= total for part, total in zip(parts, whole[key], strict=True)), key


def test_totals_of_the_admin_page_are_the_answers() -> None:
    customer_id = AGENCY.client_ids[0]
    start, end = date(2026, 11, 1), date(2026, 11, 10)
    for level, resource, field in (("campaign", "campaign", "campaign.id"), ("ad_group", "ad_group", "ad_group.id")):
        found = rows(
            WORLD,
            customer_id,
            f"SELECT {field}, segments.date, {METRICS} FROM {resource} "
            f"WHERE segments.date BETWEEN '{start}' AND '{end}'",
        )
        expected = {
            (row["google_id"], row["date"]): tuple(row[name] for name in SCORES)
            for row in search.totals(WORLD, customer_id, level, (start, end))
        }
        own = name_of(resource)
        assert {(own(r).rpartition("/")[2], r.segments.date): scores(r) for r in found} == expected
    ads = search.totals(WORLD, customer_id, "ad", (start, end))
    groups = search.totals(WORLD, customer_id, "ad_group", (start, end))
    assert sum(row["cost_micros"] for row in ads) == sum(row["cost_micros"] for row in groups)
    with pytest.raises(ValueError, match="unknown level"):
        search.totals(WORLD, customer_id, "planet", (start, end))


def test_conversions_by_action_add_up() -> None:
    customer_id = AGENCY.client_ids[0]
    query = f"SELECT {{}}metrics.conversions, metrics.all_conversions FROM campaign WHERE {DAYS}"
    whole = rows(WORLD, customer_id, query.format(""))
    parts = rows(WORLD, customer_id, query.format("segments.conversion_action_name, "))
    assert len({row.segments.conversion_action_name for row in parts}) == 4
    for name in ("conversions", "all_conversions"):
        assert sum(getattr(r.metrics, name) for r in parts) == sum(getattr(r.metrics, name) for r in whole)
    own = rows(WORLD, customer_id, f"SELECT metrics.all_conversions FROM conversion_action WHERE {DAYS}")
    assert sum(r.metrics.all_conversions for r in own) == sum(r.metrics.all_conversions for r in whole)


def test_same_seed_same_bytes() -> None:
    query = f"SELECT campaign.name, segments.date, segments.device, {METRICS} FROM campaign WHERE {DAYS}"
    answers = []
    for seed in (7, 7, 8):
        world, agency = new_world(seed=seed, clients=2, days=40)
        answers.append([row.SerializeToString() for row in rows(world, agency.client_ids[0], query)])
    assert answers[0] == answers[1]
    assert answers[0] != answers[2]


def test_conversions_arrive_late_and_nothing_else_changes() -> None:
    world, agency = new_world(clients=1, days=10)
    customer_id = agency.client_ids[0]
    query = f"SELECT {METRICS} FROM customer WHERE segments.date BETWEEN '2026-11-15' AND '2026-11-19'"
    seen = []
    for _ in range(6):
        seen.append(scores(rows(world, customer_id, query)[0]))
        world.advance_clock(8 * 86400)
    assert len({row[:3] for row in seen}) == 1
    conversions = [row[3] for row in seen]
    assert conversions == sorted(conversions)
    assert conversions[0] < conversions[4] == conversions[5]


def test_today_grows_and_tomorrow_is_empty() -> None:
    world, agency = new_world(clients=1, days=10)
    customer_id = agency.client_ids[0]
    query = "SELECT metrics.impressions FROM customer WHERE segments.date DURING TODAY"
    before = rows(world, customer_id, query)[0].metrics.impressions
    world.advance_clock(6 * 3600)
    after = rows(world, customer_id, query)[0].metrics.impressions
    assert 0 < before < after
    future = "SELECT segments.date, metrics.impressions FROM campaign WHERE segments.date = '2026-12-24'"
    assert rows(world, customer_id, future) == []


def test_money_has_the_currencys_smallest_unit() -> None:
    yen = next(info.id for info in WORLD.customers().values() if info.currency_code == "JPY")
    found = rows(WORLD, yen, f"SELECT segments.date, metrics.cost_micros FROM ad_group_ad WHERE {DAYS}")
    assert found
    assert all(row.metrics.cost_micros % 1_000_000 == 0 for row in found)


def status_change(world: World, name: str, status: str) -> None:
    editing.edit(world, {"resource_name": name, "fields": {"status": status}})


def test_pausing_counts_from_its_day_and_never_rewrites_history() -> None:
    world, agency = new_world(clients=1, days=10)
    customer_id = agency.client_ids[0]
    query = "SELECT segments.date, metrics.impressions FROM campaign WHERE campaign.name = 'Search | Brand' AND {}"
    past = "segments.date BETWEEN '2026-11-10' AND '2026-11-19'"
    before = [row.SerializeToString() for row in rows(world, customer_id, query.format(past))]
    campaign = next(name for name, c in world.entities(customer_id, "campaign").items() if c.name == "Search | Brand")
    status_change(world, campaign, "PAUSED")
    world.advance_clock(5 * 86400)
    assert [r.SerializeToString() for r in rows(world, customer_id, query.format(past))] == before
    assert rows(world, customer_id, query.format("segments.date BETWEEN '2026-11-21' AND '2026-11-24'")) == []
    status_change(world, campaign, "ENABLED")
    world.advance_clock(2 * 86400)
    assert rows(world, customer_id, query.format("segments.date = '2026-11-26'"))


def test_a_created_campaign_serves_from_its_day_if_enabled() -> None:
    world, agency = new_world(clients=1, days=10)
    customer_id = agency.client_ids[0]
    for number, status in ((1, "ENABLED"), (2, "PAUSED")):
        campaign = f"customers/{customer_id}/campaigns/{9_000_000_000_000 + number}"
        group = f"customers/{customer_id}/adGroups/{9_000_000_000_000 + number}"
        for name, fields in (
            (campaign, {"name": f"new {status}", "status": status, "advertising_channel_type": "SEARCH"}),
            (group, {"name": "g", "status": "ENABLED", "campaign": campaign}),
        ):
            ident = int(name.rpartition("/")[2])
            body = {"resource_name": name, "operation": "create", "fields": {"id": str(ident), **fields}}
            editing.edit(world, body)
    world.advance_clock(3 * 86400)
    query = (
        "SELECT campaign.name, segments.date, metrics.impressions FROM campaign WHERE campaign.name LIKE 'new%' AND {}"
    )
    found = rows(world, customer_id, query.format("segments.date BETWEEN '2026-11-01' AND '2026-11-22'"))
    assert {row.campaign.name for row in found} == {"new ENABLED"}
    assert {row.segments.date for row in found} <= {"2026-11-20", "2026-11-21", "2026-11-22"}


def test_statuses_of_search_terms_follow_keywords_and_negatives() -> None:
    world, agency = new_world(clients=1, days=10)
    customer_id = agency.client_ids[0]
    query = (
        "SELECT search_term_view.search_term, search_term_view.status, ad_group.resource_name FROM search_term_view "
        "WHERE segments.date DURING LAST_7_DAYS"
    )
    found = rows(world, customer_id, query)
    assert {row.search_term_view.status for row in found} >= {2, 5}  # ADDED, NONE
    none = next(row for row in found if row.search_term_view.status == 5)
    group, term = none.ad_group.resource_name, none.search_term_view.search_term
    for number, negative, status in ((1, True, 3), (2, False, 4)):  # EXCLUDED, ADDED_EXCLUDED
        name = f"customers/{customer_id}/adGroupCriteria/{group.rpartition('/')[2]}~{number}"
        fields = {
            "ad_group": group,
            "criterion_id": str(number),
            "status": "ENABLED",
            "negative": negative,
            "keyword": {"text": term, "match_type": "EXACT"},
        }
        editing.edit(world, {"resource_name": name, "operation": "create", "fields": fields})
        again = rows(world, customer_id, query + " AND search_term_view.search_term = '" + term + "'")
        assert {r.search_term_view.status for r in again if r.ad_group.resource_name == group} == {status}


def test_a_manager_has_no_metrics(demo: tuple[World, Agency]) -> None:
    world, agency = demo
    query = "SELECT metrics.clicks FROM customer"
    assert refusal(world, agency.manager_id, query) == "QueryError.REQUESTED_METRICS_FOR_MANAGER"
    assert len(rows(world, agency.manager_id, "SELECT customer.id FROM customer")) == 1


def test_days_are_those_of_the_accounts_zone() -> None:
    late = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)
    world, _ = new_world(clients=5, days=5, now=late)
    newest = {}
    for info in world.customers().values():
        if not info.manager:
            found = rows(
                world,
                info.id,
                "SELECT segments.date, metrics.clicks FROM customer "
                "WHERE segments.date BETWEEN '2026-11-18' AND '2026-11-25'",
            )
            newest[info.time_zone] = max(row.segments.date for row in found)
    assert newest["Asia/Tokyo"] == "2026-11-21"
    assert newest["America/New_York"] == "2026-11-20"
