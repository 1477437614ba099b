"""Add search terms as keywords or negatives, many at once: each item is added, known already, or refused with a reason.

What is added is a draft of ours below a live ad group, campaign or shared list; its push brings it to Google. A
negative that would block a keyword or a search that converts is refused, unless the item says that this is meant.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.adgraph.models import Customer
from backend.campaigns.drafts import keyword_problems
from backend.campaigns.rules import BY_CODE
from backend.campaigns.writing import TreeWriter
from backend.core import audit
from backend.core.db import Work
from backend.core.errors import Finding
from backend.core.events import Event
from backend.core.security import Actor
from backend.search_terms.blocking import Effect, effects
from backend.search_terms.criteria import Negative, Place
from backend.sync.account import Account

LEVELS = {"ad_group": "ad_group", "campaign": "campaign", "shared_list": "shared_set"}
ID_FIELDS = {"ad_group": "ad_group_id", "campaign": "campaign_id", "shared_list": "shared_set_id"}

_PARENTS = {
    "ad_group": "SELECT g.google_id, g.id, g.status, e.campaign_id FROM ad_groups g JOIN campaign_adgroup e"
    " ON e.customer_id = g.customer_id AND e.ad_group_id = g.id"
    " WHERE g.customer_id = :customer AND g.google_id = ANY(:ids) AND g.deleted_at IS NULL",
    "campaign": "SELECT c.google_id, c.id, c.google_status AS status, c.id AS campaign_id FROM campaigns c"
    " WHERE c.customer_id = :customer AND c.google_id = ANY(:ids) AND c.deleted_at IS NULL",
    "shared_list": "SELECT s.google_id, s.id, s.status, NULL::uuid AS campaign_id FROM shared_sets s"
    " WHERE s.customer_id = :customer AND s.google_id = ANY(:ids) AND s.deleted_at IS NULL",
}


_TAKEN = text("SELECT count(*) FROM keywords WHERE parent_id = :id AND status <> 'REMOVED' AND deleted_at IS NULL")


@dataclass(frozen=True, slots=True)
class Parent:
    """What a keyword is added to; `campaign_id` is our id of the campaign it belongs to, None for a shared list."""

    kind: str
    id: UUID
    campaign_id: UUID | None


@dataclass(slots=True)
class Outcome:
    """What became of one item."""

    index: int
    status: str
    keyword_id: UUID | None = None
    errors: tuple[Finding, ...] = ()
    effect: Effect | None = None

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        shown: dict[str, Any] = {
            "index": self.index,
            "status": self.status,
            "keyword_id": None if self.keyword_id is None else str(self.keyword_id),
            "errors": [error.as_dict() for error in self.errors],
        }
        if self.effect is not None:
            shown["over_blocking"] = self.effect.as_dict()
        return shown


@dataclass(frozen=True, slots=True)
class Added:
    """The outcomes by index, and what is to be pushed: campaigns and shared lists that have new drafts."""

    outcomes: list[Outcome]
    parents: frozenset[Parent]


def negatives_of(session: Session, account: Account, items: Sequence[Mapping[str, Any]]) -> list[Negative | Finding]:
    """Negatives that somebody thinks of adding, each at its place; a finding where the place is not known."""
    parents = _parents(session, account, items)
    found: list[Negative | Finding] = []
    for index, item in enumerate(items):
        parent = parents.get((item["level"], _parent_id(item)))
        if parent is None:
            found.append(_unknown_parent(index, item))
        else:
            found.append(Negative(item["text"], item["match_type"], Place(parent.kind, parent.id)))
    return found


def add(work: Work, actor: Actor, customer: Customer, account: Account, items: Sequence[Mapping[str, Any]]) -> Added:
    """Write the drafts of all items that can be added, in this transaction."""
    session = work.session
    parents = _parents(session, account, items)
    known = _known(session, account, {parent.id for parent in parents.values()})
    outcomes = [_checked(index, item, parents, known) for index, item in enumerate(items)]
    _refuse_overfull(session, items, parents, outcomes)
    _refuse_harmful(session, account, items, parents, outcomes)
    _write(session, customer, items, parents, outcomes)
    new = [outcome for outcome in outcomes if outcome.status == "added"]
    if new:
        touched = {parents[items[o.index]["level"], _parent_id(items[o.index])] for o in new}
        after = {"added": [_told(items[outcome.index]) for outcome in new]}
        subject = f"customer:{account.google_id}"
        audit.record(session, actor, "search_terms.add", subject, None, after, customer_id=account.customer_id)
        facts = {"added": len(new), "slug": account.slug}
        work.emit(Event(actor.tenant_id, "search_terms.added", facts, customer_id=account.customer_id))
        return Added(outcomes, frozenset(touched))
    return Added(outcomes, frozenset())


def _told(item: Mapping[str, Any]) -> dict[str, Any]:
    place = ID_FIELDS[item["level"]]
    return {"as": item["as"], "text": item["text"], "match_type": item["match_type"], place: item[place]}


def _parent_id(item: Mapping[str, Any]) -> int:
    return int(item[ID_FIELDS[item["level"]]])


def _parents(session: Session, account: Account, items: Iterable[Mapping[str, Any]]) -> dict[tuple[str, int], Parent]:
    """The live parents that the items name, by level and Google id."""
    wanted: dict[str, set[int]] = {}
    for item in items:
        wanted.setdefault(item["level"], set()).add(_parent_id(item))
    found: dict[tuple[str, int], Parent] = {}
    for level, ids in wanted.items():
        rows = session.execute(text(_PARENTS[level]), {"customer": account.customer_id, "ids": sorted(ids)})
        for row in rows:
            if row.status != "REMOVED":
                found[level, row.google_id] = Parent(LEVELS[level], row.id, row.campaign_id)
    return found


def _known(session: Session, account: Account, parents: set[UUID]) -> dict[tuple[UUID, bool, str, str], UUID]:
    """The keywords that the parents have already, by parent, sign, match type and text."""
    rows = session.execute(
        text(
            "SELECT id, parent_id, negative, match_type, lower(text) AS text FROM keywords"
            " WHERE customer_id = :customer AND parent_id = ANY(:parents) AND status <> 'REMOVED'"
            " AND deleted_at IS NULL"
        ),
        {"customer": account.customer_id, "parents": list(parents)},
    )
    return {(row.parent_id, row.negative, row.match_type, row.text): row.id for row in rows}


def _checked(
    index: int,
    item: Mapping[str, Any],
    parents: Mapping[tuple[str, int], Parent],
    known: dict[tuple[UUID, bool, str, str], UUID],
) -> Outcome:
    parent = parents.get((item["level"], _parent_id(item)))
    if parent is None:
        return Outcome(index, "refused", errors=(_unknown_parent(index, item),))
    if item["as"] == "keyword" and item["level"] != "ad_group":
        message = "Keywords belong to ad groups; only negatives stand in campaigns and shared lists."
        return Outcome(index, "refused", errors=(Finding(f"/items/{index}/level", "level", message),))
    codes = keyword_problems(item["text"], item["match_type"])
    if codes:
        errors = tuple(Finding(f"/items/{index}/text", code, BY_CODE[code].advice) for code in codes)
        return Outcome(index, "refused", errors=errors)
    key = (parent.id, item["as"] == "negative", item["match_type"], " ".join(item["text"].split()).lower())
    if key in known:
        return Outcome(index, "exists", keyword_id=known[key])
    known[key] = UUID(int=0)  # a second item that says the same; its id is set when the first one is written
    return Outcome(index, "added")


def _unknown_parent(index: int, item: Mapping[str, Any]) -> Finding:
    field = ID_FIELDS[item["level"]]
    return Finding(
        f"/items/{index}/{field}", "not_found", f"The account has no such {item['level'].replace('_', ' ')}."
    )


def _refuse_overfull(
    session: Session,
    items: Sequence[Mapping[str, Any]],
    parents: Mapping[tuple[str, int], Parent],
    outcomes: list[Outcome],
) -> None:
    """Refuse what a list of negatives has no room for."""
    room: dict[UUID, int] = {}
    for outcome in outcomes:
        item = items[outcome.index]
        if outcome.status != "added" or item["level"] != "shared_list":
            continue
        parent = parents[item["level"], _parent_id(item)]
        if parent.id not in room:
            taken = session.execute(_TAKEN, {"id": parent.id}).scalar_one()
            room[parent.id] = (BY_CODE["shared_set_keywords_count"].maximum or 0) - taken
        room[parent.id] -= 1
        if room[parent.id] < 0:
            outcome.status = "refused"
            code = "shared_set_keywords_count"
            outcome.errors = (Finding(f"/items/{outcome.index}", code, BY_CODE[code].advice),)


def _refuse_harmful(
    session: Session,
    account: Account,
    items: Sequence[Mapping[str, Any]],
    parents: Mapping[tuple[str, int], Parent],
    outcomes: list[Outcome],
) -> None:
    """Refuse negatives that take something useful away; with `confirmed` they are added, and what they take is told."""
    asked = [outcome for outcome in outcomes if outcome.status == "added" and items[outcome.index]["as"] == "negative"]
    if not asked:
        return
    negatives = []
    for outcome in asked:
        item = items[outcome.index]
        parent = parents[item["level"], _parent_id(item)]
        negatives.append(Negative(item["text"], item["match_type"], Place(parent.kind, parent.id)))
    for outcome, effect in zip(asked, effects(session, account, negatives), strict=True):
        if effect.harmless:
            continue
        outcome.effect = effect
        if not items[outcome.index]["confirmed"]:
            outcome.status = "refused"
            message = (
                f"It would block {len(effect.blocked)} keywords and {len(effect.searches)} searches that converted in"
                " the last 30 days; say confirmed: true to add it all the same."
            )
            outcome.errors = (Finding(f"/items/{outcome.index}", "over_blocking", message),)


def _write(
    session: Session,
    customer: Customer,
    items: Sequence[Mapping[str, Any]],
    parents: Mapping[tuple[str, int], Parent],
    outcomes: list[Outcome],
) -> None:
    writer = TreeWriter(session, customer)
    groups: dict[tuple[Parent, bool], list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.status == "added":
            item = items[outcome.index]
            parent = parents[item["level"], _parent_id(item)]
            groups.setdefault((parent, item["as"] == "negative"), []).append(outcome)
    for (parent, negative), members in groups.items():
        forms = [_form(items[member.index], negative=negative) for member in members]
        ids = writer.keywords(parent.kind, parent.id, forms, negative=negative)
        for member, keyword_id in zip(members, ids, strict=True):
            member.keyword_id = keyword_id
    writer.flush()
    _point_at_the_first(items, parents, outcomes)


def _form(item: Mapping[str, Any], *, negative: bool) -> dict[str, Any]:
    form = {"text": " ".join(item["text"].split()), "match_type": item["match_type"]}
    if not negative and item.get("cpc_bid_micros") is not None:
        form["cpc_bid_micros"] = item["cpc_bid_micros"]
    return form


def _point_at_the_first(
    items: Sequence[Mapping[str, Any]], parents: Mapping[tuple[str, int], Parent], outcomes: list[Outcome]
) -> None:
    """Items that repeat another one of the same request carry the id of the keyword that was written."""
    written: dict[tuple[Any, ...], UUID | None] = {}
    for outcome in outcomes:
        if outcome.status not in ("added", "exists"):
            continue
        item = items[outcome.index]
        parent = parents[item["level"], _parent_id(item)]
        key = (parent.id, item["as"], item["match_type"], " ".join(item["text"].split()).lower())
        if outcome.status == "added":
            written[key] = outcome.keyword_id
        elif outcome.keyword_id == UUID(int=0):
            outcome.keyword_id = written.get(key)
