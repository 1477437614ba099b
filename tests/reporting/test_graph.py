"""Who uses an asset, against plain joins; pages lose nothing and repeat nothing."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.shop import Shop


@pytest.fixture
def woven(new_shop: Callable[..., Shop]) -> tuple[Shop, list[uuid.UUID]]:
    """Three campaigns of two ad groups, each with three ads and four keywords; assets strewn over the ads."""
    draw = random.Random(3)
    shop = new_shop()
    assets = [shop.entity("assets", 9000 + n, type="TEXT", text=f"Text {n}") for n in range(6)]
    for campaign in (1, 2, 3):
        shop.campaign(campaign, f"Campaign {campaign}", google_status="PAUSED" if campaign == 3 else "ENABLED")
        for ad_group in (campaign * 10, campaign * 10 + 1):
            group = shop.ad_group(ad_group, campaign, f"Group {ad_group}")
            for number in range(4):
                shop.keyword(ad_group * 100 + number, group, f"word {number}", negative=number == 3)
            for number in range(3):
                ad = shop.entity("ads", ad_group * 100 + number, name=f"Ad {ad_group} {number}")
                status = "PAUSED" if number == 2 else "ENABLED"
                shop.insert("adgroup_ad", ad_group_id=group, ad_id=ad, status=status, sync_status="synced")
                for asset in draw.sample(assets[:5], 2):
                    for slot in ("HEADLINE", "DESCRIPTION")[: draw.randrange(1, 3)]:
                        shop.insert("ad_asset", ad_id=ad, asset_id=asset, field_type=slot, position=0)
    return shop, assets


def joined(shop: Shop, asset: uuid.UUID, what: str) -> set[str]:
    """The same question as one plain join."""
    found = shop.rows(
        f"SELECT DISTINCT {what} AS id FROM ad_asset e JOIN adgroup_ad l USING (customer_id, ad_id)"
        " JOIN campaign_adgroup h USING (customer_id, ad_group_id)"
        " LEFT JOIN keywords k ON k.customer_id = e.customer_id AND k.parent_id = l.ad_group_id AND NOT k.negative"
        " WHERE e.customer_id = :customer AND e.asset_id = :asset",
        customer=shop.customer_id,
        asset=asset,
    )
    return {str(row["id"]) for row in found if row["id"]}


def walk(shop: Shop, path: str) -> list[str]:
    """Every id of a paged list."""
    found: list[str] = []
    next_page = f"{path}{'&' if '?' in path else '?'}limit=2"
    while next_page:
        answer = shop.team.client.get(next_page)
        assert answer.status_code == 200, answer.text
        found += [row["id"] for row in answer.get_json()]
        link = answer.headers.get("Link", "")
        next_page = link[1 : link.index(">")] if link else ""
    return found


def test_each_user_of_an_asset_once(woven: tuple[Shop, list[uuid.UUID]]) -> None:
    shop, assets = woven
    for asset in assets:
        for kind, column in (("ads", "e.ad_id"), ("keywords", "k.id"), ("campaigns", "h.campaign_id")):
            found = walk(shop, f"/api/graph/assets/{asset}/{kind}")
            assert len(found) == len(set(found))
            assert set(found) == joined(shop, asset, column)


def test_all_kinds_in_one_answer(woven: tuple[Shop, list[uuid.UUID]]) -> None:
    shop, assets = woven
    answer = shop.team.client.get(f"/api/graph/assets/{assets[0]}").get_json()
    assert answer["asset"] == {
        "id": str(assets[0]),
        "google_id": "9000",
        "type": "TEXT",
        "name": "Text 0",
        "mime_type": None,
        "width": None,
        "height": None,
    }
    assert {row["id"] for row in answer["keywords"]} == joined(shop, assets[0], "k.id")
    assert {row["id"] for row in answer["ads"]} == joined(shop, assets[0], "e.ad_id")
    ad = answer["ads"][0]
    assert ad["campaign_name"] == f"Campaign {ad['campaign_id']}"
    assert set(ad["field_types"]) <= {"HEADLINE", "DESCRIPTION"}
    short = shop.team.client.get(f"/api/graph/assets/{assets[0]}?limit=1").get_json()
    assert (len(short["ads"]), short["more_ads"], short["more_keywords"]) == (1, True, True)


def test_other_ways_to_use_an_asset(woven: tuple[Shop, list[uuid.UUID]]) -> None:
    shop, assets = woven
    shop.insert(
        "campaign_asset", campaign_id=shop.campaigns[1], asset_id=assets[5], field_type="SITELINK", status="ENABLED"
    )
    shop.insert(
        "ad_group_asset", ad_group_id=shop.ad_groups[20], asset_id=assets[5], field_type="CALLOUT", status="ENABLED"
    )
    shop.insert(
        "campaign_asset", campaign_id=shop.campaigns[3], asset_id=assets[5], field_type="LOGO", status="REMOVED"
    )
    answer = shop.team.client.get(f"/api/graph/assets/{assets[5]}").get_json()
    assert {(row["google_id"], *row["via"]) for row in answer["campaigns"]} == {("1", "campaign"), ("2", "ad_group")}
    assert (answer["ads"], answer["keywords"]) == ([], [])


def test_assets_of_active_campaigns(woven: tuple[Shop, list[uuid.UUID]]) -> None:
    shop, _ = woven
    expected = shop.rows(
        "SELECT DISTINCT e.asset_id FROM ad_asset e JOIN adgroup_ad l USING (customer_id, ad_id)"
        " JOIN campaign_adgroup h USING (customer_id, ad_group_id) JOIN campaigns c ON c.customer_id = e.customer_id"
        " AND c.id = h.campaign_id WHERE e.customer_id = :id AND l.status = 'ENABLED' AND c.google_status = 'ENABLED'",
        id=shop.customer_id,
    )
    found = walk(shop, f"/api/graph/assets?slug={shop.slug}")
    assert sorted(found) == sorted(str(row["asset_id"]) for row in expected)


def test_strangers_and_cursors(woven: tuple[Shop, list[uuid.UUID]], new_team: Callable[..., Any]) -> None:
    shop, assets = woven
    stranger = new_team("Stranger").client
    for path in ("", "/ads", "/keywords", "/campaigns"):
        assert stranger.get(f"/api/graph/assets/{assets[0]}{path}").status_code == 404
    link = shop.team.client.get(f"/api/graph/assets/{assets[0]}/ads?limit=1").headers["Link"]
    cursor = link.partition("cursor=")[2].partition(">")[0]
    moved = shop.team.client.get(f"/api/graph/assets/{assets[1]}/ads?limit=1&cursor={cursor}")
    assert moved.status_code == 400
