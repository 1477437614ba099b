"""Reads what waits to be pushed below a campaign: dirty rows, removals, and children that Google does not know yet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from backend.adgraph.asset_groups import AssetGroup, CampaignAssetGroup
from backend.adgraph.columns import SyncState
from backend.adgraph.edges import AdGroupAd, CampaignAdGroup
from backend.adgraph.models import Ad, AdGroup, Campaign, CampaignBudget, Customer, Keyword
from backend.campaigns.dirty import as_json
from backend.campaigns.loading import load_tree
from backend.campaigns.rules import SLOT_FIELDS
from backend.campaigns.tree import AdGroupNode, AdNode, AssetGroupNode, CampaignNode, KeywordNode
from backend.publish import creatives
from backend.publish.changes import Change

SLOT_NAMES = frozenset(SLOT_FIELDS)
KEYWORD_RESOURCES = {
    "ad_group": "ad_group_criterion",
    "campaign": "campaign_criterion",
    "shared_set": "shared_criterion",
}


@dataclass(slots=True)
class Pending:
    """Everything that a push would send, apart: changes of what is live, and what is to be made.

    `targeting` holds what was and what is to be, where it changed.
    """

    changes: list[Change] = field(default_factory=list)
    keywords: list[tuple[str, KeywordNode]] = field(default_factory=list)
    negatives: list[KeywordNode] = field(default_factory=list)
    ads: list[tuple[str, AdNode]] = field(default_factory=list)
    ad_groups: list[AdGroupNode] = field(default_factory=list)
    asset_groups: list[AssetGroupNode] = field(default_factory=list)
    targeting: tuple[Mapping[str, Any], Mapping[str, Any]] | None = None

    @property
    def makes_structure(self) -> bool:
        """True when something is to be made that others hang on, or that has no natural key at Google."""
        return bool(self.ads or self.ad_groups or self.asset_groups)

    def __bool__(self) -> bool:
        return bool(self.changes or self.keywords or self.negatives or self.makes_structure or self.targeting)


Wanted = Mapping[str, Mapping[str, list[str]]]
"""Kind → our id → fields: a push of no more than these; an empty list of fields means all that are dirty."""


def pending_of(
    session: Session, customer: Customer, campaign: Campaign, only: Wanted | None = None
) -> tuple[Pending, CampaignNode]:
    """Give what waits below a campaign, and its tree (with the bytes of images that are to be made)."""
    reader = _Reader(session, customer, campaign, only)
    found = Pending()
    reader.changes(found)
    tree = load_tree(session, customer, campaign, with_data=only is None)
    if only is None:
        _new_children(tree, found)
        if "targeting" in campaign.dirty_fields:
            found.targeting = (campaign.base.get("targeting") or {}, campaign.targeting)
    return found, tree


def _new_children(tree: CampaignNode, found: Pending) -> None:
    found.negatives = [keyword for keyword in tree.negatives if keyword.resource_name is None]
    found.asset_groups = [group for group in tree.asset_groups if group.resource_name is None]
    for group in tree.ad_groups:
        if group.resource_name is None:
            found.ad_groups.append(group)
            continue
        found.keywords += [(group.resource_name, word) for word in group.keywords if word.resource_name is None]
        found.ads += [(group.resource_name, ad) for ad in group.ads if ad.resource_name is None]


class _Reader:
    """Finds the dirty rows of one campaign."""

    def __init__(self, session: Session, customer: Customer, campaign: Campaign, only: Wanted | None) -> None:
        self._session = session
        self._customer = customer
        self._campaign = campaign
        self._only = only

    def changes(self, found: Pending) -> None:
        """Collect the changes in the order in which they are sent: from the top down."""
        self._take(found, "campaign", "campaign", [self._campaign])
        if self._campaign.budget_id:
            key = {"customer_id": self._customer.id, "id": self._campaign.budget_id}
            budget = self._session.get(CampaignBudget, key)
            self._take(found, "budget", "campaign_budget", [budget] if budget else [])
        groups = self._under(AdGroup, CampaignAdGroup, CampaignAdGroup.ad_group_id)
        self._take(found, "ad_group", "ad_group", groups)
        asset_groups = self._under(AssetGroup, CampaignAssetGroup, CampaignAssetGroup.asset_group_id)
        self._take(found, "asset_group", "asset_group", asset_groups)
        self._keywords(found)
        self._ads(found)

    def _under(self, model: Any, edge: Any, column: Any) -> Iterable[Any]:
        return self._session.scalars(
            select(model)
            .join(edge, (edge.customer_id == model.customer_id) & (column == model.id))
            .where(
                model.customer_id == self._customer.id,
                edge.campaign_id == self._campaign.id,
                model.dirty_fields != [],
                model.google_id.isnot(None),
            )
            .order_by(model.id)
        )

    def _group_ids(self) -> Any:
        return select(CampaignAdGroup.ad_group_id).where(
            CampaignAdGroup.customer_id == self._customer.id, CampaignAdGroup.campaign_id == self._campaign.id
        )

    def _keywords(self, found: Pending) -> None:
        rows = self._session.scalars(
            select(Keyword)
            .where(
                Keyword.customer_id == self._customer.id,
                or_(Keyword.parent_id == self._campaign.id, Keyword.parent_id.in_(self._group_ids())),
                Keyword.dirty_fields != [],
                Keyword.google_id.isnot(None),
            )
            .order_by(Keyword.id)
        )
        for row in rows:
            self._take(found, "keyword", KEYWORD_RESOURCES[row.parent_kind], [row])

    def _ads(self, found: Pending) -> None:
        rows = self._session.execute(
            select(Ad, AdGroupAd)
            .join(AdGroupAd, (AdGroupAd.customer_id == Ad.customer_id) & (AdGroupAd.ad_id == Ad.id))
            .where(
                Ad.customer_id == self._customer.id,
                AdGroupAd.ad_group_id.in_(self._group_ids()),
                Ad.google_id.isnot(None),
                or_(Ad.dirty_fields != [], AdGroupAd.dirty_fields != []),
            )
            .order_by(Ad.id)
        ).all()
        slots = self._slots() if any(SLOT_NAMES & set(ad.dirty_fields) for ad, _ in rows) else {}
        for ad, edge in rows:
            extra = {"type": ad.type, "slots": slots.get(ad.id, {})}
            self._take(found, "ad", "ad", [ad], extra)
            if edge.dirty_fields and edge.resource_name:
                self._add(found, edge, Change("ad_status", str(ad.id), "ad_group_ad", edge.resource_name))

    def _slots(self) -> dict[UUID, dict[str, dict[str, Any]]]:
        """Per ad, what each of its slots is called in its own message, with the whole list."""
        tree = load_tree(self._session, self._customer, self._campaign)
        found: dict[UUID, dict[str, dict[str, Any]]] = {}
        for group in tree.ad_groups:
            for ad in group.ads:
                if ad.type is not None:
                    found[ad.id] = creatives.slots_in_message(ad)
        return found

    def _take(
        self, found: Pending, kind: str, resource: str, rows: Iterable[Any], extra: Mapping[str, Any] | None = None
    ) -> None:
        for row in rows:
            if row.google_id is not None and row.dirty_fields and row.resource_name:
                self._add(found, row, Change(kind, str(row.id), resource, row.resource_name, extra=extra or {}))

    def _add(self, found: Pending, row: SyncState, change: Change) -> None:
        names = [column for column in row.dirty_fields if column != "targeting"]
        if self._only is not None:
            chosen = self._only.get(change.kind, {}).get(change.row_id)
            if chosen is None:
                return
            names = [column for column in names if not chosen or column in chosen]
        if names:
            before = {column: row.base.get(column) for column in names}
            after = {column: as_json(getattr(row, column, None)) for column in names}
            found.changes.append(replace(change, before=before, after=after))
