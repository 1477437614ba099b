"""What a person might do about search terms, each with the reason in numbers.

    add as keyword     an actionable term that converts often enough
    add as negative    an actionable term that cost much and brought nothing
    negative words     a group of words that several terms hold, all of which cost and brought nothing

A threshold that is not given follows from the account: a term is expensive when it cost twice what a conversion costs.
A negative that would block a keyword or a search that converts is not suggested, and neither is a text that cannot be
a keyword, such as a search of more than ten words.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.campaigns.drafts import keyword_problems
from backend.reporting.document import money
from backend.reporting.measures import Totals
from backend.reporting.performance.question import Condition
from backend.search_terms.blocking import effects
from backend.search_terms.criteria import Negative, Place
from backend.search_terms.ngrams import grams
from backend.search_terms.terms import TermQuestion, summed

ACTIONABLE = 5
LIMIT = 200
WORTH_CPAS = 2
FALLBACK_COST_MICROS = 20_000_000


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From when on a term deserves a suggestion."""

    conversions: Decimal = Decimal(2)
    cost_micros: int | None = None
    clicks: int = 10
    terms: int = 3


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One thing to do; ids are Google's."""

    action: str
    text: str
    match_type: str
    level: str
    ad_group_id: str | None
    campaign_id: str | None
    reason: str
    totals: Totals

    def as_dict(self) -> dict[str, Any]:
        """For JSON; the members of an item of `POST /api/search-terms/add` stand under their names."""
        return {
            "as": self.action,
            "text": self.text,
            "match_type": self.match_type,
            "level": self.level,
            "ad_group_id": self.ad_group_id,
            "campaign_id": self.campaign_id,
            "reason": self.reason,
            **self.totals.as_dict(),
        }


def suggest(session: Session, question: TermQuestion, thresholds: Thresholds) -> list[Suggestion]:
    """Keywords to add first, then negatives, the most expensive first."""
    cost = thresholds.cost_micros if thresholds.cost_micros is not None else _expensive(session, question)
    keywords = _possible(_keywords(session, question, thresholds))
    negatives = [*_negatives(session, question, thresholds, cost), *_words(session, question, thresholds, cost)]
    return keywords + _harmless(session, question, _possible(negatives))


def _possible(suggestions: Iterable[Suggestion]) -> list[Suggestion]:
    """Those whose text can be a keyword."""
    return [suggestion for suggestion in suggestions if not keyword_problems(suggestion.text, suggestion.match_type)]


def _expensive(session: Session, question: TermQuestion) -> int:
    """Twice the cost of a conversion over the question's terms; a fixed sum where there is none."""
    sql, values = summed(question, by="s.campaign_google_id")
    totals = [Totals.of(row) for row in session.execute(text(sql), values)]
    cpa = sum(totals, Totals()).cpa_micros
    return int(cpa * WORTH_CPAS) if cpa else FALLBACK_COST_MICROS


def _actionable(session: Session, question: TermQuestion, having: str, **bounds: Any) -> list[Any]:
    sql, values = summed(question, by="s.search_term, s.ad_group_google_id, s.campaign_google_id")
    statement = (
        f"SELECT * FROM ({sql}) t WHERE t.status = {ACTIONABLE} AND {having}"
        f" ORDER BY t.conversions DESC, t.cost_micros DESC, t.search_term, t.ad_group_google_id LIMIT {LIMIT}"
    )
    return list(session.execute(text(statement), {**values, **bounds}))


def _keywords(session: Session, question: TermQuestion, thresholds: Thresholds) -> Iterator[Suggestion]:
    for row in _actionable(session, question, "t.conversions >= :least", least=thresholds.conversions):
        totals = Totals.of(row)
        each = _money(totals.cpa_micros, question)
        reason = f"{_plain(totals.conversions)} conversions at {each} each, and it is no keyword yet."
        yield _for_ad_group("keyword", row, reason, totals)


def _negatives(session: Session, question: TermQuestion, thresholds: Thresholds, cost: int) -> Iterator[Suggestion]:
    having = "t.conversions = 0 AND t.cost_micros >= :cost AND t.clicks >= :clicks"
    for row in _actionable(session, question, having, cost=cost, clicks=thresholds.clicks):
        totals = Totals.of(row)
        spent, bound = _money(totals.cost_micros, question), _money(cost, question)
        reason = f"{totals.clicks} clicks cost {spent} without a conversion; the bound is {bound}."
        yield _for_ad_group("negative", row, reason, totals)


def _for_ad_group(action: str, row: Any, reason: str, totals: Totals) -> Suggestion:
    return Suggestion(
        action,
        row.search_term,
        "EXACT",
        "ad_group",
        str(row.ad_group_google_id),
        str(row.campaign_google_id),
        reason,
        totals,
    )


def _words(session: Session, question: TermQuestion, thresholds: Thresholds, cost: int) -> Iterator[Suggestion]:
    """Groups of words by campaign: the same word may be worth much in another one."""
    bounds = (Condition("conversions", "=", Decimal(0)), Condition("cost_micros", ">=", Decimal(cost)))
    for campaign in _campaigns(session, question):
        narrowed = replace(question, campaign=campaign, conditions=bounds, state=None)
        for gram in grams(session, narrowed, (1, 2), thresholds.terms, LIMIT):
            spent = _money(gram.totals.cost_micros, question)
            reason = f"{gram.terms} terms with these words cost {spent} together, and none converted."
            yield Suggestion("negative", gram.words, "PHRASE", "campaign", None, str(campaign), reason, gram.totals)


def _campaigns(session: Session, question: TermQuestion) -> list[int]:
    sql, values = summed(question, by="s.campaign_google_id")
    return [row.campaign_google_id for row in session.execute(text(f"{sql} ORDER BY 1"), values)]


def _harmless(session: Session, question: TermQuestion, suggestions: list[Suggestion]) -> list[Suggestion]:
    """Those that block no keyword and no search that converts, the most expensive first."""
    places = _places(session, question)
    known = [suggestion for suggestion in suggestions if _place_key(suggestion) in places]
    candidates = [
        Negative(suggestion.text, suggestion.match_type, Place(suggestion.level, places[_place_key(suggestion)]))
        for suggestion in known
    ]
    found = effects(session, question.account, candidates)
    kept = [suggestion for suggestion, effect in zip(known, found, strict=True) if effect.harmless]
    return sorted(kept, key=lambda suggestion: (-suggestion.totals.cost_micros, suggestion.text))


def _place_key(suggestion: Suggestion) -> tuple[str, int]:
    google_id = suggestion.ad_group_id if suggestion.level == "ad_group" else suggestion.campaign_id
    return suggestion.level, int(google_id or 0)


def _places(session: Session, question: TermQuestion) -> dict[tuple[str, int], UUID]:
    rows = session.execute(
        text(
            "SELECT 'ad_group' AS kind, google_id, id FROM ad_groups"
            " WHERE customer_id = :customer AND google_id IS NOT NULL"
            " UNION ALL SELECT 'campaign', google_id, id FROM campaigns"
            " WHERE customer_id = :customer AND google_id IS NOT NULL"
        ),
        {"customer": question.account.customer_id},
    )
    return {(row.kind, row.google_id): row.id for row in rows}


def _money(micros: int | Decimal | None, question: TermQuestion) -> str:
    currency = question.account.currency_code
    return f"{money(micros or 0, currency)} {currency}".strip()


def _plain(value: Decimal) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
