"""Mutates over the wire: temporary ids, atomicity, partial failure, masks, and both doors."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.conftest import VERSIONS, Account, Clients, described, refused, result_name
from tests.support.sandbox import Sandbox


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("plus", [False, True], ids=["raw", "proto-plus"])
def test_create_read_update_remove(server: Sandbox, client_of: Clients, version: str, plus: bool) -> None:
    client = client_of(version, plus=plus)
    customer_id = server.info["customer_ids"][1]
    service, search = client.get_service("LabelService"), client.get_service("GoogleAdsService")
    create = client.get_type("LabelOperation")
    create.create.name = f"label {version} {plus}"
    create.create.text_label.background_color = "#123456"
    name = service.mutate_labels(customer_id=customer_id, operations=[create]).results[0].resource_name
    query = f"SELECT label.id, label.name, label.status FROM label WHERE label.resource_name = '{name}'"

    def names() -> list[tuple[str, int]]:
        return [(row.label.name, int(row.label.status)) for row in search.search(customer_id=customer_id, query=query)]

    assert names() == [(f"label {version} {plus}", 2)]
    update = client.get_type("LabelOperation")
    update.update.resource_name, update.update.name = name, f"renamed {version} {plus}"
    update.update_mask.paths.append("name")
    service.mutate_labels(customer_id=customer_id, operations=[update])
    assert names() == [(f"renamed {version} {plus}", 2)]
    remove = client.get_type("LabelOperation")
    remove.remove = name
    service.mutate_labels(customer_id=customer_id, operations=[remove])
    assert names() == [(f"renamed {version} {plus}", 3)]


def test_temporary_ids_become_real_ones_everywhere(account: Account) -> None:
    label, labelling = account.operation("label"), account.operation("ad_group_ad_label")
    label[1].create.resource_name, label[1].create.name = account.path("labels", -9), account.name("label")
    ad = account.search_ad()
    ad.ad_group_ad_operation.create.resource_name = account.path("adGroupAds", -3, -4)
    labelling[1].create.ad_group_ad = account.path("adGroupAds", -3, -4)
    labelling[1].create.label = account.path("labels", -9)
    response = account.mutate(
        account.budget(), account.campaign(), account.ad_group(), ad, account.keyword("shoes"), label[0], labelling[0]
    )
    names = [result_name(slot) for slot in response.mutate_operation_responses]
    assert len(names) == 7
    assert not any("-" in name for name in names)
    group_id, ad_id = names[3].rpartition("/")[2].split("~")
    assert names[2].endswith(f"/{group_id}")
    assert names[6].rpartition("/")[2] == f"{group_id}~{ad_id}~{names[5].rpartition('/')[2]}"
    row = account.one(
        "SELECT ad_group_ad.ad.id, ad_group_ad.ad.type, campaign.campaign_budget, ad_group_ad.labels FROM ad_group_ad "
        f"WHERE ad_group_ad.resource_name = '{names[3]}'"
    )
    assert row.ad_group_ad.ad.id == int(ad_id)
    assert row.ad_group_ad.ad.type_ == account.enum("AdType", "RESPONSIVE_SEARCH_AD")
    assert row.campaign.campaign_budget == names[0]
    assert list(row.ad_group_ad.labels) == [names[5]]


def test_one_bad_operation_takes_everything_back(server: Sandbox, account: Account) -> None:
    before = server.state(customer_id=account.id)
    answer = refused(account.mutate, account.budget(), account.campaign(name=""), account.keyword("x y"))
    assert ("FieldError.REQUIRED", "mutate_operations[1].campaign_operation.create.name") in [
        e[:2] for e in answer.errors
    ]
    assert answer.status == "INVALID_ARGUMENT"
    assert server.state(customer_id=account.id) == before


def test_validate_only_changes_nothing_and_reports_the_same(server: Sandbox, account: Account) -> None:
    before = server.state(customer_id=account.id)
    good = (account.budget(), account.campaign(), account.ad_group())
    response = account.mutate(*good, validate_only=True)
    assert not response.mutate_operation_responses
    bad = account.campaign(name="")
    said = refused(account.mutate, account.budget(), bad, validate_only=True)
    assert said.errors[0][:2] == refused(account.mutate, account.budget(), bad).errors[0][:2]
    assert server.state(customer_id=account.id) == before
    assert [line["outcome"] for line in server.ledger()[-3:]] == ["validated", "refused", "refused"]


def _failure(account: Account, status: Any) -> list[tuple[str, str]]:
    assert status.code == 3
    failure = account.client.get_type("GoogleAdsFailure")
    found = []
    for detail in status.details:
        failure = type(failure).FromString(detail.value)
        found += [error[:2] for error in described(failure)]
    return found


def test_partial_failure_keeps_the_good_ones(account: Account) -> None:
    names = account.tree()
    group = names[2]
    operations = [account.keyword(text, group) for text in ("one", "t" * 81, "three", "f?our")]
    response = account.mutate(*operations, partial_failure=True)
    made = [result_name(slot) for slot in response.mutate_operation_responses]
    assert [bool(name) for name in made] == [True, False, True, False]
    path = "ad_group_criterion_operation.create.keyword.text"
    assert _failure(account, response.partial_failure_error) == [
        ("CriterionError.KEYWORD_TEXT_TOO_LONG", f"mutate_operations[1].{path}"),
        ("CriterionError.KEYWORD_HAS_INVALID_CHARS", f"mutate_operations[3].{path}"),
    ]


def test_what_depends_on_a_failed_temporary_id_fails_with_it(account: Account) -> None:
    operations = (account.budget(), account.campaign(name=""), account.ad_group(), account.keyword("shoes"))
    response = account.mutate(*operations, partial_failure=True)
    assert [bool(result_name(slot)) for slot in response.mutate_operation_responses] == [True, False, False, False]
    assert _failure(account, response.partial_failure_error)[1:] == [
        (
            "NewResourceCreationError.TEMP_ID_RESOURCE_HAD_ERRORS",
            "mutate_operations[2].ad_group_operation.create.campaign",
        ),
        (
            "NewResourceCreationError.TEMP_ID_RESOURCE_HAD_ERRORS",
            "mutate_operations[3].ad_group_criterion_operation.create.ad_group",
        ),
    ]


def test_temporary_ids_are_unique_across_types_and_defined_before_use(account: Account) -> None:
    twice = refused(account.mutate, account.budget(-1), account.campaign(-1, -1))
    assert twice.only() == (
        "NewResourceCreationError.DUPLICATE_TEMP_IDS",
        "mutate_operations[1].campaign_operation.create.resource_name",
    )
    early = refused(account.mutate, account.campaign(), account.budget())
    assert early.errors[0][:2] == (
        "MutateError.RESOURCE_NOT_FOUND",
        "mutate_operations[0].campaign_operation.create.campaign_budget",
    )
    fixed = refused(account.mutate, account.budget(12345))
    assert fixed.codes == ["NewResourceCreationError.CANNOT_SET_ID_FOR_CREATE"]


def test_the_same_entity_twice_in_a_request(account: Account) -> None:
    campaign = account.tree()[1]

    def rename(name: str) -> Any:
        outer, operation = account.operation("campaign")
        operation.update.resource_name, operation.update.name = campaign, name
        operation.update_mask.paths.append("name")
        return outer

    answer = refused(account.mutate, rename(account.name("a")), rename(account.name("b")))
    assert answer.codes == ["MutateError.ID_EXISTS_IN_MULTIPLE_MUTATES"]


def test_masks_clear_set_and_refuse(account: Account) -> None:
    campaign = account.tree(tracking_url_template="https://track.example.com/?u={lpurl}")[1]

    def update(*paths: str, **values: Any) -> Any:
        outer, operation = account.operation("campaign")
        operation.update.resource_name = campaign
        for name, value in values.items():
            setattr(operation.update, name, value)
        operation.update_mask.paths.extend(paths)
        return outer

    where = f"WHERE campaign.resource_name = '{campaign}'"
    query = f"SELECT campaign.name, campaign.tracking_url_template FROM campaign {where}"
    assert account.one(query).campaign.tracking_url_template
    account.mutate(update("tracking_url_template", name="not in the mask"))
    row = account.one(query).campaign
    assert not row.tracking_url_template
    assert row.name != "not in the mask"
    inside = "mutate_operations[0].campaign_operation.update_mask"
    cases = [
        (update(name="x"), "FieldMaskError.FIELD_MASK_MISSING", inside),
        (update("no_such_field"), "FieldMaskError.FIELD_NOT_FOUND", inside),
        (update("network_settings"), "FieldMaskError.FIELD_HAS_SUBFIELDS", inside),
        (
            update("advertising_channel_type", advertising_channel_type=3),
            "FieldError.IMMUTABLE_FIELD",
            "mutate_operations[0].campaign_operation.update.advertising_channel_type",
        ),
    ]
    for operation, code, path in cases:
        assert refused(account.mutate, operation).only() == (code, path)


def test_a_mask_with_subfields_switches_the_bidding_strategy(account: Account) -> None:
    campaign = account.tree()[1]
    outer, operation = account.operation("campaign")
    operation.update.resource_name = campaign
    operation.update.maximize_conversions.target_cpa_micros = 3_000_000
    operation.update_mask.paths.append("maximize_conversions.target_cpa_micros")
    account.mutate(outer)
    row = account.one(
        "SELECT campaign.bidding_strategy_type, campaign.maximize_conversions.target_cpa_micros, "
        f"campaign.manual_cpc.enhanced_cpc_enabled FROM campaign WHERE campaign.resource_name = '{campaign}'"
    )
    assert row.campaign.bidding_strategy_type == account.enum("BiddingStrategyType", "MAXIMIZE_CONVERSIONS")
    assert row.campaign.maximize_conversions.target_cpa_micros == 3_000_000
    assert not row.campaign.HasField("manual_cpc")


def test_the_answer_holds_the_resource_on_request(account: Account) -> None:
    kind = account.enum("ResponseContentType", "MUTABLE_RESOURCE")
    response = account.mutate(account.budget(), account.campaign(), response_content_type=kind)
    made = response.mutate_operation_responses[1].campaign_result.campaign
    assert made.id > 0
    assert made.advertising_channel_type == account.enum("AdvertisingChannelType", "SEARCH")
    assert account.mutate(account.budget()).mutate_operation_responses[0].campaign_budget_result.campaign_budget.id == 0


def test_limits_of_a_request(account: Account) -> None:
    request = account.client.get_type("MutateLabelsRequest")
    request.customer_id = account.id
    for _ in range(10_001):
        request.operations.add().remove = account.path("labels", 1)
    service = account.client.get_service("LabelService")
    assert refused(service.mutate_labels, request=request).codes == ["RequestError.TOO_MANY_MUTATE_OPERATIONS"]
    del request.operations[:]
    assert refused(service.mutate_labels, request=request).codes == ["RequestError.REQUIRED_FIELD_MISSING"]
    request.operations.add()
    assert refused(service.mutate_labels, request=request).only() == (
        "RequestError.OPERATION_REQUIRED",
        "operations[0]",
    )


def test_ten_thousand_keywords_with_37_bad_ones(account: Account) -> None:
    group = account.tree()[2]
    bad = {index * 270 for index in range(37)}
    request = account.client.get_type("MutateAdGroupCriteriaRequest")
    request.customer_id, request.partial_failure = account.id, True
    match = account.enum("KeywordMatchType", "EXACT")
    for index in range(10_000):
        new = request.operations.add().create
        new.ad_group, new.keyword.match_type = group, match
        new.keyword.text = f"bad {index} ?" if index in bad else f"shoe number {index}"
    response = account.client.get_service("AdGroupCriterionService").mutate_ad_group_criteria(request=request)
    assert {index for index, result in enumerate(response.results) if not result.resource_name} == bad
    failures = _failure(account, response.partial_failure_error)
    assert [path for _, path in failures] == [f"operations[{i}].create.keyword.text" for i in sorted(bad)]
    query = f"SELECT ad_group_criterion.keyword.text FROM ad_group_criterion WHERE ad_group.resource_name = '{group}'"
    assert len(account.rows(query)) == 9_963


def test_the_ledger_tells_what_was_sent_and_made(server: Sandbox, account: Account) -> None:
    since = server.last_seq()
    response = account.mutate(account.budget(), account.campaign())
    line = server.ledger(since=since, method="Mutate")[0]
    assert (line["outcome"], line["grpc_status"], line["version"]) == ("applied", "OK", "v26")
    assert line["operations"][1]["campaign_operation"]["create"]["campaign_budget"] == account.path(
        "campaignBudgets", -1
    )
    assert line["results"] == [result_name(slot) for slot in response.mutate_operation_responses]
    assert line["customer_id"] == account.id


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("plus", [False, True], ids=["raw", "proto-plus"])
def test_failures_in_every_version_and_mode(server: Sandbox, client_of: Clients, version: str, plus: bool) -> None:
    client = client_of(version, plus=plus)
    request = client.get_type("MutateLabelsRequest")
    request.customer_id, request.partial_failure = server.info["customer_ids"][1], True
    for name in ("x" * 81, f"good {version} {plus}"):
        operation = client.get_type("LabelOperation")
        operation.create.name = name
        request.operations.append(operation)
    service = client.get_service("LabelService")
    response = service.mutate_labels(request=request)
    assert [bool(result.resource_name) for result in response.results] == [False, True]
    (detail,) = response.partial_failure_error.details
    assert detail.type_url == f"type.googleapis.com/google.ads.googleads.{version}.errors.GoogleAdsFailure"
    kind = type(client.get_type("GoogleAdsFailure"))
    failure = kind.deserialize(detail.value) if plus else kind.FromString(detail.value)
    path = "operations[0].create.name"
    assert [error[:2] for error in described(failure)] == [("LabelError.INVALID_LABEL_NAME", path)]
    request.partial_failure = False
    assert refused(service.mutate_labels, request=request).errors[0][:2] == ("LabelError.INVALID_LABEL_NAME", path)
