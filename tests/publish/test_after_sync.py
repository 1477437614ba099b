"""A campaign that was published here looks the same after a sync has read it back from Google."""

from __future__ import annotations

from tests.campaigns.test_children import search_tree
from tests.support.team import Team
from tests.support.worker import Worker

WAIT = {"Prefer": "wait=30"}


def test_a_sync_adds_nothing_to_what_was_published(team: Team, account: str, worker: Worker) -> None:
    made = team.client.post("/api/campaigns", json=search_tree(account))
    path = f"/api/campaigns/{made.get_json()['id']}"
    published = team.client.post(f"{path}/publish", headers=WAIT)
    assert published.status_code == 200, published.text
    before = team.client.get(f"{path}/tree").get_json()

    synced = team.client.post(
        "/api/runbooks/execute", json={"slug": before["slug"], "command": "append", "args": {}}, headers=WAIT
    )
    assert synced.status_code in (200, 202), synced.text
    job = team.client.get(synced.headers["Location"]) if synced.status_code == 202 else synced
    assert job.status_code == 200

    after = team.client.get(f"{path}/tree").get_json()
    assert len(team.client.get("/api/campaigns", query_string={"q": before["name"]}).get_json()) == 1
    assert (after["status"], after["sync_status"], after["is_dirty"]) == ("PUBLISHED", "synced", False)
    for old, new in zip(before["ad_groups"], after["ad_groups"], strict=True):
        assert old["google_ad_group_id"] == new["google_ad_group_id"]
        assert [k["criterion_id"] for k in old["keywords"]] == [k["criterion_id"] for k in new["keywords"]]
        for old_ad, new_ad in zip(old["ads"], new["ads"], strict=True):
            assert sorted(h["asset_text"] for h in old_ad["headlines"]) == sorted(
                h["asset_text"] for h in new_ad["headlines"]
            )
            assert sorted(h["asset_text"] for h in old_ad["descriptions"]) == sorted(
                h["asset_text"] for h in new_ad["descriptions"]
            )
    assert len(after["negative_keywords"]) == len(before["negative_keywords"])
    assert [link["text"] for link in after["asset_links"]] == [link["text"] for link in before["asset_links"]]
    again = team.client.post("/api/campaigns", json=search_tree(account)).get_json()
    assert again["problems"] == []  # what it shares with the first is still what it was
