"""A search at Google lags behind a push: what it says about pushed rows is not believed until it has caught up."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from backend.sync.queries import AD_GROUPS, ADS, CAMPAIGNS
from tests.support.database import Rows
from tests.support.sandbox import Sandbox
from tests.support.team import Team
from tests.support.worker import Worker
from tests.sync.support import Structure, answer, new_account
from tests.sync.test_merge import campaign, edit, only
from tests.sync.test_resilience import Model
from tests.sync.test_sync_account import account, run_command

__all__ = ["account"]

Wait = Callable[..., dict[str, Any]]


@pytest.fixture
def structure(app: Flask, team: Team, rows: Rows) -> Structure:
    return Structure(app, team.tenant_id, new_account(rows, team.tenant_id))


@pytest.fixture
def pushed(structure: Structure, rows: Rows) -> list[uuid.UUID]:
    """A campaign whose name was pushed a moment ago."""
    structure.merge(CAMPAIGNS, answer(campaign(name="Before")))
    rows(
        "UPDATE campaigns SET name = 'Pushed', updated_at = clock_timestamp() WHERE customer_id = :c",
        c=structure.customer_id,
    )
    return [only(rows, structure)["id"]]


def test_a_stale_answer_does_not_take_a_push_back_and_is_read_again(
    structure: Structure, rows: Rows, pushed: list[uuid.UUID]
) -> None:
    merged = structure.merge(CAMPAIGNS, answer(campaign(name="Before")), pushed=pushed)
    assert (only(rows, structure)["name"], merged.changed, merged.skipped) == ("Pushed", 0, 1)


def test_an_answer_that_has_caught_up_is_believed(structure: Structure, rows: Rows, pushed: list[uuid.UUID]) -> None:
    merged = structure.merge(CAMPAIGNS, answer(campaign(name="Pushed", serving=4)), pushed=pushed)
    row = only(rows, structure)
    assert (row["serving_status"], merged.changed, merged.skipped) == ("ENDED", 1, 0)


def test_a_pushed_row_that_a_stale_answer_does_not_list_is_not_gone(
    structure: Structure, rows: Rows, pushed: list[uuid.UUID]
) -> None:
    merged = structure.merge(CAMPAIGNS, answer(), pushed=pushed)
    assert (only(rows, structure)["status"], merged.removed, merged.skipped) == ("PUBLISHED", 0, 1)
    merged = structure.merge(CAMPAIGNS, answer())
    assert (only(rows, structure)["status"], merged.removed) == ("REMOVED", 1)


def test_a_stale_answer_makes_no_conflict_of_the_next_edit(
    structure: Structure, rows: Rows, pushed: list[uuid.UUID]
) -> None:
    edit(structure, rows, name="Next")
    merged = structure.merge(CAMPAIGNS, answer(campaign(name="Before")), pushed=pushed)
    row = only(rows, structure)
    assert (row["name"], row["sync_status"], row["remote"], merged.skipped) == ("Next", "dirty", {}, 1)


def test_the_status_of_an_ad_is_held_by_the_ad_s_id(structure: Structure, rows: Rows) -> None:
    def group(row: Any) -> None:
        row.ad_group.id, row.campaign.id, row.ad_group.status = 5, 7, 2

    def ad(status: int) -> Callable[[Any], None]:
        def fill(row: Any) -> None:
            row.ad_group.id, row.ad_group_ad.ad.id, row.ad_group_ad.status = 5, 9, status
            row.ad_group_ad.ad.type_ = 15

        return fill

    structure.merge(CAMPAIGNS, answer(campaign()))
    structure.merge(AD_GROUPS, answer(group))
    structure.merge(ADS, answer(ad(3)))
    link = only(rows, structure, "adgroup_ad")
    assert link["status"] == "PAUSED"
    structure.merge(ADS, answer(ad(2)), pushed=[link["ad_id"]])
    assert only(rows, structure, "adgroup_ad")["status"] == "PAUSED"
    structure.merge(ADS, answer(ad(2)))
    assert only(rows, structure, "adgroup_ad")["status"] == "ENABLED"


@pytest.mark.slow("an account is synced, pushed to, and synced twice more")
def test_a_sync_right_after_a_push_shows_what_was_pushed(
    app: Flask,
    team: Team,
    account: dict[str, Any],
    rows: Rows,
    sandbox: Sandbox,
    worker: Worker,
    wait_for_job: Wait,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run_command(team, wait_for_job, account["slug"], "append")
    model = Model(app, team, rows, sandbox, account["customer_id"])
    row_id = str(model.campaigns()[0]["id"])
    model.edit_here(row_id, "name")
    name = model.mine[row_id, "name"]
    done = team.client.post(f"/api/campaigns/{row_id}/push", headers={"Prefer": "wait=30"})
    assert done.status_code == 200, done.text
    monkeypatch.setitem(app.config, "TIMING", replace(app.config["TIMING"], stale_read=600))
    sandbox.add_fault(
        method="SearchStream", customer_id=account["customer_id"], times=40, when="stale_search", delay_s=60
    )
    model.sync()
    sandbox.clear_faults()
    after = next(row for row in model.campaigns() if str(row["id"]) == row_id)
    assert (after["name"], after["sync_status"]) == (name, "synced")
    state = rows("SELECT state FROM watermarks WHERE customer_id = :c AND stream = 'structure'", c=model.customer)
    assert state[0]["state"]["skipped"] == 1
    model.sync()
    state = rows("SELECT state FROM watermarks WHERE customer_id = :c AND stream = 'structure'", c=model.customer)
    assert state[0]["state"]["skipped"] == 0
