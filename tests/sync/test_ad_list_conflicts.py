"""What fills a live ad, edited here and at Google: a conflict per list, with all three values, decided like any."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from backend.sync.asset_queries import AD_ASSETS, ASSETS
from backend.sync.queries import AD_GROUPS, ADS, CAMPAIGNS
from tests.support.database import Rows
from tests.support.team import Team
from tests.sync.support import Structure, answer, new_account
from tests.sync.test_link_conflicts import listed
from tests.sync.test_merge import campaign, only

HEADLINE, DESCRIPTION, PIN_1 = 2, 3, 2
LANDSCAPE, SQUARE = 5, 19
TEXTS = ("Boots", "Trail boots", "Buy boots", "Warm boots", "Light boots", "Free returns", "Since 1901", "Made to last")
NUMBER = {text: 40 + place for place, text in enumerate(TEXTS)}
HEADLINES = ("Boots", "Trail boots", "Buy boots")
DESCRIPTIONS = ("Free returns", "Since 1901")


def asset(text: str) -> Callable[[Any], None]:
    def fill(row: Any) -> None:
        row.asset.id, row.asset.type_, row.asset.text_asset.text = NUMBER[text], 5, text

    return fill


def group(row: Any) -> None:
    row.ad_group.id, row.campaign.id, row.ad_group.status = 27, 7, 2


def ad(row: Any) -> None:
    row.ad_group_ad.ad.id, row.ad_group.id, row.ad_group_ad.status = 5, 27, 2
    row.ad_group_ad.ad.type_ = 15
    row.ad_group_ad.ad.final_urls.append("https://example.com")


def slot(text: str, field_type: int, pinned: int = 0) -> Callable[[Any], None]:
    def fill(row: Any) -> None:
        view = row.ad_group_ad_asset_view
        view.ad_group_ad, view.asset = "customers/1/adGroupAds/27~5", f"customers/1/assets/{NUMBER[text]}"
        view.field_type, view.pinned_field = field_type, pinned

    return fill


def texts(headlines: tuple[str, ...] = HEADLINES, pinned: str | None = None) -> bytes:
    """What Google says about the ad's texts."""
    named = [slot(text, HEADLINE, PIN_1 if text == pinned else 0) for text in headlines]
    return answer(*named, *(slot(text, DESCRIPTION) for text in DESCRIPTIONS))


def as_list(*words: str) -> list[dict[str, str]]:
    return [{"text": word} for word in sorted(words)]


@pytest.fixture
def structure(app: Flask, team: Team, rows: Rows) -> Structure:
    made = Structure(app, team.tenant_id, new_account(rows, team.tenant_id))
    for query, message in (
        (CAMPAIGNS, answer(campaign())),
        (AD_GROUPS, answer(group)),
        (ASSETS, answer(*map(asset, TEXTS))),
        (ADS, answer(ad)),
        (AD_ASSETS, texts()),
    ):
        made.merge(query, message)
    return made


def edit(team: Team, ad_id: Any, *headlines: str) -> None:
    """A person gives the ad other headlines."""
    path = f"/api/ads/{ad_id}"
    tag = {"If-Match": team.client.get(path).headers["ETag"]}
    done = team.client.patch(path, json={"headlines": list(headlines)}, headers=tag)
    assert done.status_code == 200, done.text


def shown(team: Team, ad_id: Any) -> list[str]:
    return sorted(item["asset_text"] for item in team.client.get(f"/api/ads/{ad_id}").get_json()["headlines"])


@pytest.mark.parametrize("choice", ["keep_mine", "take_theirs"])
def test_headlines_edited_on_both_sides_are_a_conflict(
    team: Team, structure: Structure, rows: Rows, choice: str
) -> None:
    row = only(rows, structure, "ads")
    mine, theirs = ("Boots", "Buy boots", "Warm boots"), ("Boots", "Buy boots", "Light boots")
    edit(team, row["id"], *mine)
    structure.merge(AD_ASSETS, texts())
    row = only(rows, structure, "ads")
    assert (row["sync_status"], row["base"]) == ("dirty", {"headlines": as_list(*HEADLINES)}), "Google stands"
    structure.merge(AD_ASSETS, texts(theirs))
    assert listed(team) == [("ad", None, "headlines", as_list(*HEADLINES), as_list(*mine), as_list(*theirs))]
    assert shown(team, row["id"]) == sorted(mine)

    body = {"decisions": [{"entity": "ad", "id": str(row["id"]), "field": "headlines", "choice": choice}]}
    assert team.client.post("/api/conflicts/resolve", json=body).get_json()[0]["status"] == "resolved"
    after = only(rows, structure, "ads")
    assert (listed(team), after["remote"]) == ([], {})
    if choice == "keep_mine":
        assert (after["sync_status"], after["base"]) == ("dirty", {"headlines": as_list(*theirs)})
        assert shown(team, row["id"]) == sorted(mine)
    else:
        assert (after["sync_status"], after["dirty_fields"], after["base"]) == ("synced", [], {})
        assert shown(team, row["id"]) == sorted(theirs)
        assert after["version"] == row["version"] + 1
    structure.merge(AD_ASSETS, texts(theirs))
    assert listed(team) == []
    assert shown(team, row["id"]) == sorted(mine if choice == "keep_mine" else theirs)


def test_a_pin_set_at_google_is_a_change_and_another_order_is_none(
    team: Team, structure: Structure, rows: Rows
) -> None:
    row = only(rows, structure, "ads")
    edit(team, row["id"], "Boots", "Buy boots", "Warm boots")
    structure.merge(AD_ASSETS, texts(HEADLINES[::-1]))
    assert listed(team) == []
    structure.merge(AD_ASSETS, texts(pinned="Boots"))
    ((*_, theirs),) = listed(team)
    assert theirs == [{"text": "Boots", "pinned_field": "HEADLINE_1"}, *as_list("Buy boots", "Trail boots")]
    structure.merge(AD_ASSETS, texts())
    assert (listed(team), only(rows, structure, "ads")["sync_status"]) == ([], "dirty"), "Google went back"


def test_the_same_texts_on_both_sides_are_clean(team: Team, structure: Structure, rows: Rows) -> None:
    row = only(rows, structure, "ads")
    same = ("Warm boots", "Boots", "Buy boots")
    edit(team, row["id"], *same)
    structure.merge(AD_ASSETS, texts(same))
    after = only(rows, structure, "ads")
    assert (after["sync_status"], after["dirty_fields"], after["base"]) == ("synced", [], {})
    assert shown(team, row["id"]) == sorted(same)


def test_what_says_nothing_about_an_edit_changes_nothing(team: Team, structure: Structure, rows: Rows) -> None:
    row = only(rows, structure, "ads")
    asked = structure.now()
    edit(team, row["id"], "Boots", "Buy boots", "Warm boots")
    edited = only(rows, structure, "ads")
    structure.merge(AD_ASSETS, texts(("Boots", "Buy boots", "Light boots")), read_at=asked)
    structure.merge(AD_ASSETS, texts(("Boots", "Buy boots", "Light boots")), pushed=[row["id"]])
    structure.merge(AD_ASSETS, texts(()))
    assert only(rows, structure, "ads") == edited


PICTURES = {"sea": 61, "wood": 62, "hill": 63, "town": 64}


def picture(name: str) -> Callable[[Any], None]:
    def fill(row: Any) -> None:
        row.asset.id, row.asset.type_, row.asset.name = PICTURES[name], 4, name
        row.asset.image_asset.full_size.width_pixels, row.asset.image_asset.full_size.height_pixels = 1200, 628

    return fill


def display_ad(row: Any) -> None:
    ad(row)
    row.ad_group_ad.ad.type_ = 19


def image(name: str, field_type: int) -> Callable[[Any], None]:
    def fill(row: Any) -> None:
        view = row.ad_group_ad_asset_view
        view.ad_group_ad, view.asset = "customers/1/adGroupAds/27~5", f"customers/1/assets/{PICTURES[name]}"
        view.field_type = field_type

    return fill


def filled(*landscape: str, square: str = "hill", headlines: tuple[str, ...] = HEADLINES) -> bytes:
    """What Google says of the display ad."""
    images = [image(name, LANDSCAPE) for name in landscape]
    return answer(*images, image(square, SQUARE), *(slot(text, HEADLINE) for text in headlines))


@pytest.fixture
def display(structure: Structure) -> Structure:
    structure.merge(ASSETS, answer(*map(picture, PICTURES), *map(asset, TEXTS)))
    structure.merge(ADS, answer(display_ad))
    structure.merge(AD_ASSETS, filled("sea", "wood"))
    return structure


def put(team: Team, ad_id: Any, name: str, values: list[str]) -> None:
    path = f"/api/ads/{ad_id}"
    tag = {"If-Match": team.client.get(path).headers["ETag"]}
    done = team.client.patch(path, json={name: [{"asset_id": value} for value in values]}, headers=tag)
    assert done.status_code == 200, done.text


def named(rows: Rows, display: Structure) -> dict[str, str]:
    """The ids of the pictures by name."""
    found = rows("SELECT id, name FROM assets WHERE customer_id = :c AND type = 'IMAGE'", c=display.customer_id)
    return {row["name"]: str(row["id"]) for row in found}


def pictures_in(team: Team, ad_id: Any, names: dict[str, str], slot_name: str = "MARKETING_IMAGE") -> list[str]:
    """The names of the pictures in a slot, as the API shows them."""
    shown_as = {item_id: name for name, item_id in names.items()}
    assets = team.client.get(f"/api/ads/{ad_id}").get_json()["assets"]
    return sorted(shown_as[item["asset_id"]] for item in assets if item["field_type"] == slot_name)


@pytest.mark.parametrize("choice", ["keep_mine", "take_theirs"])
def test_images_edited_on_both_sides_are_a_conflict(team: Team, display: Structure, rows: Rows, choice: str) -> None:
    row = only(rows, display, "ads")
    ids = named(rows, display)

    def listed_as(*names: str) -> list[dict[str, str]]:
        return [{"asset_id": item} for item in sorted(ids[name] for name in names)]

    put(team, row["id"], "marketing_images", [ids["sea"], ids["hill"]])
    display.merge(AD_ASSETS, filled("wood", "sea", headlines=("Boots", "Trail boots", "Warm boots")))
    assert shown(team, row["id"]) == ["Boots", "Trail boots", "Warm boots"], "a list that nobody edited follows Google"
    assert (listed(team), pictures_in(team, row["id"], ids)) == ([], ["hill", "sea"])
    display.merge(AD_ASSETS, filled("town", "sea", square="wood"))
    mine, theirs = listed_as("hill", "sea"), listed_as("sea", "town")
    assert listed(team) == [("ad", None, "marketing_images", listed_as("sea", "wood"), mine, theirs)]
    assert pictures_in(team, row["id"], ids, "SQUARE_MARKETING_IMAGE") == ["wood"]

    body = {"decisions": [{"entity": "ad", "id": str(row["id"]), "field": "marketing_images", "choice": choice}]}
    assert team.client.post("/api/conflicts/resolve", json=body).get_json()[0]["status"] == "resolved"
    display.merge(AD_ASSETS, filled("town", "sea", square="wood"))
    after = only(rows, display, "ads")
    kept = choice == "keep_mine"
    assert (listed(team), after["sync_status"]) == ([], "dirty" if kept else "synced")
    assert pictures_in(team, row["id"], ids) == (["hill", "sea"] if kept else ["sea", "town"])


def test_images_without_a_slot_are_compared_with_all_that_google_shows(
    team: Team, display: Structure, rows: Rows
) -> None:
    row = only(rows, display, "ads")
    ids = named(rows, display)
    put(team, row["id"], "images", [ids["hill"]])
    display.merge(AD_ASSETS, filled("sea", "wood"))
    assert listed(team) == []
    display.merge(AD_ASSETS, filled("sea", "town"))
    ((*_, field, _, _, theirs),) = listed(team)
    assert field == "images"
    assert sorted(item["field_type"] for item in theirs) == ["MARKETING_IMAGE"] * 2 + ["SQUARE_MARKETING_IMAGE"]
    body = {"decisions": [{"entity": "ad", "id": str(row["id"]), "field": "images", "choice": "take_theirs"}]}
    assert team.client.post("/api/conflicts/resolve", json=body).get_json()[0]["status"] == "resolved"
    assert pictures_in(team, row["id"], ids) == ["sea", "town"]
    assert pictures_in(team, row["id"], ids, "SQUARE_MARKETING_IMAGE") == ["hill"]
    assert only(rows, display, "ads")["sync_status"] == "synced"


def test_an_answer_older_than_a_push_leaves_what_fills_the_ad(team: Team, display: Structure, rows: Rows) -> None:
    row = only(rows, display, "ads")
    display.merge(AD_ASSETS, filled("town", headlines=("Light boots",)), pushed=[row["id"]])
    assert pictures_in(team, row["id"], named(rows, display)) == ["sea", "wood"]
    assert shown(team, row["id"]) == sorted(HEADLINES)
