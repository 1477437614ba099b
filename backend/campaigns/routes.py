"""Campaigns over HTTP: list, create, show, change, delete, restore, the whole tree, the rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import flask
from sqlalchemy.orm import Session

from backend.adgraph.models import Campaign, Customer
from backend.campaigns import (
    flat_drafts,
    images,
    kept_lists,
    objectives,
    problems,
    reading,
    rules,
    service,
    tree_json,
)
from backend.campaigns.answers import CampaignTree, RuleBook
from backend.campaigns.schemas import SORTS, CampaignForm, CampaignItem, CampaignPatch, CampaignQuery, CopyForm
from backend.campaigns.writing import TreeWriter
from backend.core.db import unit_of_work
from backend.core.errors import NotFound
from backend.core.http import Blueprint, etags, idempotent, pages
from backend.core.security import Role, current_actor, requires

TREE_BYTES = 16 << 20
SORT_KEYS: dict[str, tuple[pages.Key, ...]] = {
    sort: tuple(pages.Key(getattr(Campaign, name), sort.startswith("-")) for name in (sort.lstrip("-"), "id"))
    for sort in SORTS
}

bp = Blueprint("campaigns", __name__, url_prefix="/api/campaigns", description="Drafts and live campaigns")
rules_bp = Blueprint("rules", __name__, url_prefix="/api/rules", description="What a campaign must satisfy")


@bp.get("")
@requires(Role.VIEWER)
@bp.arguments(CampaignQuery, location="query")
@bp.response(200, CampaignItem(many=True))
def list_campaigns(query: dict[str, Any]) -> flask.Response:
    """List campaigns, newest first."""
    with unit_of_work() as work:
        visible = reading.visible_customers(work.session, current_actor())
        chosen = [
            customer
            for customer in visible.values()
            if query["customer_id"] in (None, customer.google_id) and query["slug"] in (None, customer.slug)
        ]
        if not chosen and (query["customer_id"] or query["slug"]):
            raise NotFound("There is no such account.")
        found = kept_lists.listed(work.session, chosen, query, lambda: _listed(work.session, chosen, query))
    headers = {} if found.cursor is None else pages.next_link(found.cursor)
    return flask.Response(found.body, 200, headers, content_type="application/json")


def _listed(session: Session, customers: Sequence[Customer], query: dict[str, Any]) -> kept_lists.Listed:
    ids_of = [customer.id for customer in customers]
    days = (query["stats_from"], query["stats_to"]) if query["stats_from"] else None
    ids, cursor = pages.cut(session, reading.list_statement(ids_of, query), SORT_KEYS[query["sort"]], query)
    body = reading.items_json(session, ids_of, ids, days) if ids else "[]"
    return kept_lists.Listed(body.encode(), cursor)


@bp.post("")
@requires(Role.EDITOR)
@idempotent
@bp.max_body(TREE_BYTES)
@bp.arguments(CampaignForm)
@bp.response(201, CampaignItem)
def create_campaign(form: dict[str, Any]) -> flask.Response:
    """Create a draft, from the flat form or from the whole tree."""
    actor = current_actor()
    default = flask.current_app.config["SETTINGS"].google.customer_id
    with unit_of_work() as work:
        customer = service.choose_customer(
            work.session, actor, google_id=form.pop("customer_id", None), slug=form.pop("slug", None), default=default
        )
        campaign = service.create_draft(work, actor, customer, form)
        work.session.flush()
        body = reading.item_json(work.session, campaign)
    return _item(body, campaign, 201, {"Location": f"/api/campaigns/{campaign.id}"})


@bp.get("/<uuid:campaign_id>")
@requires(Role.VIEWER)
@bp.etagged
@bp.response(200, CampaignItem)
def show_campaign(campaign_id: UUID) -> flask.Response:
    """Show a campaign with what stands between it and its publishing."""
    with unit_of_work() as work:
        campaign, _ = service.find(work.session, current_actor(), campaign_id)
        if campaign.google_id is None:
            campaign = _looked_at_today(work, campaign_id)
        body = reading.item_json(work.session, campaign)
    return _item(body, campaign)


@bp.patch("/<uuid:campaign_id>")
@requires(Role.EDITOR)
@bp.etagged
@bp.arguments(CampaignPatch)
@bp.response(200, CampaignItem)
def change_campaign(form: dict[str, Any], campaign_id: UUID) -> flask.Response:
    """Change a campaign; a live one keeps the change here until it is pushed."""
    with unit_of_work() as work:
        campaign = service.patch(work, current_actor(), campaign_id, form, etags.must_match)
        work.session.flush()
        body = reading.item_json(work.session, campaign)
    return _item(body, campaign)


@bp.delete("/<uuid:campaign_id>")
@requires(Role.EDITOR)
@bp.etagged
@bp.response(204)
def delete_campaign(campaign_id: UUID) -> None:
    """Put a campaign into the bin; Google is not told."""
    with unit_of_work() as work:
        service.delete(work, current_actor(), campaign_id, etags.must_match)


@bp.post("/<uuid:campaign_id>/restore")
@requires(Role.EDITOR)
@bp.response(200, CampaignItem)
def restore_campaign(campaign_id: UUID) -> flask.Response:
    """Take a campaign out of the bin."""
    with unit_of_work() as work:
        campaign = service.restore(work, current_actor(), campaign_id)
        work.session.flush()
        body = reading.item_json(work.session, campaign)
    return _item(body, campaign)


@bp.post("/<uuid:campaign_id>/copy")
@requires(Role.EDITOR)
@idempotent
@bp.arguments(CopyForm)
@bp.response(201, CampaignItem)
def copy_campaign(form: dict[str, Any], campaign_id: UUID) -> flask.Response:
    """Copy a campaign with everything below it into a new draft."""
    with unit_of_work() as work:
        campaign = service.copy(work, current_actor(), campaign_id, form["name"])
        work.session.flush()
        body = reading.item_json(work.session, campaign)
    return _item(body, campaign, 201, {"Location": f"/api/campaigns/{campaign.id}"})


@bp.get("/<uuid:campaign_id>/tree")
@requires(Role.VIEWER)
@bp.etagged
@bp.response(200, CampaignTree)
def show_tree(campaign_id: UUID) -> flask.Response:
    """Show a campaign with its ad groups, keywords, ads and assets in one answer."""
    with unit_of_work() as work:
        campaign, _ = service.find(work.session, current_actor(), campaign_id)
        body = tree_json.tree(work.session, campaign)
    response = flask.Response(body, 200, content_type="application/json")
    response.add_etag()
    return response


@rules_bp.get("")
@requires(Role.VIEWER)
@rules_bp.response(200, RuleBook, description="Limits with their codes, and what each objective means.")
def show_rules() -> flask.Response:
    """List every rule of the strict check, and the bidding and goals of each type and objective."""
    strategies = [
        {"campaign_type": kind, "objective": objective, "bidding": strategy.bidding, "goals": list(strategy.goals)}
        for (kind, objective), strategy in objectives.STRATEGIES.items()
    ]
    return flask.jsonify({"rules": rules.as_json(), "objectives": strategies})


def _looked_at_today(work: Any, campaign_id: UUID) -> Campaign:
    """Check a draft again: days pass, and the account's defaults may have changed since its rows were made."""
    actor = current_actor()
    campaign, customer = service.find(work.session, actor, campaign_id, lock=True)
    if flat_drafts.is_stale(campaign, customer):
        writer = TreeWriter(work.session, customer)
        flat_drafts.expand(work.session, customer, campaign, writer)
        images.enqueue(work, actor, customer, writer.book.to_fetch)
    if campaign.status in ("DRAFT", "FAILED"):
        problems.refresh(work.session, campaign, customer)
        work.session.flush()
    return campaign


def _item(body: str, campaign: Campaign, status: int = 200, headers: dict[str, str] | None = None) -> flask.Response:
    response = flask.Response(body, status, headers, content_type="application/json")
    return etags.tag(response, campaign.version)
