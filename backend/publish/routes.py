"""Publish and dry run over HTTP: 202 and a job; with `Prefer: wait=N` the campaign itself."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import flask

from backend.campaigns import reading
from backend.campaigns import service as campaigns
from backend.core.db import unit_of_work
from backend.core.http import Blueprint, accepted, etags, idempotent
from backend.core.security import Actor, Role, current_actor, requires
from backend.jobs.models import Job
from backend.jobs.waiting import shows
from backend.publish import service
from backend.publish.schemas import JobAccepted, PublishOrder

bp = Blueprint("publish", __name__, url_prefix="/api/campaigns", description="From draft to live, exactly once")


@bp.post("/<uuid:campaign_id>/publish")
@requires(Role.PUBLISHER)
@idempotent
@bp.arguments(PublishOrder)
@bp.response(202, JobAccepted)
def publish(order: dict[str, Any], campaign_id: UUID) -> flask.Response:
    """Publish a draft: one atomic batch at Google, paused unless asked otherwise."""
    with unit_of_work() as work:
        job = service.request_publish(work, current_actor(), campaign_id, order)
    return accepted(job.id)


@bp.post("/<uuid:campaign_id>/dry-run")
@requires(Role.EDITOR)
@idempotent
@bp.response(202, JobAccepted)
def dry_run(campaign_id: UUID) -> flask.Response:
    """Ask Google whether it would take the draft; nothing changes."""
    with unit_of_work() as work:
        job = service.request_dry_run(work, current_actor(), campaign_id)
    return accepted(job.id)


@shows(service.PUBLISH_KIND, failed_code="publish_failed")
def show_published(job: Job, actor: Actor) -> flask.Response:
    """The campaign, once its publish is over."""
    if job.subject_id is None:
        raise ValueError("a publish names its campaign")
    with unit_of_work() as work:
        campaign, _ = campaigns.find(work.session, actor, job.subject_id)
        body = reading.item_json(work.session, campaign)
    return etags.tag(flask.Response(body, 200, content_type="application/json"), campaign.version)


@shows(service.DRY_RUN_KIND, failed_code="publish_failed")
def show_dry_run(job: Job, actor: Actor) -> Any:
    """What Google said."""
    return job.result
