"""An account for the tests that need one and no Google behind it."""

import uuid

import pytest


@pytest.fixture
def team_with_account(team, rows):
    """A team and the Google id of an account of its own."""
    number = 1_000_000_000 + uuid.uuid4().int % 8_999_999_999
    rows(
        "INSERT INTO customers (id, tenant_id, google_customer_id, slug, descriptive_name, currency_code, time_zone,"
        " manager, test_account, hidden, status) VALUES"
        " (:id, :tenant, :number, :slug, 'Client', 'EUR', 'Europe/Berlin', false, false, false, 'ENABLED')",
        id=uuid.uuid4(),
        tenant=team.tenant_id,
        number=number,
        slug=f"client-{number}",
    )
    return team, str(number)
