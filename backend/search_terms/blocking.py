"""What negatives block: keywords with what they brought lately, and searches that converted.

One pass over the account answers both questions: what would these negatives block (before they are added), and which
keywords are blocked now (`conflicts`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.adgraph.staging import raw
from backend.adgraph.stats import MEASURES, Level
from backend.reporting.measures import Totals
from backend.search_terms import criteria
from backend.search_terms.criteria import Negative, Positive, Reach, WordIndex
from backend.search_terms.matching import Words, blocks_keyword, blocks_search, narrows_keyword, words
from backend.sync.account import Account

LOOK_BACK_DAYS = 30
LISTED = 50

_CONVERTING = text("""
SELECT s.search_term, g.id AS ad_group, c.id AS campaign, sum(s.conversions) AS conversions
FROM stats.search_term_stats s
JOIN ad_groups g ON g.customer_id = s.customer_id AND g.google_id = s.ad_group_google_id
JOIN campaigns c ON c.customer_id = s.customer_id AND c.google_id = s.campaign_google_id
WHERE s.customer_id = :customer AND s.date BETWEEN :first AND :last AND s.conversions > 0
GROUP BY s.search_term, g.id, c.id
""")


@dataclass(frozen=True, slots=True)
class Search:
    """A search that brought conversions lately."""

    text: str
    words: Words
    ad_group: UUID
    campaign: UUID
    conversions: float


@dataclass(frozen=True, slots=True)
class Blocked:
    """A keyword that a negative blocks, and what it brought in the last days."""

    keyword: Positive
    totals: Totals

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**self.keyword.as_dict(), **self.totals.as_dict()}


@dataclass(frozen=True, slots=True)
class Effect:
    """What one negative does to the account."""

    negative: Negative
    blocked: list[Blocked]
    narrowed: int
    searches: list[Search]

    @property
    def conversions(self) -> float:
        """What the blocked keywords brought lately."""
        return float(sum(blocked.totals.conversions for blocked in self.blocked))

    @property
    def harmless(self) -> bool:
        """True when nothing of use is lost: no keyword blocked, no search that converted."""
        return not self.blocked and not self.searches

    def as_dict(self) -> dict[str, Any]:
        """For JSON: the keywords that brought most first, at most `LISTED`."""
        return {
            **self.negative.as_dict(),
            "blocked_keywords": len(self.blocked),
            "narrowed_keywords": self.narrowed,
            "conversions": self.conversions,
            "cost_micros": sum(blocked.totals.cost_micros for blocked in self.blocked),
            "keywords": [blocked.as_dict() for blocked in self.blocked[:LISTED]],
            "converting_searches": [
                {"search_term": search.text, "conversions": search.conversions} for search in self.searches[:LISTED]
            ],
        }


def window(account: Account) -> tuple[date, date]:
    """The thirty days before today, in the account's time zone."""
    last = account.today() - timedelta(days=1)
    return last - timedelta(days=LOOK_BACK_DAYS - 1), last


def effects(session: Session, account: Account, negatives: Sequence[Negative]) -> list[Effect]:
    """What each of some negatives blocks, in their order."""
    keywords: WordIndex[Positive] = WordIndex()
    keywords.add(criteria.positives(session, account.customer_id))
    searches: WordIndex[Search] = WordIndex()
    searches.add(_converting(session, account))
    reach = criteria.reach(session, account.customer_id)
    found = [_touched(negative, keywords, reach) for negative in negatives]
    brought = totals_of(session, account, {keyword for blocked, _ in found for keyword in blocked})
    return [
        Effect(
            negative,
            _by_worth(Blocked(keyword, brought.get(_key(keyword), Totals())) for keyword in blocked),
            len(narrowed),
            _lost_searches(negative, searches, reach),
        )
        for negative, (blocked, narrowed) in zip(negatives, found, strict=True)
    ]


def conflicts(session: Session, account: Account) -> list[tuple[Negative, Blocked]]:
    """Every pair of a negative in force and a keyword that it blocks, those that brought most first."""
    keywords: WordIndex[Positive] = WordIndex()
    keywords.add(criteria.positives(session, account.customer_id))
    reach = criteria.reach(session, account.customer_id)
    pairs = [
        (negative, keyword)
        for negative in criteria.negatives(session, account.customer_id)
        for keyword in _touched(negative, keywords, reach)[0]
    ]
    brought = totals_of(session, account, {keyword for _, keyword in pairs})
    found = [(negative, Blocked(keyword, brought.get(_key(keyword), Totals()))) for negative, keyword in pairs]
    return sorted(found, key=lambda pair: (-pair[1].totals.conversions, -pair[1].totals.cost_micros))


def _touched(negative: Negative, keywords: WordIndex[Positive], reach: Reach) -> tuple[list[Positive], list[Positive]]:
    wanted = negative.term
    near = [item for item in keywords.holding(wanted.words) if reach.covers(negative.place, item)]
    blocked = [item for item in near if blocks_keyword(wanted, item.term)]
    return blocked, [item for item in near if narrows_keyword(wanted, item.term)]


def _lost_searches(negative: Negative, searches: WordIndex[Search], reach: Reach) -> list[Search]:
    wanted = negative.term
    lost = [
        search
        for search in searches.holding(wanted.words)
        if reach.covers(negative.place, search) and blocks_search(wanted, search.words)
    ]
    return sorted(lost, key=lambda search: (-search.conversions, search.text))


def _converting(session: Session, account: Account) -> Iterable[Search]:
    first, last = window(account)
    rows = session.execute(_CONVERTING, {"customer": account.customer_id, "first": first, "last": last})
    for row in rows:
        yield Search(row.search_term, words(row.search_term), row.ad_group, row.campaign, float(row.conversions))


def _by_worth(blocked: Iterable[Blocked]) -> list[Blocked]:
    return sorted(blocked, key=lambda item: (-item.totals.conversions, -item.totals.cost_micros, item.keyword.text))


def _key(keyword: Positive) -> tuple[int, int]:
    return keyword.google_id, keyword.ad_group_google_id


def totals_of(session: Session, account: Account, keywords: set[Positive]) -> dict[tuple[int, int], Totals]:
    """What keywords brought in the last thirty days, by (criterion id, ad group id)."""
    if not keywords:
        return {}
    first, last = window(account)
    keys = sorted(_key(keyword) for keyword in keywords)
    cursor = raw(session)
    cursor.execute(
        f"SELECT s.google_id, s.parent_google_id, {', '.join(f'sum(s.{measure})' for measure in MEASURES)}"
        " FROM unnest(%(ids)s::bigint[], %(parents)s::bigint[]) AS k(google_id, parent_google_id)"
        " JOIN stats.daily_stats s ON s.google_id = k.google_id AND s.parent_google_id = k.parent_google_id"
        f" WHERE s.customer_id = %(customer)s AND s.level = {int(Level.KEYWORD)}"
        " AND s.date BETWEEN %(first)s AND %(last)s GROUP BY s.google_id, s.parent_google_id",
        {
            "customer": account.customer_id,
            "first": first,
            "last": last,
            "ids": [google_id for google_id, _ in keys],
            "parents": [parent for _, parent in keys],
        },
    )
    return {
        (row[0], row[1]): Totals(int(row[2]), int(row[3]), int(row[4]), row[5], row[6]) for row in cursor.fetchall()
    }
