"""Bearer tokens and service keys: shown once, capped, expiring, revocable."""

from datetime import timedelta

import pytest

from backend.auth.tokens import mint, revoke
from backend.core.security import Role
from tests.support.http import Client


def test_only_the_hash_of_a_token_is_kept(team, rows):
    token = team.client.post("/api/tokens", json={"name": "ci"}).get_json()["token"]
    kept = rows("SELECT api_tokens::text AS line FROM api_tokens WHERE user_id = :user", user=team.user_id)
    assert token not in str(kept)
    assert token.removeprefix("cw_pat_") not in str(kept)


def test_a_capped_token_does_no_more_and_makes_no_stronger_one(team, app):
    token = team.client.post("/api/tokens", json={"name": "r", "max_role": "viewer"}).get_json()["token"]
    weak = Client(app, token)
    assert weak.get("/api/me").get_json()["role"] == "viewer"
    assert weak.get("/api/users").status_code == 403
    made = weak.post("/api/tokens", json={"name": "s", "max_role": "admin"}).get_json()["token"]
    assert Client(app, made).get("/api/me").get_json()["role"] == "viewer"


def test_an_expired_token_is_refused(team, app, freeze):
    advance = freeze()
    token = team.client.post("/api/tokens", json={"name": "d", "expires_in_days": 1}).get_json()["token"]
    assert Client(app, token).get("/api/me").status_code == 200
    advance(86401)
    assert Client(app, token).get("/api/me").status_code == 401


def test_what_a_token_makes_ends_with_it_at_the_latest(team, app, freeze):
    advance = freeze()
    token = team.client.post("/api/tokens", json={"name": "day", "expires_in_days": 1}).get_json()["token"]
    for lasts in (None, 30):
        made = Client(app, token).post("/api/tokens", json={"name": "longer", "expires_in_days": lasts}).get_json()
        assert Client(app, made["token"]).get("/api/me").status_code == 200
        advance(1)
    shown = team.client.get("/api/tokens").get_json()
    assert len({row["expires_at"] for row in shown if row["name"] in ("day", "longer")}) == 1
    advance(86400)
    assert Client(app, made["token"]).get("/api/me").status_code == 401


def test_a_revoked_token_is_refused_at_once(team, app):
    made = team.client.post("/api/tokens", json={"name": "r"}).get_json()
    client = Client(app, made["token"])
    assert client.get("/api/me").status_code == 200
    assert team.client.delete(f"/api/tokens/{made['id']}").status_code == 204
    assert client.get("/api/me").status_code == 401
    assert team.client.delete(f"/api/tokens/{made['id']}").status_code == 404


def test_tokens_of_others_are_not_there_to_revoke(team, new_team):
    other = new_team("Other")
    theirs = other.client.post("/api/tokens", json={"name": "r"}).get_json()
    assert team.client.delete(f"/api/tokens/{theirs['id']}").status_code == 404
    assert Client(team.app, theirs["token"]).get("/api/me").status_code == 200


def test_commands_mint_and_revoke(team, app):
    with app.app_context():
        minted = mint(team.user_id, "command", max_role=Role.EDITOR, lasts=timedelta(hours=1))
        assert Client(app, minted.token).get("/api/me").get_json()["role"] == "editor"
        assert revoke(minted.id) is True
        assert revoke(minted.id) is False
    assert minted.token not in repr(minted)
    assert Client(app, minted.token).get("/api/me").status_code == 401


@pytest.fixture
def service(team_with_account):
    """A team, its account, and a function that makes a service key."""
    team, account = team_with_account

    def make(**body):
        answer = team.client.post("/api/service-keys", json={"name": "crm", **body})
        assert answer.status_code == 201, answer.text
        return answer.get_json()

    return team, account, make


def call(app, key, method="get", path="/api/me"):
    return getattr(Client(app), method)(path, headers={"X-Service-Auth": key})


def test_a_service_acts_with_its_role_on_its_accounts(service, app):
    _, account, make = service
    key = make(role="editor", customer_ids=[account])["key"]
    me = call(app, key).get_json()
    assert (me["kind"], me["role"], me["accounts"]) == ("service", None, [{"customer_id": account, "role": "editor"}])
    assert call(app, key, path="/api/users").status_code == 403
    assert call(app, key, "post", "/auth/logout").status_code == 204


def test_rotating_a_service_key_ends_the_old_one(service, app, rows):
    team, _, make = service
    made = make(role="viewer")
    rotated = team.client.post(f"/api/service-keys/{made['id']}/rotate").get_json()
    assert call(app, made["key"]).status_code == 401
    assert call(app, rotated["key"]).status_code == 200
    assert rotated["key"] not in str(rows("SELECT service_keys::text AS line FROM service_keys"))
    assert team.client.delete(f"/api/service-keys/{made['id']}").status_code == 204
    assert call(app, rotated["key"]).status_code == 401


def test_service_keys_of_another_organisation_are_not_there(service, new_team):
    _, _, make = service
    made = make(role="viewer")
    other = new_team("Other")
    assert other.client.get("/api/service-keys").get_json() == []
    assert other.client.post(f"/api/service-keys/{made['id']}/rotate").status_code == 404
    assert other.client.delete(f"/api/service-keys/{made['id']}").status_code == 404


@pytest.mark.parametrize(
    "key", ["", "cw_svc_x", "x" * 5000, "0b8e1d2c-6c57-4f0e-9a55-2f3b6c1d7e90"], ids=["empty", "short", "long", "uuid"]
)
def test_an_unknown_service_key_is_refused(app, team, key):
    assert call(app, key).status_code == 401
