"""I2 with everybody at work: local edits, edits at Google, pushes, decisions and syncs of the same fields at random.

What a person committed here is never absent: it stands in the row, or Google was told it, or somebody gave it up.
"""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from tests.support.database import Rows
from tests.support.sandbox import Sandbox
from tests.support.team import Team
from tests.sync.test_resilience import Model
from tests.sync.test_sync_account import account, run_command

__all__ = ["account"]

Wait = Callable[..., dict[str, Any]]
FIELDS = ("name", "final_url_suffix")
CAMPAIGNS = 4
SEARCH_ADS = """
SELECT a.id, e.resource_name FROM ads a JOIN adgroup_ad e ON e.customer_id = a.customer_id AND e.ad_id = a.id
JOIN campaign_adgroup g ON g.customer_id = e.customer_id AND g.ad_group_id = e.ad_group_id
WHERE a.customer_id = :customer AND g.campaign_id = ANY(CAST(:campaigns AS uuid[])) AND e.status = 'ENABLED'
  AND a.type = 'RESPONSIVE_SEARCH_AD' ORDER BY a.google_id LIMIT 3
"""


class Crowd:
    """Everybody who works on a few campaigns and their ads; `mine` is the last committed edit per row and field.

    An ad's headlines are one field; of those only the one that tells an edit from all others is kept.
    """

    def __init__(self, model: Model, wait: Wait) -> None:
        self.model, self.wait = model, wait
        self.ids = [(str(row["id"]), row["resource_name"]) for row in model.campaigns()[:CAMPAIGNS]]
        campaigns = [row_id for row_id, _ in self.ids]
        found = model.rows(SEARCH_ADS, customer=model.customer, campaigns=campaigns)
        self.ads = [(str(row["id"]), row["resource_name"]) for row in found]
        self.mine: dict[tuple[str, str], str] = {}
        self.done: dict[str, int] = {}

    def count(self, what: str) -> None:
        self.done[what] = self.done.get(what, 0) + 1

    def edit_here(self, pick: random.Random) -> None:
        row_id, field = pick.choice(self.ids)[0], pick.choice(FIELDS)
        value, client, path = f"mine={field}.{uuid.uuid4().hex}", self.model.team.client, f"/api/campaigns/{row_id}"
        tag = client.get(path).headers["ETag"]
        done = client.patch(path, json={field: value}, headers={"If-Match": tag})
        assert done.status_code in (200, 409, 412), done.text
        if done.status_code == 200:
            self.mine[row_id, field] = value
            self.count("edits here")

    def edit_ad_here(self, pick: random.Random) -> None:
        row_id, path = pick.choice(self.ads)[0], "/api/ads/"
        value, client = uuid.uuid4().hex[:24], self.model.team.client
        tag = client.get(path + row_id).headers["ETag"]
        headlines = ["Garden chairs", "Made to last", value]
        done = client.patch(path + row_id, json={"headlines": headlines}, headers={"If-Match": tag})
        assert done.status_code in (200, 409, 412), done.text
        if done.status_code == 200:
            self.mine[row_id, "headlines"] = value
            self.count("edits of ads here")
        time.sleep(pick.random() * 0.1)

    def edit_ad_there(self, pick: random.Random) -> None:
        texts = ["Garden tables", "Made of teak", uuid.uuid4().hex[:24]]
        creative = {"responsive_search_ad": {"headlines": [{"text": text} for text in texts]}}
        self.model.sandbox.change(resource_name=pick.choice(self.ads)[1], fields={"ad": creative})
        self.count("edits of ads at Google")
        time.sleep(pick.random() * 0.3)

    def google(self, kind: str) -> dict[str, Any]:
        """What the sandbox holds of the account, by resource name."""
        found: dict[str, Any] = self.model.sandbox.state(customer_id=self.ids[0][1].split("/")[1], kind=kind)
        return found

    def edit_there(self, pick: random.Random) -> None:
        field = pick.choice(FIELDS)
        value = f"theirs={field}.{uuid.uuid4().hex}"
        self.model.sandbox.change(resource_name=pick.choice(self.ids)[1], fields={field: value})
        self.count("edits at Google")
        time.sleep(pick.random() * 0.2)

    def push(self, pick: random.Random) -> None:
        done = self.model.team.client.post(f"/api/campaigns/{pick.choice(self.ids)[0]}/push", json={})
        assert done.status_code in (200, 202, 409, 422), done.text
        if done.status_code == 202:
            job = self.wait(done.get_json()["job_id"], timeout=60)
            self.count(f"pushes {job['status']}")
        time.sleep(pick.random() * 0.1)

    def decide(self, pick: random.Random) -> None:
        client = self.model.team.client
        found = client.get("/api/conflicts").get_json()
        decisions = [
            {name: item[name] for name in ("entity", "id", "field")}
            | {"choice": pick.choice(["keep_mine", "take_theirs"])}
            for item in found
            if pick.random() < 0.5
        ]
        if decisions:
            done = client.post("/api/conflicts/resolve", json={"decisions": decisions})
            assert done.status_code == 200, done.text
            self.count("decisions")
        time.sleep(pick.random() * 0.3)

    def sync(self, _: random.Random) -> None:
        self.model.sync()
        self.count("syncs")

    def work(self, seconds: float) -> None:
        """Let everybody work at once, then bring both sides together."""
        ends, failures = time.monotonic() + seconds, []

        def repeat(action: Callable[[random.Random], None], seed: int) -> None:
            pick = random.Random(seed)
            try:
                while time.monotonic() < ends:
                    action(pick)
            except BaseException as problem:  # noqa: BLE001 (told to the test's own thread)
                failures.append(problem)

        actions = (
            self.edit_here,
            self.edit_there,
            self.edit_ad_here,
            self.edit_ad_there,
            self.push,
            self.decide,
            self.sync,
        )
        threads = [threading.Thread(target=repeat, args=(action, seed)) for seed, action in enumerate(actions)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failures, failures
        self.model.sync()

    def check(self, told: str, given_up: str) -> None:
        """I2, and that what is clean here is what Google has."""
        google = self.google("campaign")
        rows = {str(row["id"]): row for row in self.model.campaigns()}
        for row_id, name in self.ids:
            row = rows[row_id]
            for field in FIELDS:
                mine, theirs = self.mine.get((row_id, field)), google[name].get(field)
                assert mine is None or row[field] == mine or mine in told or mine in given_up, (field, mine, row)
                if field not in row["dirty_fields"]:
                    assert row[field] == theirs, (field, row)
                elif theirs != row["base"][field]:
                    assert row["remote"].get(field) == theirs, (field, row)
                    assert row["sync_status"] == "conflict"
        self.check_ads(told, given_up)

    def check_ads(self, told: str, given_up: str) -> None:
        """The same of the headlines of ads."""
        google = self.google("ad_group_ad")
        for row_id, name in self.ads:
            (row,) = self.model.rows("SELECT * FROM ads WHERE id = :id", id=row_id)
            here = sorted(
                item["asset_text"] for item in self.model.team.client.get(f"/api/ads/{row_id}").get_json()["headlines"]
            )
            theirs = sorted(item["text"] for item in google[name]["ad"]["responsive_search_ad"]["headlines"])
            mine = self.mine.get((row_id, "headlines"))
            assert mine is None or mine in here or mine in told or mine in given_up, (mine, here, row)
            if "headlines" not in row["dirty_fields"]:
                assert here == theirs, row
            elif theirs != sorted(item["text"] for item in row["base"]["headlines"]):
                assert sorted(item["text"] for item in row["remote"]["headlines"]) == theirs, row
                assert row["sync_status"] == "conflict"


@pytest.fixture
def crowd(app: Flask, team: Team, account: dict[str, Any], rows: Rows, sandbox: Sandbox, wait_for_job: Wait) -> Crowd:
    run_command(team, wait_for_job, account["slug"], "append")
    return Crowd(Model(app, team, rows, sandbox, account["customer_id"]), wait_for_job)


def hold(crowd: Crowd, seconds: float) -> None:
    model = crowd.model
    seq = model.sandbox.last_seq()
    crowd.work(seconds)
    calls = model.sandbox.ledger(since=seq, method="Mutate")
    told = str([call["operations"] for call in calls if call["outcome"] in ("applied", "partial")])
    given_up = model.rows(
        "SELECT before FROM audit_events WHERE tenant_id = :t AND action = 'conflict.take_theirs'",
        t=model.team.tenant_id,
    )
    crowd.check(told, str(given_up))
    edits = {"edits here", "edits at Google", "edits of ads here", "edits of ads at Google"}
    assert {*edits, "syncs"} <= set(crowd.done), crowd.done
    assert crowd.done.get("pushes finished"), crowd.done


@pytest.mark.slow("an account is synced, then seven people work on it for some seconds")
def test_nothing_committed_is_lost_while_everybody_works(crowd: Crowd) -> None:
    hold(crowd, 5)


@pytest.mark.soak
@pytest.mark.slow("seven people work for a minute")
def test_nothing_committed_is_lost_in_a_minute_of_everybody_s_work(crowd: Crowd) -> None:
    hold(crowd, 60)
