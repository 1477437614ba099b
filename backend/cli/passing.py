"""`flask …` and `celery …`: the tools' own commands with the settings of this clone's stack."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

from backend.cli.home import ROOT, current_home
from backend.cli.supervisor import command_environment


def flask(arguments: list[str]) -> int:
    """Become `flask --app backend.app …`."""
    _become(["flask", "--app", "backend.app", *arguments])


def celery(arguments: list[str]) -> int:
    """Become `celery -A backend.worker …`."""
    _become(["celery", "-A", "backend.worker", *arguments])


def _become(command: list[str]) -> NoReturn:
    environment = command_environment(current_home())
    os.chdir(ROOT)
    os.execve(sys.executable, [sys.executable, "-m", *command], environment)  # noqa: S606 (no shell is meant)
