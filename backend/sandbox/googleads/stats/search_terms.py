"""What people searched for when an ad group's ads were shown.

An ad group has a fixed list of terms made from its keywords. On each day a term is shown on one network and device
(which one moves on from day to day) and owns an interval of that cell of the day's line. All terms together own four
fifths of it: the rest is what Google does not show.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from backend.sandbox.googleads.demo import draws
from backend.sandbox.googleads.demo.vocabulary import MODIFIERS
from backend.sandbox.googleads.stats.lines import FULL, Line, shares
from backend.sandbox.googleads.stats.profiles import Cell

GROUPS = 16
TERMS = 60
SHOWN = FULL * 4 // 5
_EXACT, _PHRASE, _NEAR_EXACT, _BROAD = 3, 4, 5, 2  # SearchTermMatchTypeEnum
_SMALLEST = 6


@dataclass(frozen=True, slots=True)
class Term:
    """One search term of an ad group. `keyword` is the criterion that matched it, None in Performance Max."""

    text: str
    keyword: Any | None
    match_type: int


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of one unit; group g holds the terms whose position is g modulo GROUPS."""

    terms: tuple[Term, ...]
    groups: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]  # positions, boundaries (of SHOWN)
    slots: tuple[tuple[Cell, int, int], ...]  # a cell and the fraction of it

    def slot(self, group: int, day: int) -> tuple[Cell, int, int]:
        """Where a group of terms is shown on a day."""
        return self.slots[(group + 5 * day) % GROUPS]

    def intervals(self, line: Line, day: int) -> Iterator[tuple[int, Cell, int, int]]:
        """(position of the term, cell, start, end) of every term that was shown on a day."""
        for group, (positions, bounds) in enumerate(self.groups):
            cell, start, end = self.interval(group, line, day)
            width, low = end - start, start
            for index, position in enumerate(positions):
                high = start + (width * bounds[index + 1] >> 16)
                if high > low:
                    yield position, cell, low, high
                low = high

    def interval(self, group: int, line: Line, day: int) -> tuple[Cell, int, int]:
        """The part of a day's line that a group of terms is spread over."""
        cell, low, high = self.slot(group, day)
        start, width = line.impressions * cell.low >> 16, 0
        width = (line.impressions * cell.high >> 16) - start
        return cell, start + (width * low >> 16), start + (width * high >> 16)


def terms_of(keywords: Sequence[Any], name: str, cells: Sequence[Cell], volume: int) -> Terms:
    """The terms of an ad group with these keywords (criteria), or of a unit without keywords that is about `name`."""
    terms = tuple(_terms(keywords, name, TERMS * volume))
    groups = tuple(_group(terms, group) for group in range(GROUPS))
    return Terms(terms, groups, _slots(cells))


def _terms(keywords: Sequence[Any], name: str, count: int) -> Iterator[Term]:
    texts = [criterion.keyword.text for criterion in keywords] or [name]
    seen: set[str] = set()
    position = 0
    while len(seen) < count and position < count * 4:
        turn, index = divmod(position, len(texts))
        position += 1
        text = _variation(texts[index], turn)
        if text in seen:
            continue
        seen.add(text)
        keyword = keywords[index] if keywords else None
        yield Term(text, keyword, _match_type(keyword, exact=turn == 0))


def _variation(text: str, turn: int) -> str:
    if turn == 0:
        return text
    many = len(MODIFIERS)
    after, before, number = (turn - 1) % many, (turn - 1) // many % (many + 1), (turn - 1) // many // (many + 1)
    words = [MODIFIERS[before - 1]] if before else []
    words += [text, MODIFIERS[(after * 7 + len(text)) % many]]
    return " ".join(words + ([str(number)] if number else []))


def _match_type(keyword: Any | None, *, exact: bool) -> int:
    if keyword is None:
        return 8  # PERFORMANCE_MAX
    if keyword.keyword.match_type == 2:  # KeywordMatchTypeEnum.EXACT
        return _EXACT if exact else _NEAR_EXACT
    return _PHRASE if keyword.keyword.match_type == 3 else _BROAD


def _group(terms: Sequence[Term], group: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    positions = tuple(range(group, len(terms), GROUPS))
    weights = [_weight(terms[position].text, position) for position in positions]
    return positions, tuple(shares(weights, SHOWN))


def _weight(text: str, position: int) -> int:
    head = 12 if position < _SMALLEST else 1
    return head * (3 + draws.number("term", text) % 30)


def _slots(cells: Sequence[Cell]) -> tuple[tuple[Cell, int, int], ...]:
    """GROUPS slots over the cells: each cell has at least one, large ones have several."""
    counts = [1] * len(cells)
    while sum(counts) < GROUPS:
        sizes = [(cell.high - cell.low) / count for cell, count in zip(cells, counts, strict=True)]
        counts[sizes.index(max(sizes))] += 1
    slots = []
    for cell, count in zip(cells, counts, strict=True):
        slots += [(cell, FULL * i // count, FULL * (i + 1) // count) for i in range(count)]
    return tuple(slots)
