"""R27: nothing is exempted without consent, both shapes of exemption, fatal findings stay fatal."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from tests.campaigns.test_children import search_tree
from tests.publish.ledger import mutates
from tests.support.database import Rows
from tests.support.sandbox import Sandbox
from tests.support.team import Team
from tests.support.worker import Worker

WAIT = {"Prefer": "wait=30"}
Publish = Callable[..., Any]


def objectionable(
    account: str, *, headline: str = "Click here for chairs", keyword: str = "[casino chair]"
) -> dict[str, Any]:
    """A search campaign with one ad and one keyword that policy objects to."""
    form = search_tree(account)
    group = form["ad_groups"][0]
    group["keywords"] = [keyword, "[garden chair]"]
    group["ads"][0] = group["ads"][0] | {"headlines": [headline, "Fast delivery", "Made to last"]}
    form["ad_groups"] = [group]
    return form


def test_consent_is_asked_for_and_then_used(
    team: Team, account: str, sandbox: Sandbox, rows: Rows, worker: Worker
) -> None:
    made = team.client.post("/api/campaigns", json=objectionable(account))
    path = f"/api/campaigns/{made.get_json()['id']}/publish"
    since = sandbox.last_seq()

    refused = team.client.post(path, headers=WAIT)

    assert (refused.status_code, refused.get_json()["code"]) == (422, "publish_failed")
    found = refused.get_json()["policy_findings"]
    assert {item["kind"] for item in found} == {"topic", "key"}
    pointers = {error["pointer"] for error in refused.get_json()["errors"]}
    assert any(pointer.startswith("/ad_groups/0/ads/0") for pointer in pointers)
    assert any(pointer.startswith("/ad_groups/0/keywords/0") for pointer in pointers)

    keyword_only = [{"topic": item["topic"], "text": item["text"]} for item in found if item["kind"] == "key"]
    half = team.client.post(path, json={"policy_exemptions": keyword_only}, headers=WAIT)
    assert half.status_code == 422
    assert mutates(sandbox, since, account) == []

    consent = [{"topic": item["topic"], "text": item["text"]} for item in found]
    whole = team.client.post(path, json={"policy_exemptions": consent}, headers=WAIT)
    assert whole.status_code == 200, whole.text
    (call,) = mutates(sandbox, since, account)
    assert "exempt_policy_violation_keys" in str(call["operations"])
    assert "ignorable_policy_topics" in str(call["operations"])
    trail = rows(
        "SELECT action, actor_kind, actor_id FROM audit_events WHERE subject = :s"
        " AND action IN ('campaign.policy_exempted', 'campaign.published') ORDER BY id",
        s=f"campaign:{made.get_json()['id']}",
    )
    assert [row["action"] for row in trail] == ["campaign.policy_exempted", "campaign.published"]
    assert {(row["actor_kind"], row["actor_id"]) for row in trail} == {("user", team.user_id)}


def test_a_fatal_finding_is_never_exempted(team: Team, account: str, sandbox: Sandbox, worker: Worker) -> None:
    form = objectionable(account, headline="Garden chairs", keyword="[counterfeit chair]") | {"name": str(uuid.uuid4())}
    made = team.client.post("/api/campaigns", json=form)
    path = f"/api/campaigns/{made.get_json()['id']}/publish"
    since = sandbox.last_seq()
    refused = team.client.post(path, headers=WAIT).get_json()
    consent = [{"topic": item["topic"], "text": item["text"]} for item in refused["policy_findings"]]
    assert [item["exemptible"] for item in refused["policy_findings"]] == [False]

    again = team.client.post(path, json={"policy_exemptions": consent}, headers=WAIT)

    assert again.status_code == 422
    assert mutates(sandbox, since, account) == []
    assert "exempt" not in str(mutates(sandbox, since, account, "refused"))
