"""Each statistics query with its level: what is asked per window of days, and the table that it fills."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from backend.adgraph.stats import SEARCH_TERMS, AssetPlace, Level, StatsTable, daily_stats
from backend.integrations.googleads.rows import Column, Constant, Kind, Selection
from backend.sync.queries import NO_RESOURCE_NAMES

_METRICS = (
    Column("metrics.impressions", "impressions", Kind.INT),
    Column("metrics.clicks", "clicks", Kind.INT),
    Column("metrics.cost_micros", "cost_micros", Kind.INT),
    Column("metrics.conversions", "conversions", Kind.DECIMAL),
    Column("metrics.conversions_value", "conversions_value", Kind.DECIMAL),
)
_SPLITS = (
    Column("segments.date", "date", Kind.DATE),
    Column("segments.device", "device", Kind.NUMBER),
    Column("segments.ad_network_type", "network", Kind.NUMBER),
)


_LACKING: dict[str, Literal["smallint", "bigint"]] = {"parent_google_id": "bigint", "device": "smallint"}
"""Columns of the daily statistics that not every query answers, and their types."""


@dataclass(frozen=True, slots=True)
class StatisticsQuery:
    """One GAQL query about statistics. `stream` names its watermark; `days` is how many days one read asks for.

    `place` is set where the rows are about assets in such a place, which have daily totals of their own.
    """

    stream: str
    resource: str
    selection: Selection
    table: StatsTable
    days: int
    place: AssetPlace | None = None

    def gaql(self, first: date, last: date) -> str:
        """The query's text for a window of days, both included."""
        return (
            f"SELECT {self.selection.select()} FROM {self.resource}"
            f" WHERE segments.date BETWEEN '{first.isoformat()}' AND '{last.isoformat()}' {NO_RESOURCE_NAMES}"
        )


def _level(level: Level, resource: str, google_id: str, parent: str | None, *, days: int) -> StatisticsQuery:
    ids = [Column(google_id, "google_id", Kind.INT)]
    if parent is not None:
        ids.append(Column(parent, "parent_google_id", Kind.INT))
    table = _filled(daily_stats(level), (*ids, *_SPLITS))
    return StatisticsQuery(
        f"stats:{level.name.lower()}", resource, Selection((*ids, *_SPLITS, *_METRICS), table.key), table, days
    )


def _filled(table: StatsTable, columns: tuple[Column, ...]) -> StatsTable:
    """The table for a stage of these columns: what they lack of its key is 0."""
    names = {column.name for column in columns}
    key = tuple(name for name in table.key if name in names)
    lacking = tuple(Constant(name, _LACKING[name], 0) for name in table.key if name not in names)
    return replace(table, key=key, fixed=(*table.fixed, *lacking))


CAMPAIGN_STATS = _level(Level.CAMPAIGN, "campaign", "campaign.id", None, days=92)
AD_GROUP_STATS = _level(Level.AD_GROUP, "ad_group", "ad_group.id", "campaign.id", days=31)
AD_STATS = _level(Level.AD, "ad_group_ad", "ad_group_ad.ad.id", "ad_group.id", days=31)
KEYWORD_STATS = _level(Level.KEYWORD, "keyword_view", "ad_group_criterion.criterion_id", "ad_group.id", days=31)

SEARCH_TERM_STATS = StatisticsQuery(
    "stats:search_term",
    "search_term_view",
    Selection(
        (
            Column("campaign.id", "campaign_google_id", Kind.INT),
            Column("ad_group.id", "ad_group_google_id", Kind.INT),
            Column("search_term_view.search_term", "search_term", Kind.TEXT),
            Column("search_term_view.status", "status", Kind.NUMBER),
            Column("segments.keyword.ad_group_criterion", "keyword_google_id", Kind.ID),
            Column("segments.search_term_match_type", "match_type", Kind.NUMBER),
            Column("segments.date", "date", Kind.DATE),
            *_METRICS,
        ),
        SEARCH_TERMS.key,
    ),
    SEARCH_TERMS,
    days=31,
)


def _assets(
    place: AssetPlace, resource: str, parent: str | None, *, days: int, splits: tuple[Column, ...] = _SPLITS
) -> StatisticsQuery:
    """What the assets of one kind of place scored; several slots of the same place are added up."""
    ids = [Column(f"{resource}.asset", "google_id", Kind.ID)]
    if parent is not None:
        ids.append(Column(f"{resource}.{parent}", "parent_google_id", Kind.ID))
    table = replace(_filled(daily_stats(place), (*ids, *splits)), summed=True)
    slot = Column(f"{resource}.field_type", "field_type", Kind.NUMBER)
    selection = Selection((*ids, slot, *splits, *_METRICS), (*table.key, "field_type"))
    stream = f"stats:asset_of_{place.name.lower()}"
    return StatisticsQuery(stream, resource, selection, table, days, place)


_WITHOUT_DEVICE = tuple(column for column in _SPLITS if column.name != "device")
"""Google splits what assets of asset groups scored by network only (docs/adr/0009)."""

ASSET_STATS = (
    _assets(AssetPlace.AD, "ad_group_ad_asset_view", "ad_group_ad", days=31),
    _assets(AssetPlace.ASSET_GROUP, "asset_group_asset", "asset_group", days=31, splits=_WITHOUT_DEVICE),
    _assets(AssetPlace.CAMPAIGN, "campaign_asset", "campaign", days=92),
    _assets(AssetPlace.AD_GROUP, "ad_group_asset", "ad_group", days=92),
    _assets(AssetPlace.ACCOUNT, "customer_asset", None, days=92),
)

STATISTICS = (CAMPAIGN_STATS, AD_GROUP_STATS, AD_STATS, KEYWORD_STATS, SEARCH_TERM_STATS, *ASSET_STATS)
BY_STREAM = {query.stream: query for query in STATISTICS}
