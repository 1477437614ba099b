"""Ids of another organisation, or of an account that a person may not see, are as absent as ids that never were: on
every path, in bodies and filters, for every role (I6)."""

import uuid
from datetime import timedelta

import pytest

from backend.core import clock
from tests.auth.operations import operations, unknown_value, unknown_values
from tests.campaigns.test_children import search_tree

ACCOUNTS = ("customer_id", "slug")
"""A question about an account that is not there is refused: an empty list would say that it has none of something."""


@pytest.fixture
def foreign(team, add_account, rows, app):
    """What an organisation owns, one id for every name that stands in a path."""
    from backend.core.db import unit_of_work
    from backend.core.security import Actor, Role
    from backend.jobs.service import open_job

    customer = add_account(team.tenant_id)
    made = team.client.post("/api/campaigns", json=search_tree(customer))
    assert made.status_code == 201, made.text
    campaign = made.get_json()["id"]
    maximum = {"name": f"Max {uuid.uuid4()}", "customer_id": customer, "campaign_type": "PERFORMANCE_MAX"}
    most = team.client.post("/api/campaigns", json=maximum).get_json()["id"]
    assert team.client.post(f"/api/campaigns/{most}/asset_groups", json={"name": "Foreign"}).status_code == 201
    ours = rows("SELECT id, slug FROM customers WHERE google_customer_id = :n", n=int(customer))[0]
    actor = Actor(team.tenant_id, team.user_id, team.email, everywhere=Role.ADMIN)
    with app.app_context(), unit_of_work() as work:
        tomorrow = clock.now() + timedelta(days=1)  # or the sweep would touch it meanwhile
        job = open_job(work, "nobody", actor=actor, queue="nobody", customer_id=ours["id"], start_at=tomorrow).id
    account = uuid.uuid4()
    connection = uuid.uuid4()
    rows(
        "INSERT INTO google_accounts (id, tenant_id, subject) VALUES (:id, :tenant, :subject)",
        id=account,
        tenant=team.tenant_id,
        subject=str(account),
    )
    rows(
        "INSERT INTO user_credentials (id, tenant_id, user_id, google_account_id, encrypted_refresh_token, iv,"
        " auth_tag, wrapped_key, key_version, status)"
        " VALUES (:id, :tenant, :user, :account, '\\x00', :iv, :tag, '\\x00', 1, 'REVOKED')",
        id=connection,
        tenant=team.tenant_id,
        user=team.user_id,
        account=account,
        iv=uuid.uuid4().bytes[:12],
        tag=bytes(16),
    )
    token = team.client.post("/api/tokens", json={"name": "t"}).get_json()["id"]
    key = team.client.post("/api/service-keys", json={"name": "k", "role": "viewer"}).get_json()["id"]
    known = {
        "customer_id": customer,
        "slug": ours["slug"],
        "campaign_id": campaign,
        "job_id": str(job),
        "connection_id": str(connection),
        "token_id": token,
        "key_id": key,
        "user_id": str(team.user_id),
    }
    shared = team.client.post("/api/shared_sets", json={"name": f"Foreign {uuid.uuid4()}", "customer_id": customer})
    known["shared_set_id"] = shared.get_json()["id"]
    link = {"field_type": "CALLOUT", "callout_text": "Foreign"}
    linked = team.client.post(f"/api/campaigns/{campaign}/asset_links", json={"asset_links": [link]})
    known["link_id"] = linked.get_json()["items"][0]["id"]
    for table in ("ad_groups", "ads", "keywords", "assets", "asset_groups"):
        found = rows(f"SELECT id FROM {table} WHERE customer_id = :c LIMIT 1", c=ours["id"])
        known[f"{table.removesuffix('s')}_id"] = str(found[0]["id"])
    yield known
    rows("DELETE FROM user_credentials WHERE id = :id", id=connection)


@pytest.fixture(params=["another organisation", "another account"])
def stranger(request, team, new_team, add_account):
    """`stranger(role)`: somebody who may not see the foreign account; answers the client and an account of theirs."""
    theirs = new_team("Caller") if request.param == "another organisation" else team
    account = add_account(theirs.tenant_id)

    def make(role):
        return theirs.member(role, on=None if theirs is not team else account), account

    return make


def in_place(operation, foreign):
    """The foreign ids that stand in the operation's path; a `row_id` is of the kind that the path names."""
    kind = operation.path.split("/")[2].removesuffix("s")
    named = {name: f"{kind}_id" if name == "row_id" else name for name in operation.parameters}
    return {name: foreign[known] for name, known in named.items() if known in foreign}


@pytest.mark.parametrize("role", ["ADMIN", "VIEWER"])
def test_a_foreign_id_is_answered_like_one_that_never_was(app, stranger, foreign, rows, role):
    caller, _ = stranger(role)
    wrong, tried = [], 0
    before = snapshot(rows, foreign)
    for operation in operations(app):
        names = operation.parameters
        # The API only sends event streams on; the stream process answers 404 itself (tests/jobs/test_stream.py).
        found = in_place(operation, foreign)
        if operation.path.endswith("/events") or not found:
            continue
        tried += 1
        theirs = {**unknown_values(names), **found}
        answers = []
        for values in (theirs, unknown_values(names)):
            headers = {"If-Match": '"v1"'}
            answer = caller.call(
                operation.method.upper(), operation.address(values), headers=headers, **operation.body()
            )
            answers.append((answer.status_code, (answer.get_json(force=True, silent=True) or {}).get("code")))
        if answers[0] != answers[1] or answers[0][0] < 400:
            wrong.append((str(operation), answers))
    assert tried > 90
    assert wrong == []
    assert snapshot(rows, foreign) == before


def test_a_foreign_account_in_a_filter_is_answered_like_one_that_never_was(app, stranger, foreign):
    caller, _ = stranger("ADMIN")
    wrong = []
    for operation in operations(app):
        if operation.method != "get" or operation.parameters:
            continue
        takes = {parameter.get("name") for parameter in operation.document.get("parameters", [])}
        for name in takes & foreign.keys():
            answers = [
                caller.get(operation.path, query_string={name: value}) for value in (foreign[name], unknown_value(name))
            ]
            shown = [(answer.status_code, strip(answer.get_json(force=True))) for answer in answers]
            refused = answers[0].status_code >= 400 or operation.path == "/api/customers"
            if shown[0] != shown[1] or (name in ACCOUNTS and not refused):
                wrong.append((str(operation), name, shown))
    assert wrong == []


KINDS = ("campaign", "ad_group", "ad", "keyword", "asset_group")


def test_a_foreign_id_in_a_body_is_answered_like_one_that_never_was(stranger, foreign, rows):
    caller, account = stranger("ADMIN")
    own = caller.post("/api/campaigns", json=search_tree(account)).get_json()["id"]
    group = caller.get(f"/api/campaigns/{own}/tree").get_json()["ad_groups"][0]["id"]
    before = snapshot(rows, foreign)
    bodies = [
        (f"/api/{kind}s/bulk", f"{kind}_id", lambda found: {"action": "remove", "ids": [found]}) for kind in KINDS
    ]
    bodies += [
        (f"/api/campaigns/{own}/shared_sets", "shared_set_id", lambda found: {"shared_set_ids": [found]}),
        (f"/api/campaigns/{own}/asset_links", "asset_id", links),
        (f"/api/ad_groups/{group}/asset_links", "asset_id", links),
        (f"/api/ad_groups/{group}/ads", "asset_id", lambda found: {"marketing_images": [{"asset_id": found}]}),
    ]
    wrong = []
    for path, name, body in bodies:
        shown = []
        for value in (foreign[name], unknown_value(name)):
            answer = caller.post(path, json=body(value))
            text = answer.text.replace(value, "…").replace(answer.headers["X-Request-Id"], "…")
            shown.append((answer.status_code, text))
        if shown[0] != shown[1] or (shown[0][0] < 400 and '"refused"' not in shown[0][1]):
            wrong.append((path, shown))
    assert wrong == []
    assert snapshot(rows, foreign) == before


def links(asset_id):
    return {"asset_links": [{"field_type": "CALLOUT", "asset_id": asset_id}]}


def test_a_foreign_idempotency_key_and_cursor_are_of_no_use(team, new_team, add_account):
    other = new_team("Other")
    for owner in (team, other):
        for number in range(3):
            made = {"name": f"Mine {number} {uuid.uuid4()}", "customer_id": add_account(owner.tenant_id)}
            assert owner.client.post("/api/campaigns", json=made).status_code == 201
    key, name = str(uuid.uuid4()), {"name": "one key"}
    ids = [
        owner.client.post("/api/tokens", json=name, headers={"Idempotency-Key": key}).get_json()["id"]
        for owner in (team, other)
    ]
    assert ids[0] != ids[1]
    link = team.client.get("/api/campaigns?limit=1").headers["Link"]
    cursor = link.split("cursor=")[1].split(">")[0]
    refused = other.client.get(f"/api/campaigns?limit=1&cursor={cursor}")
    assert (refused.status_code, refused.get_json(force=True)["code"]) == (400, "validation_failed")


def test_a_foreign_account_in_a_body_is_answered_like_one_that_never_was(new_team, foreign):
    caller = new_team("Caller").client
    for path, body in (
        ("/api/campaigns", {"name": "X"}),
        ("/api/service-keys", {"name": "k", "role": "viewer"}),
        ("/api/runbooks/execute", {"command": "validate"}),
        ("/api/reports/generate", {"scope": "LIFETIME"}),
    ):
        member = {"/api/service-keys": "customer_ids", "/api/campaigns": "customer_id"}.get(path, "slug")
        answers = []
        for value in (foreign.get(member) or foreign["customer_id"], unknown_value(member.removesuffix("s"))):
            answer = caller.post(path, json={**body, member: [value] if member == "customer_ids" else value})
            answers.append((answer.status_code, answer.get_json(force=True)["code"]))
        assert answers[0] == answers[1], path
        assert answers[0][0] in (400, 404), path


def strip(document):
    """A problem names the request; the rest must be equal."""
    if isinstance(document, dict):
        return {name: value for name, value in document.items() if name not in ("request_id", "instance")}
    return document


def snapshot(rows, foreign):
    """The foreign organisation's rows, as far as the sweep could have touched them."""
    ids = [uuid.UUID(value) for name, value in foreign.items() if name not in ("customer_id", "slug")]
    return [
        rows(f"SELECT t::text AS line FROM {table} t WHERE id = ANY(:ids) ORDER BY id", ids=ids)
        for table in (
            "campaigns",
            "ad_groups",
            "ads",
            "keywords",
            "asset_groups",
            "shared_sets",
            "campaign_asset",
            "jobs",
            "user_credentials",
            "api_tokens",
            "service_keys",
            "users",
        )
    ]
