"""Keeps what a person's shell has set away from the tests; the list of settings is the product's own `.env.example`."""

from __future__ import annotations

import os

from backend.cli.home import ROOT

SETTINGS = {
    line.lstrip("#").partition("=")[0]
    for line in (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    if "=" in line and not line.startswith("# ")
}


def is_setting(name: str) -> bool:
    """Whether a variable is a setting of the product, given itself or as a file."""
    return name.removesuffix("_FILE") in SETTINGS or name == "ENV_FILE"


def forget_settings() -> None:
    """Remove every setting from this process's environment, and let no `.env` be read."""
    for name in [name for name in os.environ if is_setting(name)]:
        del os.environ[name]
    os.environ["ENV_FILE"] = os.devnull


def clean_environment(**more: str) -> dict[str, str]:
    """This process's environment without any setting, for a child process."""
    kept = {name: value for name, value in os.environ.items() if not is_setting(name)}
    return {**kept, "PYTHONPATH": str(ROOT), "ENV_FILE": os.devnull, **more}
