"""The fields of one API version, read from the protobuf descriptors of `GoogleAdsRow`.

Names are GAQL's: where Python forced a trailing underscore on a descriptor (`type_`), the language says `type`.
What descriptors cannot tell (which fields go together, what can be sorted) comes from the rules in `compatibility`.
This is the only module of the package that knows protobuf.
"""

import importlib
from collections.abc import Iterator, Mapping
from functools import cache, cached_property

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

from backend.integrations.googleads.gaql import compatibility
from backend.integrations.googleads.gaql.fields import Category, DataType, Field, Resource

VERSIONS = ("v23", "v24", "v25", "v26")
_SCALARS = {
    FieldDescriptor.TYPE_BOOL: DataType.BOOLEAN,
    FieldDescriptor.TYPE_DOUBLE: DataType.DOUBLE,
    FieldDescriptor.TYPE_FLOAT: DataType.FLOAT,
    FieldDescriptor.TYPE_INT32: DataType.INT32,
    FieldDescriptor.TYPE_INT64: DataType.INT64,
    FieldDescriptor.TYPE_UINT64: DataType.UINT64,
    FieldDescriptor.TYPE_ENUM: DataType.ENUM,
}
_NOT_RESOURCES = frozenset({"metrics", "segments"})


class Catalogue:
    """Every field that queries of one version can name."""

    def __init__(self, version: str) -> None:
        if version not in VERSIONS:
            raise ValueError(f"unknown API version {version}")
        self.version = version
        module = importlib.import_module(f"google.ads.googleads.{version}.services.types.google_ads_service")
        self.row: Descriptor = module.GoogleAdsRow.pb().DESCRIPTOR
        self._by_resource: dict[str, dict[str, Field]] = {}
        self._resources: dict[str, Resource] = {}

    @cached_property
    def resources(self) -> frozenset[str]:
        """Names that can stand in a FROM clause."""
        return frozenset(field.name for field in self.row.fields) - _NOT_RESOURCES

    def field(self, name: str) -> Field | None:
        """A field by its GAQL name (or a resource by its own), or None."""
        head = name.partition(".")[0]
        return self.fields_of(head).get(name) if head in self.row.fields_by_name else None

    def fields_of(self, resource: str) -> Mapping[str, Field]:
        """Fields of one resource, of `metrics` or of `segments`, by name; a resource contains itself. KeyError."""
        fields = self._by_resource.get(resource)
        if fields is None:
            fields = self._by_resource[resource] = {field.name: field for field in self._read(resource)}
        return fields

    def resource(self, name: str) -> Resource:
        """What goes with a resource in a query. KeyError for a name that this version does not have."""
        found = self._resources.get(name)
        if found is None:
            if name not in self.resources:
                raise KeyError(name)
            found = self._resources[name] = compatibility.resource(
                name,
                references=self._references(name),
                resources=self.resources,
                metrics=frozenset(self.fields_of("metrics")),
                segments=frozenset(self.fields_of("segments")),
            )
        return found

    def all_fields(self) -> Iterator[Field]:
        """Every field and resource, in alphabetical order of their resource."""
        for name in sorted(self.row.fields_by_name):
            yield from self.fields_of(name).values()

    # reading descriptors

    def _read(self, resource: str) -> Iterator[Field]:
        head = self.row.fields_by_name[resource]
        category = {"metrics": Category.METRIC, "segments": Category.SEGMENT}.get(resource, Category.ATTRIBUTE)
        if category is Category.ATTRIBUTE:
            yield Field(
                resource,
                Category.RESOURCE,
                DataType.MESSAGE,
                (resource,),
                selectable=False,
                filterable=False,
                sortable=False,
                type_url=_type_url(head),
            )
        if head.message_type is not None:
            yield from self._walk(head.message_type, (resource,), category)

    def _walk(self, message: Descriptor, path: tuple[str, ...], category: Category) -> Iterator[Field]:
        for field in message.fields:
            here = (*path, field.name)
            child: Descriptor | None = field.message_type
            if field.type == FieldDescriptor.TYPE_BYTES:
                continue  # contents of files are not part of the language
            if child is None:
                yield self._leaf(field, here, category)
            elif field.is_repeated or _is_whole(path, child):
                yield self._message_leaf(field, here, category)
                if "asset" in child.fields_by_name and child.name.startswith(("Ad", "YouTube")):
                    yield self._asset_of(child, here, category, repeated=field.is_repeated)
            else:
                yield from self._walk(child, here, category)

    def _leaf(self, field: FieldDescriptor, path: tuple[str, ...], category: Category) -> Field:
        data_type = _SCALARS.get(field.type) or self._text_type(path)
        is_own_name = path[-1] == "resource_name"
        return Field(
            gaql_name(path),
            category,
            data_type,
            path,
            sortable=not field.is_repeated and not is_own_name,
            repeated=field.is_repeated,
            enum_values=_enum_values(field.enum_type) if field.enum_type is not None else {},
            type_url=_type_url(field),
        )

    def _message_leaf(self, field: FieldDescriptor, path: tuple[str, ...], category: Category) -> Field:
        return Field(
            gaql_name(path),
            category,
            DataType.MESSAGE,
            path,
            filterable=False,
            sortable=False,
            repeated=field.is_repeated,
            type_url=_type_url(field),
        )

    def _asset_of(self, child: Descriptor, path: tuple[str, ...], category: Category, *, repeated: bool) -> Field:
        here = (*path, "asset")
        return Field(gaql_name(here), category, DataType.RESOURCE_NAME, here, sortable=False, repeated=repeated)

    def _text_type(self, path: tuple[str, ...]) -> DataType:
        last = path[-1]
        if path[0] == "segments":
            if last in ("date", "week", "month", "quarter") or last.endswith("_date"):
                return DataType.DATE
        elif last.endswith(("_date", "_date_time")):
            return DataType.DATE
        if last == "resource_name" or last in self.row.fields_by_name or compatibility.is_reference(path):
            return DataType.RESOURCE_NAME
        return DataType.STRING

    def _references(self, name: str) -> frozenset[str]:
        """Resources that string fields of this one's message are named after."""
        message = self.row.fields_by_name[name].message_type
        if message is None:
            return frozenset()
        return frozenset(
            field.name
            for field in message.fields
            if field.name in self.resources and field.message_type is None and not field.is_repeated
        )


def gaql_name(path: tuple[str, ...]) -> str:
    """The language's spelling of a descriptor path: `ad.type_` is `ad.type`."""
    return ".".join(part.rstrip("_") for part in path)


def _is_whole(path: tuple[str, ...], child: Descriptor) -> bool:
    """Whether a single message is selected as a whole: by the tables, or as another resource inside this one.

    The ad of `ad_group_ad` is the only nested resource whose fields are selected one by one.
    """
    if compatibility.is_leaf_message(path[0], child.name, len(child.fields)):
        return True
    return "resource_name" in child.fields_by_name and path[0] != "ad_group_ad"


def _enum_values(enum: EnumDescriptor) -> dict[str, int]:
    return {value.name: value.number for value in enum.values}


def _type_url(field: FieldDescriptor) -> str:
    if field.message_type is not None:
        return str(field.message_type.full_name)
    return str(field.enum_type.full_name) if field.enum_type is not None else ""


@cache
def catalogue(version: str) -> Catalogue:
    """The catalogue of a version, built once per process. ValueError for an unknown version."""
    return Catalogue(version)
