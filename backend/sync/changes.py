"""Incremental structure sync: ask change_status what has changed since, read only that again.

Google announces a change up to three minutes late, keeps it for 90 days, gives the latest one per resource, and at
most 10,000 rows per query (GOOGLE_ADS_FACTS 2.6); its times are in the account's zone. What it does not announce (links
of asset groups, keywords of shared lists, labels, portfolio strategies) is read whole.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from backend.integrations.googleads.rows import Column, Kind, Selection
from backend.sync import structure
from backend.sync.account import Account
from backend.sync.catalogue import STRUCTURE
from backend.sync.queries import StructureQuery
from backend.sync.reading import Reader, chunks
from backend.sync.structure import StructureResult

OVERLAP = timedelta(minutes=5)
ACROSS_A_CLOCK_CHANGE = timedelta(minutes=65)
KEPT = timedelta(days=89)
FULL_EVERY = timedelta(days=7)
LIMIT = 10_000
BATCH = 1_000

TYPES = tuple(sorted({query.change_type for query in STRUCTURE if query.change_type is not None}))
SELECTION = Selection(
    (
        Column("change_status.last_change_date_time", "at", Kind.TEXT),
        Column("change_status.resource_type", "type", Kind.ENUM),
        *(Column(f"change_status.{name.lower()}", name.lower(), Kind.TEXT) for name in TYPES),
    ),
    key=(),
)

Changes = dict[str, set[str]]
"""Resource names by change_status resource type."""


class TooManyChanges(Exception):
    """More changes in one moment than Google tells: only a full sync can say what there is."""


def read(reader: Reader, since: datetime, until: datetime) -> Changes:
    """What changed in a span of UTC time.

    Raises:
        TooManyChanges: 10,000 or more within one second.
    """
    found: Changes = defaultdict(set)
    start, end = local_window(reader.account, since, until)
    while True:
        rows = list(_rows(reader, start, end))
        for _, kind, *names in rows:
            name = dict(zip(TYPES, names, strict=True)).get(kind)
            if name:
                found[kind].add(name)
        if len(rows) < LIMIT:
            return dict(found)
        # Ordered by time: go on with the second of the last row, whose earlier rows come once more.
        last = str(rows[-1][0])[:19]
        if last <= start:
            raise TooManyChanges(f"{LIMIT} changes at {last}")
        start = last


def local_window(account: Account, since: datetime, until: datetime) -> tuple[str, str]:
    """The span as local times of the account, begun early enough for late announcements and clock changes."""
    zone = account.zone
    shifts = {(since - timedelta(hours=2)).astimezone(zone).utcoffset(), until.astimezone(zone).utcoffset()}
    overlap = OVERLAP if len(shifts) == 1 else ACROSS_A_CLOCK_CHANGE
    first = (since - overlap).astimezone(zone)
    last = (until + overlap).astimezone(zone)
    return first.strftime("%Y-%m-%d %H:%M:%S"), last.strftime("%Y-%m-%d %H:%M:%S")


def _rows(reader: Reader, start: str, end: str) -> Iterator[tuple[str, ...]]:
    gaql = (
        f"SELECT {SELECTION.select()} FROM change_status"
        f" WHERE change_status.last_change_date_time >= '{start}' AND change_status.last_change_date_time <= '{end}'"
        f" ORDER BY change_status.last_change_date_time ASC LIMIT {LIMIT}"
    )
    for chunk in chunks(reader.gateway, reader.account.google_id, gaql, SELECTION):
        yield from chunk.records()


def sync_changes(reader: Reader, since: datetime) -> StructureResult:
    """Bring the structure up to now by what changed since.

    Raises:
        TooManyChanges: as `read`.
    """
    began = structure.database_time()
    changed = read(reader, since, began)
    result = StructureResult(mode="incremental", changes=sum(map(len, changed.values())))
    for number, query in enumerate(STRUCTURE):
        reader.job.progress("structure", number, len(STRUCTURE), entity=query.name)
        announced = changed.get(query.change_type, ()) if query.change_type else ()
        names = sorted({query.subject(name) for name in announced})
        if query.change_type is None or (names and query.key_field is None):
            structure.sync_query(reader, query, result)
        else:
            for batch in _batches(names):
                asked = structure.Asked(condition(query, batch), batch)
                structure.sync_query(reader, query, result, asked=asked)
    structure.note(reader, result, began, since)
    return result


def condition(query: StructureQuery, names: Sequence[str]) -> str:
    """The GAQL condition that asks for some objects by their resource names."""
    if query.key_is_name:
        keys = ", ".join(f"'{name}'" for name in names)
    else:
        keys = ", ".join(name.rsplit("/", 1)[-1].rsplit("~", 1)[-1] for name in names)
    return f"{query.key_field} IN ({keys})"


def _batches(names: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(names), BATCH):
        yield names[start : start + BATCH]
