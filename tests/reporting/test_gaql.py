"""GAQL through the stream application and the sandbox: rows as they come, refusals with their place."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from config import Settings, build_settings
from tests.gaql.invalid import INVALID
from tests.gaql.queries import VALID
from tests.publish.conftest import close_connections
from tests.support.http import Client
from tests.support.sandbox import Sandbox
from tests.support.servers import Servers
from tests.support.team import Team, make_team
from tests.sync.agency import running_agency

QUERIES = [line for line in VALID.splitlines() if line.strip()] if isinstance(VALID, str) else list(VALID)
# One query per resource, and every third refusal: the whole lists are the checker's own tests.
ONE_EACH = list({query.upper().partition(" FROM ")[2].split()[0]: query for query in QUERIES}.values())[:36]
SOME_INVALID = INVALID[::3]
PATH = "/api/gaql"


@pytest.fixture(scope="module")
def streams(settings: Any) -> Iterator[Flask]:
    """The stream application."""
    from backend.app import create_stream_app
    from backend.core.db import db

    application = create_stream_app(settings)
    yield application
    with application.app_context():
        db.engine.dispose()


@pytest.fixture(scope="module")
def connected(
    app: Flask, rows: Any, sandbox: Sandbox, request: pytest.FixtureRequest
) -> tuple[Team, list[dict[str, Any]]]:
    """A team that is connected by the real OAuth flow, and its accounts."""
    team = make_team(app, rows, sandbox, "GAQL", lambda: request.getfixturevalue("worker"))
    return team, team.connect()


@pytest.fixture(scope="module")
def client_account(connected: tuple[Team, list[dict[str, Any]]]) -> dict[str, Any]:
    """An enabled client account."""
    return next(row for row in connected[1] if not row["manager"] and row["enabled"])


@pytest.fixture
def ask(
    streams: Flask, connected: tuple[Team, list[dict[str, Any]]], client_account: dict[str, Any]
) -> Callable[..., Any]:
    """`ask(query)` as the administrator, about the client account unless it says another."""

    def send(query: str, token: str | None = None, **order: Any) -> Any:
        if "slug" not in order:
            order.setdefault("customer_id", client_account["customer_id"])
        client = Client(streams, token or connected[0].token)
        options = {name: order.pop(name) for name in ("headers", "buffered") if name in order}
        return client.post(PATH, json={"query": query, **order}, **options)

    return send


def lines(answer: Any) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    found = [json.loads(line) for line in answer.data.splitlines()]
    answer.close()  # the test client leaves a streamed answer open
    return found


def test_rows_are_the_sandbox_s(ask: Callable[..., Any], client_account: dict[str, Any], sandbox: Sandbox) -> None:
    query = (
        "SELECT campaign.id, campaign.name, campaign.status, segments.date, metrics.cost_micros, metrics.conversions"
        " FROM campaign WHERE segments.date DURING LAST_7_DAYS"
    )
    answer = ask(query)
    found = lines(answer)
    assert answer.content_type == "application/x-ndjson"
    used, left = (int(answer.headers[f"X-Google-Operations-{name}"]) for name in ("24h", "Left"))
    again = ask(query)
    lines(again)
    after = [int(again.headers[f"X-Google-Operations-{name}"]) for name in ("24h", "Left")]
    assert after[0] == used + 1
    assert after[1] < left
    assert found
    assert list(found[0]) == [
        "campaign.id",
        "campaign.name",
        "campaign.status",
        "segments.date",
        "metrics.cost_micros",
        "metrics.conversions",
    ]
    assert isinstance(found[0]["campaign.id"], int)
    assert found[0]["campaign.status"] in ("ENABLED", "PAUSED", "REMOVED")
    days = sorted({row["segments.date"] for row in found})
    totals = sandbox.totals(client_account["customer_id"], "campaign", days[0], days[-1])
    expected = {
        (int(row["google_id"]), row["date"]): row["cost_micros"]
        for row in totals
        if row["impressions"] or row["cost_micros"]
    }
    assert {(row["campaign.id"], row["segments.date"]): row["metrics.cost_micros"] for row in found} == expected


def test_csv_holds_the_same_and_no_formulas(ask: Callable[..., Any]) -> None:
    query = (
        "SELECT campaign.id, campaign.name, campaign.labels, campaign.network_settings.target_google_search"
        " FROM campaign"
    )
    plain = lines(ask(query))
    for order in ({"format": "csv"}, {"headers": {"Accept": "text/csv"}}):
        answer = ask(query, **order)
        assert answer.content_type.startswith("text/csv")
        found = list(csv.DictReader(io.StringIO(answer.text)))
        assert [int(row["campaign.id"]) for row in found] == [row["campaign.id"] for row in plain]
        assert {row["campaign.network_settings.target_google_search"] for row in found} <= {"true", "false", ""}


def test_messages_enums_and_absent_fields(ask: Callable[..., Any]) -> None:
    found = lines(
        ask(
            "SELECT ad_group_ad.ad.id, ad_group_ad.ad.type, ad_group_ad.ad.final_urls, ad_group_ad.ad.name,"
            " ad_group_ad.ad.responsive_search_ad.headlines FROM ad_group_ad WHERE ad_group_ad.ad.type ="
            " RESPONSIVE_SEARCH_AD LIMIT 5"
        )
    )
    for row in found:
        assert row["ad_group_ad.ad.type"] == "RESPONSIVE_SEARCH_AD"
        assert isinstance(row["ad_group_ad.ad.final_urls"], list)
        assert all(
            "asset" in headline or "text" in headline
            for headline in row["ad_group_ad.ad.responsive_search_ad.headlines"]
        )


@pytest.mark.parametrize("query", ONE_EACH)
def test_queries_that_google_takes_run(ask: Callable[..., Any], query: str) -> None:
    """The documentation's queries, about some thirty resources: checked here and run on the sandbox."""
    answer = ask(query)
    if "Google refused" in answer.text:
        refused = {error["code"] for error in answer.get_json()["google_errors"]}
        pytest.fail(f"the checker took what the sandbox refuses: {refused}")
    assert answer.status_code == 200, answer.text
    for row in lines(answer)[:3]:
        assert row


@pytest.mark.parametrize(("query", "code", "marked"), SOME_INVALID)
def test_queries_that_google_refuses_are_refused_here(
    ask: Callable[..., Any], sandbox: Sandbox, query: str, code: str, marked: str | None
) -> None:
    before = sandbox.last_seq()
    answer = ask(query)
    body = answer.get_json()
    assert answer.status_code == 400, answer.text
    assert answer.content_type == "application/problem+json"
    if query == "":
        assert body["errors"][0]["pointer"] == "/query"
        return
    first = body["problems"][0]
    assert first["code"].split(".")[1] == code
    if marked is not None:
        assert query[first["start"] : first["end"]] == marked
    line, carets = first["marked"].split("\n")
    assert line in query
    assert carets.strip() == "^" * max(1, len(carets.strip()))
    written = query.splitlines()[first["line"] - 1] if query else ""
    assert written[first["column"] - 1 :].startswith(query[first["start"] : first["end"]].partition("\n")[0])
    assert first["documentation"].startswith("https://developers.google.com/google-ads/api/")
    assert body["errors"][0] == {"pointer": "/query", "code": code, "message": body["errors"][0]["message"]}
    assert sandbox.last_seq() == before


def test_a_suggestion_for_what_was_probably_meant(ask: Callable[..., Any]) -> None:
    body = ask("SELECT campaign.nmae FROM campaign").get_json()
    assert body["problems"][0]["suggestion"] == "campaign.name"
    assert "Did you mean campaign.name?" in body["errors"][0]["message"]
    assert body["problems"][0]["marked"] == "SELECT campaign.nmae FROM campaign\n       ^^^^^^^^^^^^^"


def test_the_lists_are_long_enough() -> None:
    assert len(ONE_EACH) >= 30
    assert len(SOME_INVALID) >= 30


def test_only_a_check(ask: Callable[..., Any], sandbox: Sandbox) -> None:
    before = sandbox.last_seq()
    answer = ask("SELECT campaign.id FROM campaign", check_only=True)
    told = answer.get_json()
    quota = told.pop("quota")
    assert told == {"resource": "campaign", "fields": ["campaign.id"], "role": "viewer"}
    assert quota["left"] == quota["limit"] - quota["project"] >= 0
    assert 0 <= quota["account"] <= quota["project"]
    assert sandbox.last_seq() == before


def test_reads_only(ask: Callable[..., Any], sandbox: Sandbox) -> None:
    for query in ("DELETE FROM campaign", "UPDATE campaign SET x = 1", "SELECT campaign.id FROM campaign; DROP"):
        assert ask(query).status_code == 400
    before = sandbox.last_seq()
    lines(ask("SELECT campaign.id FROM campaign LIMIT 1"))
    assert {call["method"].rpartition(".")[2] for call in sandbox.ledger(since=before)} == {"SearchStream"}


def test_places_are_given_back_whatever_becomes_of_the_answer(
    ask: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading

    from backend.reporting.gaql import routes

    monkeypatch.setattr(routes, "_places", threading.BoundedSemaphore(1))
    query = "SELECT campaign.id FROM campaign LIMIT 3"
    waiting = ask(query, buffered=False)
    busy = ask(query)
    assert (busy.status_code, busy.get_json()["code"]) == (503, "unavailable")
    waiting.close()
    assert ask("SELECT campaign.id FROM campaign WHERE campaign.id = 'x'").status_code == 400
    assert len(lines(ask(query))) == 3
    assert len(lines(ask(query))) == 3


def test_roles(ask: Callable[..., Any], connected: tuple[Team, list[dict[str, Any]]]) -> None:
    viewer = connected[0].member("viewer")
    assert lines(ask("SELECT campaign.id FROM campaign LIMIT 1", token=viewer.token))
    people = "SELECT customer_user_access.email_address FROM customer_user_access"
    assert ask(people, token=viewer.token).status_code == 403
    assert ask(people, check_only=True).get_json()["role"] == "admin"


def test_a_manager_account_can_be_asked(ask: Callable[..., Any], connected: tuple[Team, list[dict[str, Any]]]) -> None:
    manager = next(row for row in connected[1] if row["manager"])
    found = lines(ask("SELECT customer_client.id FROM customer_client", customer_id=manager["customer_id"]))
    assert len(found) >= 30
    refused = ask(
        "SELECT campaign.id, metrics.clicks FROM campaign WHERE segments.date DURING TODAY",
        customer_id=manager["customer_id"],
    )
    assert refused.status_code == 400
    assert refused.get_json()["google_errors"][0]["code"] == "QueryError.REQUESTED_METRICS_FOR_MANAGER"
    assert refused.get_json()["google_request_id"]


def test_a_stranger_s_account_is_not_there(ask: Callable[..., Any], new_team: Callable[..., Team]) -> None:
    assert ask("SELECT campaign.id FROM campaign", token=new_team("Stranger").token).status_code == 404


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ({"grpc_status": "UNAVAILABLE", "times": 10}, 503, "unavailable"),
        ({"error_code": "QuotaError.RESOURCE_EXHAUSTED", "retry_delay_s": 1}, 429, "rate_limited"),
    ],
)
@pytest.mark.usefixtures("free_to_call")
def test_google_s_trouble_is_a_problem_document(
    ask: Callable[..., Any],
    sandbox: Sandbox,
    client_account: dict[str, Any],
    fault: dict[str, Any],
    status: int,
    code: str,
) -> None:
    given = {"method": "SearchStream", "customer_id": client_account["customer_id"], "times": 1, "when": "before"}
    sandbox.add_fault(**{**given, **fault})
    try:
        answer = ask("SELECT campaign.id FROM campaign")
    finally:
        sandbox.clear_faults()
    assert (answer.status_code, answer.get_json()["code"]) == (status, code), answer.text
    assert int(answer.headers["Retry-After"]) >= 1


def test_a_team_without_google_is_told(new_team: Callable[..., Team], streams: Flask, rows: Any) -> None:
    from tests.support.shop import make_shop

    team = new_team("Unconnected")
    shop = make_shop(team)
    answer = Client(streams, team.token).post(
        PATH, json={"slug": shop.slug, "query": "SELECT campaign.id FROM campaign"}
    )
    assert (answer.status_code, answer.get_json()["code"]) == (422, "needs_reauth")


def test_the_api_checks_and_sends_on(
    connected: tuple[Team, list[dict[str, Any]]], client_account: dict[str, Any], settings: Any
) -> None:
    client = connected[0].client
    order = {"customer_id": client_account["customer_id"], "query": "SELECT campaign.id FROM campaign"}
    answer = client.post(PATH, json=order)
    assert (answer.status_code, answer.headers["Location"]) == (307, f"{settings.stream_url}{PATH}")
    assert client.post(PATH, json={**order, "query": "SELECT"}).status_code == 400


def test_the_catalogue(connected: tuple[Team, list[dict[str, Any]]], streams: Flask) -> None:
    for client in (connected[0].client, Client(streams, connected[0].token)):
        everything = client.get(f"{PATH}/fields").get_json()
        assert {"name": "campaign", "role": "viewer"} in everything["resources"]
        assert {"name": "change_event", "role": "admin"} in everything["resources"]
    shown = connected[0].client.get(f"{PATH}/fields?resource=search_term_view").get_json()
    fields = {field["name"]: field for field in shown["fields"]}
    assert fields["search_term_view.status"]["data_type"] == "ENUM"
    assert "ADDED_EXCLUDED" in fields["search_term_view.status"]["enum_values"]
    assert "segments.search_term_match_type" in shown["segments"]
    assert "metrics.clicks" in shown["metrics"]
    assert "ad_group" in shown["attributed_resources"]
    metrics = connected[0].client.get(f"{PATH}/fields?resource=metrics&q=cost_micros").get_json()
    assert "metrics.cost_micros" in {field["name"] for field in metrics["fields"]}
    unknown = connected[0].client.get(f"{PATH}/fields?resource=campain")
    assert unknown.status_code == 400
    assert "Did you mean campaign?" in unknown.get_json()["errors"][0]["message"]


LONG = (
    "SELECT search_term_view.search_term, segments.date, segments.device, ad_group.id, metrics.clicks,"
    " metrics.impressions, metrics.cost_micros FROM search_term_view"
    " WHERE segments.date BETWEEN '2025-11-20' AND '2026-11-19'"
)


def streamed(answer: Any, settled_after: int) -> tuple[int, int]:
    """Read an answer piece by piece: how many lines it has, and by how much this process grew after the first ones."""
    import psutil

    process, count, early, peak = psutil.Process(), 0, 0, 0
    assert answer.status_code == 200, answer.text
    for piece in answer.response:
        count += piece.count(b"\n")
        peak = max(peak, process.memory_info().rss)
        early = early or (peak if count > settled_after else 0)
    answer.close()
    return count, peak - early


def test_a_long_answer_streams_with_flat_memory(ask: Callable[..., Any]) -> None:
    """Rows leave as they come: the last three quarters need no more memory at a time than the first did."""
    import tracemalloc

    answer = ask(LONG, buffered=False)
    assert answer.status_code == 200, answer.text
    sent, first = 0, 0
    tracemalloc.start()
    try:
        for piece in answer.response:
            sent += len(piece)
            if not first and sent > 3_000_000:
                first = tracemalloc.get_traced_memory()[1]
                tracemalloc.reset_peak()
        later = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        answer.close()
    assert sent > 10_000_000
    assert later < 1.5 * first


@pytest.mark.soak
@pytest.mark.slow("a sandbox, a database and a worker of its own, and a million rows")
def test_a_million_rows_stream_with_flat_memory(servers: Servers, settings: Settings, tmp_path: Path) -> None:
    """The same with an agency of its own that has a million search terms a year."""
    from backend.app import create_stream_app

    with running_agency(servers, settings, tmp_path, clients=1, days=365, workers=1, size=16) as agency:
        app = create_stream_app(build_settings(agency.environment))
        body = {"slug": agency.clients[0]["slug"], "query": LONG}
        answer = Client(app, agency.team.token).post(PATH, json=body, buffered=False)
        count, growth = streamed(answer, settled_after=50_000)
        close_connections(app)
    assert count >= 1_000_000
    assert growth < 32 * 1024 * 1024, f"{growth} bytes more after {count} rows"
