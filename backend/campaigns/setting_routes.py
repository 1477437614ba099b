"""A campaign's targeting and its budget under paths of their own."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import flask
from marshmallow import Schema, fields

from backend.adgraph.models import Campaign
from backend.campaigns import service, tree_json
from backend.campaigns.answers import BudgetItem
from backend.campaigns.tree_schemas import TargetingForm
from backend.core.db import unit_of_work
from backend.core.errors import NotFound
from backend.core.http import Blueprint, etags
from backend.core.security import Role, current_actor, requires

bp = Blueprint("settings", __name__, url_prefix="/api/campaigns", description="Targeting and budget of a campaign")
KINDS = ("locations", "languages", "devices", "ad_schedule")


class TargetingItem(Schema):
    """Where, in which languages, on which devices and when a campaign is shown; an empty list leaves it open."""

    locations = fields.List(fields.Dict(), required=True)
    languages = fields.List(fields.String(), required=True)
    devices = fields.List(fields.Dict(), required=True)
    ad_schedule = fields.List(fields.Dict(), required=True)


def _targeting(campaign: Campaign) -> flask.Response:
    return etags.tag(
        flask.jsonify({kind: campaign.targeting.get(kind, []) for kind in KINDS}),
        campaign.version,
    )


@bp.get("/<uuid:campaign_id>/targeting")
@requires(Role.VIEWER)
@bp.etagged
@bp.response(200, TargetingItem, description="With the campaign's ETag.")
def show_targeting(campaign_id: UUID) -> flask.Response:
    """Show the targeting of a campaign."""
    with unit_of_work() as work:
        return _targeting(service.find(work.session, current_actor(), campaign_id)[0])


@bp.patch("/<uuid:campaign_id>/targeting")
@requires(Role.EDITOR)
@bp.etagged
@bp.arguments(TargetingForm)
@bp.response(200, TargetingItem, description="With the campaign's ETag.")
def change_targeting(form: dict[str, Any], campaign_id: UUID) -> flask.Response:
    """Replace the lists that are named, keep the others; a live campaign keeps the change here until it is pushed."""
    with unit_of_work() as work:
        campaign, _ = service.find(work.session, current_actor(), campaign_id, lock=True)
        wanted = {"targeting": {**campaign.targeting, **form}}
        return _targeting(service.patch(work, current_actor(), campaign_id, wanted, etags.must_match))


@bp.get("/<uuid:campaign_id>/budget")
@requires(Role.VIEWER)
@bp.response(200, BudgetItem)
def show_budget(campaign_id: UUID) -> flask.Response:
    """Show the budget of a campaign; it is changed with the campaign, or by POST to this path."""
    with unit_of_work() as work:
        campaign, _ = service.find(work.session, current_actor(), campaign_id)
        body = tree_json.budget(work.session, campaign)
    if body is None:
        raise NotFound("The campaign has no budget yet.")
    return flask.Response(body, 200, content_type="application/json")
