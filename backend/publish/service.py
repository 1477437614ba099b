"""Asks for a publish or a dry run: everything that can be refused is refused before the 202."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.adgraph.models import Campaign, Customer
from backend.campaigns import flat_drafts, images, problems
from backend.campaigns import service as campaigns
from backend.campaigns.loading import load_tree
from backend.campaigns.writing import TreeWriter
from backend.core import audit
from backend.core.db import Work
from backend.core.errors import Conflict, Finding, NotAllowedYet
from backend.core.ids import new_id
from backend.core.security import Actor, Role
from backend.jobs import service as jobs
from backend.jobs.models import Job
from backend.publish import batches, recording
from backend.publish.publishing import PUBLISH, not_pending

PUBLISH_KIND = "publish"
DRY_RUN_KIND = "publish.dry_run"
QUEUE = "publish"
MAX_ATTEMPTS = 20
"""Runs that may be begun; waiting for Google does not count, only runs that died."""
MARKER = "CampaignWizard {}"


def request_publish(work: Work, actor: Actor, campaign_id: UUID, order: Mapping[str, Any]) -> Job:
    """Accept a publish: lock, check strictly, mark, open the job; it is sent to a worker after the commit.

    Raises:
        Conflict: `already_published`, `publish_in_progress`.
        NotAllowedYet: `not_publishable`, with everything that is wrong.
    """
    session = work.session
    campaign, customer = campaigns.find(session, actor, campaign_id, lock=True)
    actor.must_be(Role.PUBLISHER, customer.id)
    _must_be_a_draft(session, campaign)
    _must_pass(work, actor, campaign, customer)
    campaign.status, campaign.sync_status = "PUBLISHING", "publishing"
    campaign.marker = batches.marker_in_doubt(session, customer.id, campaign_id, PUBLISH) or MARKER.format(new_id())
    campaign.sync_error = None
    campaign.version += 1
    session.flush()
    for before in ("draft", "sync_error"):
        recording.mark_tree(session, customer.id, campaign_id, before, "publishing")
    job = jobs.open_job(
        work,
        PUBLISH_KIND,
        actor=actor,
        queue=QUEUE,
        customer_id=customer.id,
        subject_id=campaign_id,
        exclusive_key=f"{PUBLISH_KIND}:{campaign_id}",
        conflict_code="publish_in_progress",
        args={
            "must_end": True,
            "google_status": order.get("google_status", "PAUSED"),
            "exemptions": [dict(item) for item in order.get("policy_exemptions", ())],
        },
        max_attempts=MAX_ATTEMPTS,
    )
    audit.record(
        session,
        actor,
        "campaign.publish",
        f"campaign:{campaign_id}",
        after={"job_id": str(job.id), **order},
        reason=order.get("reason"),
        customer_id=customer.id,
    )
    campaign, _ = campaigns.find(session, actor, campaign_id)
    campaigns.announce(work, actor, campaign, "campaign.publishing", job_id=str(job.id))
    return job


def request_dry_run(work: Work, actor: Actor, campaign_id: UUID) -> Job:
    """Accept a dry run.

    Raises:
        Conflict: It is published already, or being published.
        NotAllowedYet: `not_publishable`, with everything that is wrong.
    """
    campaign, customer = campaigns.find(work.session, actor, campaign_id, lock=True)
    actor.must_be(Role.EDITOR, customer.id)
    _must_be_a_draft(work.session, campaign)
    _must_pass(work, actor, campaign, customer)
    return jobs.open_job(
        work,
        DRY_RUN_KIND,
        actor=actor,
        queue=QUEUE,
        customer_id=customer.id,
        subject_id=campaign_id,
        exclusive_key=f"{DRY_RUN_KIND}:{campaign_id}",
    )


def _must_be_a_draft(session: Session, campaign: Campaign) -> None:
    if campaign.google_id is not None:
        raise Conflict(
            "The campaign is published already.",
            code="already_published",
            extra={"google_campaign_id": str(campaign.google_id), "campaign_status": campaign.status},
        )
    if campaign.status == "PUBLISHING":
        active = session.scalar(
            select(Job.id).where(Job.subject_id == campaign.id, Job.status.in_(("queued", "started")))
        )
        raise Conflict(
            "The campaign is being published.",
            code="publish_in_progress",
            extra={"job_id": str(active)} if active else {},
        )
    if campaign.status == "REMOVED":
        raise Conflict("The campaign is removed.")


def _must_pass(work: Work, actor: Actor, campaign: Campaign, customer: Customer) -> None:
    """Refuse what the strict check finds; an image that is still pending is fetched by the worker first."""
    session = work.session
    if flat_drafts.is_stale(campaign, customer):
        writer = TreeWriter(session, customer)
        flat_drafts.expand(session, customer, campaign, writer)
        images.enqueue(work, actor, customer, writer.book.to_fetch)
        session.flush()
    found: list[Finding] = problems.of_tree(load_tree(session, customer, campaign), campaign, customer)
    blocking = not_pending(found)
    if blocking:
        raise NotAllowedYet("The campaign does not pass the checks.", code="not_publishable", errors=blocking)
