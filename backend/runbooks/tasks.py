"""The jobs of the runbooks that are not a sync."""

from __future__ import annotations

from backend.jobs.registry import handles
from backend.jobs.run import JobRun, Outcome
from backend.runbooks import checks, commands, service


@handles(commands.VALIDATE)
def validate(job: JobRun) -> Outcome:
    """Check an account's configuration."""
    return checks.run(job)


@handles(commands.FORCE_UNLOCK)
def force_unlock(job: JobRun) -> Outcome:
    """Take an account's lease."""
    return service.force_unlock(job)
