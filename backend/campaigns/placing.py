"""Puts an image whose form is known into the slot that its ratio fits, and cuts the second form that some ads need."""

from __future__ import annotations

import io
from dataclasses import dataclass
from uuid import UUID

from PIL import Image
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from backend.adgraph.asset_groups import AssetGroupAsset
from backend.adgraph.edges import AdAsset
from backend.adgraph.models import Ad, Asset, AssetBlob, Customer
from backend.campaigns import assets
from backend.campaigns.assets_check import PENDING_SLOT, slot_for
from backend.campaigns.rules import IMAGE_FORMS
from backend.core.images import CleanImage, ImageInfo, sanitize

CUT_FOR = frozenset({"RESPONSIVE_DISPLAY_AD", "ASSET_GROUP"})
"""Kinds of ads that need a landscape and a square image; one is cut from the other where only one was given."""
JPEG_QUALITY = 92


@dataclass(frozen=True, slots=True)
class Place:
    """An image and the slot that it is to fill."""

    customer_id: UUID
    asset_id: UUID
    slot: str


def place_fetched(session: Session, customer: Customer) -> None:
    """Place the images that were downloaded before, when something new uses them."""
    for edge in (AdAsset, AssetGroupAsset):
        waiting = session.execute(
            select(Asset.id, AssetBlob)
            .join(AssetBlob, (AssetBlob.tenant_id == customer.tenant_id) & (AssetBlob.sha256 == Asset.blob_sha256))
            .where(
                Asset.customer_id == customer.id,
                Asset.id.in_(
                    select(edge.asset_id).where(edge.customer_id == customer.id, edge.field_type == PENDING_SLOT)
                ),
                Asset.fetch_status == "fetched",
            )
        ).all()
        for asset_id, blob in waiting:
            info = ImageInfo(blob.width, blob.height, blob.mime_type, blob.sha256.hex(), len(blob.data))
            place(session, customer, asset_id, CleanImage(blob.data, info))


def place(session: Session, customer: Customer, asset_id: UUID, image: CleanImage) -> None:
    """Move the edges of an image whose form was not known into the slot that its ratio fits."""
    slot = slot_for(image.info.width, image.info.height)
    if slot is None:
        return
    pending = (
        (AdAsset, AdAsset.ad_id, AdAsset.field_type),
        (AssetGroupAsset, AssetGroupAsset.asset_group_id, AssetGroupAsset.field_type),
    )
    for edge, column, field_type in pending:
        holders = list(
            session.scalars(
                select(column).where(
                    edge.customer_id == customer.id, edge.asset_id == asset_id, field_type == PENDING_SLOT
                )
            )
        )
        if not holders:
            continue
        session.execute(
            update(edge)
            .where(edge.customer_id == customer.id, edge.asset_id == asset_id, field_type == PENDING_SLOT)
            .values(field_type=slot)
        )
        cut_for = _needing_both(session, customer.id, edge, holders)
        if cut_for:
            other = "SQUARE_MARKETING_IMAGE" if slot == "MARKETING_IMAGE" else "MARKETING_IMAGE"
            cut_id = assets.store_image(session, customer, cut_middle(image, IMAGE_FORMS[other].ratio))
            for holder in cut_for:
                _link(session, edge, holder, Place(customer.id, cut_id, other))


def _needing_both(session: Session, customer_id: UUID, edge: object, holders: list[UUID]) -> list[UUID]:
    if edge is AssetGroupAsset:
        return holders
    return list(
        session.scalars(select(Ad.id).where(Ad.customer_id == customer_id, Ad.id.in_(holders), Ad.type.in_(CUT_FOR)))
    )


def _link(session: Session, edge: type[AdAsset | AssetGroupAsset], holder: UUID, place: Place) -> None:
    """Link an image to an ad or an asset group."""
    row: AdAsset | AssetGroupAsset
    row = AdAsset(ad_id=holder) if edge is AdAsset else AssetGroupAsset(asset_group_id=holder, status="ENABLED")
    row.customer_id, row.asset_id, row.field_type, row.position = place.customer_id, place.asset_id, place.slot, 0
    session.merge(row)
    session.flush()


def cut_middle(image: CleanImage, ratio: float) -> CleanImage:
    """Cut the largest part with this ratio from the middle of an image."""
    width, height = image.info.width, image.info.height
    new_width = min(width, round(height * ratio))
    new_height = min(height, round(width / ratio))
    left, top = (width - new_width) // 2, (height - new_height) // 2
    picture = Image.open(io.BytesIO(image.data)).crop((left, top, left + new_width, top + new_height))
    out = io.BytesIO()
    if image.info.mime == "image/jpeg":
        picture.convert("RGB").save(out, "JPEG", quality=JPEG_QUALITY)
    else:
        picture.save(out, "PNG")
    return sanitize(out.getvalue())
