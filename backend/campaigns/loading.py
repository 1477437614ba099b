"""Loads a campaign's rows as a tree: one statement per kind of child, whatever the size."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.adgraph.asset_groups import AssetGroup, AssetGroupAsset, CampaignAssetGroup, CampaignSharedSet, SharedSet
from backend.adgraph.edges import AdAsset, AdGroupAd, AdGroupAsset, CampaignAdGroup, CampaignAsset
from backend.adgraph.models import Ad, AdGroup, Asset, AssetBlob, Campaign, CampaignBudget, Customer, Keyword
from backend.campaigns.needs import CARD_IMAGES
from backend.campaigns.tree import (
    AdGroupNode,
    AdNode,
    AssetGroupNode,
    AssetNode,
    AssetUse,
    BudgetNode,
    CampaignNode,
    KeywordNode,
    SharedSetNode,
)

LIVE = ("ENABLED", "PAUSED")


def load_uses(session: Session, ad: Ad) -> list[AssetUse]:
    """Give what fills the slots of one ad."""
    loader = _Loader(session, session.get_one(Customer, ad.customer_id), with_data=False)
    return loader.uses_of(ad.id)


def load_shared_set(session: Session, customer: Customer, shared_set: SharedSet) -> SharedSetNode:
    """Give a list of negative keywords, without what was removed."""
    keywords = _Loader(session, customer, with_data=False).keywords("shared_set", [shared_set.id])
    return SharedSetNode(shared_set.id, shared_set.name, keywords.get(shared_set.id, []), shared_set.resource_name)


def load_tree(session: Session, customer: Customer, campaign: Campaign, *, with_data: bool = False) -> CampaignNode:
    """Give the whole tree of a campaign, without what was removed.

    Args:
        with_data: Load the bytes of the images too, for a request to Google.
    """
    return _Loader(session, customer, with_data=with_data).campaign(campaign)


class _Loader:
    """Reads one tree; assets that stand in several places are one node."""

    def __init__(self, session: Session, customer: Customer, *, with_data: bool) -> None:
        self._session = session
        self._customer = customer
        self._with_data = with_data
        self._assets: dict[UUID, AssetNode] = {}

    def campaign(self, row: Campaign) -> CampaignNode:
        """Assemble the tree from the campaign's row down."""
        budget = row.budget_id and self._session.get(
            CampaignBudget, {"customer_id": self._customer.id, "id": row.budget_id}
        )
        links = self._links(CampaignAsset, CampaignAsset.campaign_id, [row.id])
        node = CampaignNode(
            id=row.id,
            name=row.name,
            campaign_type=row.campaign_type,
            objective=row.objective,
            start_date=row.start_date,
            end_date=row.end_date,
            budget=_budget(budget or None),
            bidding=row.bidding,
            targeting=row.targeting,
            contains_eu_political_advertising=row.contains_eu_political_advertising,
            tracking_url_template=row.tracking_url_template,
            final_url_suffix=row.final_url_suffix,
            attributes=row.attributes,
            marker=row.marker,
            resource_name=row.resource_name,
        )
        groups = self._ad_groups(row.id)
        asset_groups = self._asset_groups(row.id)
        shared = self._shared_sets(row.id)
        uses = self._uses(groups, asset_groups)
        group_links = self._links(AdGroupAsset, AdGroupAsset.ad_group_id, [group.id for group in groups])
        self._load_assets([*links, *group_links, *uses])
        self._load_cards()
        node.ad_groups, node.asset_groups, node.shared_sets = groups, asset_groups, shared
        node.negatives = self.keywords("campaign", [row.id])[row.id]
        node.links = [self._use(link) for link in links]
        self._attach(groups, asset_groups, uses, group_links)
        return node

    def uses_of(self, ad_id: UUID) -> list[AssetUse]:
        """Give what fills the slots of one ad."""
        edges = self._ad_assets([ad_id])
        self._load_assets(edges)
        return [self._use(edge) for edge in edges]

    def _ad_groups(self, campaign_id: UUID) -> list[AdGroupNode]:
        found = self._session.scalars(
            select(AdGroup)
            .join(
                CampaignAdGroup,
                (CampaignAdGroup.customer_id == AdGroup.customer_id) & (CampaignAdGroup.ad_group_id == AdGroup.id),
            )
            .where(
                AdGroup.customer_id == self._customer.id,
                CampaignAdGroup.campaign_id == campaign_id,
                AdGroup.deleted_at.is_(None),
                AdGroup.status != "REMOVED",
            )
            .order_by(AdGroup.id)
        )
        groups = [
            AdGroupNode(
                id=row.id,
                name=row.name,
                type=row.type,
                status=row.status,
                cpc_bid_micros=row.cpc_bid_micros,
                attributes=row.attributes,
                resource_name=row.resource_name,
            )
            for row in found
        ]
        ids = [group.id for group in groups]
        keywords = self.keywords("ad_group", ids)
        ads = self._ads(ids)
        for group in groups:
            group.keywords = keywords[group.id]
            group.ads = ads[group.id]
        return groups

    def _ads(self, group_ids: list[UUID]) -> Mapping[UUID, list[AdNode]]:
        found: dict[UUID, list[AdNode]] = defaultdict(list)
        if not group_ids:
            return found
        rows = self._session.execute(
            select(Ad, AdGroupAd)
            .join(AdGroupAd, (AdGroupAd.customer_id == Ad.customer_id) & (AdGroupAd.ad_id == Ad.id))
            .where(
                Ad.customer_id == self._customer.id,
                AdGroupAd.ad_group_id.in_(group_ids),
                Ad.deleted_at.is_(None),
                AdGroupAd.status != "REMOVED",
            )
            .order_by(Ad.id)
        )
        for ad, edge in rows:
            found[edge.ad_group_id].append(
                AdNode(
                    id=ad.id,
                    type=ad.type,
                    name=ad.name,
                    status=edge.status,
                    final_urls=list(ad.final_urls),
                    path1=ad.path1,
                    path2=ad.path2,
                    business_name=ad.business_name,
                    tracking_url_template=ad.tracking_url_template,
                    attributes=ad.attributes,
                    resource_name=edge.resource_name,
                )
            )
        return found

    def _asset_groups(self, campaign_id: UUID) -> list[AssetGroupNode]:
        rows = self._session.scalars(
            select(AssetGroup)
            .join(
                CampaignAssetGroup,
                (CampaignAssetGroup.customer_id == AssetGroup.customer_id)
                & (CampaignAssetGroup.asset_group_id == AssetGroup.id),
            )
            .where(
                AssetGroup.customer_id == self._customer.id,
                CampaignAssetGroup.campaign_id == campaign_id,
                AssetGroup.deleted_at.is_(None),
                AssetGroup.status != "REMOVED",
            )
            .order_by(AssetGroup.id)
        )
        return [
            AssetGroupNode(
                id=row.id,
                name=row.name,
                status=row.status,
                final_urls=list(row.final_urls),
                path1=row.path1,
                path2=row.path2,
                attributes=row.attributes,
                resource_name=row.resource_name,
            )
            for row in rows
        ]

    def _shared_sets(self, campaign_id: UUID) -> list[SharedSetNode]:
        rows = self._session.execute(
            select(SharedSet, CampaignSharedSet.id, CampaignSharedSet.resource_name)
            .join(
                CampaignSharedSet,
                (CampaignSharedSet.customer_id == SharedSet.customer_id)
                & (CampaignSharedSet.shared_set_id == SharedSet.id),
            )
            .where(
                SharedSet.customer_id == self._customer.id,
                CampaignSharedSet.campaign_id == campaign_id,
                CampaignSharedSet.status.in_(LIVE),
                SharedSet.deleted_at.is_(None),
                SharedSet.status != "REMOVED",
            )
            .order_by(SharedSet.id)
        ).all()
        # What a list holds matters only while it is to be made with the campaign.
        keywords = self.keywords("shared_set", [row.id for row, _, _ in rows if row.resource_name is None])
        return [
            SharedSetNode(row.id, row.name, keywords.get(row.id, []), row.resource_name, link_id, link_name)
            for row, link_id, link_name in rows
        ]

    def keywords(self, parent_kind: str, parent_ids: list[UUID]) -> Mapping[UUID, list[KeywordNode]]:
        """Give the keywords of some parents of one kind."""
        found: dict[UUID, list[KeywordNode]] = defaultdict(list)
        if not parent_ids:
            return found
        columns = (
            Keyword.parent_id,
            Keyword.id,
            Keyword.text,
            Keyword.match_type,
            Keyword.negative,
            Keyword.status,
            Keyword.cpc_bid_micros,
            Keyword.final_urls,
            Keyword.resource_name,
        )
        rows = self._session.execute(
            select(*columns)
            .where(
                Keyword.customer_id == self._customer.id,
                Keyword.parent_kind == parent_kind,
                Keyword.parent_id.in_(parent_ids),
                Keyword.deleted_at.is_(None),
                Keyword.status != "REMOVED",
            )
            .order_by(Keyword.id)
        )
        for parent_id, *values in rows:
            found[parent_id].append(KeywordNode(*values))
        return found

    def _uses(self, groups: list[AdGroupNode], asset_groups: list[AssetGroupNode]) -> list[Any]:
        ads = [ad.id for group in groups for ad in group.ads]
        found: list[Any] = []
        if ads:
            found += self._ad_assets(ads)
        if asset_groups:
            ids = [group.id for group in asset_groups]
            found += self._session.scalars(
                select(AssetGroupAsset)
                .where(
                    AssetGroupAsset.customer_id == self._customer.id,
                    AssetGroupAsset.asset_group_id.in_(ids),
                    AssetGroupAsset.status.in_(LIVE),
                )
                .order_by(AssetGroupAsset.position)
            )
        return found

    def _ad_assets(self, ad_ids: list[UUID]) -> list[AdAsset]:
        return list(
            self._session.scalars(
                select(AdAsset)
                .where(AdAsset.customer_id == self._customer.id, AdAsset.ad_id.in_(ad_ids))
                .order_by(AdAsset.position)
            )
        )

    def _links(self, edge: Any, column: Any, holder_ids: list[UUID]) -> list[Any]:
        if not holder_ids:
            return []
        return list(
            self._session.scalars(
                select(edge)
                .where(edge.customer_id == self._customer.id, column.in_(holder_ids), edge.status.in_(LIVE))
                .order_by(edge.id)
            )
        )

    def _attach(
        self,
        groups: list[AdGroupNode],
        asset_groups: list[AssetGroupNode],
        uses: Iterable[Any],
        group_links: Iterable[Any],
    ) -> None:
        ads = {ad.id: ad for group in groups for ad in group.ads}
        by_group = {group.id: group for group in groups}
        by_asset_group = {group.id: group for group in asset_groups}
        for edge in uses:
            holder = ads[edge.ad_id] if isinstance(edge, AdAsset) else by_asset_group[edge.asset_group_id]
            holder.uses.append(self._use(edge))
        for edge in group_links:
            by_group[edge.ad_group_id].links.append(self._use(edge))

    def _use(self, edge: Any) -> AssetUse:
        return AssetUse(
            field_type=edge.field_type,
            asset=self._assets[edge.asset_id],
            pinned_field=getattr(edge, "pinned_field", None),
            position=getattr(edge, "position", 0),
            performance_label=getattr(edge, "performance_label", None),
            id=getattr(edge, "id", None),
            resource_name=getattr(edge, "resource_name", None),
        )

    def _load_assets(self, edges: Iterable[Any]) -> None:
        self._load_by_id({edge.asset_id for edge in edges})

    def _load_cards(self) -> None:
        """Load the images that carousel cards name."""
        wanted = {
            UUID(asset.attributes[name])
            for asset in self._assets.values()
            if asset.type == "DEMAND_GEN_CAROUSEL_CARD"
            for name in CARD_IMAGES
            if asset.attributes.get(name)
        }
        self._load_by_id(wanted - self._assets.keys())
        for asset in list(self._assets.values()):
            if asset.type == "DEMAND_GEN_CAROUSEL_CARD":
                asset.images = {
                    name: self._assets[UUID(asset.attributes[name])]
                    for name in CARD_IMAGES
                    if asset.attributes.get(name) and UUID(asset.attributes[name]) in self._assets
                }

    def _load_by_id(self, ids: set[UUID]) -> None:
        if not ids:
            return
        blob = AssetBlob.data if self._with_data else func.length(AssetBlob.data)
        rows = self._session.execute(
            select(Asset, blob)
            .outerjoin(
                AssetBlob,
                (AssetBlob.tenant_id == self._customer.tenant_id) & (AssetBlob.sha256 == Asset.blob_sha256),
            )
            .where(Asset.customer_id == self._customer.id, Asset.id.in_(ids))
        )
        for row, content in rows:
            size = len(content) if isinstance(content, bytes) else content
            self._assets[row.id] = AssetNode(
                id=row.id,
                type=row.type,
                text=row.text,
                name=row.name,
                youtube_video_id=row.youtube_video_id,
                resource_name=row.resource_name,
                mime_type=row.mime_type,
                width=row.width,
                height=row.height,
                size=size,
                source_url=row.source_url,
                fetch_status=row.fetch_status,
                fetch_problem=row.fetch_problem,
                attributes=row.attributes,
                data=content if isinstance(content, bytes) else None,
            )


def _budget(row: CampaignBudget | None) -> BudgetNode | None:
    if row is None:
        return None
    return BudgetNode(
        id=row.id,
        amount_micros=row.amount_micros,
        total_amount_micros=row.total_amount_micros,
        name=row.name,
        delivery_method=row.delivery_method,
        explicitly_shared=row.explicitly_shared,
        resource_name=row.resource_name,
    )
