"""The rules of ECOSYSTEM.md that hold on every route, seen through real routes."""

import datetime as dt
import json
import uuid

import pytest
from prometheus_client.core import GaugeMetricFamily

from backend.core import metrics
from backend.core.ids import first_id_of


def problem(response, status, code):
    assert response.status_code == status, response.text
    assert response.content_type == "application/problem+json"
    document = response.get_json(force=True)
    assert document["code"] == code
    assert document["status"] == status
    assert document["request_id"] == response.headers["X-Request-Id"]
    assert {"type", "title", "detail", "instance", "errors"} <= document.keys()
    return document


def test_nobody_is_asked_to_sign_in(team):
    team.client.token = None
    document = problem(team.client.get("/api/me"), 401, "unauthenticated")
    assert "bearer token" in document["detail"]
    assert team.client.get("/api/me").headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    "header", ["Bearer nonsense", "Bearer ", "Basic YTpi", "bearer cw_pat_" + "x" * 43, "Bearer \xff"]
)
def test_a_credential_that_does_not_hold_is_refused(team, header):
    team.client.token = None
    problem(team.client.get("/api/me", headers={"Authorization": header}), 401, "unauthenticated")


def test_who_am_i(team, settings):
    me = team.client.get("/api/me").get_json()
    assert me["email"] == team.email
    assert me["role"] == "admin"
    assert me["accounts"] == []
    assert me["stream_url"] == settings.stream_url


def test_the_roles_per_account_are_told_to_whoever_holds_one_everywhere(team_with_account):
    team, account = team_with_account
    assert team.client.get("/api/me").get_json()["accounts"] == [{"customer_id": account, "role": "admin"}]
    viewer = team.member("viewer").get("/api/me").get_json()
    assert (viewer["role"], viewer["accounts"]) == ("viewer", [{"customer_id": account, "role": "viewer"}])


def test_there_is_nothing_at_an_unknown_address(team):
    problem(team.client.get("/api/nothing"), 404, "not_found")
    problem(team.client.get("/api/jobs/not-a-uuid"), 404, "not_found")


def test_a_wrong_method_names_the_right_ones(team):
    response = team.client.delete("/api/me")
    problem(response, 405, "method_not_allowed")
    assert "GET" in response.headers["Allow"]


def test_unknown_query_parameters_are_refused_everywhere(team):
    document = problem(team.client.get("/api/jobs?statsu=queued"), 400, "unknown_parameter")
    assert document["errors"][0]["pointer"] == "/statsu"
    problem(team.client.get("/api/me?verbose=1"), 400, "unknown_parameter")
    problem(team.client.get("/api/jobs?status=queued&status=failed"), 400, "validation_failed")
    problem(team.client.get("/api/jobs?status=done"), 400, "validation_failed")
    problem(team.client.get("/api/jobs?limit=0"), 400, "validation_failed")
    problem(team.client.get("/api/jobs?kind=%00"), 400, "validation_failed")


def test_a_body_where_none_is_taken_is_refused(team):
    address = "/api/jobs/00000000-0000-0000-0000-000000000000/cancel"
    problem(team.client.post(address, json={"force": True}), 400, "unknown_field")
    problem(team.client.post(address, json=[]), 400, "validation_failed")
    problem(team.client.post(address, json={}), 404, "not_found")
    problem(team.client.post(address), 404, "not_found")


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (b'{"business_name": "A",}', "application/json", 400, "malformed_json"),
        (b'{"business_name": "A", "business_name": "B"}', "application/json", 400, "malformed_json"),
        (b'{"business_name": NaN}', "application/json", 400, "malformed_json"),
        (b'{"business_name": "A\\u0000"}', "application/json", 400, "malformed_json"),
        (b'{"business_name": "A"}', "text/plain", 415, "unsupported_media_type"),
        (b"business_name=A", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
        (b'{"busines_name": "A"}', "application/json", 400, "unknown_field"),
        (b'{"business_name": 7}', "application/json", 400, "validation_failed"),
        (b'["business_name"]', "application/json", 400, "validation_failed"),
        (b'"business_name"', "application/json", 400, "validation_failed"),
        (b"null", "application/json", 400, "validation_failed"),
        (b'{"keywords": [92233720368547758070]}', "application/json", 400, "validation_failed"),
    ],
)
def test_a_bad_body_changes_nothing(team_with_account, body, content_type, status, code):
    team, account = team_with_account
    address = f"/api/customers/{account}/defaults"
    tag = team.client.get(address).headers["ETag"]
    answer = team.client.patch(address, data=body, content_type=content_type, headers={"If-Match": tag})
    problem(answer, status, code)
    after = team.client.get(address)
    assert (after.get_json(), after.headers["ETag"]) == ({}, tag)


def test_a_body_over_the_limit_is_refused_whatever_it_holds(team_with_account, settings):
    team, account = team_with_account
    body = b'{"business_name": "' + b"x" * settings.max_body_bytes + b'"}'
    answer = team.client.patch(
        f"/api/customers/{account}/defaults", data=body, content_type="application/json", headers={"If-Match": "*"}
    )
    problem(answer, 413, "too_large")


def test_request_ids_are_taken_over_when_well_formed(team):
    assert (
        team.client.get("/health", headers={"X-Request-Id": "abc-12345678"}).headers["X-Request-Id"] == "abc-12345678"
    )
    for bad in ("short", "x" * 101, 'a"b<c>12345678', "with space 1234"):
        assert team.client.get("/health", headers={"X-Request-Id": bad}).headers["X-Request-Id"] != bad
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    parent = team.client.get("/health", headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}).headers[
        "traceparent"
    ]
    assert parent.split("-")[1] == trace


def test_browsers_are_told_what_they_may_not_do(team):
    headers = team.client.get("/api/me").headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "Access-Control-Allow-Origin" not in headers


def test_the_document_is_openapi_3_1_and_says_who_may_do_what(team):
    team.client.token = None
    document = team.client.get("/openapi.json").get_json()
    assert document["openapi"].startswith("3.1")
    assert document == team.client.get("/api/openapi.json").get_json()
    operation = document["paths"]["/api/customers/{customer_id}/defaults"]["patch"]
    assert operation["x-required-role"] == "editor"
    assert {"400", "401", "403", "404", "412", "413", "415", "428"} <= operation["responses"].keys()
    assert "application/problem+json" in json.dumps(document["components"]["responses"]["PROBLEM_404"])
    assert document["paths"]["/auth/callback"]["get"].get("security") is None


@pytest.mark.parametrize("page", ["/docs", "/redoc"])
def test_the_documentation_works_offline(team, page):
    import re

    team.client.token = None
    with team.client.get(page) as answer:
        html = answer.text
    assert not re.search(r"""(src|href)=["'](https?:)?//""", html)
    for address in re.findall(r'(?:src|href)="([^"]+)"', html):
        with team.client.get("/" + address) as found:
            assert found.status_code == 200, address


def test_an_endpoint_without_a_role_stops_the_start(app):
    from backend.core.http import Blueprint

    with pytest.raises(RuntimeError, match="needs @requires"):
        Blueprint("x", __name__).get("/x")(lambda: "open to all")


def test_ready_names_its_checks(team, worker):
    answer = team.client.get("/ready")
    assert answer.get_json() == {
        "status": "ready",
        "checks": {"database": True, "migrations": True, "redis": True, "worker": True},
    }
    assert answer.status_code == 200


def test_metrics_count_requests(team):
    team.client.get("/api/me")
    text = team.client.get("/metrics").text
    assert 'http_request_seconds_count{endpoint="me.show",method="GET",status="200"}' in text


def figure(team, name):
    lines = team.client.get("/metrics").text.splitlines()
    return float(next(line for line in lines if line.startswith(f"{name} ")).split()[1])


def test_metrics_tell_how_many_jobs_failed(team, rows, freeze):
    hour = freeze(dt.datetime.now(dt.UTC) + dt.timedelta(days=300))()  # nobody else's jobs end then
    assert figure(team, "job_failure_rate") == 0.0
    for status, error in (("finished", None), ("failed", '{"code": "x"}'), ("failed", '{"code": "cancelled"}')):
        rows(
            "INSERT INTO jobs (id, tenant_id, kind, queue, status, finished_at, error, created_by_name, max_attempts,"
            " cancel_requested)"
            " VALUES (:id, :tenant, 'x', 'x', :status, :ended, CAST(:error AS jsonb), 'x', 1, false)",
            id=uuid.UUID(int=first_id_of(hour).int + uuid.uuid4().int % 2**64),
            tenant=team.tenant_id,
            status=status,
            ended=hour,
            error=error,
        )
    assert figure(team, "job_failure_rate") == 0.5
    freeze(hour + dt.timedelta(hours=2))
    assert figure(team, "job_failure_rate") == 0.0
    rows("DELETE FROM jobs WHERE tenant_id = :tenant", tenant=team.tenant_id)


def test_metrics_tell_how_far_the_sync_is_behind_and_what_is_left_of_the_quota(team_with_account, rows, freeze):
    team, account = team_with_account
    synced = dt.datetime(2001, 1, 1, tzinfo=dt.UTC)  # before any other account's
    rows("UPDATE customers SET last_synced_at = :at WHERE google_customer_id = :n", at=synced, n=int(account))
    freeze(synced + dt.timedelta(hours=26))
    assert figure(team, "sync_lag_seconds") == 26 * 3600
    rows("DELETE FROM customers WHERE google_customer_id = :n", n=int(account))
    freeze(dt.datetime.now(dt.UTC) + dt.timedelta(days=300))  # nothing is spent yet within these 24 hours
    assert figure(team, "google_ads_quota_left") == 15_000


def test_a_figure_that_cannot_be_looked_up_hides_no_other():
    def broken():
        raise OSError("the database is away")

    text = metrics.exposition([broken, lambda: GaugeMetricFamily("still_told", "Told.", value=1)]).decode()
    assert "still_told 1.0" in text
    assert "http_request_seconds" in text


def test_only_a_tree_may_be_longer_than_the_limit(team):
    flat = team.client.post("/api/campaigns", json={"name": "x" * (1 << 20)})
    problem(flat, 413, "too_large")
    keywords = [{"text": f"shoes {index} {'x' * 40}", "match_type": "BROAD"} for index in range(15_000)]
    tree = team.client.post("/api/campaigns", json={"name": "x" * 2000, "ad_groups": [{"keywords": keywords}]})
    problem(tree, 400, "validation_failed")
