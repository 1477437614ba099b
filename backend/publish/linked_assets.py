"""Finds at Google the links that a batch would have made: the same asset, by its name or content, in the same place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from backend.campaigns.tree import AssetNode, AssetUse, CampaignNode
from backend.integrations.googleads.gateway import Gateway
from backend.publish.asking import enum_name
from backend.publish.creatives import image_name
from backend.publish.planner import Subject, subject

CONTENT = (
    "asset.resource_name, asset.name, asset.text_asset.text, asset.sitelink_asset.link_text,"
    " asset.sitelink_asset.description1, asset.sitelink_asset.description2, asset.callout_asset.callout_text,"
    " asset.youtube_video_asset.youtube_video_id, asset.final_urls"
)


def find(gateway: Gateway, customer_id: str, tree: CampaignNode, campaign_id: int) -> dict[Subject, str]:
    """Give the names of the links of a campaign, its ad groups and its asset groups, and of the assets in them."""
    names: dict[Subject, str] = {}
    if tree.links:
        holders = {_campaign_name(customer_id, campaign_id): tree.links}
        names.update(_found(gateway, customer_id, "campaign", campaign_id, holders))
    groups = {group.name: group for group in tree.ad_groups if group.links}
    if groups:
        by_name = _by_name(gateway, customer_id, "ad_group", campaign_id)
        holders = {by_name[name]: group.links for name, group in groups.items() if name in by_name}
        names.update(_found(gateway, customer_id, "ad_group", campaign_id, holders))
    if tree.asset_groups:
        by_name = _by_name(gateway, customer_id, "asset_group", campaign_id)
        holders = {by_name[group.name]: group.uses for group in tree.asset_groups if group.name in by_name}
        names.update(_found(gateway, customer_id, "asset_group", campaign_id, holders))
    return names


def _campaign_name(customer_id: str, campaign_id: int) -> str:
    return f"customers/{customer_id}/campaigns/{campaign_id}"


def _by_name(gateway: Gateway, customer_id: str, kind: str, campaign_id: int) -> dict[str | None, str]:
    query = (
        f"SELECT campaign.id, {kind}.resource_name, {kind}.name FROM {kind}"
        f" WHERE campaign.id = {campaign_id} AND {kind}.status != 'REMOVED'"
    )
    return {getattr(row, kind).name: getattr(row, kind).resource_name for row in gateway.search(customer_id, query)}


def _found(
    gateway: Gateway, customer_id: str, parent: str, campaign_id: int, holders: Mapping[str, Iterable[AssetUse]]
) -> dict[Subject, str]:
    kind = f"{parent}_asset"
    ours = {(holder, use.field_type, _content(use.asset)): use for holder, uses in holders.items() for use in uses}
    query = (
        f"SELECT campaign.id, {kind}.resource_name, {kind}.{parent}, {kind}.field_type, {CONTENT} FROM {kind}"
        f" WHERE campaign.id = {campaign_id} AND {kind}.status != 'REMOVED'"
    )
    names: dict[Subject, str] = {}
    for row in gateway.search(customer_id, query):
        link = getattr(row, kind)
        place = (getattr(link, parent), enum_name(link, "field_type"))
        for content in (("name", row.asset.resource_name), _content_of(row.asset)):
            use = ours.get((*place, content))
            if use is not None and use.id is not None:
                names[subject(kind, use.id)] = link.resource_name
                names[subject("asset", use.asset.id)] = row.asset.resource_name
    return names


def _content(asset: AssetNode) -> tuple[Any, ...]:
    """What an asset is recognised by: its name at Google once it has one, else what was sent."""
    if asset.resource_name is not None:
        return ("name", asset.resource_name)
    if asset.type == "IMAGE":
        return ("IMAGE", image_name(asset))
    if asset.type == "YOUTUBE_VIDEO":
        return ("YOUTUBE_VIDEO", asset.youtube_video_id)
    if asset.type == "SITELINK":
        lines = [asset.attributes.get(name) or "" for name in ("description1", "description2")]
        return ("SITELINK", asset.text, *lines, *asset.attributes.get("final_urls", ()))
    return (asset.type, asset.text)


def _content_of(asset: Any) -> tuple[Any, ...]:
    data = asset.WhichOneof("asset_data")
    if data == "text_asset":
        return ("TEXT", asset.text_asset.text)
    if data == "callout_asset":
        return ("CALLOUT", asset.callout_asset.callout_text)
    if data == "youtube_video_asset":
        return ("YOUTUBE_VIDEO", asset.youtube_video_asset.youtube_video_id)
    if data == "sitelink_asset":
        link = asset.sitelink_asset
        return ("SITELINK", link.link_text, link.description1, link.description2, *asset.final_urls)
    return ("IMAGE", asset.name)
