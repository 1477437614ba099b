"""Single-account mode and the operator's commands."""

import dataclasses
import re
import time

import pytest

from backend.auth.configured import connect_configured
from config import SettingsError, build_settings
from tests.support.http import Client


@pytest.fixture
def configured(app, monkeypatch):
    """Configures a refresh token for one test."""

    def use(token):
        settings = app.config["SETTINGS"]
        google = dataclasses.replace(settings.google, refresh_token=token)
        monkeypatch.setitem(app.config, "SETTINGS", dataclasses.replace(settings, google=google))

    return use


@pytest.fixture
def refresh_token(team, worker, app):
    """A refresh token that the sandbox takes: another team's, opened."""
    from backend.auth.credentials import open_token
    from backend.auth.models import UserCredential
    from backend.core.db import unit_of_work

    team.connect()
    with app.app_context():
        with unit_of_work() as work:
            row = work.session.query(UserCredential).filter_by(tenant_id=team.tenant_id).one()
        return open_token(row)


def test_a_configured_token_reaches_the_accounts(app, new_team, refresh_token, configured, worker):
    single = new_team("Single")
    configured(refresh_token)
    with app.app_context():
        job = connect_configured(single.user_id)
    deadline = time.monotonic() + 60
    while single.client.get(f"/api/jobs/{job}/status").get_json()["status"] != "finished":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert len(single.client.get("/api/customers").get_json()) > 30
    with app.app_context():
        assert connect_configured(single.user_id) is None, "the same token is not stored twice"
    configured("1//another")
    with app.app_context():
        assert connect_configured(single.user_id) is not None
    kept = single.rows(
        "SELECT user_credentials::text AS line FROM user_credentials WHERE tenant_id = :t", t=single.tenant_id
    )
    assert len(kept) == 1
    assert refresh_token not in str(kept)


def test_the_stock_configuration_file_is_read(environment, tmp_path):
    file = tmp_path / "google-ads.yaml"
    file.write_text(
        "client_id: from-file\nclient_secret: s\nrefresh_token: 1//file\nlogin_customer_id: 123-456-7890\n"
        "use_proto_plus: True\n"
    )
    google = build_settings({**environment, "GOOGLE_ADS_CONFIGURATION_FILE": str(file)}).google
    assert google.refresh_token == "1//file"
    assert google.login_customer_id == "1234567890"
    assert google.client_id == environment["GOOGLE_ADS_CLIENT_ID"], "the environment wins"


@pytest.mark.parametrize("text", ["", "[1]", "client_id: x", "client_id: [", "\x00"])
def test_a_bad_configuration_file_is_named(environment, tmp_path, text):
    file = tmp_path / "google-ads.yaml"
    file.write_text(text)
    for path in (str(file), str(tmp_path / "absent.yaml")):
        with pytest.raises(SettingsError, match="GOOGLE_ADS_CONFIGURATION_FILE"):
            build_settings({**environment, "GOOGLE_ADS_CONFIGURATION_FILE": path})


def test_the_operator_makes_an_administrator_who_signs_in(app, team):
    run = app.test_cli_runner().invoke
    email = f"boss-{team.tenant_id}@example.com"
    made = run(args=["people", "administrator", email, "--organisation", f"Org {team.tenant_id}"])
    assert made.exit_code == 0, made.output
    token = re.search(r'"token": "([^"]+)"', made.output)[1]
    browser = Client(app)
    assert browser.post("/auth/invitations/accept", json={"token": token, "password": "x" * 12}).status_code == 200
    assert browser.get("/api/me").get_json()["role"] == "admin"
    minted = run(args=["people", "token", email, "--organisation", f"Org {team.tenant_id}"])
    assert Client(app, minted.output.strip()).get("/api/me").get_json()["email"] == email
    absent = run(args=["people", "token", "nobody@example.com", "--organisation", f"Org {team.tenant_id}"])
    assert absent.exit_code == 1
    assert "there is no nobody@example.com" in absent.output
