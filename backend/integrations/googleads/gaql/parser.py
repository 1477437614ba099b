"""Tokens to a `Query`.

Syntax only: whether the fields exist and go together is `check`'s business. Errors carry the code that Google gives,
and the message where it is known.
"""

from backend.integrations.googleads.gaql.errors import GaqlError, Span
from backend.integrations.googleads.gaql.nodes import (
    LIST_OPERATORS,
    NULL_OPERATORS,
    Condition,
    Name,
    Ordering,
    Parameter,
    Query,
    Value,
    ValueKind,
)
from backend.integrations.googleads.gaql.suggest import closest
from backend.integrations.googleads.gaql.tokens import Token, TokenKind, tokenize

MAX_LIMIT_DIGITS = 20
_CLAUSES = ("WHERE", "ORDER", "LIMIT", "PARAMETERS")
_RESERVED = frozenset({"SELECT", "FROM", "BY", "AND", *_CLAUSES})
_WORD_OPERATORS = {
    ("IN",): "IN",
    ("NOT", "IN"): "NOT IN",
    ("LIKE",): "LIKE",
    ("NOT", "LIKE"): "NOT LIKE",
    ("REGEXP_MATCH",): "REGEXP_MATCH",
    ("NOT", "REGEXP_MATCH"): "NOT REGEXP_MATCH",
    ("CONTAINS", "ANY"): "CONTAINS ANY",
    ("CONTAINS", "ALL"): "CONTAINS ALL",
    ("CONTAINS", "NONE"): "CONTAINS NONE",
    ("IS", "NULL"): "IS NULL",
    ("IS", "NOT", "NULL"): "IS NOT NULL",
    ("DURING",): "DURING",
    ("BETWEEN",): "BETWEEN",
}
_OPERATOR_WORDS = frozenset(words[0] for words in _WORD_OPERATORS)


def parse(text: str, *, needs_from: bool = True) -> Query:
    """The query's tree. `needs_from` False accepts a query without FROM (GoogleAdsFieldService). Raises GaqlError."""
    return _Parser(tokenize(text), needs_from=needs_from).query()


class _Parser:
    def __init__(self, tokens: list[Token], *, needs_from: bool) -> None:
        self._tokens, self._at, self._needs_from = tokens, 0, needs_from

    # tokens

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def _take(self) -> Token:
        token = self._tokens[self._at]
        if token.kind is not TokenKind.END:
            self._at += 1
        return token

    def _accept(self, keyword: str) -> bool:
        if self._next.keyword() == keyword:
            self._take()
            return True
        return False

    def _unexpected(self, token: Token, suggestion: str | None = None) -> GaqlError:
        if token.kind is TokenKind.END:
            return GaqlError("UNEXPECTED_END_OF_QUERY", "Error in query: unexpected end of query.", token.span)
        return GaqlError(
            "UNEXPECTED_INPUT",
            f"Error in query: unexpected input {token.text}.",
            token.span,
            suggestion=suggestion,
            trigger=token.text,
        )

    def _is_symbol(self, text: str) -> bool:
        return self._next.kind is TokenKind.SYMBOL and self._next.text == text

    # clauses

    def query(self) -> Query:
        first = self._take()
        if first.kind is TokenKind.END:
            raise self._unexpected(first)
        if first.keyword() != "SELECT":
            raise GaqlError(
                "EXPECTED_SELECT",
                f"Error in query: expected SELECT at the beginning of the query, found {first.text}.",
                first.span,
                suggestion="SELECT",
            )
        select = self._names()
        resource = self._from()
        where = self._where()
        order_by = self._order_by()
        limit, limit_span = self._limit()
        parameters = self._parameters()
        if self._next.kind is not TokenKind.END:
            raise self._unexpected(self._next, closest(self._next.text.upper(), self._still_possible()))
        return Query(select, resource, where, order_by, limit, parameters, limit_span)

    def _still_possible(self) -> tuple[str, ...]:
        return ("AND", *_CLAUSES)

    def _from(self) -> Name | None:
        if self._accept("FROM"):
            token = self._take()
            if token.kind is not TokenKind.WORD or token.keyword() in _RESERVED:
                raise self._unexpected(token)
            return Name(token.text, token.span)
        ends = self._next.kind is TokenKind.END or self._next.keyword() in _CLAUSES
        if not ends:
            raise self._unexpected(self._next, closest(self._next.text.upper(), ("FROM",)))
        if self._needs_from:
            raise GaqlError("EXPECTED_FROM", "Error in query: missing FROM clause.", self._next.span, suggestion="FROM")
        return None

    def _names(self) -> tuple[Name, ...]:
        names = [self._name()]
        while self._is_symbol(","):
            self._take()
            names.append(self._name())
        return tuple(names)

    def _name(self) -> Name:
        token = self._take()
        if token.kind is not TokenKind.WORD or token.keyword() in _RESERVED:
            raise self._unexpected(token)
        if self._is_symbol("("):
            raise self._unexpected(self._next)  # there are no functions
        parts = token.text.split(".")
        if not token.text[0].islower() or not all(parts):
            if self._next.kind in (TokenKind.WORD, TokenKind.NUMBER) and self._next.keyword() not in _RESERVED:
                raise self._unexpected(self._next)  # SELECT DISTINCT x, WHERE NOT x
            raise GaqlError(
                "BAD_FIELD_NAME",
                f"Error in query: invalid field name '{token.text}'.",
                token.span,
                suggestion=token.text.lower().strip(".") if token.text.lower() != token.text else None,
                trigger=token.text,
            )
        return Name(token.text, token.span)

    def _where(self) -> tuple[Condition, ...]:
        if not self._accept("WHERE"):
            return ()
        conditions = [self._condition()]
        while self._accept("AND"):
            conditions.append(self._condition())
        return tuple(conditions)

    def _order_by(self) -> tuple[Ordering, ...]:
        if not self._accept("ORDER"):
            return ()
        if not self._accept("BY"):
            raise GaqlError("EXPECTED_BY", "Error in query: expected BY after ORDER.", self._next.span, suggestion="BY")
        orderings = [self._ordering()]
        while self._is_symbol(","):
            self._take()
            orderings.append(self._ordering())
        return tuple(orderings)

    def _ordering(self) -> Ordering:
        field = self._name()
        if self._accept("DESC"):
            return Ordering(field, descending=True)
        self._accept("ASC")
        return Ordering(field)

    def _limit(self) -> tuple[int | None, Span]:
        if not self._accept("LIMIT"):
            return None, Span(0, 0)
        token = self._take()
        if token.kind is TokenKind.END:
            raise self._unexpected(token)
        if token.kind is not TokenKind.NUMBER or "." in token.text:
            message = f"Error in query: invalid LIMIT value {token.text}."
            raise GaqlError("BAD_LIMIT_VALUE", message, token.span, trigger=token.text)
        limit = int(token.text[:MAX_LIMIT_DIGITS])
        if limit < 1:
            message = f"Error in query: LIMIT value {limit} is too low, it must be at least 1."
            raise GaqlError("LIMIT_VALUE_TOO_LOW", message, token.span, suggestion="1", trigger=token.text)
        if limit >= 2**63 or len(token.text) > MAX_LIMIT_DIGITS:
            message = f"Error in query: invalid LIMIT value {token.text}."
            raise GaqlError("BAD_LIMIT_VALUE", message, token.span, trigger=token.text)
        return limit, token.span

    def _parameters(self) -> tuple[Parameter, ...]:
        if not self._accept("PARAMETERS"):
            return ()
        parameters = [self._parameter()]
        while self._is_symbol(","):
            self._take()
            parameters.append(self._parameter())
        return tuple(parameters)

    def _parameter(self) -> Parameter:
        token = self._take()
        if token.kind is not TokenKind.WORD:
            raise self._unexpected(token)
        equals = self._take()
        if equals.text != "=":
            raise self._unexpected(equals, "=")
        return Parameter(Name(token.text, token.span), self._value())

    # conditions

    def _condition(self) -> Condition:
        field = self._name()
        operator = self._operator()
        if operator in NULL_OPERATORS:
            values: tuple[Value, ...] = ()
        elif operator == "BETWEEN":
            values = self._between()
        elif self._is_symbol("("):
            opening = self._next.span
            values = self._list()
            if operator not in LIST_OPERATORS:
                message = f"Error in query: operator {operator} expects a single value, not a list."
                raise GaqlError("EXPECTED_SINGLE_VALUE", message, opening, suggestion="IN")
        else:
            values = (self._value(),)
            if operator in LIST_OPERATORS:
                message = f"Error in query: operator {operator} expects a list of values."
                raise GaqlError("EXPECTED_LIST", message, values[0].span, suggestion=f"('{values[0].text}')")
        end = self._tokens[self._at - 1].span.end
        return Condition(field, operator, values, Span(field.span.start, end))

    def _operator(self) -> str:
        token = self._take()
        if token.kind is TokenKind.OPERATOR:
            return token.text
        if token.kind is TokenKind.END:
            raise self._unexpected(token)
        words: tuple[str, ...] = (token.keyword(),)
        span = token.span
        if words[0] not in _OPERATOR_WORDS:
            raise self._bad_operator(token.text, span, closest(token.text.upper(), tuple(_OPERATOR_WORDS)))
        while words not in _WORD_OPERATORS:
            token = self._take()
            if token.kind is TokenKind.END:
                raise self._unexpected(token)
            words, span = (*words, token.keyword()), Span(span.start, token.span.end)
            if not any(known[: len(words)] == words for known in _WORD_OPERATORS):
                suggestion = "CONTAINS ANY" if words[0] == "CONTAINS" else None
                raise self._bad_operator(" ".join((*words[:-1], token.text)), span, suggestion)
        return _WORD_OPERATORS[words]

    def _bad_operator(self, text: str, span: Span, suggestion: str | None) -> GaqlError:
        message = f"Error in query: invalid operator {text}."
        return GaqlError("BAD_OPERATOR", message, span, suggestion=suggestion, trigger=text)

    def _between(self) -> tuple[Value, ...]:
        low = self._between_value()
        if not self._accept("AND"):
            message = "Error in query: expected AND between the values of BETWEEN."
            raise GaqlError("EXPECTED_AND", message, self._next.span, suggestion="AND")
        return low, self._between_value()

    def _between_value(self) -> Value:
        missing = self._next.kind is TokenKind.END or self._next.keyword() in _RESERVED
        if missing:
            message = "Error in query: BETWEEN needs two values."
            raise GaqlError("EXPECTED_VALUE_WITH_BETWEEN_OPERATOR", message, self._next.span)
        return self._value()

    def _list(self) -> tuple[Value, ...]:
        opening = self._take()
        if self._is_symbol(")"):
            span = Span(opening.span.start, self._next.span.end)
            raise GaqlError("PROHIBITED_EMPTY_LIST_IN_CONDITION", "Error in query: empty list in condition.", span)
        values = [self._value()]
        while self._is_symbol(","):
            self._take()
            values.append(self._value())
        if not self._is_symbol(")"):
            raise self._unexpected(self._next, ")")
        self._take()
        if len({value.kind for value in values}) > 1:
            span = Span(values[0].span.start, values[-1].span.end)
            message = "Error in query: the list contains values of different types."
            raise GaqlError("PROHIBITED_VALUE_COMBINATION_IN_LIST", message, span)
        return tuple(values)

    def _value(self) -> Value:
        token = self._take()
        if token.kind is TokenKind.STRING:
            return Value(ValueKind.STRING, token.value, token.span)
        if token.kind is TokenKind.NUMBER:
            return Value(ValueKind.NUMBER, token.text, token.span)
        if token.kind is TokenKind.WORD and "." not in token.text and token.keyword() not in _RESERVED:
            return Value(ValueKind.LITERAL, token.text, token.span)
        raise self._unexpected(token)
