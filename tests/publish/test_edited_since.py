"""A publish gave up with an open outcome, its draft was edited, and the request turns out to have been carried out."""

from __future__ import annotations

from typing import Any

import pytest

from tests.publish.conftest import OwnStack, run_here
from tests.publish.forms import whole
from tests.publish.ledger import trees
from tests.publish.test_outcomes import APPLIED_UNHEARD, ask, draft_of, edit, exhaust, run_once
from tests.support.keeper import wait_until
from tests.support.sandbox import Sandbox

Json = dict[str, Any]


def give_up(own: OwnStack, sandbox: Sandbox, path: str) -> None:
    """Publish; Google carries it out, nobody hears of it, and the job ends."""
    job_id = ask(own, f"{path}/publish")
    sandbox.add_fault(method="Mutate", customer_id=own.account, **APPLIED_UNHEARD)
    run_once(own, job_id)
    exhaust(own, job_id)


def dirty_rows(own: OwnStack, path: str) -> Json:
    """What waits below a campaign: per table the dirty fields with their bases."""
    campaign_id = path.rsplit("/", 1)[1]
    found: Json = {}
    groups = "SELECT ad_group_id FROM campaign_adgroup WHERE campaign_id = :id"
    ads = f"SELECT ad_id FROM adgroup_ad WHERE ad_group_id IN ({groups})"
    for table, where in {
        "campaigns": "id = :id",
        "ad_groups": f"id IN ({groups})",
        "ads": f"id IN ({ads})",
        "adgroup_ad": f"ad_id IN ({ads})",
        "keywords": f"parent_id IN ({groups})",
        "asset_groups": "id IN (SELECT asset_group_id FROM campaign_asset_group WHERE campaign_id = :id)",
    }.items():
        waiting = f"{where} AND dirty_fields <> '{{}}'"
        rows = own.rows(f"SELECT dirty_fields, base FROM {table} WHERE {waiting}", id=campaign_id)
        if rows:
            found[table] = [(sorted(row["dirty_fields"]), row["base"]) for row in rows]
    return found


@pytest.mark.slow(reason="gives up a publish and publishes again")
def test_every_edit_of_a_tree_waits_against_what_was_made(killed: OwnStack, sandbox: Sandbox) -> None:
    path, client = draft_of(killed), killed.team.client
    since = sandbox.last_seq()
    give_up(killed, sandbox, path)
    shown = client.get(f"{path}/tree").get_json()
    ad = shown["ad_groups"][0]["ads"][0]
    targeting = {"locations": ["2276"], "languages": ["1001", "1000"]}
    edit(killed, path, targeting=targeting)
    texts = ["Garden chairs", "Fast delivery", "Order online today", "Made of teak"]
    edit(killed, f"/api/ads/{ad['id']}", headlines=texts, path1="teak", status="PAUSED")

    again = run_here(killed, ask(killed, f"{path}/publish"))

    assert again["status"] == "finished", again["error"]
    assert trees(sandbox, since, killed.account) == 1
    waiting = dirty_rows(killed, path)
    pinned = {"text": "Garden chairs", "pinned_field": "HEADLINE_1"}
    made = [{"text": "Fast delivery"}, pinned, {"text": "Made to last"}, {"text": "Order online today"}]
    assert waiting["ads"] == [(["headlines", "path1"], {"headlines": made, "path1": "chairs"})]
    assert waiting["adgroup_ad"] == [(["status"], {"status": "ENABLED"})]
    ((fields, base),) = waiting["campaigns"]
    assert (fields, base["targeting"]["languages"]) == (["targeting"], ["1001"])
    assert base["targeting"]["devices"] == [{"type": "MOBILE", "bid_modifier": 1.2}]
    assert waiting.keys() == {"ads", "adgroup_ad", "campaigns"}

    pushed = run_here(killed, ask(killed, f"{path}/push"))
    assert pushed["status"] == "finished", pushed["error"]
    assert dirty_rows(killed, path) == {}
    after = client.get(f"{path}/tree").get_json()
    assert sorted(item["asset_text"] for item in after["ad_groups"][0]["ads"][0]["headlines"]) == sorted(texts)


@pytest.mark.slow(reason="gives up a publish and publishes again")
@pytest.mark.parametrize(
    ("campaign_type", "objective"),
    [("DISPLAY", "SALES"), ("DEMAND_GEN", "WEBSITE_TRAFFIC"), ("PERFORMANCE_MAX", "LEADS")],
)
def test_what_was_not_edited_is_clean(killed: OwnStack, sandbox: Sandbox, campaign_type: str, objective: str) -> None:
    form = whole(campaign_type, objective, killed.account, sandbox.info["images"])
    made = killed.team.client.post("/api/campaigns", json=form)
    assert made.status_code == 201, made.text
    path = f"/api/campaigns/{made.get_json()['id']}"
    killed.start()
    pending = "SELECT 1 FROM assets WHERE fetch_status = 'pending'"
    wait_until(lambda: not killed.rows(pending), "every image fetched", seconds=60)
    killed.end_workers()
    give_up(killed, sandbox, path)
    edit(killed, path, final_url_suffix="source=edited")

    again = run_here(killed, ask(killed, f"{path}/publish"))

    assert again["status"] == "finished", again["error"]
    assert dirty_rows(killed, path) == {"campaigns": [(["final_url_suffix"], {"final_url_suffix": "source=whole"})]}
