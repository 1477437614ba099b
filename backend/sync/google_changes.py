"""What was changed in Google's own interface, by scripts or by Google: change_event, read incrementally and kept.

Google keeps changes for 30 days, tells them up to three minutes late and at most 10,000 per query (GOOGLE_ADS_FACTS
2.6). Each read begins a little before the last one ended; an event that is known already is not stored twice. Changes
that we pushed ourselves are recognised by the batch that made them, so that a timeline shows them once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from backend.core.db import unit_of_work
from backend.core.logging import get_logger
from backend.integrations.googleads.change_log import SELECT, GoogleChange, change_of
from backend.sync import watermarks
from backend.sync.changes import LIMIT, local_window
from backend.sync.models import GoogleChangeRow
from backend.sync.reading import Reader
from backend.sync.structure import database_time

log = get_logger(__name__)

STREAM = "changes"
KEPT = timedelta(days=29, hours=12)
"""Google refuses a start more than 30 days ago, in the account's zone."""
RECOGNISED_AGAIN = timedelta(days=2)
"""A push whose outcome was open for a while is recognised late."""
BATCH = 1_000

_ENTITIES = {
    "AD_GROUP_AD": "ad",
    "AD_GROUP_CRITERION": "criterion",
    "CAMPAIGN_CRITERION": "criterion",
}

# A push names what it touched twice: in its operations and in Google's answer. An ad is told by itself or by its link.
_RECOGNISE = text("""
WITH ours AS (
    SELECT b.id, b.sent_at, coalesce(b.answered_at, b.deadline_at) AS until, n.name
    FROM mutate_batches b CROSS JOIN LATERAL (
        SELECT operation ->> 2 AS name FROM jsonb_array_elements(b.operations) AS operation
        UNION SELECT result FROM jsonb_array_elements_text(coalesce(b.results, '[]')) AS result
    ) n
    WHERE b.customer_id = :customer AND b.sent_at > CAST(:since AS timestamptz) - interval '1 hour'
)
UPDATE google_changes g SET batch_id = ours.id FROM ours
WHERE g.customer_id = :customer AND g.batch_id IS NULL AND g.client_type = 'GOOGLE_ADS_API' AND g.changed_at > :since
  AND g.changed_at BETWEEN ours.sent_at - interval '2 minutes' AND ours.until + interval '2 minutes'
  AND g.resource_name IN (ours.name, regexp_replace(ours.name, '/adGroupAds/[0-9]+~', '/ads/'))
""")

# What Google made along with it, such as the assets of an ad's texts, has the same moment to the microsecond.
_RECOGNISE_ALONG = text("""
UPDATE google_changes g SET batch_id = known.batch_id FROM google_changes known
WHERE g.customer_id = :customer AND g.batch_id IS NULL AND g.client_type = 'GOOGLE_ADS_API' AND g.changed_at > :since
  AND known.customer_id = g.customer_id AND known.changed_at = g.changed_at AND known.batch_id IS NOT NULL
""")


def read_changes(reader: Reader) -> dict[str, Any]:
    """Read what was changed at Google since the last read; answers how many changes were new, for the job's result."""
    reader.job.progress("changes")
    now = database_time()
    since, lost = _since(reader.account.customer_id, now)
    told: dict[str, Any] = {"read": 0, "new": 0}
    if lost:
        told["notice"] = "Google keeps changes for 30 days: older ones are missing."
    for page in _pages(reader, since, now, told):
        told["read"] += len(page)
        with reader.job.write() as work:
            told["new"] += _store(work.session, reader.account.customer_id, page)
    with reader.job.write() as work:
        values = {"customer": reader.account.customer_id, "since": min(since, now - RECOGNISED_AGAIN)}
        work.session.execute(_RECOGNISE, values)
        work.session.execute(_RECOGNISE_ALONG, values)
        state = {"read_until": now.isoformat()}
        watermarks.advance(work.session, reader.account.customer_id, STREAM, at=now, state=state)
    return told


def _since(customer_id: UUID, now: datetime) -> tuple[datetime, bool]:
    """Where the read begins, and whether Google has forgotten something in between."""
    with unit_of_work() as work:
        mark = watermarks.find(work.session, customer_id, STREAM)
    oldest = now - KEPT
    if mark is None or "read_until" not in mark.state:
        return oldest, False
    known = datetime.fromisoformat(mark.state["read_until"])
    return max(known, oldest), known < oldest


def _pages(reader: Reader, since: datetime, until: datetime, told: dict[str, Any]) -> Iterator[Sequence[GoogleChange]]:
    """The changes of a span of UTC time, in the order of their moments; a page that overflows is gone on with.

    Of more than 10,000 within one second Google tells the first: `told` says that the others are missing.
    """
    start, end = local_window(reader.account, since, until)
    while True:
        gaql = (
            f"SELECT {SELECT} FROM change_event WHERE change_event.change_date_time >= '{start}'"
            f" AND change_event.change_date_time <= '{end}' ORDER BY change_event.change_date_time ASC LIMIT {LIMIT}"
        )
        found = [
            change_of(row) for rows in reader.gateway.search_stream(reader.account.google_id, gaql) for row in rows
        ]
        yield found
        if len(found) < LIMIT:
            return
        # The second of the last row may go on in the next page: it is read once more from its beginning.
        last = found[-1].local_time[:19]
        if last <= start:
            told["notice"] = f"More than {LIMIT} changes at {last}: some of them are missing."
            last = (datetime.fromisoformat(last) + timedelta(seconds=1)).isoformat(sep=" ")
        start = last


def _store(session: Session, customer_id: UUID, changes: Sequence[GoogleChange]) -> int:
    """Keep the changes that are not known yet; answers how many those were."""
    new = 0
    for begin in range(0, len(changes), BATCH):
        rows = [_row(customer_id, change) for change in changes[begin : begin + BATCH]]
        statement = insert(GoogleChangeRow).values(rows).on_conflict_do_nothing()
        new += len(session.execute(statement.returning(GoogleChangeRow.name)).all())
    return new


def _row(customer_id: UUID, change: GoogleChange) -> dict[str, Any]:
    return {
        "customer_id": customer_id,
        "name": change.name,
        "changed_at": change.at,
        "entity": "keyword" if change.keyword else _ENTITIES.get(change.resource_type, change.resource_type.lower()),
        "resource_name": change.resource_name,
        "title": change.title,
        "client_type": change.client_type,
        "user_email": change.user_email,
        "operation": change.operation,
        "fields": list(change.fields),
        "old": change.old,
        "new": change.new,
        "campaign": change.campaign,
        "ad_group": change.ad_group,
    }
