"""A day's traffic of one unit as a line of impressions, and exact pieces of it.

The impressions of a day are numbered 0..n. Everything else is a rising function of that number: impression x stands
behind `x·clicks//n` clicks, a click behind `c·cost//clicks` of cost, and so on. A segment, an ad or a keyword owns an
interval; what it scored is the difference of the functions at its ends. So pieces that cover the line add up to the day
to the micro, and pieces that do not cover it add up to less.
"""

from dataclasses import dataclass
from typing import NamedTuple

FULL = 1 << 16  # fractions are whole numbers of this


class Counts(NamedTuple):
    """What is counted. Conversions and values are in quarters, so that their sums are exact in floating point too."""

    impressions: int = 0
    clicks: int = 0
    cost_micros: int = 0
    conversions: int = 0
    value: int = 0
    all_conversions: int = 0
    all_value: int = 0
    views: int = 0

    def plus(self, other: "Counts") -> "Counts":
        """Element by element."""
        return Counts(*map(int.__add__, self, other))


ZERO = Counts()
_new = tuple.__new__  # a named tuple without the detour over its own __new__: this is the hot path


@dataclass(frozen=True, slots=True)
class Line:
    """One day of one unit. `unit_micros` is the smallest amount of the account's currency; `cost` counts those."""

    impressions: int
    clicks: int
    cost: int
    conversions: int
    value: int
    all_conversions: int
    all_value: int
    views: int
    unit_micros: int

    def whole(self) -> Counts:
        """The day."""
        return self.between(0, self.impressions)

    def between(self, start: int, end: int) -> Counts:
        """The interval of impressions [start, end)."""
        if end <= start:
            return ZERO
        shown, clicks = self.impressions, self.clicks
        first, last = start * clicks // shown, end * clicks // shown
        views = end * self.views // shown - start * self.views // shown if self.views else 0
        if first == last:
            return _new(Counts, (end - start, 0, 0, 0, 0, 0, 0, views))
        converted, all_converted = self.conversions, self.all_conversions
        c0, c1 = first * converted // clicks, last * converted // clicks
        a0, a1 = first * all_converted // clicks, last * all_converted // clicks
        return _new(
            Counts,
            (
                end - start,
                last - first,
                (last * self.cost // clicks - first * self.cost // clicks) * self.unit_micros,
                c1 - c0,
                c1 * self.value // converted - c0 * self.value // converted if c1 > c0 else 0,
                a1 - a0,
                a1 * self.all_value // all_converted - a0 * self.all_value // all_converted if a1 > a0 else 0,
                views,
            ),
        )


def part(start: int, end: int, low: int, high: int) -> tuple[int, int]:
    """The interval between the fractions low and high (of FULL) of [start, end)."""
    width = end - start
    return start + (width * low >> 16), start + (width * high >> 16)


def shares(weights: list[int], of: int = FULL) -> list[int]:
    """Boundaries of parts with these weights that together cover `of`: one more number than weights."""
    total, at, bounds = sum(weights), 0, [0]
    for weight in weights:
        at += weight
        bounds.append(at * of // total if total else 0)
    return bounds
