"""P7: `GET /api/campaigns` (50 campaigns with statistics) against an authenticated endpoint that does nothing.

    python3 run.py bench rest [--campaigns 50] [--rounds 9] [--requests 40]

Both are asked of the same application through its WSGI door, with the same token, nothing cached. What is compared is
the CPU time of the API's process; the wall time, in which PostgreSQL works too, is printed beside it.
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import os
import time
import uuid
from collections.abc import Callable
from typing import Any

import harness

harness.import_the_product()

import flask  # noqa: E402
from sqlalchemy import create_engine, text  # noqa: E402

from backend.app import create_app  # noqa: E402
from backend.auth.people import ensure_administrator  # noqa: E402
from backend.auth.tokens import mint  # noqa: E402
from backend.core.security import Role, requires  # noqa: E402
from config import build_settings  # noqa: E402

NEEDS = ("database", "redis")
DAYS = 30

FILL = """
INSERT INTO customers (id, tenant_id, google_customer_id, slug, descriptive_name, currency_code, time_zone, manager,
    test_account, hidden, status)
VALUES (:customer, :tenant, 1234567890, 'bench', 'Bench', 'EUR', 'UTC', false, false, false, 'ENABLED');
INSERT INTO campaign_budgets (customer_id, id, google_id, amount_micros, explicitly_shared, sync_status)
SELECT :customer, md5('b' || n)::uuid, n, 5000000, false, 'synced' FROM generate_series(1, :campaigns) n;
INSERT INTO campaigns (customer_id, id, google_id, name, objective, campaign_type, status, google_status, budget_id,
    sync_status, created_at)
SELECT :customer, md5('c' || n)::uuid, n, 'Campaign ' || n, 'SALES', 'SEARCH', 'PUBLISHED', 'ENABLED',
    md5('b' || n)::uuid, 'synced', now() - n * interval '1 minute' FROM generate_series(1, :campaigns) n;
INSERT INTO ad_groups (customer_id, id, google_id, name, status, sync_status)
SELECT :customer, md5('g' || n)::uuid, n, 'Group ' || n, 'ENABLED', 'synced' FROM generate_series(1, :campaigns * 3) n;
INSERT INTO campaign_adgroup (customer_id, campaign_id, ad_group_id)
SELECT :customer, md5('c' || (n % :campaigns + 1))::uuid, md5('g' || n)::uuid FROM generate_series(1, :campaigns * 3) n;
INSERT INTO stats.daily_totals (customer_id, level, google_id, date, impressions, clicks, cost_micros, conversions,
    conversions_value)
SELECT :customer, 2, n, CURRENT_DATE - d, 1000, 30, 12000000, 1.5, 80 FROM generate_series(1, :campaigns) n,
    generate_series(1, :days) d
"""


def application() -> tuple[flask.Flask, str]:
    """The product with one more endpoint, and a token for both."""
    key = base64.b64encode(os.urandom(32)).decode()
    settings = build_settings(
        {
            "APP_MASTER_KEY": f"v1:{key}",
            "SECRET_KEY": uuid.uuid4().hex,
            **os.environ,
            "RATE_LIMIT": "1000000 per minute",
        }
    )
    app = create_app(settings)
    app.add_url_rule("/api/nothing", "nothing", requires(Role.VIEWER)(lambda: flask.jsonify({})))
    with app.app_context():
        administrator = ensure_administrator(tenant_name=f"Bench {uuid.uuid4()}", email=f"{uuid.uuid4()}@example.com")
        token = mint(administrator.user_id, "benchmark").token
        app.config["BENCH_TENANT"] = administrator.tenant_id
    return app, token


def fill(app: flask.Flask, campaigns: int) -> None:
    """Write an account with so many campaigns and a month of statistics."""
    engine = create_engine(
        os.environ.get("MIGRATION_DATABASE_URL", os.environ["DATABASE_URL"]).replace(
            "postgresql://", "postgresql+psycopg://"
        )
    )
    values = {"customer": uuid.uuid4(), "tenant": app.config["BENCH_TENANT"], "campaigns": campaigns, "days": DAYS}
    with engine.begin() as connection:
        for statement in FILL.split(";"):
            wanted = {name: value for name, value in values.items() if f":{name}" in statement}
            connection.execute(text(statement), wanted)
        connection.execute(text("SELECT 1"))
    engine.dispose()


def ask(app: flask.Flask, token: str, path: str, query: str = "") -> bytes:
    """One request through the WSGI door; the body, once it is known to be a success."""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_AUTHORIZATION": f"Bearer {token}",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": io.StringIO(),
    }
    answered: list[str] = []

    def start(status: str, headers: list[tuple[str, str]], problem: Any = None, /) -> Callable[[bytes], object]:
        answered.append(status)
        return lambda data: None

    body = b"".join(app.wsgi_app(environ, start))
    assert answered[0].startswith("200"), (answered, body[:300])
    return body


def main() -> int:
    """Time both endpoints and print the target."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--campaigns", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--requests", type=int, default=40)
    options = parser.parse_args()
    app, token = application()
    fill(app, options.campaigns)
    today = time.strftime("%Y-%m-%d", time.gmtime())
    query = f"limit={options.campaigns}&stats_from=2020-01-01&stats_to={today}"
    listed = json.loads(ask(app, token, "/api/campaigns", query))
    assert len(listed) == options.campaigns
    assert {item["stats"]["clicks"] for item in listed} == {30 * DAYS}
    assert listed[0]["name"] == "Campaign 1"
    paths = {"no-op": ("/api/nothing", ""), "campaigns": ("/api/campaigns", query)}
    cpu: dict[str, list[float]] = {name: [] for name in paths}
    wall: dict[str, list[float]] = {name: [] for name in paths}
    for number in range(options.rounds + 1):
        for name, (path, question) in paths.items():
            begin_cpu, begin_wall = time.process_time(), time.perf_counter()
            for _ in range(options.requests):
                ask(app, token, path, question)
            if number:
                cpu[name].append((time.process_time() - begin_cpu) / options.requests)
                wall[name].append((time.perf_counter() - begin_wall) / options.requests)
    harness.show(
        "CPU of the API's process, per request", {name: harness.timing(values) for name, values in cpu.items()}
    )
    harness.show("wall, per request", {name: harness.timing(values) for name, values in wall.items()})
    ratio = harness.timing(cpu["campaigns"]).median / harness.timing(cpu["no-op"]).median
    slower = harness.timing(wall["campaigns"]).median / harness.timing(wall["no-op"]).median
    met = harness.target(
        "rest", "P7", ratio, 2.5, at_most=True, campaigns=options.campaigns, wall_ratio=round(slower, 2)
    )
    return 0 if met else 1


if __name__ == "__main__":
    raise SystemExit(main())
