"""Makes the images that carousel cards name in a request of their own: cards take no temporary names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from uuid import UUID

from flask import current_app
from sqlalchemy.orm import Session

from backend.campaigns.tree import AssetNode
from backend.integrations.googleads import requests
from backend.integrations.googleads.errors import Refused
from backend.integrations.googleads.gateway import Gateway
from backend.jobs.run import JobRun
from backend.publish import batches, delivery, reconcile, recording
from backend.publish.delivery import Target
from backend.publish.planner import images_needed_first, plan_images

IMAGES = "assets"


def make(
    job: JobRun,
    target: Target,
    subject_id: UUID,
    used: Callable[[Session], Iterable[AssetNode]],
    refused: Callable[[UUID, Refused], None],
) -> None:
    """Make what must exist first; an image that was made by an earlier run is found by its name.

    Args:
        used: Gives every asset that is used, with its bytes.
        refused: Notes that Google refused them, before the refusal goes on.

    Raises:
        Refused, Reschedule, JobFailed
    """
    # What an earlier job left open may hold other images than those that are needed now.
    while _made_some(job, target, subject_id, used, refused):
        job.check()


def _made_some(
    job: JobRun,
    target: Target,
    subject_id: UUID,
    used: Callable[[Session], Iterable[AssetNode]],
    refused: Callable[[UUID, Refused], None],
) -> bool:
    with job.write() as work:
        needed = images_needed_first(used(work.session))
        batch = batches.open_batch(work.session, target.customer_id, subject_id, [IMAGES])
        if batch is None:
            if not needed:
                return False
            plan = plan_images(target.google_customer_id, needed)
            version: str = current_app.config["SETTINGS"].google.api_version
            batch = batches.prepare(
                work.session,
                job,
                customer_id=target.customer_id,
                subject_id=subject_id,
                kind=IMAGES,
                payload=requests.encode_mutate(plan, version=version),
                operations=batches.sent(plan.operations),
                marker=None,
            )
        batch_id, operations = batch.id, batches.sent_operations(batch)

    def look(gateway: Gateway) -> Sequence[str] | None:
        names = reconcile.find_images(gateway, target.google_customer_id, needed)
        listed = [names.get(operation.subject, "") for operation in operations]
        return listed if all(listed) else None

    try:
        reply = delivery.deliver(job, target, batch_id, look)
    except Refused as refusal:
        refused(batch_id, refusal)
        raise
    with job.write() as work:
        batch = batches.load(work.session, target.customer_id, batch_id)
        recording.record_created(work.session, target.customer_id, operations, reply.resource_names)
        batches.applied(batch, reply.resource_names, reply.request_id)
    return True
