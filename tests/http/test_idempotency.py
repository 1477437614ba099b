"""`Idempotency-Key`: one effect, one answer, whatever is repeated (RELIABILITY R14)."""

import json
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.http import Client


def person():
    return {"email": f"{uuid.uuid4().hex}@example.com", "name": "New", "roles": {"everywhere": "viewer"}}


def invite(client, body, key):
    return client.post("/api/users", json=body, headers={"Idempotency-Key": key})


def test_a_secret_is_shown_once(team, rows):
    key, body = str(uuid.uuid4()), {"name": "ci"}
    first = team.client.post("/api/tokens", json=body, headers={"Idempotency-Key": key})
    assert first.status_code == 201
    token = first.get_json()["token"]
    again = team.client.post("/api/tokens", json=body, headers={"Idempotency-Key": key})
    assert (again.status_code, again.get_json(force=True)["code"]) == (409, "secret_already_shown")
    kept = rows("SELECT body, headers::text AS headers FROM idempotency_keys WHERE key = :key", key=key)
    assert kept[0]["body"] is None
    assert token not in str(kept)
    assert len(rows("SELECT 1 FROM api_tokens WHERE user_id = :user AND name = 'ci'", user=team.user_id)) == 1


def test_a_key_belongs_to_one_question(team):
    key = str(uuid.uuid4())
    body = person()
    assert invite(team.client, body, key).status_code == 201
    other = invite(team.client, {**body, "name": "Other"}, key)
    assert (other.status_code, other.get_json(force=True)["code"]) == (422, "idempotency_key_reused")
    spaced = team.client.post(
        "/api/users",
        data=json.dumps(body, indent=4),
        content_type="application/json",
        headers={"Idempotency-Key": key},
    )
    assert spaced.get_json(force=True)["code"] == "secret_already_shown"


def test_a_refused_request_does_not_use_up_its_key(team):
    key = str(uuid.uuid4())
    body = person()
    refused = invite(team.client, {**body, "nmae": "x"}, key)
    assert refused.status_code == 400
    assert invite(team.client, body, key).status_code == 201


def test_keys_of_two_organisations_do_not_meet(team, new_team):
    key, other = str(uuid.uuid4()), new_team("Other")
    body = person()
    assert invite(team.client, body, key).status_code == 201
    assert invite(other.client, body, key).status_code == 201


def test_another_person_of_the_organisation_is_not_given_the_answer(team):
    key = str(uuid.uuid4())
    body = {"name": "ci"}
    team.client.post("/api/tokens", json=body, headers={"Idempotency-Key": key})
    member = team.member("VIEWER")
    answer = member.post("/api/tokens", json=body, headers={"Idempotency-Key": key})
    assert answer.get_json(force=True)["code"] == "idempotency_key_reused"


@pytest.mark.parametrize("key", ["", "a b", "é" * 3, "x" * 256])
def test_a_malformed_key_is_refused(team, key):
    answer = invite(team.client, person(), key.encode("utf-8").decode("latin-1"))
    assert (answer.status_code, answer.get_json(force=True)["code"]) == (400, "validation_failed")


def test_fifty_at_once_make_one(team, app, rows):
    key, body = str(uuid.uuid4()), person()
    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda _: invite(Client(app, team.token), body, key), range(50)))
    codes = [(answer.status_code, (answer.get_json(force=True) or {}).get("code")) for answer in answers]
    assert sum(status == 201 for status, _ in codes) == 1
    assert {code for status, code in codes if status != 201} <= {"idempotency_in_progress", "secret_already_shown"}
    assert len(rows("SELECT 1 FROM users WHERE email = :email", email=body["email"])) == 1


def test_a_key_is_forgotten_after_a_day(team, freeze):
    key, body = str(uuid.uuid4()), {"name": "daily"}
    advance = freeze()
    assert team.client.post("/api/tokens", json=body, headers={"Idempotency-Key": key}).status_code == 201
    advance(24 * 3600 + 1)
    assert team.client.post("/api/tokens", json=body, headers={"Idempotency-Key": key}).status_code == 201
