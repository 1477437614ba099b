"""`demo`: the product's main job from end to end, done only over HTTP, the way its users would do it.

It connects the sandbox's manager account by the real OAuth flow, reads one client account, drafts a campaign, checks
and publishes it, reads it back, and prints a report. Then it serves until Ctrl-C; with `--once` it ends.
"""

from __future__ import annotations

import json
import time
from datetime import UTC, date, datetime, timedelta
from typing import Any

from backend.cli.api_client import ApiClient, Refused
from backend.cli.consent import give_consent
from backend.cli.home import StartProblem
from backend.cli.run_file import RunFile
from backend.cli.serve import describe, say, serve_until_stopped, with_stack

DAILY_BUDGET_MICROS = 20_000_000
PUBLISH_WAIT = 30
SCOPE = "LAST-30-DAYS"
DEFAULTS: dict[str, Any] = {
    "final_url": "https://www.example.com/spring",
    "business_name": "Example Outdoor",
    "headlines": ["Free delivery", "Thirty days to return", "Order online today"],
    "descriptions": ["Gear that lasts, from people who hike.", "In stock, at your door in two days."],
    "keywords": ["trail shoes", '"hiking boots"'],
    "contains_eu_political_advertising": False,
}
"""What a campaign of any type needs beyond the ten fields of the flat form; the logo comes from the sandbox."""


def demo(arguments: list[str]) -> int:
    """Run the tour; `--once` ends after it with one JSON line."""
    if arguments not in ([], ["--once"]):
        raise StartProblem(f"unknown argument {arguments[0]!r}: `demo` takes --once")
    began = time.monotonic()

    def ours(run: RunFile) -> int:
        told = Tour(run).go(began)
        if arguments:
            print(json.dumps(told), flush=True)
            return 0
        print("\n".join(describe(run)), flush=True)
        say("The API keeps serving; Ctrl-C stops it")
        return serve_until_stopped()

    def joined(run: RunFile) -> int:
        say(f"It runs already (supervisor {run.supervisor.pid}): the tour goes through that one")
        told = Tour(run).go(began)
        print(json.dumps(told) if arguments else "\n".join(describe(run)), flush=True)
        return 0

    return with_stack(ours, joined=joined)


class Tour:
    """One pass through the main job on a running stack."""

    def __init__(self, run: RunFile) -> None:
        if run.sandbox is None or not run.api_url or not run.token:
            raise StartProblem(
                "the demo needs the sandbox: "
                "unset GOOGLE_ADS_ENDPOINT, GOOGLE_ADS_CLIENT_ID and GOOGLE_ADS_REFRESH_TOKEN"
            )
        self.run = run
        self.sandbox: dict[str, Any] = run.sandbox
        self.api = ApiClient(run.api_url, run.token)

    def go(self, began: float) -> dict[str, Any]:
        """Do the whole job, tell about every step, and answer what came of it."""
        account = self.connect()
        rows = self.sync(account)
        campaign = self.draft(account)
        published = self.publish(campaign)
        self.read_back(published)
        report = self.report(account)
        print(report, flush=True)
        told = {
            "campaign_id": published["id"],
            "google_campaign_id": published["google_campaign_id"],
            "customer_id": account["customer_id"],
            "slug": account["slug"],
            "rows_synced": rows,
            "report": report,
            "api_url": self.run.api_url,
            "campaign_url": f"{self.run.api_url}/api/campaigns/{published['id']}",
            "seconds": round(time.monotonic() - began, 1),
        }
        for name in ("campaign_id", "google_campaign_id", "campaign_url", "rows_synced", "seconds"):
            say(f"  {name:20} {told[name]}")
        return told

    def connect(self) -> dict[str, Any]:
        """Sign in at the sandbox as its manager account's user; answers one client account."""
        say("1/7 Connecting the manager account by OAuth")
        begun = self.api.call("GET", "/auth/google/login")
        back = give_consent(begun.headers["Location"], ca_file=self.sandbox["ca_file"])
        job = self.api.call("GET", back).json()
        self.api.finish(job["job_id"])
        accounts = self.api.get("/api/customers", params={"manager": "false", "status": "ENABLED", "limit": 100})
        demo_ids = set(self.sandbox["customer_ids"])
        usable = [account for account in accounts if account["customer_id"] in demo_ids]
        usable.sort(key=lambda account: account["customer_id"] != self.run.customer_ids[0])
        if not usable:
            raise StartProblem(f"none of the sandbox's {len(demo_ids)} client accounts was found")
        say(f"    {len(accounts)} client accounts; going on with {usable[0]['slug']} ({usable[0]['customer_id']})")
        chosen: dict[str, Any] = usable[0]
        return chosen

    def sync(self, account: dict[str, Any]) -> int:
        """Read the account's structure and recent statistics; answers the number of rows."""
        say(f"2/7 Reading structure and statistics of {account['slug']}")
        order = {"slug": account["slug"], "command": "append"}
        try:
            job_id = self.api.post("/api/runbooks/execute", order)["job_id"]
        except Refused as refusal:
            if refusal.code != "sync_in_progress":
                raise
            say("    a sync of this account is under way already: waiting for that one")
            self.api.wait(refusal.problem["job_id"])
            job_id = self.api.post("/api/runbooks/execute", order)["job_id"]
        result = self.api.finish(job_id)
        say(f"    {result['rows_synced']} rows, complete up to {result['watermark_date']}")
        return int(result["rows_synced"])

    def draft(self, account: dict[str, Any]) -> dict[str, Any]:
        """Set the account's defaults and create a campaign in the flat form."""
        say("3/7 Drafting a Demand Gen campaign")
        self.api.patch(
            f"/api/customers/{account['customer_id']}/defaults",
            DEFAULTS | {"logo_url": self.sandbox["images"]["logo"]},
        )
        start = date.today() + timedelta(days=2)  # noqa: DTZ011 (two days ahead is in the future in every time zone)
        campaign: dict[str, Any] = self.api.post(
            "/api/campaigns",
            {
                "customer_id": account["customer_id"],
                "name": f"Demo spring sale {datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f}",
                "objective": "WEBSITE_TRAFFIC",
                "campaign_type": "DEMAND_GEN",
                "daily_budget": DAILY_BUDGET_MICROS,
                "start_date": start.isoformat(),
                "end_date": (start + timedelta(days=30)).isoformat(),
                "ad_group_name": "Everybody",
                "ad_headline": "Spring sale on trail shoes",
                "ad_description": "Light, tough and on sale until the end of the month.",
                "asset_url": self.sandbox["images"]["landscape"],
            },
        )
        say(f"    draft {campaign['id']}")
        return campaign

    def publish(self, campaign: dict[str, Any]) -> dict[str, Any]:
        """Check the campaign as Google would, then publish it in one atomic request."""
        path = f"/api/campaigns/{campaign['id']}"
        say("4/7 Dry run: the same operations, nothing applied")
        self.api.finish(self.api.post(f"{path}/dry-run", {})["job_id"])
        say("5/7 Publishing it, paused, in one request")
        wait = {"Prefer": f"wait={PUBLISH_WAIT}"}
        answer = self.api.call("POST", f"{path}/publish", json={}, headers=wait)
        if answer.status_code == 202:
            self.api.finish(answer.json()["job_id"])
        published: dict[str, Any] = self.api.get(path)
        if published["status"] != "PUBLISHED" or not published["google_campaign_id"]:
            raise StartProblem(f"the campaign is {published['status']} after its publish job finished")
        say(f"    Google's campaign {published['google_campaign_id']}")
        return published

    def read_back(self, campaign: dict[str, Any]) -> None:
        """Look at what stands below the campaign now."""
        say("6/7 Reading it back")
        tree = self.api.get(f"/api/campaigns/{campaign['id']}/tree")
        groups = tree["ad_groups"]
        ads = [ad for group in groups for ad in group["ads"]]
        say(f"    {len(groups)} ad group, {len(ads)} ad, sync status {campaign['sync_status']}")

    def report(self, account: dict[str, Any]) -> str:
        """Have the account's report made; answers its Markdown."""
        say("7/7 Making the report")
        order = {"slug": account["slug"], "scope": SCOPE}
        result = self.api.finish(self.api.post("/api/reports/generate", order)["job_id"])
        return str(result["markdown"])
