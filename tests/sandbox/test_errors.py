"""The table of refusals: the request that provokes each error, its code, its place, its details."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.sandbox.conftest import Account, Refused, refused, result_name
from tests.sandbox.pictures import png


@dataclass
class Scene:
    """An account with a search tree that every case may build on."""

    account: Account
    budget: str
    campaign: str
    ad_group: str

    def update(self, kind: str, target: str, /, *paths: str, **values: Any) -> Any:
        outer, operation = self.account.operation(kind)
        operation.update.resource_name = target
        for field, value in values.items():
            setattr(operation.update, field, value)
        operation.update_mask.paths.extend(paths or values)
        return outer

    def remove(self, kind: str, name: str) -> Any:
        outer, operation = self.account.operation(kind)
        operation.remove = name
        return outer

    def create(self, kind: str, **values: Any) -> Any:
        outer, operation = self.account.operation(kind)
        for field, value in values.items():
            holder, _, leaf = field.rpartition("__")
            target = operation.create
            for part in holder.split("__") if holder else ():
                target = getattr(target, part)
            setattr(target, leaf, value)
        return outer

    def criterion(self, kind: str, parent: str, **values: Any) -> Any:
        return self.create(f"{kind}_criterion", **{kind: parent}, **values)

    def ad(self, **changes: Any) -> Any:
        operation = self.account.search_ad(self.ad_group, changes.pop("headlines", 3), changes.pop("descriptions", 2))
        ad = operation.ad_group_ad_operation.create.ad
        for field, value in changes.items():
            setattr(ad.responsive_search_ad, field, value)
        return operation


@pytest.fixture(scope="module")
def scene(server: Any, client_of: Any) -> Scene:
    account = Account(server.info["customer_ids"][2], client_of())
    return Scene(account, *account.tree())


Case = Callable[[Scene], list[Any]]


def _headline(scene: Scene, text: str) -> list[Any]:
    operation = scene.ad()
    operation.ad_group_ad_operation.create.ad.responsive_search_ad.headlines[1].text = text
    return [operation]


def _pin(scene: Scene, *slots: str) -> list[Any]:
    operation = scene.ad()
    lines = operation.ad_group_ad_operation.create.ad.responsive_search_ad.headlines
    for line, slot in zip(lines, slots, strict=False):
        line.pinned_field = scene.account.enum("ServedAssetFieldType", slot)
    return [operation]


def _url(scene: Scene, url: str) -> list[Any]:
    operation = scene.ad()
    operation.ad_group_ad_operation.create.ad.final_urls[:] = [url]
    return [operation]


def _plan(channel: str = "SEARCH", **values: Any) -> Case:
    return lambda scene: [scene.account.budget(), scene.account.campaign(channel=channel, **values)]


def _on_budget(scene: Scene) -> Any:
    return scene.account.campaign(campaign_budget=scene.budget)


def _total_budget(scene: Scene) -> Any:
    custom = scene.account.enum("BudgetPeriod", "CUSTOM_PERIOD")
    return scene.account.budget(amount_micros=None, total_amount_micros=900_000_000, period=custom)


def _networks(scene: Scene, **values: bool) -> list[Any]:
    campaign = scene.account.campaign()
    for name, value in values.items():
        setattr(campaign.campaign_operation.create.network_settings, name, value)
    return [scene.account.budget(), campaign]


def _bidding_of_clicks(scene: Scene) -> list[Any]:
    campaign = scene.account.campaign(channel="PERFORMANCE_MAX")
    campaign.campaign_operation.create.manual_cpc.SetInParent()
    return [scene.account.budget(), campaign]


def _no_url(scene: Scene) -> list[Any]:
    operation = scene.ad()
    del operation.ad_group_ad_operation.create.ad.final_urls[:]
    return [operation]


def _negative_bid(scene: Scene) -> Any:
    operation = scene.account.keyword("no", scene.ad_group, negative=True)
    operation.ad_group_criterion_operation.create.cpc_bid_micros = 1_000_000
    return operation


def _wrong_member(scene: Scene) -> list[Any]:
    kind = scene.account.enum("SharedSetType", "NEGATIVE_KEYWORDS")
    made = scene.create(
        "shared_set", resource_name=scene.account.path("sharedSets", -1), name=scene.account.name("s"), type_=kind
    )
    member = scene.create(
        "shared_criterion", shared_set=scene.account.path("sharedSets", -1), placement__url="example.com"
    )
    return [made, member]


CAMPAIGN, BUDGET = (
    "mutate_operations[1].campaign_operation.create",
    "mutate_operations[0].campaign_budget_operation.create",
)
AD = "mutate_operations[0].ad_group_ad_operation.create.ad.responsive_search_ad"
KEYWORD = "mutate_operations[0].ad_group_criterion_operation.create.keyword"
CRITERION = "mutate_operations[0].campaign_criterion_operation.create"
GERMANY, FAR = "geoTargetConstants/2276", "2031-01-01 00:00:00"

CASES: dict[str, tuple[Case, str, str]] = {
    # budgets
    "budget without an amount": (
        lambda s: [s.account.budget(amount_micros=None)],
        "FieldError.REQUIRED",
        f"{BUDGET}.amount_micros",
    ),
    "negative budget": (
        lambda s: [s.account.budget(amount_micros=-1)],
        "CampaignBudgetError.NEGATIVE_MONEY_AMOUNT",
        f"{BUDGET}.amount_micros",
    ),
    "budget with a fraction of a cent": (
        lambda s: [s.account.budget(amount_micros=20_000_001)],
        "CampaignBudgetError.NON_MULTIPLE_OF_MINIMUM_CURRENCY_UNIT",
        f"{BUDGET}.amount_micros",
    ),
    "budget beyond everything": (
        lambda s: [s.account.budget(amount_micros=2 * 10**16)],
        "CampaignBudgetError.MONEY_AMOUNT_TOO_LARGE",
        f"{BUDGET}.amount_micros",
    ),
    "daily budget with a total": (
        lambda s: [s.account.budget(total_amount_micros=10_000_000)],
        "CampaignBudgetError.TOTAL_BUDGET_AMOUNT_MUST_BE_UNSET_FOR_BUDGET_PERIOD_DAILY",
        f"{BUDGET}.total_amount_micros",
    ),
    "shared budget without a name": (
        lambda s: [s.account.budget(explicitly_shared=None)],
        "FieldError.REQUIRED",
        f"{BUDGET}.name",
    ),
    "budget in use": (
        lambda s: [s.remove("campaign_budget", s.budget)],
        "CampaignBudgetError.CAMPAIGN_BUDGET_IN_USE",
        "mutate_operations[0].campaign_budget_operation.remove",
    ),
    "second campaign on an own budget": (
        lambda s: [_on_budget(s)],
        "CampaignBudgetError.CANNOT_USE_IMPLICITLY_SHARED_CAMPAIGN_BUDGET_WITH_MULTIPLE_CAMPAIGNS",
        "mutate_operations[0].campaign_operation.create.campaign_budget",
    ),
    "total budget without an end": (
        lambda s: [_total_budget(s), s.account.campaign(channel="DEMAND_GEN")],
        "CampaignError.END_DATE_TIME_REQUIRED_FOR_TOTAL_BUDGET",
        f"{CAMPAIGN}.end_date_time",
    ),
    # campaigns
    "campaign without a name": (_plan(name=""), "FieldError.REQUIRED", f"{CAMPAIGN}.name"),
    "campaign name with a line break": (
        _plan(name="two\nlines"),
        "CampaignError.INVALID_CAMPAIGN_NAME",
        f"{CAMPAIGN}.name",
    ),
    "campaign name too long": (_plan(name="n" * 256), "StringLengthError.TOO_LONG", f"{CAMPAIGN}.name"),
    "campaign name taken": (
        lambda s: [
            s.account.budget(),
            s.account.campaign(name="Twin"),
            s.account.budget(-8),
            s.account.campaign(-9, -8, name="TWIN"),
        ],
        "CampaignError.DUPLICATE_CAMPAIGN_NAME",
        "mutate_operations[3].campaign_operation.create.name",
    ),
    "no declaration on EU political advertising": (
        _plan(contains_eu_political_advertising=0),
        "FieldError.REQUIRED",
        f"{CAMPAIGN}.contains_eu_political_advertising",
    ),
    "start in the past": (
        _plan(start_date_time="2020-01-01 00:00:00"),
        "DateRangeError.CANNOT_SET_DATE_TO_PAST",
        f"{CAMPAIGN}.start_date_time",
    ),
    "end before start": (
        _plan(start_date_time=FAR, end_date_time="2030-12-31 23:59:59"),
        "DateRangeError.START_DATE_AFTER_END_DATE",
        f"{CAMPAIGN}.end_date_time",
    ),
    "an old guide's date": (
        _plan(start_date_time="20310101"),
        "DateError.INVALID_STRING_DATE_TIME_SECONDS",
        f"{CAMPAIGN}.start_date_time",
    ),
    "a date that is none": (
        _plan(start_date_time="2031-02-30 00:00:00"),
        "DateError.INVALID_FIELD_VALUES_IN_DATE_TIME",
        f"{CAMPAIGN}.start_date_time",
    ),
    "start at noon": (
        _plan(start_date_time="2031-01-01 12:00:00"),
        "DateError.DATE_RANGE_ERROR_START_TIME_MUST_BE_THE_START_OF_A_DAY",
        f"{CAMPAIGN}.start_date_time",
    ),
    "end at noon": (
        _plan(end_date_time="2031-01-01 12:00:00"),
        "DateError.DATE_RANGE_ERROR_END_TIME_MUST_BE_THE_END_OF_A_DAY",
        f"{CAMPAIGN}.end_date_time",
    ),
    "no network": (
        lambda s: _networks(s, target_content_network=False),
        "CampaignError.CAMPAIGN_MUST_TARGET_AT_LEAST_ONE_NETWORK",
        f"{CAMPAIGN}.network_settings",
    ),
    "search partners without Google": (
        lambda s: _networks(s, target_search_network=True),
        "CampaignError.CANNOT_TARGET_SEARCH_NETWORK_WITHOUT_GOOGLE_SEARCH",
        f"{CAMPAIGN}.network_settings.target_search_network",
    ),
    "clicks bid in Performance Max": (
        _bidding_of_clicks,
        "BiddingError.CANNOT_CREATE_CAMPAIGN_WITH_BIDDING_STRATEGY",
        f"{CAMPAIGN}.manual_cpc",
    ),
    "budget that does not exist": (
        lambda s: [s.account.campaign(campaign_budget=s.account.path("campaignBudgets", 1))],
        "MutateError.RESOURCE_NOT_FOUND",
        "mutate_operations[0].campaign_operation.create.campaign_budget",
    ),
    "budget name that is none": (
        lambda s: [s.account.campaign(campaign_budget="budget")],
        "RequestError.RESOURCE_NAME_MALFORMED",
        "mutate_operations[0].campaign_operation.create.campaign_budget",
    ),
    "an enum number that does not exist": (_plan(status=77), "RequestError.INVALID_ENUM_VALUE", f"{CAMPAIGN}.status"),
    "UNKNOWN as a value": (_plan(status=1), "EnumError.ENUM_VALUE_NOT_PERMITTED", f"{CAMPAIGN}.status"),
    # ad groups
    "ad group without a name": (
        lambda s: [s.create("ad_group", campaign=s.campaign)],
        "FieldError.REQUIRED",
        "mutate_operations[0].ad_group_operation.create.name",
    ),
    "ad group name taken": (
        lambda s: [
            s.create("ad_group", campaign=s.campaign, name="Pair"),
            s.create("ad_group", campaign=s.campaign, name="Pair"),
        ],
        "AdGroupError.DUPLICATE_ADGROUP_NAME",
        "mutate_operations[1].ad_group_operation.create.name",
    ),
    "display ad group in a search campaign": (
        lambda s: [
            s.create("ad_group", campaign=s.campaign, name="x", type_=s.account.enum("AdGroupType", "DISPLAY_STANDARD"))
        ],
        "AdGroupError.AD_GROUP_TYPE_NOT_VALID_FOR_ADVERTISING_CHANNEL_TYPE",
        "mutate_operations[0].ad_group_operation.create.type",
    ),
    "bid with a fraction of a cent": (
        lambda s: [s.update("ad_group", s.ad_group, cpc_bid_micros=1_000_001)],
        "BiddingError.BID_TOO_MANY_FRACTIONAL_DIGITS",
        "mutate_operations[0].ad_group_operation.update.cpc_bid_micros",
    ),
    # responsive search ads
    "two headlines": (lambda s: [s.ad(headlines=2)], "CollectionSizeError.TOO_FEW", f"{AD}.headlines"),
    "sixteen headlines": (lambda s: [s.ad(headlines=16)], "CollectionSizeError.TOO_MANY", f"{AD}.headlines"),
    "one description": (lambda s: [s.ad(descriptions=1)], "CollectionSizeError.TOO_FEW", f"{AD}.descriptions"),
    "31 characters": (lambda s: _headline(s, "h" * 31), "AdError.LINE_TOO_WIDE", f"{AD}.headlines[1].text"),
    "16 wide characters": (lambda s: _headline(s, "広" * 16), "AdError.LINE_TOO_WIDE", f"{AD}.headlines[1].text"),
    "the same headline twice": (
        lambda s: _headline(s, "Headline number 0"),
        "AssetError.DUPLICATE_ASSET",
        f"{AD}.headlines[1].text",
    ),
    "path2 without path1": (lambda s: [s.ad(path2="shop")], "AdError.CANNOT_SET_PATH2_WITHOUT_PATH1", f"{AD}.path2"),
    "path too long": (lambda s: [s.ad(path1="p" * 16)], "AdError.LINE_TOO_WIDE", f"{AD}.path1"),
    "pin of another list": (
        lambda s: _pin(s, "DESCRIPTION_1"),
        "AssetLinkError.INVALID_PINNED_FIELD",
        f"{AD}.headlines[0].pinned_field",
    ),
    "everything pinned to one slot": (
        lambda s: _pin(s, "HEADLINE_1", "HEADLINE_1", "HEADLINE_1"),
        "AssetLinkError.NOT_ENOUGH_AVAILABLE_ASSET_LINKS_FOR_VALID_COMBINATION",
        f"{AD}.headlines",
    ),
    "no final URL": (_no_url, "FieldError.REQUIRED", "mutate_operations[0].ad_group_ad_operation.create.ad.final_urls"),
    "final URL without protocol": (
        lambda s: _url(s, "www.example.com"),
        "UrlFieldError.MISSING_PROTOCOL_IN_FINAL_URL",
        "mutate_operations[0].ad_group_ad_operation.create.ad.final_urls[0]",
    ),
    "final URL by ftp": (
        lambda s: _url(s, "ftp://example.com"),
        "UrlFieldError.INVALID_PROTOCOL_IN_FINAL_URL",
        "mutate_operations[0].ad_group_ad_operation.create.ad.final_urls[0]",
    ),
    # keywords
    "81 characters": (
        lambda s: [s.account.keyword("k" * 81, s.ad_group)],
        "CriterionError.KEYWORD_TEXT_TOO_LONG",
        f"{KEYWORD}.text",
    ),
    "11 words": (
        lambda s: [s.account.keyword("a " * 11, s.ad_group)],
        "CriterionError.KEYWORD_HAS_TOO_MANY_WORDS",
        f"{KEYWORD}.text",
    ),
    "odd characters": (
        lambda s: [s.account.keyword("shoes, boots", s.ad_group)],
        "CriterionError.KEYWORD_HAS_INVALID_CHARS",
        f"{KEYWORD}.text",
    ),
    "broad match modifier": (
        lambda s: [s.account.keyword("+red shoes", s.ad_group)],
        "CriterionError.BROAD_MATCH_MODIFIER_KEYWORD_NOT_ALLOWED",
        f"{KEYWORD}.text",
    ),
    "the same keyword twice": (
        lambda s: [s.account.keyword("twice", s.ad_group), s.account.keyword("Twice", s.ad_group)],
        "MutateError.RESOURCE_ALREADY_EXISTS",
        "mutate_operations[1].ad_group_criterion_operation.create",
    ),
    "wanted and excluded": (
        lambda s: [s.account.keyword("both", s.ad_group), s.account.keyword("both", s.ad_group, negative=True)],
        "AdGroupCriterionError.CANNOT_TARGET_AND_EXCLUDE",
        "mutate_operations[1].ad_group_criterion_operation.create",
    ),
    "bid on an exclusion": (
        lambda s: [_negative_bid(s)],
        "CriterionError.FIELD_INCOMPATIBLE_WITH_NEGATIVE_TARGETING",
        "mutate_operations[0].ad_group_criterion_operation.create.cpc_bid_micros",
    ),
    "positive keyword on a campaign": (
        lambda s: [s.criterion("campaign", s.campaign, keyword__text="x", keyword__match_type=2)],
        "CriterionError.CANNOT_ADD_CRITERIA_TYPE",
        f"{CRITERION}.keyword",
    ),
    # targeting
    "criterion without content": (
        lambda s: [s.criterion("campaign", s.campaign)],
        "CriterionError.CONCRETE_TYPE_REQUIRED",
        f"{CRITERION}.criterion",
    ),
    "bid modifier too high": (
        lambda s: [s.criterion("campaign", s.campaign, location__geo_target_constant=GERMANY, bid_modifier=11.0)],
        "RangeError.TOO_HIGH",
        f"{CRITERION}.bid_modifier",
    ),
    "modified exclusion": (
        lambda s: [
            s.criterion("campaign", s.campaign, location__geo_target_constant=GERMANY, negative=True, bid_modifier=1.5)
        ],
        "CriterionError.CANNOT_BID_MODIFY_NEGATIVE_CRITERION",
        f"{CRITERION}.bid_modifier",
    ),
    "excluded language": (
        lambda s: [
            s.criterion("campaign", s.campaign, language__language_constant="languageConstants/1000", negative=True)
        ],
        "CampaignCriterionError.CANNOT_EXCLUDE_CRITERIA_TYPE",
        f"{CRITERION}.language",
    ),
    "nowhere around": (
        lambda s: [s.criterion("campaign", s.campaign, proximity__radius=5.0)],
        "CriterionError.PROXIMITY_GEOPOINT_AND_ADDRESS_BOTH_CANNOT_BE_NULL",
        f"{CRITERION}.proximity",
    ),
    # labels, sets, assets, conversions
    "label colour": (
        lambda s: [s.create("label", name=s.account.name("l"), text_label__background_color="red")],
        "StringFormatError.INVALID_FORMAT",
        "mutate_operations[0].label_operation.create.text_label.background_color",
    ),
    "label name too long": (
        lambda s: [s.create("label", name="l" * 81)],
        "LabelError.INVALID_LABEL_NAME",
        "mutate_operations[0].label_operation.create.name",
    ),
    "asset without data": (
        lambda s: [s.create("asset", name="empty")],
        "AssetError.ASSET_DATA_IS_MISSING",
        "mutate_operations[0].asset_operation.create.asset_data",
    ),
    "not an image": (
        lambda s: [s.create("asset", image_asset__data=b"text")],
        "ImageError.INVALID_IMAGE",
        "mutate_operations[0].asset_operation.create.image_asset.data",
    ),
    "not a video": (
        lambda s: [s.create("asset", youtube_video_asset__youtube_video_id="short")],
        "MediaFileError.INVALID_YOU_TUBE_ID",
        "mutate_operations[0].asset_operation.create.youtube_video_asset.youtube_video_id",
    ),
    "set of the wrong kind": (
        _wrong_member,
        "SharedCriterionError.CRITERION_TYPE_NOT_ALLOWED_FOR_SHARED_SET_TYPE",
        "mutate_operations[1].shared_criterion_operation.create.placement",
    ),
    "conversion action without type": (
        lambda s: [s.create("conversion_action", name="x")],
        "FieldError.REQUIRED",
        "mutate_operations[0].conversion_action_operation.create.type",
    ),
    "conversion window": (
        lambda s: [
            s.create(
                "conversion_action",
                name=s.account.name("a"),
                type_=s.account.enum("ConversionActionType", "UPLOAD_CLICKS"),
                click_through_lookback_window_days=91,
            )
        ],
        "RangeError.TOO_HIGH",
        "mutate_operations[0].conversion_action_operation.create.click_through_lookback_window_days",
    ),
    # removed things
    "update of what never was": (
        lambda s: [s.update("campaign", s.account.path("campaigns", 1), name="x")],
        "MutateError.RESOURCE_NOT_FOUND",
        "mutate_operations[0].campaign_operation.update.resource_name",
    ),
    "update without a name": (
        lambda s: [s.update("campaign", "", name="x")],
        "RequestError.RESOURCE_NAME_MISSING",
        "mutate_operations[0].campaign_operation.update.resource_name",
    ),
    "another kind's name": (
        lambda s: [s.update("campaign", s.ad_group, name="x")],
        "RequestError.RESOURCE_NAME_MALFORMED",
        "mutate_operations[0].campaign_operation.update.resource_name",
    ),
    "removed through an update": (
        lambda s: [s.update("ad_group", s.ad_group, status=4)],
        "EnumError.ENUM_VALUE_NOT_PERMITTED",
        "mutate_operations[0].ad_group_operation.update.status",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_refusals(scene: Scene, name: str) -> None:
    build, code, path = CASES[name]
    answer: Refused = refused(scene.account.mutate, *build(scene))
    assert (code, path) in [error[:2] for error in answer.errors]
    assert len(answer.errors) == 1
    assert answer.status == "INVALID_ARGUMENT"
    assert answer.request_id
    assert answer.errors[0][2].message


def test_budget_below_the_minimum_of_demand_gen(scene: Scene) -> None:
    account = scene.account
    answer = refused(account.mutate, account.budget(amount_micros=1_000_000), account.campaign(channel="DEMAND_GEN"))
    code, path, error = answer.errors[0]
    assert (code, path) == ("CampaignBudgetError.BUDGET_BELOW_PER_DAY_MINIMUM", f"{CAMPAIGN}.campaign_budget")
    details = error.details.budget_per_day_minimum_error_details
    assert details.failed_budget_amount_micros == 1_000_000
    assert details.budget_per_day_minimum_micros == details.minimum_budget_amount_micros > 1_000_000
    assert len(details.currency_code) == 3


def test_a_shared_budget_stays_shared(scene: Scene) -> None:
    account = scene.account
    made = account.mutate(account.budget(name=account.name("shared"), explicitly_shared=True))
    name = result_name(made.mutate_operation_responses[0])
    answer = refused(account.mutate, scene.update("campaign_budget", name, "explicitly_shared"))
    assert answer.codes == ["CampaignBudgetError.CANNOT_UPDATE_CAMPAIGN_BUDGET_TO_IMPLICITLY_SHARED"]


def test_demand_gen_takes_no_shared_budget(scene: Scene) -> None:
    account = scene.account
    shared = account.budget(name=account.name("shared"), explicitly_shared=None)
    answer = refused(account.mutate, shared, account.campaign(channel="DEMAND_GEN"))
    assert answer.only() == ("CampaignError.CAMPAIGN_CANNOT_USE_SHARED_BUDGET", f"{CAMPAIGN}.campaign_budget")


def test_the_fourth_enabled_search_ad_is_too_many(scene: Scene) -> None:
    account = scene.account
    group = account.tree()[2]
    account.mutate(*(account.search_ad(group) for _ in range(3)))
    answer = refused(account.mutate, account.search_ad(group))
    code, _, error = answer.errors[0]
    counts = error.details.resource_count_details
    assert code == "ResourceCountLimitExceededError.RESOURCE_LIMIT"
    limit_type = account.enum("ResourceLimitType", "RESPONSIVE_SEARCH_ADS_PER_AD_GROUP")
    assert (counts.limit, counts.existing_count, counts.limit_type) == (3, 3, limit_type)
    assert counts.enclosing_id == group.rpartition("/")[2]


def test_negative_keywords_cannot_be_updated_or_labelled(scene: Scene) -> None:
    account = scene.account
    made = account.mutate(account.keyword("never", scene.ad_group, negative=True)).mutate_operation_responses[0]
    name = result_name(made)
    answer = refused(account.mutate, scene.update("ad_group_criterion", name, status=3))
    assert answer.codes == ["AdGroupCriterionError.CANT_UPDATE_NEGATIVE"]
    label = account.mutate(scene.create("label", name=account.name("label"))).mutate_operation_responses[0]
    linked = scene.create("ad_group_criterion_label", ad_group_criterion=name, label=result_name(label))
    assert refused(account.mutate, linked).codes == ["LabelError.CANNOT_APPLY_LABEL_TO_NEGATIVE_AD_GROUP_CRITERION"]


def test_what_is_removed_stays_removed(scene: Scene) -> None:
    account = scene.account
    names = account.tree()
    account.mutate(scene.remove("campaign", names[1]))
    again = refused(account.mutate, scene.update("campaign", names[1], name="back"))
    assert again.codes == ["ContextError.OPERATION_NOT_PERMITTED_FOR_REMOVED_RESOURCE"]
    under = refused(account.mutate, scene.create("ad_group", campaign=names[1], name="x"))
    assert under.codes == ["OperationAccessDeniedError.OPERATION_NOT_PERMITTED_FOR_REMOVED_RESOURCE"]


def test_a_started_campaign_keeps_its_start(scene: Scene) -> None:
    name = scene.account.tree()[1]
    answer = refused(scene.account.mutate, scene.update("campaign", name, start_date_time=FAR))
    assert answer.codes == ["DateRangeError.CANNOT_MODIFY_START_DATE_IF_ALREADY_STARTED"]


def test_one_undeclared_campaign_blocks_the_account_until_it_is_declared(server: Any, client_of: Any) -> None:
    account = Account(server.info["customer_ids"][3], client_of())
    budget, campaign, _ = account.tree()
    edit = {"missing_eu_political_advertising_declaration": True, "contains_eu_political_advertising": None}
    server.change(resource_name=campaign, fields=edit)
    blocked = refused(account.mutate, account.keyword("x", account.path("adGroups", 1)))
    assert blocked.codes == ["MutateError.EU_POLITICAL_ADVERTISING_DECLARATION_REQUIRED"]
    offenders = account.rows(
        "SELECT campaign.id FROM campaign WHERE campaign.missing_eu_political_advertising_declaration = TRUE"
    )
    assert [row.campaign.resource_name for row in offenders] == [campaign]
    outer, operation = account.operation("campaign")
    operation.update.resource_name = campaign
    no = "DOES_NOT_CONTAIN_EU_POLITICAL_ADVERTISING"
    operation.update.contains_eu_political_advertising = account.enum("EuPoliticalAdvertisingStatus", no)
    operation.update_mask.paths.append("contains_eu_political_advertising")
    account.mutate(outer)
    account.mutate(account.budget())
    assert budget


def test_outside_the_union_nobody_need_declare(scene: Scene) -> None:
    account = scene.account
    place = scene.criterion(
        "campaign", account.path("campaigns", -2), location__geo_target_constant="geoTargetConstants/2840"
    )
    account.mutate(account.budget(), account.campaign(contains_eu_political_advertising=0), place)
    inside = scene.criterion("campaign", account.path("campaigns", -2), location__geo_target_constant=GERMANY)
    answer = refused(account.mutate, account.budget(), account.campaign(contains_eu_political_advertising=0), inside)
    assert answer.only() == ("FieldError.REQUIRED", f"{CAMPAIGN}.contains_eu_political_advertising")


def test_pictures_must_fit_their_field(scene: Scene) -> None:
    account = scene.account
    images = [account.mutate(scene.create("asset", image_asset__data=png(*size))) for size in ((1200, 628), (200, 200))]
    wide, small = (result_name(response.mutate_operation_responses[0]) for response in images)
    outer, operation = account.operation("ad_group_ad")
    new = operation.create
    new.ad_group = account.path("adGroups", -3)
    new.ad.final_urls.append("https://example.com")
    info = new.ad.demand_gen_multi_asset_ad
    info.business_name = "Example"
    info.headlines.add().text, info.descriptions.add().text = "Hello", "A description"
    info.marketing_images.add().asset, info.square_marketing_images.add().asset = small, wide
    info.logo_images.add().asset = small
    answer = refused(
        account.mutate, account.budget(), account.campaign(channel="DEMAND_GEN"), account.ad_group(), outer
    )
    path = "mutate_operations[3].ad_group_ad_operation.create.ad.demand_gen_multi_asset_ad"
    assert [error[:2] for error in answer.errors] == [
        ("ImageError.IMAGE_TOO_SMALL", f"{path}.marketing_images[0].asset"),
        ("ImageError.ASPECT_RATIO_NOT_ALLOWED", f"{path}.square_marketing_images[0].asset"),
    ]


def test_the_same_picture_keeps_its_first_name(scene: Scene) -> None:
    account, data = scene.account, png(640, 640)
    first, second = (
        result_name(
            account.mutate(scene.create("asset", name=name, image_asset__data=data)).mutate_operation_responses[0]
        )
        for name in ("first", "second")
    )
    assert first == second
    row = account.one(
        f"SELECT asset.name, asset.image_asset.full_size.width_pixels FROM asset WHERE asset.resource_name = '{first}'"
    )
    assert (row.asset.name, row.asset.image_asset.full_size.width_pixels) == ("first", 640)
