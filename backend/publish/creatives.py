"""Ads and assets in Google's own fields: one function per kind of ad. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from backend.campaigns.needs import CARD_IMAGES
from backend.campaigns.rules import FIELD_OF_SLOT, SLOT_FIELDS
from backend.campaigns.tree import AdNode, AssetNode


def asset_fields(asset: AssetNode, made: Mapping[UUID, str]) -> dict[str, Any]:
    """Give the fields of a new asset.

    Args:
        made: Names of assets that exist or are made before, for the images of a carousel card.

    Raises:
        ValueError: An image without its bytes, or a type that we do not make.
    """
    if asset.type == "TEXT":
        return {"type": "TEXT", "text_asset": {"text": asset.text}}
    if asset.type == "IMAGE":
        if not asset.data:
            raise ValueError(f"the image {asset.id} has no bytes")
        return {"type": "IMAGE", "name": image_name(asset), "image_asset": {"data": asset.data}}
    if asset.type == "YOUTUBE_VIDEO":
        return {"type": "YOUTUBE_VIDEO", "youtube_video_asset": {"youtube_video_id": asset.youtube_video_id}}
    if asset.type == "SITELINK":
        return _sitelink(asset)
    if asset.type == "CALLOUT":
        return {"type": "CALLOUT", "callout_asset": {"callout_text": asset.text}}
    if asset.type == "DEMAND_GEN_CAROUSEL_CARD":
        return _card(asset, made)
    raise ValueError(f"assets of type {asset.type} are not made here")


def image_name(asset: AssetNode) -> str:
    """Give the name of an image at Google: unique, and the same every time, so that it can be looked for."""
    plain = re.sub(r"[^\w .-]", "", asset.name or "Image")[:80].strip()
    return f"{plain or 'Image'} {asset.id.hex}"


def _sitelink(asset: AssetNode) -> dict[str, Any]:
    lines = {name: asset.attributes[name] for name in ("description1", "description2") if asset.attributes.get(name)}
    return {
        "type": "SITELINK",
        "final_urls": asset.attributes.get("final_urls", []),
        "sitelink_asset": {"link_text": asset.text, **lines},
    }


def _card(asset: AssetNode, made: Mapping[UUID, str]) -> dict[str, Any]:
    card: dict[str, Any] = {}
    for name in ("headline", "call_to_action_text"):
        if asset.attributes.get(name):
            card[name] = asset.attributes[name]
    for name in CARD_IMAGES:
        image = asset.images.get(name)
        if image is not None:
            card[f"{name}_asset"] = image.resource_name or made[image.id]
    return {
        "type": "DEMAND_GEN_CAROUSEL_CARD",
        "name": f"Card {asset.id.hex}",
        "demand_gen_carousel_card_asset": card,
    }


def ad_message(ad: AdNode, assets: Mapping[UUID, str]) -> dict[str, Any]:
    """Give the part of an ad that belongs to its kind, by Google's field name.

    Raises:
        KeyError: The kind is not one of ours; the strict check comes first.
    """
    build = {
        "RESPONSIVE_SEARCH_AD": _responsive_search,
        "RESPONSIVE_DISPLAY_AD": _responsive_display,
        "DEMAND_GEN_MULTI_ASSET_AD": _multi_asset,
        "DEMAND_GEN_CAROUSEL_AD": _carousel,
        "DEMAND_GEN_VIDEO_RESPONSIVE_AD": _video,
    }[ad.type or ""]
    return build(ad, assets)


def _texts(ad: AdNode, slot: str) -> list[dict[str, str]]:
    return [
        {"text": use.asset.text or "", **({"pinned_field": use.pinned_field} if use.pinned_field else {})}
        for use in ad.slot(slot)
    ]


def _linked(ad: AdNode, slot: str, assets: Mapping[UUID, str]) -> list[dict[str, str]]:
    return [{"asset": assets[use.asset.id]} for use in ad.slot(slot)]


def _set(message: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Add the fields that hold something: an empty list is no field."""
    message.update({name: value for name, value in fields.items() if value})
    return message


def _responsive_search(ad: AdNode, assets: Mapping[UUID, str]) -> dict[str, Any]:
    message = _set(
        {"headlines": _texts(ad, "HEADLINE"), "descriptions": _texts(ad, "DESCRIPTION")},
        path1=ad.path1,
        path2=ad.path2,
    )
    return {"responsive_search_ad": message}


def _responsive_display(ad: AdNode, assets: Mapping[UUID, str]) -> dict[str, Any]:
    message = _set(
        {"headlines": _texts(ad, "HEADLINE"), "descriptions": _texts(ad, "DESCRIPTION")},
        long_headline=next(iter(_texts(ad, "LONG_HEADLINE")), None),
        business_name=ad.business_name,
        marketing_images=_linked(ad, "MARKETING_IMAGE", assets),
        square_marketing_images=_linked(ad, "SQUARE_MARKETING_IMAGE", assets),
        square_logo_images=_linked(ad, "LOGO", assets),
        logo_images=_linked(ad, "LANDSCAPE_LOGO", assets),
        youtube_videos=_linked(ad, "YOUTUBE_VIDEO", assets),
        main_color=ad.attributes.get("main_color"),
        accent_color=ad.attributes.get("accent_color"),
        call_to_action_text=ad.attributes.get("call_to_action_text"),
    )
    return {"responsive_display_ad": message}


def _multi_asset(ad: AdNode, assets: Mapping[UUID, str]) -> dict[str, Any]:
    message = _set(
        {"headlines": _texts(ad, "HEADLINE"), "descriptions": _texts(ad, "DESCRIPTION")},
        business_name=ad.business_name,
        marketing_images=_linked(ad, "MARKETING_IMAGE", assets),
        square_marketing_images=_linked(ad, "SQUARE_MARKETING_IMAGE", assets),
        portrait_marketing_images=_linked(ad, "PORTRAIT_MARKETING_IMAGE", assets),
        tall_portrait_marketing_images=_linked(ad, "TALL_PORTRAIT_MARKETING_IMAGE", assets),
        logo_images=_linked(ad, "LOGO", assets),
        call_to_action_text=ad.attributes.get("call_to_action_text"),
    )
    return {"demand_gen_multi_asset_ad": message}


def _carousel(ad: AdNode, assets: Mapping[UUID, str]) -> dict[str, Any]:
    message = _set(
        {},
        business_name=ad.business_name,
        headline=next(iter(_texts(ad, "HEADLINE")), None),
        description=next(iter(_texts(ad, "DESCRIPTION")), None),
        logo_image=next(iter(_linked(ad, "LOGO", assets)), None),
        carousel_cards=_linked(ad, "DEMAND_GEN_CAROUSEL_CARD", assets),
        call_to_action_text=ad.attributes.get("call_to_action_text"),
    )
    return {"demand_gen_carousel_ad": message}


def _video(ad: AdNode, assets: Mapping[UUID, str]) -> dict[str, Any]:
    message = _set(
        {"headlines": _texts(ad, "HEADLINE"), "descriptions": _texts(ad, "DESCRIPTION")},
        long_headlines=_texts(ad, "LONG_HEADLINE"),
        videos=_linked(ad, "YOUTUBE_VIDEO", assets),
        logo_images=_linked(ad, "LOGO", assets),
        business_name={"text": ad.business_name} if ad.business_name else None,
    )
    return {"demand_gen_video_responsive_ad": message}


SLOT_IN_MESSAGE: dict[str, dict[str, str]] = {
    "RESPONSIVE_SEARCH_AD": {"headlines": "headlines", "descriptions": "descriptions"},
    "RESPONSIVE_DISPLAY_AD": {
        "headlines": "headlines",
        "long_headlines": "long_headline",
        "descriptions": "descriptions",
        "marketing_images": "marketing_images",
        "square_marketing_images": "square_marketing_images",
        "logo_images": "square_logo_images",
        "landscape_logo_images": "logo_images",
        "youtube_videos": "youtube_videos",
    },
    "DEMAND_GEN_MULTI_ASSET_AD": {
        name: name
        for name in (
            "headlines",
            "descriptions",
            "marketing_images",
            "square_marketing_images",
            "portrait_marketing_images",
            "tall_portrait_marketing_images",
            "logo_images",
        )
    },
    "DEMAND_GEN_CAROUSEL_AD": {
        "headlines": "headline",
        "descriptions": "description",
        "logo_images": "logo_image",
        "carousel_cards": "carousel_cards",
    },
    "DEMAND_GEN_VIDEO_RESPONSIVE_AD": {
        "headlines": "headlines",
        "long_headlines": "long_headlines",
        "descriptions": "descriptions",
        "youtube_videos": "videos",
        "logo_images": "logo_images",
    },
}
"""Per kind of ad: our list, and what Google calls it in the ad's own message."""


def slots_in_message(ad: AdNode) -> dict[str, dict[str, Any]]:
    """Give, for each of our lists, the field of the ad's message and its whole value."""
    names = SLOT_IN_MESSAGE.get(ad.type or "", {})
    if not names:
        return {}
    known = {use.asset.id: use.asset.resource_name for use in ad.uses if use.asset.resource_name}
    whole = next(iter(ad_message(ad, _Known(known)).values()))
    found: dict[str, dict[str, Any]] = {ours: {google: whole.get(google)} for ours, google in names.items()}
    # Images whose form was not known when they were given have found their slots meanwhile.
    found["images"] = {google: whole.get(google) for ours, google in names.items() if ours.endswith("_images")}
    return found


def held(ad: AdNode) -> dict[str, list[dict[str, Any]]]:
    """Give what each list of an ad holds, to be compared and shown."""
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in (*SLOT_FIELDS, "images")}
    for use in ad.uses:
        item: dict[str, Any] = {"asset_id": str(use.asset.id)}
        if use.asset.text is not None:
            item = {"text": use.asset.text}
        if use.pinned_field:
            item["pinned_field"] = use.pinned_field
        name = FIELD_OF_SLOT.get(use.field_type, "images")
        found[name].append(item)
        if name.endswith("_images"):
            found["images"].append({**item, "field_type": use.field_type})
    return found


class _Known(dict[UUID, str]):
    """Real names of assets; one that is not made yet has the empty name, which Google refuses with its place."""

    def __missing__(self, key: UUID) -> str:
        return ""
