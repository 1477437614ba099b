"""Settings that would open a door, and secrets that come from elsewhere (R0.4)."""

import sys
import types
from urllib.parse import urlsplit

import pytest

from config import SettingsError, build_settings
from tests.ops.test_bad_settings import GOOD

PRODUCTION = {**GOOD, "APP_ENV": "production", "PUBLIC_URL": "https://ads.example.com"}


def test_production_starts_with_what_is_good():
    assert build_settings(PRODUCTION).production


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GOOGLE_OAUTH_AUTHORIZE_URI", "https://localhost:8443/authorize"),
        ("GOOGLE_OAUTH_TOKEN_URI", "https://127.0.0.1:8443/token"),
        ("GOOGLE_OAUTH_TOKENINFO_URI", "https://oauth2.googleapis.com.evil.example/tokeninfo"),
        ("GOOGLE_OAUTH_REVOKE_URI", "https://evilgoogleapis.com/revoke"),
        ("PUBLIC_URL", "http://ads.example.com"),
        ("REDIS_URL", "redis://:@redis:6379/0"),
        ("REDIS_URL", "sentinel://redis:26379/main?sentinel_password=only-theirs"),
    ],
)
def test_production_refuses_the_sandbox_and_open_doors(name, value):
    with pytest.raises(SettingsError, match=name) as refused:
        build_settings({**PRODUCTION, name: value})
    assert value not in str(refused.value)


@pytest.mark.parametrize(
    "origin",
    ["*", "https://*.example.com", "https://hub.example.com/", "hub.example.com", r"https://.*\.example\.com", "null"],
)
def test_an_origin_is_no_pattern(origin):
    with pytest.raises(SettingsError, match="CORS_ORIGINS"):
        build_settings({**GOOD, "CORS_ORIGINS": f"https://good.example.com,{origin}"})


def test_origins_with_a_port_and_of_this_machine_are_taken():
    listed = "https://hub.example.com,http://localhost:5173,http://[::1]:3000"
    assert build_settings({**GOOD, "CORS_ORIGINS": listed}).cors_origins == tuple(listed.split(","))


def test_a_password_of_redis_may_hold_any_character():
    apart = {name: value for name, value in GOOD.items() if name != "REDIS_URL"}
    settings = build_settings({**apart, "REDIS_HOST": "redis", "REDIS_PASSWORD": "a/b@c:d#e?f"})
    found = urlsplit(settings.redis_url)
    assert (found.hostname, found.port, found.path) == ("redis", 6379, "/0")
    assert found.password == "a%2Fb%40c%3Ad%23e%3Ff"


@pytest.fixture
def provider(monkeypatch):
    """`provider(function)` makes a secret provider of a function; answers the settings that name it."""

    def make(function):
        module = types.ModuleType("provider_of_a_test")
        module.secret = function
        monkeypatch.setitem(sys.modules, module.__name__, module)
        return {"SECRETS_PROVIDER": "provider_of_a_test:secret"}

    return make


def test_a_provider_is_asked_for_what_is_not_set(provider):
    kept = {"SECRET_KEY": f" {GOOD['SECRET_KEY']}\n", "APP_MASTER_KEY": GOOD["APP_MASTER_KEY"]}
    given = {name: value for name, value in GOOD.items() if name not in kept}
    settings = build_settings({**given, **provider(kept.get)})
    assert settings.secret_key == GOOD["SECRET_KEY"]


def unreachable(name):
    raise ConnectionError("vault at 10.0.0.7 with token s.hvs-secret")


@pytest.mark.parametrize(
    ("function", "said"),
    [(unreachable, "could not be asked for"), (lambda name: b"bytes", "must answer a text"), (7, "can be imported")],
)
def test_a_provider_that_fails_is_named_in_one_line_without_its_secret(provider, function, said):
    given = {name: value for name, value in GOOD.items() if name != "SECRET_KEY"}
    with pytest.raises(SettingsError, match="SECRETS_PROVIDER") as refused:
        build_settings({**given, **provider(function)})
    assert said in str(refused.value)
    assert "hvs-secret" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_is_read_for_a_secret_and_named_when_it_is_not_there(tmp_path):
    given = {name: value for name, value in GOOD.items() if name != "SECRET_KEY"}
    file = tmp_path / "secret_key"
    file.write_text(f"{GOOD['SECRET_KEY']}\n", encoding="utf-8")
    assert build_settings({**given, "SECRET_KEY_FILE": str(file)}).secret_key == GOOD["SECRET_KEY"]
    with pytest.raises(SettingsError, match="SECRET_KEY_FILE"):
        build_settings({**given, "SECRET_KEY_FILE": str(tmp_path / "nothing")})
