"""OAuth as a browser and a script go through it."""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from google.ads.googleads.client import GoogleAdsClient
from google.oauth2.credentials import Credentials

from tests.sandbox.conftest import refused
from tests.support.sandbox import Sandbox

SCOPE = "https://www.googleapis.com/auth/adwords openid email"
BACK = "http://localhost:5999/auth/google/callback"
OWNER = "owner@client.example"


class Flow:
    """One trip through the consent page."""

    def __init__(self, server: Sandbox) -> None:
        self.info = server.info
        self.http = requests.Session()
        self.http.trust_env, self.http.verify = False, server.ca_file
        self.verifier = secrets.token_urlsafe(48)

    def parameters(self, **changes: str) -> dict[str, str]:
        digest = hashlib.sha256(self.verifier.encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        return {
            "client_id": self.info["client_id"],
            "redirect_uri": BACK,
            "response_type": "code",
            "scope": SCOPE,
            "state": "st4te",
            "access_type": "offline",
            "prompt": "consent",
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            "login_hint": OWNER,
        } | changes

    def code(self, **changes: str) -> str:
        form = self.parameters(**changes) | {"approve": "1"}
        answer = self.http.post(self.info["authorize_uri"], data=form, allow_redirects=False)
        assert answer.status_code == 302, answer.text
        query = parse_qs(urlsplit(answer.headers["Location"]).query)
        assert query["state"] == ["st4te"]
        return query["code"][0]

    def exchange(self, code: str, /, **changes: str) -> requests.Response:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": BACK,
            "client_id": self.info["client_id"],
            "client_secret": self.info["client_secret"],
            "code_verifier": self.verifier,
        } | changes
        return self.http.post(self.info["token_uri"], data=form)

    def refresh(self, token: str) -> requests.Response:
        form = {
            "grant_type": "refresh_token",
            "refresh_token": token,
            "client_id": self.info["client_id"],
            "client_secret": self.info["client_secret"],
        }
        return self.http.post(self.info["token_uri"], data=form)

    def tokens(self, **changes: str) -> dict[str, Any]:
        answer = self.exchange(self.code(**changes))
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


@pytest.fixture
def flow(server: Sandbox) -> Flow:
    return Flow(server)


def test_the_page_offers_every_user(flow: Flow, server: Sandbox) -> None:
    page = flow.http.get(flow.info["authorize_uri"], params=flow.parameters())
    assert page.status_code == 200
    assert all(email in page.text for email in server.info["users"])


def test_code_becomes_tokens_that_the_api_accepts(flow: Flow, server: Sandbox) -> None:
    tokens = flow.tokens()
    info = flow.http.get(flow.info["tokeninfo_uri"], params={"access_token": tokens["access_token"]}).json()
    assert (info["email"], info["aud"]) == (OWNER, server.info["client_id"])
    client = _client(server, tokens["access_token"])
    names = client.get_service("CustomerService").list_accessible_customers().resource_names
    assert list(names) == [f"customers/{server.info['customer_ids'][0]}"]


def _client(server: Sandbox, access_token: str) -> GoogleAdsClient:
    credentials = Credentials(access_token)  # type: ignore[no-untyped-call]
    return GoogleAdsClient(credentials, endpoint=server.info["endpoint"], version="v26")


def test_denial_comes_back_as_an_error(flow: Flow) -> None:
    form = flow.parameters() | {"approve": "0"}
    answer = flow.http.post(flow.info["authorize_uri"], data=form, allow_redirects=False)
    assert parse_qs(urlsplit(answer.headers["Location"]).query) == {"error": ["access_denied"], "state": ["st4te"]}


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"code_verifier": "wrong"}, "invalid_grant"),
        ({"redirect_uri": "http://localhost:1/other"}, "redirect_uri_mismatch"),
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"code": "4/unknown"}, "invalid_grant"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
    ],
)
def test_a_wrong_exchange_is_refused(flow: Flow, change: dict[str, str], error: str) -> None:
    answer = flow.exchange(flow.code(), **change)
    assert answer.status_code in (400, 401)
    assert answer.json()["error"] == error


def test_a_code_works_once(flow: Flow) -> None:
    code = flow.code()
    assert flow.exchange(code).status_code == 200
    assert flow.exchange(code).json()["error"] == "invalid_grant"


def test_without_consent_prompt_only_the_first_time_gives_a_refresh_token(flow: Flow) -> None:
    assert "refresh_token" in flow.tokens()
    assert "refresh_token" not in flow.tokens(prompt="select_account")


def test_revoked_tokens_are_dead_everywhere(flow: Flow, server: Sandbox) -> None:
    tokens = flow.tokens()
    assert flow.refresh(tokens["refresh_token"]).status_code == 200
    gone = flow.http.post(flow.info["revoke_uri"], data={"token": tokens["refresh_token"]})
    assert gone.status_code == 200
    assert flow.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    service = _client(server, tokens["access_token"]).get_service("CustomerService")
    answer = refused(service.list_accessible_customers)
    assert (answer.status, answer.codes) == ("UNAUTHENTICATED", ["AuthenticationError.OAUTH_TOKEN_REVOKED"])


def test_an_expired_access_token_says_so(flow: Flow, server: Sandbox) -> None:
    tokens = flow.tokens()
    requests.post(f"{server.info['admin_url']}/oauth", json={"email": OWNER, "expire_access": True}, timeout=10)
    service = _client(server, tokens["access_token"]).get_service("CustomerService")
    assert refused(service.list_accessible_customers).codes == ["AuthenticationError.OAUTH_TOKEN_EXPIRED"]
    assert flow.refresh(tokens["refresh_token"]).status_code == 200


def test_beyond_the_limit_the_oldest_refresh_token_dies(flow: Flow, server: Sandbox) -> None:
    admin = f"{server.info['admin_url']}/oauth"
    hint = "analyst@nordlicht.example"
    requests.post(admin, json={"live_limit": 2, "email": "nobody"}, timeout=10)
    try:
        first, second, third = (flow.tokens(login_hint=hint)["refresh_token"] for _ in range(3))
    finally:
        requests.post(admin, json={"live_limit": 100, "email": "nobody"}, timeout=10)
    assert flow.refresh(first).json() == {
        "error": "invalid_grant",
        "error_description": "Token has been expired or revoked.",
    }
    assert flow.refresh(second).status_code == flow.refresh(third).status_code == 200


def test_a_token_without_the_scope_may_nothing(flow: Flow, server: Sandbox) -> None:
    tokens = flow.tokens(scope="openid email")
    service = _client(server, tokens["access_token"]).get_service("CustomerService")
    answer = refused(service.list_accessible_customers)
    assert answer.status == "PERMISSION_DENIED"


@pytest.mark.parametrize("token", ["garbage", "ya29.e30.00"])
def test_a_forged_token_is_invalid(server: Sandbox, token: str) -> None:
    service = _client(server, token).get_service("CustomerService")
    answer = refused(service.list_accessible_customers)
    assert (answer.status, answer.codes) == ("UNAUTHENTICATED", ["AuthenticationError.OAUTH_TOKEN_INVALID"])


def test_a_scripted_invalid_grant_is_spent(flow: Flow, script: Sandbox) -> None:
    token = flow.tokens()["refresh_token"]
    script.add_fault(method="token", error_code="invalid_grant")
    assert flow.refresh(token).json()["error"] == "invalid_grant"
    assert script.faults() == []
    assert flow.refresh(token).status_code == 200


def test_refresh_tokens_can_be_short_lived(flow: Flow, server: Sandbox) -> None:
    admin = f"{server.info['admin_url']}/oauth"
    requests.post(admin, json={"email": "nobody", "refresh_token_seconds": 0.05}, timeout=10)
    try:
        token = flow.tokens(login_hint="partner@second-agency.example")["refresh_token"]
    finally:
        requests.post(admin, json={"email": "nobody", "refresh_token_seconds": None}, timeout=10)
    time.sleep(0.1)
    assert flow.refresh(token).json()["error"] == "invalid_grant"
