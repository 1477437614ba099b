"""Targeting, bids, labels and links, through HTTP, a real worker and edits made in Google's own interface."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.database import Rows
from tests.support.sandbox import Sandbox
from tests.support.team import Team
from tests.support.worker import Worker
from tests.sync.test_changes import live
from tests.sync.test_sync_account import run_command

Wait = Callable[..., dict[str, Any]]
DEVICES = {2: "MOBILE", 3: "TABLET", 4: "DESKTOP", 6: "CONNECTED_TV"}


class Shop:
    """One account: what the sandbox holds, what is stored, and a sync between them."""

    def __init__(self, team: Team, account: dict[str, Any], rows: Rows, sandbox: Sandbox, wait: Wait) -> None:
        self.team, self.account, self.rows, self.sandbox, self.wait = team, account, rows, sandbox, wait
        self.google_id = account["customer_id"]

    def append(self) -> dict[str, Any]:
        """Sync; what became of the structure."""
        told: dict[str, Any] = run_command(self.team, self.wait, self.account["slug"], "append")["result"]["structure"]
        return told

    def stored(self, table: str, where: str = "true") -> list[dict[str, Any]]:
        """Rows of a table of this account."""
        return live(self.rows, self.team, self.account, table, where)

    def edges(self, table: str) -> list[dict[str, Any]]:
        """Rows of an edge table of this account."""
        return self.rows(
            f"SELECT t.* FROM {table} t JOIN customers c ON c.id = t.customer_id"
            " WHERE c.tenant_id = :tenant AND c.google_customer_id = :google",
            tenant=self.team.tenant_id,
            google=int(self.google_id),
        )

    def state(self, kind: str) -> dict[str, Any]:
        """What the sandbox holds of a kind, by resource name."""
        held: dict[str, Any] = self.sandbox.state(customer_id=self.google_id, kind=kind)
        return held

    def change(self, name: str, **change: Any) -> None:
        """An edit made in Google's own interface."""
        self.sandbox.change(resource_name=f"customers/{self.google_id}/{name}", **change)


@pytest.fixture
def account(team: Team, worker: Worker) -> dict[str, Any]:
    """A client account that no other test edits at Google."""
    return [item for item in team.connect() if not item["manager"] and item["status"] == "ENABLED"][9]


@pytest.fixture
def shop(team: Team, account: dict[str, Any], rows: Rows, sandbox: Sandbox, wait_for_job: Wait) -> Shop:
    return Shop(team, account, rows, sandbox, wait_for_job)


def last(name: str) -> str:
    return name.rpartition("/")[2].rpartition("~")[2]


def places(targeting: dict[str, Any]) -> set[tuple[str, bool]]:
    return {(item["id"], item["negative"]) for item in targeting.get("locations", ())}


def modifiers(targeting: dict[str, Any]) -> dict[str, float]:
    return {item["type"]: item["bid_modifier"] for item in targeting.get("devices", ())}


@pytest.mark.slow("two syncs of a whole account on two loaded cores")
def test_targeting_bids_and_labels_are_the_sandbox_s(shop: Shop) -> None:
    shop.append()
    criteria = shop.state("campaign_criterion").values()
    for row in shop.stored("campaigns", "t.status = 'PUBLISHED'"):
        mine = [one for one in criteria if last(one["campaign"]) == str(row["google_id"])]
        found = {
            (last(one["location"]["geo_target_constant"]), one.get("negative", False))
            for one in mine
            if "location" in one
        }
        assert places(row["targeting"]) == found, row["name"]
        spoken = {last(one["language"]["language_constant"]) for one in mine if "language" in one}
        assert set(row["targeting"].get("languages", ())) == spoken
        slots = [one for one in mine if "ad_schedule" in one]
        assert len(row["targeting"].get("ad_schedule", ())) == len(slots)
        assert [slot["bid_modifier"] for slot in row["targeting"].get("ad_schedule", ())] == [
            pytest.approx(one["bid_modifier"]) for one in slots if one.get("bid_modifier", 1) != 1
        ]
        expected = {one["device"]["type"]: one["bid_modifier"] for one in mine if "device" in one}
        assert modifiers(row["targeting"]) == {
            kind: pytest.approx(modifier) for kind, modifier in expected.items() if modifier != 1
        }
    assert any(modifiers(row["targeting"]) for row in shop.stored("campaigns"))
    strategies = {row["id"]: row for row in shop.stored("bidding_strategies")}
    shared = [row for row in shop.stored("campaigns") if row["bidding_strategy_id"]]
    assert shared
    held = shop.state("bidding_strategy")
    for row in shared:
        strategy = strategies[row["bidding_strategy_id"]]
        target = int(held[strategy["resource_name"]]["target_cpa"]["target_cpa_micros"])
        assert strategy["bidding"] == {"target_cpa": {"target_cpa_micros": target}}
    labels = {row["id"]: row["resource_name"] for row in shop.stored("labels")}
    assert set(labels.values()) == set(shop.state("label"))
    campaigns = {row["id"]: row["resource_name"] for row in shop.stored("campaigns")}
    assert {(campaigns[edge["campaign_id"]], labels[edge["label_id"]]) for edge in shop.edges("campaign_label")} == {
        (one["campaign"], one["label"]) for one in shop.state("campaign_label").values()
    }
    shown_by_the_api(shop)
    again = shop.append()
    assert (again["mode"], again["changed"], again["removed"], again["skipped"]) == ("incremental", 0, 0, 0)


def shown_by_the_api(shop: Shop) -> None:
    """Labels with how many campaigns carry them, and shared strategies with how many use them, page by page."""
    slug, found, path = shop.account["slug"], [], f"/api/data/labels/{shop.account['slug']}?limit=3"
    while path:
        answered = shop.team.client.get(path)
        assert answered.status_code == 200, answered.text
        found += answered.get_json()
        link = answered.headers.get("Link", "")
        path = link[1 : link.index(">")] if link else ""
    assert [label["name"] for label in found] == sorted(one["name"] for one in shop.state("label").values())
    carried = [one["label"] for one in shop.state("campaign_label").values()]
    by_name = {one["name"]: carried.count(name) for name, one in shop.state("label").items()}
    assert {label["name"]: label["campaigns"] for label in found} == by_name
    strategies = shop.team.client.get(f"/api/data/strategies/{slug}").get_json()
    users = [one for one in shop.state("campaign").values() if one.get("bidding_strategy")]
    assert [(one["type"], one["campaigns"]) for one in strategies] == [("TARGET_CPA", len(users))]
    assert shop.team.client.get("/api/data/labels/no-such-account").status_code == 404


@pytest.mark.slow("three syncs of a whole account on two loaded cores")
def test_edits_of_targeting_bids_and_labels_in_google_s_interface_arrive(shop: Shop) -> None:
    shop.append()
    campaign = next(row for row in shop.stored("campaigns", "t.status = 'PUBLISHED'") if modifiers(row["targeting"]))
    device = next(iter(modifiers(campaign["targeting"])))
    criteria = [
        (name, one)
        for name, one in shop.state("campaign_criterion").items()
        if last(one["campaign"]) == str(campaign["google_id"])
    ]
    ours = f"{campaign['google_id']}"
    name = next(name for name, one in criteria if one.get("device", {}).get("type") == device)
    shop.sandbox.change(resource_name=name, fields={"bid_modifier": 0.35})
    place = next(name for name, one in criteria if "location" in one)
    shop.sandbox.change(resource_name=place, operation="remove")
    shop.change(
        f"campaignCriteria/{ours}~1023191",
        operation="create",
        fields={
            "campaign": campaign["resource_name"],
            "criterion_id": "1023191",
            "type": "LOCATION",
            "status": "ENABLED",
            "location": {"geo_target_constant": "geoTargetConstants/1023191"},
        },
    )
    group = shop.stored("ad_groups", "t.status = 'ENABLED'")[0]
    shop.sandbox.change(
        resource_name=group["resource_name"], fields={"cpm_bid_micros": "4560000", "target_cpa_micros": "7890000"}
    )
    keyword = shop.stored("keywords", "t.parent_kind = 'ad_group' AND t.status = 'ENABLED' AND NOT t.negative")[0]
    ad = shop.stored("adgroup_ad", "t.status = 'ENABLED'")[0]
    label = f"labels/{time.time_ns() % 10**12}"
    text = {"name": f"Winter {time.time_ns()}", "status": "ENABLED", "id": last(label)}
    shop.change(label, operation="create", fields=text | {"text_label": {"background_color": "#112233"}})
    full = f"customers/{shop.google_id}/{label}"
    for collection, field, parent in (
        ("adGroupLabels", "ad_group", group["resource_name"]),
        ("adGroupAdLabels", "ad_group_ad", ad["resource_name"]),
        ("adGroupCriterionLabels", "ad_group_criterion", keyword["resource_name"]),
    ):
        ids = parent.rpartition("/")[2]
        shop.change(f"{collection}/{ids}~{last(label)}", operation="create", fields={field: parent, "label": full})
    taken = next(iter(shop.state("campaign_label")))
    shop.sandbox.change(resource_name=taken, operation="remove")
    told = shop.append()
    assert (told["mode"], told["skipped"]) == ("incremental", 0)
    after = shop.stored("campaigns", f"t.google_id = {ours}")[0]
    gone = last(place)
    assert places(after["targeting"]) == places(campaign["targeting"]) - {(gone, False)} | {("1023191", False)}
    assert modifiers(after["targeting"]) == modifiers(campaign["targeting"]) | {device: 0.35}
    assert after["version"] == campaign["version"] + 1
    bids = shop.stored("ad_groups", f"t.id = '{group['id']}'")[0]
    assert (bids["cpm_bid_micros"], bids["target_cpa_micros"]) == (4_560_000, 7_890_000)
    mine = shop.stored("labels", f"t.google_id = {last(label)}")[0]
    assert (mine["name"], mine["background_color"], mine["status"]) == (text["name"], "#112233", "ENABLED")
    for table, column, row in (
        ("ad_group_label", "ad_group_id", group["id"]),
        ("ad_label", "ad_id", ad["ad_id"]),
        ("keyword_label", "keyword_id", keyword["id"]),
    ):
        carried = [(edge[column], edge["status"]) for edge in shop.edges(table) if edge["label_id"] == mine["id"]]
        assert carried == [(row, "ENABLED")], table
    lost = [edge for edge in shop.edges("campaign_label") if edge["status"] == "REMOVED"]
    assert len(lost) == 1
    shop.rows("UPDATE watermarks SET last_full_at = NULL WHERE customer_id = :c", c=campaign["customer_id"])
    again = shop.append()
    assert (again["mode"], again["changed"], again["removed"]) == ("full", 0, 0)


@pytest.mark.slow("two syncs of a whole account on two loaded cores")
def test_a_targeting_edited_on_both_sides_is_a_conflict_and_our_edit_stays(shop: Shop) -> None:
    shop.append()
    campaign = next(row for row in shop.stored("campaigns", "t.status = 'PUBLISHED'") if row["targeting"]["locations"])
    path = f"/api/campaigns/{campaign['id']}"
    tag = shop.team.client.get(path).headers["ETag"]
    mine = campaign["targeting"] | {"languages": ["1002"]}
    answered = shop.team.client.patch(path, json={"targeting": mine, "name": "Mine"}, headers={"If-Match": tag})
    assert answered.status_code == 200, answered.text
    shop.change(
        f"campaignCriteria/{campaign['google_id']}~1003",
        operation="create",
        fields={
            "campaign": campaign["resource_name"],
            "criterion_id": "1003",
            "type": "LANGUAGE",
            "status": "ENABLED",
            "language": {"language_constant": "languageConstants/1003"},
        },
    )
    assert shop.append()["conflicts"] == 1
    row = shop.stored("campaigns", f"t.id = '{campaign['id']}'")[0]
    assert row["targeting"]["languages"] == ["1002"]
    assert row["sync_status"] == "conflict"
    assert set(row["remote"]) == {"targeting"}
    assert sorted(row["dirty_fields"]) == ["name", "targeting"]
    listed = shop.team.client.get("/api/conflicts").get_json()
    theirs = next(item["theirs"] for item in listed if item["id"] == str(campaign["id"]))
    assert "1003" in theirs["languages"]
    # The name moves at Google too: the conflict about the targeting stays beside the new one.
    shop.sandbox.change(resource_name=campaign["resource_name"], fields={"name": f"Theirs {time.time_ns()}"})
    shop.append()
    row = shop.stored("campaigns", f"t.id = '{campaign['id']}'")[0]
    assert set(row["remote"]) == {"name", "targeting"}
    decisions = [
        {"entity": "campaign", "id": str(campaign["id"]), "field": field, "choice": "take_theirs"}
        for field in ("name", "targeting")
    ]
    solved = shop.team.client.post("/api/conflicts/resolve", json={"decisions": decisions})
    assert solved.status_code == 200, solved.text
    row = shop.stored("campaigns", f"t.id = '{campaign['id']}'")[0]
    assert (row["sync_status"], row["dirty_fields"]) == ("synced", [])
    assert "1003" in row["targeting"]["languages"]


@pytest.mark.slow("two syncs of a whole account on two loaded cores")
def test_edits_of_links_and_negatives_in_google_s_interface_arrive(shop: Shop) -> None:
    shop.append()
    kinds = ("campaign_asset", "customer_asset", "asset_group_asset")
    lost = {kind: next(name for name, one in shop.state(kind).items() if one["status"] == "ENABLED") for kind in kinds}
    lost["campaign_shared_set"] = next(iter(shop.state("campaign_shared_set")))
    for name in lost.values():
        shop.sandbox.change(resource_name=name, operation="remove")
    group, campaign = shop.stored("ad_groups")[0], shop.stored("campaigns", "t.status = 'PUBLISHED'")[0]
    shared = shop.stored("shared_sets")[0]
    number = time.time_ns() % 10**11
    for collection, field, row, more in (
        ("adGroupCriteria", "ad_group", group, {"negative": True, "status": "ENABLED"}),
        ("campaignCriteria", "campaign", campaign, {"negative": True, "status": "ENABLED"}),
        ("sharedCriteria", "shared_set", shared, {}),
    ):
        shop.change(
            f"{collection}/{row['google_id']}~{number}",
            operation="create",
            fields={
                field: row["resource_name"],
                "criterion_id": str(number),
                "type": "KEYWORD",
                "keyword": {"text": "for free", "match_type": "PHRASE"},
                **more,
            },
        )
    told = shop.append()
    assert (told["mode"], told["skipped"]) == ("incremental", 0)
    for kind, name in lost.items():
        held = shop.state(kind).get(name)
        assert held is None or held["status"] == "REMOVED"
        gone = [edge for edge in shop.edges(kind) if edge["status"] == "REMOVED"]
        assert len(gone) == 1, kind
    found = shop.stored("keywords", f"t.google_id = {number}")
    assert {(row["parent_kind"], row["parent_id"]) for row in found} == {
        ("ad_group", group["id"]),
        ("campaign", campaign["id"]),
        ("shared_set", shared["id"]),
    }
    assert all((row["text"], row["match_type"], row["negative"]) == ("for free", "PHRASE", True) for row in found)
