"""The ledger of what is sent to Google: each step of a batch in a transaction that only the job's holder can commit."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from backend.core.ids import new_id
from backend.integrations.googleads import requests
from backend.integrations.googleads.errors import AdsFailure
from backend.integrations.googleads.mutate.plan import Operation
from backend.jobs.models import Job
from backend.jobs.run import JobRun
from backend.publish.models import MutateBatch

OPEN = ("PREPARED", "SENT")


@dataclass(frozen=True, slots=True)
class Sent:
    """What a batch holds of an operation: enough to give its result to the right row."""

    resource: str
    verb: str
    name: str
    subject: tuple[str, ...]
    fields: tuple[str, ...] = ()

    @classmethod
    def of(cls, operation: Operation) -> Sent:
        """Keep what matters of an operation."""
        about = operation.subject if isinstance(operation.subject, tuple) else ()
        return cls(
            operation.resource, operation.verb, operation.name, tuple(str(part) for part in about), operation.mask
        )

    def as_json(self) -> list[Any]:
        """A short list: there may be ten thousand."""
        return [self.resource, self.verb, self.name, list(self.subject), list(self.fields)]

    @classmethod
    def from_json(cls, packed: Sequence[Any]) -> Sent:
        """Read it back."""
        resource, verb, name, about, fields = packed
        return cls(resource, verb, name, tuple(about), tuple(fields))


def sent(operations: Iterable[Operation]) -> list[Sent]:
    """Keep what matters of planned operations."""
    return [Sent.of(operation) for operation in operations]


def sent_operations(batch: MutateBatch) -> list[Sent]:
    """Give the operations of a batch in order."""
    return [Sent.from_json(packed) for packed in batch.operations]


def open_batch(session: Session, customer_id: UUID, subject_id: UUID, kinds: Iterable[str]) -> MutateBatch | None:
    """Give the batch of this subject that is not over yet; the oldest, if there were several."""
    return session.scalar(
        select(MutateBatch)
        .where(
            MutateBatch.customer_id == customer_id,
            MutateBatch.subject_id == subject_id,
            MutateBatch.kind.in_(list(kinds)),
            MutateBatch.state.in_(OPEN),
        )
        .order_by(MutateBatch.created_at)
        .limit(1)
    )


def open_to(session: Session, customer_id: UUID, subject_id: UUID, kinds: Iterable[str], job_id: UUID) -> list[UUID]:
    """Give the batches of this subject that a job has to bring to their end, the oldest first.

    Its own, and those of jobs that gave up; what another job is working on is that one's.
    """
    active = select(Job.id).where(Job.id == MutateBatch.job_id, Job.status.in_(("queued", "started"))).exists()
    query = select(MutateBatch.id).where(
        MutateBatch.customer_id == customer_id,
        MutateBatch.subject_id == subject_id,
        MutateBatch.kind.in_(list(kinds)),
        MutateBatch.state.in_(OPEN),
        or_(MutateBatch.job_id == job_id, MutateBatch.job_id.is_(None), ~active),
    )
    return list(session.scalars(query.order_by(MutateBatch.created_at)))


def marker_in_doubt(session: Session, customer_id: UUID, subject_id: UUID, kind: str) -> str | None:
    """Give the marker of an earlier request about a subject whose outcome is still open.

    Whatever is sent next carries the same one: should the earlier copy arrive after all, the second fails as a whole,
    whatever was renamed meanwhile.
    """
    batch = open_batch(session, customer_id, subject_id, [kind])
    return batch.marker if batch is not None and batch.state == "SENT" else None


def last_refused(session: Session, customer_id: UUID, subject_id: UUID, job_id: UUID) -> MutateBatch | None:
    """Give the newest batch of a job that Google refused: its exemptions go into the next round."""
    return session.scalar(
        select(MutateBatch)
        .where(
            MutateBatch.customer_id == customer_id,
            MutateBatch.subject_id == subject_id,
            MutateBatch.job_id == job_id,
            MutateBatch.state == "REFUSED",
        )
        .order_by(MutateBatch.created_at.desc())
        .limit(1)
    )


def earlier_exemptions(session: Session, batch: MutateBatch) -> list[Any]:
    """Give what was exempted in the round before this batch."""
    earlier = session.scalar(
        select(MutateBatch.exemptions)
        .where(
            MutateBatch.customer_id == batch.customer_id,
            MutateBatch.job_id == batch.job_id,
            MutateBatch.state == "REFUSED",
            MutateBatch.id != batch.id,
        )
        .order_by(MutateBatch.created_at.desc())
        .limit(1)
    )
    return list(earlier or ())


def prepare(
    session: Session,
    job: JobRun,
    *,
    customer_id: UUID,
    subject_id: UUID,
    kind: str,
    payload: bytes,
    operations: Sequence[Sent],
    marker: str | None,
    before: dict[str, Any] | None = None,
    phase: int = 0,
    round_: int = 0,
) -> MutateBatch:
    """Store the exact bytes of a request before it is sent."""
    batch = MutateBatch(
        customer_id=customer_id,
        id=new_id(),
        job_id=job.job_id,
        kind=kind,
        subject_id=subject_id,
        state="PREPARED",
        phase=phase,
        round=round_,
        marker=marker,
        request=payload,
        request_sha256=hashlib.sha256(payload).digest(),
        operations=[operation.as_json() for operation in operations],
        before_images=before or {},
    )
    session.add(batch)
    session.flush()
    return batch


def status_of_campaign(batch: MutateBatch, *, version: str) -> str:
    """Give the status with which a publish's request makes its campaign.

    Raises:
        ValueError: It makes none.
    """
    created = requests.created_fields(batch.request, version=version)
    for operation, fields in zip(sent_operations(batch), created, strict=True):
        if operation.resource == "campaign":
            return str(fields["status"])
    raise ValueError("the request makes no campaign")


def load(session: Session, customer_id: UUID, batch_id: UUID) -> MutateBatch:
    """Give a batch, locked.

    Raises:
        ValueError: Its bytes are not those that were stored: nothing of it may be sent.
    """
    batch = session.get_one(MutateBatch, {"customer_id": customer_id, "id": batch_id}, with_for_update=True)
    if hashlib.sha256(batch.request).digest() != batch.request_sha256:
        raise ValueError(f"the bytes of batch {batch_id} were altered")
    return batch


def mark_sent(session: Session, batch: MutateBatch, job: JobRun, *, deadline_s: float, grace_s: float) -> None:
    """Note on PostgreSQL's clock that the request is about to leave, and until when its outcome may be open."""
    now: datetime = session.execute(select(func.clock_timestamp())).scalar_one()
    batch.state = "SENT"
    batch.sends += 1
    batch.fence = job.fence
    batch.sent_at = now
    batch.deadline_at = now + timedelta(seconds=deadline_s + grace_s)


def seconds_left(session: Session, batch: MutateBatch) -> float:
    """Give how long the outcome of a sent batch may still be open."""
    if batch.deadline_at is None:
        return 0.0
    now: datetime = session.execute(select(func.clock_timestamp())).scalar_one()
    return (batch.deadline_at - now).total_seconds()


def not_sent(session: Session, batch: MutateBatch, *, in_doubt: bool) -> None:
    """Note that this copy never reached Google.

    Args:
        in_doubt: An earlier copy may have: the batch stays SENT, and is looked for before it is sent again.
    """
    if in_doubt:
        batch.deadline_at = session.execute(select(func.clock_timestamp())).scalar_one()
    else:
        batch.state = "PREPARED"


def give_up(session: Session, customer_id: UUID, job_id: UUID) -> None:
    """Note that a job ended badly: what it never sent is over, what it may have sent is sent by nobody again.

    What its batches are about may be edited from now on, so their bytes are no longer what is wanted. An open outcome
    stays to be looked up by the next publish or push of the same thing.
    """
    mine = (MutateBatch.customer_id == customer_id, MutateBatch.job_id == job_id)
    session.execute(update(MutateBatch).where(*mine, MutateBatch.state == "PREPARED").values(state="ABANDONED"))
    session.execute(update(MutateBatch).where(*mine, MutateBatch.state == "SENT").values(job_id=None))


def applied(batch: MutateBatch, names: Sequence[str], request_id: str | None) -> None:
    """Note that Google carried it out, with the names it gave, in the order of the operations."""
    batch.state = "APPLIED"
    batch.results = list(names)
    batch.google_request_id = request_id or batch.google_request_id
    batch.answered_at = func.now()


def refused(batch: MutateBatch, failures: Iterable[AdsFailure], request_id: str | None) -> None:
    """Note that Google refused it whole."""
    batch.state = "REFUSED"
    batch.errors = [
        {"code": failure.code, "message": failure.message, "path": failure.path, "index": failure.index}
        for failure in failures
    ]
    batch.google_request_id = request_id
    batch.answered_at = func.now()
