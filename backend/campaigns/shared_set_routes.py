"""Lists of negative keywords over HTTP, what they hold, and the campaigns that use them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.adgraph.asset_groups import CampaignSharedSet, SharedSet
from backend.adgraph.models import Campaign, Customer
from backend.campaigns import reading, service, shared_sets, tree_json
from backend.campaigns.answers import KeywordItem, SharedSetItem, UsedListItem
from backend.campaigns.child_routes import SHOWN, page_of
from backend.campaigns.child_schemas import (
    Added,
    ChildQuery,
    KeywordsForm,
    SharedSetForm,
    SharedSetPatch,
    SharedSetQuery,
    UseListsForm,
)
from backend.campaigns.children import KEYWORD
from backend.campaigns.keyword_routes import added, keywords_of
from backend.campaigns.routes import TREE_BYTES
from backend.campaigns.schemas import CampaignItem
from backend.core.db import Work, unit_of_work
from backend.core.http import Blueprint, etags, idempotent, pages
from backend.core.http.pages import PageQuery
from backend.core.security import Role, current_actor, requires

bp = Blueprint("shared sets", __name__, url_prefix="/api", description="Shared lists of negative keywords")
FRAGMENT = tree_json.SHARED_SET_WHOLE


def _customer(work: Work, google_id: str | None, slug: str | None) -> Customer:
    default = flask.current_app.config["SETTINGS"].google.customer_id
    return service.choose_customer(work.session, current_actor(), google_id=google_id, slug=slug, default=default)


def _answer(session: Session, shared_set: SharedSet, status: int = 200) -> flask.Response:
    session.flush()
    body = tree_json.many(session, FRAGMENT, shared_set.customer_id, [shared_set.id])[1:-1]
    headers = {"Location": f"/api/shared_sets/{shared_set.id}"} if status == 201 else None
    return etags.tag(flask.Response(body, status, headers, content_type="application/json"), shared_set.version)


@bp.get("/shared_sets")
@requires(Role.VIEWER)
@bp.arguments(SharedSetQuery, location="query")
@bp.response(200, SharedSetItem(many=True))
def list_shared_sets(query: dict[str, Any]) -> flask.Response:
    """List an account's lists of negative keywords."""
    with unit_of_work() as work:
        customer = _customer(work, query["customer_id"], query["slug"])
        name, descending = query["sort"].lstrip("-"), query["sort"].startswith("-")
        keys = (pages.Key(getattr(SharedSet, name), descending), pages.Key(SharedSet.id, descending))
        ids, headers = pages.page(work.session, shared_sets.listed(customer.id, query), keys, query)
        body = tree_json.many(work.session, FRAGMENT, customer.id, ids) if ids else "[]"
    return flask.Response(body, 200, headers, content_type="application/json")


@bp.post("/shared_sets")
@requires(Role.EDITOR)
@idempotent
@bp.max_body(TREE_BYTES)
@bp.arguments(SharedSetForm)
@bp.response(201, SharedSetItem)
def create_shared_set(form: dict[str, Any]) -> flask.Response:
    """Create a list of negative keywords; it is made at Google by its push, or with a campaign that uses it."""
    with unit_of_work() as work:
        customer = _customer(work, form.pop("customer_id", None), form.pop("slug", None))
        return _answer(work.session, shared_sets.create(work, current_actor(), customer, form), 201)


@bp.get("/shared_sets/<uuid:shared_set_id>")
@requires(Role.VIEWER)
@bp.etagged
@bp.response(200, SharedSetItem)
def show_shared_set(shared_set_id: UUID) -> flask.Response:
    """Show a list of negative keywords."""
    with unit_of_work() as work:
        return _answer(work.session, shared_sets.find(work.session, current_actor(), shared_set_id)[0])


@bp.patch("/shared_sets/<uuid:shared_set_id>")
@requires(Role.EDITOR)
@bp.etagged
@bp.arguments(SharedSetPatch)
@bp.response(200, SharedSetItem)
def change_shared_set(form: dict[str, Any], shared_set_id: UUID) -> flask.Response:
    """Rename a list, or change our notes on it; Google is told by its next push."""
    with unit_of_work() as work:
        shared_set = shared_sets.patch(work, current_actor(), shared_set_id, form, etags.must_match)
        return _answer(work.session, shared_set)


@bp.delete("/shared_sets/<uuid:shared_set_id>")
@requires(Role.EDITOR)
@bp.etagged
@bp.response(204)
def remove_shared_set(shared_set_id: UUID) -> None:
    """Remove a list that no campaign uses; a live one is removed at Google by its next push."""
    with unit_of_work() as work:
        shared_sets.remove(work, current_actor(), shared_set_id, etags.must_match)


@bp.post("/shared_sets/<uuid:shared_set_id>/restore")
@requires(Role.EDITOR)
@bp.response(200, SharedSetItem)
def restore_shared_set(shared_set_id: UUID) -> flask.Response:
    """Take a list out of the bin, or give up a removal that was not pushed yet."""
    with unit_of_work() as work:
        return _answer(work.session, shared_sets.restore(work, current_actor(), shared_set_id))


@bp.get("/shared_sets/<uuid:shared_set_id>/keywords")
@requires(Role.VIEWER)
@bp.arguments(ChildQuery, location="query")
@bp.response(200, KeywordItem(many=True), description=SHOWN)
def list_shared_keywords(query: dict[str, Any], shared_set_id: UUID) -> flask.Response:
    """List the negative keywords of a list."""
    with unit_of_work() as work:
        _, customer = shared_sets.find(work.session, current_actor(), shared_set_id)
        statement = keywords_of("shared_set", shared_set_id, customer.id, query)
        return page_of(KEYWORD, statement, customer.id, work.session, query)


@bp.post("/shared_sets/<uuid:shared_set_id>/keywords")
@requires(Role.EDITOR)
@idempotent
@bp.max_body(TREE_BYTES)
@bp.arguments(KeywordsForm)
@bp.response(201, Added)
def add_shared_keywords(form: dict[str, Any], shared_set_id: UUID) -> tuple[dict[str, Any], int]:
    """Add negative keywords to a list; the answer is by index."""
    with unit_of_work() as work:
        parent = shared_sets.find(work.session, current_actor(), shared_set_id, lock=True)
        return added(shared_sets.add_keywords(work, current_actor(), parent, form["keywords"]))


@bp.get("/shared_sets/<uuid:shared_set_id>/campaigns")
@requires(Role.VIEWER)
@bp.arguments(PageQuery, location="query")
@bp.response(200, CampaignItem(many=True))
def list_users(query: dict[str, Any], shared_set_id: UUID) -> flask.Response:
    """List the campaigns that use a list."""
    with unit_of_work() as work:
        _, customer = shared_sets.find(work.session, current_actor(), shared_set_id)
        statement = (
            select(Campaign.id)
            .join(CampaignSharedSet, CampaignSharedSet.campaign_id == Campaign.id)
            .where(
                Campaign.customer_id == customer.id,
                Campaign.deleted_at.is_(None),
                CampaignSharedSet.customer_id == customer.id,
                CampaignSharedSet.shared_set_id == shared_set_id,
                CampaignSharedSet.status != "REMOVED",
            )
        )
        ids, headers = pages.page(work.session, statement, (pages.Key(Campaign.id),), query)
        body = reading.items_json(work.session, [customer.id], ids) if ids else "[]"
    return flask.Response(body, 200, headers, content_type="application/json")


@bp.get("/campaigns/<uuid:campaign_id>/shared_sets")
@requires(Role.VIEWER)
@bp.response(200, UsedListItem(many=True), description=SHOWN)
def list_used(campaign_id: UUID) -> flask.Response:
    """List the lists of negative keywords that a campaign uses."""
    with unit_of_work() as work:
        campaign, _ = service.find(work.session, current_actor(), campaign_id)
        return _used(work.session, campaign)


def _used(session: Session, campaign: Campaign, status: int = 200) -> flask.Response:
    session.flush()
    return flask.Response(tree_json.used_lists(session, campaign), status, content_type="application/json")


@bp.post("/campaigns/<uuid:campaign_id>/shared_sets")
@requires(Role.EDITOR)
@idempotent
@bp.arguments(UseListsForm)
@bp.response(201, UsedListItem(many=True), description="All lists that the campaign uses now.")
def use_lists(form: dict[str, Any], campaign_id: UUID) -> flask.Response:
    """Let a campaign use lists of negative keywords; a live one's links are made by its next push."""
    with unit_of_work() as work:
        parent = service.find(work.session, current_actor(), campaign_id, lock=True)
        shared_sets.link(work, current_actor(), parent, form["shared_set_ids"])
        return _used(work.session, parent[0], 201)


@bp.delete("/campaigns/<uuid:campaign_id>/shared_sets/<uuid:shared_set_id>")
@requires(Role.EDITOR)
@bp.response(204)
def stop_using(campaign_id: UUID, shared_set_id: UUID) -> None:
    """Take a list out of a campaign; a live one's link is removed by its next push."""
    with unit_of_work() as work:
        parent = service.find(work.session, current_actor(), campaign_id, lock=True)
        shared_sets.unlink(work, current_actor(), parent, shared_set_id)
