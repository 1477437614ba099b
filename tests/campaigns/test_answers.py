"""What the document says of a campaign's children is what the API answers: no member more, none less, of its type."""

from __future__ import annotations

import io
import uuid
from typing import Any

import pytest
from marshmallow import Schema
from PIL import Image

from backend.campaigns.answers import (
    AdGroupItem,
    AdItem,
    AssetGroupItem,
    AssetItem,
    CampaignTree,
    KeywordItem,
    Linked,
    LinkItem,
    RuleBook,
    SharedSetItem,
    UsedListItem,
)
from backend.campaigns.schemas import CampaignItem
from tests.support.shop import Shop, make_shop
from tests.support.team import Team

AD = {
    "headlines": [{"text": "Garden chairs", "pinned_field": "HEADLINE_1"}, "Fast delivery", "Made to last"],
    "descriptions": ["Comfortable chairs.", "Free shipping on every order."],
    "final_urls": ["https://www.example.com/chairs"],
}
SEARCH = {
    "campaign_type": "SEARCH",
    "daily_budget": 12_000_000,
    "negative_keywords": ["free"],
    "asset_links": [{"field_type": "CALLOUT", "callout_text": "Free returns"}],
    "ad_groups": [
        {
            "name": "Chairs",
            "cpc_bid_micros": 1_500_000,
            "keywords": ["garden chair", '"folding chair"'],
            "negative_keywords": ["repair"],
            "asset_links": [
                {"field_type": "SITELINK", "link_text": "Sale", "final_urls": ["https://www.example.com/sale"]}
            ],
            "ads": [AD],
        }
    ],
}


@pytest.fixture
def shop(team: Team) -> Shop:
    """An account with no Google behind it."""
    return make_shop(team)


def create(shop: Shop, form: dict[str, Any]) -> str:
    """A draft of the account; its id."""
    created = shop.team.client.post(
        "/api/campaigns", json={"name": f"Answers {uuid.uuid4()}", "customer_id": shop.google_id, **form}
    )
    assert created.status_code == 201, created.text
    return str(created.get_json()["id"])


def described(schema: Schema, answer: Any, status: int = 200) -> Any:
    """The JSON of an answer that the schema describes; loading refuses members that are unknown or missing."""
    assert answer.status_code == status, answer.text
    body = answer.get_json()
    schema.load(body)
    return body


def changed(shop: Shop, schema: Schema, path: str, form: dict[str, Any]) -> None:
    """A GET and a PATCH that answer the same object."""
    shown = shop.team.client.get(path)
    described(schema, shown)
    described(schema, shop.team.client.patch(path, json=form, headers={"If-Match": shown.headers["ETag"]}))


def test_a_search_tree_and_each_of_its_children(shop: Shop) -> None:
    client = shop.team.client
    campaign_id = create(shop, SEARCH)
    tree = described(CampaignTree(), client.get(f"/api/campaigns/{campaign_id}/tree"))
    (group,) = tree["ad_groups"]
    assert group["keywords"]
    assert group["ads"][0]["headlines"]
    assert group["asset_links"]
    assert tree["negative_keywords"]
    assert tree["budget"]["amount_micros"] == 12_000_000

    groups, negatives = f"/api/campaigns/{campaign_id}/ad_groups", f"/api/campaigns/{campaign_id}/negative_keywords"
    assert described(AdGroupItem(many=True), client.get(groups))
    assert described(KeywordItem(many=True), client.get(negatives))
    assert described(AdItem(many=True), client.get(f"/api/ad_groups/{group['id']}/ads"))
    assert described(KeywordItem(many=True), client.get(f"/api/ad_groups/{group['id']}/keywords"))
    described(AdGroupItem(), client.post(groups, json={"name": "Tables", "keywords": ["table"], "ads": [AD]}), 201)
    described(AdItem(), client.post(f"/api/ad_groups/{group['id']}/ads", json=AD), 201)
    changed(shop, AdGroupItem(), f"/api/ad_groups/{group['id']}", {"name": "Seats"})
    changed(shop, AdItem(), f"/api/ads/{group['ads'][0]['id']}", {"path1": "seats"})
    changed(shop, KeywordItem(), f"/api/keywords/{group['keywords'][0]['id']}", {"status": "PAUSED"})
    for parent in (f"campaigns/{campaign_id}", f"ad_groups/{group['id']}"):
        linked = client.post(f"/api/{parent}/asset_links", json={"asset_links": SEARCH["asset_links"]})
        assert described(Linked(), linked, 201)["linked"] == 1
        (link,) = described(LinkItem(many=True), client.get(f"/api/{parent}/asset_links?limit=1"))
        changed(shop, LinkItem(), f"/api/asset_links/{link['id']}", {"status": "PAUSED"})
    form = {"customer_id": shop.google_id, "name": "Never", "keywords": ["free"]}
    shared = described(SharedSetItem(), client.post("/api/shared_sets", json=form), 201)
    assert described(SharedSetItem(many=True), client.get(f"/api/shared_sets?customer_id={shop.google_id}"))
    assert described(KeywordItem(many=True), client.get(f"/api/shared_sets/{shared['id']}/keywords"))
    changed(shop, SharedSetItem(), f"/api/shared_sets/{shared['id']}", {"name": "Not ever"})
    used = f"/api/campaigns/{campaign_id}/shared_sets"
    assert described(UsedListItem(many=True), client.post(used, json={"shared_set_ids": [shared["id"]]}), 201)
    assert described(UsedListItem(many=True), client.get(used))
    assert described(CampaignItem(many=True), client.get(f"/api/shared_sets/{shared['id']}/campaigns"))


def test_asset_groups_and_the_library(shop: Shop) -> None:
    client = shop.team.client
    out = io.BytesIO()
    Image.new("RGB", (600, 314), "teal").save(out, "PNG")
    account = {"customer_id": shop.google_id}
    uploaded = client.post(
        "/api/assets", query_string=account, data=out.getvalue(), headers={"Content-Type": "image/png"}
    )
    image = described(AssetItem(), uploaded, 201)
    video = client.post("/api/assets/videos", json={**account, "youtube_video_id": "dQw4w9WgXcQ"})
    described(AssetItem(), video, 201)

    campaign_id = create(shop, {"campaign_type": "PERFORMANCE_MAX", "daily_budget": 12_000_000})
    groups = f"/api/campaigns/{campaign_id}/asset_groups"
    form = {"name": "All", **AD, "headlines": ["One", "Two"], "marketing_images": [{"asset_id": image["id"]}]}
    group = described(AssetGroupItem(), client.post(groups, json=form), 201)
    assert group["assets"]
    assert described(AssetGroupItem(many=True), client.get(groups))
    changed(shop, AssetGroupItem(), f"/api/asset_groups/{group['id']}", {"name": "Everything"})
    described(CampaignTree(), client.get(f"/api/campaigns/{campaign_id}/tree"))
    assert len(described(AssetItem(many=True), client.get("/api/assets", query_string=account))) > 2
    described(AssetItem(), client.get(f"/api/assets/{image['id']}"))


def test_rows_that_came_from_google(shop: Shop) -> None:
    campaign_id = shop.campaign(101, "Synced")
    shop.keyword(1, shop.ad_group(1010, 101, "Group"), "chair")
    shared = shop.entity("shared_sets", 77, name="Never", type="NEGATIVE_KEYWORDS", status="ENABLED")
    shop.insert("campaign_shared_set", campaign_id=campaign_id, shared_set_id=shared, status="ENABLED")

    tree = described(CampaignTree(), shop.team.client.get(f"/api/campaigns/{campaign_id}/tree"))

    assert tree["ad_groups"][0]["google_ad_group_id"] == "1010"
    assert tree["shared_sets"][0]["google_shared_set_id"] == "77"
    assert tree["budget"] is None


def test_the_rules(team: Team) -> None:
    described(RuleBook(), team.client.get("/api/rules"))
