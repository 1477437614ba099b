"""Every limit the strict check enforces, as one table: what, how much, and who says so.

The check reads its numbers from here, the API serves the table at `GET /api/rules`, and each finding's `code` names the
rule it broke. Sources are Google's own pages and the field documentation of google-ads 34.0.0 (v26).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Rule:
    """One limit; `minimum` and `maximum` are inclusive, widths count wide characters twice."""

    code: str
    field: str
    advice: str
    source: str
    minimum: int | None = None
    maximum: int | None = None


@dataclass(frozen=True, slots=True)
class TextSlot:
    """How many texts a slot takes, and how wide each may be."""

    least: int
    most: int
    width: int


@dataclass(frozen=True, slots=True)
class ImageForm:
    """The smallest size in pixels and the ratio (width to height, within one per cent) of an image slot."""

    width: int
    height: int
    ratio: float


SYSTEM_LIMITS = "developers.google.com/google-ads/api/docs/best-practices/system-limits"
PROTO = "google-ads 34.0.0, v26 field documentation"

RULES: tuple[Rule, ...] = (
    Rule("required", "*", "Fill this in: Google asks for it.", PROTO),
    Rule("name_length", "name", "A campaign's name has 1 to 255 characters.", SYSTEM_LIMITS, 1, 255),
    Rule("ad_group_name_length", "ad_groups[].name", "1 to 255 characters.", PROTO, 1, 255),
    Rule("asset_group_name_length", "asset_groups[].name", "1 to 128 characters.", PROTO, 1, 128),
    Rule(
        "duplicate_name",
        "ad_groups[].name, asset_groups[].name",
        "Names of ad groups, and of asset groups, are unique within their campaign.",
        PROTO,
    ),
    Rule("budget_positive", "daily_budget", "A budget is a positive number of micros.", PROTO, 1),
    Rule(
        "budget_minimum_demand_gen",
        "daily_budget",
        "Demand Gen asks for at least 5 USD a day, or as much in the account's currency.",
        "ads-developers.googleblog.com, 2026-02: minimum daily budget for Demand Gen",
        5_000_000,
    ),
    Rule("budget_whole_cents", "daily_budget", "A budget is a whole number of the currency's smallest unit.", PROTO),
    Rule("budget_single", "budget", "A budget is an amount per day or one in total, not both.", PROTO),
    Rule("budget_not_shared", "budget.explicitly_shared", "Demand Gen and Performance Max need an own budget.", PROTO),
    Rule("total_budget_needs_end", "end_date", "A total budget needs an end date.", PROTO),
    Rule("start_in_past", "start_date", "A campaign starts today or later, in the account's time zone.", PROTO),
    Rule("end_before_start", "end_date", "The end is not before the start.", PROTO),
    Rule("end_in_past", "end_date", "The end is today or later, in the account's time zone.", PROTO),
    Rule("bidding_not_allowed", "bidding", "This campaign type does not take this bidding strategy.", PROTO),
    Rule("bidding_single", "bidding", "A campaign has one bidding strategy.", PROTO),
    Rule(
        "objective_required", "objective", "Choose SALES, LEADS or WEBSITE_TRAFFIC, or name a bidding strategy.", "ours"
    ),
    Rule(
        "eu_declaration_required",
        "contains_eu_political_advertising",
        "Say whether the campaign contains EU political advertising.",
        "FieldError.REQUIRED since 2025-09-03",
    ),
    Rule("ad_groups_required", "ad_groups", "The campaign needs at least one ad group.", "ours", 1),
    Rule("ad_groups_count", "ad_groups", "At most 20,000 ad groups in a campaign.", SYSTEM_LIMITS, None, 20_000),
    Rule("asset_groups_required", "asset_groups", "Performance Max needs at least one asset group.", PROTO, 1),
    Rule("asset_groups_count", "asset_groups", "At most 100 asset groups in a campaign.", SYSTEM_LIMITS, None, 100),
    Rule("asset_groups_not_allowed", "asset_groups", "Only Performance Max has asset groups.", PROTO),
    Rule("ad_groups_not_allowed", "ad_groups", "Performance Max has asset groups, not ad groups.", PROTO),
    Rule("ads_required", "ads", "The ad group needs at least one ad.", "ours", 1),
    Rule("rsa_count", "ads", "At most 3 enabled responsive search ads in an ad group.", SYSTEM_LIMITS, None, 3),
    Rule("ads_count", "ads", "At most 50 ads in an ad group.", SYSTEM_LIMITS, None, 50),
    Rule("ad_type_not_allowed", "ads[].type", "This campaign type does not take this kind of ad.", PROTO),
    Rule("keywords_required", "keywords", "A search ad group needs at least one keyword to be shown.", "ours", 1),
    Rule("keywords_count", "keywords", "At most 20,000 keywords in an ad group.", SYSTEM_LIMITS, None, 20_000),
    Rule("keywords_not_allowed", "keywords", "Only search and display ad groups have keywords.", PROTO),
    Rule("keyword_length", "keywords[].text", "A keyword has at most 80 characters.", f"{PROTO}: KeywordInfo", 1, 80),
    Rule("keyword_words", "keywords[].text", "A keyword has at most 10 words.", f"{PROTO}: KeywordInfo", 1, 10),
    Rule(
        "keyword_characters",
        "keywords[].text",
        "These characters are not allowed in a keyword: ! @ % , * ^ ( ) = { } ; ~ ` < > ? \\ |",
        "CriterionError.KEYWORD_HAS_INVALID_CHARS",
    ),
    Rule(
        "keyword_modifier",
        "keywords[].text",
        "Words with a plus (broad match modifiers) are no longer taken: use phrase or broad match.",
        "CriterionError.BROAD_MATCH_MODIFIER_KEYWORD_NOT_ALLOWED",
    ),
    Rule("keyword_duplicate", "keywords[]", "The same text and match type stands twice.", "CriterionError"),
    Rule("keyword_match_type", "keywords[].match_type", "EXACT, PHRASE or BROAD.", PROTO),
    Rule(
        "negative_keywords_count",
        "negative_keywords",
        "At most 10,000 negatives in a campaign.",
        SYSTEM_LIMITS,
        None,
        10_000,
    ),
    Rule(
        "asset_links_count",
        "asset_links",
        "At most 20 sitelinks, 20 callouts or 20 images are linked to a campaign or an ad group.",
        "ResourceLimitType.SITELINK_CAMPAIGN_ASSETS_PER_CAMPAIGN and its kin",
        None,
        20,
    ),
    Rule("shared_set_name", "shared_sets[].name", "A list's name has 1 to 255 characters.", PROTO, 1, 255),
    Rule(
        "shared_set_name_taken",
        "shared_sets[].name",
        "Names of lists are unique within an account.",
        "SharedSetError.DUPLICATE_NAME",
    ),
    Rule(
        "shared_sets_count",
        "shared_sets",
        "At most 20 lists of negative keywords in an account.",
        "support.google.com: negative keyword lists",
        None,
        20,
    ),
    Rule(
        "shared_set_keywords_count",
        "shared_sets[].keywords",
        "At most 5,000 negatives in a list.",
        "ResourceLimitType.NEGATIVE_KEYWORDS_PER_SHARED_SET",
        None,
        5_000,
    ),
    Rule("negative_bid", "negative_keywords[].cpc_bid_micros", "A negative keyword carries no bid.", PROTO),
    Rule("text_width", "headlines[], descriptions[]", "The text is too wide for its place.", "AdError.LINE_TOO_WIDE"),
    Rule("text_count", "headlines, descriptions", "Too few or too many texts for this kind of ad.", PROTO),
    Rule("text_duplicate", "headlines, descriptions", "The same text stands twice.", "AssetError.DUPLICATE_ASSET"),
    Rule("text_control_characters", "texts", "Control characters and line breaks are not allowed.", "ours"),
    Rule(
        "short_description_required",
        "asset_groups[].descriptions",
        "One description of at most 60 characters.",
        PROTO,
        None,
        60,
    ),
    Rule(
        "pin_invalid",
        "headlines[].pinned_field",
        "HEADLINE_1..3 for headlines, DESCRIPTION_1..2 for descriptions.",
        PROTO,
    ),
    Rule("pin_leaves_too_few", "headlines", "With these pins no valid combination of texts is left.", "AdError"),
    Rule("business_name_width", "business_name", "At most 25 characters.", PROTO, 1, 25),
    Rule("path_width", "path1, path2", "At most 15 characters.", SYSTEM_LIMITS, None, 15),
    Rule("path2_needs_path1", "path2", "path2 needs path1.", PROTO),
    Rule("url_required", "final_urls", "The ad needs the address it leads to (final_url).", PROTO, 1),
    Rule(
        "url_invalid",
        "final_urls[]",
        "An absolute http or https address of at most 2,048 characters.",
        PROTO,
        None,
        2_048,
    ),
    Rule("image_required", "images", "The ad needs an image of this form.", PROTO),
    Rule("image_count", "images", "Too many images.", PROTO, None, 20),
    Rule("image_pending", "asset_url", "The image is still being downloaded.", "ours"),
    Rule("image_failed", "asset_url", "The image could not be used.", "ours"),
    Rule("image_size", "images[]", "The image has too few pixels for its place.", PROTO),
    Rule("image_ratio", "images[]", "The image has the wrong ratio of width to height for its place.", PROTO),
    Rule(
        "image_bytes",
        "images[]",
        "An image has at most 5 MiB.",
        "support.google.com: image specifications",
        1,
        5_242_880,
    ),
    Rule("image_type", "images[]", "GIF, JPEG or PNG.", PROTO),
    Rule("video_required", "youtube_videos", "This kind of ad needs a YouTube video.", PROTO, 1),
    Rule("video_count", "youtube_videos", "At most 5 videos.", PROTO, None, 5),
    Rule("cards_count", "carousel_cards", "2 to 10 cards.", PROTO, 2, 10),
    Rule("card_headline_width", "carousel_cards[].headline", "At most 40 characters wide.", PROTO, 1, 40),
    Rule("colors_both", "main_color, accent_color", "Give both colours or neither.", PROTO),
    Rule("call_to_action_width", "call_to_action_text", "At most 30 characters wide.", PROTO, None, 30),
    Rule("sitelink_text", "asset_links[].link_text", "A sitelink's text is at most 25 characters wide.", PROTO, 1, 25),
    Rule(
        "sitelink_description",
        "asset_links[].description1",
        "At most 35 characters, and both lines or neither.",
        PROTO,
        None,
        35,
    ),
    Rule("callout_text", "asset_links[].callout_text", "A callout is at most 25 characters wide.", PROTO, 1, 25),
    Rule("location_invalid", "targeting.locations[]", "A location is Google's geo target id.", PROTO),
    Rule(
        "schedule_invalid", "targeting.ad_schedule[]", "From before to, in quarters of an hour, within one day.", PROTO
    ),
    Rule(
        "schedule_overlap",
        "targeting.ad_schedule[]",
        "The intervals of a day do not overlap.",
        "CriterionError.AD_SCHEDULE_TIME_INTERVALS_OVERLAP",
    ),
    Rule(
        "schedule_intervals",
        "targeting.ad_schedule",
        "At most 6 intervals on one day of the week.",
        "CriterionError.AD_SCHEDULE_EXCEEDED_INTERVALS_PER_DAY_LIMIT",
        None,
        6,
    ),
    Rule(
        "bid_modifier",
        "targeting.locations[].bid_modifier, targeting.ad_schedule[].bid_modifier",
        "0.1 to 10; a place that is left out has none.",
        PROTO,
    ),
    Rule("device_modifier", "targeting.devices[].bid_modifier", "0.1 to 10, or 0 to leave the device out.", PROTO),
    Rule("bid_positive", "cpc_bid_micros", "A bid is a positive number of micros.", PROTO, 1),
)
BY_CODE: dict[str, Rule] = {rule.code: rule for rule in RULES}

TEXT_SLOTS: dict[str, dict[str, TextSlot]] = {
    "RESPONSIVE_SEARCH_AD": {"HEADLINE": TextSlot(3, 15, 30), "DESCRIPTION": TextSlot(2, 4, 90)},
    "DEMAND_GEN_MULTI_ASSET_AD": {"HEADLINE": TextSlot(1, 5, 30), "DESCRIPTION": TextSlot(1, 5, 90)},
    "DEMAND_GEN_CAROUSEL_AD": {"HEADLINE": TextSlot(1, 1, 30), "DESCRIPTION": TextSlot(1, 1, 90)},
    "DEMAND_GEN_VIDEO_RESPONSIVE_AD": {
        "HEADLINE": TextSlot(1, 5, 30),
        "LONG_HEADLINE": TextSlot(1, 5, 90),
        "DESCRIPTION": TextSlot(1, 5, 90),
    },
    "RESPONSIVE_DISPLAY_AD": {
        "HEADLINE": TextSlot(1, 5, 30),
        "LONG_HEADLINE": TextSlot(1, 1, 90),
        "DESCRIPTION": TextSlot(1, 5, 90),
    },
    "ASSET_GROUP": {
        "HEADLINE": TextSlot(3, 15, 30),
        "LONG_HEADLINE": TextSlot(1, 5, 90),
        "DESCRIPTION": TextSlot(2, 5, 90),
    },
}

IMAGE_FORMS: dict[str, ImageForm] = {
    "MARKETING_IMAGE": ImageForm(600, 314, 1.91),
    "SQUARE_MARKETING_IMAGE": ImageForm(300, 300, 1.0),
    "PORTRAIT_MARKETING_IMAGE": ImageForm(480, 600, 0.8),
    "TALL_PORTRAIT_MARKETING_IMAGE": ImageForm(600, 1067, 9 / 16),
    "LOGO": ImageForm(128, 128, 1.0),
    "LANDSCAPE_LOGO": ImageForm(512, 128, 4.0),
}
RATIO_TOLERANCE = 0.01
MARKETING_FORMS = (
    "MARKETING_IMAGE",
    "SQUARE_MARKETING_IMAGE",
    "PORTRAIT_MARKETING_IMAGE",
    "TALL_PORTRAIT_MARKETING_IMAGE",
)

IMAGES_NEEDED: dict[str, tuple[tuple[str, ...], ...]] = {
    "DEMAND_GEN_MULTI_ASSET_AD": (("MARKETING_IMAGE", "SQUARE_MARKETING_IMAGE"), ("LOGO",)),
    "DEMAND_GEN_CAROUSEL_AD": (("LOGO",),),
    "DEMAND_GEN_VIDEO_RESPONSIVE_AD": (("LOGO",),),
    "RESPONSIVE_DISPLAY_AD": (("MARKETING_IMAGE",), ("SQUARE_MARKETING_IMAGE",)),
    "ASSET_GROUP": (("MARKETING_IMAGE",), ("SQUARE_MARKETING_IMAGE",), ("LOGO",)),
}
"""Per kind of ad, the groups of image slots of which at least one must be filled."""

IMAGES_MOST: dict[str, dict[str, int]] = {
    "DEMAND_GEN_MULTI_ASSET_AD": {"LOGO": 5},
    "DEMAND_GEN_CAROUSEL_AD": {"LOGO": 1},
    "DEMAND_GEN_VIDEO_RESPONSIVE_AD": {"LOGO": 5},
    "ASSET_GROUP": {
        "MARKETING_IMAGE": 20,
        "SQUARE_MARKETING_IMAGE": 20,
        "PORTRAIT_MARKETING_IMAGE": 20,
        "LOGO": 5,
        "LANDSCAPE_LOGO": 5,
    },
}
IMAGES_MOST_TOGETHER: dict[str, tuple[tuple[tuple[str, ...], int], ...]] = {
    "RESPONSIVE_DISPLAY_AD": (
        (("MARKETING_IMAGE", "SQUARE_MARKETING_IMAGE"), 15),
        (("LOGO", "LANDSCAPE_LOGO"), 5),
    ),
}
"""Per kind of ad, slots that share one limit."""
BUSINESS_NAME_NEEDED = frozenset(
    {
        "DEMAND_GEN_MULTI_ASSET_AD",
        "DEMAND_GEN_CAROUSEL_AD",
        "DEMAND_GEN_VIDEO_RESPONSIVE_AD",
        "RESPONSIVE_DISPLAY_AD",
        "ASSET_GROUP",
    }
)

SLOT_FIELDS: dict[str, str] = {
    "headlines": "HEADLINE",
    "long_headlines": "LONG_HEADLINE",
    "descriptions": "DESCRIPTION",
    "marketing_images": "MARKETING_IMAGE",
    "square_marketing_images": "SQUARE_MARKETING_IMAGE",
    "portrait_marketing_images": "PORTRAIT_MARKETING_IMAGE",
    "tall_portrait_marketing_images": "TALL_PORTRAIT_MARKETING_IMAGE",
    "logo_images": "LOGO",
    "landscape_logo_images": "LANDSCAPE_LOGO",
    "youtube_videos": "YOUTUBE_VIDEO",
    "carousel_cards": "DEMAND_GEN_CAROUSEL_CARD",
}
"""The API's list of each slot, and Google's name of the slot (AssetFieldType)."""
FIELD_OF_SLOT: dict[str, str] = {slot: name for name, slot in SLOT_FIELDS.items()}
TEXT_FIELDS = frozenset({"headlines", "long_headlines", "descriptions"})


def as_json() -> list[dict[str, Any]]:
    """Give the table as `GET /api/rules` serves it."""
    return [
        {
            "code": rule.code,
            "field": rule.field,
            "advice": rule.advice,
            "minimum": rule.minimum,
            "maximum": rule.maximum,
            "source": rule.source,
        }
        for rule in RULES
    ]
