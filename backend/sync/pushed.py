"""What was pushed from here lately: a search at Google may still show these rows as they were before.

Google's answers can lag behind a mutate. For a while after a push, an answer that says something else about a pushed
row is therefore not believed: the row is left alone and read again by the next sync.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from flask import current_app
from sqlalchemy import text
from sqlalchemy.orm import Session

_LATELY = text("""
SELECT DISTINCT CAST(operation -> 3 ->> 1 AS uuid)
FROM mutate_batches b, jsonb_array_elements(b.operations) AS operation
WHERE b.customer_id = :customer AND b.state = 'APPLIED'
  AND b.answered_at > CAST(:read_at AS timestamptz) - make_interval(secs => :seconds)
  AND b.sent_at > CAST(:read_at AS timestamptz) - interval '2 days'
  AND operation -> 3 ->> 1 ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
""")


def lately(session: Session, customer_id: UUID, read_at: datetime) -> list[UUID]:
    """The rows of an account that a push wrote to Google so shortly before `read_at` that the answer may be older."""
    seconds = float(current_app.config["TIMING"].stale_read)
    if seconds == 0:
        return []
    values = {"customer": customer_id, "read_at": read_at, "seconds": seconds}
    return list(session.scalars(_LATELY, values))
