"""The hot path: millions of rows of search_term_view as wire bytes.

Rows per term and day need no adding up, so they are written as they are computed: one line per ad group and day, one
interval per term, the parts that do not change (term, ad group, campaign) written once per query. Memory is that of one
ad group's terms. `terms` gives the same rows as objects; a test compares the two.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from backend.integrations.googleads.gaql import Category
from backend.sandbox.googleads.search import metrics, projection, segments, wire
from backend.sandbox.googleads.search.execute import NO_EXTRA, Execution
from backend.sandbox.googleads.search.predicates import predicate
from backend.sandbox.googleads.search.terms import TermRows
from backend.sandbox.googleads.stats.lines import ZERO, Counts, Line
from backend.sandbox.googleads.stats.profiles import Cell
from backend.sandbox.googleads.stats.search_terms import Terms
from backend.sandbox.googleads.stats.units import Unit

_SHOWN_ONLY = tuple(ZERO._replace(impressions=number) for number in range(64))


def applies(execution: Execution) -> bool:
    """Whether a query's rows are single terms on single days in no particular order."""
    checked = execution.checked
    by_day = "segments.date" in execution.asked.splits.names
    whole = checked.query.limit is None and not checked.sorts
    segment_filters = [f for f in checked.filters if f.field.category is Category.SEGMENT]
    only_dates = all(f.field.name == "segments.date" for f in segment_filters)
    return checked.resource.name == "search_term_view" and by_day and whole and only_dates


@dataclass(slots=True)
class _Scores:
    """Metrics of a row as bytes, or None for rows that a filter on metrics drops; equal scores are written once."""

    execution: Execution
    _encode: metrics.Encoder = field(init=False)
    kept: dict[Counts, bytes | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        chosen = [f for f in self.execution.checked.select if f.category is Category.METRIC]
        self._encode = metrics.encoder(chosen, self.execution.version)

    def written(self, counts: Counts) -> bytes | None:
        """The bytes of these scores, kept for the next row that has them."""
        if len(self.kept) > 200_000:
            self.kept.clear()
        written = self.kept[counts] = self._write(counts)
        return written

    def _write(self, counts: Counts) -> bytes | None:
        for one in self.execution.checked.filters:
            is_metric = one.field.category is Category.METRIC
            if is_metric and not predicate(one)(metrics.value_of(one.field.name, counts)):
                return None
        return self._encode.encode(counts) if self._encode.parts else b""


def batches(execution: Execution, size: int) -> Iterator[bytes]:
    """`results` of messages with up to `size` rows each."""
    out: list[bytes] = []
    source = TermRows(execution.scope, "search_term_view")
    writer = _Writer(execution)
    for unit in source.units():
        for part in writer.unit(unit, source):
            out += part
            while len(out) >= size * 4:
                yield b"".join(out[: size * 4])
                out = out[size * 4 :]
    if out:
        yield b"".join(out)


class _Writer:
    """Writes the rows of one unit after the other; every row is four pieces: head, term, metrics, segments."""

    def __init__(self, execution: Execution) -> None:
        self.execution = execution
        self._asked = execution.asked
        self._today = execution.scope.today
        self._fragments = projection.fragments(execution.checked, execution.version)
        names = self._asked.splits.names
        split = [f for f in execution.checked.select if f.category is Category.SEGMENT]
        self._segments = segments.encoder(split, names, execution.version)
        self._scores = _Scores(execution)
        self._splits_terms = any("keyword" in name or "search_term" in name for name in names)

    def unit(self, unit: Unit, source: TermRows) -> Iterator[list[bytes]]:
        """The rows of a unit, a day at a time."""
        terms = source.terms(unit)
        statics: list[bytes | None] = []
        for term in terms.terms:
            base = source.base(unit, term)
            kept = self.execution.keeps(base)
            written = [one.encode(self.execution.entity(base, NO_EXTRA, one.kind)) for one in self._fragments]
            statics.append(b"".join(written) if kept else None)
        if all(static is None for static in statics):
            return
        own = [source.own(term) for term in terms.terms] if self._splits_terms else None
        for day in unit.days(self._asked.first, min(self._asked.last, self._today.day)):
            line = unit.line(day, self._today) if self._asked.day_test(day) else None
            if line is not None:
                yield self._day(terms, statics, own, line, day)

    def _day(
        self,
        terms: Terms,
        statics: list[bytes | None],
        own: list[dict[str, object]] | None,
        line: Line,
        day: int,
    ) -> list[bytes]:
        out: list[bytes] = []
        heads, kept, written = wire.ROW_HEADS, self._scores.kept, self._scores.written
        shown, clicks, between = line.impressions, line.clicks, line.between
        shown_only = _SHOWN_ONLY
        for group, (positions, bounds) in enumerate(terms.groups):
            cell, start, end = terms.interval(group, line, day)
            width, low, index = end - start, start, 0
            first = low * clicks // shown
            split = self._segments.encode(self._asked.splits.key(day, cell, None, {})) if own is None else b""
            for position in positions:
                index += 1
                high = start + (width * bounds[index] >> 16)
                if high == low:
                    continue
                last = high * clicks // shown
                counts = shown_only[high - low] if first == last and high - low < 64 else between(low, high)
                scored = kept[counts] if counts in kept else written(counts)
                low, first = high, last
                static = statics[position]
                if scored is None or static is None:
                    continue
                if own is not None:
                    split = self._own(day, cell, own[position])
                length = len(static) + len(scored) + len(split)
                out += (heads[length] if length < 4096 else wire.row_head(length), static, scored, split)
        return out

    def _own(self, day: int, cell: Cell, values: dict[str, object]) -> bytes:
        return self._segments.encode(self._asked.splits.key(day, cell, None, values))
