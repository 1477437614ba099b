"""The first step of a publish and of a dry run: download the images that the draft names and that are not here yet."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from backend.campaigns import images
from backend.campaigns.tree import AssetNode
from backend.core.fetch import FetchError
from backend.jobs.engine import backoff_seconds
from backend.jobs.run import JobRun, Reschedule

FETCH_TRIES = 3


def fetch(job: JobRun, customer_id: UUID, assets: Iterable[AssetNode]) -> None:
    """Download what is still pending; after some tries an image counts as failed, which the strict check reports.

    Raises:
        Reschedule: The other side did not answer; the job tries again.
    """
    for asset in assets:
        if asset.fetch_status != "pending":
            continue
        job.progress("fetching images")
        try:
            images.fetch(customer_id, asset.id)
        except FetchError as problem:
            if job.attempt < FETCH_TRIES:
                raise Reschedule(backoff_seconds(job.attempt), "fetching_image", counts=True) from problem
            images.give_up(customer_id, asset.id, problem.code, problem.message)
