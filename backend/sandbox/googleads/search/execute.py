"""A query to rows: check, gather, filter, split, sort, write."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any, NamedTuple

from backend.integrations.googleads import gaql
from backend.integrations.googleads.gaql import Category, Checked, Filter, GaqlError
from backend.integrations.googleads.gaql.fields import CORE_DATE_SEGMENTS
from backend.sandbox.googleads.errors import refuse
from backend.sandbox.googleads.search import access, base_rows, clicks, joins, metrics, projection, segments, statistics
from backend.sandbox.googleads.search.predicates import Test, predicate
from backend.sandbox.googleads.search.scope import Base, Scope
from backend.sandbox.googleads.search.segments import Key, Splits
from backend.sandbox.googleads.search.statistics import Asked, Extra
from backend.sandbox.googleads.search.terms import TermRows
from backend.sandbox.googleads.stats.lines import ZERO, Counts
from backend.sandbox.googleads.world import World

NO_EXTRA: Extra = ("", "")
_BY_CAMPAIGN = frozenset({"campaign_budget", "bidding_strategy"})
_TERM_VIEWS = frozenset({"search_term_view", "campaign_search_term_view"})


class Row(NamedTuple):
    """One row of the answer."""

    base: Base
    extra: Extra
    key: Key
    counts: Counts


def prepare(world: World, customer_id: str, query: str, version: str) -> "Execution":
    """Check a query for an account. Raises Refusal with Google's code."""
    scope = Scope(world, customer_id)
    if not query:
        raise refuse("request_error", "REQUIRED_FIELD_MISSING", path=("query",))
    try:
        checked = gaql.check(query, gaql.catalogue(version), today=scope.date)
    except GaqlError as error:
        raise refuse(error.oneof, error.code, error.message, trigger=error.trigger) from error
    if checked.has_metrics and world.customer(customer_id).manager:
        message = (
            "Metrics cannot be requested for a manager account. To retrieve metrics, issue separate requests against "
            "each client account under the manager account."
        )
        raise refuse("query_error", "REQUESTED_METRICS_FOR_MANAGER", message)
    return Execution(scope, checked, version)


@dataclass
class Execution:
    """A checked query on an account. Nothing is computed before rows are asked for."""

    scope: Scope
    checked: Checked
    version: str

    @cached_property
    def asked(self) -> Asked:
        """Days and splits that the query wants."""
        window = self.checked.window
        first = window.start or self.scope.world.start
        last = window.end or self.scope.date
        names = tuple(dict.fromkeys(f.name for f in self.checked.select if f.category is Category.SEGMENT))
        split_by = self._split_kinds()
        return Asked(
            first.toordinal(),
            last.toordinal(),
            _day_test(self.checked.filters),
            Splits(names),
            by_campaign="campaign" in split_by,
            by_ad_group="ad_group" in split_by,
        )

    def _split_kinds(self) -> frozenset[str]:
        """Segmenting resources that are selected and that the main resource does not refer to itself."""
        selected = {f.resource for f in self.checked.select if f.category is Category.ATTRIBUTE}
        split = selected & self.checked.resource.segmenting
        return frozenset(kind for kind in split if not _refers(self.checked.resource.name, kind))

    @property
    def wants_statistics(self) -> bool:
        """Whether the query names a metric or selects a segment or a segmenting resource."""
        return self.checked.has_metrics or bool(self.asked.splits.names) or bool(self._split_kinds())

    def rows(self) -> Iterator[Row]:
        """The rows of the answer, filtered, sorted and limited."""
        found: Iterable[Row] = self._filtered(self._gathered())
        for sort in reversed(self.checked.sorts):
            value = self.reader(sort.field.name)
            found = sorted(found, key=_sort_key(value), reverse=sort.descending)
        limit = self.checked.query.limit
        return iter(found) if limit is None else islice(iter(found), limit)

    def _gathered(self) -> Iterator[Row]:
        name = self.checked.resource.name
        if name in _TERM_VIEWS:
            yield from self._terms()
        elif name == "click_view":
            day = self.checked.window.start or self.scope.date
            for base, key in clicks.rows(self.scope, day, self.asked.splits):
                if self.keeps(base, NO_EXTRA):
                    yield Row(base, NO_EXTRA, key, clicks.ONE)
        else:
            yield from self._reported([r for r in base_rows.rows(self.scope, name) if self.keeps(r, None)])

    def _reported(self, bases: Sequence[Base]) -> Iterator[Row]:
        if not self.wants_statistics:
            for base in bases:
                yield Row(base, NO_EXTRA, (), ZERO)
            return
        if not self.checked.has_metrics and not self.asked.splits.names and self.checked.resource.name in _BY_CAMPAIGN:
            yield from self._with_campaigns(bases)
            return
        totals = statistics.totals(self.scope, self.checked.resource.name, bases, self.asked)
        if not self.asked.splits.names and not self._split_kinds():
            for base in bases:
                counts = totals.get((base.name, NO_EXTRA, ()), ZERO)
                if counts is not ZERO or self.checked.resource.name not in base_rows.ONLY_WITH_TRAFFIC:
                    yield Row(base, NO_EXTRA, (), counts)
            return
        by_name = {base.name: base for base in bases}
        for (name, extra, key), counts in totals.items():
            if self.keeps(by_name[name], extra):
                yield Row(by_name[name], extra, key, counts)

    def _with_campaigns(self, bases: Sequence[Base]) -> Iterator[Row]:
        """Budgets and strategies with each campaign that uses them."""
        for base in bases:
            for campaign in self.scope.children("campaign", base.kind, base.name):
                extra = (campaign.resource_name, "")
                if self.keeps(base, extra):
                    yield Row(base, extra, (), ZERO)

    def _terms(self) -> Iterator[Row]:
        by_keyword = any(name.startswith("segments.keyword.") for name in self.asked.splits.names)
        source = TermRows(self.scope, self.checked.resource.name, by_keyword)
        summed: dict[tuple[str, Key], Row] = {}
        kept: dict[str, bool] = {}
        for base, key, counts in source.rows(self.asked):
            if base.name not in kept:
                kept[base.name] = self.keeps(base, NO_EXTRA)
            if not kept[base.name]:
                continue
            before = summed.get((base.name, key))
            total = counts if before is None else before.counts.plus(counts)
            summed[(base.name, key)] = Row(base, NO_EXTRA, key, total)
        yield from summed.values()

    # filters and values

    @cached_property
    def _attribute_filters(self) -> list[tuple[str, Callable[[Any], Any], Test]]:
        return [
            (f.field.resource, access.reader(f.field.resource, f.field.path[1:]), predicate(f))
            for f in self.checked.filters
            if f.field.category is Category.ATTRIBUTE
        ]

    def keeps(self, base: Base, extra: Extra | None = NO_EXTRA) -> bool:
        """Whether a row passes the filters on attributes; with `extra` None those on split kinds wait."""
        for kind, read, test in self._attribute_filters:
            if extra is None and kind in self._waiting:
                continue
            entity = self.entity(base, extra or NO_EXTRA, kind)
            if not test(read(entity) if entity is not None else None):
                return False
        return True

    @cached_property
    def _waiting(self) -> frozenset[str]:
        return self._split_kinds()

    def entity(self, base: Base, extra: Extra, kind: str) -> Any | None:
        """The entity of a kind in a row."""
        if kind in self._waiting:
            return self.scope.get(kind, extra[0] if kind == "campaign" else extra[1])
        return self.scope.attributed(base, kind)

    def _filtered(self, rows: Iterable[Row]) -> Iterator[Row]:
        tests = [
            (self.reader(f.field.name), predicate(f))
            for f in self.checked.filters
            if f.field.category is Category.METRIC
            or (f.field.category is Category.SEGMENT and f.field.name not in CORE_DATE_SEGMENTS)
        ]
        for row in rows:
            if all(test(read(row)) for read, test in tests):
                yield row

    def reader(self, name: str) -> Callable[[Row], Any]:
        """A function that gives the value of a field of the query in a row."""
        field = next(f for f in self._fields() if f.name == name)
        if field.category is Category.METRIC:
            return lambda row: metrics.value_of(name, row.counts)
        if field.category is Category.SEGMENT:
            position = self.asked.splits.names.index(name)
            return lambda row: row.key[position] if row.key else None
        read, kind = access.reader(field.resource, field.path[1:]), field.resource

        def value(row: Row) -> Any:
            entity = self.entity(row.base, row.extra, kind)
            return read(entity) if entity is not None else None

        return value

    def _fields(self) -> Iterator[gaql.Field]:
        yield from self.checked.select
        yield from (f.field for f in self.checked.filters)
        yield from (s.field for s in self.checked.sorts)

    # writing

    def encoded(self) -> Iterator[bytes]:
        """The rows as messages of the call's version."""
        write = self.row_writer()
        for row in self.rows():
            yield write(row)

    def row_writer(self) -> Callable[[Row], bytes]:
        """A function that writes a row (without its key and length)."""
        fragments = projection.fragments(self.checked, self.version)
        selected = self.checked.select
        chosen = [f for f in selected if f.category is Category.METRIC]
        scored = metrics.encoder(chosen, self.version) if chosen else None
        names = self.asked.splits.names
        split = [f for f in selected if f.category is Category.SEGMENT]
        segmented = segments.encoder(split, names, self.version) if names else None

        def write(row: Row) -> bytes:
            parts = [one.encode(self.entity(row.base, row.extra, one.kind)) for one in fragments]
            if scored is not None:
                parts.append(scored.encode(row.counts))
            if segmented is not None:
                parts.append(segmented.encode(row.key or (None,) * len(names)))
            return b"".join(parts)

        return write

    def summary(self) -> bytes:
        """The summary row: the selected metrics of all rows together."""
        chosen = [f for f in self.checked.select if f.category is Category.METRIC]
        total = ZERO
        for row in self._filtered(self._gathered()):
            total = total.plus(row.counts)
        return metrics.encoder(chosen, self.version).encode(total) if chosen else b""

    def count(self) -> int:
        """How many rows match, LIMIT ignored."""
        return sum(1 for _ in self._filtered(self._gathered()))


def _sort_key(read: Callable[[Row], Any]) -> Callable[[Row], tuple[bool, Any]]:
    def key(row: Row) -> tuple[bool, Any]:
        value = read(row)
        return (value is not None, value if value is not None else 0)

    return key


def _refers(kind: str, other: str) -> bool:
    return joins.route(kind, other) is not None


def _day_test(filters: Sequence[Filter]) -> Callable[[int], bool]:
    """Core date filters that a window of days cannot express (IN, !=)."""
    tests = [
        (f.field.name, predicate(f))
        for f in filters
        if f.field.name in CORE_DATE_SEGMENTS and f.operator not in ("DURING", "BETWEEN", ">=", "<=", "=", "<", ">")
    ]
    if not tests:
        return lambda _: True
    return lambda day: all(test(segments.of_day(name, day)) for name, test in tests)
