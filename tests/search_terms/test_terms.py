"""Triage, word groups, suggestions and conflicts through HTTP, against sums of the stored rows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from backend.adgraph.stats import Level
from backend.search_terms.terms import MATCH_TYPES, STATUSES
from tests.support.shop import Shop

NOON = datetime(2026, 11, 11, 12, tzinfo=UTC)
DAY = date(2026, 11, 5)
PATH = "/api/search-terms"
ADDED, EXCLUDED, BOTH, NONE = 2, 3, 4, 5


def search(shop: Shop, term: str, status: int = NONE, day: date = DAY, **values: Any) -> None:
    """One day of a search term in ad group 11 of campaign 1, unless it says otherwise."""
    given = {
        "ad_group_google_id": 11,
        "campaign_google_id": 1,
        "keyword_google_id": 501,
        "match_type": 2,
        "impressions": 10,
        "clicks": 1,
        "cost_micros": 1_000_000,
        **values,
    }
    shop.insert("stats.search_term_stats", date=day, search_term=term, status=status, **given)


@pytest.fixture
def shop(new_shop: Callable[..., Shop], freeze: Callable[..., Any]) -> Shop:
    """Two campaigns, three ad groups and a few keywords; the clock stands."""
    freeze(NOON)
    shop = new_shop()
    shop.campaign(1, "Shoes")
    shop.campaign(2, "Boots")
    for ad_group, campaign in ((11, 1), (12, 1), (21, 2)):
        shop.ad_group(ad_group, campaign, f"Group {ad_group}")
    shop.keyword(501, shop.ad_groups[11], "red shoes", "BROAD")
    shop.keyword(502, shop.ad_groups[12], "red shoes", "EXACT")
    shop.keyword(503, shop.ad_groups[21], "red boots", "PHRASE")
    for table in ("daily_stats", "search_term_stats"):
        shop.partitions(table, date(2026, 9, 1), date(2026, 11, 30))
    return shop


def test_states_and_what_triggered_a_term(shop: Shop) -> None:
    search(shop, "red shoes", ADDED, clicks=5, cost_micros=9_000_000)
    search(shop, "free shoes", EXCLUDED)
    search(shop, "red red shoes", BOTH)
    search(shop, "buy red shoes", NONE, clicks=3, cost_micros=4_000_000, conversions="1.5")
    search(shop, "buy red shoes", NONE, keyword_google_id=0, match_type=5, cost_micros=2_000_000)
    search(shop, "strange", 1)
    search(shop, "unseen", impressions=0, clicks=0, cost_micros=0)
    search(shop, "long ago", day=date(2026, 10, 1))
    rows = {row["search_term"]: row for row in shop.get(PATH)}
    assert {term: row["state"] for term, row in rows.items()} == {
        "red shoes": "existing",
        "free shoes": "blocked",
        "red red shoes": "both",
        "buy red shoes": "actionable",
        "strange": "unknown",
    }
    row = rows["buy red shoes"]
    assert (row["clicks"], row["cost_micros"], row["conversions"], row["cpa_micros"]) == (4, 6_000_000, 1.5, 4_000_000)
    assert (row["campaign_name"], row["ad_group_name"], row["campaign_id"]) == ("Shoes", "Group 11", "1")
    assert row["keywords"] == [
        {
            "keyword_id": "501",
            "text": "red shoes",
            "match_type": "BROAD",
            "term_match_type": "BROAD",
            "impressions": 10,
            "clicks": 3,
            "cost_micros": 4_000_000,
        },
        {
            "keyword_id": None,
            "text": None,
            "match_type": None,
            "term_match_type": "NEAR_EXACT",
            "impressions": 10,
            "clicks": 1,
            "cost_micros": 2_000_000,
        },
    ]
    assert rows["red shoes"]["here"] == [
        {"as": "keyword", "match_type": "BROAD", "level": "ad_group", "sync_status": "synced"}
    ]
    only = shop.get(PATH, state="actionable")
    assert [row["search_term"] for row in only] == ["buy red shoes"]


def test_the_newest_day_says_the_state(shop: Shop) -> None:
    search(shop, "flips", NONE, day=DAY)
    search(shop, "flips", ADDED, day=DAY + timedelta(days=1))
    assert [row["state"] for row in shop.get(PATH)] == ["existing"]
    shop.rows("UPDATE stats.search_term_stats SET status = 3 WHERE customer_id = :id", id=shop.customer_id)
    assert [row["state"] for row in shop.get(PATH)] == ["blocked"]


@pytest.mark.parametrize("sort", ["-cost_micros", "cpa_micros", "-roas", "impressions"])
def test_pages_lose_nothing_and_repeat_nothing(shop: Shop, sort: str) -> None:
    for number in range(23):
        search(
            shop,
            f"term {number:02}",
            cost_micros=number // 3 * 1000,
            conversions=str(number % 4),
            ad_group_google_id=11 + number % 2,
        )
    client = shop.team.client
    found: list[str] = []
    path = f"{PATH}?slug={shop.slug}&limit=5&sort={sort}"
    while path:
        answer = client.get(path)
        assert answer.status_code == 200, answer.text
        found += [row["search_term"] for row in answer.get_json()]
        link = answer.headers.get("Link", "")
        path = link[1 : link.index(">")] if link else ""
    assert sorted(found) == [f"term {number:02}" for number in range(23)]
    whole = [row["search_term"] for row in shop.get(PATH, sort=sort, limit=200)]
    assert found == whole


def test_narrowed_by_text_place_and_bounds(shop: Shop) -> None:
    search(shop, "Red 100% shoes", clicks=7)
    search(shop, "blue shoes", clicks=2)
    search(shop, "boots", ad_group_google_id=21, campaign_google_id=2, clicks=9)
    terms = lambda **query: sorted(row["search_term"] for row in shop.get(PATH, **query))  # noqa: E731
    assert terms(q="red 100%") == ["Red 100% shoes"]
    assert terms(q="%") == ["Red 100% shoes"]
    assert terms(campaign_id=2) == ["boots"]
    assert terms(ad_group_id=11, filter="clicks>=5") == ["Red 100% shoes"]
    assert terms(filter=["clicks>=2", "clicks<9"]) == ["Red 100% shoes", "blue shoes"]


def test_groups_of_words_count_each_term_once(shop: Shop) -> None:
    search(shop, "cheap cheap shoes", cost_micros=5)
    search(shop, "cheap red shoes", cost_micros=7)
    search(shop, "red shoes", cost_micros=11)
    search(shop, "red shoes", cost_micros=13, ad_group_google_id=12)
    found = {row["ngram"]: row for row in shop.get(f"{PATH}/ngrams", min_terms=1)}
    assert (found["cheap"]["terms"], found["cheap"]["cost_micros"]) == (2, 12)
    assert (found["red shoes"]["terms"], found["red shoes"]["cost_micros"]) == (2, 31)
    assert (found["shoes"]["terms"], found["shoes"]["cost_micros"]) == (3, 36)
    assert found["cheap red shoes"]["size"] == 3
    assert found["red shoes"]["examples"] == ["red shoes", "cheap red shoes"]
    pairs = shop.get(f"{PATH}/ngrams", size="2", min_terms=2)
    assert [row["ngram"] for row in pairs] == ["red shoes"]
    assert shop.get(f"{PATH}/ngrams", min_terms=1, filter="cost_micros>=36") == [found["shoes"]]


def test_suggestions_carry_their_reason_and_never_over_block(shop: Shop) -> None:
    search(shop, "buy shoes online", clicks=20, cost_micros=10_000_000, conversions="4.25")
    search(shop, "one sale", clicks=5, cost_micros=1_000_000, conversions="1")
    for number in range(4):
        search(shop, f"free shoes {number}", clicks=12, cost_micros=9_000_000)
    search(shop, "already there", ADDED, clicks=50, conversions="9", cost_micros=9_000_000)
    found = shop.get(f"{PATH}/suggestions", min_cost_micros=8_000_000)
    keywords = [row for row in found if row["as"] == "keyword"]
    assert [(row["text"], row["match_type"], row["ad_group_id"]) for row in keywords] == [
        ("buy shoes online", "EXACT", "11")
    ]
    assert keywords[0]["reason"] == "4.25 conversions at 2.35 EUR each, and it is no keyword yet."
    negatives = {(row["text"], row["level"], row["match_type"]) for row in found if row["as"] == "negative"}
    assert {(f"free shoes {number}", "ad_group", "EXACT") for number in range(4)} < negatives
    assert ("free", "campaign", "PHRASE") in negatives
    assert ("free shoes", "campaign", "PHRASE") in negatives
    assert not [row for row in negatives if row[0] in ("shoes", "buy", "online")]
    assert "none converted" in next(row["reason"] for row in found if row["text"] == "free")


def test_what_can_be_no_keyword_is_not_suggested(shop: Shop) -> None:
    long = "where can i buy red shoes for my old uncle today"
    search(shop, long, clicks=20, cost_micros=10_000_000, conversions="4")
    search(shop, f"not {long}", clicks=20, cost_micros=10_000_000)
    search(shop, "red shoes 50% off", clicks=20, cost_micros=10_000_000)
    search(shop, "shoes for an uncle", clicks=20, cost_micros=10_000_000, conversions="4")
    found = shop.get(f"{PATH}/suggestions", min_cost_micros=8_000_000, min_terms=9)
    assert [row["text"] for row in found] == ["shoes for an uncle"]
    items = [{key: row[key] for key in ("as", "text", "match_type", "level", "ad_group_id")} for row in found]
    answer = shop.team.client.post(f"{PATH}/add", json={"slug": shop.slug, "items": items, "push": False})
    assert (answer.get_json()["added"], answer.get_json()["refused"]) == (1, 0)


def test_what_a_negative_would_block_with_what_it_brought(shop: Shop) -> None:
    shop.daily(Level.KEYWORD, 502, DAY, parent_google_id=12, clicks=4, cost_micros=800, conversions="2.5")
    shop.daily(Level.KEYWORD, 502, date(2026, 9, 5), parent_google_id=12, conversions="100")
    search(shop, "buy red shoes", conversions="3")
    order = {
        "slug": shop.slug,
        "negatives": [
            {"text": "red shoes", "match_type": "PHRASE", "level": "campaign", "campaign_id": "1"},
            {"text": "red", "match_type": "BROAD", "level": "campaign", "campaign_id": "2"},
            {"text": "red shoes", "match_type": "EXACT", "level": "ad_group", "ad_group_id": "11"},
            {"text": "shoe", "match_type": "BROAD", "level": "campaign", "campaign_id": "1"},
        ],
    }
    answer = shop.team.client.post(f"{PATH}/over-blocking", json=order)
    assert answer.status_code == 200, answer.text
    phrase, broad, exact, none = answer.get_json()
    assert [row["keyword_id"] for row in phrase["keywords"]] == ["502"]
    assert (phrase["blocked_keywords"], phrase["narrowed_keywords"], phrase["conversions"]) == (1, 1, 2.5)
    assert (phrase["keywords"][0]["cost_micros"], phrase["keywords"][0]["ad_group_name"]) == (800, "Group 12")
    assert phrase["converting_searches"] == [{"search_term": "buy red shoes", "conversions": 3.0}]
    assert [row["keyword_id"] for row in broad["keywords"]] == ["503"]
    assert (exact["blocked_keywords"], exact["narrowed_keywords"]) == (0, 1)
    assert (none["blocked_keywords"], none["narrowed_keywords"], none["converting_searches"]) == (0, 0, [])


def test_conflicts_of_the_whole_account(shop: Shop) -> None:
    shop.keyword(601, shop.ad_groups[12], "red shoes", "EXACT", negative=True)
    shop.keyword(602, shop.campaigns[2], "boots", "BROAD", negative=True, parent_kind="campaign")
    shared = shop.entity("shared_sets", 77, name="List", type="NEGATIVE_KEYWORDS", status="ENABLED")
    shop.insert("campaign_shared_set", campaign_id=shop.campaigns[1], shared_set_id=shared, status="ENABLED")
    shop.keyword(603, shared, "shoes", "BROAD", negative=True, parent_kind="shared_set")
    shop.keyword(604, shop.ad_groups[11], "shoes", "BROAD", negative=True, status="REMOVED")
    shop.keyword(None, shop.ad_groups[11], "red", "BROAD", negative=True)
    shop.daily(Level.KEYWORD, 503, DAY, parent_google_id=21, conversions="7")
    answer = shop.get(f"{PATH}/negative-conflicts")
    pairs = [
        (row["negative"]["negative_id"], row["negative"]["level"], row["keyword"]["keyword_id"])
        for row in answer["conflicts"]
    ]
    assert pairs[0] == ("602", "campaign", "503")
    assert sorted(pairs[1:]) == [
        ("601", "ad_group", "502"),
        ("603", "shared_set", "501"),
        ("603", "shared_set", "502"),
    ]
    assert (answer["total"], answer["keywords"], answer["conflicts"][0]["keyword"]["conversions"]) == (4, 3, 7.0)
    shop.rows("UPDATE campaigns SET google_status = 'PAUSED' WHERE customer_id = :id", id=shop.customer_id)
    assert shop.get(f"{PATH}/negative-conflicts")["conflicts"] == []


def test_numbers_are_google_s() -> None:
    from google.ads.googleads.v26.enums.types import search_term_match_type, search_term_targeting_status

    match = search_term_match_type.SearchTermMatchTypeEnum.SearchTermMatchType
    status = search_term_targeting_status.SearchTermTargetingStatusEnum.SearchTermTargetingStatus
    assert {member.value: member.name for member in match} == MATCH_TYPES
    assert {member.value: member.name for member in status} == STATUSES


def test_strangers_and_managers(shop: Shop, new_team: Callable[..., Any], new_shop: Callable[..., Shop]) -> None:
    stranger = new_team("Stranger").client
    manager = new_shop(manager=True)
    for path in ("", "/ngrams", "/suggestions", "/negative-conflicts"):
        assert stranger.get(PATH + path, query_string={"slug": shop.slug}).status_code == 404
        assert manager.team.client.get(PATH + path, query_string={"slug": manager.slug}).status_code == 422
    order = {"slug": shop.slug, "items": [{"as": "keyword", "text": "x", "ad_group_id": "11"}]}
    assert stranger.post(f"{PATH}/add", json=order).status_code == 404
    assert shop.team.member("viewer").post(f"{PATH}/add", json=order).status_code == 403
