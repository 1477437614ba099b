"""Changes to what is live over HTTP: push, preview, enable, disable, remove at every level, bulk, budget."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import flask

from backend.campaigns import reading, shared_sets, tree_json
from backend.campaigns import service as campaigns
from backend.core.db import unit_of_work
from backend.core.http import Blueprint, accepted, etags, idempotent
from backend.core.security import Actor, Role, current_actor, requires
from backend.jobs.models import Job
from backend.jobs.waiting import shows
from backend.publish import previewing, push_service
from backend.publish.push_service import Wish
from backend.publish.schemas import BudgetOrder, BulkAnswer, BulkOrder, JobAccepted, Preview, PushOrder

bp = Blueprint("push", __name__, url_prefix="/api", description="Changes to what is live")
PATHS = {
    "campaign": "campaigns",
    "ad_group": "ad_groups",
    "ad": "ads",
    "keyword": "keywords",
    "asset_group": "asset_groups",
}


@bp.post("/campaigns/<uuid:campaign_id>/push")
@requires(Role.PUBLISHER)
@idempotent
@bp.arguments(PushOrder)
@bp.response(202, JobAccepted)
def push(order: dict[str, Any], campaign_id: UUID) -> flask.Response:
    """Push every local edit below a campaign; items that Google refuses are marked, the rest is committed."""
    with unit_of_work() as work:
        job = push_service.request_push(work, current_actor(), campaign_id, order.get("reason"))
    return accepted(job.id)


@bp.get("/campaigns/<uuid:campaign_id>/preview")
@requires(Role.VIEWER)
@bp.response(200, Preview)
def preview(campaign_id: UUID) -> dict[str, Any]:
    """Show what a push (of a draft: its publish) would change, per field, what it would make, and what it costs."""
    with unit_of_work() as work:
        campaign, customer = campaigns.find(work.session, current_actor(), campaign_id)
        return previewing.of_campaign(work.session, customer, campaign)


@bp.post("/shared_sets/<uuid:shared_set_id>/push")
@requires(Role.PUBLISHER)
@idempotent
@bp.arguments(PushOrder)
@bp.response(202, JobAccepted)
def push_list(order: dict[str, Any], shared_set_id: UUID) -> flask.Response:
    """Push a list of negatives: make it, or bring its name, new keywords and removals to Google."""
    with unit_of_work() as work:
        job = push_service.request_list_push(work, current_actor(), shared_set_id, order.get("reason"))
    return accepted(job.id)


@bp.get("/shared_sets/<uuid:shared_set_id>/preview")
@requires(Role.VIEWER)
@bp.response(200, Preview)
def preview_list(shared_set_id: UUID) -> dict[str, Any]:
    """Show what a push of a list would change, and what it costs."""
    with unit_of_work() as work:
        shared_set, customer = shared_sets.find(work.session, current_actor(), shared_set_id)
        return previewing.of_list(work.session, customer, shared_set)


@bp.post("/campaigns/<uuid:campaign_id>/budget")
@requires(Role.PUBLISHER)
@idempotent
@bp.arguments(BudgetOrder)
@bp.response(202, JobAccepted)
def change_budget(order: dict[str, Any], campaign_id: UUID) -> flask.Response:
    """Set the daily budget within the account's cap; a live campaign's is told to Google at once."""
    with unit_of_work() as work:
        job = push_service.change_budget(work, current_actor(), campaign_id, order["daily_budget"], order.get("reason"))
    return _told(job, "campaign", campaign_id)


def _told(job: Job | None, kind: str, row_id: UUID) -> flask.Response:
    """202 with the job that tells Google; 200 with the campaign, or 204, when there was nothing to tell."""
    if job is not None:
        return accepted(job.id)
    if kind != "campaign":
        return flask.Response(status=204)
    with unit_of_work() as work:
        campaign, _ = campaigns.find(work.session, current_actor(), row_id)
        body = reading.item_json(work.session, campaign)
    return etags.tag(flask.Response(body, 200, content_type="application/json"), campaign.version)


def _add_actions(kind: str, path: str) -> None:
    """Add enable, disable, remove and bulk for one kind of thing."""
    words = kind.replace("_", " ")
    about = {
        "enable": f"Enable the {words}: at Google if it is live; repeating it is harmless.",
        "disable": f"Pause the {words} at Google, or mark a draft not publishable; repeating it is harmless.",
        "remove": f"Remove the {words} for good: at Google if it is live.",
    }
    for action, text in about.items():
        bp.post(f"/{path}/<uuid:row_id>/{action}", endpoint=f"{action}_{kind}")(_action(kind, action, text))
    bp.post(f"/{path}/bulk", endpoint=f"bulk_{kind}")(_bulk(kind, words))


def _action(kind: str, action: str, text: str) -> Any:
    @requires(Role.PUBLISHER if kind == "campaign" else Role.EDITOR)
    @idempotent
    @bp.arguments(PushOrder)
    @bp.response(202, JobAccepted)
    @bp.alt_response(204, description="Done here: Google does not know it, or has it like this already.")
    def act(order: dict[str, Any], row_id: UUID) -> flask.Response:
        wish = Wish(kind, action, order.get("reason"))
        with unit_of_work() as work:
            job = push_service.change_status(work, current_actor(), wish, row_id)
        return _told(job, kind, row_id)

    act.__doc__ = text
    act.__name__ = f"{action}_{kind}"
    return act


def _bulk(kind: str, words: str) -> Any:
    @requires(Role.PUBLISHER)
    @idempotent
    @bp.arguments(BulkOrder)
    @bp.response(200, BulkAnswer)
    def bulk(order: dict[str, Any]) -> dict[str, Any]:
        wish = Wish(kind, order["action"], order.get("reason"))
        with unit_of_work() as work:
            items, jobs = push_service.change_many(work, current_actor(), wish, order["ids"])
        return {"items": items, "jobs": [str(job.id) for job in jobs]}

    bulk.__doc__ = f"Enable, disable or remove many: each {words} answers for itself, by its index."
    bulk.__name__ = f"bulk_{kind}"
    return bulk


for _kind, _path in PATHS.items():
    _add_actions(_kind, _path)


@shows(push_service.PUSH_KIND, failed_code="push_failed")
def show_pushed(job: Job, actor: Actor) -> Any:
    """The campaign or the list after its push, with what came of each item; of a bulk, only that."""
    if job.subject_id is None:
        return job.result
    if job.args.get("shared_sets"):
        return _shown_list(job, actor, job.subject_id)
    with unit_of_work() as work:
        campaign, _ = campaigns.find(work.session, actor, job.subject_id)
        body = reading.item_json(work.session, campaign)
    item = flask.json.loads(body)
    return etags.tag(flask.jsonify({**item, "push": job.result}), campaign.version)


def _shown_list(job: Job, actor: Actor, shared_set_id: UUID) -> flask.Response:
    with unit_of_work() as work:
        shared_set, customer = shared_sets.find(work.session, actor, shared_set_id)
        body = tree_json.many(work.session, tree_json.SHARED_SET_WHOLE, customer.id, [shared_set_id])[1:-1]
    return etags.tag(flask.jsonify({**flask.json.loads(body), "push": job.result}), shared_set.version)
