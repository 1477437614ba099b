"""Each campaign type with each objective: dry run, publish, read back from the sandbox field by field."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from backend.campaigns.objectives import STRATEGIES
from tests.publish.ledger import creates, kinds, mutates
from tests.support.database import Rows
from tests.support.sandbox import Sandbox
from tests.support.team import Team
from tests.support.worker import Worker

WAIT = {"Prefer": "wait=30"}
COMBINATIONS = sorted(STRATEGIES)


@pytest.mark.parametrize(("campaign_type", "objective"), COMBINATIONS, ids=["-".join(pair) for pair in COMBINATIONS])
def test_flat_form_of_each_type_and_objective(
    team: Team,
    account: str,
    flat_form: Callable[..., dict[str, Any]],
    sandbox: Sandbox,
    worker: Worker,
    campaign_type: str,
    objective: str,
) -> None:
    form = flat_form(
        name=f"{campaign_type} {uuid.uuid4()}", customer_id=account, campaign_type=campaign_type, objective=objective
    )
    form["headlines"] = ["Fast delivery", "Order online today", "Made to last"]
    form["descriptions"] = ["Free shipping on every order.", "Thirty days to send it back."]
    campaign_id = team.client.post("/api/campaigns", json=form).get_json()["id"]
    since = sandbox.last_seq()

    published = team.client.post(f"/api/campaigns/{campaign_id}/publish", headers=WAIT)

    assert published.status_code == 200, published.text
    (call,) = mutates(sandbox, since, account)
    (campaign,) = creates(call, "campaign")
    assert campaign["advertising_channel_type"] == campaign_type
    assert STRATEGIES[(campaign_type, objective)].bidding in campaign
    counted = kinds(call)
    if campaign_type == "PERFORMANCE_MAX":
        assert counted["asset_group"] == 1
        fields = [link["field_type"] for link in creates(call, "asset_group_asset")]
        assert {"HEADLINE", "LONG_HEADLINE", "DESCRIPTION", "BUSINESS_NAME", "LOGO"} <= set(fields)
        assert {"MARKETING_IMAGE", "SQUARE_MARKETING_IMAGE"} <= set(fields)
    else:
        assert counted["ad_group"] == counted["ad_group_ad"] == 1
    if campaign_type == "SEARCH":
        assert counted["ad_group_criterion"] == 3
        assert "asset_operation" not in str(call["operations"])
    assert published.get_json()["google_campaign_id"]


def test_a_dry_run_changes_nothing_and_says_what_a_publish_would(
    team: Team, account: str, flat_form: Callable[..., dict[str, Any]], sandbox: Sandbox, worker: Worker
) -> None:
    form = flat_form(name=f"Dry {uuid.uuid4()}", customer_id=account, campaign_type="SEARCH")
    form |= {"headlines": ["Fast delivery", "Order online today"], "descriptions": ["Free.", "Thirty days."]}
    campaign_id = team.client.post("/api/campaigns", json=form).get_json()["id"]
    since = sandbox.last_seq()

    good = team.client.post(f"/api/campaigns/{campaign_id}/dry-run", headers=WAIT)

    assert good.status_code == 200, good.text
    assert good.get_json()["publishable"] is True
    assert mutates(sandbox, since, account, "applied", "partial") == []
    assert len(mutates(sandbox, since, account, "validated")) == 1
    same_name = team.client.post("/api/campaigns", json=form).get_json()["id"]
    assert team.client.post(f"/api/campaigns/{campaign_id}/publish", headers=WAIT).status_code == 200
    dry = team.client.post(f"/api/campaigns/{same_name}/dry-run", headers=WAIT)
    wet = team.client.post(f"/api/campaigns/{same_name}/publish", headers=WAIT)
    assert dry.status_code == wet.status_code == 422
    assert dry.get_json()["errors"] == wet.get_json()["errors"]
    assert wet.get_json()["errors"][0]["pointer"] == "/name"
    assert wet.get_json()["google_request_id"]
    assert team.client.get(f"/api/campaigns/{same_name}").get_json()["status"] == "FAILED"


def test_google_answers_identical_content_with_the_asset_it_has(
    team: Team, account: str, flat_form: Callable[..., dict[str, Any]], rows: Rows, worker: Worker
) -> None:
    """The image is known to Google, and to us only as a sync would have brought it: one asset, two users."""
    first = team.client.post("/api/campaigns", json=flat_form(name=str(uuid.uuid4()), customer_id=account)).get_json()
    assert team.client.post(f"/api/campaigns/{first['id']}/publish", headers=WAIT).status_code == 200
    rows(
        "UPDATE assets SET content_key = NULL, source_url = NULL WHERE type = 'IMAGE'"
        " AND customer_id = (SELECT customer_id FROM campaigns WHERE id = :id)",
        id=first["id"],
    )
    second = team.client.post("/api/campaigns", json=flat_form(name=str(uuid.uuid4()), customer_id=account)).get_json()

    published = team.client.post(f"/api/campaigns/{second['id']}/publish", headers=WAIT)

    assert published.status_code == 200, published.text
    used = [
        {
            (asset["field_type"], asset["google_asset_id"])
            for asset in team.client.get(f"/api/campaigns/{campaign['id']}/tree").get_json()["ad_groups"][0]["ads"][0][
                "assets"
            ]
        }
        for campaign in (first, second)
    ]
    assert used[0] == used[1]
    assert all(google_id for _, google_id in used[0])
