"""Rows of search_term_view and campaign_search_term_view.

A term belongs to one network, device and keyword on a day, so a row per term and day needs no further splitting.
Statuses follow the keywords and negatives that the account has now.
"""

import base64
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from backend.sandbox.googleads.demo.messages import resource_name
from backend.sandbox.googleads.search.scope import Base, Scope
from backend.sandbox.googleads.search.segments import Key
from backend.sandbox.googleads.search.statistics import Asked
from backend.sandbox.googleads.stats.lines import Counts
from backend.sandbox.googleads.stats.search_terms import Term, Terms, terms_of
from backend.sandbox.googleads.stats.units import Unit

_ADDED, _EXCLUDED, _BOTH, _NONE = 2, 3, 4, 5  # SearchTermTargetingStatusEnum
_PERFORMANCE_MAX = "PERFORMANCE_MAX"


class TermRow(NamedTuple):
    """One term, what it is split by, and what it scored."""

    base: Base
    key: Key
    counts: Counts


@dataclass(slots=True)
class TermRows:
    """The terms of an account, for one of the two views."""

    scope: Scope
    view: str
    by_keyword: bool = False  # keyword segments leave Performance Max out
    _statuses: dict[str, tuple[set[str], set[str]]] = field(default_factory=dict)
    _bases: dict[tuple[str, str], Base] = field(default_factory=dict)

    def units(self) -> list[Unit]:
        """Units that have search terms in this view."""
        whole = self.view == "campaign_search_term_view" and not self.by_keyword
        wanted = {"SEARCH", _PERFORMANCE_MAX} if whole else {"SEARCH"}
        return [unit for unit in self.scope.traffic.units if unit.channel in wanted]

    def terms(self, unit: Unit) -> Terms:
        """The terms of a unit; kept until the account's entities change."""
        kept = self.scope.traffic.terms
        found = kept.get(unit.resource_name)
        if found is None:
            found = kept[unit.resource_name] = self._made(unit)
        return found

    def _made(self, unit: Unit) -> Terms:
        criteria = self.scope.children("ad_group_criterion", "ad_group", unit.resource_name)
        keywords = [c for c in criteria if not c.negative and c.HasField("keyword") and c.status == 2]
        entity = self.scope.get(unit.kind, unit.resource_name)
        volume = self.scope.world.volume(self.scope.customer_id)
        return terms_of(keywords, entity.name.lower() if entity is not None else "", unit.cells, volume)

    def rows(self, asked: Asked) -> Iterator[TermRow]:
        """Every term, day and split with traffic, unit by unit; a term may come more than once."""
        today = self.scope.today
        for unit in self.units():
            terms = self.terms(unit)
            bases = [self.base(unit, term) for term in terms.terms]
            own = [self.own(term) for term in terms.terms]
            for day in unit.days(asked.first, min(asked.last, today.day)):
                line = unit.line(day, today) if asked.day_test(day) else None
                if line is None:
                    continue
                for position, cell, start, end in terms.intervals(line, day):
                    key = asked.splits.key(day, cell, None, own[position])
                    yield TermRow(bases[position], key, line.between(start, end))

    def base(self, unit: Unit, term: Term) -> Base:
        """The row of a term before statistics: one per ad group (or campaign) and text."""
        owner = unit.campaign if self.view == "campaign_search_term_view" else unit.resource_name
        found = self._bases.get((owner, term.text))
        if found is None:
            found = self._bases[(owner, term.text)] = self._new(unit, owner, term)
        return found

    def _new(self, unit: Unit, owner: str, term: Term) -> Base:
        parts = (unit.campaign.rpartition("/")[2], unit.resource_name.rpartition("/")[2])
        code = base64.urlsafe_b64encode(term.text.encode()).decode().rstrip("=")
        if self.view == "campaign_search_term_view":
            name = resource_name(self.scope.customer_id, self.view, parts[0], code)
            message = self.scope.new(self.view, name)
            message.campaign = owner
        else:
            name = resource_name(self.scope.customer_id, self.view, *parts, code)
            message = self.scope.new(self.view, name)
            message.ad_group, message.status = owner, self.status(unit, term.text)
        message.search_term = term.text
        return Base(self.view, name, {self.view: message})

    def status(self, unit: Unit, text: str) -> int:
        """Whether the term is a keyword, an excluded term, both or neither."""
        known = self._statuses.get(unit.resource_name)
        if known is None:
            known = self._statuses[unit.resource_name] = self._targeting(unit)
        added, excluded = text in known[0], text in known[1]
        if added:
            return _BOTH if excluded else _ADDED
        return _EXCLUDED if excluded else _NONE

    def _targeting(self, unit: Unit) -> tuple[set[str], set[str]]:
        """Texts of positive and of negative keywords that concern an ad group: its own, its campaign's, its lists'."""
        scope, added, excluded = self.scope, set[str](), set[str]()
        for criterion in scope.children("ad_group_criterion", "ad_group", unit.resource_name):
            if criterion.HasField("keyword") and criterion.status != 4:
                (excluded if criterion.negative else added).add(criterion.keyword.text.lower())
        for criterion in scope.children("campaign_criterion", "campaign", unit.campaign):
            if criterion.HasField("keyword") and criterion.negative and criterion.status != 4:
                excluded.add(criterion.keyword.text.lower())
        for link in scope.children("campaign_shared_set", "campaign", unit.campaign):
            if link.status == 2:
                for criterion in scope.children("shared_criterion", "shared_set", link.shared_set):
                    if criterion.HasField("keyword"):
                        excluded.add(criterion.keyword.text.lower())
        return added, excluded

    def own(self, term: Term) -> dict[str, Any]:
        """Segment values that follow from the term itself."""
        values: dict[str, Any] = {"segments.search_term_match_type": term.match_type}
        if term.keyword is not None:
            values["segments.keyword.ad_group_criterion"] = term.keyword.resource_name
            values["segments.keyword.info.text"] = term.keyword.keyword.text
            values["segments.keyword.info.match_type"] = term.keyword.keyword.match_type
            values["segments.search_term_match_source"] = 2  # ADVERTISER_PROVIDED_KEYWORD
        else:
            values["segments.search_term_match_source"] = 6  # PERFORMANCE_MAX
        return values
