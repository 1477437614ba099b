"""Statistics of rows: walks units and days, splits, adds up."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from backend.sandbox.googleads.search import reports
from backend.sandbox.googleads.search.scope import Base, Scope
from backend.sandbox.googleads.search.segments import Key, Splits
from backend.sandbox.googleads.stats.lines import FULL, Counts, Line, part
from backend.sandbox.googleads.stats.profiles import HOURS, Cell
from backend.sandbox.googleads.stats.units import Today, Unit

Extra = tuple[str, str]  # campaign and ad group of the unit, where the row is split by them
RowKey = tuple[str, Extra, Key]
DayTest = Callable[[int], bool]
_ENABLED = 2  # ConversionActionStatusEnum


@dataclass(frozen=True, slots=True)
class Asked:
    """What a query wants to know: days, splits, and whether rows are also split by campaign or ad group."""

    first: int
    last: int
    day_test: DayTest
    splits: Splits
    by_campaign: bool = False
    by_ad_group: bool = False


def totals(scope: Scope, resource: str, rows: Sequence[Base], asked: Asked) -> dict[RowKey, Counts]:
    """What each row scored, by its main resource name and segment values. Rows without traffic have no entry."""
    if resource == "conversion_action":
        return _of_actions(scope, rows, asked)
    splitter = reports.SPLITTERS.get(resource)
    if splitter is None:
        return {}
    wanted = {row.name for row in rows}
    parts_of = splitter(scope, rows)
    today = scope.today
    found: dict[RowKey, Counts] = {}
    for unit in scope.traffic.units:
        extra = (unit.campaign if asked.by_campaign else "", _group(unit) if asked.by_ad_group else "")
        for key, counts in _unit(unit, parts_of, wanted, asked, today):
            row_key = (key[0], extra, key[1])
            before = found.get(row_key)
            found[row_key] = counts if before is None else before.plus(counts)
    return _by_conversion(scope, found, asked.splits) if asked.splits.by_conversion else found


def _group(unit: Unit) -> str:
    return unit.resource_name if unit.kind == "ad_group" else ""


def _unit(
    unit: Unit, parts_of: reports.Parts, wanted: set[str], asked: Asked, today: Today
) -> Iterator[tuple[tuple[str, Key], Counts]]:
    splits = asked.splits
    for day in unit.days(asked.first, min(asked.last, today.day)):
        if not asked.day_test(day):
            continue
        parts = [one for one in parts_of(unit, day) if one.name in wanted]
        line = unit.line(day, today) if parts else None
        if line is None:
            continue
        if not splits.by_cell and not splits.by_hour and len(parts) == 1 and parts[0].high - parts[0].low == FULL:
            yield (parts[0].name, splits.key(day, None, None, {})), line.whole()
            continue
        for cell in unit.cells:
            yield from _cell(line, cell, parts, day, splits)


def _cell(
    line: Line, cell: Cell, parts: Sequence[reports.Part], day: int, splits: Splits
) -> Iterator[tuple[tuple[str, Key], Counts]]:
    start, end = part(0, line.impressions, cell.low, cell.high)
    for one in parts:
        low, high = part(start, end, one.low, one.high)
        if low == high:
            continue
        if not splits.by_hour:
            yield (one.name, splits.key(day, cell, None, {})), line.between(low, high)
            continue
        for hour in range(24):
            a, b = part(low, high, HOURS[hour], HOURS[hour + 1])
            if a < b:
                yield (one.name, splits.key(day, cell, hour, {})), line.between(a, b)


def _by_conversion(scope: Scope, found: Mapping[RowKey, Counts], splits: Splits) -> dict[RowKey, Counts]:
    """Split conversions by conversion action: primary ones share the conversions, the others the rest."""
    actions = [action for action in scope.all("conversion_action") if action.status == _ENABLED]
    result: dict[RowKey, Counts] = {}
    for (name, extra, key), counts in found.items():
        for action, share in _shared(actions, counts):
            values = dict(zip(splits.names, key, strict=True))
            values.update((n, v) for n, v in _action_values(action).items() if n in values)
            row_key = (name, extra, tuple(values.values()))
            before = result.get(row_key)
            result[row_key] = share if before is None else before.plus(share)
    return result


def _of_actions(scope: Scope, rows: Sequence[Base], asked: Asked) -> dict[RowKey, Counts]:
    """Conversions of the whole account by conversion action."""
    account = [Base("customer", f"customers/{scope.customer_id}", {})]
    wanted = {row.name for row in rows}
    actions = [action for action in scope.all("conversion_action") if action.status == _ENABLED]
    result: dict[RowKey, Counts] = {}
    for (_, extra, key), counts in totals(scope, "customer", account, asked).items():
        for action, share in _shared(actions, counts):
            if action.resource_name in wanted:
                result[(action.resource_name, extra, key)] = share
    return result


def _action_values(action: Any) -> dict[str, Any]:
    source = {2: 5, 7: 4}.get(action.type_, 2)  # ExternalConversionSourceEnum: calls, uploads, else web pages
    return {
        "segments.conversion_action": action.resource_name,
        "segments.conversion_action_name": action.name,
        "segments.conversion_action_category": action.category,
        "segments.external_conversion_source": source,
    }


def _shared(actions: Sequence[Any], counts: Counts) -> Iterator[tuple[Any, Counts]]:
    primary = [action for action in actions if action.include_in_conversions_metric] or list(actions[:1])
    others = [action for action in actions if action not in primary]
    kept, value = counts.conversions, counts.value
    rest, rest_value = counts.all_conversions - kept, counts.all_value - value
    for position, action in enumerate(primary):
        quarters, worth = _slice(kept, position, len(primary)), _slice(value, position, len(primary))
        extra = 0 if others else _slice(rest, position, len(primary))
        extra_value = 0 if others else _slice(rest_value, position, len(primary))
        if quarters or worth or extra:
            yield action, Counts(0, 0, 0, quarters, worth, quarters + extra, worth + extra_value, 0)
    for position, action in enumerate(others):
        quarters, worth = _slice(rest, position, len(others)), _slice(rest_value, position, len(others))
        if quarters or worth:
            yield action, Counts(0, 0, 0, 0, 0, quarters, worth, 0)


def _slice(total: int, position: int, of: int) -> int:
    return total * (position + 1) // of - total * position // of
