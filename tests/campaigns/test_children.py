"""The whole tree by REST: created in one request, read back, every child changed under its own path."""

from __future__ import annotations

import io
import uuid
from typing import Any

import pytest
from PIL import Image

from tests.support.team import Team


def search_tree(customer_id: str, **changes: Any) -> dict[str, Any]:
    """A search campaign with two ad groups, pins, negatives, a sitelink and a callout."""
    headlines: list[Any] = [
        {"text": "Garden chairs", "pinned_field": "HEADLINE_1"},
        "Fast delivery",
        "Order online today",
        "Made to last",
    ]
    ad = {
        "headlines": headlines,
        "descriptions": ["Comfortable chairs.", "Free shipping on every order."],
        "final_urls": ["https://www.example.com/chairs"],
        "path1": "chairs",
    }
    return {
        "name": f"Search {uuid.uuid4()}",
        "customer_id": customer_id,
        "campaign_type": "SEARCH",
        "objective": "WEBSITE_TRAFFIC",
        "daily_budget": 12_000_000,
        "contains_eu_political_advertising": False,
        "targeting": {
            "locations": ["2276", {"id": "1004234", "negative": True}],
            "languages": ["1001"],
            "devices": [{"type": "MOBILE", "bid_modifier": 1.2}],
            "ad_schedule": [{"day_of_week": "MONDAY", "start_hour": 8, "end_hour": 18, "end_minute": 30}],
        },
        "negative_keywords": ["free", "[second hand]"],
        "asset_links": [
            {"field_type": "SITELINK", "link_text": "Sale", "final_urls": ["https://www.example.com/sale"]},
            {"field_type": "CALLOUT", "callout_text": "Free returns"},
        ],
        "ad_groups": [
            {
                "name": "Chairs",
                "cpc_bid_micros": 1_500_000,
                "keywords": [
                    "garden chair",
                    '"folding chair"',
                    {"text": "teak chair", "match_type": "EXACT", "cpc_bid_micros": 2_000_000},
                ],
                "negative_keywords": ["repair"],
                "ads": [ad],
            },
            {"name": "Tables", "keywords": ["[garden table]"], "ads": [ad]},
        ],
    } | changes


def test_a_tree_is_read_back_as_it_was_written(team: Team, account: str) -> None:
    created = team.client.post("/api/campaigns", json=search_tree(account))
    assert created.status_code == 201, created.text
    assert created.get_json()["problems"] == []

    tree = team.client.get(f"/api/campaigns/{created.get_json()['id']}/tree").get_json()

    assert [group["name"] for group in tree["ad_groups"]] == ["Chairs", "Tables"]
    chairs = tree["ad_groups"][0]
    assert [(k["text"], k["match_type"], k["cpc_bid_micros"]) for k in chairs["keywords"]] == [
        ("garden chair", "BROAD", None),
        ("folding chair", "PHRASE", None),
        ("teak chair", "EXACT", 2_000_000),
    ]
    assert [k["text"] for k in chairs["negative_keywords"]] == ["repair"]
    headlines = chairs["ads"][0]["headlines"]
    assert [(h["asset_text"], h["pinned_field"]) for h in headlines][:2] == [
        ("Garden chairs", "HEADLINE_1"),
        ("Fast delivery", None),
    ]
    assert set(headlines[0]) >= {"asset_id", "asset_text", "field_type", "pinned_field", "performance_label"}
    assert {link["field_type"] for link in tree["asset_links"]} == {"SITELINK", "CALLOUT"}
    assert tree["targeting"]["locations"][1] == {"id": "1004234", "negative": True}
    assert [k["match_type"] for k in tree["negative_keywords"]] == ["BROAD", "EXACT"]
    assert tree["budget"]["amount_micros"] == 12_000_000


def test_children_under_their_own_paths(team: Team, account: str) -> None:
    campaign_id = team.client.post("/api/campaigns", json=search_tree(account)).get_json()["id"]
    groups = team.client.get(f"/api/campaigns/{campaign_id}/ad_groups").get_json()
    group_id = groups[0]["id"]

    shown = team.client.get(f"/api/ad_groups/{group_id}")
    tag = {"If-Match": shown.headers["ETag"]}
    changed = team.client.patch(f"/api/ad_groups/{group_id}", json={"name": "Seats"}, headers=tag)
    stale = team.client.patch(f"/api/ad_groups/{group_id}", json={"name": "Stools"}, headers=tag)
    blind = team.client.patch(f"/api/ad_groups/{group_id}", json={"name": "Stools"})

    assert (changed.status_code, changed.get_json()["name"]) == (200, "Seats")
    assert (stale.status_code, stale.get_json()["code"]) == (412, "stale")
    assert (blind.status_code, blind.get_json()["code"]) == (428, "if_match_required")
    ad = changed.get_json()["ads"][0]
    ad_answer = team.client.patch(
        f"/api/ads/{ad['id']}",
        json={"headlines": ["One", "Two", "Three"]},
        headers={"If-Match": f'"v{ad["version"]}"'},
    )
    assert [h["asset_text"] for h in ad_answer.get_json()["headlines"]] == ["One", "Two", "Three"]
    added = team.client.post(f"/api/ad_groups/{group_id}/keywords", json={"keywords": ["deck chair", "[sun chair]"]})
    assert [item["index"] for item in added.get_json()["items"]] == [0, 1]
    keyword_id = added.get_json()["items"][1]["id"]
    keyword = team.client.get(f"/api/keywords/{keyword_id}")
    removed = team.client.delete(f"/api/keywords/{keyword_id}", headers={"If-Match": keyword.headers["ETag"]})
    assert removed.status_code == 204
    assert team.client.get(f"/api/keywords/{keyword_id}").status_code == 404
    listed = team.client.get(f"/api/ad_groups/{group_id}/keywords", query_string={"limit": 2, "negative": "false"})
    assert len(listed.get_json()) == 2
    assert 'rel="next"' in listed.headers["Link"]


def test_targeting_and_budget_under_their_own_paths(team: Team, account: str) -> None:
    client = team.client
    campaign = f"/api/campaigns/{client.post('/api/campaigns', json=search_tree(account)).get_json()['id']}"
    shown = client.get(f"{campaign}/targeting")
    tag = {"If-Match": shown.headers["ETag"]}

    changed = client.patch(f"{campaign}/targeting", json={"languages": ["1000"], "devices": []}, headers=tag)
    stale = client.patch(f"{campaign}/targeting", json={"languages": []}, headers=tag)

    assert changed.status_code == 200, changed.text
    expected = shown.get_json() | {"languages": ["1000"], "devices": []}
    assert (changed.get_json(), stale.status_code) == (expected, 412)
    assert client.get(campaign).headers["ETag"] == changed.headers["ETag"]
    assert client.get(f"{campaign}/budget").get_json()["amount_micros"] == 12_000_000
    bare = client.post("/api/campaigns", json={"name": f"Bare {uuid.uuid4()}", "customer_id": account}).get_json()["id"]
    assert client.get(f"/api/campaigns/{bare}/budget").status_code == 404


def test_the_bin_of_a_draft_s_children(team: Team, account: str) -> None:
    """Each kind of child goes into the bin and comes back; below an ad group in the bin nothing is found."""
    client = team.client
    campaign = f"/api/campaigns/{client.post('/api/campaigns', json=search_tree(account)).get_json()['id']}"
    chairs = client.get(f"{campaign}/tree").get_json()["ad_groups"][0]
    inner = (f"/api/ads/{chairs['ads'][0]['id']}", f"/api/keywords/{chairs['keywords'][0]['id']}")
    for path in (*inner, f"/api/ad_groups/{chairs['id']}"):
        tag = {"If-Match": client.get(path).headers["ETag"]}
        assert client.post(f"{path}/restore").status_code == 409
        assert client.delete(path, headers=tag).status_code == 204
        assert client.get(path).status_code == 404
        if path in inner:
            assert client.post(f"{path}/restore").status_code == 200
    assert [client.get(path).status_code for path in inner] == [404, 404]
    binned = client.get(f"{campaign}/ad_groups", query_string={"deleted": "true"}).get_json()
    assert [group["id"] for group in binned] == [chairs["id"]]
    assert len(client.get(f"{campaign}/tree").get_json()["ad_groups"]) == 1
    assert client.post(f"/api/ad_groups/{chairs['id']}/restore").get_json()["name"] == "Chairs"
    assert [client.get(path).status_code for path in inner] == [200, 200]
    assert client.get(campaign).get_json()["problems"] == []


def test_lists_of_children_are_sorted_narrowed_and_paged(team: Team, account: str) -> None:
    client = team.client
    campaign = f"/api/campaigns/{client.post('/api/campaigns', json=search_tree(account)).get_json()['id']}"
    names = [g["name"] for g in client.get(f"{campaign}/ad_groups", query_string={"sort": "-name"}).get_json()]
    assert names == ["Tables", "Chairs"]
    group = client.get(f"{campaign}/ad_groups", query_string={"q": "CHAIR"}).get_json()[0]["id"]
    path = f"/api/ad_groups/{group}/keywords"
    first = client.get(path, query_string={"sort": "name", "limit": 2, "negative": "false"})
    assert [word["text"] for word in first.get_json()] == ["folding chair", "garden chair"]
    following = first.headers["Link"].split(">")[0].lstrip("<")
    assert [word["text"] for word in client.get(following).get_json()] == ["teak chair"]
    assert [w["text"] for w in client.get(path, query_string={"q": "teak"}).get_json()] == ["teak chair"]
    assert client.get(path, query_string={"sort": "colour"}).status_code == 400


def test_removing_the_last_ad_is_a_problem_with_its_pointer(team: Team, account: str) -> None:
    campaign_id = team.client.post("/api/campaigns", json=search_tree(account)).get_json()["id"]
    tree = team.client.get(f"/api/campaigns/{campaign_id}/tree").get_json()
    ad = tree["ad_groups"][1]["ads"][0]

    team.client.delete(f"/api/ads/{ad['id']}", headers={"If-Match": f'"v{ad["version"]}"'})

    problems = team.client.get(f"/api/campaigns/{campaign_id}").get_json()["problems"]
    assert [(p["pointer"], p["code"]) for p in problems] == [("/ad_groups/1/ads", "ads_required")]


def test_an_uploaded_image_is_one_asset_and_keeps_no_metadata(team: Team, account: str) -> None:
    out = io.BytesIO()
    Image.new("RGB", (600, 314), "teal").save(out, "PNG")
    headers = {"Content-Type": "image/png"}

    first = team.client.post("/api/assets", query_string={"customer_id": account}, data=out.getvalue(), headers=headers)
    again = team.client.post("/api/assets", query_string={"customer_id": account}, data=out.getvalue(), headers=headers)

    assert first.status_code == 201, first.text
    assert (first.get_json()["width"], first.get_json()["height"]) == (600, 314)
    assert first.get_json()["id"] == again.get_json()["id"]


def test_a_form_names_the_account_and_the_image_beside_its_file(team: Team, account: str) -> None:
    out = io.BytesIO()
    Image.new("RGB", (600, 314), "navy").save(out, "PNG")

    def upload(**beside: str) -> Any:
        return team.client.post("/api/assets", data={"file": (io.BytesIO(out.getvalue()), "a.png"), **beside})

    made = upload(customer_id=f"{account[:3]}-{account[3:6]}-{account[6:]}", name="Navy")
    assert made.status_code == 201, made.text
    assert made.get_json()["name"] == "Navy"
    assert upload().get_json(force=True)["code"] == "validation_failed"  # there are several accounts
    wrong = upload(customer_id=account, colour="navy")
    assert (wrong.status_code, wrong.get_json(force=True)["code"]) == (400, "unknown_field")
    assert wrong.get_json(force=True)["errors"][0]["pointer"] == "/colour"


@pytest.mark.parametrize(
    ("data", "content_type", "status"),
    [(b"<svg/>", "image/png", 400), (b"", "image/png", 400), (b"x", "text/plain", 415)],
)
def test_what_is_no_image_is_refused(team: Team, account: str, data: bytes, content_type: str, status: int) -> None:
    answer = team.client.post(
        "/api/assets", query_string={"customer_id": account}, data=data, headers={"Content-Type": content_type}
    )
    assert answer.status_code == status


def test_an_unknown_asset_is_refused_with_its_pointer(team: Team, account: str) -> None:
    form = search_tree(account)
    form["ad_groups"][0]["ads"][0] = form["ad_groups"][0]["ads"][0] | {"logo_images": [{"asset_id": str(uuid.uuid4())}]}

    answer = team.client.post("/api/campaigns", json=form)

    assert answer.status_code == 400
    assert answer.get_json()["errors"][0]["pointer"] == "/ad_groups/0/ads/0/logo_images/0/asset_id"


def test_a_copy_is_a_draft_with_the_same_tree(team: Team, account: str) -> None:
    form = {"customer_id": account, "name": f"Never {uuid.uuid4()}", "keywords": ["free"]}
    shared = team.client.post("/api/shared_sets", json=form).get_json()
    made = team.client.post("/api/campaigns", json=search_tree(account, shared_sets=[shared["id"]])).get_json()
    name = f"Copy {uuid.uuid4()}"

    copied = team.client.post(f"/api/campaigns/{made['id']}/copy", json={"name": name})

    assert copied.status_code == 201, copied.text
    assert (copied.get_json()["status"], copied.get_json()["problems"]) == ("DRAFT", [])
    old, new = (
        team.client.get(f"/api/campaigns/{item}/tree").get_json() for item in (made["id"], copied.get_json()["id"])
    )

    def shape(tree: dict[str, Any]) -> Any:
        return [
            (
                group["name"],
                [(k["text"], k["match_type"], k["cpc_bid_micros"]) for k in group["keywords"]],
                [[(h["asset_text"], h["pinned_field"]) for h in ad["headlines"]] for ad in group["ads"]],
            )
            for group in tree["ad_groups"]
        ]

    assert shape(old) == shape(new)
    assert old["targeting"] == new["targeting"]
    assert {link["asset_id"] for link in old["asset_links"]} == {link["asset_id"] for link in new["asset_links"]}
    assert [used["id"] for used in new["shared_sets"]] == [shared["id"]]
    assert old["budget"]["amount_micros"] == new["budget"]["amount_micros"]
    assert {group["id"] for group in old["ad_groups"]}.isdisjoint({group["id"] for group in new["ad_groups"]})
