"""What a report needs beside performance: search terms, assets, changes, freshness. One statement each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.adgraph.stats import Level
from backend.reporting.measures import Totals, sums
from backend.reporting.periods import Period
from backend.sync import timeline
from backend.sync.account import Account

LISTED = 20

_TERMS = text(f"""
WITH terms AS MATERIALIZED (
    SELECT t.search_term, {sums("t")} FROM stats.search_term_stats t
    WHERE t.customer_id = :customer AND t.date BETWEEN :first AND :last GROUP BY t.search_term
), wasted AS (
    SELECT * FROM terms WHERE conversions = 0 AND cost_micros > 0
)
(SELECT 'top' AS list, * FROM terms WHERE clicks > 0
 ORDER BY conversions DESC, conversions_value DESC, clicks DESC, search_term LIMIT {LISTED})
UNION ALL
(SELECT 'wasted', * FROM wasted ORDER BY cost_micros DESC, search_term LIMIT {LISTED})
UNION ALL
SELECT 'wasted_total', count(*)::text, {sums("wasted")} FROM wasted
""")

_ASSETS = text(f"""
SELECT coalesce(s.text, s.name, s.youtube_video_id, s.type) AS name, s.type, e.field_type, e.performance_label,
       count(DISTINCT e.ad_id) AS ads
FROM ad_asset e
JOIN adgroup_ad l ON l.customer_id = e.customer_id AND l.ad_id = e.ad_id AND l.status = 'ENABLED'
JOIN assets s ON s.customer_id = e.customer_id AND s.id = e.asset_id
WHERE e.customer_id = :customer AND e.performance_label IN ('BEST', 'LOW')
GROUP BY s.id, s.text, s.name, s.youtube_video_id, s.type, e.field_type, e.performance_label
ORDER BY e.performance_label DESC, ads DESC, name, s.id LIMIT {2 * LISTED}
""")

_STREAMS = text("""
SELECT stream, watermark_date, last_append_at FROM watermarks WHERE customer_id = :customer ORDER BY stream
""")


@dataclass(frozen=True, slots=True)
class Term:
    """A search term and its sums over the period."""

    text: str
    totals: Totals


@dataclass(frozen=True, slots=True)
class Terms:
    """The search terms that brought most, and those that cost most and brought nothing."""

    top: list[Term]
    wasted: list[Term]
    wasted_count: int
    wasted_micros: int


@dataclass(frozen=True, slots=True)
class LabelledAsset:
    """An asset in use that Google calls BEST or LOW in a slot."""

    name: str | None
    type: str
    field_type: str
    label: str
    ads: int


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of the account's timeline; `where` it was made: here, or in which program of Google's."""

    at: datetime
    who: str
    where: str
    action: str
    subject: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class StreamState:
    """How far one stream of the account has been read."""

    stream: str
    complete_up_to: date | None
    read_at: datetime | None


def terms(session: Session, customer_id: UUID, period: Period) -> Terms:
    """The best and the most wasteful search terms of a period."""
    rows = session.execute(_TERMS, {"customer": customer_id, "first": period.first, "last": period.last}).all()
    lists: dict[str, list[Term]] = {"top": [], "wasted": [], "wasted_total": []}
    for row in rows:
        lists[row.list].append(Term(row.search_term, Totals.of(row)))
    total = lists["wasted_total"][0]
    return Terms(lists["top"], lists["wasted"], int(total.text), total.totals.cost_micros)


def assets(session: Session, customer_id: UUID) -> list[LabelledAsset]:
    """The assets of enabled ads that Google ranks best or lowest, as of now."""
    return [
        LabelledAsset(row.name, row.type, row.field_type, row.performance_label, int(row.ads))
        for row in session.execute(_ASSETS, {"customer": customer_id})
    ]


def changes(session: Session, tenant_id: UUID, account: Account, period: Period) -> tuple[list[Change], dict[str, int]]:
    """What was changed here and at Google in a period, the newest first, and how many changes each side made."""
    since, until = (
        datetime.combine(day, edge, tzinfo=account.zone)
        for day, edge in ((period.first, time.min), (period.last, time.max))
    )
    query = timeline.TimelineQuery(since=since, until=until)
    listed = timeline.entries(session, tenant_id, account.customer_id, query, limit=LISTED)
    return [_change(row) for row in listed], timeline.count(session, tenant_id, account.customer_id, since, until)


def _change(row: dict[str, Any]) -> Change:
    here = row["source"] == timeline.HERE
    what = row["action"] if here else f"{row['action']}: {', '.join(row['after'] or row['before'])}".rstrip(": ")
    which = f"{row['entity']}:{row['entity_id'] or ''}".rstrip(":") if here else row["resource_name"]
    where = "here" if here else f"Google ({row['client_type'].replace('_', ' ').lower()})"
    return Change(row["at"], row["who"], where, what, row["title"] or which, row["reason"])


def streams(session: Session, customer_id: UUID) -> list[StreamState]:
    """How far each stream of an account has been read."""
    rows = session.execute(_STREAMS, {"customer": customer_id})
    return [StreamState(row.stream, row.watermark_date, row.last_append_at) for row in rows]


def first_stored_day(session: Session, customer_id: UUID) -> date | None:
    """The first day with statistics, None when there is none."""
    found: date | None = session.execute(
        text("SELECT min(date) FROM stats.daily_totals WHERE customer_id = :customer AND level = :level"),
        {"customer": customer_id, "level": int(Level.ACCOUNT)},
    ).scalar_one()
    return found
