"""GoogleAdsFieldService: the catalogue as Google tells it, with a small query language of its own.

`get(request, version)` answers GetGoogleAdsField, `search_fields(request, version)` SearchGoogleAdsFields; both give
raw messages of the store's version and raise Refusal. Queries have no FROM clause.
"""

import base64
import json
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from google.ads.googleads.v26.resources.types import google_ads_field
from google.ads.googleads.v26.services.types import google_ads_field_service

from backend.integrations.googleads.gaql import (
    Catalogue,
    Category,
    DataType,
    Field,
    Filter,
    GaqlError,
    Query,
    catalogue,
    parse,
)
from backend.integrations.googleads.gaql.groups import metric_goes_with
from backend.integrations.googleads.gaql.suggest import closest
from backend.integrations.googleads.gaql.values import operands
from backend.sandbox.googleads.errors import Refusal, refuse
from backend.sandbox.googleads.search.predicates import Test, predicate

PAGE = 10_000
_MESSAGE = google_ads_field.GoogleAdsField.pb()
_RESPONSE = google_ads_field_service.SearchGoogleAdsFieldsResponse.pb()
_FIELDS = {field.name: field for field in _MESSAGE.DESCRIPTOR.fields}


def get(request: Any, version: str) -> Any:
    """One field or resource by `googleAdsFields/{name}`."""
    prefix, _, name = request.resource_name.partition("/")
    if prefix != "googleAdsFields" or not name:
        raise refuse("request_error", "RESOURCE_NAME_MALFORMED", path=("resource_name",))
    found = catalogue(version).field(name)
    if found is None:
        raise refuse("request_error", "RESOURCE_NOT_FOUND", path=("resource_name",), trigger=request.resource_name)
    return _message(found, version, tuple(_FIELDS))


def search_fields(request: Any, version: str) -> Any:
    """The fields that a query asks for, a page of them."""
    try:
        query = _parsed(request.query)
        tests = list(_tests(query))
    except GaqlError as error:
        raise refuse(error.oneof, error.code, error.message, trigger=error.trigger) from error
    selected = tuple(name.text for name in query.select)
    found = [field for field in catalogue(version).all_fields() if all(test(field, version) for test in tests)]
    for ordering in reversed(query.order_by):
        found.sort(key=_sort_key(_READ[ordering.field.text], version), reverse=ordering.descending)
    if query.limit is not None:
        found = found[: query.limit]
    return _page(request, found, selected, version)


def _parsed(text: str) -> Query:
    query = parse(text, needs_from=False)
    if query.resource is not None:
        message = "FROM clause cannot be specified in this query."
        raise GaqlError("UNEXPECTED_FROM_CLAUSE", message, query.resource.span)
    return query


def _page(request: Any, found: list[Field], selected: tuple[str, ...], version: str) -> Any:
    size = request.page_size or PAGE
    if not 1 <= size <= PAGE:
        raise refuse("request_error", "INVALID_PAGE_SIZE", path=("page_size",), trigger=size)
    start = _offset(request)
    response = _RESPONSE(total_results_count=len(found))
    for field in found[start : start + size]:
        response.results.append(_message(field, version, selected))
    if start + size < len(found):
        token = json.dumps([start + size, request.query])
        response.next_page_token = base64.urlsafe_b64encode(token.encode()).decode()
    return response


def _offset(request: Any) -> int:
    if not request.page_token:
        return 0
    try:
        offset, query = json.loads(base64.urlsafe_b64decode(request.page_token.encode()))
    except (ValueError, TypeError):
        raise _bad_token() from None
    if query != request.query or not isinstance(offset, int):
        raise _bad_token()
    return offset


def _bad_token() -> Refusal:
    return refuse("request_error", "INVALID_PAGE_TOKEN", path=("page_token",))


def _sort_key(read: Callable[[Field, str], Any], version: str) -> Callable[[Field], str]:
    return lambda field: str(read(field, version))


# conditions


def _tests(query: Query) -> Iterable[Callable[[Field, str], bool]]:
    mentioned = [*query.select, *(c.field for c in query.where), *(o.field for o in query.order_by)]
    for name in mentioned:
        if name.text not in _READ:
            message = f"Unrecognized field in the query: '{name.text}'."
            raise GaqlError(
                "UNRECOGNIZED_FIELD", message, name.span, suggestion=closest(name.text, _READ), trigger=name.text
            )
    for condition in query.where:
        described = _described(condition.field.text)
        test = predicate(Filter(described, condition.operator, operands(condition, described)))
        yield _on(condition.field.text, test)


def _on(name: str, test: Test) -> Callable[[Field, str], bool]:
    read = _READ[name]
    return lambda field, version: test(read(field, version))


def _described(name: str) -> Field:
    """The language's view of a field of GoogleAdsField itself."""
    descriptor = _FIELDS[name]
    kind = DataType.STRING
    if descriptor.type == descriptor.TYPE_BOOL:
        kind = DataType.BOOLEAN
    elif descriptor.enum_type is not None:
        kind = DataType.ENUM
    values = {value.name: value.number for value in descriptor.enum_type.values} if descriptor.enum_type else {}
    return Field(name, Category.ATTRIBUTE, kind, (name,), repeated=descriptor.is_repeated, enum_values=values)


# contents


def _message(field: Field, version: str, selected: Iterable[str]) -> Any:
    message = _MESSAGE(resource_name=f"googleAdsFields/{field.name}")
    for name in selected:
        value = _READ[name](field, version)
        if _FIELDS[name].is_repeated:
            getattr(message, name).extend(value)
        else:
            setattr(message, name, value)
    return message


def _number(enum_field: str, name: str) -> int:
    return int(_FIELDS[enum_field].enum_type.values_by_name[name].number)


def _resource_of(field: Field) -> str | None:
    return None if field.category in (Category.METRIC, Category.SEGMENT) else field.resource


def _attribute_resources(field: Field, version: str) -> list[str]:
    if field.category is not Category.RESOURCE:
        return []
    return sorted(catalogue(version).resource(field.name).attributed)


def _metrics(field: Field, version: str) -> list[str]:
    if field.category is not Category.RESOURCE:
        return []
    return sorted(catalogue(version).resource(field.name).metrics)


def _segments(field: Field, version: str) -> list[str]:
    if field.category is not Category.RESOURCE:
        return []
    found = catalogue(version).resource(field.name)
    return sorted(found.segments | found.segmenting)


@cache
def _selectable_with(name: str, version: str) -> tuple[str, ...]:
    known = catalogue(version)
    field = known.field(name)
    if field is None:
        return ()
    resource = _resource_of(field)
    if resource is not None:
        found = known.resource(resource)
        return tuple(sorted(found.attributed | found.segmenting | found.metrics | found.segments))
    return tuple(sorted(_with_statistic(field, known)))


def _with_statistic(field: Field, known: Catalogue) -> set[str]:
    """What goes with a metric or a segment: the reports that have it, and what these have besides."""
    found: set[str] = set()
    for name in known.resources:
        report = known.resource(name)
        if field.name in report.metrics:
            found |= {name} | {segment for segment in report.segments if metric_goes_with(field.name, segment)}
        elif field.name in report.segments:
            found |= {name} | {metric for metric in report.metrics if metric_goes_with(metric, field.name)}
            found |= report.segments - {field.name}
    return found


_READ: dict[str, Callable[[Field, str], Any]] = {
    "resource_name": lambda field, _: f"googleAdsFields/{field.name}",
    "name": lambda field, _: field.name,
    "category": lambda field, _: _number("category", field.category.value),
    "selectable": lambda field, _: field.selectable,
    "filterable": lambda field, _: field.filterable,
    "sortable": lambda field, _: field.sortable,
    "selectable_with": lambda field, version: list(_selectable_with(field.name, version)),
    "attribute_resources": _attribute_resources,
    "metrics": _metrics,
    "segments": _segments,
    "enum_values": lambda field, _: sorted(field.enum_values),
    "data_type": lambda field, _: _number("data_type", field.data_type.value),
    "type_url": lambda field, _: field.type_url,
    "is_repeated": lambda field, _: field.repeated,
}
