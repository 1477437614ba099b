"""`keys status`, `keys rotate`, `keys retire VERSION`: the master keys of the credentials that are stored."""

from __future__ import annotations

import os

import click
from sqlalchemy.exc import OperationalError

from backend.cli.home import StartProblem, current_home
from backend.cli.supervisor import command_environment


def master_keys(arguments: list[str]) -> int:
    """Run one of the three on this clone's stack, or on the database that the environment names.

    Raises:
        StartProblem: the arguments make no sense, the key is still needed, or the database is away.
    """
    os.environ.update(command_environment(current_home()))
    from backend.app import create_app  # noqa: PLC0415 (reads the environment that was just set)
    from backend.auth.key_commands import group  # noqa: PLC0415
    from backend.core.db import db  # noqa: PLC0415

    with create_app().app_context():
        try:
            group.main(arguments, prog_name="keys", standalone_mode=False)
        except click.ClickException as problem:
            raise StartProblem(problem.format_message()) from problem
        except OperationalError as problem:
            raise StartProblem("the database cannot be reached: start the stack, or set DATABASE_URL") from problem
        finally:
            db.engine.dispose()
    return 0
