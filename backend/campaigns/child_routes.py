"""Ad groups, ads, keywords and asset groups over HTTP, each under its own path."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import flask
from marshmallow import Schema
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.adgraph.asset_groups import AssetGroup, CampaignAssetGroup
from backend.adgraph.edges import AdGroupAd, CampaignAdGroup
from backend.adgraph.models import Ad, AdGroup
from backend.campaigns import children, flat_drafts, service, tree_json
from backend.campaigns.answers import AdGroupItem, AdItem, AssetGroupItem, KeywordItem
from backend.campaigns.child_schemas import (
    AdGroupPatch,
    AdPatch,
    AssetGroupPatch,
    ChildQuery,
)
from backend.campaigns.children import AD, AD_GROUP, ASSET_GROUP, KEYWORD, Found, Kind
from backend.campaigns.routes import TREE_BYTES
from backend.campaigns.tree_schemas import AdForm, AdGroupForm, AssetGroupForm
from backend.core.db import unit_of_work
from backend.core.http import Blueprint, etags, idempotent, pages
from backend.core.security import Role, current_actor, requires

bp = Blueprint("children", __name__, url_prefix="/api", description="What hangs below a campaign")
SHOWN = "As it stands in the campaign's tree."


def show_child(kind: Kind, child_id: UUID) -> flask.Response:
    with unit_of_work() as work:
        found = children.find(work.session, current_actor(), kind, child_id)
        return _answer(work.session, kind, found)


def _answer(session: Session, kind: Kind, found: Found, status: int = 200) -> flask.Response:
    session.flush()
    body = tree_json.many(session, kind.fragment, found.customer.id, [found.row.id])[1:-1]
    return etags.tag(flask.Response(body, status, content_type="application/json"), found.row.version)


def change_child(kind: Kind, child_id: UUID, form: dict[str, Any]) -> flask.Response:
    with unit_of_work() as work:
        found = children.patch(work, current_actor(), kind, child_id, form, check_tag=etags.must_match)
        return _answer(work.session, kind, found)


def remove_child(kind: Kind, child_id: UUID) -> None:
    with unit_of_work() as work:
        children.remove(work, current_actor(), kind, child_id, etags.must_match)


def page_of(kind: Kind, statement: Any, customer_id: UUID, session: Session, query: dict[str, Any]) -> flask.Response:
    ids, headers = pages.page(session, statement, _order(kind, query["sort"]), query)
    body = tree_json.many(session, kind.fragment, customer_id, ids) if ids else "[]"
    return flask.Response(body, 200, headers, content_type="application/json")


def _created(kind: Kind, ids: list[UUID], customer_id: UUID, session: Session, path: str) -> flask.Response:
    body = tree_json.many(session, kind.fragment, customer_id, ids)[1:-1]
    response = flask.Response(body, 201, {"Location": f"/api/{path}/{ids[0]}"}, content_type="application/json")
    return etags.tag(response, 1)


# Ad groups


@bp.get("/campaigns/<uuid:campaign_id>/ad_groups")
@requires(Role.VIEWER)
@bp.arguments(ChildQuery, location="query")
@bp.response(200, AdGroupItem(many=True), description=SHOWN)
def list_ad_groups(query: dict[str, Any], campaign_id: UUID) -> flask.Response:
    """List the ad groups of a campaign."""
    with unit_of_work() as work:
        campaign, customer = service.find(work.session, current_actor(), campaign_id)
        statement = (
            select(AdGroup.id)
            .join(
                CampaignAdGroup,
                (CampaignAdGroup.customer_id == AdGroup.customer_id) & (CampaignAdGroup.ad_group_id == AdGroup.id),
            )
            .where(AdGroup.customer_id == customer.id, CampaignAdGroup.campaign_id == campaign.id)
        )
        return page_of(AD_GROUP, narrow(statement, AdGroup, AdGroup.status, query), customer.id, work.session, query)


def narrow(statement: Any, model: Any, status: Any, query: dict[str, Any]) -> Any:
    statement = statement.where(model.deleted_at.isnot(None) if query["deleted"] else model.deleted_at.is_(None))
    statement = statement.where(status == query["status"] if query["status"] else status != "REMOVED")
    if query["sync_status"]:
        statement = statement.where(model.sync_status == query["sync_status"])
    if query["q"]:
        statement = statement.where(_named(model).icontains(query["q"], autoescape=True))
    return statement


def _named(model: Any) -> Any:
    """What people call it: a keyword's text, everything else's name."""
    return model.text if hasattr(model, "text") else model.name


def _order(kind: Kind, sort: str) -> tuple[pages.Key, ...]:
    """The order that was asked for; without one, as people gave them."""
    last = pages.Key(kind.model.id, sort.startswith("-"))
    name = sort.lstrip("-")
    if name == "id":
        return (last,)
    column = func.coalesce(_named(kind.model), "") if name == "name" else getattr(kind.model, name)
    return (pages.Key(column, sort.startswith("-")), last)


@bp.post("/campaigns/<uuid:campaign_id>/ad_groups")
@requires(Role.EDITOR)
@idempotent
@bp.max_body(TREE_BYTES)
@bp.arguments(AdGroupForm)
@bp.response(201, AdGroupItem, description=SHOWN)
def add_ad_group(form: dict[str, Any], campaign_id: UUID) -> flask.Response:
    """Add an ad group with everything on it."""
    with unit_of_work() as work:
        campaign, customer = service.find(work.session, current_actor(), campaign_id, lock=True)
        typed = flat_drafts.with_types(form, campaign.campaign_type)
        ids = children.add(
            work,
            current_actor(),
            (campaign, customer),
            {"ad_groups": [typed]},
            lambda writer: [writer.ad_group(campaign_id, typed)],
        )
        return _created(AD_GROUP, ids, customer.id, work.session, "ad_groups")


@bp.get("/ad_groups/<uuid:ad_group_id>")
@requires(Role.VIEWER)
@bp.etagged
@bp.response(200, AdGroupItem, description=SHOWN)
def show_ad_group(ad_group_id: UUID) -> flask.Response:
    """Show an ad group with what is on it."""
    return show_child(AD_GROUP, ad_group_id)


@bp.patch("/ad_groups/<uuid:ad_group_id>")
@requires(Role.EDITOR)
@bp.etagged
@bp.arguments(AdGroupPatch)
@bp.response(200, AdGroupItem, description=SHOWN)
def change_ad_group(form: dict[str, Any], ad_group_id: UUID) -> flask.Response:
    """Change an ad group."""
    return change_child(AD_GROUP, ad_group_id, form)


@bp.delete("/ad_groups/<uuid:ad_group_id>")
@requires(Role.EDITOR)
@bp.etagged
@bp.response(204)
def remove_ad_group(ad_group_id: UUID) -> None:
    """Remove an ad group; a live one is removed at Google by the next push."""
    remove_child(AD_GROUP, ad_group_id)


# Ads


@bp.get("/ad_groups/<uuid:ad_group_id>/ads")
@requires(Role.VIEWER)
@bp.arguments(ChildQuery, location="query")
@bp.response(200, AdItem(many=True), description=SHOWN)
def list_ads(query: dict[str, Any], ad_group_id: UUID) -> flask.Response:
    """List the ads of an ad group."""
    with unit_of_work() as work:
        found = children.find(work.session, current_actor(), AD_GROUP, ad_group_id)
        statement = (
            select(Ad.id)
            .join(AdGroupAd, (AdGroupAd.customer_id == Ad.customer_id) & (AdGroupAd.ad_id == Ad.id))
            .where(Ad.customer_id == found.customer.id, AdGroupAd.ad_group_id == ad_group_id)
        )
        return page_of(AD, narrow(statement, Ad, AdGroupAd.status, query), found.customer.id, work.session, query)


@bp.post("/ad_groups/<uuid:ad_group_id>/ads")
@requires(Role.EDITOR)
@idempotent
@bp.arguments(AdForm)
@bp.response(201, AdItem, description=SHOWN)
def add_ad(form: dict[str, Any], ad_group_id: UUID) -> flask.Response:
    """Add an ad."""
    with unit_of_work() as work:
        found = children.find(work.session, current_actor(), AD_GROUP, ad_group_id, lock=True)
        (typed,) = flat_drafts.with_types({"ads": [form]}, found.campaign.campaign_type)["ads"]
        ids = children.add(work, current_actor(), found, typed, lambda writer: [writer.ad(ad_group_id, typed)])
        return _created(AD, ids, found.customer.id, work.session, "ads")


@bp.get("/ads/<uuid:ad_id>")
@requires(Role.VIEWER)
@bp.etagged
@bp.response(200, AdItem, description=SHOWN)
def show_ad(ad_id: UUID) -> flask.Response:
    """Show an ad with its texts and images."""
    return show_child(AD, ad_id)


@bp.patch("/ads/<uuid:ad_id>")
@requires(Role.EDITOR)
@bp.etagged
@bp.arguments(AdPatch)
@bp.response(200, AdItem, description=SHOWN)
def change_ad(form: dict[str, Any], ad_id: UUID) -> flask.Response:
    """Change an ad."""
    return change_child(AD, ad_id, form)


@bp.delete("/ads/<uuid:ad_id>")
@requires(Role.EDITOR)
@bp.etagged
@bp.response(204)
def remove_ad(ad_id: UUID) -> None:
    """Remove an ad; a live one is removed at Google by the next push."""
    remove_child(AD, ad_id)


# Asset groups


@bp.get("/campaigns/<uuid:campaign_id>/asset_groups")
@requires(Role.VIEWER)
@bp.arguments(ChildQuery, location="query")
@bp.response(200, AssetGroupItem(many=True), description=SHOWN)
def list_asset_groups(query: dict[str, Any], campaign_id: UUID) -> flask.Response:
    """List the asset groups of a Performance Max campaign."""
    with unit_of_work() as work:
        _, customer = service.find(work.session, current_actor(), campaign_id)
        statement = (
            select(AssetGroup.id)
            .join(
                CampaignAssetGroup,
                (CampaignAssetGroup.customer_id == AssetGroup.customer_id)
                & (CampaignAssetGroup.asset_group_id == AssetGroup.id),
            )
            .where(AssetGroup.customer_id == customer.id, CampaignAssetGroup.campaign_id == campaign_id)
        )
        narrowed = narrow(statement, AssetGroup, AssetGroup.status, query)
        return page_of(ASSET_GROUP, narrowed, customer.id, work.session, query)


@bp.post("/campaigns/<uuid:campaign_id>/asset_groups")
@requires(Role.EDITOR)
@idempotent
@bp.arguments(AssetGroupForm)
@bp.response(201, AssetGroupItem, description=SHOWN)
def add_asset_group(form: dict[str, Any], campaign_id: UUID) -> flask.Response:
    """Add an asset group to a Performance Max campaign."""
    with unit_of_work() as work:
        campaign, customer = service.find(work.session, current_actor(), campaign_id, lock=True)
        ids = children.add(
            work,
            current_actor(),
            (campaign, customer),
            form,
            lambda writer: [writer.asset_group(campaign_id, form)],
        )
        return _created(ASSET_GROUP, ids, customer.id, work.session, "asset_groups")


@bp.get("/asset_groups/<uuid:asset_group_id>")
@requires(Role.VIEWER)
@bp.etagged
@bp.response(200, AssetGroupItem, description=SHOWN)
def show_asset_group(asset_group_id: UUID) -> flask.Response:
    """Show an asset group with its texts and images."""
    return show_child(ASSET_GROUP, asset_group_id)


@bp.patch("/asset_groups/<uuid:asset_group_id>")
@requires(Role.EDITOR)
@bp.etagged
@bp.arguments(AssetGroupPatch)
@bp.response(200, AssetGroupItem, description=SHOWN)
def change_asset_group(form: dict[str, Any], asset_group_id: UUID) -> flask.Response:
    """Change an asset group."""
    return change_child(ASSET_GROUP, asset_group_id, form)


@bp.delete("/asset_groups/<uuid:asset_group_id>")
@requires(Role.EDITOR)
@bp.etagged
@bp.response(204)
def remove_asset_group(asset_group_id: UUID) -> None:
    """Remove an asset group; a live one is removed at Google by the next push."""
    remove_child(ASSET_GROUP, asset_group_id)


# The bin


def _restores(kind: Kind, path: str, item: type[Schema]) -> None:
    """Add the way back for one kind of child."""
    words = kind.name.replace("_", " ")

    def restore(row_id: UUID) -> flask.Response:
        with unit_of_work() as work:
            found = children.restore(work, current_actor(), kind, row_id)
            return _answer(work.session, kind, found)

    restore.__doc__ = f"Take the {words} out of the bin, or give up a removal that was not pushed yet."
    restore.__name__ = f"restore_{kind.name}"
    view = requires(Role.EDITOR)(bp.response(200, item, description=SHOWN)(restore))
    bp.post(f"/{path}/<uuid:row_id>/restore", endpoint=f"restore_{kind.name}")(view)


for _kind, _path, _item in (
    (AD_GROUP, "ad_groups", AdGroupItem),
    (AD, "ads", AdItem),
    (KEYWORD, "keywords", KeywordItem),
    (ASSET_GROUP, "asset_groups", AssetGroupItem),
):
    _restores(_kind, _path, _item)
