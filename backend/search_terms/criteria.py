"""The keywords and negatives of an account as the match rules see them, and an index over words to find them by."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.search_terms.matching import Term, Words, keyword, term

_POSITIVES = text("""
SELECT k.google_id, k.text, k.match_type, g.id AS ad_group, g.google_id AS ad_group_google_id,
       g.name AS ad_group_name, c.id AS campaign, c.google_id AS campaign_google_id, c.name AS campaign_name
FROM keywords k
JOIN ad_groups g ON g.customer_id = k.customer_id AND g.id = k.parent_id AND g.status = 'ENABLED'
JOIN campaign_adgroup e ON e.customer_id = g.customer_id AND e.ad_group_id = g.id
JOIN campaigns c ON c.customer_id = e.customer_id AND c.id = e.campaign_id AND c.google_status = 'ENABLED'
WHERE k.customer_id = :customer AND k.parent_kind = 'ad_group' AND NOT k.negative AND k.status = 'ENABLED'
  AND k.match_type <> 'UNKNOWN' AND k.google_id IS NOT NULL AND k.deleted_at IS NULL
ORDER BY c.google_id, g.google_id, k.google_id
""")

_NEGATIVES = text("""
SELECT k.google_id, k.text, k.match_type, k.parent_kind, k.parent_id,
       coalesce(g.google_id, c.google_id, s.google_id) AS parent_google_id,
       coalesce(g.name, c.name, s.name) AS parent_name
FROM keywords k
LEFT JOIN ad_groups g ON k.parent_kind = 'ad_group' AND g.customer_id = k.customer_id AND g.id = k.parent_id
LEFT JOIN campaigns c ON k.parent_kind = 'campaign' AND c.customer_id = k.customer_id AND c.id = k.parent_id
LEFT JOIN shared_sets s ON k.parent_kind = 'shared_set' AND s.customer_id = k.customer_id AND s.id = k.parent_id
WHERE k.customer_id = :customer AND k.negative AND k.status = 'ENABLED' AND k.match_type <> 'UNKNOWN'
  AND k.google_id IS NOT NULL AND k.deleted_at IS NULL
ORDER BY k.parent_kind, parent_google_id, k.google_id
""")

_SHARED = text("""
SELECT e.shared_set_id, e.campaign_id FROM campaign_shared_set e
JOIN shared_sets s ON s.customer_id = e.customer_id AND s.id = e.shared_set_id AND s.status = 'ENABLED'
WHERE e.customer_id = :customer AND e.status = 'ENABLED'
""")


@dataclass(frozen=True, slots=True)
class Positive:
    """A keyword that can serve: it, its ad group and its campaign are enabled."""

    google_id: int
    text: str
    match_type: str
    term: Term
    ad_group: UUID
    ad_group_google_id: int
    ad_group_name: str | None
    campaign: UUID
    campaign_google_id: int
    campaign_name: str

    @property
    def words(self) -> Words:
        """What the index finds it by."""
        return self.term.words

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "keyword_id": str(self.google_id),
            "text": self.text,
            "match_type": self.match_type,
            "ad_group_id": str(self.ad_group_google_id),
            "ad_group_name": self.ad_group_name,
            "campaign_id": str(self.campaign_google_id),
            "campaign_name": self.campaign_name,
        }


@dataclass(frozen=True, slots=True)
class Place:
    """Where a negative stands: our id of the ad group, the campaign or the shared list."""

    kind: str
    id: UUID


@dataclass(frozen=True, slots=True)
class Negative:
    """A negative that is in force, or one that somebody thinks of adding."""

    text: str
    match_type: str
    place: Place
    google_id: int | None = None
    parent_google_id: int | None = None
    parent_name: str | None = None

    @property
    def term(self) -> Term:
        """What it blocks."""
        return term(self.text, self.match_type)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "negative_id": None if self.google_id is None else str(self.google_id),
            "text": self.text,
            "match_type": self.match_type,
            "level": self.place.kind,
            "parent_id": None if self.parent_google_id is None else str(self.parent_google_id),
            "parent_name": self.parent_name,
        }


class Located(Protocol):
    """Something with words in an ad group of a campaign."""

    @property
    def words(self) -> Words:
        """Its words."""

    @property
    def ad_group(self) -> UUID:
        """Our id of its ad group."""

    @property
    def campaign(self) -> UUID:
        """Our id of its campaign."""


Item = TypeVar("Item", bound=Located)


@dataclass(slots=True)
class WordIndex(Generic[Item]):
    """Items by their words; a negative's candidates are those that hold its rarest word."""

    _by_word: dict[str, list[Item]] = field(default_factory=lambda: defaultdict(list))

    def add(self, items: Iterable[Item]) -> None:
        """Put items in."""
        for item in items:
            for word in set(item.words):
                self._by_word[word].append(item)

    def holding(self, wanted: Words) -> list[Item]:
        """The items that may hold all the words: all that hold the rarest one."""
        return min((self._by_word.get(word, []) for word in set(wanted)), key=len, default=[])


@dataclass(frozen=True, slots=True)
class Reach:
    """Which campaigns each shared list is attached to."""

    campaigns_of: dict[UUID, frozenset[UUID]]

    def covers(self, place: Place, item: Located) -> bool:
        """Whether a negative at this place is in force where the item is."""
        if place.kind == "ad_group":
            return item.ad_group == place.id
        if place.kind == "campaign":
            return item.campaign == place.id
        return item.campaign in self.campaigns_of.get(place.id, frozenset())


def positives(session: Session, customer_id: UUID) -> list[Positive]:
    """The keywords of an account that can serve."""
    return [
        Positive(
            row.google_id,
            row.text,
            row.match_type,
            keyword(row.text, row.match_type),
            row.ad_group,
            row.ad_group_google_id,
            row.ad_group_name,
            row.campaign,
            row.campaign_google_id,
            row.campaign_name,
        )
        for row in session.execute(_POSITIVES, {"customer": customer_id})
    ]


def negatives(session: Session, customer_id: UUID) -> Iterator[Negative]:
    """The negatives of an account that are in force."""
    for row in session.execute(_NEGATIVES, {"customer": customer_id}):
        place = Place(row.parent_kind, row.parent_id)
        yield Negative(row.text, row.match_type, place, row.google_id, row.parent_google_id, row.parent_name)


def reach(session: Session, customer_id: UUID) -> Reach:
    """How far the shared lists of an account reach."""
    found: dict[UUID, set[UUID]] = defaultdict(set)
    for shared_set, campaign in session.execute(_SHARED, {"customer": customer_id}):
        found[shared_set].add(campaign)
    return Reach({shared_set: frozenset(campaigns) for shared_set, campaigns in found.items()})
