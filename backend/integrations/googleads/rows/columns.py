"""What a GAQL query selects and the table column that each selected field becomes.

Nothing here touches protobuf or PostgreSQL: a `Selection` is the agreement between a query, the decoder that reads its
answer and the merge that stores it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Literal
from uuid import UUID


class Kind(Enum):
    """How a protobuf field becomes a PostgreSQL value; the value is the type of the staged column."""

    INT = "bigint"
    FLOAT = "double precision"
    DECIMAL = "numeric"  # a double, as the decimal number of 15 digits that PostgreSQL would make of it
    TEXT = "text"
    BOOL = "boolean"
    DATE = "date"  # 'YYYY-MM-DD' strings
    DAY = "date "  # 'YYYY-MM-DD hh:mm:ss' strings, of which the day is kept
    NUMBER = "smallint"  # the enum's number, for tables that store it as Google sends it
    ENUM = "text  "  # the enum's name; a number that this version does not know becomes UNKNOWN
    ID = "bigint "  # the last number of a resource name: customers/1/adGroupCriteria/5~7 becomes 7
    TEXTS = "text[]"  # a repeated string
    JSON = "jsonb"  # a message or a repeated field, as its proto JSON with proto field names

    @property
    def sql_type(self) -> str:
        """The PostgreSQL type of the staged column."""
        return self.value.strip()


@dataclass(frozen=True, slots=True)
class Column:
    """One selected field (`path` as GAQL spells it) and the column that it fills.

    `nullable`: a field that Google left unset becomes NULL; otherwise it becomes the zero of its type.
    """

    path: str
    name: str
    kind: Kind
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class Constant:
    """A column that has the same value in every row, such as the account: it is stored beside what Google said."""

    name: str
    sql_type: Literal["uuid", "smallint", "bigint"]
    value: UUID | int


@dataclass(frozen=True, slots=True)
class Selection:
    """The columns that one query asks for, and the ones that make a row unique within the query's answer."""

    columns: tuple[Column, ...]
    key: tuple[str, ...]

    def __post_init__(self) -> None:
        names = [column.name for column in self.columns]
        if len(set(names)) != len(names):
            raise ValueError(f"a column is named twice: {sorted(names)}")
        missing = [name for name in self.key if name not in names]
        if missing:
            raise ValueError(f"key columns that are not selected: {missing}")

    @property
    def names(self) -> tuple[str, ...]:
        """The staged columns, in the order of the rows that decoders yield."""
        return tuple(column.name for column in self.columns)

    @property
    def flat(self) -> bool:
        """Whether every column is a scalar or a list of texts, so that the Arrow path can carry it."""
        return all(column.kind is not Kind.JSON for column in self.columns)

    def select(self) -> str:
        """The SELECT list of the query."""
        return ", ".join(dict.fromkeys(column.path for column in self.columns))
