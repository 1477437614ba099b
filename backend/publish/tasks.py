"""The jobs of this slice: a publish and a dry run."""

from __future__ import annotations

from backend.jobs.registry import handles
from backend.jobs.run import JobRun, Outcome
from backend.publish import dry_run, publishing
from backend.publish.service import DRY_RUN_KIND, PUBLISH_KIND


@handles(PUBLISH_KIND, on_failure=publishing.fail)
def publish_campaign(job: JobRun) -> Outcome:
    """Publish one campaign, exactly once."""
    return publishing.Publishing(job).run()


@handles(DRY_RUN_KIND)
def dry_run_campaign(job: JobRun) -> Outcome:
    """Ask Google whether it would take a campaign."""
    return dry_run.dry_run(job)
