"""Segments: what a row is split by, and how its `segments` field is written."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from typing import Any

from google.protobuf.message_factory import GetMessageClass

from backend.integrations.googleads.gaql import Field
from backend.sandbox.googleads import kinds
from backend.sandbox.googleads.search import wire
from backend.sandbox.googleads.stats import profiles

_SEARCH_TOP, _PARTNER_TOP, _CONTENT_SLOT = 3, 6, 5  # SlotEnum
Key = tuple[Any, ...]


@cache
def _enum(segment: str, name: str) -> int:
    message = kinds.row_descriptor().fields_by_name["segments"].message_type
    enum = message.fields_by_name[segment].enum_type if message is not None else None
    if enum is None:
        raise KeyError(segment)
    return int(enum.values_by_name[name].number)


@cache
def of_day(name: str, day: int) -> Any:
    """The value of a date segment (`segments.week`) on a day."""
    on = date.fromordinal(day)
    if name == "segments.date":
        return on.isoformat()
    if name == "segments.week":
        return (on - timedelta(days=on.weekday())).isoformat()
    if name == "segments.month":
        return on.replace(day=1).isoformat()
    if name == "segments.quarter":
        return date(on.year, (on.month - 1) // 3 * 3 + 1, 1).isoformat()
    if name == "segments.year":
        return on.year
    if name == "segments.day_of_week":
        return on.weekday() + 2  # DayOfWeekEnum.MONDAY is 2
    return on.month + 1  # MonthOfYearEnum.JANUARY is 2


DAY = frozenset(
    f"segments.{name}" for name in ("date", "week", "month", "quarter", "year", "day_of_week", "month_of_year")
)
CONVERSION = frozenset(
    {
        "segments.conversion_action",
        "segments.conversion_action_category",
        "segments.conversion_action_name",
        "segments.external_conversion_source",
    }
)


def _slot(cell: profiles.Cell) -> int:
    return {profiles.SEARCH: _SEARCH_TOP, profiles.SEARCH_PARTNERS: _PARTNER_TOP}.get(cell.network, _CONTENT_SLOT)


_OF_CELL: dict[str, Callable[[profiles.Cell], int]] = {
    "segments.device": lambda cell: cell.device,
    "segments.ad_network_type": lambda cell: cell.network,
    "segments.slot": _slot,
    "segments.ad_sub_network_type": lambda _: _enum("ad_sub_network_type", "UNSEGMENTED"),
    "segments.click_type": lambda _: _enum("click_type", "URL_CLICKS"),
}


@dataclass(slots=True)
class Splits:
    """The selected segments in a fixed order, and their values for a piece of traffic."""

    names: tuple[str, ...]
    by_cell: bool = field(init=False)
    by_hour: bool = field(init=False)
    by_conversion: bool = field(init=False)
    _days: dict[int, Key] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.by_cell = any(name in _OF_CELL for name in self.names)
        self.by_hour = "segments.hour" in self.names
        self.by_conversion = any(name in CONVERSION for name in self.names)

    def of_day(self, day: int) -> Key:
        """Values of the date segments on a day, None for the others."""
        found = self._days.get(day)
        if found is None:
            values = (of_day(name, day) if name in DAY else None for name in self.names)
            found = self._days[day] = tuple(values)
        return found

    def key(self, day: int, cell: profiles.Cell | None, hour: int | None, own: dict[str, Any]) -> Key:
        """All values of a piece of traffic. `own` are values that belong to the part itself."""
        values = list(self.of_day(day))
        for position, name in enumerate(self.names):
            if cell is not None and name in _OF_CELL:
                values[position] = _OF_CELL[name](cell)
            elif name == "segments.hour":
                values[position] = hour
            elif name in own:
                values[position] = own[name]
        return tuple(values)


@dataclass(slots=True)
class Encoder:
    """Writes the selected segments of a row; equal values are written once."""

    number: int
    _message: Any
    _paths: tuple[tuple[int, tuple[str, ...]], ...]  # position in the key, path in `segments`
    _kept: dict[Key, bytes] = field(default_factory=dict)

    def encode(self, key: Key) -> bytes:
        """The row's segments field."""
        found = self._kept.get(key)
        if found is None:
            message = self._message()
            for position, path in self._paths:
                _put(message, path, key[position])
            found = wire.framed(self.number, message.SerializeToString())
            if len(self._kept) > 200_000:
                self._kept.clear()
            self._kept[key] = found
        return found


def _put(message: Any, path: tuple[str, ...], value: Any) -> None:
    if value is None:
        return
    for name in path[:-1]:
        message = getattr(message, name)
    setattr(message, path[-1], value)


def encoder(selected: Sequence[Field], names: Sequence[str], version: str) -> Encoder:
    """An encoder of the selected segments; keys have the values of `names`."""
    row = kinds.row_descriptor(version).fields_by_name["segments"]
    if row.message_type is None:
        raise TypeError("segments is a message")
    paths = tuple((names.index(item.name), item.path[1:]) for item in selected)
    return Encoder(row.number, GetMessageClass(row.message_type), paths)
