"""The job of the sync."""

from __future__ import annotations

from backend.jobs.registry import handles
from backend.jobs.run import JobRun, Outcome
from backend.sync import service


@handles(service.KIND)
def sync_account(job: JobRun) -> Outcome:
    """Sync one account."""
    return service.run(job)
