"""A demo agency of a test's own: a sandbox whose clock may be moved, a database, workers, and its totals to compare."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from backend.adgraph.stats import AssetPlace, Level
from backend.sync.statistics import windows
from config import Settings, build_settings
from tests.conftest import QUICK
from tests.publish.conftest import OWN_REDIS, close_connections
from tests.support import run as runs
from tests.support.database import Rows, engine_for, job_waiter, reader
from tests.support.keeper import base_environment
from tests.support.sandbox import Sandbox, start_sandbox
from tests.support.servers import Servers
from tests.support.team import Team, make_team
from tests.support.worker import Worker, start_worker

MEASURES = ("impressions", "clicks", "cost_micros", "conversions", "conversions_value")
TABLES = {
    "account": ("daily_totals", "google_id", "0", f"level = {Level.ACCOUNT:d}"),
    "campaign": ("daily_stats", "google_id", "0", f"level = {Level.CAMPAIGN:d}"),
    "ad_group": ("daily_stats", "google_id", "0", f"level = {Level.AD_GROUP:d}"),
    "ad": ("daily_stats", "google_id", "parent_google_id", f"level = {Level.AD:d}"),
    "keyword": ("daily_stats", "google_id", "parent_google_id", f"level = {Level.KEYWORD:d}"),
    "asset": ("daily_stats", "level || '~' || google_id", "parent_google_id", "level BETWEEN 6 AND 10"),
    "search_term": ("search_term_stats", "search_term", "ad_group_google_id", "true"),
}
"""Where the levels lie: the table, what a row is about, what that belongs to, and which rows they are."""
PLACES = {
    "ad_group_ad_asset_view": AssetPlace.AD,
    "asset_group_asset": AssetPlace.ASSET_GROUP,
    "campaign_asset": AssetPlace.CAMPAIGN,
    "ad_group_asset": AssetPlace.AD_GROUP,
    "customer_asset": AssetPlace.ACCOUNT,
}
WINDOW_DAYS = 31
Sums = dict[tuple[str, str, str], tuple[Decimal, ...]]


@dataclass
class Agency:
    """One running agency."""

    environment: dict[str, str]
    rows: Rows
    sandbox: Sandbox
    team: Team
    folder: Path
    clients: list[dict[str, Any]]

    def start_worker(self) -> Worker:
        """One more worker."""
        return start_worker(self.environment, self.folder / uuid.uuid4().hex)

    def begin(self, slug: str, command: str) -> str:
        """Open a runbook's job; its id."""
        body = {"slug": slug, "command": command, "args": {}}
        opened = self.team.client.post("/api/runbooks/execute", json=body)
        assert opened.status_code == 202, opened.text
        return str(opened.get_json()["job_id"])

    def wait(self, job_id: str, timeout: float) -> dict[str, Any]:
        """The job's row once it has finished."""
        job = job_waiter(self.rows)(job_id, timeout)
        assert job["status"] == "finished", (job["error"], job["stderr"])
        return job

    def run_all(self, command: str, timeout: float) -> list[dict[str, Any]]:
        """A runbook on every client, side by side; the results."""
        jobs = [self.begin(item["slug"], command) for item in self.clients]
        return [self.wait(job, timeout)["result"] for job in jobs]

    def stored(self, google_id: str, level: str, first: date, last: date) -> Sums:
        """What our tables say, per entity and day; rows without anything are left out."""
        table, own, parent, condition = TABLES[level]
        sums = ", ".join(f"sum({name}) AS {name}" for name in MEASURES)
        found = self.rows(
            f"SELECT {own} AS google_id, {parent} AS parent, date, {sums} FROM stats.{table}"
            " WHERE customer_id = (SELECT id FROM customers WHERE google_customer_id = :google)"
            f" AND date BETWEEN :first AND :last AND {condition} GROUP BY 1, 2, 3",
            google=int(google_id),
            first=first,
            last=last,
        )
        return _sums((str(row["google_id"]), str(row["parent"]), row["date"].isoformat(), row) for row in found)

    def told(self, google_id: str, level: str, first: date, last: date) -> Sums:
        """What the sandbox says itself."""
        found = self.sandbox.totals(google_id, level, first.isoformat(), last.isoformat())
        named = TABLES[level][2] != "0"
        for row in found:
            if level == "asset":
                row["google_id"] = f"{PLACES[row['link']]:d}~{row['google_id']}"
        return _sums(
            (str(row["google_id"]), (row["parent_id"] or "0") if named else "0", row["date"], row) for row in found
        )

    def compare(self, client: dict[str, Any], first: date, last: date) -> int:
        """Every level of an account equals the sandbox's totals to the micro; how many sums were compared."""
        compared = 0
        for level in TABLES:
            for start, end in windows(first, last, WINDOW_DAYS):
                told = self.told(client["customer_id"], level, start, end)
                assert told, (client["slug"], level)
                assert self.stored(client["customer_id"], level, start, end) == told, (client["slug"], level)
                compared += len(told)
        return compared

    def counts(self, before: date) -> dict[tuple[Any, ...], int]:
        """How many rows of statistics the days before a day have, per account and table."""
        found = self.rows(
            "SELECT customer_id, level::text AS what, count(*) AS n FROM stats.daily_stats WHERE date < :before"
            " GROUP BY 1, 2 UNION ALL SELECT customer_id, 'term', count(*) FROM stats.search_term_stats"
            " WHERE date < :before GROUP BY 1",
            before=before,
        )
        return {(row["customer_id"], row["what"]): row["n"] for row in found}

    def versions(self, before: date) -> Any:
        """Which versions of which rows the days before a day have."""
        parts = (
            f"SELECT '{table}' AS name, count(*) AS n,"
            " sum(hashtextextended(t.ctid::text || t.xmin::text || t.tableoid::text, 0)::numeric)"
            f" AS hash FROM stats.{table} t WHERE t.date < :before"
            for table in ("daily_stats", "search_term_stats", "daily_totals")
        )
        return self.rows(f"{' UNION ALL '.join(parts)} ORDER BY name", before=before)


def _sums(found: Iterator[tuple[str, str, str, Any]]) -> Sums:
    sums = {
        (google_id, parent, day): tuple(Decimal(str(row[name])) for name in MEASURES)
        for google_id, parent, day, row in found
    }
    return {key: values for key, values in sums.items() if any(values)}


@contextmanager
def running_agency(
    servers: Servers, settings: Settings, folder: Path, *, clients: int, days: int, workers: int, size: int = 1
) -> Iterator[Agency]:
    """Start an agency with its own sandbox, database and workers, and end it.

    An application says for its process how Google is reached; `settings` are what that is afterwards.
    """
    from backend.app import create_app
    from backend.wiring import wire

    number = runs.worker_number()
    with ExitStack() as stack:
        sandbox = start_sandbox(folder, "--clients", str(clients), "--days", str(days), "--size", str(size))
        stack.callback(sandbox.stop)
        database = stack.enter_context(servers.fresh_database(f"cw_agency_{number}"))
        environment = {
            **base_environment(servers.described, database, OWN_REDIS + 16 + number),
            **sandbox.environment,
            **QUICK,
        }
        stack.callback(wire, settings)
        app = create_app(build_settings(environment))
        stack.callback(close_connections, app)
        engine = engine_for(servers.described.database("postgres", database))
        stack.callback(engine.dispose)
        rows = reader(engine)
        for count in range(workers):
            stack.callback(start_worker(environment, folder / f"worker-{count}", beat=count == 0).stop)
        team = make_team(app, rows, sandbox, "Agency", lambda: None)
        listed = team.connect()
        ready = [item for item in listed if not item["manager"] and item["status"] == "ENABLED"]
        yield Agency(environment, rows, sandbox, team, folder, ready)
