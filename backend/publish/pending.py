"""Reads what waits to be pushed below a campaign: dirty rows, removals, and children that Google does not know yet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from sqlalchemy import inspect, or_, select
from sqlalchemy.orm import Session

from backend.adgraph.asset_groups import AssetGroup, AssetGroupAsset, CampaignAssetGroup, CampaignSharedSet, SharedSet
from backend.adgraph.columns import SyncState
from backend.adgraph.edges import AdGroupAd, AdGroupAsset, CampaignAdGroup, CampaignAsset
from backend.adgraph.models import Ad, AdGroup, Campaign, CampaignBudget, Customer, Keyword
from backend.campaigns.dirty import as_json
from backend.campaigns.loading import load_shared_set, load_tree
from backend.campaigns.rules import SLOT_FIELDS
from backend.campaigns.tree import AdNode, AssetUse, CampaignNode, KeywordNode, SharedSetNode
from backend.publish import creatives
from backend.publish.changes import Change
from backend.publish.planner import Additions

SLOT_NAMES = frozenset({*SLOT_FIELDS, "images"})
LINK_TABLES: dict[str, Any] = {
    "campaign_asset": CampaignAsset,
    "ad_group_asset": AdGroupAsset,
    "asset_group_asset": AssetGroupAsset,
    "campaign_shared_set": CampaignSharedSet,
}
"""Links by what Google calls them, which is what the tables are called too."""
KEYWORD_RESOURCES = {
    "ad_group": "ad_group_criterion",
    "campaign": "campaign_criterion",
    "shared_set": "shared_criterion",
}


@dataclass(slots=True)
class Pending:
    """Everything that a push would send, apart: changes of what is live, and what is to be made.

    `targeting` holds what was and what is to be, where it changed. `new` has no natural key at Google, or comes with
    something that has none; keywords, negatives and links of lists that exist are known by what they join. What both
    sides changed is `held_back` until somebody decides.
    """

    changes: list[Change] = field(default_factory=list)
    keywords: list[tuple[str, KeywordNode]] = field(default_factory=list)
    negatives: list[KeywordNode] = field(default_factory=list)
    list_keywords: list[tuple[str, KeywordNode]] = field(default_factory=list)
    list_links: list[SharedSetNode] = field(default_factory=list)
    new: Additions = field(default_factory=Additions)
    targeting: tuple[Mapping[str, Any], Mapping[str, Any]] | None = None
    held_back: list[dict[str, Any]] = field(default_factory=list)

    @property
    def known_by_key(self) -> int:
        """How many things are to be made that have a natural key at Google."""
        return len(self.keywords) + len(self.negatives) + len(self.list_keywords) + len(self.list_links)

    def take_replaced(self) -> None:
        """Let links that go leave in the request that brings new ones: their places are counted in order."""
        if self.new:
            gone = [change for change in self.changes if change.kind in LINK_TABLES and change.removes]
            self.new = replace(self.new, replaced=gone)
            self.changes = [change for change in self.changes if change not in gone]


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
        _assets_of_changed_ads(tree, found)
        found.take_replaced()
        if "targeting" in campaign.dirty_fields and "targeting" not in campaign.remote:
            found.targeting = (campaign.base.get("targeting") or {}, campaign.targeting)
    return found, tree


def pending_of_list(
    session: Session, customer: Customer, shared_set: SharedSet, only: Wanted | None = None
) -> tuple[Pending, CampaignNode]:
    """Give what waits on a list of negatives, and a tree that holds nothing but the list."""
    reader = ChangeReader(session, customer, only)
    found = Pending()
    if shared_set.status != "REMOVED" or shared_set.google_id is not None:
        reader.take(found, "shared_set", "shared_set", [shared_set])
    reader.keywords_of(found, Keyword.parent_id == shared_set.id)
    node = load_shared_set(session, customer, shared_set)
    tree = CampaignNode(id=shared_set.id, name=shared_set.name, campaign_type="", shared_sets=[node])
    if only is None and shared_set.status != "REMOVED":
        if node.resource_name is None:
            found.new = Additions(shared_sets=[node])
        else:
            name = node.resource_name
            found.list_keywords = [(name, word) for word in node.keywords if word.resource_name is None]
    return found, tree


def _new_children(tree: CampaignNode, found: Pending) -> None:
    found.negatives = [keyword for keyword in tree.negatives if keyword.resource_name is None]
    links = [("campaign_asset", tree.resource_name or "", use) for use in _unlinked(tree.links)]
    ads: list[tuple[str, AdNode]] = []
    for group in tree.ad_groups:
        if group.resource_name is not None:
            name = group.resource_name
            found.keywords += [(name, word) for word in group.keywords if word.resource_name is None]
            ads += [(name, ad) for ad in group.ads if ad.resource_name is None]
            links += [("ad_group_asset", name, use) for use in _unlinked(group.links)]
    for asset_group in tree.asset_groups:
        if asset_group.resource_name is not None:
            links += [("asset_group_asset", asset_group.resource_name, use) for use in _unlinked(asset_group.uses)]
    linked = [shared for shared in tree.shared_sets if shared.link_name is None]
    found.list_links = [shared for shared in linked if shared.resource_name is not None]
    found.new = Additions(
        ad_groups=[group for group in tree.ad_groups if group.resource_name is None],
        asset_groups=[group for group in tree.asset_groups if group.resource_name is None],
        ads=ads,
        links=links,
        shared_sets=[shared for shared in linked if shared.resource_name is None],
    )


def _unlinked(uses: Iterable[AssetUse]) -> list[AssetUse]:
    return [use for use in uses if use.resource_name is None]


def _assets_of_changed_ads(tree: CampaignNode, found: Pending) -> None:
    """An ad names its images, videos and cards, so new ones are made before it is changed."""
    changed = {change.row_id for change in found.changes if change.kind == "ad"}
    ads = [ad for group in tree.ad_groups for ad in group.ads if str(ad.id) in changed]
    needed = {
        use.asset.id: use.asset
        for ad in ads
        for use in ad.uses
        if use.asset.resource_name is None and use.asset.type != "TEXT"
    }
    found.new = replace(found.new, assets=list(needed.values()))


class ChangeReader:
    """Turns dirty rows into changes: all of their dirty fields, or those that were asked for."""

    def __init__(self, session: Session, customer: Customer, only: Wanted | None) -> None:
        self._session = session
        self._customer = customer
        self._only = only

    def keywords_of(self, found: Pending, parents: Any) -> None:
        """Collect the dirty keywords of some parents."""
        rows = self._session.scalars(
            select(Keyword)
            .where(
                Keyword.customer_id == self._customer.id,
                parents,
                Keyword.dirty_fields != [],
                Keyword.google_id.isnot(None),
            )
            .order_by(Keyword.id)
        )
        for row in rows:
            self.take(found, "keyword", KEYWORD_RESOURCES[row.parent_kind], [row])

    def take(
        self, found: Pending, kind: str, resource: str, rows: Iterable[Any], extra: Mapping[str, Any] | None = None
    ) -> None:
        """Collect the changes of rows that Google knows."""
        for row in rows:
            if row.dirty_fields and row.resource_name:
                self.add(found, row, Change(kind, str(row.id), resource, row.resource_name, extra=extra or {}))

    def add(self, found: Pending, row: SyncState, change: Change) -> None:
        """Collect one change, with what its fields were and are to be."""
        held = dict(change.extra.get("held", {}))
        columns = inspect(row.__class__, raiseerr=True).columns
        names = [name for name in row.dirty_fields if name in columns or name in held]
        if self._only is not None:
            chosen = self._only.get(change.kind, {}).get(change.row_id)
            if chosen is None:
                return
            names = [name for name in names if not chosen or name in chosen]
        if undecided := [name for name in names if name in row.remote]:
            found.held_back.append({"kind": change.kind, "id": change.row_id, "fields": undecided})
        names = [name for name in names if name != "targeting" and name not in undecided]
        if names:
            before = {name: row.base.get(name) for name in names}
            after = {name: held[name] if name in held else as_json(getattr(row, name)) for name in names}
            found.changes.append(replace(change, before=before, after=after))


class _Reader(ChangeReader):
    """Finds the dirty rows of one campaign."""

    def __init__(self, session: Session, customer: Customer, campaign: Campaign, only: Wanted | None) -> None:
        super().__init__(session, customer, only)
        self._campaign = campaign

    def changes(self, found: Pending) -> None:
        """Collect the changes in the order in which they are sent: from the top down."""
        self.take(found, "campaign", "campaign", [self._campaign])
        if self._campaign.budget_id:
            key = {"customer_id": self._customer.id, "id": self._campaign.budget_id}
            budget = self._session.get(CampaignBudget, key)
            self.take(found, "budget", "campaign_budget", [budget] if budget else [])
        groups = self._under(AdGroup, CampaignAdGroup, CampaignAdGroup.ad_group_id)
        self.take(found, "ad_group", "ad_group", groups)
        asset_groups = self._under(AssetGroup, CampaignAssetGroup, CampaignAssetGroup.asset_group_id)
        self.take(found, "asset_group", "asset_group", asset_groups)
        parents = or_(Keyword.parent_id == self._campaign.id, Keyword.parent_id.in_(self._group_ids()))
        self.keywords_of(found, parents)
        self._ads(found)
        self._links(found)

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

    def _links(self, found: Pending) -> None:
        """Links of the campaign, its ad groups and its asset groups that are to go, or to be paused or enabled."""
        asset_groups = select(CampaignAssetGroup.asset_group_id).where(
            CampaignAssetGroup.customer_id == self._customer.id, CampaignAssetGroup.campaign_id == self._campaign.id
        )
        below = {
            "campaign_asset": CampaignAsset.campaign_id == self._campaign.id,
            "ad_group_asset": AdGroupAsset.ad_group_id.in_(self._group_ids()),
            "asset_group_asset": AssetGroupAsset.asset_group_id.in_(asset_groups),
            "campaign_shared_set": CampaignSharedSet.campaign_id == self._campaign.id,
        }
        for kind, condition in below.items():
            model = LINK_TABLES[kind]
            query = select(model).where(
                model.customer_id == self._customer.id,
                condition,
                model.resource_name.isnot(None),
                model.dirty_fields != [],
            )
            self.take(found, kind, kind, self._session.scalars(query.order_by(model.id)))

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
        contents = self._contents() if any(SLOT_NAMES & set(ad.dirty_fields) for ad, _ in rows) else {}
        for ad, edge in rows:
            extra = {"type": ad.type, **contents.get(ad.id, {})}
            self.take(found, "ad", "ad", [ad], extra)
            if edge.dirty_fields and edge.resource_name:
                self.add(found, edge, Change("ad_status", str(ad.id), "ad_group_ad", edge.resource_name))

    def _contents(self) -> dict[UUID, dict[str, Any]]:
        """Per ad, what each of its slots is called in its own message with the whole list, and what it holds."""
        tree = load_tree(self._session, self._customer, self._campaign)
        found: dict[UUID, dict[str, Any]] = {}
        for ad in (ad for group in tree.ad_groups for ad in group.ads if ad.type is not None):
            slots = creatives.slots_in_message(ad)
            held = {name: items for name, items in creatives.held(ad).items() if name in slots}
            found[ad.id] = {"slots": slots, "held": held}
        return found
