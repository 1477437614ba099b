"""Keywords and negatives over HTTP, of ad groups and of campaigns."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import flask
from sqlalchemy import select

from backend.adgraph.models import Keyword
from backend.campaigns import children, service
from backend.campaigns.answers import KeywordItem
from backend.campaigns.child_routes import SHOWN, change_child, narrow, page_of, remove_child, show_child
from backend.campaigns.child_schemas import Added, ChildQuery, KeywordPatch, KeywordsForm
from backend.campaigns.children import AD_GROUP, KEYWORD
from backend.campaigns.routes import TREE_BYTES
from backend.core.db import unit_of_work
from backend.core.http import Blueprint, idempotent
from backend.core.security import Role, current_actor, requires

bp = Blueprint("keywords", __name__, url_prefix="/api", description="Keywords and negatives")


def keywords_of(parent_kind: str, parent_id: UUID, customer_id: UUID, query: dict[str, Any]) -> Any:
    statement = select(Keyword.id).where(
        Keyword.customer_id == customer_id, Keyword.parent_kind == parent_kind, Keyword.parent_id == parent_id
    )
    if query["negative"] is not None:
        statement = statement.where(Keyword.negative.is_(query["negative"]))
    return narrow(statement, Keyword, Keyword.status, query)


def added(ids: list[UUID]) -> tuple[dict[str, Any], int]:
    return {"items": [{"index": index, "id": item} for index, item in enumerate(ids)]}, 201


@bp.get("/ad_groups/<uuid:ad_group_id>/keywords")
@requires(Role.VIEWER)
@bp.arguments(ChildQuery, location="query")
@bp.response(200, KeywordItem(many=True), description=SHOWN)
def list_keywords(query: dict[str, Any], ad_group_id: UUID) -> flask.Response:
    """List the keywords of an ad group, positive and negative."""
    with unit_of_work() as work:
        found = children.find(work.session, current_actor(), AD_GROUP, ad_group_id)
        statement = keywords_of("ad_group", ad_group_id, found.customer.id, query)
        return page_of(KEYWORD, statement, found.customer.id, work.session, query)


def _add_keywords(ad_group_id: UUID, form: dict[str, Any], *, negative: bool) -> list[UUID]:
    with unit_of_work() as work:
        found = children.find(work.session, current_actor(), AD_GROUP, ad_group_id, lock=True)
        return children.add(
            work,
            current_actor(),
            found,
            {},
            lambda writer: writer.keywords("ad_group", ad_group_id, form["keywords"], negative=negative),
        )


@bp.post("/ad_groups/<uuid:ad_group_id>/keywords")
@requires(Role.EDITOR)
@idempotent
@bp.max_body(TREE_BYTES)
@bp.arguments(KeywordsForm)
@bp.response(201, Added)
def add_keywords(form: dict[str, Any], ad_group_id: UUID) -> tuple[dict[str, Any], int]:
    """Add keywords to an ad group; the answer is by index."""
    return added(_add_keywords(ad_group_id, form, negative=False))


@bp.post("/ad_groups/<uuid:ad_group_id>/negative_keywords")
@requires(Role.EDITOR)
@idempotent
@bp.max_body(TREE_BYTES)
@bp.arguments(KeywordsForm)
@bp.response(201, Added)
def add_negative_keywords(form: dict[str, Any], ad_group_id: UUID) -> tuple[dict[str, Any], int]:
    """Add negative keywords to an ad group; the answer is by index."""
    return added(_add_keywords(ad_group_id, form, negative=True))


@bp.get("/campaigns/<uuid:campaign_id>/negative_keywords")
@requires(Role.VIEWER)
@bp.arguments(ChildQuery, location="query")
@bp.response(200, KeywordItem(many=True), description=SHOWN)
def list_campaign_negatives(query: dict[str, Any], campaign_id: UUID) -> flask.Response:
    """List the negative keywords of a campaign."""
    with unit_of_work() as work:
        _, customer = service.find(work.session, current_actor(), campaign_id)
        statement = keywords_of("campaign", campaign_id, customer.id, query)
        return page_of(KEYWORD, statement, customer.id, work.session, query)


@bp.post("/campaigns/<uuid:campaign_id>/negative_keywords")
@requires(Role.EDITOR)
@idempotent
@bp.max_body(TREE_BYTES)
@bp.arguments(KeywordsForm)
@bp.response(201, Added)
def add_campaign_negatives(form: dict[str, Any], campaign_id: UUID) -> tuple[dict[str, Any], int]:
    """Add negative keywords to a campaign; the answer is by index."""
    with unit_of_work() as work:
        parent = service.find(work.session, current_actor(), campaign_id, lock=True)
        ids = children.add(
            work,
            current_actor(),
            parent,
            {},
            lambda writer: writer.keywords("campaign", campaign_id, form["keywords"], negative=True),
        )
    return added(ids)


@bp.get("/keywords/<uuid:keyword_id>")
@requires(Role.VIEWER)
@bp.etagged
@bp.response(200, KeywordItem, description=SHOWN)
def show_keyword(keyword_id: UUID) -> flask.Response:
    """Show a keyword."""
    return show_child(KEYWORD, keyword_id)


@bp.patch("/keywords/<uuid:keyword_id>")
@requires(Role.EDITOR)
@bp.etagged
@bp.arguments(KeywordPatch)
@bp.response(200, KeywordItem, description=SHOWN)
def change_keyword(form: dict[str, Any], keyword_id: UUID) -> flask.Response:
    """Change a keyword's status, bid or address."""
    return change_child(KEYWORD, keyword_id, form)


@bp.delete("/keywords/<uuid:keyword_id>")
@requires(Role.EDITOR)
@bp.etagged
@bp.response(204)
def remove_keyword(keyword_id: UUID) -> None:
    """Remove a keyword; a live one is removed at Google by the next push."""
    remove_child(KEYWORD, keyword_id)
