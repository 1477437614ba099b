"""Fetches the images that drafts name by address: a job downloads, checks, stores the bytes and places the image.

No request thread waits for somebody else's server. `fetch` is also the first step of a publish whose image is pending.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from flask import current_app
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from backend.adgraph.asset_groups import AssetGroupAsset, CampaignAssetGroup
from backend.adgraph.edges import AdAsset, AdGroupAd, AdGroupAsset, CampaignAdGroup, CampaignAsset
from backend.adgraph.models import Asset, Campaign, Customer
from backend.campaigns import assets, placing, problems
from backend.core import clock
from backend.core.db import Work, unit_of_work
from backend.core.errors import Conflict
from backend.core.fetch import FetchError, fetch_public
from backend.core.images import CleanImage, ImageRefused, sanitize
from backend.core.security import Actor
from backend.jobs import service as jobs

MAX_IMAGE_BYTES = 5_242_880
FETCH_KIND = "asset.fetch"


def enqueue(work: Work, actor: Actor, customer: Customer, asset_ids: Iterable[UUID]) -> None:
    """Open a job for each image that is to be fetched; one that is under way already is left alone."""
    for asset_id in sorted(asset_ids):
        try:
            jobs.open_job(
                work,
                FETCH_KIND,
                actor=actor,
                customer_id=customer.id,
                subject_id=asset_id,
                exclusive_key=f"{FETCH_KIND}:{asset_id}",
            )
        except Conflict:
            continue


def fetch(customer_id: UUID, asset_id: UUID) -> str:
    """Download one image and put it where it belongs; safe to repeat. Gives its `fetch_status` afterwards.

    Raises:
        FetchError: The download failed in a way that another try may mend; nothing was written.
    """
    with unit_of_work() as work:
        asset = work.session.get(Asset, {"customer_id": customer_id, "id": asset_id})
        if asset is None or asset.fetch_status != "pending" or asset.source_url is None:
            return "fetched" if asset is None else str(asset.fetch_status)
        url = asset.source_url
    settings = current_app.config["SETTINGS"]
    try:
        fetched = fetch_public(url, MAX_IMAGE_BYTES, settings.asset_fetch_allow, ca_file=settings.asset_fetch_ca_file)
        image = sanitize(fetched.data)
    except FetchError as problem:
        if problem.retryable:
            raise
        return _failed(customer_id, asset_id, problem.code, problem.message)
    except ImageRefused as problem:
        return _failed(customer_id, asset_id, problem.code, problem.message)
    with unit_of_work() as work:
        _keep(work.session, customer_id, asset_id, image)
    return "fetched"


def give_up(customer_id: UUID, asset_id: UUID, code: str, message: str) -> None:
    """Note that an image cannot be had, after every try."""
    _failed(customer_id, asset_id, code, message)


def _failed(customer_id: UUID, asset_id: UUID, code: str, message: str) -> str:
    with unit_of_work() as work:
        drafts = _lock_drafts(work.session, customer_id, asset_id)
        asset = work.session.get(Asset, {"customer_id": customer_id, "id": asset_id}, with_for_update=True)
        if asset is not None and asset.fetch_status == "pending":
            asset.fetch_status = "failed"
            asset.fetch_problem = {"code": code, "message": message}
            _refresh(work.session, customer_id, drafts)
    return "failed"


def _keep(session: Session, customer_id: UUID, asset_id: UUID, image: CleanImage) -> None:
    drafts = _lock_drafts(session, customer_id, asset_id)
    asset = session.get(Asset, {"customer_id": customer_id, "id": asset_id}, with_for_update=True)
    customer = session.get(Customer, customer_id)
    if asset is None or customer is None or asset.fetch_status != "pending":
        return
    digest = assets.store_blob(session, customer, image)
    for name, value in assets.image_columns(image, digest).items():
        setattr(asset, name, value)
    asset.fetch_status, asset.fetch_problem = "fetched", None
    key = assets.content_key("IMAGE", digest)
    twin = assets.find_by_key(session, customer_id, key)
    session.flush()
    if twin is None:
        asset.content_key = key
        session.flush()
    placing.place(session, customer, asset_id, image)
    if twin is not None and twin != asset_id:
        _use_twin(session, customer_id, asset_id, twin)
        asset.deleted_at = clock.now()
    _refresh(session, customer_id, drafts)


def _use_twin(session: Session, customer_id: UUID, asset_id: UUID, twin: UUID) -> None:
    """Let whoever uses this image use the one with the same content instead."""
    edges: tuple[tuple[Any, Any], ...] = (
        (AdAsset, AdAsset.ad_id),
        (AssetGroupAsset, AssetGroupAsset.asset_group_id),
        (CampaignAsset, CampaignAsset.campaign_id),
        (AdGroupAsset, AdGroupAsset.ad_group_id),
    )
    for edge, holder in edges:
        mine = select(holder, edge.field_type).where(edge.customer_id == customer_id, edge.asset_id == asset_id)
        for holder_id, field_type in session.execute(mine).all():
            taken = session.scalar(
                select(edge.asset_id).where(
                    edge.customer_id == customer_id,
                    holder == holder_id,
                    edge.asset_id == twin,
                    edge.field_type == field_type,
                )
            )
            this = (edge.customer_id == customer_id, holder == holder_id, edge.asset_id == asset_id)
            if taken is None:
                session.execute(update(edge).where(*this, edge.field_type == field_type).values(asset_id=twin))
            else:
                session.execute(delete(edge).where(*this, edge.field_type == field_type))


def _lock_drafts(session: Session, customer_id: UUID, asset_id: UUID) -> list[Campaign]:
    """Lock the drafts that use an image: before the image itself, in the order in which a request takes them."""
    by_ads = (
        select(CampaignAdGroup.campaign_id)
        .join(
            AdGroupAd,
            (AdGroupAd.customer_id == CampaignAdGroup.customer_id)
            & (AdGroupAd.ad_group_id == CampaignAdGroup.ad_group_id),
        )
        .join(AdAsset, (AdAsset.customer_id == AdGroupAd.customer_id) & (AdAsset.ad_id == AdGroupAd.ad_id))
        .where(AdAsset.customer_id == customer_id, AdAsset.asset_id == asset_id)
    )
    by_groups = (
        select(CampaignAssetGroup.campaign_id)
        .join(
            AssetGroupAsset,
            (AssetGroupAsset.customer_id == CampaignAssetGroup.customer_id)
            & (AssetGroupAsset.asset_group_id == CampaignAssetGroup.asset_group_id),
        )
        .where(AssetGroupAsset.customer_id == customer_id, AssetGroupAsset.asset_id == asset_id)
    )
    ids = {*session.scalars(by_ads), *session.scalars(by_groups)}
    drafts = (
        select(Campaign)
        .where(Campaign.customer_id == customer_id, Campaign.id.in_(ids), Campaign.google_id.is_(None))
        .order_by(Campaign.id)
        .with_for_update()
    )
    return list(session.scalars(drafts))


def _refresh(session: Session, customer_id: UUID, drafts: list[Campaign]) -> None:
    """Check drafts again after one of their images has come, or will not come."""
    customer = session.get_one(Customer, customer_id)
    session.flush()
    for campaign in drafts:
        problems.refresh(session, campaign, customer)
