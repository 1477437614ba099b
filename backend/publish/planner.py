"""A campaign's tree as the operations that make it live. Pure: no database, no vendor class, the same plan every time.

Order: label → budget → campaign → targeting → ad groups → keywords → assets → ads, grouped by type, parents before
children. Everything is made under a paused campaign unless asked otherwise, so that nothing spends by accident.
Each operation's `subject` names the row it is for: (kind, id) or (kind, id, …).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from backend.campaigns.tree import (
    AdGroupNode,
    AdNode,
    AssetGroupNode,
    AssetNode,
    AssetUse,
    CampaignNode,
    SharedSetNode,
)
from backend.integrations.googleads.mutate.plan import MutatePlan
from backend.publish import changes, creatives
from backend.publish.changes import Change
from backend.publish.resources import (
    ad_fields,
    ad_group_fields,
    asset_group_fields,
    budget_fields,
    campaign_fields,
    keyword_fields,
    keyword_words,
    targeting_criteria,
)

Subject = tuple[str, ...]


def subject(kind: str, row_id: UUID, *more: str) -> Subject:
    """Name the row that an operation is for."""
    return (kind, str(row_id), *more)


def link_subject(kind: str, use: AssetUse) -> Subject:
    """Name the row of a link.

    Raises:
        ValueError: It is no link but an ad's own use of an asset.
    """
    if use.id is None:
        raise ValueError("an ad's use of an asset is no link")
    return subject(kind, use.id)


def images_needed_first(assets: Iterable[AssetNode]) -> list[AssetNode]:
    """Give the images of carousel cards that Google does not know yet: cards take no temporary names."""
    found: dict[UUID, AssetNode] = {}
    for asset in assets:
        if asset.type == "DEMAND_GEN_CAROUSEL_CARD":
            found.update({image.id: image for image in asset.images.values() if image.resource_name is None})
    return list(found.values())


def plan_images(customer_id: str, images: Iterable[AssetNode]) -> MutatePlan:
    """Plan the images that must exist before the rest may name them."""
    plan = MutatePlan(customer_id)
    for image in images:
        plan.create("asset", subject("asset", image.id), **creatives.asset_fields(image, {}))
    return plan


def plan_publish(customer_id: str, tree: CampaignNode, *, status: str = "PAUSED") -> MutatePlan:
    """Plan everything that makes a draft live, with the marker label that recognises it.

    Raises:
        ValueError: The tree has no marker or no budget; the strict check comes first.
    """
    if not tree.marker or tree.budget is None:
        raise ValueError("a campaign is planned with its marker and its budget")
    return _Publish(customer_id, tree).plan(status)


@dataclass(frozen=True, slots=True)
class Additions:
    """What is new below a live campaign, or in a list of negatives.

    What hangs on something that exists comes with that one's resource name. `replaced` are links that go in the same
    request, so that what takes their place finds room; `assets` are needed by ads that change afterwards.
    """

    ad_groups: Sequence[AdGroupNode] = ()
    asset_groups: Sequence[AssetGroupNode] = ()
    ads: Sequence[tuple[str, AdNode]] = ()
    links: Sequence[tuple[str, str, AssetUse]] = ()
    shared_sets: Sequence[SharedSetNode] = ()
    assets: Sequence[AssetNode] = ()
    replaced: Sequence[Change] = ()

    def __bool__(self) -> bool:
        return bool(self.ad_groups or self.asset_groups or self.ads or self.links or self.shared_sets or self.assets)

    def uses(self) -> Iterator[AssetUse]:
        """Yield every use of an asset, in the order in which the assets are made."""
        yield from (use for _, _, use in self.links)
        for group in self.ad_groups:
            yield from group.links
            yield from (use for ad in group.ads for use in ad.uses)
        yield from (use for _, ad in self.ads for use in ad.uses)
        yield from (use for group in self.asset_groups for use in group.uses)

    def needed(self) -> Iterator[AssetNode]:
        """Yield every asset that is used, the images of carousel cards before the cards."""
        for asset in (*self.assets, *(use.asset for use in self.uses())):
            yield from (*asset.images.values(), asset)


def plan_additions(customer_id: str, tree: CampaignNode, marker: str, new: Additions) -> MutatePlan:
    """Plan what is new below a live campaign, with a label that marks the batch."""
    return _Publish(customer_id, tree).additions(marker, new)


class _Publish:
    """One plan under construction: temporary names by our ids."""

    def __init__(self, customer_id: str, tree: CampaignNode) -> None:
        self._plan = MutatePlan(customer_id)
        self._tree = tree
        self._assets: dict[UUID, str] = {}
        self._groups: dict[UUID, str] = {}
        self._campaign = tree.resource_name or ""

    def additions(self, marker: str, new: Additions) -> MutatePlan:
        """Add operations below a campaign that exists."""
        self._plan.create("label", subject("label", self._tree.id), name=marker)
        for change in new.replaced:
            changes.add_to(self._plan, change)
        self._shared_sets(new.shared_sets)
        self._ad_groups(new.ad_groups)
        self._keywords(new.ad_groups)
        for asset in new.needed():
            self._asset(asset)
        for kind, holder, use in new.links:
            self._link(kind, holder, use)
        self._links(new.ad_groups)
        for name, ad in new.ads:
            self._plan.link("ad_group_ad", subject("ad", ad.id), **ad_fields(ad, name, self._assets))
        self._ads(new.ad_groups)
        self._asset_groups(new.asset_groups)
        return self._plan

    def plan(self, status: str) -> MutatePlan:
        """Add every operation, group by group."""
        tree = self._tree
        label = self._plan.create("label", subject("label", tree.id), name=tree.marker)
        budget = self._budget()
        self._campaign = self._plan.create(
            "campaign", subject("campaign", tree.id), **campaign_fields(tree), status=status, campaign_budget=budget
        )
        self._plan.link("campaign_label", subject("campaign_label", tree.id), campaign=self._campaign, label=label)
        self._targeting()
        self._negatives()
        self._shared_sets(tree.shared_sets)
        self._ad_groups(tree.ad_groups)
        self._keywords(tree.ad_groups)
        for asset in tree.assets():
            self._asset(asset)
        for use in tree.links:
            self._link("campaign_asset", self._campaign, use)
        self._links(tree.ad_groups)
        self._ads(tree.ad_groups)
        self._asset_groups(tree.asset_groups)
        return self._plan

    def _ad_groups(self, groups: Sequence[AdGroupNode]) -> None:
        for group in groups:
            self._groups[group.id] = self._plan.create(
                "ad_group", subject("ad_group", group.id), campaign=self._campaign, **ad_group_fields(group)
            )

    def _budget(self) -> str:
        budget = self._tree.budget
        if budget is None:
            raise ValueError("no budget")
        return budget.resource_name or self._plan.create(
            "campaign_budget", subject("budget", budget.id), **budget_fields(budget)
        )

    def _targeting(self) -> None:
        for index, criterion in enumerate(targeting_criteria(self._tree.targeting)):
            about = subject("targeting", self._tree.id, str(index))
            self._plan.link("campaign_criterion", about, campaign=self._campaign, **criterion)

    def _negatives(self) -> None:
        for keyword in self._tree.negatives:
            self._plan.link(
                "campaign_criterion",
                subject("keyword", keyword.id),
                campaign=self._campaign,
                negative=True,
                keyword=keyword_words(keyword),
            )

    def _shared_sets(self, lists: Sequence[SharedSetNode]) -> None:
        """Make the lists that do not exist yet, what they hold, and their links to the campaign."""
        names = {shared.id: shared.resource_name or self._shared_set(shared) for shared in lists}
        for shared in lists:
            if shared.resource_name is None:
                for keyword in shared.keywords:
                    about = subject("keyword", keyword.id)
                    self._plan.link(
                        "shared_criterion", about, shared_set=names[shared.id], keyword=keyword_words(keyword)
                    )
        for shared in lists:
            if shared.link_id is not None and shared.link_name is None:
                about = subject("campaign_shared_set", shared.link_id)
                self._plan.link("campaign_shared_set", about, campaign=self._campaign, shared_set=names[shared.id])

    def _shared_set(self, shared: SharedSetNode) -> str:
        about = subject("shared_set", shared.id)
        return self._plan.create("shared_set", about, name=shared.name, type="NEGATIVE_KEYWORDS")

    def _keywords(self, groups: Sequence[AdGroupNode]) -> None:
        for group in groups:
            for keyword in group.keywords:
                self._plan.link(
                    "ad_group_criterion",
                    subject("keyword", keyword.id),
                    ad_group=self._groups[group.id],
                    **keyword_fields(keyword),
                )

    def _asset(self, asset: AssetNode) -> str | None:
        """Make an asset that others refer to; texts of ads stand in the ads themselves."""
        if asset.resource_name:
            self._assets[asset.id] = asset.resource_name
        elif asset.id not in self._assets and (asset.type != "TEXT" or self._tree.asset_groups):
            fields = creatives.asset_fields(asset, self._assets)
            self._assets[asset.id] = self._plan.create("asset", subject("asset", asset.id), **fields)
        return self._assets.get(asset.id)

    def _links(self, groups: Sequence[AdGroupNode]) -> None:
        for group in groups:
            for use in group.links:
                self._link("ad_group_asset", self._groups[group.id], use)

    def _link(self, kind: str, holder: str, use: AssetUse) -> None:
        """Link an asset to a campaign, an ad group or an asset group, given by its name."""
        self._plan.link(
            kind,
            link_subject(kind, use),
            asset=self._assets[use.asset.id],
            field_type=use.field_type,
            **{kind.removesuffix("_asset"): holder},
        )

    def _ads(self, groups: Sequence[AdGroupNode]) -> None:
        for group in groups:
            for ad in group.ads:
                self._plan.link(
                    "ad_group_ad", subject("ad", ad.id), **ad_fields(ad, self._groups[group.id], self._assets)
                )

    def _asset_groups(self, groups: Sequence[AssetGroupNode]) -> None:
        for group in groups:
            name = self._plan.create(
                "asset_group", subject("asset_group", group.id), campaign=self._campaign, **asset_group_fields(group)
            )
            for use in self._with_business_name(group):
                self._link("asset_group_asset", name, use)

    def _with_business_name(self, group: AssetGroupNode) -> Iterator[AssetUse]:
        yield from group.uses
        text = group.attributes.get("business_name")
        if text and not group.slot("BUSINESS_NAME"):
            node = AssetNode(id=group.id, type="TEXT", text=text)
            self._assets[group.id] = self._plan.create(
                "asset", subject("business_name", group.id), **creatives.asset_fields(node, {})
            )
            yield AssetUse("BUSINESS_NAME", node, id=group.id)
