"""How a push went, item by item, counted from what its batches hold.

A run that takes over from a dead one tells the whole push, not its own part. An item that was sent again (a lost answer
is followed by a second plan) counts once, as it ended.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from backend.publish.batches import Sent
from backend.publish.models import MutateBatch

MOST_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Tally:
    """The items of a push: how many were applied, each refused one with its reason, Google's request ids."""

    applied: int
    failures: list[dict[str, Any]]
    google_request_ids: list[str]

    def as_result(self) -> dict[str, Any]:
        """Give the counts as the job shows them; of very many failures the first."""
        return {
            "applied": self.applied,
            "failed": len(self.failures),
            "operations": self.applied + len(self.failures),
            "errors": self.failures[:MOST_SHOWN],
            "google_request_ids": self.google_request_ids,
        }


def of_push(
    session: Session, customer_id: UUID, job_id: UUID, kinds: Collection[str], inherited: Collection[UUID]
) -> Tally:
    """Count the answered batches of a push.

    Args:
        kinds: The kinds of batches that count.
        inherited: Batches that an earlier push left open and this one brought to their end.
    """
    query = (
        select(MutateBatch.operations, MutateBatch.errors, MutateBatch.google_request_id, MutateBatch.state)
        .where(
            MutateBatch.customer_id == customer_id,
            MutateBatch.state.in_(("APPLIED", "REFUSED")),
            MutateBatch.kind.in_(list(kinds)),
            or_(MutateBatch.job_id == job_id, MutateBatch.id.in_(list(inherited))),
        )
        .order_by(MutateBatch.created_at, MutateBatch.id)
    )
    ended: dict[tuple[object, ...], dict[str, Any] | None] = {}
    request_ids: list[str] = []
    for operations, errors, request_id, state in session.execute(query):
        refused = {error["index"]: error for error in errors or ()}
        counted: Counter[tuple[object, ...]] = Counter()
        for index, packed in enumerate(operations):
            sent = Sent.from_json(packed)
            item = (sent.resource, sent.verb, sent.subject)
            counted[item] += 1  # targeting is one subject with many operations
            if state == "APPLIED" or index in refused:  # the rest of a refused request went on in another one
                ended[*item, counted[item]] = refused.get(index)
        request_ids += [request_id] if request_id else []
    failures = [failure for failure in ended.values() if failure is not None]
    return Tally(len(ended) - len(failures), failures, request_ids)
