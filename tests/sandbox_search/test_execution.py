"""What a query gives back: joins, filters, order, pages, and the fast path against the slow one."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

from backend.integrations.googleads.gaql import parse
from backend.sandbox.googleads import editing, search
from backend.sandbox.googleads.errors import Refusal
from backend.sandbox.googleads.search import field_service
from backend.sandbox.googleads.search.execute import prepare
from backend.sandbox.googleads.world import World
from tests.gaql.queries import VALID
from tests.sandbox_search.support import new_world, page_request, refusal, response, rows, stream_request


@pytest.mark.parametrize("query", VALID)
def test_every_valid_query_runs(world: World, client_id: str, query: str) -> None:
    limit = parse(query).limit
    assert len(rows(world, client_id, query)) <= (limit or 10_000)


def test_attributed_resources_come_along_with_their_names(world: World, client_id: str) -> None:
    found = rows(
        world,
        client_id,
        "SELECT ad_group_ad.ad.id, ad_group.name, campaign.name, customer.currency_code FROM ad_group_ad",
    )
    assert len(found) == len(world.entities(client_id, "ad_group_ad"))
    for row in found:
        ad_group = world.get(client_id, "ad_group", row.ad_group.resource_name)
        assert row.ad_group_ad.resource_name.startswith(f"customers/{client_id}/adGroupAds/{ad_group.id}~")
        assert row.ad_group.name == ad_group.name
        assert row.campaign.resource_name == ad_group.campaign
        assert row.customer.currency_code == "EUR"
        assert not row.ad_group_ad.status, "what is not selected is not sent"


def test_budgets_follow_from_campaigns(world: World, client_id: str) -> None:
    found = rows(world, client_id, "SELECT campaign.id, campaign_budget.amount_micros FROM campaign")
    for row in found:
        campaign = world.get(client_id, "campaign", row.campaign.resource_name)
        budget = world.get(client_id, "campaign_budget", campaign.campaign_budget)
        assert row.campaign_budget.amount_micros == budget.amount_micros
    both = rows(world, client_id, "SELECT campaign_budget.id, campaign.name FROM campaign_budget")
    assert {row.campaign.name for row in both} == {c.name for c in world.entities(client_id, "campaign").values()}


def test_resource_names_can_be_left_out(world: World, client_id: str) -> None:
    query = "SELECT campaign.id FROM campaign LIMIT 1 PARAMETERS omit_unselected_resource_names = true"
    row = rows(world, client_id, query)[0]
    assert not row.campaign.resource_name
    assert row.campaign.id


NAMES = {
    "campaign.name LIKE '%BRAND%'": {"Search | Brand"},
    "campaign.name NOT LIKE 'search%' AND campaign.name NOT LIKE 'p%'": {
        "Demand Gen | Prospecting",
        "Display | Remarketing",
    },
    "campaign.name REGEXP_MATCH 'search.*'": set(),
    "campaign.name REGEXP_MATCH '(?i)search.*sale'": {"Search | Summer sale"},
    "campaign.name = 'search | brand'": set(),
    "campaign.name IN ('Search | Brand', 'x')": {"Search | Brand"},
    "campaign.status = 'REMOVED'": {"Search | 2025 launch"},
    "campaign.status NOT IN (ENABLED, PAUSED)": {"Search | 2025 launch"},
    "campaign.bidding_strategy IS NOT NULL": {"Search | Long tail"},
    "campaign.advertising_channel_type = PERFORMANCE_MAX": {"PMax | Everything"},
    "campaign.maximize_conversion_value.target_roas > 3.4": {"PMax | Everything"},
    "campaign.maximize_conversion_value.target_roas BETWEEN 1 AND 2": set(),
    "campaign.end_date_time IS NULL AND campaign.name LIKE 'Display%'": {"Display | Remarketing"},
    "campaign.start_date_time > '2026-11-01'": set(),
    "campaign.network_settings.target_content_network = TRUE": {"Display | Remarketing"},
    "campaign.id = '20000000001'": {"Search | Brand"},
}


@pytest.mark.parametrize(("condition", "expected"), NAMES.items())
def test_filters(world: World, client_id: str, condition: str, expected: set[str]) -> None:
    found = rows(world, client_id, f"SELECT campaign.name FROM campaign WHERE {condition}")
    assert {row.campaign.name for row in found} == expected


def test_lists_are_filtered_by_what_they_contain(world: World, client_id: str) -> None:
    brand = next(c for c in world.entities(client_id, "campaign").values() if c.name == "Search | Brand")
    label = brand.labels[0]
    query = "SELECT campaign.name, campaign.labels FROM campaign WHERE campaign.labels CONTAINS {} ('" + label + "')"
    assert [row.campaign.name for row in rows(world, client_id, query.format("ANY"))] == ["Search | Brand"]
    assert [row.campaign.name for row in rows(world, client_id, query.format("ALL"))] == ["Search | Brand"]
    assert "Search | Brand" not in {row.campaign.name for row in rows(world, client_id, query.format("NONE"))}


def test_order_and_limit(world: World, client_id: str) -> None:
    query = (
        "SELECT campaign.name, metrics.clicks, segments.date FROM campaign WHERE segments.date DURING LAST_7_DAYS "
        "ORDER BY segments.date DESC, metrics.clicks ASC LIMIT 12"
    )
    found = [(row.segments.date, row.metrics.clicks) for row in rows(world, client_id, query)]
    assert len(found) == 12
    assert found == sorted(found, key=lambda pair: (-int(pair[0].replace("-", "")), pair[1]))


def test_unsegmented_rows_may_be_empty_segmented_ones_not(world: World, client_id: str) -> None:
    day = "segments.date = '2026-11-18'"
    whole = rows(world, client_id, f"SELECT campaign.name, metrics.impressions FROM campaign WHERE {day}")
    assert len(whole) == len(world.entities(client_id, "campaign"))
    assert any(row.metrics.impressions == 0 for row in whole)
    split = rows(world, client_id, f"SELECT segments.date, metrics.impressions FROM campaign WHERE {day}")
    assert 0 < len(split) < len(whole)
    assert all(row.metrics.impressions for row in split)


def test_the_account_tree(world: World, manager_id: str) -> None:
    query = (
        "SELECT customer_client.id, customer_client.level, customer_client.manager, customer_client.status, "
        "customer_client.test_account FROM customer_client"
    )
    found = {row.customer_client.id: row.customer_client for row in rows(world, manager_id, query)}
    assert found[int(manager_id)].level == 0
    assert max(client.level for client in found.values()) >= 3
    statuses = {client.status for client in found.values()}
    assert {2, 3, 4} <= statuses, "enabled, cancelled and suspended accounts"
    assert any(client.test_account for client in found.values())
    two_parents = [info for info in world.customers().values() if len(info.parents) == 2]
    assert two_parents
    assert len(rows(world, manager_id, query + " WHERE customer_client.level <= 1")) < len(found)


def test_older_versions_get_their_own_messages(world: World, client_id: str) -> None:
    query = "SELECT campaign.name, ad_group_criterion.type, ad_group_criterion.keyword.text FROM keyword_view"
    newest = [row.SerializeToString() for row in rows(world, client_id, query)]
    for version in ("v23", "v24", "v25"):
        found = rows(world, client_id, query, version)
        assert found[0].DESCRIPTOR.full_name.startswith(f"google.ads.googleads.{version}.")
        assert [row.SerializeToString() for row in found] == newest
    assert refusal(world, client_id, "SELECT campaign.aca_migration_date_time FROM campaign", "v24") == (
        "QueryError.UNRECOGNIZED_FIELD"
    )


# the fast path

FAST = (
    "SELECT search_term_view.search_term, search_term_view.status, campaign.name, ad_group.id, segments.date{}, "
    "metrics.impressions, metrics.clicks, metrics.cost_micros, metrics.conversions, metrics.ctr, metrics.average_cpc "
    "FROM search_term_view WHERE segments.date DURING LAST_7_DAYS{}"
)


@pytest.mark.parametrize(
    "segments", ["", ", segments.device", ", segments.keyword.info.text, segments.search_term_match_type"]
)
@pytest.mark.parametrize("where", ["", " AND metrics.clicks > 1", " AND campaign.name = 'Search | Generic'"])
def test_streamed_search_terms_are_the_computed_ones(world: World, client_id: str, segments: str, where: str) -> None:
    query = FAST.format(segments, where)
    slow = list(prepare(world, client_id, query, "v26").encoded())
    fast = [row.SerializeToString() for row in rows(world, client_id, query)]
    parse = importlib.import_module("google.ads.googleads.v26.services.types.google_ads_service").GoogleAdsRow.pb()
    assert len(slow) > 30
    assert sorted(parse.FromString(row).SerializeToString() for row in slow) == sorted(fast)


def test_search_terms_scale_and_stay_distinct() -> None:
    world, agency = new_world(clients=1, days=12, size=8)
    query = FAST.format("", "").replace("LAST_7_DAYS", "LAST_14_DAYS")
    found = rows(world, agency.client_ids[0], query)
    keys = {(row.search_term_view.resource_name, row.segments.date) for row in found}
    assert len(keys) == len(found) > 30_000


# pages


def page(world: World, request: Any) -> Any:
    return response("SearchGoogleAdsResponse", search.search(world, request, "v26"))


def test_pages_hold_ten_thousand_rows_and_their_tokens_expire() -> None:
    world, agency = new_world(clients=1, days=30)
    customer_id = agency.client_ids[0]
    query = (
        "SELECT search_term_view.search_term, segments.date, metrics.clicks FROM search_term_view "
        "WHERE segments.date BETWEEN '2026-10-22' AND '2026-11-19' ORDER BY segments.date"
    )
    everything = rows(world, customer_id, query)
    request = page_request(customer_id, query)
    request.search_settings.return_total_results_count = True
    first = page(world, request)
    assert len(first.results) == 10_000
    assert first.total_results_count == len(everything)
    request.page_token = first.next_page_token
    second = page(world, request)
    assert not second.next_page_token
    assert [*first.results, *second.results] == everything
    request.search_settings.return_summary_row = True
    assert refused(world, request) == "RequestError.INCONSISTENT_RETURN_SUMMARY_ROW_VALUE"
    request.search_settings.return_summary_row = False
    world.advance_clock(3601)
    assert refused(world, request) == "RequestError.EXPIRED_PAGE_TOKEN"
    for nonsense in ("nonsense", "MTI=", "e30="):
        request.page_token = nonsense
        assert refused(world, request) == "RequestError.INVALID_PAGE_TOKEN"
    request.page_token, request.page_size = "", 100
    assert refused(world, request) == "RequestError.PAGE_SIZE_NOT_SUPPORTED"


def refused(world: World, request: Any) -> str:
    with pytest.raises(Refusal) as found:
        search.search(world, request, "v26")
    return found.value.problems[0].name


def test_summary_row_total_count_and_omitted_results(world: World, client_id: str) -> None:
    query = "SELECT campaign.id, metrics.clicks FROM campaign WHERE segments.date DURING LAST_7_DAYS LIMIT 2"
    request = page_request(client_id, query)
    request.search_settings.return_summary_row = True
    request.search_settings.return_total_results_count = True
    request.search_settings.omit_results = True
    answer = page(world, request)
    whole = rows(world, client_id, "SELECT metrics.clicks FROM customer WHERE segments.date DURING LAST_7_DAYS")
    assert not answer.results
    assert answer.summary_row.metrics.clicks == whole[0].metrics.clicks
    assert answer.total_results_count == len(world.entities(client_id, "campaign"))
    assert list(answer.field_mask.paths) == ["campaign.id", "metrics.clicks"]
    request.query = "SELECT campaign.id FROM campaign"
    assert refused(world, request) == "RequestError.CANNOT_RETURN_SUMMARY_ROW_FOR_REQUEST_WITHOUT_METRICS"


def test_a_stream_ends_with_its_summary(world: World, client_id: str) -> None:
    query = "SELECT campaign.id, ad_group.type, metrics.clicks FROM ad_group"
    request = stream_request(client_id, query, summary_row_setting=3)
    messages = [response("SearchGoogleAdsStreamResponse", m) for m in search.stream(world, request, "v26", "abc")]
    assert messages[-1].summary_row.metrics.clicks == sum(r.metrics.clicks for m in messages for r in m.results)
    assert {m.request_id for m in messages} == {"abc"}
    assert list(messages[0].field_mask.paths) == ["campaign.id", "ad_group.type", "metrics.clicks"]
    empty = search.stream(world, stream_request(client_id, "SELECT call_view.resource_name FROM call_view"), "v26", "x")
    assert [response("SearchGoogleAdsStreamResponse", m).field_mask.paths[0] for m in empty] == [
        "call_view.resource_name"
    ]


def test_an_empty_query_is_a_missing_field(world: World, client_id: str) -> None:
    assert refusal(world, client_id, "") == "RequestError.REQUIRED_FIELD_MISSING"
    assert refusal(world, client_id, " ") == "QueryError.UNEXPECTED_END_OF_QUERY"


# the change log


def test_changes_are_told_as_events_and_as_statuses() -> None:
    world, agency = new_world(clients=1, days=5)
    customer_id = agency.client_ids[0]
    campaign = next(iter(world.entities(customer_id, "campaign")))
    for name in ("one", "two"):
        editing.edit(world, {"resource_name": campaign, "fields": {"name": name}, "user_email": "a@b.example"})
        world.advance_clock(60)
    events = rows(
        world,
        customer_id,
        "SELECT change_event.change_date_time, change_event.user_email, change_event.changed_fields, "
        "change_event.old_resource, change_event.new_resource, change_event.resource_change_operation, campaign.name "
        "FROM change_event WHERE change_event.change_date_time DURING TODAY AND "
        "change_event.change_resource_type = 'CAMPAIGN' ORDER BY change_event.change_date_time DESC LIMIT 10",
    )
    newest = events[0].change_event
    assert [newest.old_resource.campaign.name, newest.new_resource.campaign.name] == ["one", "two"]
    assert list(newest.changed_fields.paths) == ["name"]
    assert newest.user_email == "a@b.example"
    assert newest.change_date_time.startswith("2026-11-20 12:31"), "in the account's zone"
    assert events[0].campaign.name == "two"
    statuses = rows(
        world,
        customer_id,
        "SELECT change_status.campaign, change_status.resource_status, change_status.last_change_date_time "
        "FROM change_status WHERE change_status.last_change_date_time >= '2026-11-20 12:00:00' AND "
        "change_status.last_change_date_time <= '2026-11-20 13:00:00' LIMIT 10000",
    )
    assert [row.change_status.campaign for row in statuses] == [campaign]
    assert statuses[0].change_status.resource_status == 3  # CHANGED


# GoogleAdsFieldService


def fields_request(query: str, **more: Any) -> Any:
    module = importlib.import_module("google.ads.googleads.v26.services.types.google_ads_field_service")
    return module.SearchGoogleAdsFieldsRequest.pb()(query=query, **more)


def test_the_field_service_describes_fields() -> None:
    query = (
        "SELECT name, category, selectable, filterable, sortable, is_repeated, data_type, enum_values WHERE name = '{}'"
    )
    status = field_service.search_fields(fields_request(query.format("campaign.status")), "v26").results[0]
    assert (status.selectable, status.filterable, status.sortable, status.is_repeated) == (True, True, True, False)
    assert "PAUSED" in status.enum_values
    labels = field_service.search_fields(fields_request(query.format("campaign.labels")), "v26").results[0]
    assert (labels.sortable, labels.is_repeated) == (False, True)


def test_the_field_service_knows_what_goes_together() -> None:
    module = importlib.import_module("google.ads.googleads.v26.services.types.google_ads_field_service")
    request = module.GetGoogleAdsFieldRequest.pb()
    campaign = field_service.get(request(resource_name="googleAdsFields/campaign"), "v26")
    assert {"bidding_strategy", "campaign_budget", "customer"} <= set(campaign.attribute_resources)
    assert "metrics.clicks" in campaign.metrics
    assert "segments.device" in campaign.segments
    clicks = field_service.get(request(resource_name="googleAdsFields/metrics.clicks"), "v26")
    assert "search_term_view" in clicks.selectable_with
    assert "campaign_criterion" not in clicks.selectable_with
    assert "segments.conversion_action" not in clicks.selectable_with
    with pytest.raises(Refusal):
        field_service.get(request(resource_name="googleAdsFields/campaign.nothing"), "v26")


def test_the_field_service_has_pages_and_its_own_errors() -> None:
    request = fields_request("SELECT name WHERE name LIKE 'campaign.%'", page_size=50)
    names: list[str] = []
    while True:
        answer = field_service.search_fields(request, "v26")
        names += [field.name for field in answer.results]
        if not answer.next_page_token:
            break
        request.page_token = answer.next_page_token
    assert len(names) == len(set(names)) == answer.total_results_count > 100
    for query, code in (
        ("SELECT name FROM campaign", "QueryError.UNEXPECTED_FROM_CLAUSE"),
        ("SELECT nam WHERE name = 'campaign'", "QueryError.UNRECOGNIZED_FIELD"),
        ("SELECT name WHERE category = 'COLOUR'", "QueryError.BAD_ENUM_CONSTANT"),
    ):
        with pytest.raises(Refusal) as refused_query:
            field_service.search_fields(fields_request(query), "v26")
        assert refused_query.value.problems[0].name == code
