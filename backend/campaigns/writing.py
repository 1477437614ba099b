"""Writes a tree form (plain dicts that the schemas have checked) into entity and edge rows, in bulk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from backend.adgraph.asset_groups import AssetGroup, AssetGroupAsset, CampaignAssetGroup, CampaignSharedSet, SharedSet
from backend.adgraph.edges import (
    AdAsset,
    AdGroupAd,
    AdGroupAsset,
    AdGroupKeyword,
    CampaignAdGroup,
    CampaignAsset,
)
from backend.adgraph.models import Ad, AdGroup, Customer, Keyword
from backend.campaigns import linking, needs, placing
from backend.campaigns.assets import AssetBook
from backend.campaigns.assets_check import PENDING_SLOT
from backend.campaigns.rules import SLOT_FIELDS, TEXT_FIELDS
from backend.core.errors import Finding, Invalid
from backend.core.ids import new_id

AD_COLUMNS = ("name", "type", "path1", "path2", "business_name", "tracking_url_template")
AD_ATTRIBUTES = ("call_to_action_text", "breadcrumb1", "breadcrumb2", "main_color", "accent_color")
PARAMETERS = 1_000
"""Rows per INSERT: PostgreSQL takes 65,535 parameters in one statement."""


class TreeWriter:
    """Collects the rows of one or more children and inserts them together.

    Use: `need(tree)` for all that is to be written, then `ad_group`, `asset_group`, … , then `flush`.
    """

    def __init__(self, session: Session, customer: Customer) -> None:
        self._session = session
        self._customer = customer
        self._customer_id = customer.id
        self.book = AssetBook(session, customer)
        self._rows: dict[Any, list[dict[str, Any]]] = {}
        self._last_id = new_id().int

    def need(self, tree: Mapping[str, Any]) -> None:
        """Find or make every asset that a tree names.

        Raises:
            Invalid: It refers to an asset or a list of negatives that is not there.
        """
        lists_must_exist(self._session, self._customer_id, tree.get("shared_sets", ()))
        wanted = needs.of(tree)
        self.book.must_exist(wanted.references)
        self.book.images_at(wanted.urls)
        self.book.ensure(wanted.contents)
        self.book.ensure(needs.card(item, self.book.url_id) for item in wanted.cards)

    def children(self, campaign_id: UUID, tree: Mapping[str, Any]) -> None:
        """Add everything below a campaign."""
        for group in tree.get("ad_groups", ()):
            self.ad_group(campaign_id, group)
        for group in tree.get("asset_groups", ()):
            self.asset_group(campaign_id, group)
        self.keywords("campaign", campaign_id, tree.get("negative_keywords", ()), negative=True)
        self.links(CampaignAsset, "campaign_id", campaign_id, tree.get("asset_links", ()))
        self.use_lists(campaign_id, tree.get("shared_sets", ()))

    def use_lists(self, campaign_id: UUID, shared_set_ids: Iterable[UUID]) -> None:
        """Link lists of negatives to a campaign."""
        for shared_set_id in dict.fromkeys(shared_set_ids):
            self._add(CampaignSharedSet, campaign_id=campaign_id, shared_set_id=shared_set_id, status="ENABLED")

    def ad_group(self, campaign_id: UUID, group: Mapping[str, Any]) -> UUID:
        """Add an ad group with what hangs on it; gives its id."""
        group_id = group.get("id") or self._next_id()
        self._add(
            AdGroup,
            id=group_id,
            name=group.get("name"),
            type=group.get("type"),
            status=group.get("status", "ENABLED"),
            cpc_bid_micros=group.get("cpc_bid_micros"),
            attributes=group.get("attributes", {}),
            internal_label=group.get("internal_label"),
            internal_notes=group.get("internal_notes"),
            tags=group.get("tags", []),
        )
        self._add(CampaignAdGroup, campaign_id=campaign_id, ad_group_id=group_id)
        self.keywords("ad_group", group_id, group.get("keywords", ()), negative=False)
        self.keywords("ad_group", group_id, group.get("negative_keywords", ()), negative=True)
        for ad in group.get("ads", ()):
            self.ad(group_id, ad)
        self.links(AdGroupAsset, "ad_group_id", group_id, group.get("asset_links", ()))
        return group_id

    def ad(self, ad_group_id: UUID, ad: Mapping[str, Any]) -> UUID:
        """Add an ad and what fills it; gives its id."""
        ad_id = ad.get("id") or self._next_id()
        self._add(
            Ad,
            id=ad_id,
            final_urls=ad.get("final_urls", []),
            attributes={name: ad[name] for name in AD_ATTRIBUTES if ad.get(name)},
            internal_label=ad.get("internal_label"),
            internal_notes=ad.get("internal_notes"),
            tags=ad.get("tags", []),
            **{name: ad.get(name) for name in AD_COLUMNS},
        )
        self._add(AdGroupAd, ad_group_id=ad_group_id, ad_id=ad_id, status=ad.get("status", "ENABLED"))
        self.fill(AdAsset, "ad_id", ad_id, ad)
        return ad_id

    def asset_group(self, campaign_id: UUID, group: Mapping[str, Any]) -> UUID:
        """Add an asset group and what fills it; gives its id."""
        group_id = group.get("id") or self._next_id()
        attributes = {"business_name": group["business_name"]} if group.get("business_name") else {}
        self._add(
            AssetGroup,
            id=group_id,
            name=group.get("name"),
            status=group.get("status", "ENABLED"),
            final_urls=group.get("final_urls", []),
            path1=group.get("path1"),
            path2=group.get("path2"),
            attributes=attributes,
        )
        self._add(CampaignAssetGroup, campaign_id=campaign_id, asset_group_id=group_id)
        self.fill(AssetGroupAsset, "asset_group_id", group_id, group)
        self.business_name(group_id, group.get("business_name"))
        return group_id

    def business_name(self, asset_group_id: UUID, name: str | None) -> None:
        """Add the text asset that holds an asset group's business name."""
        if not name:
            return
        self.book.ensure([("TEXT", name, {"text": name})])
        self._add(
            AssetGroupAsset,
            asset_group_id=asset_group_id,
            asset_id=self.book.key_id("TEXT", name),
            field_type="BUSINESS_NAME",
            position=0,
            status="ENABLED",
        )

    def fill(self, edge: Any, column: str, holder_id: UUID, form: Mapping[str, Any]) -> None:
        """Add the edges to the texts, images, videos and cards of an ad or an asset group."""
        seen: set[tuple[UUID, str]] = set()
        for slot, position, asset_id, pinned in self._slots(form):
            if (asset_id, slot) in seen:
                continue
            seen.add((asset_id, slot))
            row: dict[str, Any] = {column: holder_id, "asset_id": asset_id, "field_type": slot, "position": position}
            if edge is AdAsset:
                row["pinned_field"] = pinned
            else:
                row["status"] = "ENABLED"
            self._add(edge, **row)

    def _slots(self, form: Mapping[str, Any]) -> Iterator[tuple[str, int, UUID, str | None]]:
        for name, slot in SLOT_FIELDS.items():
            for position, item in enumerate(form.get(name) or ()):
                if name in TEXT_FIELDS:
                    text, pinned = needs.text_of(item)
                    yield slot, position, self.book.key_id("TEXT", text), pinned
                else:
                    yield slot, position, self._asset_id(name, item), None
        for position, item in enumerate(form.get("images") or ()):
            yield PENDING_SLOT, position, self._asset_id("images", item), None

    def _asset_id(self, name: str, item: Mapping[str, Any]) -> UUID:
        if item.get("asset_id"):
            return UUID(str(item["asset_id"]))
        if name == "youtube_videos":
            return self.book.key_id("YOUTUBE_VIDEO", item["youtube_video_id"])
        if name == "carousel_cards":
            kind, content, _ = needs.card(item, self.book.url_id)
            return self.book.key_id(kind, content)
        return self.book.url_id(item["url"])

    def _next_id(self) -> UUID:
        """Ids that rise in the order of writing, so that reading by id gives the order people gave."""
        self._last_id += 1
        return UUID(int=self._last_id)

    def keywords(
        self, parent_kind: str, parent_id: UUID, keywords: Iterable[Mapping[str, Any]], *, negative: bool
    ) -> list[UUID]:
        """Add keywords to an ad group, a campaign or a shared list; gives their ids in order."""
        ids: list[UUID] = []
        for keyword in keywords:
            keyword_id = self._next_id()
            ids.append(keyword_id)
            self._add(
                Keyword,
                id=keyword_id,
                parent_kind=parent_kind,
                parent_id=parent_id,
                text=keyword["text"],
                match_type=keyword.get("match_type", "BROAD"),
                negative=negative,
                status=keyword.get("status", "ENABLED"),
                cpc_bid_micros=keyword.get("cpc_bid_micros"),
                final_urls=keyword.get("final_urls", []),
            )
            if parent_kind == "ad_group":
                self._add(AdGroupKeyword, ad_group_id=parent_id, keyword_id=keyword_id)
        return ids

    def links(
        self, edge: Any, column: str, holder_id: UUID, links: Iterable[Mapping[str, Any]]
    ) -> list[tuple[UUID, str]]:
        """Add sitelinks, callouts and images to a campaign or an ad group; gives asset and kind of each in order."""
        keys = [(self._link_id(link), link["field_type"]) for link in links]
        for asset_id, field_type in dict.fromkeys(keys):
            place = {column: holder_id, "asset_id": asset_id, "field_type": field_type}
            self._add(edge, id=self._next_id(), **place, status="ENABLED")
        return keys

    def _link_id(self, link: Mapping[str, Any]) -> UUID:
        if link.get("asset_id"):
            return UUID(str(link["asset_id"]))
        if link.get("url"):
            return self.book.url_id(link["url"])
        return self.book.key_id(*needs.link_key(link))

    def flush(self) -> None:
        """Insert everything, entities before the edges that point at them."""
        for model in _ORDER:
            rows = self._rows.pop(model, [])
            statement = linking.upsert(model) if model in _LINKS else insert(model)
            for start in range(0, len(rows), PARAMETERS):
                self._session.execute(statement, rows[start : start + PARAMETERS])
        placing.place_fetched(self._session, self._customer)
        if self._rows:
            raise KeyError(f"rows without a place in the order: {sorted(model.__name__ for model in self._rows)}")

    def _add(self, model: Any, **columns: Any) -> None:
        self._rows.setdefault(model, []).append({"customer_id": self._customer_id, **columns})


_ORDER = (
    AdGroup,
    AssetGroup,
    Ad,
    Keyword,
    CampaignAdGroup,
    CampaignAssetGroup,
    AdGroupAd,
    AdGroupKeyword,
    AdAsset,
    AssetGroupAsset,
    CampaignAsset,
    AdGroupAsset,
    CampaignSharedSet,
)
_LINKS = (CampaignAsset, AdGroupAsset, AssetGroupAsset, CampaignSharedSet)


def lists_must_exist(session: Session, customer_id: UUID, shared_set_ids: Sequence[UUID]) -> None:
    """Refuse lists of negatives that the account does not have.

    Raises:
        Invalid: With a finding for each.
    """
    if not shared_set_ids:
        return
    query = select(SharedSet.id).where(
        SharedSet.customer_id == customer_id,
        SharedSet.id.in_(shared_set_ids),
        SharedSet.type == "NEGATIVE_KEYWORDS",
        SharedSet.deleted_at.is_(None),
        SharedSet.status != "REMOVED",
    )
    known = set(session.scalars(query))
    wrong = [
        Finding(f"/shared_sets/{index}", "unknown_shared_set", "There is no such list of negatives in this account.")
        for index, shared_set_id in enumerate(shared_set_ids)
        if shared_set_id not in known
    ]
    if wrong:
        raise Invalid("A list of negatives is not known.", errors=wrong)


def delete_children(session: Session, customer_id: UUID, campaign_id: UUID) -> None:
    """Delete every child of a draft; assets stay in the library."""
    groups = select(CampaignAdGroup.ad_group_id).where(
        CampaignAdGroup.customer_id == customer_id, CampaignAdGroup.campaign_id == campaign_id
    )
    group_ids = list(session.scalars(groups))
    asset_groups = list(
        session.scalars(
            select(CampaignAssetGroup.asset_group_id).where(
                CampaignAssetGroup.customer_id == customer_id, CampaignAssetGroup.campaign_id == campaign_id
            )
        )
    )
    ads = list(
        session.scalars(
            select(AdGroupAd.ad_id).where(AdGroupAd.customer_id == customer_id, AdGroupAd.ad_group_id.in_(group_ids))
        )
    )
    keyword_parents = [*group_ids, campaign_id]
    for model, ids in ((Ad, ads), (AdGroup, group_ids), (AssetGroup, asset_groups)):
        if ids:
            session.execute(delete(model).where(model.customer_id == customer_id, model.id.in_(ids)))
    session.execute(delete(Keyword).where(Keyword.customer_id == customer_id, Keyword.parent_id.in_(keyword_parents)))
    session.execute(
        delete(CampaignAsset).where(CampaignAsset.customer_id == customer_id, CampaignAsset.campaign_id == campaign_id)
    )
