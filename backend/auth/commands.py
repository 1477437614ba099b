"""Commands for the operator: `python3 run.py flask people …`, or `flask --app backend.app people …` in a container."""

from __future__ import annotations

import click
from flask import current_app
from flask.cli import AppGroup
from sqlalchemy import select

from backend.adgraph.models import Tenant
from backend.auth import people, signin, tokens
from backend.auth.configured import connect_configured
from backend.auth.models import User
from backend.core import audit
from backend.core.db import unit_of_work

group = AppGroup("people", help="People, invitations and tokens.")


@group.command("administrator")
@click.argument("email")
@click.option("--organisation", default=people.DEFAULT_TENANT, show_default=True)
def administrator(email: str, organisation: str) -> None:
    """Make the administrator EMAIL of an organisation (and the organisation), and print how to sign in."""
    found = people.ensure_administrator(tenant_name=organisation, email=email, name=email.partition("@")[0])
    connect_configured(found.user_id)
    with unit_of_work() as work:
        user = work.session.get_one(User, found.user_id)
        token, expires = signin.invitation(user)
        audit.record(work.session, None, "user.invite_again", f"user:{user.id}", tenant_id=user.tenant_id)
    address = f"{current_app.config['SETTINGS'].public_url}/auth/invitations/accept"
    click.echo(f"{email} is {'now ' if found.created else ''}an administrator of {organisation}.")
    click.echo(f"To set a password, until {expires:%Y-%m-%d}, POST to {address}:")
    click.echo(f'  {{"token": "{token}", "password": "<at least 12 characters>"}}')


@group.command("token")
@click.argument("email")
@click.option("--organisation", default=people.DEFAULT_TENANT, show_default=True)
@click.option("--name", default="command line", show_default=True)
def token(email: str, organisation: str, name: str) -> None:
    """Print a fresh API token that acts as EMAIL; it is shown this once."""
    with unit_of_work() as work:
        tenant = work.session.scalar(select(Tenant).where(Tenant.name == organisation))
        user = people.find_by_email(work.session, tenant.id, email) if tenant else None
    if user is None:
        raise click.ClickException(f"there is no {email} in {organisation}")
    click.echo(tokens.mint(user.id, name).token)
