"""Conditions as functions of a value.

Source of the case rules: developers.google.com/google-ads/api/docs/query/case-sensitivity (LIKE ignores case, the other
operators do not). A value that is not set is equal to nothing; a boolean that is not set is false.
"""

import re
from collections.abc import Callable
from typing import Any

from backend.integrations.googleads.gaql import DataType, Filter, regexp
from backend.integrations.googleads.gaql.values import like_regexp

Test = Callable[[Any], bool]


def predicate(condition: Filter) -> Test:
    """Whether a value satisfies the condition."""
    operator, operands = condition.operator, condition.operands
    if operator in ("IS NULL", "IS NOT NULL"):
        wanted = operator == "IS NULL"
        return lambda value: (value is None or value == []) is wanted
    if operator.startswith("CONTAINS"):
        return _contains(operator, frozenset(operands))
    if operator in ("LIKE", "NOT LIKE"):
        pattern = re.compile(like_regexp(str(operands[0])) or "", re.IGNORECASE | re.DOTALL)
        return _matching(pattern, wanted=operator == "LIKE")
    if operator in ("REGEXP_MATCH", "NOT REGEXP_MATCH"):
        return _matching(regexp.compiled(str(operands[0])), wanted=operator == "REGEXP_MATCH")
    return _comparison(condition)


def _contains(operator: str, wanted: frozenset[Any]) -> Test:
    if operator == "CONTAINS ALL":
        return lambda values: wanted <= set(values or ())
    if operator == "CONTAINS NONE":
        return lambda values: wanted.isdisjoint(values or ())
    return lambda values: not wanted.isdisjoint(values or ())


def _matching(pattern: re.Pattern[str], *, wanted: bool) -> Test:
    return lambda value: (value is not None and pattern.fullmatch(str(value)) is not None) is wanted


def _comparison(condition: Filter) -> Test:
    operator, operands = condition.operator, condition.operands
    if condition.field.data_type is DataType.BOOLEAN:
        truth = frozenset(operands)
        negated = operator in ("!=", "NOT IN")
        return lambda value: (bool(value) in truth) is not negated
    if operator in ("=", "IN"):
        wanted = frozenset(operands)
        return lambda value: value in wanted
    if operator in ("!=", "NOT IN"):
        unwanted = frozenset(operands)
        return lambda value: value not in unwanted
    low, high = operands[0], operands[-1]
    if condition.field.data_type is DataType.DATE and isinstance(high, str) and len(high) == 10:
        return _on_days(operator, str(low), high)
    return _ordered(operator, low, high)


def _on_days(operator: str, low: str, high: str) -> Test:
    """Days against times: a time belongs to its day."""
    test = _ordered(operator, low, high)
    return lambda value: value is not None and test(str(value)[:10])


def _ordered(operator: str, low: Any, high: Any) -> Test:
    tests: dict[str, Test] = {
        "<": lambda value: value is not None and value < low,
        "<=": lambda value: value is not None and value <= low,
        ">": lambda value: value is not None and value > low,
        ">=": lambda value: value is not None and value >= low,
        "BETWEEN": lambda value: value is not None and low <= value <= high,
    }
    return tests[operator]
