"""The services beside mutate and search: batch jobs, recommendations, planning, conversions, user data, policy."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from tests.sandbox.conftest import Account, Clients, described, refused, result_name
from tests.support.sandbox import Sandbox


@pytest.fixture
def desk(server: Sandbox, client_of: Clients) -> Account:
    return Account(server.info["customer_ids"][5], client_of())


def failures(account: Account, status: Any) -> list[tuple[str, str]]:
    """Codes and paths inside a google.rpc.Status."""
    kind = type(account.client.get_type("GoogleAdsFailure"))
    return [error[:2] for detail in status.details for error in described(kind.FromString(detail.value))]


# batch jobs


def _new_job(account: Account) -> str:
    request = account.client.get_type("MutateBatchJobRequest")
    request.customer_id = account.id
    request.operation.create.SetInParent()
    service = account.client.get_service("BatchJobService")
    return str(service.mutate_batch_job(request=request).result.resource_name)


def _add(account: Account, job: str, *operations: Any, token: str = "") -> Any:
    request = account.client.get_type("AddBatchJobOperationsRequest")
    request.resource_name, request.sequence_token = job, token
    request.mutate_operations.extend(operations)
    return account.client.get_service("BatchJobService").add_batch_job_operations(request=request)


def test_a_batch_job_from_start_to_results(desk: Account) -> None:
    service = desk.client.get_service("BatchJobService")
    job = _new_job(desk)
    first = _add(desk, job, desk.budget(), desk.campaign())
    assert first.total_operations == 2
    assert refused(_add, desk, job, desk.ad_group()).codes == ["BatchJobError.INVALID_SEQUENCE_TOKEN"]
    second = _add(desk, job, desk.ad_group(), desk.keyword("k" * 81), token=first.next_sequence_token)
    assert second.total_operations == 4
    request = desk.client.get_type("ListBatchJobResultsRequest")
    request.resource_name = job
    assert refused(service.list_batch_job_results, request=request).codes == ["BatchJobError.RESULTS_NOT_READY"]
    service.run_batch_job(resource_name=job).result(timeout=30)
    late = refused(_add, desk, job, desk.budget(), token=second.next_sequence_token)
    assert late.codes == ["BatchJobError.CANNOT_MODIFY_JOB_AFTER_JOB_STARTS_RUNNING"]
    results = list(service.list_batch_job_results(request=request))
    assert [result.operation_index for result in results] == [0, 1, 2, 3]
    names = [result_name(result.mutate_operation_response) for result in results]
    assert [bool(name) for name in names] == [True, True, True, False]
    path = "mutate_operations[3].ad_group_criterion_operation.create.keyword.text"
    assert failures(desk, results[3].status) == [("CriterionError.KEYWORD_TEXT_TOO_LONG", path)]
    row = desk.one(f"SELECT ad_group.campaign FROM ad_group WHERE ad_group.resource_name = '{names[2]}'")
    assert row.ad_group.campaign == names[1]
    query = (
        "SELECT batch_job.status, batch_job.metadata.operation_count FROM batch_job WHERE batch_job.resource_name = "
    )
    state = desk.one(f"{query}'{job}'").batch_job
    assert state.status == desk.enum("BatchJobStatus", "DONE")
    assert state.metadata.operation_count == 4


def test_results_come_by_pages(desk: Account) -> None:
    job = _new_job(desk)
    _add(desk, job, *(desk.budget(-n) for n in range(1, 8)))
    service = desk.client.get_service("BatchJobService")
    service.run_batch_job(resource_name=job).result(timeout=30)
    request = desk.client.get_type("ListBatchJobResultsRequest")
    request.resource_name, request.page_size = job, 3
    pages = list(service.list_batch_job_results(request=request).pages)
    assert [len(page.results) for page in pages] == [3, 3, 1]
    request.page_size = 1001
    assert refused(service.list_batch_job_results, request=request).codes == ["BatchJobError.INVALID_PAGE_SIZE"]
    assert refused(_add, desk, _new_job(desk)).codes == ["BatchJobError.EMPTY_OPERATIONS"]


# recommendations


def test_a_recommendation_is_applied_once(desk: Account) -> None:
    query = (
        "SELECT recommendation.resource_name, recommendation.ad_group, recommendation.keyword_recommendation "
        "FROM recommendation WHERE recommendation.type = KEYWORD"
    )
    before = desk.rows(query)
    advice = before[0].recommendation
    request = desk.client.get_type("ApplyRecommendationRequest")
    request.customer_id = desk.id
    request.operations.add().resource_name = advice.resource_name
    service = desk.client.get_service("RecommendationService")
    assert service.apply_recommendation(request=request).results[0].resource_name == advice.resource_name
    assert len(desk.rows(query)) == len(before) - 1
    text = advice.keyword_recommendation.keyword.text
    where = f"ad_group.resource_name = '{advice.ad_group}' AND ad_group_criterion.keyword.text = '{text}'"
    assert desk.one(f"SELECT ad_group_criterion.status FROM ad_group_criterion WHERE {where}")
    again = refused(service.apply_recommendation, request=request)
    assert again.only() == ("RecommendationError.RECOMMENDATION_ALREADY_APPLIED", "operations[0].resource_name")


def test_a_dismissed_recommendation_is_hidden(desk: Account) -> None:
    query = "SELECT recommendation.resource_name FROM recommendation WHERE recommendation.type = CAMPAIGN_BUDGET"
    name = desk.rows(query)[0].recommendation.resource_name
    request = desk.client.get_type("DismissRecommendationRequest")
    request.customer_id = desk.id
    request.operations.add().resource_name = name
    desk.client.get_service("RecommendationService").dismiss_recommendation(request=request)
    rows = desk.rows(
        f"SELECT recommendation.dismissed FROM recommendation WHERE recommendation.resource_name = '{name}'"
    )
    assert [row.recommendation.dismissed for row in rows] == [True]


# planning


def test_keyword_ideas_are_the_same_every_time(desk: Account) -> None:
    request = desk.client.get_type("GenerateKeywordIdeasRequest")
    request.customer_id, request.language = desk.id, "languageConstants/1000"
    request.geo_target_constants.append("geoTargetConstants/2276")
    request.keyword_seed.keywords.extend(["hiking boots"])
    service = desk.client.get_service("KeywordPlanIdeaService")
    ideas = [
        (idea.text, idea.keyword_idea_metrics.avg_monthly_searches)
        for idea in service.generate_keyword_ideas(request=request)
    ]
    assert ("buy hiking boots", ideas[1][1]) == ideas[1]
    assert ideas == [
        (i.text, i.keyword_idea_metrics.avg_monthly_searches) for i in service.generate_keyword_ideas(request=request)
    ]
    request.ClearField("keyword_seed")
    assert refused(service.generate_keyword_ideas, request=request).codes == ["FieldError.REQUIRED"]


def test_places_are_suggested_with_their_parents(desk: Account) -> None:
    request = desk.client.get_type("SuggestGeoTargetConstantsRequest")
    request.locale, request.country_code = "en", "DE"
    request.location_names.names.append("Berlin")
    service = desk.client.get_service("GeoTargetConstantService")
    found = service.suggest_geo_target_constants(request=request).geo_target_constant_suggestions
    city = next(one for one in found if one.geo_target_constant.target_type == "City")
    assert [parent.name for parent in city.geo_target_constant_parents] == ["Berlin", "Germany"]
    request.country_code = "Germany"
    assert refused(service.suggest_geo_target_constants, request=request).codes == [
        "GeoTargetConstantSuggestionError.INVALID_COUNTRY_CODE"
    ]


# conversions


@pytest.fixture
def action(desk: Account) -> str:
    query = "SELECT conversion_action.resource_name FROM conversion_action WHERE conversion_action.type = UPLOAD_CLICKS"
    return str(desk.one(query).conversion_action.resource_name)


def _upload(account: Account, *conversions: dict[str, Any], **options: Any) -> Any:
    request = account.client.get_type("UploadClickConversionsRequest")
    request.customer_id, request.partial_failure = account.id, True
    for values in conversions:
        new = request.conversions.add()
        for name, value in values.items():
            setattr(new, name, value)
    for name, value in options.items():
        setattr(request, name, value)
    return account.client.get_service("ConversionUploadService").upload_click_conversions(request=request)


def test_conversions_fail_one_by_one(desk: Account, action: str) -> None:
    when = (datetime.now(UTC) - timedelta(hours=2)).strftime("%Y-%m-%d %H:%M:%S+00:00")
    good = {
        "gclid": "Cj0KCQfirstgclid",
        "conversion_action": action,
        "conversion_date_time": when,
        "conversion_value": 9.5,
    }
    rows = [
        (good, None),
        ({**good, "gclid": "!"}, ("UNPARSEABLE_GCLID", "gclid")),
        ({**good, "gclid": "EXPIREDgclid123"}, ("EXPIRED_EVENT", "gclid")),
        ({**good, "gclid": "TOO_RECENTgclid"}, ("TOO_RECENT_EVENT", "gclid")),
        ({**good, "gclid": "OTHER_CUSTOMERx"}, ("INVALID_CUSTOMER_FOR_CLICK", "gclid")),
        (good, ("DUPLICATE_CLICK_CONVERSION_IN_REQUEST", "")),
        ({**good, "order_id": "a@b.example"}, ("ORDER_ID_CONTAINS_PII", "order_id")),
        (
            {**good, "conversion_action": desk.path("conversionActions", 1)},
            ("NO_CONVERSION_ACTION_FOUND", "conversion_action"),
        ),
    ]
    response = _upload(desk, *(row for row, _ in rows))
    expected = [
        (f"ConversionUploadError.{said[0]}", f"conversions[{index}].{said[1]}".rstrip("."))
        for index, (_, said) in enumerate(rows)
        if said is not None
    ]
    assert failures(desk, response.partial_failure_error) == expected
    assert [bool(result.gclid) for result in response.results] == [said is None for _, said in rows]
    again = _upload(desk, good)
    assert failures(desk, again.partial_failure_error) == [
        ("ConversionUploadError.CLICK_CONVERSION_ALREADY_EXISTS", "conversions[0]")
    ]
    odd = _upload(desk, {**good, "conversion_date_time": "2026-11-01T10:00:00Z"})
    assert failures(desk, odd.partial_failure_error)[0] == (
        "DateError.INVALID_STRING_DATE_TIME_SECONDS_WITH_OFFSET",
        "conversions[0].conversion_date_time",
    )


def test_uploads_need_partial_failure_and_the_allow_list(server: Sandbox, desk: Account, action: str) -> None:
    one = {"gclid": "Cj0KCQsecondgclid", "conversion_action": action}
    answer = refused(_upload, desk, one, partial_failure=False)
    assert answer.codes == ["PartialFailureError.PARTIAL_FAILURE_MODE_REQUIRED"]
    url = f"{server.info['admin_url']}/features"
    requests.post(url, json={"click_conversions": False}, timeout=10)
    try:
        closed = refused(_upload, desk, one)
    finally:
        requests.post(url, json={"click_conversions": True}, timeout=10)
    assert closed.codes == ["NotAllowlistedError.CUSTOMER_NOT_ALLOWLISTED_FOR_THIS_FEATURE"]


def test_a_fresh_conversion_action_is_too_recent(desk: Account) -> None:
    outer, operation = desk.operation("conversion_action")
    operation.create.name = desk.name("action")
    operation.create.type_ = desk.enum("ConversionActionType", "UPLOAD_CLICKS")
    fresh = result_name(desk.mutate(outer).mutate_operation_responses[0])
    when = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S+00:00")
    response = _upload(desk, {"gclid": "Cj0KCQthirdgclid", "conversion_action": fresh, "conversion_date_time": when})
    assert failures(desk, response.partial_failure_error)[0][0] == "ConversionUploadError.TOO_RECENT_CONVERSION_ACTION"


# policy


@pytest.fixture
def policy(server: Sandbox) -> Iterator[str]:
    url = f"{server.info['admin_url']}/policy"
    yield url
    requests.delete(url, timeout=10)


def _ad(account: Account, group: str, text: str, *topics: str) -> Any:
    operation = account.search_ad(group)
    operation.ad_group_ad_operation.create.ad.responsive_search_ad.headlines[0].text = text
    operation.ad_group_ad_operation.policy_validation_parameter.ignorable_policy_topics.extend(topics)
    return operation


def test_findings_of_ads_are_exempted_by_topic(desk: Account) -> None:
    group = desk.tree()[2]
    answer = refused(desk.mutate, _ad(desk, group, "Best casino in town"))
    code, path, error = answer.errors[0]
    assert code == "PolicyFindingError.POLICY_FINDING"
    assert path.endswith("create.ad.responsive_search_ad.headlines[0].text")
    assert [entry.topic for entry in error.details.policy_finding_details.policy_topic_entries] == ["GAMBLING"]
    made = result_name(desk.mutate(_ad(desk, group, "Best casino in town", "GAMBLING")).mutate_operation_responses[0])
    query = (
        "SELECT ad_group_ad.policy_summary.approval_status, ad_group_ad.policy_summary.policy_topic_entries "
        f"FROM ad_group_ad WHERE ad_group_ad.resource_name = '{made}'"
    )
    summary = desk.one(query).ad_group_ad.policy_summary
    assert summary.approval_status == desk.enum("PolicyApprovalStatus", "DISAPPROVED")
    assert [entry.topic for entry in summary.policy_topic_entries] == ["GAMBLING"]
    hard = refused(desk.mutate, _ad(desk, group, "Buy viagra here", "UNAPPROVED_SUBSTANCES"))
    assert hard.codes == ["PolicyFindingError.POLICY_FINDING"]


def test_both_exemptions_at_once_are_wrong(desk: Account) -> None:
    operation = _ad(desk, desk.tree()[2], "Fine", "GAMBLING")
    keys = operation.ad_group_ad_operation.policy_validation_parameter.exempt_policy_violation_keys
    keys.add().policy_name = "gambling"
    code = "CANNOT_SET_BOTH_IGNORABLE_POLICY_TOPICS_AND_EXEMPT_POLICY_VIOLATION_KEYS"
    assert refused(desk.mutate, operation).codes == [f"PolicyValidationParameterError.{code}"]


def test_violations_of_keywords_are_exempted_by_key(desk: Account) -> None:
    group = desk.tree()[2]
    answer = refused(desk.mutate, desk.keyword("online casino", group))
    code, _, error = answer.errors[0]
    details = error.details.policy_violation_details
    assert (code, details.is_exemptible, details.key.violating_text) == (
        "PolicyViolationError.POLICY_ERROR",
        True,
        "casino",
    )
    operation = desk.keyword("online casino", group)
    operation.ad_group_criterion_operation.exempt_policy_violation_keys.add().CopyFrom(details.key)
    made = result_name(desk.mutate(operation).mutate_operation_responses[0])
    where = f"WHERE ad_group_criterion.resource_name = '{made}'"
    status = desk.one(
        f"SELECT ad_group_criterion.approval_status FROM ad_group_criterion {where}"
    ).ad_group_criterion.approval_status
    assert status == desk.enum("AdGroupCriterionApprovalStatus", "DISAPPROVED")


def test_scripts_add_rules(desk: Account, policy: str) -> None:
    group = desk.tree()[2]
    rule = {"word": "zeppelin", "topic": "AIRSHIPS", "exemptible": False}
    assert requests.post(policy, json=rule, timeout=10).ok
    assert refused(desk.mutate, _ad(desk, group, "Zeppelin rides", "AIRSHIPS")).codes == [
        "PolicyFindingError.POLICY_FINDING"
    ]
    requests.delete(policy, timeout=10)
    desk.mutate(_ad(desk, group, "Zeppelin rides"))


# brands and campaigns to come


def test_brand_guidelines_are_enabled_one_by_one(desk: Account) -> None:
    query = "SELECT campaign.resource_name FROM campaign WHERE campaign.advertising_channel_type = PERFORMANCE_MAX"
    found = [row.campaign.resource_name for row in desk.rows(query)]
    request = desk.client.get_type("EnablePMaxBrandGuidelinesRequest")
    request.customer_id = desk.id
    for name in (found[0], desk.tree()[1]):
        operation = request.operations.add()
        operation.campaign, operation.auto_populate_brand_assets = name, True
    service = desk.client.get_service("CampaignService")
    results = service.enable_p_max_brand_guidelines(request=request).results
    assert [result.enablement_error.code for result in results] == [0, 3]
    assert failures(desk, results[1].enablement_error) == [
        ("CampaignError.BRAND_GUIDELINES_UNSUPPORTED_CHANNEL", "operations[1].campaign")
    ]
    assert desk.look("campaign", found[0], "brand_guidelines_enabled").campaign.brand_guidelines_enabled


def test_a_budget_for_a_campaign_to_come(desk: Account) -> None:
    request = desk.client.get_type("GenerateRecommendationsRequest")
    request.customer_id = desk.id
    request.recommendation_types.append(desk.enum("RecommendationType", "CAMPAIGN_BUDGET"))
    request.advertising_channel_type = desk.enum("AdvertisingChannelType", "PERFORMANCE_MAX")
    service = desk.client.get_service("RecommendationService")
    prefix = "RecommendationError.CAMPAIGN_BUDGET_RECOMMENDATION_TYPE_REQUIRES"
    codes = refused(service.generate_recommendations, request=request).codes
    assert codes == [f"{prefix}_BIDDING_INFO", f"{prefix}_ASSET_GROUP_INFO"]
    request.bidding_info.bidding_strategy_type = desk.enum("BiddingStrategyType", "MAXIMIZE_CONVERSION_VALUE")
    request.asset_group_info.add().final_url = "https://example.com"
    made = service.generate_recommendations(request=request).recommendations[0]
    assert made.campaign_budget_recommendation.recommended_budget_amount_micros > 0
