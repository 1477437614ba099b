"""A `Query` to text. `parse(render(query)) == query` for every query that `parse` can return."""

from backend.integrations.googleads.gaql.nodes import (
    LIST_OPERATORS,
    Condition,
    Ordering,
    Query,
    Value,
    ValueKind,
)


def render(query: Query) -> str:
    """One line of text in canonical form: keywords upper case, strings between single quotes."""
    parts = ["SELECT " + ", ".join(name.text for name in query.select)]
    if query.resource is not None:
        parts.append(f"FROM {query.resource.text}")
    if query.where:
        parts.append("WHERE " + " AND ".join(_condition(condition) for condition in query.where))
    if query.order_by:
        parts.append("ORDER BY " + ", ".join(_ordering(ordering) for ordering in query.order_by))
    if query.limit is not None:
        parts.append(f"LIMIT {query.limit}")
    if query.parameters:
        pairs = (f"{parameter.name.text} = {render_value(parameter.value)}" for parameter in query.parameters)
        parts.append("PARAMETERS " + ", ".join(pairs))
    return " ".join(parts)


def render_value(value: Value) -> str:
    """A value as it is written in a query."""
    return quote(value.text) if value.kind is ValueKind.STRING else value.text


def quote(text: str) -> str:
    """A string literal that means exactly `text`: the only safe way to put foreign text into a query."""
    escaped = "".join(_escape(char) for char in text)
    return f"'{escaped}'"


_ESCAPED = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def _escape(char: str) -> str:
    return _ESCAPED.get(char, char)


def _condition(condition: Condition) -> str:
    head = f"{condition.field.text} {condition.operator}"
    values = [render_value(value) for value in condition.values]
    if condition.operator in LIST_OPERATORS:
        return f"{head} ({', '.join(values)})"
    if condition.operator == "BETWEEN":
        return f"{head} {values[0]} AND {values[1]}"
    return f"{head} {values[0]}" if values else head


def _ordering(ordering: Ordering) -> str:
    return f"{ordering.field.text} DESC" if ordering.descending else ordering.field.text
