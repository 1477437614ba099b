"""The list of conflicts and the decisions, through HTTP."""

from __future__ import annotations

import uuid

import pytest
from flask import Flask

from backend.sync.queries import CAMPAIGNS
from tests.support.database import Rows
from tests.support.team import Team
from tests.sync.support import Structure, answer, new_account
from tests.sync.test_merge import campaign, edit, only


@pytest.fixture
def structure(app: Flask, team: Team, rows: Rows) -> Structure:
    made = Structure(app, team.tenant_id, new_account(rows, team.tenant_id))
    made.merge(CAMPAIGNS, answer(campaign()))
    edit(made, rows, name="Mine", tracking_url_template="https://mine.example/{lpurl}")
    made.merge(CAMPAIGNS, answer(campaign(name="Theirs", tracking="https://theirs.example/{lpurl}")))
    return made


def decide(team: Team, structure: Structure, rows: Rows, field: str, choice: str) -> str:
    row_id = str(only(rows, structure)["id"])
    body = {"decisions": [{"entity": "campaign", "id": row_id, "field": field, "choice": choice}]}
    done = team.client.post("/api/conflicts/resolve", json=body)
    assert done.status_code == 200, done.text
    status: str = done.get_json()[0]["status"]
    return status


def test_a_conflict_is_listed_with_all_three_values(team: Team, structure: Structure) -> None:
    listed = team.client.get("/api/conflicts").get_json()
    assert [(item["entity"], item["field"], item["base"], item["mine"], item["theirs"]) for item in listed] == [
        ("campaign", "name", "Spring", "Mine", "Theirs"),
        ("campaign", "tracking_url_template", None, "https://mine.example/{lpurl}", "https://theirs.example/{lpurl}"),
    ]


def test_the_conflicts_of_one_account(team: Team, structure: Structure, rows: Rows) -> None:
    (account,) = rows("SELECT google_customer_id, slug FROM customers WHERE id = :id", id=structure.customer_id)
    other = new_account(rows, team.tenant_id)
    (empty,) = rows("SELECT slug FROM customers WHERE id = :id", id=other)
    digits = str(account["google_customer_id"])
    dashed = f"{digits[:3]}-{digits[3:6]}-{digits[6:]}"
    for question in ({"slug": account["slug"]}, {"customer_id": dashed}):
        assert len(team.client.get("/api/conflicts", query_string=question).get_json()) == 2
    assert team.client.get("/api/conflicts", query_string={"slug": empty["slug"]}).get_json() == []
    both = team.client.get("/api/conflicts", query_string={"slug": account["slug"], "customer_id": digits})
    assert (both.status_code, both.get_json()["errors"][0]["code"]) == (400, "ambiguous_customer")


def test_pages_of_conflicts(team: Team, structure: Structure) -> None:
    first = team.client.get("/api/conflicts?limit=1")
    assert [item["field"] for item in first.get_json()] == ["name"]
    address = first.headers["Link"].split(";")[0].strip("<>")
    second = team.client.get(address[address.index("/api/") :])
    assert [item["field"] for item in second.get_json()] == ["tracking_url_template"]
    assert "Link" not in second.headers


def test_keep_mine_makes_theirs_the_base_and_leaves_the_edit_to_be_pushed(
    team: Team, structure: Structure, rows: Rows
) -> None:
    assert decide(team, structure, rows, "name", "keep_mine") == "resolved"
    row = only(rows, structure)
    assert (row["name"], row["base"]["name"], "name" in row["remote"]) == ("Mine", "Theirs", False)
    assert row["sync_status"] == "conflict"
    assert decide(team, structure, rows, "tracking_url_template", "keep_mine") == "resolved"
    row = only(rows, structure)
    assert (row["sync_status"], row["remote"], len(row["dirty_fields"])) == ("dirty", {}, 2)


def test_take_theirs_gives_the_edit_up(team: Team, structure: Structure, rows: Rows) -> None:
    version = only(rows, structure)["version"]
    assert decide(team, structure, rows, "name", "take_theirs") == "resolved"
    assert decide(team, structure, rows, "tracking_url_template", "take_theirs") == "resolved"
    row = only(rows, structure)
    assert (row["name"], row["sync_status"], row["dirty_fields"], row["base"]) == ("Theirs", "synced", [], {})
    assert row["version"] == version + 2
    assert decide(team, structure, rows, "name", "take_theirs") == "not_in_conflict"
    assert team.client.get("/api/conflicts").get_json() == []


def test_found_and_decided_conflicts_stand_in_the_trail(team: Team, structure: Structure, rows: Rows) -> None:
    decide(team, structure, rows, "name", "take_theirs")
    trail = rows(
        "SELECT action, before, after FROM audit_events WHERE customer_id = :c ORDER BY id", c=structure.customer_id
    )
    assert [row["action"] for row in trail if row["action"].startswith("conflict")] == ["conflict.take_theirs"]
    assert trail[-1]["before"] == {"name": "Mine"}
    assert trail[-1]["after"]["theirs"] == "Theirs"


def test_others_neither_see_nor_decide(team: Team, structure: Structure, rows: Rows, new_team: object) -> None:
    stranger: Team = new_team()  # type: ignore[operator]
    assert stranger.client.get("/api/conflicts").get_json() == []
    assert decide(stranger, structure, rows, "name", "take_theirs") == "not_found"
    viewer = team.member("viewer")
    body = {
        "decisions": [
            {"entity": "campaign", "id": str(only(rows, structure)["id"]), "field": "name", "choice": "keep_mine"}
        ]
    }
    assert viewer.post("/api/conflicts/resolve", json=body).status_code == 403


@pytest.mark.parametrize(
    ("decision", "code"),
    [
        ({"entity": "planet"}, "validation_failed"),
        ({"choice": "flip"}, "validation_failed"),
        ({"id": "7"}, "validation_failed"),
        ({"extra": 1}, "unknown_field"),
    ],
)
def test_malformed_decisions_are_refused(team: Team, decision: dict[str, object], code: str) -> None:
    good = {"entity": "campaign", "id": "00000000-0000-0000-0000-000000000001", "field": "name", "choice": "keep_mine"}
    refused = team.client.post("/api/conflicts/resolve", json={"decisions": [good | decision]})
    assert (refused.status_code, refused.get_json()["code"]) == (400, code)


def test_ten_thousand_decisions_fit_into_one_request(team: Team) -> None:
    """More than an ordinary body may hold; the one that is wrong is found, and none is applied."""
    good = {"entity": "ad_group", "field": "tracking_url_template", "choice": "take_theirs"}
    decisions = [good | {"id": str(uuid.uuid4())} for _ in range(9_999)]
    refused = team.client.post("/api/conflicts/resolve", json={"decisions": [*decisions, good | {"id": "7"}]})
    assert (refused.status_code, refused.get_json()["errors"][0]["pointer"]) == (400, "/decisions/9999/id")
