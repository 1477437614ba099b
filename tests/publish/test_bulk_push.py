"""Show 4: very many keywords with bad ones scattered among them; each bad one is marked with its own reason (R26)."""

from __future__ import annotations

import random
import uuid
from typing import Any

import pytest

from tests.campaigns.test_children import search_tree
from tests.publish.conftest import Place
from tests.publish.ledger import mutates
from tests.publish.views import AtGoogle
from tests.support.database import Rows, job_waiter
from tests.support.sandbox import Sandbox

WAIT = {"Prefer": "wait=30"}
# What our own checks let through and Google refuses: how it is written, and the code that must stand on its row.
BAD: tuple[tuple[dict[str, Any], str], ...] = (
    ({"text": "casino chair {}"}, "PolicyViolationError.POLICY_ERROR"),
    ({"text": "viagra chair {}"}, "PolicyViolationError.POLICY_ERROR"),
    ({"text": "+teak chair {}"}, "CriterionError.BROAD_MATCH_MODIFIER_KEYWORD_NOT_ALLOWED"),
    ({"text": "odd bid {}", "cpc_bid_micros": 1_234_567}, "BiddingError.BID_TOO_MANY_FRACTIONAL_DIGITS"),
    ({"text": "huge bid {}", "cpc_bid_micros": 20_000_000_000_000}, "BiddingError.BID_TOO_BIG"),
    ({"text": "odd page {}", "final_urls": ["ftp://example.com/"]}, "UrlFieldError.INVALID_PROTOCOL_IN_FINAL_URL"),
)


def keywords(count: int, bad: int) -> tuple[list[dict[str, Any]], dict[int, str]]:
    """So many keywords, and which of them, by index, must be refused with which code."""
    pick = random.Random(count)  # the same scatter every time
    reasons: dict[int, str] = {}
    words: list[dict[str, Any]] = [
        {"text": f"garden chair {number}", "match_type": "EXACT", "cpc_bid_micros": 10_000 + number % 90 * 10_000}
        for number in range(count)
    ]
    for turn, index in enumerate(sorted(pick.sample(range(count), bad))):
        fields, reasons[index] = BAD[turn % len(BAD)]
        words[index] = {"match_type": "EXACT", **fields, "text": fields["text"].format(index)}
    return words, reasons


@pytest.mark.slow(reason="the soaks push ten thousand keywords, and wait out a lost answer")
@pytest.mark.parametrize(
    ("count", "bad", "fault"),
    [
        (300, 7, None),
        (300, 7, {"when": "after", "grpc_status": "DEADLINE_EXCEEDED"}),
        pytest.param(10_000, 37, None, marks=pytest.mark.soak),
        pytest.param(10_000, 37, {"when": "after", "grpc_status": "DEADLINE_EXCEEDED"}, marks=pytest.mark.soak),
    ],
    ids=["300", "300, the answer lost", "10,000", "10,000, the answer lost"],
)
def test_the_bad_keywords_are_marked_and_no_others(
    place: Place, sandbox: Sandbox, rows: Rows, count: int, bad: int, fault: dict[str, Any] | None
) -> None:
    """R26 at scale: applied and refused are told apart by index, and every row says which it was."""
    client = place.team.client
    made = client.post("/api/campaigns", json=search_tree(place.account)).get_json()
    assert client.post(f"/api/campaigns/{made['id']}/publish", headers=WAIT).status_code == 200
    group = client.get(f"/api/campaigns/{made['id']}/tree").get_json()["ad_groups"][0]
    words, reasons = keywords(count, bad)
    added = client.post(f"/api/ad_groups/{group['id']}/keywords", json={"keywords": words})
    assert added.status_code == 201, added.text
    ids = [uuid.UUID(item["id"]) for item in added.get_json()["items"]]
    if fault:
        sandbox.add_fault(method="Mutate", customer_id=place.account, **fault)
    since = sandbox.last_seq()

    job_id = client.post(f"/api/campaigns/{made['id']}/push").get_json()["job_id"]
    job = job_waiter(rows)(job_id, 120)

    assert job["status"] == "finished", job["error"]
    assert (job["result"]["applied"], job["result"]["failed"]) == (count - bad, bad)
    assert sandbox.faults() == []
    assert len(mutates(sandbox, since, place.account, "applied", "partial", "faulted")) == 1
    stored = {
        row["id"]: row
        for row in rows(
            "SELECT id, text, google_id, sync_status, sync_error FROM keywords WHERE id = ANY(:ids)", ids=ids
        )
    }
    for index, keyword_id in enumerate(ids):
        row = stored[keyword_id]
        assert row["text"] == words[index]["text"]
        if index in reasons:
            assert (row["sync_status"], row["google_id"]) == ("sync_error", None)
            assert row["sync_error"]["code"] == reasons[index]
            assert row["sync_error"]["google_request_id"]
        else:
            assert (row["sync_status"], row["sync_error"]) == ("synced", None)
    there = {
        one["keyword"]["text"]: int(one["criterion_id"])
        for one in AtGoogle(sandbox, place.account).of("ad_group_criterion", ad_group=group["resource_name"])
        if not one.get("negative")
    }
    live = {row["text"]: row["google_id"] for row in stored.values() if row["google_id"]}
    before = {word["text"]: int(word["criterion_id"]) for word in group["keywords"]}
    assert len(live) == count - bad
    assert there == live | before
