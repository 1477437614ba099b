"""Inviting, roles, suspending: what an administrator does, and what nobody may."""

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.http import Client


def code(response):
    return response.status_code, response.get_json(force=True)["code"]


def invite(team, roles, email=None):
    body = {"email": email or f"{uuid.uuid4().hex}@example.com", "name": "Ana", "roles": roles}
    return team.client.post("/api/users", json=body)


PASSWORD = "a long enough password"


def accept(app, invitation, password=PASSWORD):
    browser = Client(app)
    body = {"token": invitation["invite_token"], "password": password}
    return browser, browser.post("/auth/invitations/accept", json=body)


def test_an_invited_person_sets_a_password_once_and_signs_in(team, app):
    made = invite(team, {"everywhere": "editor"})
    assert made.status_code == 201, made.text
    invitation = made.get_json()
    assert invitation["user"]["sign_in"] == []
    browser, answer = accept(app, invitation)
    assert answer.status_code == 200
    assert browser.get("/api/me").get_json()["role"] == "editor"
    assert code(accept(app, invitation)[1]) == (400, "invitation_refused")
    signed = Client(app).post(
        "/auth/login", json={"email": invitation["user"]["email"], "password": "a long enough password"}
    )
    assert signed.status_code == 200


@pytest.mark.parametrize("token", ["", "cw_inv_", "cw_inv_AAAA", "x" * 300, "cw_inv_" + "é"])
def test_a_forged_invitation_is_refused(app, team, token):
    body = {"token": token, "password": "a long enough password"}
    assert code(Client(app).post("/auth/invitations/accept", json=body)) == (400, "invitation_refused")


def test_an_invitation_is_over_after_a_week(team, app, freeze):
    advance = freeze()
    invitation = invite(team, {"everywhere": "viewer"}).get_json()
    advance(7 * 86400 + 1)
    assert code(accept(app, invitation)[1]) == (400, "invitation_refused")


def test_a_short_password_is_refused_and_the_invitation_stays_good(team, app):
    invitation = invite(team, {"everywhere": "viewer"}).get_json()
    assert code(accept(app, invitation, "short")[1]) == (400, "validation_failed")
    assert accept(app, invitation)[1].status_code == 200


def test_an_email_address_is_taken_once_whatever_its_capitals(team):
    email = f"{uuid.uuid4().hex}@example.com"
    assert invite(team, {"everywhere": "viewer"}, email).status_code == 201
    assert code(invite(team, {"everywhere": "viewer"}, email.upper())) == (409, "email_taken")


@pytest.mark.parametrize(
    "extra", [{"active": True}, {"tenant_id": str(uuid.uuid4())}, {"password_hash": "x"}, {"id": "x"}]
)
def test_fields_that_are_not_offered_cannot_be_set(team, extra):
    body = {"email": f"{uuid.uuid4().hex}@example.com", "name": "A", "roles": {"everywhere": "viewer"}, **extra}
    assert code(team.client.post("/api/users", json=body)) == (400, "unknown_field")


def test_roles_hold_per_account(team_with_account, app):
    team, account = team_with_account
    roles = {
        "everywhere": None,
        "accounts": [{"customer_id": f"{account[:3]}-{account[3:6]}-{account[6:]}", "role": "editor"}],
    }
    invitation = invite(team, roles).get_json()
    browser, _ = accept(app, invitation)
    me = browser.get("/api/me").get_json()
    assert (me["role"], me["accounts"]) == (None, [{"customer_id": account, "role": "editor"}])
    assert [row["customer_id"] for row in browser.get("/api/customers").get_json()] == [account]


def test_a_role_on_a_foreign_account_cannot_be_given(team, new_account):
    foreign = new_account()
    answer = invite(team, {"accounts": [{"customer_id": foreign, "role": "viewer"}]})
    assert code(answer) == (400, "validation_failed")
    assert answer.get_json(force=True)["errors"][0]["pointer"] == "/accounts/0/customer_id"


def test_suspending_ends_everything_at_once(team, app):
    invitation = invite(team, {"everywhere": "viewer"}).get_json()
    browser, signed = accept(app, invitation)
    csrf = {"X-CSRF-Token": signed.get_json()["csrf_token"]}
    token = browser.post("/api/tokens", json={"name": "t"}, headers=csrf).get_json()["token"]
    assert Client(app, token).get("/api/me").status_code == 200
    address = f"/api/users/{invitation['user']['id']}"
    assert team.client.edit("PATCH", address, json={"active": False}).get_json()["active"] is False
    assert browser.get("/api/me").status_code == 401
    assert Client(app, token).get("/api/me").status_code == 401
    team.client.edit("PATCH", address, json={"active": True})
    assert Client(app, token).get("/api/me").status_code == 401


def test_the_last_administrator_stays(team):
    me = f"/api/users/{team.user_id}"
    assert code(team.client.edit("PATCH", me, json={"active": False})) == (409, "last_administrator")
    assert code(team.client.edit("PUT", me, "/roles", json={"everywhere": "viewer"})) == (409, "last_administrator")
    assert team.client.get("/api/me").get_json()["role"] == "admin"


def test_an_administrator_of_one_account_does_not_administer_people(team_with_account, app):
    team, account = team_with_account
    invitation = invite(team, {"accounts": [{"customer_id": account, "role": "admin"}]}).get_json()
    browser, _ = accept(app, invitation)
    assert code(browser.get("/api/users")) == (403, "forbidden")
    assert code(browser.get("/auth/google/login")) == (403, "forbidden")


def test_of_two_administrators_with_one_tag_one_wins(team):
    address = f"/api/users/{invite(team, {'everywhere': 'viewer'}).get_json()['user']['id']}"
    read = team.client.get(address).headers["ETag"]
    assert code(team.client.put(f"{address}/roles", json={"everywhere": "admin"})) == (428, "if_match_required")
    first = team.client.put(f"{address}/roles", json={"everywhere": "editor"}, headers={"If-Match": read})
    assert first.status_code == 200
    second = team.client.patch(address, json={"name": "Bea"}, headers={"If-Match": read})
    assert code(second) == (412, "stale")
    assert second.get_json(force=True)["current_etag"] == first.headers["ETag"]
    assert team.client.get(address).get_json()["roles"]["everywhere"] == "editor"
    assert team.client.edit("PATCH", address, json={"name": "Bea"}).get_json()["name"] == "Bea"


def test_everything_done_to_people_stands_in_the_trail(team):
    invitation = invite(team, {"everywhere": "viewer"}).get_json()
    user = invitation["user"]["id"]
    team.client.edit("PUT", f"/api/users/{user}", "/roles", json={"everywhere": "publisher"})
    trail = team.client.get(f"/api/audit?subject=user:{user}").get_json()
    assert [row["action"] for row in trail] == ["user.roles", "user.invite"]
    assert trail[0]["before"]["everywhere"] == "viewer"
    assert trail[0]["after"]["everywhere"] == "publisher"
    assert trail[0]["actor_name"] == team.email
    assert invitation["invite_token"] not in str(trail)


def test_a_fresh_invitation_ends_the_old_password_and_every_earlier_invitation(team, app):
    first = invite(team, {"everywhere": "viewer"}).get_json()
    address = f"/api/users/{first['user']['id']}"
    second = team.client.post(f"{address}/invitation").get_json()
    assert code(accept(app, first)[1]) == (400, "invitation_refused")
    assert accept(app, second)[1].status_code == 200
    sign_in = {"email": first["user"]["email"], "password": PASSWORD}
    assert Client(app).post("/auth/login", json=sign_in).status_code == 200

    third = team.client.post(f"{address}/invitation").get_json()
    assert third["user"]["sign_in"] == []
    assert code(Client(app).post("/auth/login", json=sign_in)) == (401, "login_failed")
    assert code(accept(app, second)[1]) == (400, "invitation_refused")
    assert accept(app, third, "another long password")[1].status_code == 200
    assert team.client.get(address).get_json()["sign_in"] == ["password"]


def test_two_administrators_do_not_take_the_role_from_each_other(team, app):
    other = team.member("ADMIN")
    people = [(team.client, other.get("/api/me").get_json()["id"]), (other, str(team.user_id))]
    tags = [caller.get(f"/api/users/{person}").headers["ETag"] for caller, person in people]
    together = threading.Barrier(2)

    def demote(caller, person, tag):
        together.wait()
        return caller.put(
            f"/api/users/{person}/roles", json={"everywhere": "viewer"}, headers={"If-Match": tag}
        ).status_code

    with ThreadPoolExecutor(2) as pool:
        calls = [pool.submit(demote, *whom, tag) for whom, tag in zip(people, tags, strict=True)]
        assert 200 in [call.result() for call in calls]
    left = team.rows("SELECT count(*) AS n FROM memberships WHERE tenant_id = :t AND role = 'ADMIN'", t=team.tenant_id)
    assert left == [{"n": 1}]


def test_an_email_address_ends_where_the_line_ends(team):
    assert code(invite(team, {"everywhere": "viewer"}, "someone@example.com\n")) == (400, "validation_failed")
