"""What hangs on accounts and campaigns: every kind of extension asset, audiences, sets of assets, seasons, settings."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from tests.sandbox.conftest import Account, Clients, refused
from tests.sandbox.test_families import Plan
from tests.support.sandbox import Sandbox


@pytest.fixture
def shop(server: Sandbox, client_of: Clients) -> Account:
    return Account(server.info["customer_ids"][7], client_of())


def test_extension_assets(shop: Account) -> None:
    campaign = shop.tree()[1]
    plan = Plan(shop)

    def link(kind: str, asset: str) -> None:
        plan.add("campaign_asset", campaign=campaign, asset=asset, field_type=shop.enum("AssetFieldType", kind))

    link("CALL", plan.add("asset", "assets", call_asset__country_code="US", call_asset__phone_number="(800) 555-0100"))
    snippet = {
        "structured_snippet_asset__header": "Brands",
        "structured_snippet_asset__values": ["One", "Two", "Three"],
    }
    link("STRUCTURED_SNIPPET", plan.add("asset", "assets", **snippet))
    promotion = {"promotion_asset__promotion_target": "Boots", "promotion_asset__percent_off": 100_000}
    link("PROMOTION", plan.add("asset", "assets", final_urls=["https://example.com/sale"], **promotion))
    offer = {
        "description": "For everyone",
        "final_url": "https://example.com/x",
        "price__amount_micros": 9_000_000,
        "price__currency_code": "EUR",
    }
    offers = [{"header": f"Offer {number}", **offer} for number in range(3)]
    price = {"price_asset__language_code": "en", "price_asset__price_offerings": offers}
    price["price_asset__type_"] = shop.enum("PriceExtensionType", "SERVICES")
    link("PRICE", plan.add("asset", "assets", **price))
    form = {
        "call_to_action_type": shop.enum("LeadFormCallToActionType", "BOOK_NOW"),
        "call_to_action_description": "Latest trip to Jupiter!",
        "business_name": "Example",
        "headline": "Trip to Jupiter",
        "description": "Our latest trip to Jupiter is now open for booking.",
        "privacy_policy_url": "https://example.com/privacy",
    }
    lead = plan.add(
        "asset",
        "assets",
        name=shop.name("lead form"),
        final_urls=["https://example.com/jupiter"],
        **{f"lead_form_asset__{key}": value for key, value in form.items()},
    )
    link("LEAD_FORM", lead)
    link(
        "HOTEL_CALLOUT",
        plan.add("asset", "assets", hotel_callout_asset__text="Pool", hotel_callout_asset__language_code="en"),
    )
    names = plan.run()
    kinds = [name.rpartition("~")[2] for name in names if "/campaignAssets/" in name]
    assert kinds == ["CALL", "STRUCTURED_SNIPPET", "PROMOTION", "PRICE", "LEAD_FORM", "HOTEL_CALLOUT"]
    wrong = Plan(shop)
    field_type = shop.enum("AssetFieldType", "SITELINK")
    wrong.add("campaign_asset", campaign=campaign, asset=names[0], field_type=field_type)
    assert refused(wrong.run).codes == ["AssetLinkError.FIELD_TYPE_INCOMPATIBLE_WITH_ASSET_TYPE"]


def test_audiences_and_their_use(shop: Account) -> None:
    group = shop.tree()[2]
    plan = Plan(shop)
    open_ = shop.enum("UserListMembershipStatus", "OPEN")
    rule = {"name": "url__", "string_rule_item__value": "example.com/shop"}
    visitors = plan.add(
        "user_list",
        "userLists",
        name=shop.name("visitors"),
        membership_status=open_,
        rule_based_user_list__flexible_rule_user_list__inclusive_operands=[
            {"rule__rule_item_groups": [{"rule_items": [rule]}], "lookback_window_days": 7}
        ],
    )
    kind = shop.enum("UserListLogicalRuleOperator", "ALL")
    plan.add(
        "user_list",
        "userLists",
        name=shop.name("logical"),
        logical_user_list__rules=[{"operator": kind, "rule_operands": [{"user_list": visitors}]}],
    )
    plan.add("ad_group_criterion", ad_group=group, user_list__user_list=visitors, bid_modifier=1.5)
    interest = shop.path("userInterests", 80101)
    plan.add("ad_group_criterion", ad_group=group, user_interest__user_interest_category=interest)
    names = plan.run()
    found = shop.look("user_list", names[1], "type", "name").user_list
    assert found.type_ == shop.enum("UserListType", "LOGICAL")
    request = shop.client.get_type("MutateCustomAudiencesRequest")
    request.customer_id = shop.id
    new = request.operations.add().create
    new.name, new.type_ = shop.name("custom"), shop.enum("CustomAudienceType", "SEARCH")
    member = new.members.add()
    member.member_type, member.keyword = shop.enum("CustomAudienceMemberType", "KEYWORD"), "hiking"
    service = shop.client.get_service("CustomAudienceService")
    assert service.mutate_custom_audiences(request=request).results[0].resource_name
    assert refused(service.mutate_custom_audiences, request=request).codes == ["CustomAudienceError.NAME_ALREADY_USED"]


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_a_customer_match_job(shop: Account) -> None:
    plan = Plan(shop)
    upload = shop.enum("CustomerMatchUploadKeyType", "CONTACT_INFO")
    plan.add("user_list", name=shop.name("match"), crm_based_user_list__upload_key_type=upload)
    people = plan.run()[0]
    service = shop.client.get_service("OfflineUserDataJobService")
    request = shop.client.get_type("CreateOfflineUserDataJobRequest")
    request.customer_id = shop.id
    request.job.type_ = shop.enum("OfflineUserDataJobType", "CUSTOMER_MATCH_USER_LIST")
    request.job.customer_match_user_list_metadata.user_list = people
    job = service.create_offline_user_data_job(request=request).resource_name
    add = shop.client.get_type("AddOfflineUserDataJobOperationsRequest")
    add.resource_name, add.enable_partial_failure = job, True
    for value in (_hash("a@example.com"), "not hashed"):
        add.operations.add().create.user_identifiers.add().hashed_email = value
    response = service.add_offline_user_data_job_operations(request=add)
    assert response.partial_failure_error.code == 3
    service.run_offline_user_data_job(resource_name=job).result(timeout=20)
    status = shop.look("offline_user_data_job", job, "status", "type").offline_user_data_job
    assert status.status == shop.enum("OfflineUserDataJobStatus", "SUCCESS")
    assert refused(service.add_offline_user_data_job_operations, request=add).codes == [
        "OfflineUserDataJobError.JOB_ALREADY_STARTED"
    ]


def test_page_feeds_and_dynamic_search(shop: Account) -> None:
    campaign = shop.tree()[1]
    plan = Plan(shop)
    feed = plan.add("asset_set", "assetSets", name=shop.name("feed"), type_=shop.enum("AssetSetType", "PAGE_FEED"))
    page = plan.add(
        "asset", "assets", page_feed_asset__page_url="https://example.com/p", page_feed_asset__labels=["new"]
    )
    plan.add("asset_set_asset", asset_set=feed, asset=page)
    plan.add("campaign_asset_set", campaign=campaign, asset_set=feed)
    dynamic = shop.enum("AdGroupType", "SEARCH_DYNAMIC_ADS")
    group = plan.add("ad_group", "adGroups", name="Dynamic", campaign=campaign, type_=dynamic, cpc_bid_micros=1_000_000)
    operand = shop.enum("WebpageConditionOperand", "CUSTOM_LABEL")
    condition = {"operand": operand, "argument": "new"}
    plan.add("ad_group_criterion", ad_group=group, webpage__criterion_name="new", webpage__conditions=[condition])
    plan.add("ad_group_ad", ad_group=group, ad__expanded_dynamic_search_ad__description="Buy it now")
    assert all(plan.run())


def test_modifiers_seasons_and_settings(shop: Account) -> None:
    campaign, group = shop.tree()[1:]
    plan = Plan(shop)
    plan.add("ad_group_bid_modifier", ad_group=group, device__type_=shop.enum("Device", "MOBILE"), bid_modifier=1.5)
    calls = shop.enum("InteractionType", "CALLS")
    plan.add("campaign_bid_modifier", campaign=campaign, interaction_type__type_=calls, bid_modifier=1.2)
    season = {"start_date_time": "2031-01-01 00:00:00", "end_date_time": "2031-01-03 00:00:00"}
    scope = shop.enum("SeasonalityEventScope", "CHANNEL")
    plan.add("bidding_data_exclusion", name=shop.name("exclusion"), scope=scope, **season)
    plan.add(
        "bidding_seasonality_adjustment", name=shop.name("season"), scope=scope, conversion_rate_modifier=1.5, **season
    )
    variable = {"name": shop.name("variable"), "tag": shop.name("tag").replace(" ", "_").lower()}
    plan.add("conversion_custom_variable", **variable)
    assert all(plan.run())
    request = shop.client.get_type("MutateCustomerRequest")
    request.customer_id = shop.id
    operation: Any = request.operation
    operation.update.resource_name, operation.update.auto_tagging_enabled = f"customers/{shop.id}", True
    operation.update_mask.paths.append("auto_tagging_enabled")
    service = shop.client.get_service("CustomerService")
    assert service.mutate_customer(request=request).result.resource_name == f"customers/{shop.id}"
    assert shop.one("SELECT customer.auto_tagging_enabled FROM customer").customer.auto_tagging_enabled
    operation.update_mask.paths[:] = ["currency_code"]
    operation.update.currency_code = "CHF"
    assert refused(service.mutate_customer, request=request).codes == ["FieldError.IMMUTABLE_FIELD"]


def test_exclusions_of_the_whole_account(shop: Account) -> None:
    plan = Plan(shop)
    label = shop.enum("ContentLabelType", "TRAGEDY")
    plan.add("customer_negative_criterion", content_label__type_=label)
    plan.add("customer_negative_criterion", placement__url="bad.example.com")
    kind = shop.enum("SharedSetType", "ACCOUNT_LEVEL_NEGATIVE_KEYWORDS")
    listed = plan.add("shared_set", "sharedSets", name=shop.name("account"), type_=kind)
    plan.add("customer_negative_criterion", negative_keyword_list__shared_set=listed)
    assert all(plan.run())
