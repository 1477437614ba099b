"""Finds at Google the links that a batch would have made: the same asset, by its name or content, in the same place.

Google keeps the old name of an image that it has already, and shows nobody its bytes. Such a one is recognised by its
form, size and length, where only one image in the place has these.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from backend.campaigns.tree import AssetNode, AssetUse, CampaignNode
from backend.integrations.googleads.gateway import Gateway
from backend.publish.asking import enum_name
from backend.publish.creatives import image_name
from backend.publish.planner import Subject, subject

Key = tuple[Any, ...]
CONTENT = (
    "asset.resource_name, asset.name, asset.text_asset.text, asset.sitelink_asset.link_text,"
    " asset.sitelink_asset.description1, asset.sitelink_asset.description2, asset.callout_asset.callout_text,"
    " asset.youtube_video_asset.youtube_video_id, asset.final_urls, asset.image_asset.mime_type,"
    " asset.image_asset.file_size, asset.image_asset.full_size.width_pixels, asset.image_asset.full_size.height_pixels"
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
    strange: list[tuple[tuple[Any, ...], Any, Any]] = []
    for row in gateway.search(customer_id, query):
        link = getattr(row, kind)
        place = (getattr(link, parent), enum_name(link, "field_type"))
        found = [ours[key] for content in _contents_of(row.asset) if (key := (*place, content)) in ours]
        for use in found:
            names.update(_pair(kind, use, link, row.asset))
        if not found and row.asset.WhichOneof("asset_data") == "image_asset":
            strange.append(((*place, _picture_of(row.asset.image_asset)), link, row.asset))
    left = {key: use for key, use in ours.items() if use.id is not None and subject(kind, use.id) not in names}
    pictures = Counter(key for key, _, _ in strange)
    by_picture = _once({key: (*key[:2], _picture(use.asset)) for key, use in left.items() if use.asset.type == "IMAGE"})
    for picture, link, asset in strange:
        if pictures[picture] == 1 and picture in by_picture:
            names.update(_pair(kind, left[by_picture[picture]], link, asset))
    return names


def _pair(kind: str, use: AssetUse, link: Any, asset: Any) -> dict[Subject, str]:
    if use.id is None:
        return {}
    return {subject(kind, use.id): link.resource_name, subject("asset", use.asset.id): asset.resource_name}


def _once(pictures: Mapping[Key, Key]) -> dict[Key, Key]:
    """Turn round a table, leaving out what stands in it more than once."""
    counted = Counter(pictures.values())
    return {picture: key for key, picture in pictures.items() if counted[picture] == 1}


def _picture(asset: AssetNode) -> tuple[Any, ...]:
    size = len(asset.data) if asset.data is not None else asset.size
    return (asset.mime_type, asset.width, asset.height, size)


def _picture_of(image: Any) -> tuple[Any, ...]:
    mime = enum_name(image, "mime_type").replace("_", "/").lower()
    return (mime, image.full_size.width_pixels, image.full_size.height_pixels, image.file_size)


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


def _contents_of(asset: Any) -> Iterator[tuple[Any, ...]]:
    yield ("name", asset.resource_name)
    yield _content_of(asset)


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
