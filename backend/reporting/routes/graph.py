"""`/api/graph`: what uses an asset, and which assets are in use. A campaign's tree is at `/api/campaigns/{id}/tree`."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from backend.adgraph import traversal
from backend.core.http import Blueprint, pages
from backend.core.security import Role, current_actor, requires
from backend.reporting import accounts, graph
from backend.reporting.graph_schemas import (
    ActiveAssetsQuery,
    UsageQuery,
    UsageSchema,
    UsedAssetSchema,
    UsingAdSchema,
    UsingCampaignSchema,
    UsingKeywordSchema,
)
from backend.reporting.snapshot import snapshot

bp = Blueprint("graph", __name__, url_prefix="/api/graph", description="Who uses what")


@bp.get("/assets")
@requires(Role.VIEWER)
@bp.arguments(ActiveAssetsQuery, location="query")
@bp.response(200, UsedAssetSchema(many=True))
def active_assets(query: dict[str, Any]) -> Any:
    """The assets of all enabled ads in enabled campaigns of an account."""
    with snapshot() as session:
        account = accounts.find(session, query, current_actor())
        rows, headers = graph.paged(query, lambda page: traversal.active_assets(session, account.customer_id, page))
    return [graph.described_asset(row) for row in rows], headers


@bp.get("/assets/<uuid:asset_id>")
@requires(Role.VIEWER)
@bp.arguments(UsageQuery, location="query")
@bp.response(200, UsageSchema)
def usage(query: dict[str, Any], asset_id: UUID) -> dict[str, Any]:
    """Every ad, keyword and campaign that uses an asset: the first of each kind in one answer."""
    with snapshot() as session:
        return graph.usage(session, graph.find_asset(session, asset_id, current_actor()), query["limit"])


@bp.get("/assets/<uuid:asset_id>/ads")
@requires(Role.VIEWER)
@bp.arguments(pages.PageQuery, location="query")
@bp.response(200, UsingAdSchema(many=True))
def ads(query: dict[str, Any], asset_id: UUID) -> Any:
    """The ads that use an asset."""
    return _page("ads", query, asset_id)


@bp.get("/assets/<uuid:asset_id>/keywords")
@requires(Role.VIEWER)
@bp.arguments(pages.PageQuery, location="query")
@bp.response(200, UsingKeywordSchema(many=True))
def keywords(query: dict[str, Any], asset_id: UUID) -> Any:
    """The keywords of the ad groups whose ads use an asset."""
    return _page("keywords", query, asset_id)


@bp.get("/assets/<uuid:asset_id>/campaigns")
@requires(Role.VIEWER)
@bp.arguments(pages.PageQuery, location="query")
@bp.response(200, UsingCampaignSchema(many=True))
def campaigns(query: dict[str, Any], asset_id: UUID) -> Any:
    """The campaigns that use an asset."""
    return _page("campaigns", query, asset_id)


def _page(kind: str, query: dict[str, Any], asset_id: UUID) -> tuple[list[dict[str, Any]], dict[str, str]]:
    with snapshot() as session:
        return graph.listed(session, graph.find_asset(session, asset_id, current_actor()), kind, query)
