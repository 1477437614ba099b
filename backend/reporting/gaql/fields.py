"""The field catalogue as the API shows it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from backend.core.errors import Finding, Invalid
from backend.integrations.googleads.gaql import Catalogue, Category, Field
from backend.integrations.googleads.gaql.suggest import closest
from backend.reporting.gaql.roles import role_for_resource

PARTS = ("metrics", "segments")


def listed(catalogue: Catalogue, resource: str | None, containing: str | None) -> dict[str, Any]:
    """The resources, or the fields of one (`metrics` and `segments` included) and what goes with it.

    Raises:
        Invalid: there is no such resource; the nearest one is named.
    """
    answer: dict[str, Any] = {"api_version": catalogue.version, "resource": resource}
    if resource is None:
        names = sorted(name for name in catalogue.resources if containing is None or containing in name)
        found = _searched(catalogue, containing) if containing else []
        resources = [{"name": name, "role": role_for_resource(name).name.lower()} for name in names]
        return {**answer, "resources": resources, "fields": found}
    if resource not in catalogue.resources and resource not in PARTS:
        near = closest(resource.lower(), [*catalogue.resources, *PARTS])
        message = f"There is no resource {resource!r} in {catalogue.version}." + (
            f" Did you mean {near}?" if near else ""
        )
        raise Invalid("The resource is not known.", errors=(Finding("/resource", "resource", message),))
    fields = [
        field for field in catalogue.fields_of(resource).values() if containing is None or containing in field.name
    ]
    answer["fields"] = _described(fields)
    if resource in catalogue.resources:
        goes_with = catalogue.resource(resource)
        answer["attributed_resources"] = sorted(goes_with.attributed)
        answer["segments"] = sorted(goes_with.segments)
        answer["metrics"] = sorted(goes_with.metrics)
    return answer


def _searched(catalogue: Catalogue, containing: str) -> list[dict[str, Any]]:
    return _described(field for field in catalogue.all_fields() if containing in field.name)


def _described(fields: Iterable[Field]) -> list[dict[str, Any]]:
    return [
        {
            "name": field.name,
            "category": field.category.value,
            "data_type": field.data_type.value,
            "selectable": field.selectable,
            "filterable": field.filterable,
            "sortable": field.sortable,
            "is_repeated": field.repeated,
            "enum_values": list(field.enum_values),
        }
        for field in fields
        if field.category is not Category.RESOURCE
    ]
