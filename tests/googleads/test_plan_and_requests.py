"""Plans, request bytes, results and policy exemptions: pure functions, held against the library's own classes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.integrations.googleads import requests, resource_names
from backend.integrations.googleads.errors import AdsFailure
from backend.integrations.googleads.mutate import policy
from backend.integrations.googleads.mutate.plan import MutatePlan, is_temporary, references
from backend.integrations.googleads.mutate.results import MismatchedReply, dependents, outcomes, real_names

ACCOUNT = "1234567890"


def small_plan() -> MutatePlan:
    """A budget, a campaign, an ad group and two keywords."""
    plan = MutatePlan(ACCOUNT)
    budget = plan.create("campaign_budget", ("budget", "b"), amount_micros=5_000_000, explicitly_shared=False)
    campaign = plan.create("campaign", ("campaign", "c"), name="Spring", campaign_budget=budget)
    group = plan.create("ad_group", ("ad_group", "g"), name="All", campaign=campaign, type="SEARCH_STANDARD")
    for text in ("one", "two"):
        plan.link(
            "ad_group_criterion", ("keyword", text), ad_group=group, keyword={"text": text, "match_type": "EXACT"}
        )
    return plan


@pytest.mark.parametrize("version", ["v23", "v24", "v25", "v26"])
def test_the_bytes_are_those_of_the_library(version: str) -> None:
    from importlib import import_module

    types = import_module(f"google.ads.googleads.{version}.services.types.google_ads_service")
    plan = small_plan()

    request = types.MutateGoogleAdsRequest.deserialize(requests.encode_mutate(plan, version=version))

    assert request.customer_id == ACCOUNT
    operations = request.mutate_operations
    assert [operation._pb.WhichOneof("operation") for operation in operations] == [
        "campaign_budget_operation",
        "campaign_operation",
        "ad_group_operation",
        "ad_group_criterion_operation",
        "ad_group_criterion_operation",
    ]
    assert operations[2].ad_group_operation.create.type_.name == "SEARCH_STANDARD"
    assert operations[4].ad_group_criterion_operation.create.keyword.match_type.name == "EXACT"
    assert operations[1].campaign_operation.create.campaign_budget == f"customers/{ACCOUNT}/campaignBudgets/-1"


def test_an_unknown_field_is_refused_before_anything_is_sent() -> None:
    plan = MutatePlan(ACCOUNT)
    plan.create("campaign", None, nmae="Spring")
    with pytest.raises(ValueError, match="nmae"):
        requests.encode_mutate(plan, version="v26")


def test_updates_removes_and_exemptions() -> None:
    from google.ads.googleads.v26.services.types.google_ads_service import MutateGoogleAdsRequest

    plan = MutatePlan(ACCOUNT)
    plan.update("campaign", f"customers/{ACCOUNT}/campaigns/7", ["name"], None, name="New")
    plan.remove("ad_group", f"customers/{ACCOUNT}/adGroups/8")
    plan.link("ad_group_ad", None, ad_group=f"customers/{ACCOUNT}/adGroups/9", ad={"final_urls": ["https://e.com"]})
    plan.operations = policy.exempt(
        plan.operations, [policy.Finding(2, "topic", "ALCOHOL", "wine", exemptible=True, description="")]
    )

    request = MutateGoogleAdsRequest.deserialize(requests.encode_mutate(plan, version="v26", partial_failure=True))

    update = request.mutate_operations[0].campaign_operation
    assert (list(update.update_mask.paths), update.update.name) == (["name"], "New")
    assert request.mutate_operations[1].ad_group_operation.remove.endswith("/adGroups/8")
    exempted = request.mutate_operations[2].ad_group_ad_operation.policy_validation_parameter
    assert list(exempted.ignorable_policy_topics) == ["ALCOHOL"]
    assert request.partial_failure is True


def test_an_empty_mask_is_no_update() -> None:
    with pytest.raises(ValueError, match="mask"):
        MutatePlan(ACCOUNT).update("campaign", f"customers/{ACCOUNT}/campaigns/7", [])


@given(st.lists(st.sampled_from(["campaign", "ad_group", "asset", "label"]), max_size=60))
def test_temporary_ids_are_negative_and_unique_across_types(kinds: list[str]) -> None:
    plan = MutatePlan(ACCOUNT)
    names = [plan.create(kind, None) for kind in kinds]
    ids = [resource_names.last_id(name) for name in names]
    assert len(set(ids)) == len(ids)
    assert all(number < 0 for number in ids)
    assert all(is_temporary(name) for name in names)


@given(st.integers(min_value=1, max_value=40), st.integers(min_value=1, max_value=7))
def test_parts_of_a_batch_hold_every_operation_once_in_order(count: int, size: int) -> None:
    from google.ads.googleads.v26.services.types.batch_job_service import AddBatchJobOperationsRequest

    plan = MutatePlan(ACCOUNT)
    for number in range(count):
        plan.create("label", None, name=f"label {number}")
    payload = requests.encode_mutate(plan, version="v26")

    parts = requests.split_mutate(payload, "customers/1/batchJobs/2", version="v26", max_operations=size)

    read = [AddBatchJobOperationsRequest.deserialize(part) for part in parts]
    names = [operation.label_operation.create.name for part in read for operation in part.mutate_operations]
    assert names == [f"label {number}" for number in range(count)]
    assert all(len(part.mutate_operations) <= size for part in read)
    assert {part.resource_name for part in read} == {"customers/1/batchJobs/2"}
    tokened = AddBatchJobOperationsRequest.deserialize(requests.with_sequence_token(parts[0], "t", version="v26"))
    assert tokened.sequence_token == "t"


def test_results_by_index_and_dependents() -> None:
    plan = small_plan()
    names = ["", "", "", "", ""]
    failure = AdsFailure("CampaignError.DUPLICATE_CAMPAIGN_NAME", "taken", index=1)

    found = outcomes(plan.operations, names, [failure])

    assert [bool(outcome.failures) for outcome in found] == [True] * 5
    assert found[1].failures == (failure,)
    names_in_it = requests.temporary_names(requests.encode_mutate(plan, version="v26"), version="v26")
    assert dependents(names_in_it, {1}) == {2, 3, 4}
    real = outcomes(plan.operations, ["a/1", "b/2", "c/3", "d/4~5", "d/4~6"])
    assert real_names(real)[plan.operations[1].name] == "b/2"
    assert list(references({"x": [plan.operations[0].name, "customers/1/campaigns/5"]})) == [plan.operations[0].name]
    with pytest.raises(MismatchedReply):
        outcomes(plan.operations, ["a/1"])
    with pytest.raises(MismatchedReply):
        outcomes(plan.operations, names, [AdsFailure("X.Y", "", index=None)])


def test_policy_findings_have_two_shapes() -> None:
    keyword = AdsFailure(
        "PolicyViolationError.POLICY_ERROR",
        "no",
        index=0,
        details={
            "policy_violation": {
                "name": "Guns",
                "description": "d",
                "policy_name": "guns",
                "violating_text": "gun",
                "is_exemptible": True,
            }
        },
    )
    ad = AdsFailure(
        "PolicyFindingError.POLICY_FINDING",
        "no",
        index=1,
        details={"policy_topics": [{"topic": "ALCOHOL", "type": "PROHIBITED", "texts": ["wine"]}]},
    )
    other = AdsFailure("CampaignError.DUPLICATE_CAMPAIGN_NAME", "taken", index=2)

    found = policy.findings([keyword, ad, other])

    assert [(item.kind, item.topic, item.text) for item in found] == [
        ("key", "guns", "gun"),
        ("topic", "ALCOHOL", "wine"),
    ]
    assert policy.only_policy([keyword, ad])
    assert not policy.only_policy([keyword, other])
    plan = small_plan()
    with pytest.raises(ValueError, match="takes no exemption"):
        policy.exempt(plan.operations, [found[1]])


@pytest.mark.parametrize("text", ["123-456-7890", "1234567890", " 123-456-7890 "])
def test_customer_ids_with_dashes(text: str) -> None:
    assert resource_names.plain_customer_id(text) == "1234567890"


@pytest.mark.parametrize("text", ["", "123", "12345678901", "abcdefghij", "١٢٣٤٥٦٧٨٩٠"])
def test_malformed_customer_ids(text: str) -> None:
    with pytest.raises(ValueError, match="ten digits"):
        resource_names.plain_customer_id(text)
