"""What a push is about: a campaign with what is below it, or a list of negatives; all that waits, or some rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from backend.adgraph.asset_groups import SharedSet
from backend.adgraph.models import Campaign, Customer
from backend.campaigns.tree import CampaignNode
from backend.publish import lists, recording
from backend.publish.pending import Pending, Wanted, pending_of, pending_of_list

CAMPAIGN, SHARED_SET = "campaign", "shared_set"
MEMBERS = {CAMPAIGN: "campaigns", SHARED_SET: "shared_sets"}
"""Where a job's arguments and its result name what it pushes."""


@dataclass(frozen=True, slots=True)
class Scope:
    """One campaign or list; `only` limits the push to some rows and fields."""

    kind: str
    id: UUID
    only: Wanted | None

    def row(self, session: Session, customer_id: UUID) -> Campaign | SharedSet:
        """Give the campaign or the list."""
        key = {"customer_id": customer_id, "id": self.id}
        return session.get_one(Campaign, key) if self.kind == CAMPAIGN else session.get_one(SharedSet, key)

    def pending(self, session: Session, customer_id: UUID) -> tuple[Pending, CampaignNode]:
        """Give what waits, and the tree that it belongs to."""
        customer = session.get_one(Customer, customer_id)
        row = self.row(session, customer_id)
        if isinstance(row, Campaign):
            return pending_of(session, customer, row, self.only)
        return pending_of_list(session, customer, row, self.only)

    def take(
        self, session: Session, customer_id: UUID, states: Iterable[str] = ("draft", "sync_error")
    ) -> tuple[Pending, CampaignNode]:
        """Give what waits, with what is new marked as under way: from now on nobody edits it here.

        It is marked before it is read, so that an edit is in what is sent or is refused; and after, because something
        may have been added in between.

        Args:
            states: What is taken up; without `sync_error`, what was just refused stays marked as such.
        """
        taken = list(states) if self.only is None else []
        for before in taken:
            self.mark(session, customer_id, before, "publishing")
        found = self.pending(session, customer_id)
        for before in taken:
            self.mark(session, customer_id, before, "publishing")
        return found

    def claim(self, session: Session, customer_id: UUID) -> None:
        """Take the lists that are to be made, until the commit.

        Raises:
            Reschedule: Another job is making one of them.
        """
        if self.kind == CAMPAIGN:
            lists.claim_for_campaign(session, customer_id, self.id)
        else:
            lists.claim(session, customer_id, self.id)

    def mark(self, session: Session, customer_id: UUID, before: str, after: str) -> None:
        """Move everything that Google does not know yet from one `sync_status` to another."""
        mark = recording.mark_tree if self.kind == CAMPAIGN else recording.mark_list
        mark(session, customer_id, self.id, before, after)


def of_job(args: Mapping[str, Any]) -> list[Scope]:
    """Read what a push is about from its job's arguments."""
    return [
        Scope(kind, UUID(key), only) for kind, member in MEMBERS.items() for key, only in args.get(member, {}).items()
    ]


def named(scopes: Iterable[Scope]) -> dict[str, list[str]]:
    """Name what was pushed, for the job's result."""
    listed = list(scopes)
    return {member: [str(scope.id) for scope in listed if scope.kind == kind] for kind, member in MEMBERS.items()}
