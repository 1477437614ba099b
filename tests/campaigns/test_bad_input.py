"""Bad input is answered with its code and changes nothing."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from backend.core import clock
from tests.support.database import Rows
from tests.support.http import Client
from tests.support.sandbox import Sandbox
from tests.support.team import Team

Form = Callable[..., dict[str, Any]]
BAD_FIELDS: list[tuple[str, dict[str, Any], str, str]] = [
    ("no name", {"name": None}, "validation_failed", "/name"),
    ("empty name", {"name": "  "}, "validation_failed", "/name"),
    ("unknown field", {"colour": "red"}, "unknown_field", "/colour"),
    ("negative micros", {"daily_budget": -1}, "validation_failed", "/daily_budget"),
    ("fractional micros", {"daily_budget": 1.5}, "validation_failed", "/daily_budget"),
    ("micros as text", {"daily_budget": "5000000"}, "validation_failed", "/daily_budget"),
    ("micros beyond 64 bits", {"daily_budget": 2**63}, "validation_failed", "/daily_budget"),
    ("boolean micros", {"daily_budget": True}, "validation_failed", "/daily_budget"),
    ("end before start", {"start_date": "2030-02-01", "end_date": "2030-01-01"}, "validation_failed", "/end_date"),
    ("unknown objective", {"objective": "FAME"}, "validation_failed", "/objective"),
    ("unknown type", {"campaign_type": "RADIO"}, "validation_failed", "/campaign_type"),
    ("plain http image", {"asset_url": "http://example.com/a.png"}, "validation_failed", "/asset_url"),
    ("loopback image", {"asset_url": "https://127.0.0.1/a.png"}, "validation_failed", "/asset_url"),
    ("metadata image", {"asset_url": "https://169.254.169.254/x"}, "validation_failed", "/asset_url"),
    ("private image", {"asset_url": "https://10.0.0.8/a.png"}, "validation_failed", "/asset_url"),
    ("mapped image", {"asset_url": "https://[::ffff:10.0.0.8]/a.png"}, "validation_failed", "/asset_url"),
    ("malformed date", {"start_date": "tomorrow"}, "validation_failed", "/start_date"),
    ("NUL in the name", {"name": "a\u0000b"}, "malformed_json", ""),
    ("two forms at once", {"ad_groups": [{"name": "x"}]}, "validation_failed", "/ad_group_name"),
]


def count(rows: Rows, team: Team) -> int:
    """How many campaigns the tenant has, whatever their state."""
    found = rows(
        "SELECT count(*) AS n FROM campaigns c JOIN customers k ON k.id = c.customer_id WHERE k.tenant_id = :tenant",
        tenant=team.tenant_id,
    )
    return int(found[0]["n"])


@pytest.mark.parametrize(
    ("changes", "code", "pointer"), [bad[1:] for bad in BAD_FIELDS], ids=[b[0] for b in BAD_FIELDS]
)
def test_a_bad_field_is_refused_and_nothing_is_written(
    team: Team, account: str, flat_form: Form, rows: Rows, changes: dict[str, Any], code: str, pointer: str
) -> None:
    answer = team.client.post("/api/campaigns", json=flat_form(customer_id=account, **changes))

    assert answer.status_code == 400, answer.text
    problem = answer.get_json()
    assert problem["code"] == code
    assert answer.content_type == "application/problem+json"
    if pointer:
        assert pointer in [error["pointer"] for error in problem["errors"]]
    assert count(rows, team) == 0


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (b'{"name": "x"', "application/json", 400, "malformed_json"),
        (b'{"name": "x", "name": "y"}', "application/json", 400, "malformed_json"),
        (b'{"name": "x", "daily_budget": NaN}', "application/json", 400, "malformed_json"),
        (b'{"name": "x"}', "text/plain", 415, "unsupported_media_type"),
        (b'["x"]', "application/json", 400, "validation_failed"),
        (b'{"name": "' + b"x" * (17 << 20) + b'"}', "application/json", 413, "too_large"),
    ],
    ids=["cut off", "duplicate keys", "NaN", "wrong type", "no object", "too large"],
)
def test_a_bad_body(
    team: Team, account: str, rows: Rows, body: bytes, content_type: str, status: int, code: str
) -> None:
    answer = team.client.post("/api/campaigns", data=body, headers={"Content-Type": content_type})
    assert (answer.status_code, answer.get_json()["code"]) == (status, code)
    assert count(rows, team) == 0


def test_addresses_and_parameters(team: Team, account: str, flat_form: Form) -> None:
    unknown = uuid.uuid4()
    assert team.client.get(f"/api/campaigns/{unknown}").get_json()["code"] == "not_found"
    assert team.client.get("/api/campaigns/17").status_code == 404
    assert team.client.post(f"/api/campaigns/{unknown}/publish").status_code == 404
    wrong = team.client.get("/api/campaigns", query_string={"colour": "red"})
    assert (wrong.status_code, wrong.get_json()["code"]) == (400, "unknown_parameter")
    assert team.client.get("/api/campaigns", query_string={"cursor": "x"}).status_code == 400
    foreign = team.client.post("/api/campaigns", json=flat_form(customer_id="999-999-9999"))
    assert foreign.status_code == 404
    several = team.client.post("/api/campaigns", json=flat_form())
    assert several.get_json()["errors"][0]["pointer"] == "/customer_id"
    nobody = Client(team.app).post("/api/campaigns", json=flat_form(customer_id=account))
    assert (nobody.status_code, nobody.get_json()["code"]) == (401, "unauthenticated")


def test_a_draft_may_be_incomplete_and_a_publish_may_not(team: Team, account: str) -> None:
    yesterday = (clock.now().date() - timedelta(days=3)).isoformat()
    form = {"name": "Only a name", "customer_id": account, "ad_headline": "x" * 31, "start_date": yesterday}
    made = team.client.post("/api/campaigns", json=form)
    assert made.status_code == 201
    codes = {(problem["pointer"], problem["code"]) for problem in made.get_json()["problems"]}
    assert ("/ad_headline", "text_width") in codes
    assert ("/start_date", "start_in_past") in codes
    assert ("/daily_budget", "required") in codes

    refused = team.client.post(f"/api/campaigns/{made.get_json()['id']}/publish")

    assert (refused.status_code, refused.get_json()["code"]) == (422, "not_publishable")
    assert {(error["pointer"], error["code"]) for error in refused.get_json()["errors"]} == codes
    assert team.client.get(f"/api/campaigns/{made.get_json()['id']}").get_json()["status"] == "DRAFT"


def test_micros_above_two_to_the_31_are_kept(team: Team, account: str, flat_form: Form) -> None:
    made = team.client.post("/api/campaigns", json=flat_form(customer_id=account, daily_budget=9_000_000_000_000))
    assert made.get_json()["daily_budget"] == 9_000_000_000_000


def test_defaults_complete_a_draft_that_was_written_before_them(team: Team, account: str, flat_form: Form) -> None:
    form = flat_form(customer_id=account, final_url=None, business_name=None, contains_eu_political_advertising=None)
    made = team.client.post("/api/campaigns", json=form).get_json()
    assert {"/final_url", "/business_name", "/contains_eu_political_advertising"} <= {
        problem["pointer"] for problem in made["problems"]
    }
    shown = team.client.get(f"/api/customers/{account}/defaults")
    defaults = {
        "final_url": "https://www.example.com/",
        "business_name": "Example",
        "contains_eu_political_advertising": "DOES_NOT_CONTAIN_EU_POLITICAL_ADVERTISING",
    }
    changed = team.client.patch(
        f"/api/customers/{account}/defaults", json=defaults, headers={"If-Match": shown.headers.get("ETag", "*")}
    )
    assert changed.status_code == 200, changed.text

    again = team.client.get(f"/api/campaigns/{made['id']}").get_json()

    assert [problem for problem in again["problems"] if problem["code"] != "image_pending"] == []


def test_an_image_that_cannot_be_had_says_why_until_it_is_asked_for_again(
    team: Team,
    account: str,
    flat_form: Form,
    sandbox: Sandbox,
    rows: Rows,
    wait_for_job: Callable[..., dict[str, Any]],
) -> None:
    address = sandbox.info["images"]["landscape"].replace("landscape", f"gone-{uuid.uuid4()}")
    made = team.client.post("/api/campaigns", json=flat_form(customer_id=account, asset_url=address)).get_json()
    path = f"/api/campaigns/{made['id']}"

    def downloads() -> list[dict[str, Any]]:
        query = "SELECT j.id FROM jobs j JOIN assets a ON a.id = j.subject_id WHERE a.source_url = :url"
        return rows(query, url=address)

    def said(campaign: dict[str, Any]) -> list[str]:
        return [problem["code"] for problem in campaign["problems"] if problem["pointer"] == "/asset_url"]

    assert said(made) == ["image_pending"]
    wait_for_job(downloads()[0]["id"])
    for _ in range(2):
        shown = team.client.get(path).get_json()
        assert said(shown) == ["image_failed"]
        assert "another try" in str(shown["problems"])
    assert len(downloads()) == 1, "reading a draft must not ask for its image again"

    again = team.client.edit("PATCH", path, json={"asset_url": address})
    assert said(again.get_json()) == ["image_pending"]
    assert len(downloads()) == 2


def test_two_editors_with_one_tag(team: Team, account: str, flat_form: Form) -> None:
    made = team.client.post("/api/campaigns", json=flat_form(customer_id=account))
    path, tag = f"/api/campaigns/{made.get_json()['id']}", {"If-Match": made.headers["ETag"]}
    first = team.client.patch(path, json={"name": "First"}, headers=tag)
    second = team.client.patch(path, json={"name": "Second"}, headers=tag)
    assert first.status_code == 200
    assert (second.status_code, second.get_json()["code"]) == (412, "stale")
    assert team.client.get(path).get_json()["name"] == "First"


def test_deleted_and_restored(team: Team, account: str, flat_form: Form) -> None:
    made = team.client.post("/api/campaigns", json=flat_form(customer_id=account))
    path = f"/api/campaigns/{made.get_json()['id']}"
    assert team.client.delete(path).status_code == 428
    assert team.client.delete(path, headers={"If-Match": made.headers["ETag"]}).status_code == 204
    assert team.client.get(path).status_code == 404
    assert team.client.get("/api/campaigns").get_json() == []
    binned = team.client.get("/api/campaigns", query_string={"deleted": "true"}).get_json()
    assert [item["id"] for item in binned] == [made.get_json()["id"]]
    assert team.client.post(f"{path}/restore").status_code == 200
    assert team.client.get(path).status_code == 200


def test_pages_newest_first(team: Team, account: str, flat_form: Form) -> None:
    for number in range(5):
        team.client.post("/api/campaigns", json=flat_form(name=f"Page {number}", customer_id=account))
    names: list[str] = []
    address: str | None = "/api/campaigns?limit=2"
    while address:
        answer = team.client.get(address)
        names += [item["name"] for item in answer.get_json()]
        link = answer.headers.get("Link", "")
        address = link.split(">")[0].lstrip("<").removeprefix("http://localhost") if link else None
    assert names == [f"Page {number}" for number in reversed(range(5))]


def test_the_rules_are_served(team: Team) -> None:
    answer = team.client.get("/api/rules").get_json()
    assert {rule["code"] for rule in answer["rules"]} >= {"text_width", "eu_declaration_required", "start_in_past"}
    assert len(answer["objectives"]) == 12
