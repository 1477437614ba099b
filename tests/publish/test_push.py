"""Edits of what is live: minimal masks, statuses at every level, bulk, partial failure on the right rows."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from tests.campaigns.test_children import search_tree
from tests.publish.ledger import creates, mutates
from tests.support.database import Rows, job_waiter
from tests.support.sandbox import Sandbox
from tests.support.team import Team
from tests.support.worker import Worker

WAIT = {"Prefer": "wait=30"}


@pytest.fixture
def live(team: Team, account: str, worker: Worker) -> Callable[..., dict[str, Any]]:
    """`live(**changes)` publishes a search campaign and answers its tree."""

    def publish(**changes: Any) -> dict[str, Any]:
        made = team.client.post("/api/campaigns", json=search_tree(account, **changes))
        assert made.status_code == 201, made.text
        answer = team.client.post(f"/api/campaigns/{made.get_json()['id']}/publish", headers=WAIT)
        assert answer.status_code == 200, answer.text
        tree: dict[str, Any] = team.client.get(f"/api/campaigns/{made.get_json()['id']}/tree").get_json()
        return tree

    return publish


def operations(sandbox: Sandbox, since: int, account: str) -> list[dict[str, Any]]:
    """Every operation that was applied since, whole or in part; one that was sent again as it was counts once."""
    calls = mutates(sandbox, since, account, "applied", "partial")
    found: list[dict[str, Any]] = []
    for call in calls:
        found += [operation for operation in call["operations"] if operation not in found]
    return found


def test_a_push_sends_exactly_the_edited_fields(
    team: Team, account: str, sandbox: Sandbox, live: Callable[..., dict[str, Any]]
) -> None:
    tree = live()
    group, ad = tree["ad_groups"][0], tree["ad_groups"][0]["ads"][0]
    keyword = group["keywords"][2]
    since = sandbox.last_seq()

    edits = [
        (f"/api/campaigns/{tree['id']}", {"name": f"New {uuid.uuid4()}", "daily_budget": 13_000_000}),
        (f"/api/ad_groups/{group['id']}", {"cpc_bid_micros": 1_700_000}),
        (f"/api/keywords/{keyword['id']}", {"cpc_bid_micros": 2_500_000}),
        (f"/api/ads/{ad['id']}", {"final_urls": ["https://www.example.com/new"], "path2": "sale"}),
    ]
    for path, change in edits:
        tag = team.client.get(path).headers["ETag"]
        changed = team.client.patch(path, json=change, headers={"If-Match": tag})
        assert changed.status_code == 200, changed.text
        assert changed.get_json()["sync_status"] == "dirty"
    preview = team.client.get(f"/api/campaigns/{tree['id']}/preview").get_json()
    pushed = team.client.post(f"/api/campaigns/{tree['id']}/push", headers=WAIT)

    assert pushed.status_code == 200, pushed.text
    assert pushed.get_json()["push"]["failed"] == 0
    masks = {
        next(iter(operation)): sorted(next(iter(operation.values()))["update_mask"].split(","))
        for operation in operations(sandbox, since, account)
    }
    assert masks == {
        "campaign_operation": ["name"],
        "campaign_budget_operation": ["amountMicros"],
        "ad_group_operation": ["cpcBidMicros"],
        "ad_group_criterion_operation": ["cpcBidMicros"],
        "ad_operation": ["finalUrls", "responsiveSearchAd.path2"],
    }
    assert len(preview["changes"]) == 6
    after = team.client.get(f"/api/campaigns/{tree['id']}/tree").get_json()
    assert (after["is_dirty"], after["sync_status"], after["daily_budget"]) == (False, "synced", 13_000_000)
    assert team.client.get(f"/api/campaigns/{tree['id']}/preview").get_json()["operations"] == 0


def test_disable_enable_remove_at_every_level(
    team: Team, account: str, sandbox: Sandbox, rows: Rows, live: Callable[..., dict[str, Any]]
) -> None:
    tree = live()
    group = tree["ad_groups"][1]
    paths = {
        f"/api/campaigns/{tree['id']}": "campaign_operation",
        f"/api/ad_groups/{group['id']}": "ad_group_operation",
        f"/api/ads/{group['ads'][0]['id']}": "ad_group_ad_operation",
        f"/api/keywords/{group['keywords'][0]['id']}": "ad_group_criterion_operation",
    }
    for path, kind in paths.items():
        for action, expected in (("disable", "PAUSED"), ("enable", "ENABLED"), ("enable", "ENABLED")):
            since = sandbox.last_seq()
            answer = team.client.post(f"{path}/{action}", headers=WAIT)
            assert answer.status_code in (200, 204), answer.text
            sent = operations(sandbox, since, account)
            assert len(sent) <= 1
            if sent:
                assert next(iter(sent[0])) == kind
                assert sent[0][kind]["update"]["status"] == expected
    since = sandbox.last_seq()
    removed = team.client.post(f"/api/ads/{group['ads'][0]['id']}/remove", headers=WAIT)
    assert removed.status_code == 200, removed.text
    assert "remove" in operations(sandbox, since, account)[0]["ad_group_ad_operation"]
    gone = team.client.post(f"/api/campaigns/{tree['id']}/remove", headers=WAIT)
    assert (gone.get_json()["status"], gone.get_json()["google_status"]) == ("REMOVED", "REMOVED")
    again = team.client.post(f"/api/campaigns/{tree['id']}/enable")
    assert again.status_code == 409


def test_new_children_of_a_live_campaign_are_made_once(
    team: Team, account: str, sandbox: Sandbox, live: Callable[..., dict[str, Any]]
) -> None:
    tree = live()
    group = tree["ad_groups"][0]
    form = search_tree(account)["ad_groups"][1] | {"name": "Benches"}
    since = sandbox.last_seq()
    assert team.client.post(f"/api/campaigns/{tree['id']}/ad_groups", json=form).status_code == 201
    team.client.post(f"/api/ad_groups/{group['id']}/keywords", json={"keywords": ["[sun lounger]"]})
    team.client.post(f"/api/campaigns/{tree['id']}/negative_keywords", json={"keywords": ["rent"]})

    pushed = team.client.post(f"/api/campaigns/{tree['id']}/push", headers=WAIT)

    assert pushed.status_code == 200, pushed.text
    first, second = mutates(sandbox, since, account, "applied", "partial")
    assert [create["name"] for create in creates(first, "ad_group")] == ["Benches"]
    assert len(creates(first, "label")) == 1
    assert [create["keyword"]["text"] for create in creates(second, "ad_group_criterion")] == ["sun lounger"]
    after = team.client.get(f"/api/campaigns/{tree['id']}/tree").get_json()
    assert all(g["google_ad_group_id"] for g in after["ad_groups"])
    assert all(k["criterion_id"] for g in after["ad_groups"] for k in g["keywords"])
    assert all(k["criterion_id"] for k in after["negative_keywords"])
    since = sandbox.last_seq()
    nothing = team.client.post(f"/api/campaigns/{tree['id']}/push", headers=WAIT)
    assert nothing.get_json()["push"]["operations"] == 0
    assert mutates(sandbox, since, account, "applied", "partial") == []


def test_targeting_of_a_live_campaign(
    team: Team, account: str, sandbox: Sandbox, live: Callable[..., dict[str, Any]]
) -> None:
    tree = live()
    since = sandbox.last_seq()
    wanted = tree["targeting"] | {"locations": [{"id": "2276", "negative": False}], "languages": ["1001", "1000"]}
    path = f"/api/campaigns/{tree['id']}"
    tag = team.client.get(path).headers["ETag"]
    team.client.patch(path, json={"targeting": wanted}, headers={"If-Match": tag})

    pushed = team.client.post(f"{path}/push", headers=WAIT)

    assert pushed.status_code == 200, pushed.text
    sent = [operation["campaign_criterion_operation"] for operation in operations(sandbox, since, account)]
    assert [one["create"]["language"]["language_constant"] for one in sent if "create" in one] == [
        "languageConstants/1000"
    ]
    assert len([one for one in sent if "remove" in one]) == 1
    assert pushed.get_json()["is_dirty"] is False


def test_bid_modifiers_of_a_live_campaign(
    team: Team, account: str, sandbox: Sandbox, live: Callable[..., dict[str, Any]]
) -> None:
    tree = live()
    path = f"/api/campaigns/{tree['id']}"
    hours = {"day_of_week": "SUNDAY", "start_hour": 8, "end_hour": 12, "bid_modifier": 1.25}

    def pushed(targeting: dict[str, Any]) -> list[dict[str, Any]]:
        since = sandbox.last_seq()
        tag = team.client.get(path).headers["ETag"]
        patched = team.client.patch(path, json={"targeting": targeting}, headers={"If-Match": tag})
        assert patched.status_code == 200, patched.text
        answer = team.client.post(f"{path}/push", headers=WAIT)
        assert answer.status_code == 200, answer.text
        return [operation["campaign_criterion_operation"] for operation in operations(sandbox, since, account)]

    places = [{"id": "2276", "bid_modifier": 1.5}, {"id": "1004234", "negative": True}]
    wanted = {"locations": places, "languages": ["1001"], "ad_schedule": [hours], "devices": []}
    made = [one["create"] for one in pushed(wanted) if one.get("create")]
    assert [one["bid_modifier"] for one in made if "ad_schedule" in one] == [1.25]
    changed = [one["update"] for one in pushed(wanted | {"locations": [{"id": "2276"}, places[1]]}) if "update" in one]
    assert [one["bid_modifier"] for one in changed] == [1.0]
    assert pushed(wanted | {"locations": ["2276", places[1]]}) == []
    wrong = {"locations": [{"id": "2276", "bid_modifier": 11}, places[1] | {"bid_modifier": 2}]}
    draft = team.client.post("/api/campaigns", json={"name": "Loose", "customer_id": account, "targeting": wrong})
    pointers = {problem["pointer"] for problem in draft.get_json()["problems"] if problem["code"] == "bid_modifier"}
    assert pointers == {f"/targeting/locations/{index}/bid_modifier" for index in (0, 1)}


def test_a_bulk_answers_by_index(team: Team, account: str, live: Callable[..., dict[str, Any]]) -> None:
    tree = live()
    ids = [keyword["id"] for keyword in tree["ad_groups"][0]["keywords"]]
    unknown = str(uuid.uuid4())

    answer = team.client.post("/api/keywords/bulk", json={"action": "disable", "ids": [ids[0], unknown, ids[2]]})

    assert answer.status_code == 200, answer.text
    assert [item["result"] for item in answer.get_json()["items"]] == ["accepted", "refused", "accepted"]
    assert answer.get_json()["items"][1]["code"] == "not_found"
    assert len(answer.get_json()["jobs"]) == 1


def test_partial_failure_marks_the_right_keywords(
    team: Team, account: str, sandbox: Sandbox, rows: Rows, worker: Worker, live: Callable[..., dict[str, Any]]
) -> None:
    """R26, small: what the strict check cannot know is refused by Google, each on its own row."""
    tree = live()
    group_id = tree["ad_groups"][0]["id"]
    words = [f"[chair number {number}]" for number in range(40)]
    bad = {7, 19, 33}
    for number in bad:
        words[number] = f"[casino chair {number}]"
    added = team.client.post(f"/api/ad_groups/{group_id}/keywords", json={"keywords": words}).get_json()["items"]

    pushed = team.client.post(f"/api/campaigns/{tree['id']}/push", headers=WAIT).get_json()["push"]

    stored = rows(
        "SELECT id, google_id, sync_status, sync_error FROM keywords WHERE id = ANY(:ids)",
        ids=[uuid.UUID(item["id"]) for item in added],
    )
    by_id = {str(row["id"]): row for row in stored}
    failed = {item["index"] for item in added if by_id[item["id"]]["sync_status"] == "sync_error"}
    assert pushed["applied"] + pushed["failed"] == 40
    assert failed == bad
    assert pushed["failed"] == len(bad)
    for item in added:
        row = by_id[item["id"]]
        if item["index"] in failed:
            assert row["google_id"] is None
            assert row["sync_error"]["code"]
            assert row["sync_error"]["google_request_id"]
        else:
            assert row["google_id"] is not None


def test_the_budget_cap_and_the_reason(
    team: Team, account: str, rows: Rows, live: Callable[..., dict[str, Any]]
) -> None:
    tree = live()
    rows(
        "UPDATE customers SET settings = settings || '{\"daily_budget_cap_micros\": 20000000}'"
        " WHERE tenant_id = :tenant AND google_customer_id = :account",
        tenant=team.tenant_id,
        account=int(account),
    )
    path = f"/api/campaigns/{tree['id']}/budget"

    too_much = team.client.post(path, json={"daily_budget": 30_000_000, "reason": "Sale"})
    enough = team.client.post(path, json={"daily_budget": 20_000_000, "reason": "Sale"}, headers=WAIT)

    assert (too_much.status_code, too_much.get_json()["code"]) == (422, "budget_cap")
    assert enough.status_code == 200, enough.text
    assert enough.get_json()["daily_budget"] == 20_000_000
    trail = rows(
        "SELECT reason FROM audit_events WHERE subject = :s AND action = 'campaign.budget'", s=f"campaign:{tree['id']}"
    )
    assert [row["reason"] for row in trail] == ["Sale"]


def test_hours_of_a_live_campaign_are_replaced(
    team: Team, account: str, sandbox: Sandbox, live: Callable[..., dict[str, Any]]
) -> None:
    """The old hours leave before the new ones come, for Google takes none that overlap."""
    path = f"/api/campaigns/{live()['id']}"
    targeting = team.client.get(f"{path}/tree").get_json()["targeting"]
    hours = [{"day_of_week": "MONDAY", "start_hour": 9, "end_hour": 17}]
    tag = {"If-Match": team.client.get(path).headers["ETag"]}
    team.client.patch(path, json={"targeting": targeting | {"ad_schedule": hours}}, headers=tag)
    since = sandbox.last_seq()

    pushed = team.client.post(f"{path}/push", headers=WAIT)

    assert pushed.status_code == 200, pushed.text
    assert (pushed.get_json()["push"]["failed"], pushed.get_json()["is_dirty"]) == (0, False)
    sent = [operation["campaign_criterion_operation"] for operation in operations(sandbox, since, account)]
    assert [next(iter(one)) for one in sent] == ["remove", "create"]


@pytest.mark.slow(reason="waits out the deadline of a lost answer")
def test_targeting_whose_answer_was_lost_is_clean_afterwards(
    team: Team, account: str, sandbox: Sandbox, live: Callable[..., dict[str, Any]], rows: Rows
) -> None:
    path = f"/api/campaigns/{live()['id']}"
    wanted = {"locations": ["2276"], "languages": ["1000"], "ad_schedule": [], "devices": []}
    tag = {"If-Match": team.client.get(path).headers["ETag"]}
    team.client.patch(path, json={"targeting": wanted}, headers=tag)
    sandbox.add_fault(method="Mutate", customer_id=account, when="after", grpc_status="DEADLINE_EXCEEDED")

    job = job_waiter(rows)(team.client.post(f"{path}/push").get_json()["job_id"], 60)

    assert (job["status"], job["result"]["failed"]) == ("finished", 0), job
    assert team.client.get(path).get_json()["is_dirty"] is False
    again = team.client.post(f"{path}/push", headers=WAIT).get_json()
    assert (again["push"]["operations"], again["is_dirty"]) == (0, False)


@pytest.mark.slow(reason="a campaign of five hundred keywords is published")
def test_five_hundred_statuses_in_one_request(
    team: Team, account: str, sandbox: Sandbox, rows: Rows, live: Callable[..., dict[str, Any]]
) -> None:
    """R2.9: each answers for itself by its index, one job and one call tell Google, repeating tells nothing."""
    form = search_tree(account)["ad_groups"]
    form[0]["keywords"] = [f"[chair number {number}]" for number in range(498)]
    tree = live(ad_groups=form)
    ids = [keyword["id"] for keyword in tree["ad_groups"][0]["keywords"]]
    unknown, negative = str(uuid.uuid4()), tree["ad_groups"][0]["negative_keywords"][0]["id"]
    asked = [*ids[:250], unknown, *ids[250:], ids[7]]
    assert len(asked) == 500
    since = sandbox.last_seq()

    answer = team.client.post("/api/keywords/bulk", json={"action": "disable", "ids": asked}).get_json()

    assert [item["index"] for item in answer["items"]] == list(range(500))
    assert [item["id"] for item in answer["items"]] == asked
    assert {item["result"] for item in answer["items"] if item["id"] != unknown} == {"accepted"}
    assert (answer["items"][250]["result"], answer["items"][250]["code"]) == ("refused", "not_found")
    (job_id,) = answer["jobs"]
    job = job_waiter(rows)(job_id, 60)
    assert (job["status"], job["result"]["applied"], job["result"]["failed"]) == ("finished", 498, 0), job
    assert len(mutates(sandbox, since, account, "applied", "partial")) == 1
    shown = team.client.get(f"/api/campaigns/{tree['id']}/tree").get_json()["ad_groups"][0]
    assert {keyword["status"] for keyword in shown["keywords"]} == {"PAUSED"}
    assert negative in {keyword["id"] for keyword in shown["negative_keywords"]}
    again = team.client.post("/api/keywords/bulk", json={"action": "disable", "ids": ids}).get_json()
    assert ({item["result"] for item in again["items"]}, again["jobs"]) == ({"done"}, [])
