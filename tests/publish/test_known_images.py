"""Images that Google has already, under the name that it keeps: used, recognised after a lost answer, never doubled."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.campaigns.test_children import search_tree
from tests.publish.conftest import OwnStack, run_here
from tests.publish.ledger import creates, mutates
from tests.support.sandbox import Sandbox

Json = dict[str, Any]


def made(own: OwnStack, form: Json) -> str:
    """The path of a campaign."""
    answer = own.team.client.post("/api/campaigns", json=form)
    assert answer.status_code == 201, answer.text
    return f"/api/campaigns/{answer.get_json()['id']}"


def published(own: OwnStack, path: str) -> Json:
    """Publish; the tree afterwards."""
    job = run_here(own, own.team.client.post(f"{path}/publish").get_json()["job_id"])
    assert job["status"] == "finished", job["error"]
    tree: Json = own.team.client.get(f"{path}/tree").get_json()
    return tree


def forget_images(own: OwnStack) -> None:
    """What Google has is known here only as a sync would have brought it."""
    own.rows(
        "UPDATE assets SET content_key = NULL, source_url = NULL WHERE type = 'IMAGE' AND customer_id IN"
        " (SELECT id FROM customers WHERE tenant_id = :tenant)",
        tenant=own.team.tenant_id,
    )


def with_image(own: OwnStack, url: str) -> Json:
    """A search campaign with an image beside its ads."""
    form = search_tree(own.account)
    form["asset_links"].append({"field_type": "AD_IMAGE", "url": url})
    return form


def images_of(tree: Json) -> list[Json]:
    """The links of a campaign to images."""
    return [link for link in tree["asset_links"] if link["field_type"] == "AD_IMAGE"]


@pytest.mark.slow(reason="waits out the deadline of a lost answer")
def test_an_image_of_another_name_is_adopted_with_its_link(killed: OwnStack, sandbox: Sandbox) -> None:
    url = sandbox.info["images"]["square"]
    first = published(killed, made(killed, with_image(killed, url)))
    forget_images(killed)
    path = made(killed, with_image(killed, url))
    sandbox.add_fault(method="Mutate", customer_id=killed.account, when="after", grpc_status="DEADLINE_EXCEEDED")

    second = published(killed, path)

    assert sandbox.faults() == []
    ((old,), (new,)) = images_of(first), images_of(second)
    assert (new["sync_status"], new["google_asset_id"]) == ("synced", old["google_asset_id"])
    assert new["resource_name"]
    assert killed.team.client.get(f"{path}/preview").get_json()["operations"] == 0


def carousel(own: OwnStack, images: dict[str, str]) -> Json:
    """A campaign with two cards."""
    card = {"marketing_image": {"url": images["landscape"]}, "square_marketing_image": {"url": images["square"]}}
    ad = {
        "type": "DEMAND_GEN_CAROUSEL_AD",
        "headlines": ["Garden chairs"],
        "descriptions": ["For every garden."],
        "business_name": "Example GmbH",
        "final_urls": ["https://www.example.com/landing"],
        "logo_images": [{"url": images["logo"]}],
        "carousel_cards": [card | {"headline": "One"}, card | {"headline": "Two"}],
    }
    return {
        "name": f"Cards {uuid.uuid4()}",
        "customer_id": own.account,
        "campaign_type": "DEMAND_GEN",
        "objective": "WEBSITE_TRAFFIC",
        "daily_budget": 12_000_000,
        "contains_eu_political_advertising": False,
        "ad_groups": [{"name": "Everyone", "ads": [ad]}],
    }


def test_cards_find_the_images_that_google_has_already(killed: OwnStack, sandbox: Sandbox) -> None:
    """Our row of an image gives way to the one that stands for Google's, and the cards that named it follow."""
    images = sandbox.info["images"]
    published(killed, made(killed, carousel(killed, images)))
    forget_images(killed)
    since = sandbox.last_seq()

    tree = published(killed, made(killed, carousel(killed, images)))

    assert tree["ad_groups"][0]["ads"][0]["google_ad_id"]
    calls = mutates(sandbox, since, killed.account)
    cards = [
        one["demand_gen_carousel_card_asset"]
        for one in creates(calls[-1], "asset")
        if "demand_gen_carousel_card_asset" in one
    ]
    assert len(cards) == 2
    assert all(card["marketing_image_asset"] and card["square_marketing_image_asset"] for card in cards)
