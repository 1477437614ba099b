"""What is known of one field of the language, and the names that never change."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

CORE_DATE_SEGMENTS = frozenset(f"segments.{name}" for name in ("date", "week", "month", "quarter", "year"))
DAY_SEGMENTS = frozenset(f"segments.{name}" for name in ("date", "week", "hour", "day_of_week"))


class Category(Enum):
    """GoogleAdsFieldCategoryEnum."""

    RESOURCE = "RESOURCE"
    ATTRIBUTE = "ATTRIBUTE"
    SEGMENT = "SEGMENT"
    METRIC = "METRIC"


class DataType(Enum):
    """GoogleAdsFieldDataTypeEnum."""

    BOOLEAN = "BOOLEAN"
    DATE = "DATE"
    DOUBLE = "DOUBLE"
    ENUM = "ENUM"
    FLOAT = "FLOAT"
    INT32 = "INT32"
    INT64 = "INT64"
    MESSAGE = "MESSAGE"
    RESOURCE_NAME = "RESOURCE_NAME"
    STRING = "STRING"
    UINT64 = "UINT64"

    @property
    def is_number(self) -> bool:
        return self in _NUMBERS

    @property
    def is_text(self) -> bool:
        return self in (DataType.STRING, DataType.RESOURCE_NAME)


_NUMBERS = frozenset({DataType.DOUBLE, DataType.FLOAT, DataType.INT32, DataType.INT64, DataType.UINT64})


@dataclass(frozen=True, slots=True)
class Field:
    """One selectable thing, or a resource. `path` is where it lies in GoogleAdsRow, in the descriptors' own names."""

    name: str
    category: Category
    data_type: DataType
    path: tuple[str, ...] = ()
    selectable: bool = True
    filterable: bool = True
    sortable: bool = True
    repeated: bool = False
    enum_values: Mapping[str, int] = field(default_factory=dict)
    type_url: str = ""

    @property
    def resource(self) -> str:
        """The row field this lies in: a resource's name, `metrics` or `segments`."""
        return self.name.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Resource:
    """What may be selected FROM a resource: names of other resources, metrics and segments."""

    name: str
    attributed: frozenset[str]  # joined one to one: selectable and filterable freely
    segmenting: frozenset[str]  # joined, but split the rows: a filter on them must be selected
    metrics: frozenset[str]
    segments: frozenset[str]
