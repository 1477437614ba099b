"""A dry run reports exactly what a publish reports, and changes nothing: one fault of the tree after the other.

Some faults are found here, by the strict check; the others only Google knows of.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.campaigns.test_children import search_tree
from tests.publish.conftest import Place
from tests.publish.ledger import mutates
from tests.support.sandbox import Sandbox

WAIT = {"Prefer": "wait=30"}
Form = dict[str, Any]
Fault = Callable[[Form], None]
Finding = tuple[str, str]
AD = "ad_groups/0/ads/0"
TAKEN = "a name that is taken"


def put(path: str, value: Any) -> Fault:
    """Replace what stands at a path of the form."""

    def change(form: Form) -> None:
        *outer, last = path.split("/")
        place: Any = form
        for name in outer:
            place = place[int(name)] if isinstance(place, list) else place[name]
        place[int(last) if isinstance(place, list) else last] = value

    return change


def both(*faults: Fault) -> Fault:
    """Several faults in one tree."""

    def change(form: Form) -> None:
        for fault in faults:
            fault(form)

    return change


def headlines(*texts: Any) -> list[Any]:
    """Headlines of an ad that begin with these."""
    return [*texts, "Fast delivery", "Order online today", "Made to last"]


def sitelink(**changes: Any) -> list[Form]:
    """The links of a campaign: one sitelink, changed."""
    sale = {"field_type": "SITELINK", "link_text": "Sale", "final_urls": ["https://www.example.com/sale"]}
    return [sale | changes]


HERE: dict[str, tuple[Fault, list[Finding]]] = {
    "name of 256 characters": (put("name", "n" * 256), [("/name", "name_length")]),
    "no budget": (put("daily_budget", None), [("/daily_budget", "required")]),
    "no declaration": (
        put("contains_eu_political_advertising", None),
        [("/contains_eu_political_advertising", "eu_declaration_required")],
    ),
    "budget with half a cent": (put("daily_budget", 12_345_678), [("/daily_budget", "budget_whole_cents")]),
    "start in the past": (put("start_date", "2020-01-01"), [("/start_date", "start_in_past")]),
    "strategy of another type": (put("bidding", "manual_cpm"), [("/bidding/manual_cpm", "bidding_not_allowed")]),
    "two ad groups of one name": (
        put("ad_groups/1/name", "chairs"),
        [("/ad_groups/0/name", "duplicate_name"), ("/ad_groups/1/name", "duplicate_name")],
    ),
    "no keyword": (put("ad_groups/1/keywords", []), [("/ad_groups/1/keywords", "keywords_required")]),
    "keyword of eleven words": (
        put("ad_groups/0/keywords/0", "a b c d e f g h i j k"),
        [("/ad_groups/0/keywords/0/text", "keyword_words")],
    ),
    "keyword twice": (
        put("ad_groups/0/keywords", ["garden chair", "Garden  Chair"]),
        [("/ad_groups/0/keywords/1", "keyword_duplicate")],
    ),
    "keyword with a percent sign": (
        put("negative_keywords/0", "100 % free"),
        [("/negative_keywords/0/text", "keyword_characters")],
    ),
    "keyword with a plus": (
        put("ad_groups/0/keywords/1", "+teak chair"),
        [("/ad_groups/0/keywords/1/text", "keyword_modifier")],
    ),
    "landing page of a keyword": (
        put("ad_groups/0/keywords/2", {"text": "teak chair", "final_urls": ["ftp://example.com"]}),
        [("/ad_groups/0/keywords/2/final_urls/0", "url_invalid")],
    ),
    "headline too wide": (
        put(f"{AD}/headlines", headlines("A headline that does not fit into thirty")),
        [("/ad_groups/0/ads/0/headlines/0", "text_width")],
    ),
    "too few descriptions": (
        put(f"{AD}/descriptions", ["Alone."]),
        [("/ad_groups/0/ads/0/descriptions", "text_count")],
    ),
    "wrong pin": (
        put(f"{AD}/headlines", headlines({"text": "Chairs", "pinned_field": "DESCRIPTION_1"})),
        [("/ad_groups/0/ads/0/headlines/0/pinned_field", "pin_invalid")],
    ),
    "no landing page": (
        put(f"{AD}/final_urls", ["www.example.com"]),
        [("/ad_groups/0/ads/0/final_urls/0", "url_invalid")],
    ),
    "path too wide": (put(f"{AD}/path1", "everything-for-the-garden"), [("/ad_groups/0/ads/0/path1", "path_width")]),
    "sitelink too wide": (
        put("asset_links", sitelink(link_text="Everything that is on sale")),
        [("/asset_links/0/link_text", "sitelink_text")],
    ),
    "schedule that runs backwards": (
        put("targeting/ad_schedule", [{"day_of_week": "MONDAY", "start_hour": 18, "end_hour": 8}]),
        [("/targeting/ad_schedule/0", "schedule_invalid")],
    ),
    "modifier out of range": (
        put("targeting/devices", [{"type": "MOBILE", "bid_modifier": 12}]),
        [("/targeting/devices/0/bid_modifier", "device_modifier")],
    ),
}
AT_GOOGLE: dict[str, tuple[Fault, list[Finding]]] = {
    "name that is taken": (put("name", TAKEN), [("/name", "CampaignError.DUPLICATE_CAMPAIGN_NAME")]),
    "budget beyond all measure": (
        put("daily_budget", 20_000_000_000_000_000),
        [("/daily_budget", "CampaignBudgetError.MONEY_AMOUNT_TOO_LARGE")],
    ),
    "tracking template without a tag": (
        put("tracking_url_template", "https://track.example.com/"),
        [("/tracking_url_template", "UrlFieldError.MISSING_TRACKING_URL_TEMPLATE_TAG")],
    ),
    "suffix with a question mark": (
        put("final_url_suffix", "?utm_source=x"),
        [("/final_url_suffix", "UrlFieldError.FINAL_URL_SUFFIX_MALFORMED")],
    ),
    "target of half a cent": (
        put("bidding", {"maximize_conversions": {"target_cpa_micros": 1_234_567}}),
        [("/bidding/maximize_conversions/target_cpa_micros", "BiddingError.BID_TOO_MANY_FRACTIONAL_DIGITS")],
    ),
    "impression share without a place": (
        put("bidding", "target_impression_share"),
        [
            ("/bidding/target_impression_share", "FieldError.REQUIRED"),
            ("/bidding/target_impression_share/location_fraction_micros", "RangeError.TOO_LOW"),
            ("/bidding/target_impression_share/cpc_bid_ceiling_micros", "FieldError.REQUIRED"),
        ],
    ),
    "place that does not exist": (
        put("targeting/locations", ["2276", "99999999999"]),
        [("/targeting/locations/1", "CriterionError.INVALID_CRITERION_ID")],
    ),
    "excluded place that does not exist": (
        put("targeting/locations", ["2276", {"id": "99999999999", "negative": True}]),
        [("/targeting/locations/1", "CriterionError.INVALID_CRITERION_ID")],
    ),
    "place twice": (
        put("targeting/locations", ["2276", "2276"]),
        [("/targeting/locations/1", "MutateError.RESOURCE_ALREADY_EXISTS")],
    ),
    "place wanted and excluded": (
        put("targeting/locations", ["2276", {"id": "2276", "negative": True}]),
        [("/targeting/locations/1", "CampaignCriterionError.CANNOT_TARGET_AND_EXCLUDE")],
    ),
    "language that does not exist": (
        put("targeting/languages", ["99999999999"]),
        [("/targeting/languages/0", "CriterionError.INVALID_CRITERION_ID")],
    ),
    "bid of an ad group with half a cent": (
        put("ad_groups/0/cpc_bid_micros", 1_234_567),
        [("/ad_groups/0/cpc_bid_micros", "BiddingError.BID_TOO_MANY_FRACTIONAL_DIGITS")],
    ),
    "bid beyond all measure": (
        put("ad_groups/1/cpc_bid_micros", 20_000_000_000_000),
        [("/ad_groups/1/cpc_bid_micros", "BiddingError.BID_TOO_BIG")],
    ),
    "bid of a keyword with half a cent": (
        put("ad_groups/0/keywords/2", {"text": "teak chair", "match_type": "EXACT", "cpc_bid_micros": 7}),
        [("/ad_groups/0/keywords/2/cpc_bid_micros", "BiddingError.BID_TOO_MANY_FRACTIONAL_DIGITS")],
    ),
    "keyword and negative alike": (
        put("ad_groups/0/negative_keywords/0", "garden chair"),
        [("/ad_groups/0/negative_keywords/0", "AdGroupCriterionError.CANNOT_TARGET_AND_EXCLUDE")],
    ),
    "keyword policy objects to": (
        put("ad_groups/0/keywords/1", "[casino chair]"),
        [("/ad_groups/0/keywords/1", "PolicyViolationError.POLICY_ERROR")],
    ),
    "keyword policy never allows": (
        put("ad_groups/1/keywords/0", "[viagra table]"),
        [("/ad_groups/1/keywords/0", "PolicyViolationError.POLICY_ERROR")],
    ),
    "headline policy objects to": (
        put(f"{AD}/headlines", headlines("Click here")),
        [("/ad_groups/0/ads/0/headlines/0", "PolicyFindingError.POLICY_FINDING")],
    ),
    "second ad's description policy objects to": (
        put("ad_groups/1/ads/0/descriptions", ["Comfortable chairs.", "A guaranteed cure for all."]),
        [("/ad_groups/1/ads/0/descriptions/1", "PolicyFindingError.POLICY_FINDING")],
    ),
    "headline policy never allows": (
        put(f"{AD}/headlines", headlines("Counterfeit chairs")),
        [("/ad_groups/0/ads/0/headlines/0", "PolicyFindingError.POLICY_FINDING")],
    ),
    "landing page policy objects to": (
        put(f"{AD}/final_urls", ["https://www.example.com/cryptocurrency"]),
        [("/ad_groups/0/ads/0/final_urls/0", "PolicyFindingError.POLICY_FINDING")],
    ),
    "tracking template of an ad": (
        put(f"{AD}/tracking_url_template", "https://track.example.com/"),
        [("/ad_groups/0/ads/0/tracking_url_template", "UrlFieldError.MISSING_TRACKING_URL_TEMPLATE_TAG")],
    ),
    "four faults at once": (
        both(
            put("ad_groups/0/keywords/0", "[casino chair]"),
            put("ad_groups/0/cpc_bid_micros", 1_234_567),
            put("ad_groups/1/keywords/0", "[viagra table]"),
            put("targeting/languages", ["99999999999"]),
        ),
        [
            ("/targeting/languages/0", "CriterionError.INVALID_CRITERION_ID"),
            ("/ad_groups/0/cpc_bid_micros", "BiddingError.BID_TOO_MANY_FRACTIONAL_DIGITS"),
            ("/ad_groups/1/keywords/0", "PolicyViolationError.POLICY_ERROR"),
        ],
    ),
}


@pytest.fixture(scope="module")
def taken(place: Place) -> str:
    """The name of a campaign that lives in the account."""
    made = place.team.client.post("/api/campaigns", json=search_tree(place.account)).get_json()
    assert place.team.client.post(f"/api/campaigns/{made['id']}/publish", headers=WAIT).status_code == 200
    return str(made["name"])


def draft(place: Place, fault: Fault, taken: str) -> str:
    """A campaign with one fault: its path."""
    form = json.loads(json.dumps(search_tree(place.account)))  # its two ad groups share no list
    fault(form)
    if form["name"] == TAKEN:
        form["name"] = taken
    made = place.team.client.post("/api/campaigns", json=form)
    assert made.status_code == 201, made.text
    return f"/api/campaigns/{made.get_json()['id']}"


def told(answer: Any) -> Any:
    """What a refused dry run or publish says was wrong."""
    problem = answer.get_json()
    return problem["code"], problem["errors"], problem.get("policy_findings")


@pytest.mark.parametrize("name", [*HERE, *AT_GOOGLE])
def test_a_dry_run_reports_what_a_publish_reports(place: Place, taken: str, sandbox: Sandbox, name: str) -> None:
    """Show 3: code, pointer and message of every finding, and what policy objects to; nothing is applied."""
    fault, expected = (HERE | AT_GOOGLE)[name]
    path = draft(place, fault, taken)
    since = sandbox.last_seq()

    dry = place.team.client.post(f"{path}/dry-run", headers=WAIT)

    asked = sandbox.ledger(since=since, customer_id=place.account)
    assert dry.status_code == 422, dry.text
    assert [(error["pointer"], error["code"]) for error in dry.get_json()["errors"]] == expected
    assert all(error["message"] for error in dry.get_json()["errors"])
    sent = {(call["validate_only"], call["outcome"]) for call in asked if call["method"].endswith("Mutate")}
    assert sent == ({(True, "refused")} if name in AT_GOOGLE else set())
    assert place.team.client.get(path).get_json()["status"] == "DRAFT"
    wet = place.team.client.post(f"{path}/publish", headers=WAIT)
    assert wet.status_code == 422, wet.text
    assert told(wet) == told(dry)
    assert mutates(sandbox, since, place.account, "applied", "partial", "faulted") == []
    assert place.team.client.get(path).get_json()["status"] == ("FAILED" if name in AT_GOOGLE else "DRAFT")
