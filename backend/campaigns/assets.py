"""The assets of an account: each content once, found again by its key, made when it is new.

`content_key` is the SHA-256 of the type and the content. An image given by its address is a row that a worker fills;
its key is known once its bytes are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from backend.adgraph.models import Asset, AssetBlob, Customer
from backend.core.errors import Finding, Invalid
from backend.core.ids import new_id
from backend.core.images import CleanImage


def content_key(kind: str, content: str | bytes) -> bytes:
    """Give the key by which the same content is found again."""
    raw = content.encode() if isinstance(content, str) else content
    return hashlib.sha256(kind.encode() + b"\x00" + raw).digest()


class AssetBook:
    """Finds and makes assets of one account within one transaction."""

    def __init__(self, session: Session, customer: Customer) -> None:
        self._session = session
        self._customer = customer
        self._by_key: dict[bytes, UUID] = {}
        self._by_url: dict[str, UUID] = {}
        self.to_fetch: set[UUID] = set()

    def ensure(self, wanted: Iterable[tuple[str, str, Mapping[str, Any]]]) -> None:
        """Make sure that assets exist: (type, content that identifies it, columns of a new row)."""
        rows = {content_key(kind, content): (kind, columns) for kind, content, columns in wanted}
        missing = [key for key in rows if key not in self._by_key]
        if not missing:
            return
        self._find(missing)
        new = [key for key in missing if key not in self._by_key]
        if new:
            self._session.execute(
                insert(Asset).on_conflict_do_nothing(),
                [
                    {
                        "customer_id": self._customer.id,
                        "id": new_id(),
                        "type": rows[key][0],
                        "content_key": key,
                        "text": rows[key][1].get("text"),
                        "name": rows[key][1].get("name"),
                        "youtube_video_id": rows[key][1].get("youtube_video_id"),
                        "attributes": rows[key][1].get("attributes", {}),
                    }
                    for key in sorted(new)
                ],
            )
            self._find(new)

    def _find(self, keys: list[bytes]) -> None:
        found = self._session.execute(
            select(Asset.content_key, Asset.id)
            .where(Asset.customer_id == self._customer.id, Asset.content_key.in_(keys), Asset.deleted_at.is_(None))
            .order_by(Asset.google_id.is_(None).desc(), Asset.created_at.desc())
        )
        self._by_key.update((key, asset_id) for key, asset_id in found if key is not None)

    def key_id(self, kind: str, content: str) -> UUID:
        """Give the id of an asset that `ensure` was asked for."""
        return self._by_key[content_key(kind, content)]

    def images_at(self, urls: Iterable[str]) -> None:
        """Make sure that there is an image for each address; new ones, and ones that failed, are to be fetched."""
        wanted = [url for url in dict.fromkeys(urls) if url not in self._by_url]
        if not wanted:
            return
        found = self._session.scalars(
            select(Asset)
            .where(Asset.customer_id == self._customer.id, Asset.source_url.in_(wanted), Asset.deleted_at.is_(None))
            .order_by(Asset.created_at)
        )
        for asset in found:
            if asset.fetch_status == "failed":
                asset.fetch_status, asset.fetch_problem = "pending", None
                self.to_fetch.add(asset.id)
            self._by_url[str(asset.source_url)] = asset.id
        for url in wanted:
            if url in self._by_url:
                continue
            asset = Asset(
                customer_id=self._customer.id, id=new_id(), type="IMAGE", source_url=url, fetch_status="pending"
            )
            self._session.add(asset)
            self._by_url[url] = asset.id
            self.to_fetch.add(asset.id)
        self._session.flush()

    def url_id(self, url: str) -> UUID:
        """Give the id of the image at an address that `images_at` was asked for."""
        return self._by_url[url]

    def must_exist(self, references: Sequence[tuple[UUID, str, str]]) -> None:
        """Refuse references to assets that this account does not have, or of another type than is needed.

        Args:
            references: Our id, the type that is needed there, the JSON pointer of the reference.

        Raises:
            Invalid: With a finding for each.
        """
        if not references:
            return
        found = self._session.execute(
            select(Asset.id, Asset.type).where(
                Asset.customer_id == self._customer.id,
                Asset.id.in_({asset_id for asset_id, _, _ in references}),
                Asset.deleted_at.is_(None),
            )
        )
        known = {row.id: row.type for row in found}
        wrong = [
            Finding(pointer, "unknown_asset", f"There is no such asset of type {kind} in this account.")
            for asset_id, kind, pointer in references
            if known.get(asset_id) != kind
        ]
        if wrong:
            raise Invalid("An asset is not known.", errors=wrong)


def store_image(session: Session, customer: Customer, image: CleanImage, name: str | None = None) -> UUID:
    """Keep an uploaded image and give the id of its asset; the same picture is one asset."""
    digest = store_blob(session, customer, image)
    key = content_key("IMAGE", digest)
    found = find_by_key(session, customer.id, key)
    if found is not None:
        return found
    asset = Asset(
        customer_id=customer.id,
        id=new_id(),
        type="IMAGE",
        name=name,
        content_key=key,
        fetch_status="fetched",
        **image_columns(image, digest),
    )
    session.add(asset)
    session.flush()
    return asset.id


def store_blob(session: Session, customer: Customer, image: CleanImage) -> bytes:
    """Keep the bytes of an image once per tenant; gives their SHA-256."""
    digest = bytes.fromhex(image.info.sha256)
    session.execute(
        insert(AssetBlob)
        .values(
            tenant_id=customer.tenant_id,
            sha256=digest,
            data=image.data,
            mime_type=image.info.mime,
            width=image.info.width,
            height=image.info.height,
        )
        .on_conflict_do_nothing()
    )
    return digest


def find_by_key(session: Session, customer_id: UUID, key: bytes) -> UUID | None:
    """Find the asset with this content, the one that Google knows first."""
    return session.scalar(
        select(Asset.id)
        .where(Asset.customer_id == customer_id, Asset.content_key == key, Asset.deleted_at.is_(None))
        .order_by(Asset.google_id.is_(None), Asset.created_at)
        .limit(1)
    )


def image_columns(image: CleanImage, digest: bytes) -> dict[str, Any]:
    """The columns of an asset that describe its picture."""
    return {
        "blob_sha256": digest,
        "mime_type": image.info.mime,
        "width": image.info.width,
        "height": image.info.height,
    }
