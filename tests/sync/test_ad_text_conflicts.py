"""The texts of a live ad, edited here and at Google: a conflict per list, with all three values, decided like any."""

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
