"""A query against the catalogue of a version: everything that Google refuses before it reads a row.

`check` gives what an executor needs, or raises the first error in the order in which Google finds them; `problems`
gives all of them. Rules that depend on the day (ranges of DURING, 37 months) need `today`, the account's date.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial

from backend.integrations.googleads.gaql import groups, special
from backend.integrations.googleads.gaql.catalogue import Catalogue
from backend.integrations.googleads.gaql.date_rules import check_dates, date_window
from backend.integrations.googleads.gaql.dates import Window, predefined
from backend.integrations.googleads.gaql.errors import GaqlError, Span
from backend.integrations.googleads.gaql.fields import CORE_DATE_SEGMENTS, Category, Field, Resource
from backend.integrations.googleads.gaql.nodes import Condition, Name, Query
from backend.integrations.googleads.gaql.parser import parse
from backend.integrations.googleads.gaql.suggest import closest
from backend.integrations.googleads.gaql.values import Operand, operands

PARAMETERS = ("include_drafts", "omit_unselected_resource_names")


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition with its field and typed operands."""

    field: Field
    operator: str
    operands: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Sort:
    """One sort key."""

    field: Field
    descending: bool


@dataclass(frozen=True, slots=True)
class Checked:
    """A query that holds: fields resolved in the version of the call. `window` is what core date filters leave."""

    query: Query
    resource: Resource
    select: tuple[Field, ...]
    filters: tuple[Filter, ...]
    sorts: tuple[Sort, ...]
    window: Window

    @property
    def omit_resource_names(self) -> bool:
        return (self.query.parameter("omit_unselected_resource_names") or "").lower() == "true"

    @property
    def has_metrics(self) -> bool:
        """Whether statistics are asked for, selected or filtered."""
        fields = (*self.select, *(f.field for f in self.filters), *(s.field for s in self.sorts))
        return any(field.category is Category.METRIC for field in fields)


def check(query: str | Query, catalogue: Catalogue, *, today: date | None = None) -> Checked:
    """The checked query. Raises GaqlError, the first of `problems`."""
    tree = parse(query) if isinstance(query, str) else query
    for problem in _problems(tree, catalogue, today):
        raise problem
    return _resolve(tree, catalogue, today)


def problems(query: str, catalogue: Catalogue, *, today: date | None = None) -> list[GaqlError]:
    """Everything wrong with a query; a syntax error hides the rest."""
    try:
        tree = parse(query)
    except GaqlError as error:
        return [error]
    return list(_problems(tree, catalogue, today))


def _resolve(query: Query, catalogue: Catalogue, today: date | None) -> Checked:
    if query.resource is None:
        raise AssertionError("a checked query has a FROM clause")
    filters = []
    for condition in query.where:
        field = _known(catalogue, condition.field.text)
        filters.append(_filter(condition, field, today))
    return Checked(
        query,
        catalogue.resource(query.resource.text),
        tuple(_known(catalogue, name.text) for name in query.select),
        tuple(filters),
        tuple(Sort(_known(catalogue, key.field.text), key.descending) for key in query.order_by),
        date_window(query, today),
    )


def _filter(condition: Condition, field: Field, today: date | None) -> Filter:
    """A condition with typed operands; once the day is known, DURING is the range that it stands for."""
    values = operands(condition, field)
    if condition.operator != "DURING" or today is None:
        return Filter(field, condition.operator, values)
    window = predefined(str(values[0]), today)
    return Filter(field, "BETWEEN", (str(window.start), str(window.end)))


def _known(catalogue: Catalogue, name: str) -> Field:
    field = catalogue.field(name)
    if field is None:
        raise AssertionError(f"{name} was not checked")
    return field


def _problems(query: Query, catalogue: Catalogue, today: date | None) -> Iterator[GaqlError]:
    if query.resource is None or query.resource.text not in catalogue.resources:
        yield _bad_resource(query, catalogue)
        return
    unknown = list(_unrecognized(query, catalogue))
    if unknown:
        yield from unknown
        return
    checker = _Checker(query, catalogue, catalogue.resource(query.resource.text))
    for rule in (checker.selectable, checker.together, checker.conditions, checker.orderings, checker.parameters):
        yield from rule()
    yield from _raised(lambda: check_dates(query, catalogue.version, today))
    yield from _raised(lambda: special.check_resource(query, today))


def _raised(rule: Callable[[], object]) -> Iterator[GaqlError]:
    try:
        rule()
    except GaqlError as error:
        yield error


def _bad_resource(query: Query, catalogue: Catalogue) -> GaqlError:
    name = query.resource.text if query.resource else ""
    span = query.resource.span if query.resource else Span(0, 0)
    return GaqlError(
        "BAD_RESOURCE_TYPE_IN_FROM_CLAUSE",
        f"Error in query: invalid resource type in FROM clause: '{name}'.",
        span,
        suggestion=closest(name.lower(), catalogue.resources),
        trigger=name,
    )


def _mentioned(query: Query) -> Iterator[Name]:
    yield from query.select
    for condition in query.where:
        yield condition.field
    for ordering in query.order_by:
        yield ordering.field


def _unrecognized(query: Query, catalogue: Catalogue) -> Iterator[GaqlError]:
    unknown = [name for name in _mentioned(query) if catalogue.field(name.text) is None]
    names = list(dict.fromkeys(f"'{name.text}'" for name in unknown))
    noun = "fields" if len(names) > 1 else "field"
    for name in unknown:
        yield GaqlError(
            "UNRECOGNIZED_FIELD",
            f"Unrecognized {noun} in the query: {', '.join(names)}.",
            name.span,
            suggestion=_nearest_field(name.text, catalogue),
            trigger=name.text,
        )


def _nearest_field(name: str, catalogue: Catalogue) -> str | None:
    head, _, tail = name.partition(".")
    if head not in catalogue.row.fields_by_name:
        resource = closest(head, [*catalogue.resources, "metrics", "segments"])
        if resource is None:
            return None
        fixed = f"{resource}.{tail}" if tail else resource
        return fixed if catalogue.field(fixed) else closest(fixed, _selectable(catalogue, resource))
    return closest(name, _selectable(catalogue, head))


def _selectable(catalogue: Catalogue, resource: str) -> list[str]:
    return [field.name for field in catalogue.fields_of(resource).values() if field.selectable]


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


class _Checker:
    def __init__(self, query: Query, catalogue: Catalogue, resource: Resource) -> None:
        self.query, self.catalogue, self.resource = query, catalogue, resource
        self.selected = {name.text for name in query.select}
        self._joined = {resource.name} | resource.attributed | resource.segmenting

    def _field(self, name: Name) -> Field:
        return _known(self.catalogue, name.text)

    def selectable(self) -> Iterator[GaqlError]:
        for name in self.query.select:
            if not self._field(name).selectable:
                message = f"The following field cannot be included in the SELECT clause: '{name.text}'."
                yield GaqlError("PROHIBITED_FIELD_IN_SELECT_CLAUSE", message, name.span, trigger=name.text)

    def together(self) -> Iterator[GaqlError]:
        filtered = [condition.field for condition in self.query.where]
        yield from self._foreign_resources(self.query.select, "SELECT", "select fields from")
        yield from self._foreign_resources(filtered, "WHERE", "filter on fields of")
        both = (*self.query.select, *filtered)
        yield from self._incompatible(both, Category.SEGMENT, self.resource.segments)
        yield from self._incompatible(both, Category.METRIC, self.resource.metrics)
        yield from self._split_metrics(both)

    def _foreign_resources(self, names: Sequence[Name], clause: str, verb: str) -> Iterator[GaqlError]:
        foreign = [
            name
            for name in names
            if self._field(name).category in (Category.ATTRIBUTE, Category.RESOURCE)
            and self._field(name).resource not in self._joined
        ]
        resources = list(dict.fromkeys(name.text.partition(".")[0].upper() for name in foreign))
        for name in foreign:
            yield GaqlError(
                f"PROHIBITED_RESOURCE_TYPE_IN_{clause}_CLAUSE",
                f"Cannot {verb} the following resources: {_quoted(resources)}, since the resource is incompatible "
                "with the resource in FROM clause.",
                name.span,
                trigger=name.text,
            )

    def _incompatible(self, names: Sequence[Name], category: Category, allowed: frozenset[str]) -> Iterator[GaqlError]:
        bad = [name for name in names if self._field(name).category is category and name.text not in allowed]
        noun, both = category.value.lower(), "select or filter on"
        shown = [name.text if category is Category.SEGMENT else name.text.removeprefix("metrics.") for name in bad]
        listed = ", ".join(
            f"'{name}'(could not support requested resources: '{self.resource.name.upper()}')"
            for name in dict.fromkeys(shown)
        )
        for name in bad:
            yield GaqlError(
                f"PROHIBITED_{noun.upper()}_IN_SELECT_OR_WHERE_CLAUSE",
                f"Cannot {both} the following {noun}s: {listed}, since {noun} is incompatible with the "
                "resource in the FROM clause or other selected segmenting resources.",
                name.span,
                suggestion=closest(name.text, allowed),
                trigger=name.text,
            )

    def _split_metrics(self, names: Sequence[Name]) -> Iterator[GaqlError]:
        segments = [name for name in names if self._field(name).category is Category.SEGMENT]
        metrics = [name.text for name in names if self._field(name).category is Category.METRIC]
        for segment in segments:
            bad = [metric for metric in metrics if not groups.metric_goes_with(metric, segment.text)]
            if bad:
                yield GaqlError(
                    "PROHIBITED_SEGMENT_WITH_METRIC_IN_SELECT_OR_WHERE_CLAUSE",
                    f"The following segment is incompatible with the metrics {_quoted(dict.fromkeys(bad))}: "
                    f"'{segment.text}'.",
                    segment.span,
                    trigger=segment.text,
                )

    def conditions(self) -> Iterator[GaqlError]:
        for condition in self.query.where:
            field = self._field(condition.field)
            if not field.filterable:
                message = f"The following field cannot be included in the WHERE clause: '{field.name}'."
                yield GaqlError("PROHIBITED_FIELD_IN_WHERE_CLAUSE", message, condition.field.span, trigger=field.name)
                continue
            yield from self._unreferenced(condition)
            yield from _raised(partial(operands, condition, field))

    def _unreferenced(self, condition: Condition) -> Iterator[GaqlError]:
        field = self._field(condition.field)
        splits = field.category is Category.SEGMENT and field.name not in CORE_DATE_SEGMENTS
        if (splits or field.resource in self.resource.segmenting) and field.name not in self.selected:
            yield self._not_selected(condition.field)

    def _not_selected(self, name: Name) -> GaqlError:
        return GaqlError(
            "EXPECTED_REFERENCED_FIELD_IN_SELECT_CLAUSE",
            f"The following field must be present in SELECT clause: '{name.text}'.",
            name.span,
            trigger=name.text,
        )

    def orderings(self) -> Iterator[GaqlError]:
        resources = {self.resource.name, *(self._field(name).resource for name in self.query.select)}
        for ordering in self.query.order_by:
            field = self._field(ordering.field)
            free = field.category is Category.ATTRIBUTE and field.resource in resources
            if not field.sortable:
                message = f"The following field cannot be included in the ORDER BY clause: '{field.name}'."
                yield GaqlError("PROHIBITED_FIELD_IN_ORDER_BY_CLAUSE", message, ordering.field.span, trigger=field.name)
            elif not free and field.name not in self.selected:
                yield self._not_selected(ordering.field)

    def parameters(self) -> Iterator[GaqlError]:
        for parameter in self.query.parameters:
            name, value = parameter.name, parameter.value
            if name.text not in PARAMETERS:
                yield GaqlError(
                    "BAD_PARAMETER_NAME",
                    f"Unknown or unsupported parameter: '{name.text}'.",
                    name.span,
                    suggestion=closest(name.text, PARAMETERS),
                    trigger=name.text,
                )
            elif value.text.lower() not in ("true", "false"):
                message = f"Invalid value for parameter '{name.text}': {value.text}."
                yield GaqlError("BAD_PARAMETER_VALUE", message, value.span, suggestion="true", trigger=value.text)
