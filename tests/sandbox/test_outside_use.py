"""Rules that outside programs run into: moved fields, resources inside resources, dates, ids without presence."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from tests.sandbox.conftest import Account, Clients, refused, result_name
from tests.support.sandbox import Sandbox


def _days(count: int, form: str) -> str:
    return (date.today() + timedelta(days=count)).strftime(form)  # noqa: DTZ011 - any day will do


def test_dates_of_campaigns_may_come_without_dashes(account: Account) -> None:
    given = {"start_date_time": _days(3, "%Y%m%d 00:00:00"), "end_date_time": _days(9, "%Y-%m-%d 23:59:59")}
    made = account.mutate(account.budget(), account.campaign(**given))
    name = result_name(made.mutate_operation_responses[1])
    campaign = account.look("campaign", name, "start_date_time", "end_date_time").campaign
    assert campaign.start_date_time == _days(3, "%Y-%m-%d 00:00:00")
    assert campaign.end_date_time == given["end_date_time"]
    for wrong in (_days(3, "%Y%m%d"), _days(3, "%Y%m-%d 00:00:00"), _days(3, "%Y-%m%d 00:00:00")):
        no_time = refused(account.mutate, account.budget(), account.campaign(start_date_time=wrong))
        assert no_time.codes == ["DateError.INVALID_STRING_DATE_TIME_SECONDS"]


def test_only_what_a_create_defines_fails_its_dependents(account: Account) -> None:
    bad = account.keyword("", -3)
    good = account.keyword("mountain boots", -3)
    bad.ad_group_criterion_operation.create.resource_name = account.path("adGroupCriteria", -3, -9)
    operations = (account.budget(), account.campaign(), account.ad_group(), bad, good)
    response = account.mutate(*operations, partial_failure=True)
    made = [bool(result_name(slot)) for slot in response.mutate_operation_responses]
    assert made == [True, True, True, False, True]


def test_a_mask_of_nothing_but_the_name_changes_nothing(account: Account) -> None:
    before = account.one("SELECT campaign.name, campaign.resource_name FROM campaign LIMIT 1").campaign
    outer, operation = account.operation("campaign")
    operation.update.resource_name, operation.update.name = before.resource_name, "not in the mask"
    operation.update_mask.paths.append("resource_name")
    account.mutate(outer)
    assert account.look("campaign", before.resource_name, "name").campaign.name == before.name


def test_children_of_their_own_kind_have_ids_of_their_own(account: Account) -> None:
    group = account.one("SELECT asset_group.resource_name FROM asset_group LIMIT 1").asset_group.resource_name
    number = group.rsplit("/", 1)[1]
    operations = []
    for own, parent in ((-1, None), (-2, -1), (-3, -1)):
        outer, operation = account.operation("asset_group_listing_group_filter")
        new = operation.create
        new.resource_name, new.asset_group = account.path("assetGroupListingGroupFilters", number, own), group
        new.type_ = account.enum("ListingGroupFilterType", "UNIT_INCLUDED" if parent else "SUBDIVISION")
        new.listing_source = account.enum("ListingGroupFilterListingSource", "SHOPPING")
        if parent:
            new.parent_listing_group_filter = account.path("assetGroupListingGroupFilters", number, parent)
            new.case_value.product_brand.value = f"brand {own}" if own == -2 else ""
            new.case_value.product_brand.SetInParent()
        operations.append(outer)
    made = [result_name(slot) for slot in account.mutate(*operations).mutate_operation_responses]
    assert len(set(made)) == 3
    leaf = account.look("asset_group_listing_group_filter", made[1], "parent_listing_group_filter")
    assert leaf.asset_group_listing_group_filter.parent_listing_group_filter == made[0]


def test_a_user_is_invited(account: Account) -> None:
    request = account.client.get_type("MutateCustomerUserAccessInvitationRequest")
    request.customer_id = account.id
    new = request.operation.create
    new.email_address, new.access_role = "new@client.example", account.enum("AccessRole", "STANDARD")
    service = account.client.get_service("CustomerUserAccessInvitationService")
    name = service.mutate_customer_user_access_invitation(request=request).result.resource_name
    seen = account.look("customer_user_access_invitation", name, "invitation_id")
    seen = seen.customer_user_access_invitation
    assert name.endswith(f"/{seen.invitation_id}")


@pytest.mark.parametrize("version", ["v23", "v24", "v26"])
def test_forecasts_read_the_keywords_of_each_version(server: Sandbox, client_of: Clients, version: str) -> None:
    client = client_of(version)
    request = client.get_type("GenerateKeywordForecastMetricsRequest")
    request.customer_id = server.info["customer_ids"][0]
    group = request.campaign.ad_groups.add()
    keyword = group.biddable_keywords.add().keyword if version == "v23" else group.keywords.add()
    keyword.text = "hiking boots"
    service = client.get_service("KeywordPlanIdeaService")
    metrics = service.generate_keyword_forecast_metrics(request=request).campaign_forecast_metrics
    assert metrics.clicks > 0
    assert metrics.cost_micros > 0


@pytest.mark.parametrize("version", ["v23", "v26"])
def test_a_resource_inside_another_is_selected_whole(server: Sandbox, client_of: Clients, version: str) -> None:
    account = Account(server.info["customer_ids"][0], client_of(version))
    inner = "multi_party_auth_review.customer_user_access_review.new_customer_user_access"
    assert account.rows(f"SELECT {inner} FROM multi_party_auth_review") == []
    query = f"SELECT {inner}.access_role FROM multi_party_auth_review"
    assert refused(account.rows, query).codes == ["QueryError.UNRECOGNIZED_FIELD"]


def test_no_account_is_enrolled_in_identity_verification(account: Account) -> None:
    service = account.client.get_service("IdentityVerificationService")
    assert not service.get_identity_verification(customer_id=account.id).identity_verification
    program = account.enum("IdentityVerificationProgram", "ADVERTISER_IDENTITY_VERIFICATION")
    request = account.client.get_type("StartIdentityVerificationRequest")
    request.customer_id, request.verification_program = account.id, program
    answer = refused(service.start_identity_verification, request=request)
    assert answer.codes == ["IdentityVerificationError.BILLING_NOT_ON_MONTHLY_INVOICING"]
