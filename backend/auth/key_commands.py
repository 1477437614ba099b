"""`flask --app backend.app keys status | rotate | retire`: the master keys of the credentials that are stored.

`python3 run.py keys …` is the same in a clone; this is the way into an image, which has no `run.py`.
"""

from __future__ import annotations

import json

import click
from flask.cli import AppGroup

from backend.auth import rotation
from backend.core.errors import Conflict

group = AppGroup("keys", help="The master keys: where a rotation stands, re-wrapping, retiring.")


@group.command("status")
def status() -> None:
    """Say which versions are here and how many credentials each wraps; fails when one that is needed is not."""
    found = rotation.status()
    rows = {f"v{version}": count for version, count in sorted(found.rows.items())}
    keys = [f"v{version}" for version in found.versions]
    click.echo(json.dumps({"primary": f"v{found.primary}", "keys": keys, "credentials": rows}))
    if found.missing:
        lacks = ", ".join(f"v{version}" for version in found.missing)
        raise click.ClickException(f"APP_MASTER_KEY lacks {lacks}, which stored credentials need")


@group.command("rotate")
def rotate() -> None:
    """Wrap every credential by the primary key while everything serves; what was killed is begun again."""
    done = rotation.rotate(lambda count: click.echo(f"{count} credentials re-wrapped"))
    click.echo(json.dumps({"rewrapped": done.rewrapped, "refused": done.refused}))
    if done.refused:
        raise click.ClickException(f"{done.refused} credentials do not open: the log names them")
    if left := rotation.status().left:
        raise click.ClickException(f"{left} credentials were being changed meanwhile: begin again")


@group.command("retire")
@click.argument("version")
def retire(version: str) -> None:
    """Say whether VERSION may be taken out of APP_MASTER_KEY."""
    number = version.removeprefix("v")
    if not number.isdecimal():
        raise click.BadParameter("a version is a whole number, such as 1 or v1")
    try:
        rotation.retire(int(number))
    except Conflict as conflict:
        raise click.ClickException(conflict.detail) from conflict
    click.echo(f"No credential needs v{int(number)}: take it out of APP_MASTER_KEY and restart every process.")
