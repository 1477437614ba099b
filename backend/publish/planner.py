"""A campaign's tree as the operations that make it live. Pure: no database, no vendor class, the same plan every time.

Order: label → budget → campaign → targeting → ad groups → keywords → assets → ads, grouped by type, parents before
children. Everything is made under a paused campaign unless asked otherwise, so that nothing spends by accident.
Each operation's `subject` names the row it is for: (kind, id) or (kind, id, …).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from backend.campaigns.objectives import bidding_for
from backend.campaigns.tree import (
    AdGroupNode,
    AdNode,
    AssetGroupNode,
    AssetNode,
    AssetUse,
    CampaignNode,
    KeywordNode,
)
from backend.integrations.googleads.mutate.plan import MutatePlan
from backend.publish import creatives

MINUTES = {0: "ZERO", 15: "FIFTEEN", 30: "THIRTY", 45: "FORTY_FIVE"}
Subject = tuple[str, ...]


def subject(kind: str, row_id: UUID, *more: str) -> Subject:
    """Name the row that an operation is for."""
    return (kind, str(row_id), *more)


def images_needed_first(tree: CampaignNode) -> list[AssetNode]:
    """Give the images of carousel cards that Google does not know yet: cards take no temporary names."""
    found: dict[UUID, AssetNode] = {}
    for asset in tree.assets():
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
    """What is new below a live campaign; an ad comes with the resource name of its ad group, which exists."""

    ad_groups: Sequence[AdGroupNode]
    asset_groups: Sequence[AssetGroupNode]
    ads: Sequence[tuple[str, AdNode]]


def plan_additions(customer_id: str, tree: CampaignNode, marker: str, new: Additions) -> MutatePlan:
    """Plan new ad groups, asset groups and ads below a live campaign, with a label that marks the batch."""
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
        self._ad_groups(new.ad_groups)
        self._keywords(new.ad_groups)
        for use in (
            *(use for group in new.ad_groups for ad in group.ads for use in ad.uses),
            *(use for _, ad in new.ads for use in ad.uses),
            *(use for group in new.asset_groups for use in group.uses),
        ):
            for asset in (*use.asset.images.values(), use.asset):
                self._asset(asset)
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
        self._ad_groups(tree.ad_groups)
        self._keywords(tree.ad_groups)
        for asset in tree.assets():
            self._asset(asset)
        self._links()
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
        if budget.resource_name:
            return budget.resource_name
        fields: dict[str, Any] = {
            "delivery_method": budget.delivery_method or "STANDARD",
            "explicitly_shared": budget.explicitly_shared,
        }
        if budget.total_amount_micros is not None:
            fields |= {"total_amount_micros": budget.total_amount_micros, "period": "CUSTOM_PERIOD"}
        else:
            fields["amount_micros"] = budget.amount_micros
        if budget.name:
            fields["name"] = budget.name
        return self._plan.create("campaign_budget", subject("budget", budget.id), **fields)

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
                keyword=_keyword(keyword),
            )
        for shared in self._tree.shared_sets:
            name = shared.resource_name or self._shared_set(shared.id, shared.name, shared.keywords)
            self._plan.link(
                "campaign_shared_set", subject("shared_set_link", shared.id), campaign=self._campaign, shared_set=name
            )

    def _shared_set(self, row_id: UUID, name: str, keywords: Sequence[KeywordNode]) -> str:
        made = self._plan.create("shared_set", subject("shared_set", row_id), name=name, type="NEGATIVE_KEYWORDS")
        for keyword in keywords:
            about = subject("keyword", keyword.id)
            self._plan.link("shared_criterion", about, shared_set=made, keyword=_keyword(keyword))
        return made

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

    def _links(self) -> None:
        for use in self._tree.links:
            self._plan.link(
                "campaign_asset",
                subject("campaign_asset", use.asset.id, str(self._tree.id), use.field_type),
                campaign=self._campaign,
                asset=self._assets[use.asset.id],
                field_type=use.field_type,
            )
        for group in self._tree.ad_groups:
            for use in group.links:
                self._plan.link(
                    "ad_group_asset",
                    subject("ad_group_asset", use.asset.id, str(group.id), use.field_type),
                    ad_group=self._groups[group.id],
                    asset=self._assets[use.asset.id],
                    field_type=use.field_type,
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
                self._plan.link(
                    "asset_group_asset",
                    subject("asset_group_asset", use.asset.id, str(group.id), use.field_type),
                    asset_group=name,
                    asset=self._assets[use.asset.id],
                    field_type=use.field_type,
                )

    def _with_business_name(self, group: AssetGroupNode) -> Iterator[AssetUse]:
        yield from group.uses
        text = group.attributes.get("business_name")
        if text and not group.slot("BUSINESS_NAME"):
            node = AssetNode(id=group.id, type="TEXT", text=text)
            self._assets[group.id] = self._plan.create(
                "asset", subject("business_name", group.id), **creatives.asset_fields(node, {})
            )
            yield AssetUse("BUSINESS_NAME", node)


def campaign_fields(tree: CampaignNode) -> dict[str, Any]:
    """Give the fields of a new campaign but its status and budget."""
    strategy = bidding_for(tree.campaign_type, tree.objective, tree.bidding)
    fields: dict[str, Any] = {
        "name": tree.name,
        "advertising_channel_type": tree.campaign_type,
        "contains_eu_political_advertising": tree.contains_eu_political_advertising,
        **strategy,
    }
    if tree.start_date:
        fields["start_date_time"] = f"{tree.start_date.isoformat()} 00:00:00"
    if tree.end_date:
        fields["end_date_time"] = f"{tree.end_date.isoformat()} 23:59:59"
    for name in ("tracking_url_template", "final_url_suffix"):
        if getattr(tree, name):
            fields[name] = getattr(tree, name)
    if tree.campaign_type == "SEARCH":
        fields["network_settings"] = {
            "target_google_search": True,
            "target_search_network": True,
            "target_content_network": False,
        }
    if tree.campaign_type == "PERFORMANCE_MAX":
        # Business name and logo stand on the asset groups, not on the campaign.
        fields["brand_guidelines_enabled"] = False
    return fields


def targeting_criteria(targeting: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Give the campaign criteria of a targeting, in a fixed order."""
    for location in targeting.get("locations", ()):
        criterion: dict[str, Any] = {"location": {"geo_target_constant": f"geoTargetConstants/{location['id']}"}}
        yield criterion | ({"negative": True} if location.get("negative") else {}) | _modifier(location)
    for language in targeting.get("languages", ()):
        yield {"language": {"language_constant": f"languageConstants/{language}"}}
    for device in targeting.get("devices", ()):
        # `type_` is how the generated classes spell the nested field.
        yield {"device": {"type_": device["type"]}} | _modifier(device)
    for slot in targeting.get("ad_schedule", ()):
        yield {
            "ad_schedule": {
                "day_of_week": slot["day_of_week"],
                "start_hour": slot["start_hour"],
                "start_minute": MINUTES[slot.get("start_minute", 0)],
                "end_hour": slot["end_hour"],
                "end_minute": MINUTES[slot.get("end_minute", 0)],
            }
        } | _modifier(slot)


def _modifier(criterion: Mapping[str, Any]) -> dict[str, Any]:
    return {"bid_modifier": criterion["bid_modifier"]} if criterion.get("bid_modifier") is not None else {}


def ad_group_fields(group: AdGroupNode) -> dict[str, Any]:
    """Give the fields of a new ad group but its campaign."""
    fields: dict[str, Any] = {"name": group.name, "status": group.status}
    if group.type:
        fields["type"] = group.type
    if group.cpc_bid_micros is not None:
        fields["cpc_bid_micros"] = group.cpc_bid_micros
    return fields


def _keyword(keyword: KeywordNode) -> dict[str, str]:
    return {"text": keyword.text, "match_type": keyword.match_type}


def keyword_fields(keyword: KeywordNode) -> dict[str, Any]:
    """Give the fields of a new ad group criterion but its ad group; a negative carries neither bid nor status."""
    fields: dict[str, Any] = {"keyword": _keyword(keyword)}
    if keyword.negative:
        return fields | {"negative": True}
    fields["status"] = keyword.status
    if keyword.cpc_bid_micros is not None:
        fields["cpc_bid_micros"] = keyword.cpc_bid_micros
    if keyword.final_urls:
        fields["final_urls"] = keyword.final_urls
    return fields


def ad_fields(ad: AdNode, ad_group: str, assets: Mapping[UUID, str]) -> dict[str, Any]:
    """Give the fields of a new ad group ad."""
    inner: dict[str, Any] = {"final_urls": ad.final_urls, **creatives.ad_message(ad, assets)}
    if ad.name:
        inner["name"] = ad.name
    if ad.tracking_url_template:
        inner["tracking_url_template"] = ad.tracking_url_template
    return {"ad_group": ad_group, "status": ad.status, "ad": inner}


def asset_group_fields(group: AssetGroupNode) -> dict[str, Any]:
    """Give the fields of a new asset group but its campaign."""
    fields: dict[str, Any] = {"name": group.name, "final_urls": group.final_urls, "status": group.status}
    for name in ("path1", "path2"):
        if getattr(group, name):
            fields[name] = getattr(group, name)
    return fields
