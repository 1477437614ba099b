"""A dry run in full, and assets that Google has already. Each type and objective: test_read_back.py."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from tests.publish.ledger import mutates
from tests.support.database import Rows
from tests.support.sandbox import Sandbox
from tests.support.team import Team
from tests.support.worker import Worker

WAIT = {"Prefer": "wait=30"}


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
