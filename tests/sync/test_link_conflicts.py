"""Links, and statuses of what is gone at Google, changed on both sides: listed, decided, and not pushed before that."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from backend.adgraph.models import Campaign, Customer
from backend.core import tenancy
from backend.core.db import unit_of_work
from backend.publish.pending import pending_of
from backend.sync.asset_queries import ASSETS, CAMPAIGN_ASSETS, SHARED_SET_LINKS
from backend.sync.keyword_queries import AD_GROUP_KEYWORDS, SHARED_SETS
from backend.sync.queries import AD_GROUPS, BUDGETS, CAMPAIGNS, StructureQuery
from tests.campaigns.conftest import account
from tests.campaigns.test_children import search_tree
from tests.support.database import Rows
from tests.support.sandbox import Sandbox
from tests.support.team import Team
from tests.support.worker import Worker
from tests.sync.support import Structure, answer, new_account
from tests.sync.test_merge import campaign, only

__all__ = ["account"]

WAIT = {"Prefer": "wait=30"}
NAMES = {"ENABLED": 2, "REMOVED": 3, "PAUSED": 4}
Link = tuple[str, StructureQuery, Callable[[str], Callable[[Any], None]]]


def asset(row: Any) -> None:
    row.asset.id, row.asset.type_, row.asset.sitelink_asset.link_text = 31, 11, "Sale"


def shared_set(row: Any) -> None:
    row.shared_set.id, row.shared_set.name, row.shared_set.status, row.shared_set.type_ = 31, "Brands", 2, 2


def campaign_asset(status: str) -> Callable[[Any], None]:
    def fill(row: Any) -> None:
        link = row.campaign_asset
        link.campaign, link.asset, link.field_type = "customers/1/campaigns/7", "customers/1/assets/31", 13
        link.status = NAMES[status]

    return fill


def campaign_shared_set(status: str) -> Callable[[Any], None]:
    def fill(row: Any) -> None:
        link = row.campaign_shared_set
        link.campaign, link.shared_set = "customers/1/campaigns/7", "customers/1/sharedSets/31"
        link.status = {"ENABLED": 2, "REMOVED": 3}[status]

    return fill


SITELINK: Link = ("campaign_asset", CAMPAIGN_ASSETS, campaign_asset)
LIST: Link = ("campaign_shared_set", SHARED_SET_LINKS, campaign_shared_set)


@pytest.fixture
def structure(app: Flask, team: Team, rows: Rows) -> Structure:
    """A campaign with a sitelink and a list of negatives, as Google has them."""
    made = Structure(app, team.tenant_id, new_account(rows, team.tenant_id))
    for query, fill in (
        (CAMPAIGNS, campaign()),
        (ASSETS, asset),
        (SHARED_SETS, shared_set),
        (CAMPAIGN_ASSETS, campaign_asset("ENABLED")),
        (SHARED_SET_LINKS, campaign_shared_set("ENABLED")),
    ):
        made.merge(query, answer(fill))
    return made


def edit(rows: Rows, structure: Structure, table: str, status: str) -> dict[str, Any]:
    """A person sets the status here; whoever has a link then has a list that waits."""
    row = only(rows, structure, table)
    base = json.dumps({"status": row["status"]})
    rows(
        f"UPDATE {table} SET status = :s, dirty_fields = '{{status}}', base = CAST(:b AS jsonb), sync_status = 'dirty',"
        " updated_at = clock_timestamp() WHERE customer_id = :c",
        s=status,
        b=base,
        c=structure.customer_id,
    )
    name = {"campaign_asset": "asset_links", "campaign_shared_set": "shared_sets"}.get(table)
    if name is not None:
        rows(
            "UPDATE campaigns SET dirty_fields = ARRAY[:name], sync_status = 'dirty' WHERE customer_id = :c",
            name=name,
            c=structure.customer_id,
        )
    return only(rows, structure, table)


def decide(team: Team, entity: str, row: dict[str, Any], choice: str) -> None:
    body = {"decisions": [{"entity": entity, "id": str(row["id"]), "field": "status", "choice": choice}]}
    done = team.client.post("/api/conflicts/resolve", json=body)
    assert [item["status"] for item in done.get_json()] == ["resolved"], done.text


def listed(team: Team) -> list[tuple[Any, ...]]:
    found = team.client.get("/api/conflicts").get_json()
    return [tuple(item[name] for name in ("entity", "name", "field", "base", "mine", "theirs")) for item in found]


@pytest.mark.parametrize("choice", ["keep_mine", "take_theirs"])
@pytest.mark.parametrize(
    ("link", "mine", "theirs", "name"),
    [
        (SITELINK, "PAUSED", "REMOVED", "Sale"),
        (SITELINK, "REMOVED", "PAUSED", "Sale"),
    ],
)
def test_a_link_that_both_sides_changed_is_a_conflict(
    team: Team, structure: Structure, rows: Rows, link: Link, mine: str, theirs: str, name: str, choice: str
) -> None:
    table, query, fill = link
    edit(rows, structure, table, mine)
    structure.merge(query, answer(fill(theirs)))
    row = only(rows, structure, table)
    assert (row["status"], row["sync_status"], row["remote"]) == (mine, "conflict", {"status": theirs})
    assert listed(team) == [(table, name, "status", "ENABLED", mine, theirs)]
    assert structure.merge(query, answer(fill(theirs))).changed == 0

    decide(team, table, row, choice)
    row, holder = only(rows, structure, table), only(rows, structure)
    assert listed(team) == []
    if choice == "keep_mine":
        assert (row["status"], row["sync_status"], row["base"]) == (mine, "dirty", {"status": theirs})
        assert (holder["sync_status"], holder["dirty_fields"]) == ("dirty", ["asset_links"])
    else:
        assert (row["status"], row["sync_status"], row["dirty_fields"]) == (theirs, "synced", [])
        assert (holder["sync_status"], holder["dirty_fields"]) == ("synced", [])


@pytest.mark.parametrize(("link", "mine"), [(SITELINK, "PAUSED"), (LIST, "PAUSED")])
def test_a_link_that_is_gone_at_google_keeps_the_edit_as_a_conflict(
    team: Team, structure: Structure, rows: Rows, link: Link, mine: str
) -> None:
    table, query, _ = link
    edit(rows, structure, table, mine)
    assert structure.merge(query, answer()).removed == 1
    row = only(rows, structure, table)
    assert (row["status"], row["sync_status"], row["remote"]) == (mine, "conflict", {"status": "REMOVED"})
    assert structure.merge(query, answer()).removed == 0, "it is known already"
    assert only(rows, structure, table)["version"] == row["version"]
    assert [item[0] for item in listed(team)] == [table]
    decide(team, table, row, "take_theirs")
    assert (only(rows, structure, table)["status"], only(rows, structure)["dirty_fields"]) == ("REMOVED", [])


@pytest.mark.parametrize("link", [SITELINK, LIST])
@pytest.mark.parametrize("listed_as_removed", [True, False])
def test_a_link_that_both_sides_took_away_is_clean(
    team: Team, structure: Structure, rows: Rows, link: Link, listed_as_removed: bool
) -> None:
    table, query, fill = link
    edit(rows, structure, table, "REMOVED")
    structure.merge(query, answer(*([fill("REMOVED")] if listed_as_removed else [])))
    row = only(rows, structure, table)
    assert (row["status"], row["sync_status"], row["dirty_fields"]) == ("REMOVED", "synced", [])
    assert listed(team) == []


def test_a_link_that_was_edited_while_google_answered_is_left_alone_and_read_again(
    structure: Structure, rows: Rows
) -> None:
    asked = structure.now()
    edit(rows, structure, "campaign_asset", "PAUSED")
    merged = structure.merge(CAMPAIGN_ASSETS, answer(campaign_asset("REMOVED")), read_at=asked)
    row = only(rows, structure, "campaign_asset")
    assert (row["status"], row["sync_status"], row["remote"], merged.skipped) == ("PAUSED", "dirty", {}, 1)


def test_a_draft_of_a_link_becomes_live_unless_google_says_that_it_is_removed(structure: Structure, rows: Rows) -> None:
    rows(
        "UPDATE campaign_asset SET resource_name = NULL, sync_status = 'draft' WHERE customer_id = :c",
        c=structure.customer_id,
    )
    structure.merge(CAMPAIGN_ASSETS, answer(campaign_asset("REMOVED")))
    row = only(rows, structure, "campaign_asset")
    assert (row["status"], row["sync_status"], row["resource_name"]) == ("ENABLED", "draft", None)
    structure.merge(CAMPAIGN_ASSETS, answer(campaign_asset("ENABLED")))
    row = only(rows, structure, "campaign_asset")
    assert (row["status"], row["sync_status"]) == ("ENABLED", "synced")
    assert row["resource_name"].endswith("/campaignAssets/7~31~SITELINK")


@pytest.mark.parametrize(("mine", "left"), [("PAUSED", "conflict"), ("REMOVED", "synced")])
def test_a_keyword_that_is_gone_at_google_keeps_its_edit(
    team: Team, structure: Structure, rows: Rows, mine: str, left: str
) -> None:
    def group(row: Any) -> None:
        row.ad_group.id, row.campaign.id, row.ad_group.status = 27, 7, 2

    def keyword(row: Any) -> None:
        criterion = row.ad_group_criterion
        criterion.criterion_id, row.ad_group.id, criterion.status = 1, 27, 2
        criterion.keyword.text, criterion.keyword.match_type = "boots", 2

    structure.merge(AD_GROUPS, answer(group))
    structure.merge(AD_GROUP_KEYWORDS, answer(keyword))
    edit(rows, structure, "keywords", mine)
    structure.merge(AD_GROUP_KEYWORDS, answer())
    row = only(rows, structure, "keywords")
    assert (row["status"], row["sync_status"]) == (mine, left)
    if left == "conflict":
        assert listed(team) == [("keyword", "boots", "status", "ENABLED", "PAUSED", "REMOVED")]
        decide(team, "keyword", row, "take_theirs")
    assert only(rows, structure, "keywords")["status"] == "REMOVED"


def test_a_campaign_that_is_gone_at_google_keeps_its_edits(structure: Structure, rows: Rows) -> None:
    rows(
        "UPDATE campaigns SET google_status = 'PAUSED', name = 'Mine', dirty_fields = '{google_status,name}',"
        ' base = CAST(\'{"google_status": "ENABLED", "name": "Spring"}\' AS jsonb), sync_status = \'dirty\''
        " WHERE customer_id = :c",
        c=structure.customer_id,
    )
    structure.merge(CAMPAIGNS, answer())
    row = only(rows, structure)
    assert (row["status"], row["google_status"], row["name"]) == ("REMOVED", "PAUSED", "Mine")
    assert (row["sync_status"], row["remote"]) == ("conflict", {"google_status": "REMOVED"})
    assert row["dirty_fields"] == ["google_status", "name"]


# --- what a push does ------------------------------------------------------------------------------------------------


def in_conflict(rows: Rows, table: str, row_id: str, field: str, theirs: Any, mine: Any) -> None:
    """What a sync writes that finds a field changed on both sides; Google's value before was `theirs` too."""
    column = "ad_id" if table == "adgroup_ad" else "id"
    rows(
        f"UPDATE {table} SET {field} = :mine, dirty_fields = ARRAY[:field], base = CAST(:base AS jsonb),"
        f" remote = CAST(:remote AS jsonb), sync_status = 'conflict' WHERE {column} = CAST(:id AS uuid)",
        mine=mine,
        field=field,
        base=json.dumps({field: None}),
        remote=json.dumps({field: theirs}),
        id=row_id,
    )


@pytest.mark.slow(reason="a campaign is published, then pushed")
def test_nothing_below_a_campaign_is_pushed_before_its_conflicts_are_decided(
    team: Team, account: str, sandbox: Sandbox, rows: Rows, worker: Worker
) -> None:
    client = team.client
    made = client.post("/api/campaigns", json=search_tree(account)).get_json()
    path = f"/api/campaigns/{made['id']}"
    assert client.post(f"{path}/publish", headers=WAIT).status_code == 200
    tree = client.get(f"{path}/tree").get_json()
    group, link = tree["ad_groups"][0], tree["asset_links"][0]
    keyword, ad = group["keywords"][0], group["ads"][0]
    (budget,) = rows(
        "SELECT b.id, b.amount_micros FROM campaign_budgets b JOIN campaigns c ON c.budget_id = b.id"
        " WHERE c.id = CAST(:id AS uuid)",
        id=made["id"],
    )
    in_conflict(rows, "keywords", keyword["id"], "cpc_bid_micros", 1_000_000, 2_000_000)
    in_conflict(rows, "adgroup_ad", ad["id"], "status", "ENABLED", "PAUSED")
    in_conflict(rows, "campaign_asset", link["id"], "status", "ENABLED", "PAUSED")
    in_conflict(rows, "campaign_budgets", str(budget["id"]), "amount_micros", budget["amount_micros"], 7_000_000)
    since = sandbox.last_seq()

    refused = client.post(f"{path}/push")
    assert (refused.status_code, refused.get_json()["code"]) == (409, "conflict")
    told = {(item["entity"], item["id"], item["field"]) for item in refused.get_json()["conflicts"]}
    assert told == {
        ("keyword", keyword["id"], "cpc_bid_micros"),
        ("ad_group_ad", ad["id"], "status"),
        ("campaign_asset", link["id"], "status"),
        ("campaign_budget", str(budget["id"]), "amount_micros"),
    }
    assert client.post(f"/api/ads/{ad['id']}/enable").status_code == 409
    assert client.post(f"{path}/budget", json={"daily_budget": 8_000_000}).status_code == 409
    (item,) = client.post("/api/ads/bulk", json={"action": "remove", "ids": [ad["id"]]}).get_json()["items"]
    assert (item["result"], item["code"]) == ("refused", "conflict")
    held = list(sandbox.ledger(since=since, customer_id=account, method="Mutate"))
    assert held == []

    # What is not in conflict itself goes on: a keyword whose bid is disputed can be paused.
    paused = client.post(f"/api/keywords/{keyword['id']}/disable", headers=WAIT)
    assert paused.status_code == 200, paused.text
    after = client.get(f"/api/keywords/{keyword['id']}").get_json()
    assert (after["status"], after["sync_status"], after["cpc_bid_micros"]) == ("PAUSED", "conflict", 2_000_000)

    decisions = [
        {"entity": entity, "id": row_id, "field": field, "choice": "keep_mine"} for entity, row_id, field in told
    ]
    solved = client.post("/api/conflicts/resolve", json={"decisions": decisions}).get_json()
    assert {item["status"] for item in solved} == {"resolved"}
    pushed = client.post(f"{path}/push", headers=WAIT)
    assert pushed.status_code == 200, pushed.text
    assert (pushed.get_json()["push"]["applied"], pushed.get_json()["push"]["held_back"]) == (4, [])
    assert client.get(f"{path}").get_json()["sync_status"] == "synced"


def test_a_conflict_that_was_found_after_a_push_was_asked_for_is_held_back(
    app: Flask, team: Team, structure: Structure, rows: Rows
) -> None:
    structure.merge(BUDGETS, answer(lambda row: setattr(row.campaign_budget, "id", 70)))
    row = only(rows, structure)
    rows(
        "UPDATE campaigns SET name = 'Mine', google_status = 'PAUSED', dirty_fields = '{name,google_status,targeting}',"
        ' base = CAST(\'{"name": "Spring", "google_status": "ENABLED", "targeting": {}}\' AS jsonb),'
        ' remote = CAST(\'{"name": "Theirs", "targeting": {"languages": ["1000"]}}\' AS jsonb),'
        " sync_status = 'conflict' WHERE customer_id = :c",
        c=structure.customer_id,
    )
    with app.app_context(), tenancy.working_for(team.tenant_id), unit_of_work() as work:
        customer = work.session.get_one(Customer, structure.customer_id)
        key = {"customer_id": structure.customer_id, "id": uuid.UUID(str(row["id"]))}
        pending, _ = pending_of(work.session, customer, work.session.get_one(Campaign, key))
        assert [dict(change.after) for change in pending.changes] == [{"google_status": "PAUSED"}]
        assert pending.targeting is None
        assert pending.held_back == [{"kind": "campaign", "id": str(row["id"]), "fields": ["name", "targeting"]}]


def test_the_timeline_of_an_ad_in_its_ad_group_and_of_a_link(team: Team, structure: Structure, rows: Rows) -> None:
    slug = rows("SELECT slug FROM customers WHERE id = :c", c=structure.customer_id)[0]["slug"]
    link = only(rows, structure, "campaign_asset")
    for entity, row_id in (("campaign_asset", link["id"]), ("ad_group_ad", uuid.uuid4())):
        query = {"entity": entity, "entity_id": str(row_id)}
        answered = team.client.get(f"/api/data/timeline/{slug}", query_string=query)
        assert (answered.status_code, answered.get_json()) == (200, []), entity
