"""Words and groups of two to four words, summed over the search terms that hold them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.reporting import measures
from backend.reporting.measures import Totals
from backend.search_terms.terms import TermQuestion, conditions_sql, summed

SIZES = (1, 2, 3, 4)


@dataclass(frozen=True, slots=True)
class Gram:
    """A group of words, how many search terms hold it, and what those brought together."""

    words: str
    size: int
    terms: int
    totals: Totals
    examples: list[str]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "ngram": self.words,
            "size": self.size,
            "terms": self.terms,
            "examples": self.examples,
            **self.totals.as_dict(),
        }


def grams(session: Session, question: TermQuestion, sizes: tuple[int, ...], least_terms: int, limit: int) -> list[Gram]:
    """The groups of words that at least `least_terms` terms hold and that meet the question's bounds.

    A term counts once for a group, however often it holds it.
    """
    sql, values = summed(question, by="s.search_term")
    direction = "DESC" if question.order.descending else "ASC"
    statement = f"""
WITH terms AS (
    SELECT t.*, regexp_split_to_array(btrim(lower(t.search_term)), '[[:space:]]+') AS tokens FROM ({sql}) t
), held AS (
    SELECT DISTINCT t.search_term, n.size, array_to_string(t.tokens[at:at + n.size - 1], ' ') AS words
    FROM terms t CROSS JOIN unnest(CAST(:sizes AS int[])) AS n(size)
    CROSS JOIN LATERAL generate_series(1, cardinality(t.tokens) - n.size + 1) AS at
), grams AS (
    SELECT h.words, h.size, count(*) AS terms, {measures.sums("t")},
           (array_agg(t.search_term ORDER BY t.cost_micros DESC, t.search_term))[1:3] AS examples
    FROM held h JOIN terms t USING (search_term) GROUP BY h.words, h.size
)
SELECT * FROM grams g WHERE g.terms >= :least AND {conditions_sql(question.conditions, values, "g")}
ORDER BY {measures.sql(question.order.metric, "g")} {direction} NULLS LAST, g.size, g.words LIMIT :limit"""
    values |= {"sizes": list(sizes), "least": least_terms, "limit": limit}
    return [
        Gram(row.words, int(row.size), int(row.terms), Totals.of(row), list(row.examples))
        for row in session.execute(text(statement), values)
    ]
