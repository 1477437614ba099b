"""Values of conditions against the type of their field: the operand that an executor compares with, or an error."""

import re
import sys
from typing import TypeVar

from backend.integrations.googleads.gaql import dates, regexp
from backend.integrations.googleads.gaql.errors import GaqlError
from backend.integrations.googleads.gaql.fields import DataType, Field
from backend.integrations.googleads.gaql.nodes import (
    LIST_OPERATORS,
    NULL_OPERATORS,
    RANGE_OPERATORS,
    TEXT_OPERATORS,
    Condition,
    Value,
    ValueKind,
)
from backend.integrations.googleads.gaql.suggest import closest

Operand = str | int | float | bool
Number = TypeVar("Number", int, float)
MAX_VALUES = 20_000
_EQUALITY = frozenset({"=", "!=", "IN", "NOT IN"}) | NULL_OPERATORS
_CONTAINS = frozenset({"CONTAINS ANY", "CONTAINS ALL", "CONTAINS NONE"}) | NULL_OPERATORS
_ORDERED = _EQUALITY | RANGE_OPERATORS | {"BETWEEN"}
_OPERATORS_OF = {
    DataType.BOOLEAN: _EQUALITY,
    DataType.ENUM: _EQUALITY,
    DataType.STRING: _EQUALITY | TEXT_OPERATORS,
    DataType.RESOURCE_NAME: _EQUALITY | TEXT_OPERATORS,
    DataType.DATE: _ORDERED | {"DURING"} | TEXT_OPERATORS,
}
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_BOUNDS = {
    DataType.INT32: (-(2**31), 2**31 - 1),
    DataType.INT64: (-(2**63), 2**63 - 1),
    DataType.UINT64: (0, 2**64 - 1),
}
MAX_DIGITS = 40  # more than any integer has, zeros before it included
_UNUSABLE_ENUMS = frozenset({"UNSPECIFIED", "UNKNOWN"})


def operands(condition: Condition, field: Field) -> tuple[Operand, ...]:
    """The typed values of a condition: enum constants as numbers, dates as ISO text. Raises GaqlError."""
    operator = condition.operator
    allowed = _CONTAINS if field.repeated else _OPERATORS_OF.get(field.data_type, _ORDERED)
    if field.name.startswith("segments.") and field.data_type is DataType.DATE:
        allowed = allowed - TEXT_OPERATORS
    if operator not in allowed:
        suggestion = "CONTAINS ANY" if field.repeated else None
        message = f"Operator {operator} cannot be applied to field '{field.name}' of type {field.data_type.value}."
        raise GaqlError(
            "OPERATOR_FIELD_MISMATCH", message, condition.span, suggestion=suggestion, trigger=condition.field.text
        )
    if operator == "DURING":
        return (_range_literal(condition.values[0]),)
    if operator == "BETWEEN":
        _check_between(condition, field)
    if operator in LIST_OPERATORS and len(condition.values) > MAX_VALUES:
        message = f"The filter on '{field.name}' has {len(condition.values)} values, at most {MAX_VALUES} are allowed."
        raise GaqlError("FILTER_HAS_TOO_MANY_VALUES", message, condition.span, trigger=condition.field.text)
    if operator in TEXT_OPERATORS:
        return (_pattern(condition, field),)
    if field.data_type is DataType.ENUM:
        return _enums(condition, field)
    return tuple(_operand(value, field) for value in condition.values)


def _range_literal(value: Value) -> str:
    name = value.text.upper()
    if value.kind is not ValueKind.LITERAL or name not in dates.DATE_RANGES:
        message = f"Invalid date literal supplied for DURING operator: {value.text}."
        raise GaqlError(
            "INVALID_VALUE_WITH_DURING_OPERATOR",
            message,
            value.span,
            suggestion=closest(name, dates.DATE_RANGES),
            trigger=value.text,
        )
    return name


def _check_between(condition: Condition, field: Field) -> None:
    low, high = condition.values
    if low.kind is not high.kind:
        message = f"The values of BETWEEN on '{field.name}' are of different types."
        raise GaqlError("PROHIBITED_VALUE_COMBINATION_WITH_BETWEEN_OPERATOR", message, condition.span)
    if field.data_type is DataType.DATE:
        for value in condition.values:
            if dates.parse_day(value.text) is None and dates.parse_time(value.text) is None:
                message = f"Invalid date '{value.text}' supplied for BETWEEN operator."
                raise GaqlError("INVALID_VALUE_WITH_BETWEEN_OPERATOR", message, value.span, trigger=value.text)


def _pattern(condition: Condition, field: Field) -> str:
    value = condition.values[0]
    if value.kind is not ValueKind.STRING:
        code = "INVALID_VALUE_WITH_LIKE_OPERATOR" if "LIKE" in condition.operator else "INVALID_STRING_VALUE"
        message = f"Operator {condition.operator} on '{field.name}' needs a string, found {value.text}."
        raise GaqlError(code, message, value.span, suggestion=f"'{value.text}'", trigger=value.text)
    if "REGEXP" in condition.operator:
        _check_regexp(value)
    elif like_regexp(value.text) is None:
        message = f"Invalid pattern for LIKE: '{value.text}'. A literal %, _, [ or ] stands between square brackets."
        raise GaqlError("INVALID_VALUE_WITH_LIKE_OPERATOR", message, value.span, trigger=value.text)
    return value.text


def _check_regexp(value: Value) -> None:
    try:
        regexp.compiled(value.text)
    except ValueError as error:
        message = f"Invalid regular expression '{value.text}': {error}."
        raise GaqlError("BAD_VALUE", message, value.span, trigger=value.text) from error


def like_regexp(pattern: str) -> str | None:
    """A LIKE pattern as a regular expression, or None when a bracket is not closed around one special character."""
    parts, at = [], 0
    while at < len(pattern):
        char = pattern[at]
        if char == "[":
            if pattern[at + 1 : at + 2] not in ("[", "]", "%", "_") or pattern[at + 2 : at + 3] != "]":
                return None
            parts.append(re.escape(pattern[at + 1]))
            at += 3
            continue
        parts.append({"%": ".*", "_": "."}.get(char) or re.escape(char))
        at += 1
    return "".join(parts)


def _enums(condition: Condition, field: Field) -> tuple[int, ...]:
    bad = [value for value in condition.values if value.text not in field.enum_values]
    if bad:
        names = ", ".join(f"'{value.text}'" for value in bad)
        noun = "values" if len(bad) > 1 else "value"
        raise GaqlError(
            "BAD_ENUM_CONSTANT",
            f"Invalid enum {noun} cannot be included in WHERE clause: {names}.",
            bad[0].span,
            suggestion=closest(bad[0].text.upper(), [n for n in field.enum_values if n not in _UNUSABLE_ENUMS]),
            trigger=bad[0].text,
        )
    return tuple(field.enum_values[value.text] for value in condition.values)


def _operand(value: Value, field: Field) -> Operand:
    kind = field.data_type
    if kind.is_number:
        return _number(value, field)
    if kind is DataType.BOOLEAN:
        if value.text.upper() in ("TRUE", "FALSE"):
            return value.text.upper() == "TRUE"
        raise _bad_value(value, field, suggestion="TRUE")
    if kind is DataType.DATE:
        return _date(value, field)
    if value.kind is not ValueKind.STRING:
        message = f"Value of '{field.name}' must be a string between quotes, found {value.text}."
        raise GaqlError("INVALID_STRING_VALUE", message, value.span, suggestion=f"'{value.text}'", trigger=value.text)
    return value.text


def _number(value: Value, field: Field) -> int | float:
    bounds = _BOUNDS.get(field.data_type)
    if _NUMBER.fullmatch(value.text) is None:
        raise _bad_value(value, field)
    if bounds is None:
        return _within(float(value.text), (-sys.float_info.max, sys.float_info.max), value, field)
    whole, _, fraction = value.text.partition(".")
    if fraction.strip("0") or len(whole) > MAX_DIGITS:
        raise _bad_value(value, field)
    return _within(int(whole), bounds, value, field)


def _within(number: Number, bounds: tuple[float, float], value: Value, field: Field) -> Number:
    if not bounds[0] <= number <= bounds[1]:
        raise _bad_value(value, field)
    return number


def _bad_value(value: Value, field: Field, suggestion: str | None = None) -> GaqlError:
    message = f"Invalid value '{value.text}' for field '{field.name}' of type {field.data_type.value}."
    return GaqlError("BAD_VALUE", message, value.span, suggestion=suggestion, trigger=value.text)


def _date(value: Value, field: Field) -> str:
    day = dates.parse_day(value.text)
    if day is not None:
        return day.isoformat()
    if value.kind is ValueKind.STRING and not field.name.startswith("segments."):
        time = dates.parse_time(value.text)
        if time is not None:
            return value.text.replace("T", " ")
    message = f"Invalid date '{value.text}' for field '{field.name}'. Expected 'YYYY-MM-DD'."
    raise GaqlError("INVALID_DATE_FORMAT", message, value.span, trigger=value.text)
