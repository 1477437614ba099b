"""The batches of one push: stored before they are sent, recorded row by row once they are answered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import current_app

from backend.adgraph.models import Customer
from backend.core import audit
from backend.core.db import Work, unit_of_work
from backend.integrations.googleads import requests
from backend.integrations.googleads.gateway import MutateReply
from backend.integrations.googleads.mutate.plan import MutatePlan, Operation
from backend.jobs.run import JobRun
from backend.publish import batches, edited_since, settling
from backend.publish.changes import Change
from backend.publish.delivery import Target

ADDITIONS, CHANGES = "push.add", "push.change"


class PushBatches:
    """What one run of a push stores and records.

    Attributes:
        delivered: The batches that this run brought to their end, those of an earlier push among them.
    """

    def __init__(self, job: JobRun) -> None:
        if job.customer_id is None:
            raise ValueError("a push names its account")
        self.job = job
        self.customer_id: UUID = job.customer_id
        self.version: str = current_app.config["SETTINGS"].google.api_version
        self.delivered: list[UUID] = []
        with unit_of_work() as work:
            customer = work.session.get_one(Customer, self.customer_id)
            self.target = Target(customer.id, customer.google_id)

    def store(
        self,
        work: Work,
        kind: str,
        operations: Sequence[Operation],
        *,
        subject_id: UUID,
        marker: str | None = None,
        before: dict[str, Any] | None = None,
    ) -> UUID:
        """Write the exact bytes down before anything is sent."""
        plan = MutatePlan(self.target.google_customer_id)
        plan.operations = list(operations)
        batch = batches.prepare(
            work.session,
            self.job,
            customer_id=self.customer_id,
            subject_id=subject_id,
            kind=kind,
            payload=requests.encode_mutate(plan, version=self.version, partial_failure=kind == CHANGES),
            operations=batches.sent(operations),
            marker=marker,
            before=before,
        )
        return batch.id

    def record(self, batch_id: UUID, reply: MutateReply) -> None:
        """Give each operation's result to its row."""
        with self.job.write() as work:
            batch = batches.load(work.session, self.customer_id, batch_id)
            settled = settling.settle(work.session, self.customer_id, batch, reply)
            if batch.kind == ADDITIONS and batch.job_id != self.job.job_id:
                operations = batches.sent_operations(batch)
                edited_since.mark(work.session, self.customer_id, batch.request, operations, version=self.version)
            batches.applied(batch, reply.resource_names, reply.request_id)
            batch.errors = settled.failures or None
            audit.record(
                work.session,
                self.job.actor,
                "push.applied",
                f"batch:{batch_id}",
                before={key: value.get("before") for key, value in batch.before_images.items()},
                after={key: value.get("after") for key, value in batch.before_images.items()},
                customer_id=self.customer_id,
                reason=self.job.args.get("reason"),
            )
        self.delivered.append(batch_id)

    def abandon(self, batch_id: UUID) -> None:
        """Note that a batch is over and nothing of it exists at Google."""
        with self.job.write() as work:
            batches.load(work.session, self.customer_id, batch_id).state = "ABANDONED"


def before_image(change: Change) -> tuple[str, dict[str, Any]]:
    """Give what a row was and is to be, under its key, for the undo."""
    return f"{change.kind}:{change.row_id}", {
        "before": dict(change.before),
        "after": dict(change.after),
        "name": change.name,
        "resource": change.resource,
    }
