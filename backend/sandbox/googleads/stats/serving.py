"""When an entity could serve: its history of statuses, from the change log, and its dates.

The demo's own entities served from the first day; paused ones until some weeks before the demo began. What was created
by a request serves from that day on, while it is ENABLED. History is never rewritten: a change counts from its day.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from backend.sandbox.googleads import kinds
from backend.sandbox.googleads.accounts import Change
from backend.sandbox.googleads.demo import draws

ENABLED, PAUSED, REMOVED = 2, 3, 4  # the same in every status enum of what serves
FOREVER = date.max.toordinal()
_KINDS = frozenset({"campaign", "ad_group", "ad_group_ad", "ad_group_criterion", "asset_group"})


class Span(NamedTuple):
    """Days from first to last, as ordinals."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class _Turn:
    """From this day on the entity had this status (0: it did not exist)."""

    day: int
    status: int


class History:
    """The statuses of an account's entities over time."""

    def __init__(self, changes: Iterable[Change], zone: ZoneInfo, *, start: date, created: date) -> None:
        self._start, self._created = start.toordinal(), created.toordinal()
        self._turns: dict[str, list[_Turn]] = {}
        self._first: dict[str, int] = {}
        for change in changes:
            if change.kind in _KINDS:
                self._take(change, change.time.astimezone(zone).date().toordinal())

    def _take(self, change: Change, day: int) -> None:
        name = change.resource_name
        old, new = _status(change.kind, change.old), _status(change.kind, change.new)
        if name not in self._turns:
            self._turns[name] = []
            self._first[name] = old
        if old != new:
            self._turns[name].append(_Turn(day, new))

    def spans(self, kind: str, entity: Any) -> tuple[Span, ...]:
        """The days on which the entity's own status let it serve."""
        name = entity.resource_name
        turns = self._turns.get(name, ())
        status, since = self._first.get(name, entity.status), self._start
        spans: list[Span] = []
        if status in (PAUSED, REMOVED) and kind in ("campaign", "ad_group"):
            spans.append(Span(self._start, self._created - 10 - draws.number("stopped", name) % 30))
        for turn in turns:
            if status == ENABLED and turn.day > since:
                spans.append(Span(since, turn.day - 1))
            status, since = turn.status, turn.day
        if status == ENABLED:
            spans.append(Span(since, FOREVER))
        return tuple(spans)


def _status(kind: str, data: bytes | None) -> int:
    return int(kinds.message_class(kind).FromString(data).status) if data is not None else 0  # type: ignore[attr-defined]


def both(left: Sequence[Span], right: Sequence[Span]) -> tuple[Span, ...]:
    """The days in both."""
    found = (Span(max(a.first, b.first), min(a.last, b.last)) for a in left for b in right)
    return tuple(sorted(span for span in found if span.first <= span.last))


def flight(campaign: Any) -> tuple[Span, ...]:
    """The days between a campaign's start and end."""
    first = _day(campaign.start_date_time, 0)
    last = _day(campaign.end_date_time, FOREVER)
    return (Span(first, last),)


def _day(text: str, default: int) -> int:
    return datetime.fromisoformat(text).toordinal() if text else default


def active(children: Sequence[Any], spans: Mapping[str, Sequence[Span]], day: int) -> tuple[int, ...]:
    """Positions of the children that could serve on a day."""
    return tuple(
        i for i, child in enumerate(children) if any(s.first <= day <= s.last for s in spans[child.resource_name])
    )
