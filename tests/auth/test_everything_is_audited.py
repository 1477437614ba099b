"""Every operation of the OpenAPI document that changes something stands in the trail (R1.6): who, what, from where.

One organisation does each of them once, on drafts and on a campaign that a sync has found. An operation that is new in
the document fails here until it is done here too, or says why it need not be.
"""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image
from werkzeug.test import TestResponse

from tests.auth.operations import operations
from tests.campaigns.test_children import search_tree
from tests.support.database import Rows
from tests.support.http import Client
from tests.support.team import Team

PASSWORD = "a long enough password"
PURPOSES = ("ad_groups", "ads", "keywords", "asset_groups")

# They read, compute or check, and leave nothing but a job that names its caller.
ONLY_ASKS = {
    "POST /api/gaql",
    "POST /api/search-terms/over-blocking",
    "POST /api/reports/generate",
    "POST /api/campaigns/{campaign_id}/dry-run",
}
# They need what only Google or a sync can give; their own tests look into the trail.
SHOWN_ELSEWHERE = {
    "DELETE /auth/google/connections/{connection_id}": "test_dead_tokens.py",
    "POST /auth/google/connections/{connection_id}/discover": "test_dead_tokens.py",
    "POST /api/conflicts/resolve": "tests/sync/test_conflicts.py",
    "POST /api/search-terms/add": "tests/search_terms/test_adding.py",
    "DELETE /api/reports/{report_id}": "tests/reporting/test_reports.py",
}


class Walk:
    """Does one operation after another, and notes what stands in the trail of each."""

    def __init__(self, team: Team, rows: Rows) -> None:
        self.team, self.rows = team, rows
        self.done: set[str] = set()
        self.wrong: list[tuple[str, int, str]] = []

    def __call__(self, operation: str, *names: str, client: Client | None = None, **options: Any) -> dict[str, Any]:
        """Do `METHOD /path/{name}` with the names filled in, and look for its row; answers the body."""
        method, path = operation.split(" ")
        for name in names:
            before, rest = path.split("{", 1)
            path = before + name + rest.split("}", 1)[1]
        headers = {"X-Request-Id": (request_id := uuid.uuid4().hex), **options.pop("headers", {})}
        if method in ("PATCH", "PUT", "DELETE"):
            headers.setdefault("If-Match", "*")
        answer = (client or self.team.client).call(method, path, headers=headers, **options)
        self.done.add(operation)
        if answer.status_code >= 400:
            self.wrong.append((operation, answer.status_code, answer.text[:300]))
        elif problem := self._missing(request_id, changes=method in ("PATCH", "PUT")):
            self.wrong.append((operation, answer.status_code, problem))
        found: dict[str, Any] = _object(answer)
        return found

    def _missing(self, request_id: str, *, changes: bool) -> str | None:
        found = self.rows("SELECT * FROM audit_events WHERE request_id = :id", id=request_id)
        if not found:
            return "leaves nothing in the trail"
        if any(row["tenant_id"] != self.team.tenant_id or row["actor_name"] == "unknown" for row in found):
            return f"does not say who: {found}"
        if any(row["ip"] != "127.0.0.1" or not row["trace_id"] for row in found):
            return f"does not say from where: {found}"
        if changes and not any(row["before"] and row["after"] for row in found):
            return f"does not say what was changed: {found}"
        return None


def _object(answer: TestResponse) -> dict[str, Any]:
    document = answer.get_json(force=True, silent=True)
    return document if isinstance(document, dict) else {}


@pytest.fixture
def walk(team: Team, rows: Rows) -> Walk:
    return Walk(team, rows)


@pytest.fixture
def account(team: Team, add_account: Callable[..., str]) -> str:
    return add_account(team.tenant_id)


def test_whatever_changes_something_leaves_its_row(team: Team, walk: Walk, account: str, rows: Rows) -> None:
    people_and_keys(team, walk)
    settings_of_an_account(walk, account, rows)
    drafts(team, walk, account)
    live(team, walk, account, rows)
    jobs(team, walk, account, rows)
    documented = {str(operation) for operation in operations(team.app) if operation.method != "get"}
    assert walk.wrong == [], "\n".join(map(str, walk.wrong))
    assert documented - walk.done == ONLY_ASKS | SHOWN_ELSEWHERE.keys()


def people_and_keys(team: Team, walk: Walk) -> None:
    """Inviting, signing in, tokens, keys."""
    email = f"{uuid.uuid4().hex}@example.com"
    invited = walk("POST /api/users", json={"email": email, "name": "Ana", "roles": {"everywhere": "viewer"}})
    user = invited["user"]["id"]
    again = walk("POST /api/users/{user_id}/invitation", user)
    browser = Client(team.app)
    accepted = {"token": again["invite_token"], "password": PASSWORD}
    walk("POST /auth/invitations/accept", client=browser, json=accepted)
    csrf = walk("POST /auth/login", client=browser, json={"email": email, "password": PASSWORD})["csrf_token"]
    changed = {"current_password": PASSWORD, "password": "another long password"}
    opened = walk("POST /auth/password", client=browser, json=changed, headers={"X-CSRF-Token": csrf})
    mine = {"client": browser, "headers": {"X-CSRF-Token": opened["csrf_token"]}}
    walk("DELETE /auth/sessions", **mine)
    current = browser.get("/auth/sessions").get_json()[0]["id"]
    walk("DELETE /auth/sessions/{session_id}", current, **mine)
    signed = {"email": email, "password": changed["password"]}
    csrf = Client.post(browser, "/auth/login", json=signed).get_json()["csrf_token"]
    walk("POST /auth/logout", client=browser, headers={"X-CSRF-Token": csrf})
    walk("PATCH /api/users/{user_id}", user, json={"name": "Bea"}, headers=tag(team, f"/api/users/{user}"))
    walk("PUT /api/users/{user_id}/roles", user, json={"everywhere": "editor"}, headers=tag(team, f"/api/users/{user}"))
    walk("DELETE /api/users/{user_id}/sessions", user)
    walk("DELETE /api/tokens/{token_id}", walk("POST /api/tokens", json={"name": "t"})["id"])
    key = walk("POST /api/service-keys", json={"name": "k", "role": "viewer"})["id"]
    walk("POST /api/service-keys/{key_id}/rotate", key)
    walk("DELETE /api/service-keys/{key_id}", key)


def tag(team: Team, path: str) -> dict[str, str]:
    return {"If-Match": team.client.get(path).headers["ETag"]}


def settings_of_an_account(walk: Walk, account: str, rows: Rows) -> None:
    """Defaults and the hour of the night."""
    slug = rows("SELECT slug FROM customers WHERE google_customer_id = :n", n=int(account))[0]["slug"]
    walk("PATCH /api/customers/{customer_id}/defaults", account, json={"business_name": "Example"})
    schedule = f"/api/data/schedules/{slug}"
    body = {"enabled": True, "at": "03:15"}
    walk("PUT /api/data/schedules/{slug}", slug, json=body, headers=tag(walk.team, schedule))


def drafts(team: Team, walk: Walk, account: str) -> None:
    """Everything that is done to drafts."""
    campaign = walk("POST /api/campaigns", json=search_tree(account))["id"]
    walk("POST /api/campaigns/{campaign_id}/copy", campaign, json={"name": f"Copy {uuid.uuid4()}"})
    walk("PATCH /api/campaigns/{campaign_id}", campaign, json={"internal_notes": "seen"})
    walk("PATCH /api/campaigns/{campaign_id}/targeting", campaign, json={"languages": ["1000"]})
    tree = team.client.get(f"/api/campaigns/{campaign}/tree").get_json()
    group = tree["ad_groups"][0]
    walk("POST /api/campaigns/{campaign_id}/ad_groups", campaign, json={"name": "More"})
    walk("PATCH /api/ad_groups/{ad_group_id}", group["id"], json={"name": "Seats"})
    walk("POST /api/ad_groups/{ad_group_id}/ads", group["id"], json={"headlines": ["A"]})
    ad = group["ads"][0]
    walk("PATCH /api/ads/{ad_id}", ad["id"], json={"path1": "seats", "descriptions": ["Soft.", "Free shipping."]})
    trail = team.client.get(f"/api/audit?subject=ad:{ad['id']}").get_json()
    assert trail[0]["before"]["path1"] == "chairs"
    assert texts(trail[0]["before"]["descriptions"]) == texts(ad["descriptions"])
    for operation, parent in (
        ("POST /api/ad_groups/{ad_group_id}/keywords", group["id"]),
        ("POST /api/ad_groups/{ad_group_id}/negative_keywords", group["id"]),
        ("POST /api/campaigns/{campaign_id}/negative_keywords", campaign),
    ):
        walk(operation, parent, json={"keywords": ["one more"]})
    walk("PATCH /api/keywords/{keyword_id}", group["keywords"][0]["id"], json={"internal_label": "seen"})
    callout = {"asset_links": [{"field_type": "CALLOUT", "callout_text": "More"}]}
    linked = walk("POST /api/campaigns/{campaign_id}/asset_links", campaign, json=callout)["items"][0]["id"]
    walk("POST /api/ad_groups/{ad_group_id}/asset_links", group["id"], json=callout)
    walk("PATCH /api/asset_links/{link_id}", linked, json={"status": "PAUSED"})
    walk("DELETE /api/asset_links/{link_id}", linked)
    maximum = {"name": f"Max {uuid.uuid4()}", "customer_id": account, "campaign_type": "PERFORMANCE_MAX"}
    most = team.client.post("/api/campaigns", json=maximum).get_json()["id"]
    assets = walk("POST /api/campaigns/{campaign_id}/asset_groups", most, json={"name": "Group"})["id"]
    walk("PATCH /api/asset_groups/{asset_group_id}", assets, json={"name": "Groups"})
    rows = {
        "ad_groups": group["id"],
        "ads": group["ads"][0]["id"],
        "keywords": group["keywords"][0]["id"],
        "asset_groups": assets,
    }
    for kind in ("keywords", "ads", "ad_groups", "asset_groups"):
        walk(f"DELETE /api/{kind}/{{{kind.removesuffix('s')}_id}}", rows[kind])
    for kind in ("ad_groups", "ads", "keywords", "asset_groups"):
        walk(f"POST /api/{kind}/{{row_id}}/restore", rows[kind])
    lists(walk, account, campaign)
    pictures(walk, account)
    walk("DELETE /api/campaigns/{campaign_id}", campaign)
    walk("POST /api/campaigns/{campaign_id}/restore", campaign)
    whole = team.client.post("/api/campaigns", json=search_tree(account)).get_json()["id"]
    walk("POST /api/campaigns/{campaign_id}/publish", whole)


def texts(shown: list[dict[str, Any]]) -> list[str]:
    return [text["asset_text"] for text in shown]


def lists(walk: Walk, account: str, campaign: str) -> None:
    """Shared lists of negatives."""
    shared = walk("POST /api/shared_sets", json={"customer_id": account, "name": f"List {uuid.uuid4()}"})["id"]
    walk("PATCH /api/shared_sets/{shared_set_id}", shared, json={"name": f"List {uuid.uuid4()}"})
    walk("POST /api/shared_sets/{shared_set_id}/keywords", shared, json={"keywords": ["used"]})
    walk("POST /api/campaigns/{campaign_id}/shared_sets", campaign, json={"shared_set_ids": [shared]})
    walk("DELETE /api/campaigns/{campaign_id}/shared_sets/{shared_set_id}", campaign, shared)
    walk("DELETE /api/shared_sets/{shared_set_id}", shared)
    walk("POST /api/shared_sets/{shared_set_id}/restore", shared)
    walk("POST /api/shared_sets/{shared_set_id}/push", shared)


def pictures(walk: Walk, account: str) -> None:
    """Assets."""
    out = io.BytesIO()
    Image.new("RGB", (600, 314), (10, 20, 30)).save(out, "PNG")
    to = {"query_string": {"customer_id": account, "name": "picture"}}
    walk("POST /api/assets", data=out.getvalue(), content_type="image/png", **to)
    walk("POST /api/assets/videos", json={"customer_id": account, "youtube_video_id": "dQw4w9WgXcQ"})


def live(team: Team, walk: Walk, account: str, rows: Rows) -> None:
    """What is done to a campaign that is at Google already."""
    found = search_tree(account)
    made = team.client.post("/api/campaigns", json=found).get_json()["id"]
    tree = team.client.get(f"/api/campaigns/{made}/tree").get_json()
    group = tree["ad_groups"][0]
    places = {"ad_groups": group["id"], "ads": group["ads"][0]["id"], "keywords": group["keywords"][0]["id"]}
    maximum = {"name": f"Max {uuid.uuid4()}", "customer_id": account, "campaign_type": "PERFORMANCE_MAX"}
    most = team.client.post("/api/campaigns", json=maximum).get_json()["id"]
    places["asset_groups"] = team.client.post(f"/api/campaigns/{most}/asset_groups", json={"name": "G"}).get_json()[
        "id"
    ]
    campaign = {"action": "disable", "ids": [made]}
    walk("POST /api/campaigns/{campaign_id}/budget", made, json={"daily_budget": 13_000_000, "reason": "more"})
    walk("POST /api/campaigns/{row_id}/disable", made)
    walk("POST /api/campaigns/{row_id}/enable", made)
    walk("POST /api/campaigns/bulk", json=campaign)
    for kind in PURPOSES:
        for action in ("disable", "enable"):
            walk(f"POST /api/{kind}/{{row_id}}/{action}", places[kind])
        walk(f"POST /api/{kind}/bulk", json={"action": "disable", "ids": [places[kind]]})
    for kind in ("keywords", "ads", "ad_groups", "asset_groups", "campaigns"):
        walk(f"POST /api/{kind}/{{row_id}}/remove", {**places, "campaigns": made}[kind])
    pushed = at_google(team, account, rows)
    walk("POST /api/campaigns/{campaign_id}/push", pushed)


def at_google(team: Team, account: str, rows: Rows) -> str:
    """A campaign as a sync writes it, with a field that was edited here since."""
    campaign = str(uuid.uuid4())
    ours = rows("SELECT id FROM customers WHERE google_customer_id = :n", n=int(account))[0]["id"]
    rows(
        "INSERT INTO campaigns (customer_id, id, google_id, name, campaign_type, status, google_status, sync_status)"
        " VALUES (:customer, :id, 7, 'Live', 'SEARCH', 'PUBLISHED', 'ENABLED', 'synced')",
        customer=ours,
        id=campaign,
    )
    rows("INSERT INTO account_campaign (customer_id, campaign_id) VALUES (:c, :id)", c=ours, id=campaign)
    edited = team.client.edit("PATCH", f"/api/campaigns/{campaign}", json={"name": f"Live {uuid.uuid4()}"})
    assert edited.get_json()["is_dirty"], edited.text
    return campaign


def jobs(team: Team, walk: Walk, account: str, rows: Rows) -> None:
    """Long work: begun, stopped, repeated."""
    slug = rows("SELECT slug FROM customers WHERE google_customer_id = :n", n=int(account))[0]["slug"]
    job = walk("POST /api/runbooks/execute", json={"slug": slug, "command": "append"})["job_id"]
    walk("POST /api/jobs/{job_id}/cancel", job)
    rows("UPDATE jobs SET status = 'failed', finished_at = now() WHERE id = :id", id=job)
    walk("POST /api/jobs/{job_id}/retry", job)
    team.client.post(f"/api/jobs/{job}/cancel")
