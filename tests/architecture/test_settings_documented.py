"""Every setting stands in .env.example and in docs/settings.md, and what stands there exists and is accepted."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from config import build_settings

ROOT = Path(__file__).resolve().parents[2]
NAME = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+")
NOT_SETTINGS = {"NAME_FILE", "KEY_BYTES"}
# Read elsewhere than in config.py, by the process that owns them.
OTHERS = {"SECRETS_PROVIDER", "FLASK_DEBUG"}


def settings_in_config() -> set[str]:
    """The names that config.py asks for: the text arguments of its reader's calls."""
    tree = ast.parse((ROOT / "config.py").read_text(encoding="utf-8"))
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            for argument in node.args[:2]:
                value = argument.value if isinstance(argument, ast.Constant) else None
                if isinstance(value, str) and NAME.fullmatch(value):
                    found.add(value)
    return (found - NOT_SETTINGS - {"ENV_FILE"}) | OTHERS


def example() -> dict[str, str]:
    """The settings of .env.example, with the values that it shows."""
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    return dict(match.groups() for line in lines if (match := re.fullmatch(r"#?([A-Z][A-Z0-9_]+)=(.*)", line)))


def test_the_example_lists_every_setting_and_no_other() -> None:
    assert set(example()) == settings_in_config()


def test_the_settings_page_lists_every_setting_and_no_other() -> None:
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^\| `([A-Z][A-Z0-9_]+)`", page, re.MULTILINE))
    assert documented == settings_in_config()


def test_the_example_is_accepted_as_it_stands() -> None:
    values = example()
    values.pop("SECRETS_PROVIDER")
    settings = build_settings(values)
    assert settings.app_env == "development"
    assert settings.api_port == 8000
    assert settings.google.customer_id == "1234567890"


def test_the_example_shows_the_defaults() -> None:
    values = example()
    needed = {name: values[name] for name in ("APP_MASTER_KEY", "SECRET_KEY", "DATABASE_URL", "REDIS_URL")}
    bare, shown = build_settings(needed), build_settings({**values, "SECRETS_PROVIDER": ""})
    for name in ("api_host", "api_port", "stream_port", "public_url", "stream_url", "max_body_bytes", "rate_limit"):
        assert getattr(bare, name) == getattr(shown, name), name
    for name in ("api_threads", "database_pool", "log_level", "timing"):
        assert getattr(bare, name) == getattr(shown, name), name
