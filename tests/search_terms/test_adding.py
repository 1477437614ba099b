"""Adding search terms in bulk: answered by index, refused with a reason, written as drafts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from tests.support.shop import Shop

PATH = "/api/search-terms/add"


@pytest.fixture
def shop(new_shop: Callable[..., Shop]) -> Shop:
    """A campaign with an ad group, one keyword, and a shared list."""
    shop = new_shop()
    shop.campaign(1, "Shoes")
    shop.ad_group(11, 1, "Group")
    shop.keyword(501, shop.ad_groups[11], "Red Shoes", "EXACT")
    shared = shop.entity("shared_sets", 77, name="List", type="NEGATIVE_KEYWORDS", status="ENABLED")
    shop.insert("campaign_shared_set", campaign_id=shop.campaigns[1], shared_set_id=shared, status="ENABLED")
    shop.partitions("daily_stats", date.today(), date.today())  # noqa: DTZ011 (any month will do)
    shop.partitions("search_term_stats", date.today(), date.today())  # noqa: DTZ011
    return shop


def add(shop: Shop, *items: dict[str, Any], **headers: str) -> dict[str, Any]:
    """Add items as the administrator."""
    answer = shop.team.client.post(PATH, json={"slug": shop.slug, "items": list(items), "push": False}, headers=headers)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.get_json()
    return body


def drafts(shop: Shop) -> list[tuple[Any, ...]]:
    """What stands in the table beside the keyword of the fixture."""
    found = shop.rows(
        "SELECT parent_kind, text, match_type, negative, sync_status, google_id FROM keywords"
        " WHERE customer_id = :id AND google_id IS NULL ORDER BY parent_kind, text, negative",
        id=shop.customer_id,
    )
    return [tuple(row.values()) for row in found]


def test_each_item_is_answered_by_its_index(shop: Shop) -> None:
    answer = add(
        shop,
        {"as": "keyword", "text": "blue  shoes", "ad_group_id": "11", "match_type": "PHRASE"},
        {"as": "keyword", "text": "red shoes", "ad_group_id": "11"},
        {"as": "negative", "text": "free", "level": "campaign", "campaign_id": "1", "match_type": "BROAD"},
        {"as": "negative", "text": "cheap", "level": "shared_list", "shared_set_id": 77, "match_type": "PHRASE"},
        {"as": "keyword", "text": "x", "level": "campaign", "campaign_id": "1"},
        {"as": "keyword", "text": "y", "ad_group_id": "12"},
        {"as": "keyword", "text": "what?", "ad_group_id": "11"},
        {"as": "keyword", "text": " ".join(["word"] * 11), "ad_group_id": "11"},
        {"as": "keyword", "text": "BLUE shoes", "ad_group_id": "11", "match_type": "PHRASE"},
    )
    assert [item["status"] for item in answer["items"]] == [
        "added",
        "exists",
        "added",
        "added",
        "refused",
        "refused",
        "refused",
        "refused",
        "exists",
    ]
    assert (answer["added"], answer["exists"], answer["refused"]) == (3, 2, 4)
    codes = {item["index"]: [error["code"] for error in item["errors"]] for item in answer["items"] if item["errors"]}
    assert codes == {4: ["level"], 5: ["not_found"], 6: ["keyword_characters"], 7: ["keyword_words"]}
    assert answer["items"][8]["keyword_id"] == answer["items"][0]["keyword_id"]
    assert drafts(shop) == [
        ("ad_group", "blue shoes", "PHRASE", False, "draft", None),
        ("campaign", "free", "BROAD", True, "draft", None),
        ("shared_set", "cheap", "PHRASE", True, "draft", None),
    ]
    edges = shop.rows("SELECT 1 FROM adgroup_keyword WHERE customer_id = :id", id=shop.customer_id)
    assert len(edges) == 2
    trail = shop.rows(
        "SELECT after FROM audit_events WHERE tenant_id = :id AND action = 'search_terms.add'", id=shop.team.tenant_id
    )
    assert [entry["text"] for entry in trail[0]["after"]["added"]] == ["blue  shoes", "free", "cheap"]


def test_a_harmful_negative_is_refused_unless_it_is_meant(shop: Shop) -> None:
    harmful = {"as": "negative", "text": "shoes", "level": "campaign", "campaign_id": "1", "match_type": "BROAD"}
    refused = add(shop, harmful)["items"][0]
    assert refused["status"] == "refused"
    assert [error["code"] for error in refused["errors"]] == ["over_blocking"]
    assert [row["keyword_id"] for row in refused["over_blocking"]["keywords"]] == ["501"]
    assert drafts(shop) == []
    meant = add(shop, {**harmful, "confirmed": True})["items"][0]
    assert (meant["status"], meant["over_blocking"]["blocked_keywords"]) == ("added", 1)
    assert drafts(shop) == [("campaign", "shoes", "BROAD", True, "draft", None)]


def test_a_key_adds_once(shop: Shop) -> None:
    item = {"as": "keyword", "text": "green shoes", "ad_group_id": "11"}
    first = add(shop, item, **{"Idempotency-Key": "k-1"})
    assert add(shop, item, **{"Idempotency-Key": "k-1"}) == first
    assert len(drafts(shop)) == 1


def test_thousands_at_once(shop: Shop) -> None:
    items = [{"as": "keyword", "text": f"word {number}", "ad_group_id": "11"} for number in range(3000)]
    answer = add(shop, *items)
    assert (answer["added"], len(drafts(shop))) == (3000, 3000)


def test_a_publisher_pushes_and_an_editor_leaves_drafts(shop: Shop) -> None:
    item = {"as": "keyword", "text": "pushed", "ad_group_id": "11"}
    listed = {"as": "negative", "text": "cheap", "level": "shared_list", "shared_set_id": "77"}
    editor = shop.team.member("editor")
    drafted = editor.post(PATH, json={"slug": shop.slug, "items": [item]}).get_json()
    assert (drafted["added"], drafted["pushes"]) == (1, [])
    refused = editor.post(PATH, json={"slug": shop.slug, "items": [{**item, "text": "other"}], "push": True})
    assert refused.status_code == 403
    assert len(drafts(shop)) == 1
    items = [{**item, "text": "more"}, listed]
    answer = shop.team.client.post(PATH, json={"slug": shop.slug, "items": items}).get_json()
    assert (answer["added"], answer["waiting_lists"]) == (2, 0)
    jobs = [
        shop.rows("SELECT kind, subject_id FROM jobs WHERE id = :id", id=push["job_id"])[0] for push in answer["pushes"]
    ]
    (shared,) = shop.rows("SELECT id FROM shared_sets WHERE customer_id = :id", id=shop.customer_id)
    assert jobs == [
        {"kind": "push", "subject_id": shop.campaigns[1]},
        {"kind": "push", "subject_id": shared["id"]},
    ]
    assert [(push["campaign_id"] is None, push["shared_set_id"] is None) for push in answer["pushes"]] == [
        (False, True),
        (True, False),
    ]
    again = shop.team.client.post(PATH, json={"slug": shop.slug, "items": [{**item, "text": "third"}]}).get_json()
    assert (again["added"], again["pushes"][0]["job_id"], again["pushes"][0]["code"]) == (1, None, "push_in_progress")


@pytest.mark.parametrize(
    ("item", "pointer"),
    [
        ({"as": "keyword", "text": "x"}, "/items/0/ad_group_id"),
        ({"as": "negative", "text": "x", "level": "campaign", "ad_group_id": "11"}, "/items/0/campaign_id"),
        ({"as": "song", "text": "x", "ad_group_id": "11"}, "/items/0/as"),
        ({"as": "keyword", "text": "x", "ad_group_id": "eleven"}, "/items/0/ad_group_id"),
        ({"as": "keyword", "text": "x", "ad_group_id": True}, "/items/0/ad_group_id"),
        ({"as": "keyword", "text": "x", "ad_group_id": "11", "match_type": "FUZZY"}, "/items/0/match_type"),
        ({"as": "keyword", "text": "x", "ad_group_id": "11", "cpc_bid_micros": -1}, "/items/0/cpc_bid_micros"),
    ],
)
def test_items_that_say_nothing(shop: Shop, item: dict[str, Any], pointer: str) -> None:
    answer = shop.team.client.post(PATH, json={"slug": shop.slug, "items": [item]})
    assert (answer.status_code, answer.get_json()["errors"][0]["pointer"]) == (400, pointer), answer.text
    assert drafts(shop) == []
