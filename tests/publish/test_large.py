"""Trees that are too large for one request, and assets that must exist before the ad that names them."""

from __future__ import annotations

import time
import uuid
from collections import Counter
from functools import partial
from typing import Any

import pytest

from backend.jobs.run import JobRun
from backend.publish import bulk
from backend.publish.recovery import Point
from tests.campaigns.test_children import search_tree
from tests.publish.conftest import OwnStack, run_here
from tests.publish.ledger import creates, mutates
from tests.publish.views import AtGoogle
from tests.support.sandbox import Sandbox
from tests.support.team import Team
from tests.support.worker import Worker

WAIT = {"Prefer": "wait=30"}


class Died(BaseException):
    """Stands for SIGKILL in a run of this process: nothing catches it, and the lease stays until it expires."""


@pytest.mark.parametrize("half_way", [False, True], ids=["undisturbed", "cut off half-way"])
def test_a_batch_job_in_small(
    killed: OwnStack, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, half_way: bool
) -> None:
    """The sibling of the soak below: the limits lowered, the job run here step by step."""
    monkeypatch.setattr(bulk, "MAX_OPERATIONS", 3)
    monkeypatch.setattr(bulk.requests, "split_mutate", partial(bulk.requests.split_mutate, max_operations=5))
    since = sandbox.last_seq()
    form = search_tree(killed.account)
    made = killed.team.client.post("/api/campaigns", json=form).get_json()
    job_id = killed.team.client.post(f"/api/campaigns/{made['id']}/publish").get_json()["job_id"]
    if half_way:
        added: list[Point] = []

        def die(job: JobRun, point: Point) -> None:
            added.append(point)
            if len(added) == 2:
                raise Died

        monkeypatch.setattr(bulk, "reached", die)
        with pytest.raises(Died):
            run_here(killed, job_id)

    job = run_here(killed, job_id)

    assert job["status"] == "finished", job["error"]
    assert job["result"]["failed"] == 0
    calls = [call for call in sandbox.ledger(since=since) if "BatchJob" in call["method"]]
    methods = Counter(call["method"].rsplit("/", 1)[-1].rsplit(".", 1)[-1] for call in calls)
    assert (methods["MutateBatchJob"], methods["RunBatchJob"]) == (1, 1)
    assert methods["AddBatchJobOperations"] == -(-job["result"]["operations"] // 5)
    assert mutates(sandbox, since, killed.account) == []
    tree = killed.team.client.get(f"/api/campaigns/{made['id']}/tree").get_json()
    assert tree["status"] == "PUBLISHED"
    assert all(keyword["criterion_id"] for group in tree["ad_groups"] for keyword in group["keywords"])
    assert len(AtGoogle(sandbox, killed.account).of("campaign", name=form["name"])) == 1


@pytest.mark.soak
@pytest.mark.slow(reason="25,000 operations by batch job, with a worker killed half-way")
def test_a_tree_of_25000_operations_survives_a_kill(killed: OwnStack, sandbox: Sandbox) -> None:
    """Show 4: adding the operations is cut off half-way by SIGKILL; another worker goes on, and there is one tree."""
    since = sandbox.last_seq()
    form = search_tree(killed.account)
    ad = form["ad_groups"][0]["ads"][0]
    form["ad_groups"] = [
        {
            "name": f"Group {group}",
            "keywords": [f"[chair {group} number {number}]" for number in range(6_250)],
            "ads": [ad],
        }
        for group in range(4)
    ]
    first = killed.start()
    made = killed.team.client.post("/api/campaigns", json=form)
    assert made.status_code == 201, made.text
    campaign_id = made.get_json()["id"]
    accepted = killed.team.client.post(f"/api/campaigns/{campaign_id}/publish")
    assert accepted.status_code == 202, accepted.text
    job_id = accepted.get_json()["job_id"]
    deadline = time.monotonic() + 120
    while not killed.rows(
        "SELECT 1 FROM mutate_batches WHERE job_id = :id AND (results->0->>'added')::int >= 12", id=job_id
    ):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    first.kill()
    killed.start()

    job = killed.wait(job_id, 240)

    assert job["status"] == "finished", job["error"]
    assert job["attempts"] >= 2  # a busy machine may lose a lease as well
    assert job["result"]["failed"] == 0
    assert job["result"]["operations"] >= 25_000
    assert len(killed.rows("SELECT 1 FROM mutate_batches WHERE job_id = :id", id=job_id)) == 1
    (counted,) = killed.rows(
        "SELECT count(*) AS all, count(google_id) AS live, count(DISTINCT google_id) AS ids FROM keywords"
        " WHERE parent_id IN (SELECT ad_group_id FROM campaign_adgroup WHERE campaign_id = :id)",
        id=campaign_id,
    )
    assert counted["all"] == counted["live"] == counted["ids"] == 4 * 6_250
    (campaign,) = killed.rows("SELECT status, google_id FROM campaigns WHERE id = :id", id=campaign_id)
    assert campaign["status"] == "PUBLISHED"
    ran = sandbox.ledger(since=since, customer_id=killed.account)
    assert len([call for call in ran if call["method"].endswith("RunBatchJob")]) == 1
    names = AtGoogle(sandbox, killed.account).of("campaign", name=form["name"])
    assert [one["id"] for one in names] == [str(campaign["google_id"])]


def test_a_carousel_is_published_in_two_phases(
    team: Team, account: str, sandbox: Sandbox, worker: Worker, flat_form: Any
) -> None:
    """Cards take no temporary names: their images are made first, then everything else."""
    images = sandbox.info["images"]
    card = {"marketing_image": {"url": images["landscape"]}, "square_marketing_image": {"url": images["square"]}}
    form = flat_form(name=f"Carousel {uuid.uuid4()}", customer_id=account)
    for name in ("ad_group_name", "ad_headline", "ad_description", "asset_url", "logo_url", "headlines"):
        form.pop(name, None)
    for name in ("descriptions", "final_url", "business_name", "keywords"):
        form.pop(name, None)
    form["ad_groups"] = [
        {
            "name": "Everyone",
            "ads": [
                {
                    "type": "DEMAND_GEN_CAROUSEL_AD",
                    "headlines": ["Garden chairs"],
                    "descriptions": ["For every garden."],
                    "business_name": "Example GmbH",
                    "final_urls": ["https://www.example.com/landing"],
                    "logo_images": [{"url": images["logo"]}],
                    "carousel_cards": [card | {"headline": "One"}, card | {"headline": "Two"}],
                }
            ],
        }
    ]
    made = team.client.post("/api/campaigns", json=form)
    assert made.status_code == 201, made.text
    since = sandbox.last_seq()

    published = team.client.post(f"/api/campaigns/{made.get_json()['id']}/publish", headers=WAIT)

    assert published.status_code == 200, published.text
    first, second = mutates(sandbox, since, account)
    assert {next(iter(operation)) for operation in first["operations"]} == {"asset_operation"}
    cards = [create for create in creates(second, "asset") if "demand_gen_carousel_card_asset" in create]
    assert [one["demand_gen_carousel_card_asset"]["headline"] for one in cards] == ["One", "Two"]
    named = {one["demand_gen_carousel_card_asset"]["marketing_image_asset"] for one in cards}
    assert named <= set(first["results"])
