"""The job that downloads one image of a draft."""

from __future__ import annotations

from backend.campaigns import images
from backend.core.fetch import FetchError
from backend.jobs.engine import backoff_seconds
from backend.jobs.registry import handles
from backend.jobs.run import JobRun, Outcome, Reschedule

TRIES = 4


@handles(images.FETCH_KIND)
def fetch_image(job: JobRun) -> Outcome:
    """Download, check and place an image; a server that stumbles is asked again a few times."""
    if job.customer_id is None or job.subject_id is None:
        raise ValueError("a fetch names its account and its asset")
    try:
        status = images.fetch(job.customer_id, job.subject_id)
    except FetchError as problem:
        if job.attempt < TRIES:
            raise Reschedule(backoff_seconds(job.attempt), "retry", counts=True) from problem
        images.give_up(job.customer_id, job.subject_id, problem.code, problem.message)
        status = "failed"
    return Outcome({"asset_id": str(job.subject_id), "fetch_status": status})
