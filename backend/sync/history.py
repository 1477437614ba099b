"""The backfill of `init`: from the first day with traffic (37 months back at most), resumed where it stopped."""

from __future__ import annotations

from datetime import date, timedelta

from backend.sync import watermarks
from backend.sync.reading import Reader
from backend.sync.stat_queries import STATISTICS, StatisticsQuery
from backend.sync.statistics import REREAD_DAYS, StatisticsResult, earliest_day, read_range


def backfill(reader: Reader, start: date | None, result: StatisticsResult) -> str | None:
    """Read every stream from `start` (None: from the beginning) to today; returns a notice when it was clamped."""
    today = reader.account.today()
    limit = earliest_day(today)
    notice = None
    if start is not None and start < limit:
        notice = f"Google tells days for 37 months: the history begins on {limit.isoformat()}, not on {start}."
    wanted = max(start, limit) if start is not None else _first_day_with_traffic(reader, limit, today)
    for query in STATISTICS:
        read_range(reader, query, (_resume_at(reader, query, wanted), today), result)
    with reader.job.write() as work:
        for query in STATISTICS:
            watermarks.advance(work.session, reader.account.customer_id, query.stream, state={})
    return notice


def _resume_at(reader: Reader, query: StatisticsQuery, wanted: date) -> date:
    """The day to go on with: the re-read window before the watermark if a backfill from `wanted` was under way.

    A stream that it had read to its end counts as under way until all of them have been, and what was read is read
    again as far as conversions may have come since.
    """
    customer_id, begun = reader.account.customer_id, {"backfill_from": wanted.isoformat()}
    with reader.job.write() as work:
        mark = watermarks.find(work.session, customer_id, query.stream)
        if mark is not None and mark.state == begun and mark.watermark_date is not None:
            return max(mark.watermark_date - timedelta(days=REREAD_DAYS - 1), wanted)
        watermarks.restart(work.session, customer_id, query.stream, begun)
    return wanted


def _first_day_with_traffic(reader: Reader, first: date, last: date) -> date:
    """Ask once where the history begins, instead of asking for years of empty months."""
    query = (
        "SELECT segments.date, metrics.impressions FROM customer"
        f" WHERE segments.date BETWEEN '{first.isoformat()}' AND '{last.isoformat()}'"
        " ORDER BY segments.date ASC LIMIT 1"
    )
    for row in reader.gateway.search(reader.account.google_id, query):
        return date.fromisoformat(row.segments.date)
    return last
