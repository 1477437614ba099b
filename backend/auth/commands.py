"""Commands for the operator: `flask --app backend.app people …` and `… google …`.

They do what the routes of an administrator do, for whoever has the machine; the trail names them `command line`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import click
from flask import current_app
from flask.cli import AppGroup
from marshmallow import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.adgraph.models import Tenant
from backend.auth import administration, people, sessions, signin, tokens
from backend.auth import google as google_service
from backend.auth.configured import connect_configured
from backend.auth.models import User
from backend.auth.schemas_people import EMAIL
from backend.core import audit
from backend.core.db import unit_of_work
from backend.core.errors import Problem
from backend.core.security import Actor, Role

ROLES = [role.name.lower() for role in Role]

group = AppGroup("people", help="People, invitations, roles, sessions and tokens.")
google_group = AppGroup("google", help="Connected Google accounts.")
organisation_option = click.option("--organisation", default=people.DEFAULT_TENANT, show_default=True)


def _address(_: click.Context, __: click.Parameter, value: str) -> str:
    try:
        EMAIL(value)
    except ValidationError as error:
        raise click.BadParameter("is not an e-mail address") from error
    return value


@group.command("administrator")
@click.argument("email", callback=_address)
@organisation_option
def administrator(email: str, organisation: str) -> None:
    """Make EMAIL an administrator of an organisation (and make the organisation), and print how to sign in.

    Somebody who is there already, suspended or with another role, is one from then on.
    """
    found = people.ensure_administrator(tenant_name=organisation, email=email, name=email.partition("@")[0])
    actor = _operator(organisation)
    with _transaction() as session:
        promoted = _promote(session, administration.find_user(session, found.user_id, actor, lock=True), actor)
    connect_configured(found.user_id)
    with unit_of_work() as work:
        user = work.session.get_one(User, found.user_id)
        audit.record(work.session, actor, "user.invite_again", f"user:{user.id}")
        click.echo(f"{email} is {'now ' if found.created or promoted else ''}an administrator of {organisation}.")
        _say_invitation(user)


@group.command("list")
@organisation_option
def listed(organisation: str) -> None:
    """List the people of an organisation with their roles, one a line."""
    actor = _operator(organisation)
    with unit_of_work() as work:
        for user in work.session.scalars(select(User).where(User.tenant_id == actor.tenant_id).order_by(User.id)):
            roles = administration.roles_of(work.session, user)
            held = [roles["everywhere"] or "", *(f"{a['customer_id']}={a['role']}" for a in roles["accounts"])]
            click.echo(f"{user.email}\t{'active' if user.active else 'suspended'}\t{' '.join(filter(None, held))}")


@group.command("invite")
@click.argument("email", callback=_address)
@click.option("--name", default=None, help="Their name; without it what stands before the @.")
@click.option("--role", type=click.Choice(ROLES), default=None, help="Everywhere in the organisation.")
@click.option("--on", multiple=True, metavar="ACCOUNT=ROLE", help="On a single account; may be repeated.")
@organisation_option
def invite(email: str, name: str | None, role: str | None, on: tuple[str, ...], organisation: str) -> None:
    """Add EMAIL to an organisation and print the invitation."""
    actor = _operator(organisation)
    with _transaction() as session:
        roles = _roles(role, on)
        user = administration.invite(session, email, name or email.partition("@")[0], roles, actor)
        _say_invitation(user)


@group.command("invitation")
@click.argument("email")
@organisation_option
def invitation(email: str, organisation: str) -> None:
    """Print a fresh invitation for EMAIL; the password so far and every earlier invitation end."""
    actor = _operator(organisation)
    with _transaction() as session:
        user = _person(session, email, actor)
        administration.invite_again(session, user, actor)
        _say_invitation(user)


@group.command("roles")
@click.argument("email")
@click.option("--role", type=click.Choice(ROLES), default=None, help="Everywhere in the organisation.")
@click.option("--on", multiple=True, metavar="ACCOUNT=ROLE", help="On a single account; may be repeated.")
@organisation_option
def set_roles(email: str, role: str | None, on: tuple[str, ...], organisation: str) -> None:
    """Replace what EMAIL may do."""
    actor = _operator(organisation)
    with _transaction() as session:
        user = _person(session, email, actor)
        administration.set_roles(session, user, _roles(role, on), actor)


@group.command("suspend")
@click.argument("email")
@organisation_option
def suspend(email: str, organisation: str) -> None:
    """Suspend EMAIL: sessions and tokens end at once."""
    _set_active(email, organisation, active=False)


@group.command("readmit")
@click.argument("email")
@organisation_option
def readmit(email: str, organisation: str) -> None:
    """Let a suspended EMAIL sign in again."""
    _set_active(email, organisation, active=True)


@group.command("end-sessions")
@click.argument("email")
@organisation_option
def end_sessions(email: str, organisation: str) -> None:
    """End every browser session of EMAIL."""
    actor = _operator(organisation)
    with _transaction() as session:
        user = _person(session, email, actor)
        ended = sessions.revoke(session, user.id)
        audit.record(session, actor, "sessions.revoke", f"user:{user.id}")
    click.echo(f"{ended} ended")


@group.command("token")
@click.argument("email")
@organisation_option
@click.option("--name", default="command line", show_default=True)
def token(email: str, organisation: str, name: str) -> None:
    """Print a fresh API token that acts as EMAIL; it is shown this once."""
    actor = _operator(organisation)
    with _transaction() as session:
        user = _person(session, email, actor)
    click.echo(tokens.mint(user.id, name, actor=actor).token)


@group.command("tokens")
@click.argument("email")
@organisation_option
def list_tokens(email: str, organisation: str) -> None:
    """List the API tokens of EMAIL that have not ended, one a line."""
    actor = _operator(organisation)
    with _transaction() as session:
        for row in tokens.of_user(session, _person(session, email, actor).id):
            if row.revoked_at is None:
                used = f"{row.last_used_at:%Y-%m-%d %H:%M}" if row.last_used_at else "never used"
                click.echo(f"{row.id}\t{row.name}\t{used}")


@group.command("revoke-token")
@click.argument("token_id", type=click.UUID)
@organisation_option
def revoke_token(token_id: UUID, organisation: str) -> None:
    """End the API token TOKEN_ID."""
    actor = _operator(organisation)
    if not tokens.revoke(token_id, actor=actor):
        raise click.ClickException(f"there is no living token {token_id} in {organisation}")


@google_group.command("connections")
@organisation_option
def connections(organisation: str) -> None:
    """List the connected Google accounts, one a line: id, e-mail, status, accounts reached."""
    for found in google_service.connections(_operator(organisation)):
        shown = (found["id"], found["google_account"] or "", found["status"], found["accounts"])
        click.echo("\t".join(map(str, shown)))


@google_group.command("discover")
@click.argument("connection_id", type=click.UUID)
@organisation_option
def discover(connection_id: UUID, organisation: str) -> None:
    """Have a worker look again for the accounts of a connection; prints the job's id."""
    actor = _operator(organisation)
    with _refusals():
        click.echo(google_service.rediscover(connection_id, actor))


@google_group.command("disconnect")
@click.argument("connection_id", type=click.UUID)
@organisation_option
def disconnect(connection_id: UUID, organisation: str) -> None:
    """Withdraw a consent at Google and delete its token here."""
    actor = _operator(organisation)
    with _refusals():
        google_service.disconnect(current_app.config["SETTINGS"].google, connection_id, actor)


def _operator(organisation: str) -> Actor:
    """Whoever has the machine, as the one who acts in an organisation."""
    with unit_of_work() as work:
        tenant = work.session.scalar(select(Tenant).where(Tenant.name == organisation))
    if tenant is None:
        raise click.ClickException(f"there is no organisation {organisation}")
    return Actor(tenant.id, None, "command line", kind="system", everywhere=Role.ADMIN)


def _person(session: Session, email: str, actor: Actor) -> User:
    user = people.find_by_email(session, actor.tenant_id, email)
    if user is None:
        raise click.ClickException(f"there is no {email} in this organisation")
    return administration.find_user(session, user.id, actor, lock=True)


def _promote(session: Session, user: User, actor: Actor) -> bool:
    """See to it that a person may sign in and administer; whether that was not so."""
    roles = administration.roles_of(session, user)
    if user.active and roles["everywhere"] == "admin":
        return False
    if not user.active:
        administration.change_user(session, user, {"active": True}, actor)
    if roles["everywhere"] != "admin":
        administration.set_roles(session, user, {**roles, "everywhere": "admin"}, actor)
    return True


def _set_active(email: str, organisation: str, *, active: bool) -> None:
    actor = _operator(organisation)
    with _transaction() as session:
        administration.change_user(session, _person(session, email, actor), {"active": active}, actor)


def _roles(role: str | None, on: tuple[str, ...]) -> dict[str, Any]:
    """`--role` and `--on ACCOUNT=ROLE` as the API takes them."""
    accounts = []
    for entry in on:
        account, _, held = entry.partition("=")
        if held not in ROLES:
            raise click.BadParameter(
                f"{entry} is not ACCOUNT=ROLE with a role of {', '.join(ROLES)}", param_hint="--on"
            )
        accounts.append({"customer_id": account, "role": held})
    return {"everywhere": role, "accounts": accounts}


def _say_invitation(user: User) -> None:
    token, expires = signin.invitation(user)
    address = f"{current_app.config['SETTINGS'].public_url}/auth/invitations/accept"
    click.echo(f"To set a password, until {expires:%Y-%m-%d}, POST to {address}:")
    click.echo(f'  {{"token": "{token}", "password": "<at least 12 characters>"}}')


@contextmanager
def _refusals() -> Iterator[None]:
    """Say a refusal in one line, as a command does."""
    try:
        yield
    except Problem as problem:
        findings = "".join(f"; {finding.message}" for finding in problem.errors)
        raise click.ClickException(f"{problem.detail}{findings}") from problem


@contextmanager
def _transaction() -> Iterator[Session]:
    with _refusals(), unit_of_work() as work:
        yield work.session
