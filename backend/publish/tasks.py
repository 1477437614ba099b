"""The jobs of this slice: a publish, a dry run, a push."""

from __future__ import annotations

from backend.jobs.registry import handles
from backend.jobs.run import JobRun, Outcome
from backend.publish import dry_run, ending, publishing, pushing
from backend.publish.push_service import PUSH_KIND
from backend.publish.service import DRY_RUN_KIND, PUBLISH_KIND


@handles(PUBLISH_KIND, on_failure=ending.fail)
def publish_campaign(job: JobRun) -> Outcome:
    """Publish one campaign, exactly once."""
    return publishing.Publishing(job).run()


@handles(PUSH_KIND, on_failure=pushing.fail)
def push_changes(job: JobRun) -> Outcome:
    """Push what was edited here to Google."""
    return pushing.Pushing(job).run()


@handles(DRY_RUN_KIND)
def dry_run_campaign(job: JobRun) -> Outcome:
    """Ask Google whether it would take a campaign."""
    return dry_run.dry_run(job)
