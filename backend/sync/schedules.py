"""The schedules of accounts as people read and set them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from backend.adgraph.models import Customer
from backend.auth import customers
from backend.core import audit, clock
from backend.core.db import unit_of_work
from backend.core.http import etags
from backend.core.security import Actor, Role
from backend.sync.schedule import Schedule, next_slot


def described(row: Customer, now: datetime) -> dict[str, Any]:
    """An account's schedule as the API shows it; `next_run_at` is None where nothing is due."""
    chosen = Schedule.of(row.settings)
    coming = next_slot(row, now) if row.status == "ENABLED" else None
    return {
        "slug": row.slug,
        "customer_id": row.google_id,
        "time_zone": row.time_zone,
        **chosen.as_settings(),
        "next_run_at": coming.at if coming else None,
    }


def change(slug: str, chosen: Schedule, actor: Actor) -> tuple[dict[str, Any], int]:
    """Set an account's schedule; answers it and the version for the ETag.

    Raises:
        NotFound, Forbidden: the account is not the actor's to change; HttpProblem, Stale: `If-Match`.
    """
    with unit_of_work() as work:
        row = customers.find_by_slug(work.session, slug, actor, Role.ADMIN)
        work.session.refresh(row, with_for_update=True)
        etags.must_match(row.version)
        before, after = Schedule.of(row.settings).as_settings(), chosen.as_settings()
        if after != before:
            row.settings = {**row.settings, "schedule": after}
            row.version += 1
            subject = f"customer:{row.google_id}"
            audit.record(work.session, actor, "customer.schedule", subject, before, after, customer_id=row.id)
            work.session.flush()
        return described(row, clock.now()), row.version
