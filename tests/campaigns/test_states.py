"""The table of legal transitions: the database allows exactly what the table in the code allows."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from backend.adgraph.columns import SYNC_STATUSES
from backend.adgraph.models import CAMPAIGN_STATUSES
from backend.adgraph.states import may_become, sync_may_become
from tests.support.database import Rows
from tests.support.team import Team


@pytest.fixture
def campaign(team: Team, account: str, rows: Rows) -> Callable[..., uuid.UUID]:
    """`campaign(status=…, sync_status=…, google_id=…)` inserts a row in that state."""
    (customer,) = rows(
        "SELECT id FROM customers WHERE tenant_id = :tenant AND google_customer_id = :account",
        tenant=team.tenant_id,
        account=int(account),
    )

    def insert(status: str = "DRAFT", sync_status: str = "draft", google_id: int | None = None) -> uuid.UUID:
        new = uuid.uuid4()
        rows(
            "INSERT INTO campaigns (customer_id, id, name, campaign_type, status, sync_status, google_id)"
            " VALUES (:customer, :id, 'x', 'SEARCH', :status, :sync, :google_id)",
            customer=customer["id"],
            id=new,
            status=status,
            sync=sync_status,
            google_id=google_id,
        )
        return new

    return insert


def moves(rows: Rows, campaign_id: uuid.UUID, column: str, value: str) -> bool:
    """Whether the database lets the row go there."""
    try:
        rows(f"UPDATE campaigns SET {column} = :value WHERE id = :id", value=value, id=campaign_id)
    except IntegrityError as refused:
        return "may not go from" not in str(refused.orig)  # refused for another reason: shown as a difference
    return True


def test_status(campaign: Callable[..., uuid.UUID], rows: Rows) -> None:
    numbers = itertools.count(1)
    for before, after in itertools.product(CAMPAIGN_STATUSES, repeat=2):
        for google_id in (None, next(numbers)):
            if google_id is None and "PUBLISHED" in (before, after):
                continue  # a published campaign without an id is refused by a CHECK of its own
            row = campaign(before, "synced" if google_id else "draft", google_id)
            allowed = may_become(before, after, google_id=google_id)
            assert moves(rows, row, "status", after) == allowed, (before, after, google_id)


def test_sync_status(campaign: Callable[..., uuid.UUID], rows: Rows) -> None:
    numbers = itertools.count(1_000)
    for before, after in itertools.product(SYNC_STATUSES, repeat=2):
        row = campaign("PUBLISHED", before, next(numbers))
        assert moves(rows, row, "sync_status", after) == sync_may_become(before, after), (before, after)


def test_where_people_can_get_to(team: Team, account: str, flat_form: Callable[..., dict[str, Any]]) -> None:
    """A removed draft comes back as a draft; nothing else leads out of REMOVED."""
    made = team.client.post("/api/campaigns", json=flat_form(customer_id=account))
    path = f"/api/campaigns/{made.get_json()['id']}"
    disabled = team.client.post(f"{path}/disable").get_json()
    assert (disabled["status"], disabled["publishable"]) == ("DRAFT", False)
    assert ("/publishable", "disabled") in {(p["pointer"], p["code"]) for p in disabled["problems"]}
    assert team.client.post(f"{path}/enable").get_json()["publishable"] is True
    assert team.client.post(f"{path}/remove").get_json()["status"] == "REMOVED"
    changed = team.client.patch(path, json={"name": "x"}, headers={"If-Match": team.client.get(path).headers["ETag"]})
    assert changed.status_code == 409
