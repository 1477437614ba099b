"""parse∘render is the identity, and no text makes the parser fail otherwise than with a GaqlError."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.integrations.googleads.gaql import (
    Condition,
    Name,
    Ordering,
    Parameter,
    Query,
    Value,
    ValueKind,
    catalogue,
    parse,
    problems,
    quote,
    render,
)
from backend.integrations.googleads.gaql.nodes import LIST_OPERATORS, NULL_OPERATORS, OPERATORS
from tests.gaql.queries import VALID

RESERVED = {"select", "from", "where", "order", "by", "limit", "parameters", "and"}
words = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True).filter(lambda word: word not in RESERVED)
names = st.lists(words, min_size=1, max_size=3).map(lambda parts: Name(".".join(parts)))
numbers = st.one_of(st.integers(-(10**12), 10**12).map(str), st.from_regex(r"-?[0-9]{1,5}\.[0-9]{1,4}", fullmatch=True))
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n\r"), max_size=12)
values = st.one_of(
    texts.filter(lambda text: "\\" not in text).map(lambda text: Value(ValueKind.STRING, text)),
    numbers.map(lambda text: Value(ValueKind.NUMBER, text)),
    words.map(lambda text: Value(ValueKind.LITERAL, text.upper() + "_")),
)


@st.composite
def conditions(draw: st.DrawFn) -> Condition:
    operator = draw(st.sampled_from(sorted(OPERATORS)))
    count = {"BETWEEN": 2}.get(operator, 0 if operator in NULL_OPERATORS else 1)
    first = [draw(values) for _ in range(count)]
    if operator in LIST_OPERATORS:
        more = draw(st.integers(0, 3))
        first = [Value(first[0].kind, first[0].text) for _ in range(more + 1)]
    return Condition(draw(names), operator, tuple(first))


queries = st.builds(
    Query,
    select=st.lists(names, min_size=1, max_size=4).map(tuple),
    resource=words.map(Name),
    where=st.lists(conditions(), max_size=3).map(tuple),
    order_by=st.lists(st.builds(Ordering, names, st.booleans()), max_size=2).map(tuple),
    limit=st.one_of(st.none(), st.integers(1, 10**6)),
    parameters=st.lists(st.builds(Parameter, words.map(Name), values), max_size=2).map(tuple),
)


@given(queries)
@settings(max_examples=120, deadline=None)
def test_parse_of_render_is_the_identity(query: Query) -> None:
    text = render(query)
    assert parse(text) == query
    assert render(parse(text)) == text


@pytest.mark.parametrize("query", VALID)
def test_rendering_keeps_the_meaning(query: str) -> None:
    assert parse(render(parse(query))) == parse(query)


@given(st.text(max_size=60))
@settings(max_examples=120, deadline=None)
def test_any_text_is_parsed_or_refused(text: str) -> None:
    query = "SELECT campaign.id FROM campaign WHERE campaign.name = " + text
    for problem in problems(query, catalogue("v26")):
        assert problem.code
        assert 0 <= problem.span.start <= problem.span.end <= len(query)
        assert "^" in problem.marked(query)


@given(texts)
@settings(max_examples=100, deadline=None)
def test_quoted_text_stays_one_string(text: str) -> None:
    query = parse(f"SELECT campaign.id FROM campaign WHERE campaign.name = {quote(text)} LIMIT 1")
    assert query.limit == 1
    assert [value.text for value in query.where[0].values] == [text]


def test_positions_mark_the_text_that_was_written() -> None:
    text = "SELECT campaign.id FROM campaign WHERE campaign.name != 'a' ORDER BY campaign.name DESC"
    query = parse(text)
    condition = query.where[0]
    assert text[condition.span.start : condition.span.end] == "campaign.name != 'a'"
    assert text[condition.values[0].span.start : condition.values[0].span.end] == "'a'"
    assert query.order_by[0].descending
