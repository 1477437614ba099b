"""What works: whole trees of each campaign type and what hangs on them, through both doors."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.conftest import Account, Clients, refused, result_name
from tests.sandbox.pictures import png
from tests.support.sandbox import Sandbox


@pytest.fixture
def shop(server: Sandbox, client_of: Clients) -> Account:
    return Account(server.info["customer_ids"][6], client_of())


class Plan:
    """Operations with temporary ids of their own."""

    def __init__(self, account: Account) -> None:
        self.account, self.operations, self.next = account, [], -10
        self.names: list[str] = []

    def add(self, kind: str, collection: str = "", **values: Any) -> str:
        """Create an entity; its temporary name. Nested fields are written with two underscores."""
        outer, operation = self.account.operation(kind)
        new, self.next = operation.create, self.next - 1
        name = self.account.path(collection, self.next) if collection else ""
        if name:
            new.resource_name = name
        for path, value in values.items():
            set_path(new, path, value)
        self.operations.append(outer)
        return name

    def text(self, text: str) -> str:
        return self.add("asset", "assets", text_asset__text=text)

    def image(self, width: int, height: int, shade: int) -> str:
        data = png(width, height, shade)
        return self.add("asset", "assets", name=f"image {shade} {width}", image_asset__data=data)

    def run(self, **options: Any) -> list[str]:
        response = self.account.mutate(*self.operations, **options)
        self.names = [result_name(slot) for slot in response.mutate_operation_responses]
        return self.names


def set_path(message: Any, path: str, value: Any) -> None:
    """Set a nested field; None sets an empty message, a list of dictionaries a repeated one."""
    *holders, leaf = path.split("__")
    for holder in holders:
        message = getattr(message, holder)
    if value is None:
        getattr(message, leaf).SetInParent()
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for item in value:
            added = getattr(message, leaf).add()
            for name, inner in item.items():
                set_path(added, name, inner)
    elif isinstance(value, list):
        getattr(message, leaf).extend(value)
    else:
        setattr(message, leaf, value)


def _campaign(plan: Plan, channel: str, **values: Any) -> str:
    account = plan.account
    budget = plan.add("campaign_budget", "campaignBudgets", amount_micros=50_000_000, explicitly_shared=False)
    return plan.add(
        "campaign",
        "campaigns",
        name=account.name(channel),
        campaign_budget=budget,
        advertising_channel_type=account.enum("AdvertisingChannelType", channel),
        contains_eu_political_advertising=account.enum(
            "EuPoliticalAdvertisingStatus", "DOES_NOT_CONTAIN_EU_POLITICAL_ADVERTISING"
        ),
        status=account.enum("CampaignStatus", "PAUSED"),
        **values,
    )


def test_demand_gen(shop: Account) -> None:
    plan = Plan(shop)
    campaign = _campaign(plan, "DEMAND_GEN", maximize_conversions__target_cpa_micros=5_000_000)
    place = {"location__geo_target_constant": "geoTargetConstants/2276"}
    controls = "demand_gen_ad_group_settings__channel_controls__selected_channels"
    group = plan.add(
        "ad_group",
        "adGroups",
        name="Everywhere",
        campaign=campaign,
        **{f"{controls}__gmail": True, f"{controls}__discover": False},
    )
    plan.add("ad_group_criterion", ad_group=group, **place)
    plan.add("ad_group_criterion", ad_group=group, language__language_constant="languageConstants/1001")
    wide, logo, square = plan.image(1200, 628, 11), plan.image(512, 512, 12), plan.image(600, 600, 13)
    info = "ad__demand_gen_multi_asset_ad__"
    plan.add(
        "ad_group_ad",
        ad_group=group,
        ad__name="Multi",
        ad__final_urls=["https://example.com/"],
        **{
            f"{info}business_name": "Example",
            f"{info}headlines": [{"text": "Go outside"}, {"text": "Breathe"}],
            f"{info}descriptions": [{"text": "There is nothing like it"}],
            f"{info}marketing_images": [{"asset": wide}],
            f"{info}square_marketing_images": [{"asset": square}],
            f"{info}logo_images": [{"asset": logo}],
        },
    )
    names = plan.run()
    row = shop.one(
        "SELECT ad_group_ad.ad.type, ad_group_ad.ad.demand_gen_multi_asset_ad.marketing_images, "
        f"campaign.bidding_strategy_type FROM ad_group_ad WHERE ad_group_ad.resource_name = '{names[-1]}'"
    )
    assert row.ad_group_ad.ad.type_ == shop.enum("AdType", "DEMAND_GEN_MULTI_ASSET_AD")
    assert row.ad_group_ad.ad.demand_gen_multi_asset_ad.marketing_images[0].asset in names
    criteria = shop.rows(
        f"SELECT ad_group_criterion.type FROM ad_group_criterion WHERE ad_group.resource_name = '{names[2]}'"
    )
    assert {shop.enum("CriterionType", "LOCATION"), shop.enum("CriterionType", "LANGUAGE")} == {
        row.ad_group_criterion.type_ for row in criteria
    }


def _asset_group(plan: Plan, campaign: str, *, brand: bool) -> str:
    field = lambda name: plan.account.enum("AssetFieldType", name)  # noqa: E731 - a name for four uses
    group = plan.add("asset_group", "assetGroups", name="Group", campaign=campaign, final_urls=["https://example.com"])
    texts = [("HEADLINE", f"Head {n}") for n in range(3)] + [("DESCRIPTION", f"Description {n}") for n in range(2)]
    texts.append(("LONG_HEADLINE", "A headline that is rather long"))
    for kind, text in texts:
        plan.add("asset_group_asset", asset_group=group, asset=plan.text(text), field_type=field(kind))
    pictures = [("MARKETING_IMAGE", plan.image(1200, 628, 21)), ("SQUARE_MARKETING_IMAGE", plan.image(600, 600, 22))]
    for kind, asset in pictures:
        plan.add("asset_group_asset", asset_group=group, asset=asset, field_type=field(kind))
    name, logo = plan.text("Example Shop"), plan.image(256, 256, 23)
    for kind, asset in (("BUSINESS_NAME", name), ("LOGO", logo)):
        if brand:
            plan.add("campaign_asset", campaign=campaign, asset=asset, field_type=field(kind))
        else:
            plan.add("asset_group_asset", asset_group=group, asset=asset, field_type=field(kind))
    return group


@pytest.mark.parametrize("brand", [False, True], ids=["assets in the group", "brand guidelines"])
def test_performance_max(shop: Account, brand: bool) -> None:
    plan = Plan(shop)
    campaign = _campaign(
        plan, "PERFORMANCE_MAX", maximize_conversion_value__target_roas=3.5, brand_guidelines_enabled=brand
    )
    group = _asset_group(plan, campaign, brand=brand)
    plan.add("asset_group_signal", asset_group=group, search_theme__text="outdoor gear")
    names = plan.run()
    made = next(name for name in names if "/assetGroups/" in name)
    links = shop.rows(
        f"SELECT asset_group_asset.field_type FROM asset_group_asset WHERE asset_group.resource_name = '{made}'"
    )
    assert len(links) == (8 if brand else 10)
    query = "SELECT campaign_conversion_goal.biddable FROM campaign_conversion_goal WHERE campaign.resource_name = "
    goals = shop.rows(f"{query}'{names[1]}'")
    assert goals


def test_an_asset_group_needs_its_minimum(shop: Account) -> None:
    plan = Plan(shop)
    campaign = _campaign(plan, "PERFORMANCE_MAX", maximize_conversions=None)
    plan.add("asset_group", "assetGroups", name="Empty", campaign=campaign, final_urls=["https://example.com"])
    assert sorted(refused(plan.run).codes) == sorted(
        f"AssetGroupError.NOT_ENOUGH_{word}_ASSET"
        for word in (
            *("HEADLINE", "LONG_HEADLINE", "DESCRIPTION", "BUSINESS_NAME", "LOGO"),
            *("MARKETING_IMAGE", "SQUARE_MARKETING_IMAGE"),
        )
    )
    branded = Plan(shop)
    _campaign(branded, "PERFORMANCE_MAX", maximize_conversions=None, brand_guidelines_enabled=True)
    assert refused(branded.run).codes == [
        "CampaignError.REQUIRED_BUSINESS_NAME_ASSET_NOT_LINKED",
        "CampaignError.REQUIRED_LOGO_ASSET_NOT_LINKED",
    ]


def test_display(shop: Account) -> None:
    plan = Plan(shop)
    campaign = _campaign(plan, "DISPLAY", manual_cpc=None, network_settings__target_content_network=True)
    group = plan.add("ad_group", "adGroups", name="Banner", campaign=campaign, cpc_bid_micros=500_000)
    wide, square = plan.image(600, 314, 31), plan.image(300, 300, 32)
    info = "ad__responsive_display_ad__"
    plan.add(
        "ad_group_ad",
        ad_group=group,
        ad__final_urls=["https://example.com"],
        **{
            f"{info}business_name": "Example",
            f"{info}long_headline__text": "A long headline",
            f"{info}headlines": [{"text": "Short"}],
            f"{info}descriptions": [{"text": "A description"}],
            f"{info}marketing_images": [{"asset": wide}],
            f"{info}square_marketing_images": [{"asset": square}],
            f"{info}call_to_action_text": "Shop now",
        },
    )
    plan.add("ad_group_criterion", ad_group=group, placement__url="www.example.org")
    plan.add("ad_group_criterion", ad_group=group, topic__topic_constant="topicConstants/3")
    age = shop.enum("AgeRangeType", "AGE_RANGE_18_24")
    plan.add("ad_group_criterion", ad_group=group, age_range__type_=age, negative=True)
    names = plan.run()
    assert names[-1].endswith("~503001")


def test_everything_a_search_campaign_can_carry(shop: Account) -> None:
    plan = Plan(shop)
    campaign = _campaign(plan, "SEARCH", target_spend__cpc_bid_ceiling_micros=2_000_000)
    device = shop.enum("Device", "MOBILE")
    monday, zero = shop.enum("DayOfWeek", "MONDAY"), shop.enum("MinuteOfHour", "ZERO")
    plan.add(
        "campaign_criterion",
        campaign=campaign,
        location__geo_target_constant="geoTargetConstants/2276",
        bid_modifier=1.2,
    )
    plan.add(
        "campaign_criterion", campaign=campaign, location__geo_target_constant="geoTargetConstants/2250", negative=True
    )
    plan.add("campaign_criterion", campaign=campaign, language__language_constant="languageConstants/1001")
    plan.add("campaign_criterion", campaign=campaign, device__type_=device, bid_modifier=0.5)
    plan.add("campaign_criterion", campaign=campaign, ip_block__ip_address="192.0.2.0/24", negative=True)
    exact = shop.enum("KeywordMatchType", "EXACT")
    plan.add("campaign_criterion", campaign=campaign, negative=True, keyword__text="free", keyword__match_type=exact)
    schedule = {"day_of_week": monday, "start_hour": 8, "start_minute": zero, "end_hour": 20, "end_minute": zero}
    plan.add(
        "campaign_criterion", campaign=campaign, **{f"ad_schedule__{key}": value for key, value in schedule.items()}
    )
    street = {"street_address": "1 Example Way", "city_name": "Berlin", "country_code": "DE"}
    plan.add(
        "campaign_criterion",
        campaign=campaign,
        proximity__radius=10.0,
        proximity__radius_units=shop.enum("ProximityRadiusUnits", "KILOMETERS"),
        **{f"proximity__address__{key}": value for key, value in street.items()},
    )
    link = plan.add("asset", "assets", sitelink_asset__link_text="Prices", final_urls=["https://example.com/prices"])
    plan.add("campaign_asset", campaign=campaign, asset=link, field_type=shop.enum("AssetFieldType", "SITELINK"))
    callout = plan.add("asset", "assets", callout_asset__callout_text="Free delivery")
    plan.add("customer_asset", asset=callout, field_type=shop.enum("AssetFieldType", "CALLOUT"))
    negatives = plan.add(
        "shared_set", "sharedSets", name=shop.name("set"), type_=shop.enum("SharedSetType", "NEGATIVE_KEYWORDS")
    )
    plan.add("shared_criterion", shared_set=negatives, keyword__text="cheap", keyword__match_type=exact)
    plan.add("campaign_shared_set", campaign=campaign, shared_set=negatives)
    label = plan.add("label", "labels", name=shop.name("label"))
    plan.add("campaign_label", campaign=campaign, label=label)
    names = plan.run()
    ids = [name.rpartition("~")[2] for name in names if "/campaignCriteria/" in name]
    assert ids[:4] == ["2276", "2250", "1001", "30001"]
    row = shop.look("shared_set", names[-5], "member_count", "reference_count")
    assert (row.shared_set.member_count, row.shared_set.reference_count) == (1, 1)
    assert list(shop.look("campaign", names[1], "labels").campaign.labels) == [names[-2]]


def _single(account: Account, service: str, method: str, request: str, fill: Any) -> list[str]:
    message = account.client.get_type(request)
    message.customer_id = account.id
    fill(message)
    response = getattr(account.client.get_service(service), method)(request=message)
    results = response.results if "results" in response.DESCRIPTOR.fields_by_name else [response.result]
    return [result.resource_name for result in results]


def test_single_services_share_the_store(shop: Account) -> None:
    def list_of_people(request: Any) -> None:
        new = request.operations.add().create
        new.name, new.membership_life_span = shop.name("people"), 30
        new.crm_based_user_list.upload_key_type = shop.enum("CustomerMatchUploadKeyType", "CONTACT_INFO")

    people = _single(shop, "UserListService", "mutate_user_lists", "MutateUserListsRequest", list_of_people)[0]
    row = shop.one(
        f"SELECT user_list.type, user_list.membership_status FROM user_list WHERE user_list.resource_name = '{people}'"
    )
    assert row.user_list.type_ == shop.enum("UserListType", "CRM_BASED")

    def strategy(request: Any) -> None:
        new = request.operations.add().create
        new.name, new.target_spend.cpc_bid_ceiling_micros = shop.name("strategy"), 2_000_000

    portfolio = _single(
        shop, "BiddingStrategyService", "mutate_bidding_strategies", "MutateBiddingStrategiesRequest", strategy
    )[0]
    campaign = shop.tree()[1]
    outer, operation = shop.operation("campaign")
    operation.update.resource_name, operation.update.bidding_strategy = campaign, portfolio
    operation.update_mask.paths.append("bidding_strategy")
    shop.mutate(outer)
    found = shop.look("campaign", campaign, "bidding_strategy", "bidding_strategy_type").campaign
    assert (found.bidding_strategy, found.bidding_strategy_type) == (
        portfolio,
        shop.enum("BiddingStrategyType", "TARGET_SPEND"),
    )
    remove, operation = shop.operation("bidding_strategy")
    operation.remove = portfolio
    assert refused(shop.mutate, remove).codes == ["BiddingStrategyError.CANNOT_REMOVE_ASSOCIATED_STRATEGY"]


def test_customizers_and_parameters(shop: Account) -> None:
    group = shop.tree()[2]
    keyword = result_name(shop.mutate(shop.keyword("custom boots", group)).mutate_operation_responses[0])
    plan = Plan(shop)
    kind = shop.enum("CustomizerAttributeType", "PRICE")
    attribute = plan.add("customizer_attribute", "customizerAttributes", name=shop.name("price")[:40], type_=kind)
    for link, holder in (
        ("ad_group_customizer", {"ad_group": group}),
        ("customer_customizer", {}),
        ("ad_group_criterion_customizer", {"ad_group_criterion": keyword}),
    ):
        plan.add(link, customizer_attribute=attribute, value__type_=kind, value__string_value="100.0€", **holder)
    plan.add("ad_parameter", ad_group_criterion=keyword, parameter_index=1, insertion_text="100")
    names = plan.run()
    number = keyword.rpartition("/")[2]
    assert names[3].rpartition("/")[2] == f"{number}~{names[0].rpartition('/')[2]}"
    assert names[4].endswith(f"/{number}~1")
    wrong = Plan(shop)
    wrong.add(
        "campaign_customizer",
        campaign=shop.tree()[1],
        customizer_attribute=names[0],
        value__type_=kind,
        value__string_value="dear",
    )
    assert refused(wrong.run).codes == ["FieldError.INVALID_VALUE"]


def test_an_ad_is_changed_in_place(shop: Account) -> None:
    group = shop.tree()[2]
    made = result_name(shop.mutate(shop.search_ad(group)).mutate_operation_responses[0])
    outer, operation = shop.operation("ad")
    operation.update.resource_name = shop.path("ads", made.rpartition("~")[2])
    operation.update.final_urls.append("https://example.com/new")
    operation.update.responsive_search_ad.path1 = "new"
    operation.update_mask.paths.extend(["final_urls", "responsive_search_ad.path1"])
    shop.mutate(outer)
    ad = shop.look("ad_group_ad", made, "ad.final_urls", "ad.responsive_search_ad.path1").ad_group_ad.ad
    assert (list(ad.final_urls), ad.responsive_search_ad.path1) == (["https://example.com/new"], "new")
    operation.update.responsive_search_ad.path1 = "p" * 16
    assert refused(shop.mutate, outer).codes == ["AdError.LINE_TOO_WIDE"]


def test_goals_follow_conversion_actions(shop: Account) -> None:
    plan = Plan(shop)
    plan.add(
        "conversion_action",
        name=shop.name("action"),
        type_=shop.enum("ConversionActionType", "WEBPAGE"),
        category=shop.enum("ConversionActionCategory", "SIGNUP"),
        value_settings__default_value=3.5,
    )
    name = plan.run()[0]
    row = shop.look("conversion_action", name, "tag_snippets", "status")
    assert row.conversion_action.tag_snippets
    goal = shop.path("customerConversionGoals", "SIGNUP", "WEBSITE")
    outer, operation = shop.operation("customer_conversion_goal")
    operation.update.resource_name, operation.update.biddable = goal, False
    operation.update_mask.paths.append("biddable")
    shop.mutate(outer)
    assert shop.look("customer_conversion_goal", goal, "biddable").customer_conversion_goal.biddable is False


def test_a_budget_of_its_own_follows_its_campaign(shop: Account) -> None:
    budget, campaign, _ = shop.tree(name="Leader")
    assert shop.look("campaign_budget", budget, "name").campaign_budget.name == "Leader"
    outer, operation = shop.operation("campaign")
    operation.remove = campaign
    shop.mutate(outer)
    status = shop.look("campaign_budget", budget, "status", "reference_count").campaign_budget
    assert (status.status, status.reference_count) == (shop.enum("BudgetStatus", "REMOVED"), 0)
