"""Sitelinks, callouts and images over HTTP: those of a campaign, of an ad group, and each by its own path."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.adgraph.edges import AdGroupAsset, CampaignAsset
from backend.campaigns import asset_links, children, service, tree_json
from backend.campaigns.answers import Linked, LinkItem
from backend.campaigns.asset_links import Linked as Found
from backend.campaigns.child_routes import SHOWN
from backend.campaigns.child_schemas import LinkPatch, LinkQuery, LinksForm
from backend.campaigns.children import AD_GROUP
from backend.core.db import unit_of_work
from backend.core.http import Blueprint, etags, idempotent, pages
from backend.core.security import Role, current_actor, requires

bp = Blueprint("links", __name__, url_prefix="/api", description="Sitelinks, callouts and images")


def _fragment(model: Any) -> tuple[str, str, str]:
    return tree_json.LINK, tree_json.LINK_FROM.format(edge=model.__tablename__), "l"


def _page(session: Session, model: Any, condition: Any, customer_id: UUID, query: dict[str, Any]) -> flask.Response:
    statement = select(model.id).where(model.customer_id == customer_id, condition)
    statement = statement.where(model.status == query["status"] if query["status"] else model.status != "REMOVED")
    for name in ("field_type", "sync_status"):
        if query[name]:
            statement = statement.where(getattr(model, name) == query[name])
    ids, headers = pages.page(session, statement, (pages.Key(model.field_type), pages.Key(model.id)), query)
    body = tree_json.many(session, _fragment(model), customer_id, ids) if ids else "[]"
    return flask.Response(body, 200, headers, content_type="application/json")


def _answer(session: Session, found: Found) -> flask.Response:
    session.flush()
    body = tree_json.many(session, _fragment(type(found.row)), found.customer.id, [found.row.id])[1:-1]
    return etags.tag(flask.Response(body, 200, content_type="application/json"), found.row.version)


def _linked(ids: Any) -> tuple[dict[str, Any], int]:
    return {"linked": len(ids), "items": [{"index": index, "id": item} for index, item in enumerate(ids)]}, 201


@bp.get("/campaigns/<uuid:campaign_id>/asset_links")
@requires(Role.VIEWER)
@bp.arguments(LinkQuery, location="query")
@bp.response(200, LinkItem(many=True), description=SHOWN)
def list_campaign_links(query: dict[str, Any], campaign_id: UUID) -> flask.Response:
    """List the sitelinks, callouts and images of a campaign."""
    with unit_of_work() as work:
        _, customer = service.find(work.session, current_actor(), campaign_id)
        return _page(work.session, CampaignAsset, CampaignAsset.campaign_id == campaign_id, customer.id, query)


@bp.post("/campaigns/<uuid:campaign_id>/asset_links")
@requires(Role.EDITOR)
@idempotent
@bp.arguments(LinksForm)
@bp.response(201, Linked)
def add_campaign_links(form: dict[str, Any], campaign_id: UUID) -> tuple[Any, int]:
    """Link sitelinks, callouts or images to a campaign; a live one's are made by the next push."""
    with unit_of_work() as work:
        parent = service.find(work.session, current_actor(), campaign_id, lock=True)
        return _linked(asset_links.add(work, current_actor(), parent, form))


@bp.get("/ad_groups/<uuid:ad_group_id>/asset_links")
@requires(Role.VIEWER)
@bp.arguments(LinkQuery, location="query")
@bp.response(200, LinkItem(many=True), description=SHOWN)
def list_ad_group_links(query: dict[str, Any], ad_group_id: UUID) -> flask.Response:
    """List the sitelinks, callouts and images of an ad group."""
    with unit_of_work() as work:
        found = children.find(work.session, current_actor(), AD_GROUP, ad_group_id)
        condition = AdGroupAsset.ad_group_id == ad_group_id
        return _page(work.session, AdGroupAsset, condition, found.customer.id, query)


@bp.post("/ad_groups/<uuid:ad_group_id>/asset_links")
@requires(Role.EDITOR)
@idempotent
@bp.arguments(LinksForm)
@bp.response(201, Linked)
def add_ad_group_links(form: dict[str, Any], ad_group_id: UUID) -> tuple[Any, int]:
    """Link sitelinks, callouts or images to an ad group; a live one's are made by the next push."""
    with unit_of_work() as work:
        found = children.find(work.session, current_actor(), AD_GROUP, ad_group_id, lock=True)
        return _linked(asset_links.add(work, current_actor(), found, form))


@bp.get("/asset_links/<uuid:link_id>")
@requires(Role.VIEWER)
@bp.etagged
@bp.response(200, LinkItem, description=SHOWN)
def show_link(link_id: UUID) -> flask.Response:
    """Show a sitelink, callout or image where it is linked."""
    with unit_of_work() as work:
        return _answer(work.session, asset_links.find(work.session, current_actor(), link_id))


@bp.patch("/asset_links/<uuid:link_id>")
@requires(Role.EDITOR)
@bp.etagged
@bp.arguments(LinkPatch)
@bp.response(200, LinkItem, description=SHOWN)
def change_link(form: dict[str, Any], link_id: UUID) -> flask.Response:
    """Enable or pause a link; Google is told by the next push."""
    with unit_of_work() as work:
        found = asset_links.patch(work, current_actor(), link_id, form["status"], etags.must_match)
        return _answer(work.session, found)


@bp.delete("/asset_links/<uuid:link_id>")
@requires(Role.EDITOR)
@bp.etagged
@bp.response(204)
def remove_link(link_id: UUID) -> None:
    """Take a link away; a live one is removed at Google by the next push, and linking it again before undoes that."""
    with unit_of_work() as work:
        asset_links.remove(work, current_actor(), link_id, etags.must_match)
