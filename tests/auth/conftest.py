"""Accounts for the tests that need one and no Google behind it."""

import uuid

import pytest


@pytest.fixture
def add_account(rows):
    """`add_account(tenant_id)` makes an enabled client account; answers its Google id."""

    def make(tenant_id, status="ENABLED"):
        number = 1_000_000_000 + uuid.uuid4().int % 8_999_999_999
        rows(
            "INSERT INTO customers (id, tenant_id, google_customer_id, slug, descriptive_name, currency_code,"
            " time_zone, manager, test_account, hidden, status) VALUES"
            " (:id, :tenant, :number, :slug, 'Client', 'EUR', 'Europe/Berlin', false, false, false, :status)",
            id=uuid.uuid4(),
            tenant=tenant_id,
            number=number,
            slug=f"client-{number}",
            status=status,
        )
        return str(number)

    return make


@pytest.fixture
def team_with_account(team, add_account):
    """A team and the Google id of an account of its own."""
    return team, add_account(team.tenant_id)


@pytest.fixture
def new_account(new_team, add_account):
    """Makes an account of another organisation."""
    return lambda: add_account(new_team("Foreign").tenant_id)
