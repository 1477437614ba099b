"""A tenant with one administrator, and the way it connects its Google accounts: the real OAuth flow."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from flask import Flask

from backend.cli.consent import give_consent
from tests.support.database import Rows, job_waiter
from tests.support.http import Client
from tests.support.sandbox import Sandbox


@dataclass
class Team:
    """One tenant, seen from outside."""

    app: Flask
    rows: Rows
    sandbox: Sandbox
    tenant_id: uuid.UUID
    user_id: uuid.UUID
    email: str
    token: str
    client: Client
    needs_worker: Callable[[], object]

    def member(self, role: str, name: str = "Member", on: str | None = None) -> Client:
        """A further person of the tenant with one role, everywhere or on the account with Google's id `on`.

        Answers a client with that person's token.
        """
        from backend.auth.tokens import mint

        user_id = uuid.uuid4()
        values = {"id": user_id, "tenant": self.tenant_id, "email": f"{user_id}@example.com", "name": name}
        self.rows(
            "INSERT INTO users (id, tenant_id, email, name, active) VALUES (:id, :tenant, :email, :name, true)",
            **values,
        )
        self.rows(
            "INSERT INTO memberships (id, tenant_id, user_id, role, customer_id) VALUES (:id, :tenant, :user, :role,"
            " (SELECT id FROM customers WHERE tenant_id = :tenant AND google_customer_id = :account))",
            id=uuid.uuid4(),
            tenant=self.tenant_id,
            user=user_id,
            role=role.upper(),
            account=int(on) if on else None,
        )
        with self.app.app_context():
            return Client(self.app, mint(user_id, name).token)

    def connect(self) -> list[dict[str, Any]]:
        """Run login → Google's page → callback against the sandbox and wait until a worker has listed the accounts.

        Answers the accounts as the API lists them.
        """
        self.needs_worker()
        begun = self.client.get("/auth/google/login")
        assert begun.status_code == 302, begun.text
        back = urlsplit(give_consent(begun.headers["Location"], ca_file=self.sandbox.ca_file))
        done = self.client.get(back.path, query_string=back.query)
        assert done.status_code < 400, done.text
        job = job_waiter(self.rows)(done.get_json()["job_id"], 60)
        assert job["status"] == "finished", job
        self._sleep_at_night()
        accounts: list[dict[str, Any]] = self.client.get("/api/customers?limit=100").get_json()
        return accounts

    def _sleep_at_night(self) -> None:
        """No beat begins a nightly sync because a test runs at half past two in the zone of one of its accounts."""
        self.rows(
            "UPDATE customers SET settings = settings || CAST(:off AS jsonb)"
            " WHERE tenant_id = :tenant AND settings -> 'schedule' IS NULL",
            tenant=self.tenant_id,
            off='{"schedule": {"enabled": false}}',
        )


def make_team(app: Flask, rows: Rows, sandbox: Sandbox, name: str, needs_worker: Callable[[], object]) -> Team:
    """A new tenant: its name is unique, whatever `name` is."""
    from backend.auth.people import ensure_administrator
    from backend.auth.tokens import mint

    unique = uuid.uuid4().hex[:12]
    with app.app_context():
        administrator = ensure_administrator(tenant_name=f"{name} {unique}", email=f"admin-{unique}@example.com")
        token = mint(administrator.user_id, "tests").token
    return Team(
        app,
        rows,
        sandbox,
        administrator.tenant_id,
        administrator.user_id,
        administrator.email,
        token,
        Client(app, token),
        needs_worker,
    )
