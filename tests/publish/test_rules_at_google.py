"""R2.3: each rule of the strict check, held against the sandbox: what we refuse, Google refuses when it is sent raw.

A draft that breaks one rule has its finding at the right place; the same operations, sent without the check, are
refused with Google's code. What cannot be compared is listed with the reason, so that no rule is forgotten.
"""

from __future__ import annotations

import copy
import io
import time
import uuid
from dataclasses import dataclass
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select

from backend.adgraph.models import Campaign, Customer
from backend.auth.credentials import gateway_for
from backend.campaigns.loading import load_tree
from backend.campaigns.rules import BY_CODE, RULES
from backend.core import tenancy
from backend.core.db import unit_of_work
from backend.integrations.googleads import requests
from backend.integrations.googleads.errors import Refused
from backend.publish.planner import plan_publish
from backend.sandbox.googleads.handlers import ad_groups, criteria
from tests.campaigns.test_children import search_tree
from tests.publish import forms
from tests.publish.conftest import Place
from tests.publish.test_dry_run import Fault, both, put, sitelink
from tests.support.sandbox import Sandbox

Form = dict[str, Any]
AD = "ad_groups/0/ads/0"
GROUP = "asset_groups/0"


@dataclass(frozen=True)
class Case:
    """A draft that breaks one rule, where its finding stands, and Google's code for it."""

    rule: str
    fault: Fault
    pointer: str
    google: str
    kind: str = "SEARCH"
    logo: tuple[int, int] | None = None  # the size of an image that is uploaded as the first ad's logo


def keep(form: Form) -> None:
    """The fault is in the form already, or in an image."""


def more(path: str, count: int) -> Fault:
    """Repeat the first item of a list, each copy with a name of its own."""

    def change(form: Form) -> None:
        *outer, last = path.split("/")
        place: Any = form
        for name in outer:
            place = place[int(name)] if isinstance(place, list) else place[name]
        place[last] = [copy.deepcopy(place[last][0]) | {"name": f"Number {number}"} for number in range(count)]

    return change


def images(landscape: int, square: int) -> Fault:
    """So many different images of two forms."""

    def change(form: Form) -> None:
        ad = form["ad_groups"][0]["ads"][0]
        for name, count in (("marketing_images", landscape), ("square_marketing_images", square)):
            url = ad[name][0]["url"]
            ad[name] = [{"url": url}, *({"url": url.replace(".png", f"-{n}.png")} for n in range(1, count))]

    return change


def hours(*slots: tuple[str, int, int]) -> Fault:
    """An ad schedule."""
    return put(
        "targeting/ad_schedule",
        [{"day_of_week": day, "start_hour": start, "end_hour": end} for day, start, end in slots],
    )


def text_with(**changes: Any) -> list[Any]:
    """Three headlines, the first with changes."""
    return [{"text": "Garden chairs", **changes}, "Fast delivery", "Made to last"]


def ad_case(rule: str, name: str, value: Any, google: str, kind: str = "SEARCH", at: str = "") -> Case:
    """A fault in one field of the first ad; the finding stands at the field, or at an item of it."""
    return Case(rule, put(f"{AD}/{name}", value), f"/{AD}/{name}{at}", google, kind)


def word_case(rule: str, text: str, google: str) -> Case:
    """A fault in the text of the first keyword."""
    return Case(rule, put("ad_groups/0/keywords/0", text), "/ad_groups/0/keywords/0/text", f"CriterionError.{google}")


def many(name: str, count: int, google: str, kind: str = "SEARCH") -> Case:
    """Too few or too many texts of one kind."""
    return ad_case("text_count", name, [f"Chair {number}" for number in range(count)], google, kind)


TOO_LONG, TOO_WIDE = "StringLengthError.TOO_LONG", "AdError.LINE_TOO_WIDE"
TOO_FEW, TOO_MANY = "CollectionSizeError.TOO_FEW", "CollectionSizeError.TOO_MANY"
ALREADY = "MutateError.RESOURCE_ALREADY_EXISTS"
REQUIRED, LIMIT = "FieldError.REQUIRED", "ResourceCountLimitExceededError.RESOURCE_LIMIT"
CALLOUTS = [{"field_type": "CALLOUT", "callout_text": f"Callout {number}"} for number in range(21)]
PINNED = [{"text": text, "pinned_field": "HEADLINE_1"} for text in ("Garden chairs", "Fast", "Made to last")]
FORBIDDEN = "!@%,*^()={};~`<>?\\|"
TWICE = ["garden chair", "Garden Chair"]
CASES = [
    ad_case("required", "business_name", None, REQUIRED, "DISPLAY"),
    Case("name_length", put("name", "n" * 256), "/name", TOO_LONG),
    Case("ad_group_name_length", put("ad_groups/0/name", "n" * 256), "/ad_groups/0/name", TOO_LONG),
    Case("asset_group_name_length", put(f"{GROUP}/name", "n" * 129), f"/{GROUP}/name", TOO_LONG, "PERFORMANCE_MAX"),
    Case(
        "duplicate_name", put("ad_groups/1/name", "Chairs"), "/ad_groups/1/name", "AdGroupError.DUPLICATE_ADGROUP_NAME"
    ),
    Case(
        "duplicate_name",
        put("asset_groups/1/name", "chairs"),
        "/asset_groups/1/name",
        "AssetGroupError.DUPLICATE_NAME",
        "PERFORMANCE_MAX",
    ),
    Case(
        "budget_positive",
        put("daily_budget", 0),
        "/daily_budget",
        "CampaignBudgetError.MONEY_AMOUNT_LESS_THAN_CURRENCY_MINIMUM_CPC",
    ),
    Case(
        "budget_whole_cents",
        put("daily_budget", 12_345_678),
        "/daily_budget",
        "CampaignBudgetError.NON_MULTIPLE_OF_MINIMUM_CURRENCY_UNIT",
    ),
    Case(
        "budget_not_shared",
        put("budget", {"explicitly_shared": True, "name": "Shared"}),
        "/budget/explicitly_shared",
        "CampaignError.CAMPAIGN_CANNOT_USE_SHARED_BUDGET",
        "DEMAND_GEN",
    ),
    Case(
        "total_budget_needs_end",
        both(put("daily_budget", None), put("budget", {"total_amount_micros": 90_000_000})),
        "/end_date",
        "CampaignError.END_DATE_TIME_REQUIRED_FOR_TOTAL_BUDGET",
    ),
    Case("start_in_past", put("start_date", "2020-01-01"), "/start_date", "DateRangeError.CANNOT_SET_DATE_TO_PAST"),
    Case("end_in_past", put("end_date", "2020-01-31"), "/end_date", "DateRangeError.CANNOT_SET_DATE_TO_PAST"),
    Case(
        "bidding_not_allowed",
        put("bidding", "manual_cpm"),
        "/bidding/manual_cpm",
        "BiddingError.CANNOT_CREATE_CAMPAIGN_WITH_BIDDING_STRATEGY",
    ),
    Case("objective_required", put("objective", None), "/objective", REQUIRED),
    Case(
        "eu_declaration_required",
        put("contains_eu_political_advertising", None),
        "/contains_eu_political_advertising",
        REQUIRED,
    ),
    Case("rsa_count", more("ad_groups/0/ads", 4), "/ad_groups/0/ads", LIMIT),
    Case("ads_count", more("ad_groups/0/ads", 51), "/ad_groups/0/ads", LIMIT, "DISPLAY"),
    ad_case(
        "ad_type_not_allowed", "type", "RESPONSIVE_DISPLAY_AD", "AdError.PRODUCT_TYPE_NOT_SUPPORTED_IN_THIS_CAMPAIGN"
    ),
    Case(
        "keywords_not_allowed",
        put("ad_groups/0/keywords", ["garden chair"]),
        "/ad_groups/0/keywords",
        "CriterionError.CANNOT_ADD_CRITERIA_TYPE",
        "DEMAND_GEN",
    ),
    word_case("keyword_length", "k" * 81, "KEYWORD_TEXT_TOO_LONG"),
    word_case("keyword_words", "a b c d e f g h i j k", "KEYWORD_HAS_TOO_MANY_WORDS"),
    *(
        word_case("keyword_characters", f"chair {char} x", "KEYWORD_HAS_INVALID_CHARS")
        for char in "!@%,*^()={};~`<>?\\|"
    ),
    word_case("keyword_modifier", "+teak chair", "BROAD_MATCH_MODIFIER_KEYWORD_NOT_ALLOWED"),
    Case("keyword_duplicate", put("ad_groups/0/keywords", TWICE), "/ad_groups/0/keywords/1", ALREADY),
    ad_case("text_width", "headlines", text_with(text="w" * 31), TOO_WIDE, at="/0"),
    ad_case("text_width", "headlines", text_with(text="椅" * 16), TOO_WIDE, at="/0"),
    ad_case("text_width", "descriptions", ["d" * 91, "Sturdy."], TOO_WIDE, at="/0"),
    ad_case("text_width", "long_headlines", ["l" * 91], TOO_WIDE, "DISPLAY", at="/0"),
    many("headlines", 16, TOO_MANY),
    many("headlines", 2, TOO_FEW),
    many("descriptions", 5, TOO_MANY),
    many("descriptions", 1, TOO_FEW),
    many("headlines", 6, TOO_MANY, "DEMAND_GEN"),
    many("descriptions", 6, TOO_MANY, "DISPLAY"),
    ad_case("text_duplicate", "headlines", [*TWICE, "Made to last"], "AssetError.DUPLICATE_ASSET", at="/1"),
    ad_case(
        "pin_invalid",
        "headlines",
        text_with(pinned_field="DESCRIPTION_1"),
        "AssetLinkError.INVALID_PINNED_FIELD",
        at="/0/pinned_field",
    ),
    ad_case(
        "pin_leaves_too_few",
        "headlines",
        PINNED,
        "AssetLinkError.NOT_ENOUGH_AVAILABLE_ASSET_LINKS_FOR_VALID_COMBINATION",
    ),
    ad_case("business_name_width", "business_name", "n" * 26, TOO_WIDE, "DISPLAY"),
    ad_case("path_width", "path1", "p" * 16, TOO_WIDE),
    Case(
        "path2_needs_path1",
        both(put(f"{AD}/path1", None), put(f"{AD}/path2", "sale")),
        f"/{AD}/path2",
        "AdError.CANNOT_SET_PATH2_WITHOUT_PATH1",
    ),
    ad_case("url_required", "final_urls", [], REQUIRED),
    ad_case("url_invalid", "final_urls", ["www.example.com"], "UrlFieldError.MISSING_PROTOCOL_IN_FINAL_URL", at="/0"),
    ad_case("url_invalid", "final_urls", ["ftp://example.com"], "UrlFieldError.INVALID_PROTOCOL_IN_FINAL_URL", at="/0"),
    ad_case("url_invalid", "final_urls", ["https://chairs"], "UrlFieldError.INVALID_TLD_IN_FINAL_URL", at="/0"),
    Case(
        "url_invalid",
        put("ad_groups/0/keywords/0", {"text": "oak", "final_urls": ["ftp://example.com"]}),
        "/ad_groups/0/keywords/0/final_urls/0",
        "UrlFieldError.INVALID_PROTOCOL_IN_FINAL_URL",
    ),
    ad_case("image_required", "logo_images", [], TOO_FEW, "DEMAND_GEN"),
    ad_case("image_required", "square_marketing_images", [], TOO_FEW, "DISPLAY"),
    Case("image_size", keep, f"/{AD}/logo_images/0", "ImageError.IMAGE_TOO_SMALL", "DEMAND_GEN", (100, 100)),
    Case("image_ratio", keep, f"/{AD}/logo_images/0", "ImageError.ASPECT_RATIO_NOT_ALLOWED", "DEMAND_GEN", (300, 200)),
    Case("image_count", images(8, 8), f"/{AD}/marketing_images", TOO_MANY, "DISPLAY"),
    Case("image_count", images(11, 10), f"/{AD}/marketing_images", TOO_MANY, "DEMAND_GEN"),
    Case(
        "video_required",
        put("ad_groups/1/ads/0/youtube_videos", []),
        "/ad_groups/1/ads/0/youtube_videos",
        TOO_FEW,
        "DEMAND_GEN",
    ),
    ad_case("video_count", "youtube_videos", [f"dQw4w9Wg{n}Q" for n in range(10, 16)], TOO_MANY, "DISPLAY"),
    ad_case("colors_both", "accent_color", None, REQUIRED, "DISPLAY"),
    ad_case("call_to_action_width", "call_to_action_text", "b" * 31, TOO_WIDE, "DISPLAY"),
    Case("card_headline_width", keep, f"/{AD}/carousel_cards/0/headline", TOO_WIDE, "CAROUSEL"),
    Case("sitelink_text", put("asset_links", sitelink(link_text="l" * 26)), "/asset_links/0/link_text", TOO_LONG),
    Case(
        "sitelink_description",
        put("asset_links", sitelink(description1="d" * 36, description2="Sale")),
        "/asset_links/0/description1",
        TOO_LONG,
    ),
    Case(
        "sitelink_description",
        put("asset_links", sitelink(description1="One")),
        "/asset_links/0/description1",
        REQUIRED,
    ),
    Case("callout_text", put("asset_links/1/callout_text", "c" * 26), "/asset_links/1/callout_text", TOO_LONG),
    Case("asset_links_count", put("asset_links", CALLOUTS), "/asset_links", LIMIT),
    Case(
        "schedule_invalid",
        hours(("MONDAY", 18, 8)),
        "/targeting/ad_schedule/0",
        "CriterionError.AD_SCHEDULE_INVALID_TIME_INTERVAL",
    ),
    Case(
        "schedule_overlap",
        hours(("MONDAY", 8, 12), ("TUESDAY", 8, 12), ("MONDAY", 11, 13)),
        "/targeting/ad_schedule/2",
        "CriterionError.AD_SCHEDULE_TIME_INTERVALS_OVERLAP",
    ),
    Case(
        "schedule_intervals",
        hours(*(("MONDAY", hour, hour + 1) for hour in range(0, 14, 2))),
        "/targeting/ad_schedule/6",
        "CriterionError.AD_SCHEDULE_EXCEEDED_INTERVALS_PER_DAY_LIMIT",
    ),
    Case(
        "bid_modifier",
        put("targeting/locations", [{"id": "2276", "bid_modifier": 11}]),
        "/targeting/locations/0/bid_modifier",
        "RangeError.TOO_HIGH",
    ),
    Case(
        "device_modifier",
        put("targeting/devices", [{"type": "MOBILE", "bid_modifier": 12}]),
        "/targeting/devices/0/bid_modifier",
        "RangeError.TOO_HIGH",
    ),
    Case(
        "ad_groups_not_allowed",
        put("ad_groups", [{"name": "Chairs"}]),
        "/ad_groups",
        "AdGroupError.CANNOT_ADD_AD_GROUP_FOR_CAMPAIGN_TYPE",
        "PERFORMANCE_MAX",
    ),
    Case(
        "asset_groups_not_allowed",
        put("campaign_type", "DISPLAY"),
        "/asset_groups",
        "AssetGroupError.CANNOT_ADD_ASSET_GROUP_FOR_CAMPAIGN_TYPE",
        "PERFORMANCE_MAX",
    ),
    Case(
        "short_description_required",
        put(f"{GROUP}/descriptions", ["d" * 61, "e" * 61]),
        f"/{GROUP}/descriptions",
        "AssetGroupError.SHORT_DESCRIPTION_REQUIRED",
        "PERFORMANCE_MAX",
    ),
]
WRITTEN = "it is refused when it is written, so that no draft can hold it"
MANY = "so many rows are made in the soaks only; the numbers are compared below"
OURS = "Google makes such a campaign, which would never be shown"
NOT_COMPARED = {
    "budget_single": "a request has one field for the two: it cannot say both",
    "bidding_single": "a request has one field for all strategies: it cannot say two",
    "negative_bid": "the plan sends no bid with a negative",
    "budget_minimum_demand_gen": "compared below, in an account of US dollars",
    "bid_positive": "Google takes zero for no bid; less is refused when it is written",
    "end_before_start": WRITTEN,
    "keyword_match_type": WRITTEN,
    "location_invalid": WRITTEN,
    "text_control_characters": WRITTEN,
    "shared_set_name": WRITTEN,
    "shared_set_name_taken": WRITTEN,
    "shared_sets_count": WRITTEN,
    "image_bytes": WRITTEN,
    "image_type": WRITTEN,
    "image_pending": "there is nothing to send yet",
    "image_failed": "there is nothing to send",
    "cards_count": "cards need images that exist: tests/publish/test_large.py",
    "ad_groups_count": MANY,
    "asset_groups_count": MANY,
    "keywords_count": MANY,
    "negative_keywords_count": MANY,
    "shared_set_keywords_count": MANY,
    "ad_groups_required": OURS,
    "asset_groups_required": OURS,
    "ads_required": OURS,
    "keywords_required": OURS,
}


def base(kind: str, account: str, images: dict[str, str]) -> Form:
    """A campaign without a fault; the first card of the carousel has one."""
    if kind == "SEARCH":
        return search_tree(account)
    form = forms.whole("DEMAND_GEN" if kind == "CAROUSEL" else kind, "WEBSITE_TRAFFIC", account, images)
    for name in ("start_date", "end_date", "tracking_url_template", "final_url_suffix"):
        form.pop(name)
    if kind == "CAROUSEL":
        card = {"marketing_image": {"url": images["landscape"]}}
        ad = {name: form["ad_groups"][0]["ads"][0][name] for name in ("business_name", "final_urls", "logo_images")}
        ad |= {"type": "DEMAND_GEN_CAROUSEL_AD", "headlines": ["Chairs"], "descriptions": ["Made to last."]}
        ad["carousel_cards"] = [card | {"headline": text} for text in ("c" * 41, "Two")]
        form["ad_groups"] = [{"name": "Everyone", "ads": [ad]}]
    return form


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule} {case.google}")
def test_what_the_check_refuses_google_refuses(place: Place, sandbox: Sandbox, case: Case) -> None:
    form = base(case.kind, place.account, sandbox.info["images"])
    case.fault(form)
    if case.logo:
        form["ad_groups"][0]["ads"][0]["logo_images"] = [{"asset_id": _uploaded(place, case.logo)}]
    made = place.team.client.post("/api/campaigns", json=form)
    assert made.status_code == 201, made.text
    campaign_id = made.get_json()["id"]

    problems = _problems(place, campaign_id)
    codes = _refused_raw(place, campaign_id)

    assert (case.pointer, case.rule) in problems
    assert case.google in codes


def _uploaded(place: Place, size: tuple[int, int]) -> str:
    out = io.BytesIO()
    Image.new("RGB", size, "teal").save(out, "PNG")
    query = {"customer_id": place.account}
    headers = {"Content-Type": "image/png"}
    made = place.team.client.post("/api/assets", query_string=query, data=out.getvalue(), headers=headers)
    assert made.status_code == 201, made.text
    return str(made.get_json()["id"])


def _problems(place: Place, campaign_id: str) -> set[tuple[str, str]]:
    """What stands between the draft and its publish, once its images are here."""
    deadline = time.monotonic() + 30
    while True:
        found = place.team.client.get(f"/api/campaigns/{campaign_id}").get_json()["problems"]
        if "image_pending" not in {problem["code"] for problem in found}:
            return {(problem["pointer"], problem["code"]) for problem in found}
        assert time.monotonic() < deadline, found
        time.sleep(0.05)


def _refused_raw(place: Place, campaign_id: str) -> set[str]:
    """Google's codes for the operations of a draft that nobody checked."""
    with place.team.app.app_context(), tenancy.working_for(place.team.tenant_id):
        with unit_of_work() as work:
            campaign = work.session.scalars(select(Campaign).where(Campaign.id == uuid.UUID(campaign_id))).one()
            customer = work.session.get_one(Customer, campaign.customer_id)
            tree = load_tree(work.session, customer, campaign, with_data=True)
        tree.marker = f"raw {campaign_id}"
        plan = plan_publish(customer.google_id, tree)
        payload = requests.encode_mutate(plan, version="v26", validate_only=True)
        try:
            gateway_for(customer.id).mutate(customer.google_id, payload, deadline_s=30)
        except Refused as refusal:
            return refusal.codes()
    return set()


def test_the_minimum_of_demand_gen(place: Place, sandbox: Sandbox) -> None:
    """Known here in US dollars only; in other currencies Google alone knows how much it is."""
    accounts = place.team.client.get("/api/customers?limit=100").get_json()
    dollars = next(
        one["customer_id"]
        for one in accounts
        if one["currency_code"] == "USD" and not one["manager"] and one["status"] == "ENABLED"
    )
    form = base("DEMAND_GEN", dollars, sandbox.info["images"]) | {"daily_budget": 4_990_000}
    campaign_id = place.team.client.post("/api/campaigns", json=form).get_json()["id"]

    assert ("/daily_budget", "budget_minimum_demand_gen") in _problems(place, campaign_id)
    assert "CampaignBudgetError.BUDGET_BELOW_PER_DAY_MINIMUM" in _refused_raw(place, campaign_id)


@pytest.mark.parametrize(
    ("rule", "most"),
    [
        ("ad_groups_count", ad_groups.MAX_PER_CAMPAIGN),
        ("keywords_count", criteria.MAX_PER_AD_GROUP),
        ("negative_keywords_count", criteria.MAX_NEGATIVES_PER_CAMPAIGN),
        ("shared_set_keywords_count", criteria.MAX_NEGATIVES_PER_SET),
        ("schedule_intervals", criteria.MAX_INTERVALS_PER_DAY),
    ],
)
def test_large_numbers_are_the_same(rule: str, most: int) -> None:
    assert BY_CODE[rule].maximum == most


def test_every_rule_is_compared_or_says_why_not() -> None:
    compared = {case.rule for case in CASES}
    assert compared.isdisjoint(NOT_COMPARED)
    assert {rule.code for rule in RULES} == compared | NOT_COMPARED.keys()
