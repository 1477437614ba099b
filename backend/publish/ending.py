"""How a publish ends in the campaign's own row: published, or failed with the reason."""

from __future__ import annotations

from typing import Any

from backend.adgraph.models import Campaign
from backend.campaigns import problems
from backend.campaigns.objectives import bidding_for
from backend.core.db import unit_of_work
from backend.core.events import Event
from backend.jobs.run import JobRun
from backend.publish import batches, recording


def become_published(campaign: Campaign, google_status: str) -> None:
    """Note that Google has the campaign, with the status that it was made with."""
    if campaign.google_id is None:
        raise ValueError("Google gave the campaign no id")
    campaign.status, campaign.google_status = "PUBLISHED", google_status
    campaign.bidding = dict(bidding_for(campaign.campaign_type, campaign.objective, campaign.bidding))
    campaign.bidding_strategy_type = next(iter(campaign.bidding), "").upper() or None
    campaign.problems = []
    campaign.flat = {}
    campaign.version += 1


def result_of(campaign: Campaign) -> dict[str, Any]:
    """Give what the job shows of a campaign that is published."""
    return {
        "campaign_id": str(campaign.id),
        "google_campaign_id": str(campaign.google_id),
        "resource_name": campaign.resource_name,
        "google_status": campaign.google_status,
    }


def fail(job: JobRun, error: dict[str, Any]) -> None:
    """Bring the campaign of a publish that failed for good to its final state; safe to repeat."""
    if job.customer_id is None or job.subject_id is None:
        return
    with unit_of_work() as work:
        if not job.is_held(work):
            return
        batches.give_up(work.session, job.customer_id, job.job_id)
        key = {"customer_id": job.customer_id, "id": job.subject_id}
        campaign = work.session.get(Campaign, key, with_for_update=True)
        if campaign is None or campaign.status != "PUBLISHING":
            return
        recording.mark_tree(work.session, job.customer_id, job.subject_id, "publishing", "draft")
        campaign = work.session.get_one(Campaign, key, with_for_update=True)
        campaign.status, campaign.sync_status = "FAILED", "sync_error"
        campaign.sync_error = {name: error.get(name) for name in ("code", "detail", "google_request_id")}
        if error.get("errors"):
            campaign.problems = list(error["errors"])[: problems.MOST_SHOWN]
        campaign.version += 1
        work.emit(
            Event(
                tenant_id=job.tenant_id,
                kind="campaign.publish_failed",
                data={"code": error.get("code"), "detail": error.get("detail")},
                customer_id=job.customer_id,
                subject_id=job.subject_id,
                version=campaign.version,
            )
        )
