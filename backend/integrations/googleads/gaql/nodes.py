"""The tree of a query. Positions do not take part in comparison: two queries are equal when they say the same."""

from dataclasses import dataclass
from dataclasses import field as defined
from enum import Enum

from backend.integrations.googleads.gaql.errors import Span

_NOWHERE = Span(0, 0)


class ValueKind(Enum):
    """How a value was written."""

    STRING = "string"
    NUMBER = "number"
    LITERAL = "literal"  # an enum constant, TRUE/FALSE or a date range, without quotes


@dataclass(frozen=True, slots=True)
class Name:
    """A field or resource name as written."""

    text: str
    span: Span = defined(default=_NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a condition; `text` is what stands between the quotes, escapes resolved."""

    kind: ValueKind
    text: str
    span: Span = defined(default=_NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Condition:
    """`field operator values`. BETWEEN has two values, IS NULL none, IN and CONTAINS one or more."""

    field: Name
    operator: str  # one of OPERATORS
    values: tuple[Value, ...]
    span: Span = defined(default=_NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Ordering:
    """One sort key; `descending` False is the default ASC."""

    field: Name
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Parameter:
    """`name = value` of the PARAMETERS clause."""

    name: Name
    value: Value


@dataclass(frozen=True, slots=True)
class Query:
    """A whole query. `resource` is None only for GoogleAdsFieldService, whose queries have no FROM clause."""

    select: tuple[Name, ...]
    resource: Name | None
    where: tuple[Condition, ...] = ()
    order_by: tuple[Ordering, ...] = ()
    limit: int | None = None
    parameters: tuple[Parameter, ...] = ()
    limit_span: Span = defined(default=_NOWHERE, compare=False)

    def parameter(self, name: str) -> str | None:
        """The text of a parameter, or None when it is not given."""
        for parameter in self.parameters:
            if parameter.name.text == name:
                return parameter.value.text
        return None


LIST_OPERATORS = frozenset({"IN", "NOT IN", "CONTAINS ANY", "CONTAINS ALL", "CONTAINS NONE"})
TEXT_OPERATORS = frozenset({"LIKE", "NOT LIKE", "REGEXP_MATCH", "NOT REGEXP_MATCH"})
NULL_OPERATORS = frozenset({"IS NULL", "IS NOT NULL"})
RANGE_OPERATORS = frozenset({"<", "<=", ">", ">="})
OPERATORS = LIST_OPERATORS | TEXT_OPERATORS | NULL_OPERATORS | RANGE_OPERATORS | {"=", "!=", "DURING", "BETWEEN"}
