"""Statistics by windows of days: read a window whole, merge it, refresh the totals, move the watermark, all at once.

Oldest windows first, so that a run which dies is resumed at the watermark. The last `REREAD_DAYS` are always read
again, because conversions arrive late. Google keeps days for 37 months (GOOGLE_ADS_FACTS 0.10).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from backend.adgraph.stats import WindowMerged, merge_window, refresh_asset_totals, refresh_totals
from backend.core.db import unit_of_work
from backend.sync import watermarks
from backend.sync.account import Account
from backend.sync.reading import Reader
from backend.sync.stat_queries import CAMPAIGN_STATS, StatisticsQuery

REREAD_DAYS = 30
FIRST_DAYS = 90
KEPT_MONTHS = 37


@dataclass(slots=True)
class StatisticsResult:
    """What was read and written, per stream."""

    rows_read: int = 0
    rows_written: int = 0
    rows_deleted: int = 0
    windows: int = 0
    streams: dict[str, int] = field(default_factory=dict)

    def add(self, stream: str, rows: int, merged: WindowMerged) -> None:
        """Count one window."""
        self.rows_read += rows
        self.rows_written += merged.written
        self.rows_deleted += merged.deleted
        self.windows += 1
        self.streams[stream] = self.streams.get(stream, 0) + rows

    def as_dict(self) -> dict[str, object]:
        """For the job's result."""
        return {
            "rows_read": self.rows_read,
            "rows_written": self.rows_written,
            "rows_deleted": self.rows_deleted,
            "windows": self.windows,
            "read": self.streams,
        }


def earliest_day(today: date) -> date:
    """The first day that Google still tells by the day: 37 months back."""
    month = today.year * 12 + today.month - 1 - KEPT_MONTHS
    year, month = divmod(month, 12)
    day = today.day
    while True:
        try:
            return date(year, month + 1, day)
        except ValueError:  # the 31st of a month that has none: the first day of the next one is still kept
            day -= 1


def windows(first: date, last: date, days: int) -> Iterator[tuple[date, date]]:
    """Cut a range of days into pieces of at most `days`, oldest first."""
    start = first
    while start <= last:
        end = min(start + timedelta(days=days - 1), last)
        yield start, end
        start = end + timedelta(days=1)


def first_day_to_read(account: Account, stream: str) -> date:
    """Where an append begins: after the watermark, but never later than the re-read window asks for."""
    today = account.today()
    with unit_of_work() as work:
        mark = watermarks.find(work.session, account.customer_id, stream)
    if mark is None or mark.watermark_date is None:
        return today - timedelta(days=FIRST_DAYS - 1)
    reread = today - timedelta(days=REREAD_DAYS - 1)
    return max(min(mark.watermark_date + timedelta(days=1), reread), earliest_day(today))


def read_range(
    reader: Reader,
    query: StatisticsQuery,
    days: tuple[date, date],
    result: StatisticsResult,
    *,
    move_watermark: bool = True,
) -> None:
    """Read a range of days (both included) of one stream by windows; between windows a job can be cancelled."""
    first, last = days
    total = (last - first).days + 1
    for start, end in windows(first, last, query.days):
        reader.job.progress(
            "statistics",
            (start - first).days,
            total,
            stream=query.stream,
            day=start.isoformat(),
            rows=result.rows_read,
        )
        read_window(reader, query, (start, end), result, move_watermark=move_watermark)
    reader.job.progress("statistics", total, total, stream=query.stream, rows=result.rows_read)


def read_window(
    reader: Reader,
    query: StatisticsQuery,
    days: tuple[date, date],
    result: StatisticsResult,
    *,
    move_watermark: bool,
) -> None:
    """Read one window and make the table equal to it."""
    first, last = days
    account = reader.account
    constants = query.table.constants(account.customer_id)
    spooled = reader.spooled(query.selection, constants, query.gaql(first, last))
    yesterday = account.today() - timedelta(days=1)
    with spooled as spool, reader.job.write() as work:
        merged = merge_window(work.session, account.customer_id, spool, query.table, days)
        if query.stream == CAMPAIGN_STATS.stream:
            refresh_totals(work.session, account.customer_id, int(account.google_id), first, last)
        if query.place is not None:
            refresh_asset_totals(work.session, account.customer_id, query.place, first, last)
        if move_watermark:
            watermarks.advance(work.session, account.customer_id, query.stream, day=min(last, yesterday))
        else:
            watermarks.touch(work.session, account.customer_id, query.stream)
    result.add(query.stream, spool.rows, merged)
