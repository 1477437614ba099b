"""Questions about the graph, answered in one request: what uses an asset, and which assets are in use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from uuid import UUID

import flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.adgraph import traversal
from backend.adgraph.models import Asset, Customer
from backend.adgraph.traversal import Page, UsedAsset, UsingAd, UsingCampaign, UsingKeyword
from backend.auth import customers
from backend.core.errors import NotFound
from backend.core.http import pages
from backend.core.security import Actor
from backend.reporting import asset_totals

Row = dict[str, Any]
Using = UsingAd | UsingKeyword | UsingCampaign
Walk = Callable[[Session, UUID, UUID, Page], Sequence[Using]]
Found = TypeVar("Found", bound=Using | UsedAsset)
WALKS: dict[str, Walk] = {
    "ads": traversal.ads_of_asset,
    "keywords": traversal.keywords_of_asset,
    "campaigns": traversal.campaigns_of_asset,
}


def find_asset(session: Session, asset_id: UUID, actor: Actor) -> Asset:
    """An asset of an account that the actor may see.

    Raises:
        NotFound: there is none.
    """
    visible = customers.visible(actor).with_only_columns(Customer.id)
    asset = session.scalar(select(Asset).where(Asset.id == asset_id, Asset.customer_id.in_(visible)))
    if asset is None:
        raise NotFound("There is no such asset.")
    return asset


def usage(session: Session, asset: Asset, limit: int) -> Row:
    """Everything that uses an asset: the first of each kind, and whether there are more; and what it scored lately."""
    answer: Row = {"asset": described_asset(_used(asset)), "performance": asset_totals.of_asset(session, asset)}
    for kind, walk in WALKS.items():
        rows = walk(session, asset.customer_id, asset.id, Page(limit + 1))
        answer[kind] = [shown(row) for row in rows[:limit]]
        answer[f"more_{kind}"] = len(rows) > limit
    return answer


def listed(session: Session, asset: Asset, kind: str, query: Row) -> tuple[list[Row], dict[str, str]]:
    """One page of one kind, and the link to the next."""
    rows, headers = paged(query, lambda page: WALKS[kind](session, asset.customer_id, asset.id, page))
    return [shown(row) for row in rows], headers


def paged(query: Row, walk: Callable[[Page], Sequence[Found]]) -> tuple[Sequence[Found], dict[str, str]]:
    """Walk one page from where the cursor says.

    Raises:
        Invalid: the cursor belongs to another question.
    """
    limit, scope = int(query["limit"]), f"graph:{flask.request.path}:{flask.request.args.get('slug')}"
    page = Page(limit + 1)
    if query.get("cursor"):
        after_ad, after = pages.read_cursor(query["cursor"], scope, 2)
        page = Page(limit + 1, after, after_ad)
    rows = walk(page)
    if len(rows) <= limit:
        return rows, {}
    last = rows[limit - 1]
    after_ad = last.ad_id if isinstance(last, UsingKeyword) else traversal.FIRST
    return rows[:limit], pages.next_link(pages.make_cursor([after_ad, last.id], scope))


def shown(row: Using) -> Row:
    """A row as the API shows it: ids of Google's as text."""
    answer: Row = {**row._asdict(), "google_id": _text(row.google_id)}
    if isinstance(row, UsingCampaign):
        return answer
    answer.pop("ad_id", None)
    answer["ad_group_id"] = _text(answer.pop("ad_group_google_id"))
    answer["campaign_id"] = _text(answer.pop("campaign_google_id"))
    return answer


def described_asset(asset: UsedAsset) -> Row:
    """An asset as the API shows it here."""
    return {**asset._asdict(), "google_id": _text(asset.google_id)}


def _used(asset: Asset) -> UsedAsset:
    name = asset.text or asset.name or asset.youtube_video_id
    return UsedAsset(str(asset.id), asset.google_id, asset.type, name, asset.mime_type, asset.width, asset.height)


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)
