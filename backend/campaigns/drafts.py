"""Loose draft to strict live form: everything that stands between a campaign and its publishing, all at once.

`check` is a function of the tree, the account and the day. Each finding has a JSON pointer into the tree form, the code
of the rule it breaks (`rules.RULES`) and advice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from backend.campaigns import assets_check, objectives, targeting_check, texts
from backend.campaigns.rules import BY_CODE
from backend.campaigns.tree import AdGroupNode, AdNode, AssetGroupNode, CampaignNode, KeywordNode, SharedSetNode
from backend.core.errors import Finding

EU_DECLARATIONS = ("CONTAINS_EU_POLITICAL_ADVERTISING", "DOES_NOT_CONTAIN_EU_POLITICAL_ADVERTISING")
SMALLEST_UNIT_MICROS = {"JPY": 1_000_000, "KRW": 1_000_000, "CLP": 1_000_000, "VND": 1_000_000, "HUF": 10_000}
CENT = 10_000
KEYWORD_TYPES = frozenset({"SEARCH", "DISPLAY"})


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the check depends on beside the tree: the account's currency and the day in its time zone."""

    today: date
    currency_code: str = ""


def check(tree: CampaignNode, around: Circumstances) -> list[Finding]:
    """Give every reason why this campaign may not be published; empty when it may."""
    return [
        *_campaign(tree),
        *_dates(tree, around),
        *_budget(tree, around),
        *_bidding(tree),
        *targeting_check.check(tree.targeting),
        *_keywords(tree.negatives, "/negative_keywords", negative=True),
        *assets_check.links(tree.links, "/asset_links"),
        *(finding for index, shared in enumerate(tree.shared_sets) for finding in _shared_set(shared, index)),
        *_structure(tree),
        *(finding for index, group in enumerate(tree.ad_groups) for finding in _ad_group(tree, group, index)),
        *(finding for index, group in enumerate(tree.asset_groups) for finding in _asset_group(group, index)),
    ]


def finding(pointer: str, code: str, message: str | None = None) -> Finding:
    """Make a finding with the rule's own advice unless a better sentence is given."""
    return Finding(pointer, code, message or BY_CODE[code].advice)


def _campaign(tree: CampaignNode) -> Iterator[Finding]:
    if not tree.name.strip():
        yield finding("/name", "required")
    if len(tree.name) > 255:
        yield finding("/name", "name_length")
    if texts.has_control_characters(tree.name):
        yield finding("/name", "text_control_characters")
    if tree.contains_eu_political_advertising not in EU_DECLARATIONS:
        yield finding("/contains_eu_political_advertising", "eu_declaration_required")


def _dates(tree: CampaignNode, around: Circumstances) -> Iterator[Finding]:
    if tree.start_date and tree.start_date < around.today:
        yield finding("/start_date", "start_in_past")
    if tree.end_date and tree.end_date < around.today:
        yield finding("/end_date", "end_in_past")
    if tree.start_date and tree.end_date and tree.end_date < tree.start_date:
        yield finding("/end_date", "end_before_start")


def _budget(tree: CampaignNode, around: Circumstances) -> Iterator[Finding]:
    budget = tree.budget
    amount = None
    if budget is not None:
        amount = budget.total_amount_micros if budget.amount_micros is None else budget.amount_micros
    if budget is None or amount is None:
        yield finding("/daily_budget", "required")
        return
    if budget.amount_micros is not None and budget.total_amount_micros is not None:
        yield finding("/budget", "budget_single")
    if budget.total_amount_micros is not None and tree.end_date is None:
        yield finding("/end_date", "total_budget_needs_end")
    if amount <= 0:
        yield finding("/daily_budget", "budget_positive")
    elif amount % SMALLEST_UNIT_MICROS.get(around.currency_code, CENT):
        yield finding("/daily_budget", "budget_whole_cents")
    if tree.campaign_type in ("DEMAND_GEN", "PERFORMANCE_MAX") and budget.explicitly_shared:
        yield finding("/budget/explicitly_shared", "budget_not_shared")
    minimum = BY_CODE["budget_minimum_demand_gen"].minimum or 0
    if tree.campaign_type == "DEMAND_GEN" and around.currency_code == "USD" and 0 < amount < minimum:
        yield finding("/daily_budget", "budget_minimum_demand_gen")


def _bidding(tree: CampaignNode) -> Iterator[Finding]:
    if len(tree.bidding) > 1:
        yield finding("/bidding", "bidding_single")
    chosen = objectives.bidding_for(tree.campaign_type, tree.objective, tree.bidding)
    if not chosen:
        yield finding("/objective", "objective_required")
    for name in chosen:
        if name not in objectives.ALLOWED_BIDDING.get(tree.campaign_type, frozenset()):
            yield finding(f"/bidding/{name}", "bidding_not_allowed")


def _structure(tree: CampaignNode) -> Iterator[Finding]:
    if tree.campaign_type == "PERFORMANCE_MAX":
        if not tree.asset_groups:
            yield finding("/asset_groups", "asset_groups_required")
        if tree.ad_groups:
            yield finding("/ad_groups", "ad_groups_not_allowed")
        if len(tree.asset_groups) > (BY_CODE["asset_groups_count"].maximum or 0):
            yield finding("/asset_groups", "asset_groups_count")
        yield from _unique_names(tree.asset_groups, "/asset_groups")
        return
    if not tree.ad_groups:
        yield finding("/ad_groups", "ad_groups_required")
    if tree.asset_groups:
        yield finding("/asset_groups", "asset_groups_not_allowed")
    if len(tree.ad_groups) > (BY_CODE["ad_groups_count"].maximum or 0):
        yield finding("/ad_groups", "ad_groups_count")
    yield from _unique_names(tree.ad_groups, "/ad_groups")
    if len(tree.negatives) > (BY_CODE["negative_keywords_count"].maximum or 0):
        yield finding("/negative_keywords", "negative_keywords_count")


def _unique_names(groups: Sequence[AdGroupNode | AssetGroupNode], here: str) -> Iterator[Finding]:
    names = Counter((group.name or "").casefold() for group in groups)
    for index, group in enumerate(groups):
        if group.name and names[group.name.casefold()] > 1:
            yield finding(f"{here}/{index}/name", "duplicate_name")


def _shared_set(shared: SharedSetNode, index: int) -> Iterator[Finding]:
    """A list that exists was checked when it was made."""
    if shared.resource_name is None:
        yield from check_list(shared, f"/shared_sets/{index}")


def check_list(shared: SharedSetNode, here: str = "") -> Iterator[Finding]:
    """Give every reason why a list of negatives cannot be made at Google."""
    if not 1 <= len(shared.name.strip()) <= (BY_CODE["shared_set_name"].maximum or 0):
        yield finding(f"{here}/name", "shared_set_name")
    if texts.has_control_characters(shared.name):
        yield finding(f"{here}/name", "text_control_characters")
    if len(shared.keywords) > (BY_CODE["shared_set_keywords_count"].maximum or 0):
        yield finding(f"{here}/keywords", "shared_set_keywords_count")
    yield from _keywords(shared.keywords, f"{here}/keywords", negative=True)


def _ad_group(tree: CampaignNode, group: AdGroupNode, index: int) -> Iterator[Finding]:
    here = f"/ad_groups/{index}"
    if not (group.name or "").strip():
        yield finding(f"{here}/name", "required")
    elif len(group.name or "") > 255:
        yield finding(f"{here}/name", "ad_group_name_length")
    if group.cpc_bid_micros is not None and group.cpc_bid_micros <= 0:
        yield finding(f"{here}/cpc_bid_micros", "bid_positive")
    positive = [keyword for keyword in group.keywords if not keyword.negative]
    if tree.campaign_type == "SEARCH" and not positive:
        yield finding(f"{here}/keywords", "keywords_required")
    if tree.campaign_type not in KEYWORD_TYPES and positive:
        yield finding(f"{here}/keywords", "keywords_not_allowed")
    if len(positive) > (BY_CODE["keywords_count"].maximum or 0):
        yield finding(f"{here}/keywords", "keywords_count")
    yield from _keywords(positive, f"{here}/keywords", negative=False)
    yield from _keywords(
        [keyword for keyword in group.keywords if keyword.negative], f"{here}/negative_keywords", negative=True
    )
    yield from assets_check.links(group.links, f"{here}/asset_links")
    if not group.ads:
        yield finding(f"{here}/ads", "ads_required")
    if len(group.ads) > (BY_CODE["ads_count"].maximum or 0):
        yield finding(f"{here}/ads", "ads_count")
    enabled = [ad for ad in group.ads if ad.type == "RESPONSIVE_SEARCH_AD" and ad.status == "ENABLED"]
    if len(enabled) > (BY_CODE["rsa_count"].maximum or 0):
        yield finding(f"{here}/ads", "rsa_count")
    for number, ad in enumerate(group.ads):
        yield from _ad(tree, ad, f"{here}/ads/{number}")


def _ad(tree: CampaignNode, ad: AdNode, here: str) -> Iterator[Finding]:
    if ad.resource_name is not None:
        return
    if ad.type not in objectives.AD_TYPES.get(tree.campaign_type, frozenset()):
        yield finding(f"{here}/type", "ad_type_not_allowed")
        return
    yield from _urls(ad.final_urls, f"{here}/final_urls", required=True)
    yield from _paths(ad.path1, ad.path2, here)
    yield from assets_check.business_name(ad.type or "", ad.business_name, here)
    yield from assets_check.slots(ad.type or "", ad, here)


def _asset_group(group: AssetGroupNode, index: int) -> Iterator[Finding]:
    here = f"/asset_groups/{index}"
    if not (group.name or "").strip():
        yield finding(f"{here}/name", "required")
    elif len(group.name or "") > (BY_CODE["asset_group_name_length"].maximum or 0):
        yield finding(f"{here}/name", "asset_group_name_length")
    yield from _urls(group.final_urls, f"{here}/final_urls", required=True)
    yield from _paths(group.path1, group.path2, here)
    yield from assets_check.business_name("ASSET_GROUP", group.attributes.get("business_name"), here)
    yield from assets_check.slots("ASSET_GROUP", group, here)


def _urls(urls: Iterable[str], here: str, *, required: bool) -> Iterator[Finding]:
    listed = list(urls)
    if required and not listed:
        yield finding(here, "url_required")
    for index, url in enumerate(listed):
        if not texts.is_landing_page(url):
            yield finding(f"{here}/{index}", "url_invalid")


def _paths(path1: str | None, path2: str | None, here: str) -> Iterator[Finding]:
    limit = BY_CODE["path_width"].maximum or 0
    for name, path in (("path1", path1), ("path2", path2)):
        if path and texts.width(path) > limit:
            yield finding(f"{here}/{name}", "path_width")
    if path2 and not path1:
        yield finding(f"{here}/path2", "path2_needs_path1")


def _keywords(keywords: list[KeywordNode], here: str, *, negative: bool) -> Iterator[Finding]:
    seen: set[tuple[str, str]] = set()
    for index, keyword in enumerate(keywords):
        for code in keyword_problems(keyword.text, keyword.match_type):
            field = "match_type" if code == "keyword_match_type" else "text"
            yield finding(f"{here}/{index}/{field}", code)
        key = (" ".join(keyword.text.casefold().split()), keyword.match_type)
        if key in seen:
            yield finding(f"{here}/{index}", "keyword_duplicate")
        seen.add(key)
        if negative and keyword.cpc_bid_micros is not None:
            yield finding(f"{here}/{index}/cpc_bid_micros", "negative_bid")
        if keyword.cpc_bid_micros is not None and keyword.cpc_bid_micros <= 0:
            yield finding(f"{here}/{index}/cpc_bid_micros", "bid_positive")
        yield from _urls(keyword.final_urls, f"{here}/{index}/final_urls", required=False)


def keyword_problems(text: str, match_type: str) -> list[str]:
    """Give the codes of the rules that a keyword breaks."""
    found = []
    if not text.strip() or len(text) > (BY_CODE["keyword_length"].maximum or 0):
        found.append("keyword_length")
    if len(text.split()) > (BY_CODE["keyword_words"].maximum or 0):
        found.append("keyword_words")
    if texts.has_forbidden_keyword_characters(text):
        found.append("keyword_characters")
    if texts.has_broad_match_modifier(text):
        found.append("keyword_modifier")
    if match_type not in ("EXACT", "PHRASE", "BROAD"):
        found.append("keyword_match_type")
    return found
