"""The job of a report."""

from __future__ import annotations

from backend.jobs.registry import handles
from backend.jobs.run import JobRun, Outcome
from backend.reporting import service


@handles(service.KIND)
def generate(job: JobRun) -> Outcome:
    """Make one report."""
    return service.run(job)
