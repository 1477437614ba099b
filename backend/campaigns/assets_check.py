"""The strict check of what fills an ad: texts, pins, images, videos, cards, and linked assets. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from backend.campaigns import texts
from backend.campaigns.rules import (
    BUSINESS_NAME_NEEDED,
    BY_CODE,
    FIELD_OF_SLOT,
    IMAGE_FORMS,
    IMAGES_MOST,
    IMAGES_MOST_TOGETHER,
    IMAGES_NEEDED,
    MARKETING_FORMS,
    RATIO_TOLERANCE,
    TEXT_SLOTS,
    TextSlot,
)
from backend.campaigns.tree import AdNode, AssetGroupNode, AssetNode, AssetUse
from backend.core.errors import Finding

PINS = {
    "HEADLINE": ("HEADLINE_1", "HEADLINE_2", "HEADLINE_3"),
    "DESCRIPTION": ("DESCRIPTION_1", "DESCRIPTION_2"),
}
PENDING_SLOT = "UNSPECIFIED"
"""The slot of an image whose form is not known yet, because it has not been downloaded."""
IMAGE_TYPES = ("image/gif", "image/jpeg", "image/png")


def _finding(pointer: str, code: str, message: str | None = None) -> Finding:
    return Finding(pointer, code, message or BY_CODE[code].advice)


def business_name(kind: str, name: str | None, here: str) -> Iterator[Finding]:
    """Check the name that stands in the ad."""
    if not name:
        if kind in BUSINESS_NAME_NEEDED:
            yield _finding(f"{here}/business_name", "required")
        return
    limit = BY_CODE["business_name_width"].maximum or 0
    if texts.width(name) > limit:
        message = f"At most {limit} characters wide; this one is {texts.width(name)}."
        yield _finding(f"{here}/business_name", "business_name_width", message)


def slots(kind: str, holder: AdNode | AssetGroupNode, here: str) -> Iterator[Finding]:
    """Check every slot of an ad or an asset group."""
    for slot, limits in TEXT_SLOTS[kind].items():
        yield from _texts(holder.slot(slot), limits, f"{here}/{FIELD_OF_SLOT[slot]}", slot, kind)
    if kind == "ASSET_GROUP":
        yield from _short_description(holder, here)
    yield from _images(kind, holder, here)
    yield from _extras(holder, here)
    videos = holder.slot("YOUTUBE_VIDEO")
    if kind == "DEMAND_GEN_VIDEO_RESPONSIVE_AD" and not videos:
        yield _finding(f"{here}/youtube_videos", "video_required")
    if len(videos) > (BY_CODE["video_count"].maximum or 0):
        yield _finding(f"{here}/youtube_videos", "video_count")
    if kind == "DEMAND_GEN_CAROUSEL_AD":
        yield from _cards(holder.slot("DEMAND_GEN_CAROUSEL_CARD"), f"{here}/carousel_cards")


def _extras(holder: AdNode | AssetGroupNode, here: str) -> Iterator[Finding]:
    """Check what an ad has beside its texts and images."""
    colors = [name for name in ("main_color", "accent_color") if holder.attributes.get(name)]
    if len(colors) == 1:
        missing = "accent_color" if colors == ["main_color"] else "main_color"
        yield _finding(f"{here}/{missing}", "colors_both")
    if texts.width(holder.attributes.get("call_to_action_text") or "") > (BY_CODE["call_to_action_width"].maximum or 0):
        yield _finding(f"{here}/call_to_action_text", "call_to_action_width")


def _texts(uses: Sequence[AssetUse], limits: TextSlot, here: str, slot: str, kind: str) -> Iterator[Finding]:
    if not limits.least <= len(uses) <= limits.most:
        between = str(limits.least) if limits.least == limits.most else f"{limits.least} to {limits.most}"
        yield _finding(here, "text_count", f"{between} are needed here; there are {len(uses)}.")
    seen: set[str] = set()
    for index, use in enumerate(uses):
        text = use.asset.text or ""
        pointer = f"{here}/{index}"
        if not text.strip():
            yield _finding(pointer, "required")
        if texts.width(text) > limits.width:
            message = f"At most {limits.width} characters wide; this one is {texts.width(text)}."
            yield _finding(pointer, "text_width", message)
        if texts.has_control_characters(text):
            yield _finding(pointer, "text_control_characters")
        if text.casefold() in seen:
            yield _finding(pointer, "text_duplicate")
        seen.add(text.casefold())
        if use.pinned_field and (kind != "RESPONSIVE_SEARCH_AD" or use.pinned_field not in PINS.get(slot, ())):
            yield _finding(f"{pointer}/pinned_field", "pin_invalid")
    if kind == "RESPONSIVE_SEARCH_AD" and len(uses) >= limits.least and not _can_be_combined(uses, limits.least):
        yield _finding(here, "pin_leaves_too_few")


def _can_be_combined(uses: Sequence[AssetUse], shown: int) -> bool:
    """Whether pins leave a text for each shown place: free places are filled by unpinned texts only."""
    pinned_places = {use.pinned_field for use in uses if use.pinned_field}
    unpinned = sum(1 for use in uses if not use.pinned_field)
    return unpinned >= shown - len(pinned_places)


def _short_description(holder: AdNode | AssetGroupNode, here: str) -> Iterator[Finding]:
    limit = BY_CODE["short_description_required"].maximum or 0
    descriptions = holder.slot("DESCRIPTION")
    if descriptions and not any(texts.width(use.asset.text or "") <= limit for use in descriptions):
        yield _finding(f"{here}/descriptions", "short_description_required")


def _images(kind: str, holder: AdNode | AssetGroupNode, here: str) -> Iterator[Finding]:
    unplaced = holder.slot(PENDING_SLOT)
    for use in unplaced:
        yield from image(use.asset, None, f"{here}/images")
    waiting = {use.asset.fetch_status for use in unplaced} & {"pending", "failed"}
    for group in IMAGES_NEEDED.get(kind, ()):
        filled = any(holder.slot(slot) for slot in group)
        explained = bool(waiting) and any(slot in MARKETING_FORMS for slot in group)
        if not filled and not explained:
            names = " or ".join(FIELD_OF_SLOT[slot] for slot in group)
            yield _finding(f"{here}/{FIELD_OF_SLOT[group[0]]}", "image_required", f"One of {names} is needed.")
    most = IMAGES_MOST.get(kind, {})
    marketing = sum(len(holder.slot(slot)) for slot in MARKETING_FORMS)
    if marketing > (BY_CODE["image_count"].maximum or 0):
        yield _finding(f"{here}/marketing_images", "image_count")
    for together, limit in IMAGES_MOST_TOGETHER.get(kind, ()):
        if sum(len(holder.slot(slot)) for slot in together) > limit:
            names = " and ".join(FIELD_OF_SLOT[slot] for slot in together)
            yield _finding(f"{here}/{FIELD_OF_SLOT[together[0]]}", "image_count", f"At most {limit} {names} together.")
    for slot in IMAGE_FORMS:
        uses = holder.slot(slot)
        if slot in most and len(uses) > most[slot]:
            yield _finding(f"{here}/{FIELD_OF_SLOT[slot]}", "image_count", f"At most {most[slot]} are taken here.")
        for index, use in enumerate(uses):
            yield from image(use.asset, slot, f"{here}/{FIELD_OF_SLOT[slot]}/{index}")


def image(asset: AssetNode, slot: str | None, pointer: str) -> Iterator[Finding]:
    """Check one image against its slot; None when the slot is still to be found by its form."""
    if asset.fetch_status == "pending":
        yield _finding(pointer, "image_pending")
        return
    if asset.fetch_status == "failed":
        reason = (asset.fetch_problem or {}).get("message") or BY_CODE["image_failed"].advice
        yield _finding(pointer, "image_failed", f"{reason} Give another address, or this one again for another try.")
        return
    if asset.resource_name is not None and not asset.width:
        return  # an image of Google's library that was never downloaded here: Google judges it
    if asset.mime_type not in IMAGE_TYPES:
        yield _finding(pointer, "image_type")
    if (asset.size or 0) > (BY_CODE["image_bytes"].maximum or 0):
        yield _finding(pointer, "image_bytes")
    if not asset.width or not asset.height:
        return
    placed = slot or slot_for(asset.width, asset.height)
    if placed is None:
        yield _finding(pointer, "image_ratio", "1.91:1, 1:1, 4:5 or 9:16 is needed here.")
        return
    form = IMAGE_FORMS[placed]
    if abs(asset.width / asset.height - form.ratio) > form.ratio * RATIO_TOLERANCE:
        message = f"A ratio of {form.ratio:.4g} to 1 is needed; this one has {asset.width / asset.height:.4g}."
        yield _finding(pointer, "image_ratio", message)
    if asset.width < form.width or asset.height < form.height:
        message = f"At least {form.width} x {form.height} pixels; this one has {asset.width} x {asset.height}."
        yield _finding(pointer, "image_size", message)


def slot_for(width: int, height: int) -> str | None:
    """Find the marketing slot whose ratio an image has; None when it fits none."""
    for slot in MARKETING_FORMS:
        ratio = IMAGE_FORMS[slot].ratio
        if abs(width / height - ratio) <= ratio * RATIO_TOLERANCE:
            return slot
    return None


def _cards(cards: Sequence[AssetUse], here: str) -> Iterator[Finding]:
    rule = BY_CODE["cards_count"]
    if not (rule.minimum or 0) <= len(cards) <= (rule.maximum or 0):
        yield _finding(here, "cards_count")
    for index, card in enumerate(cards):
        headline = card.asset.attributes.get("headline")
        if not headline:
            yield _finding(f"{here}/{index}/headline", "required")
        elif texts.width(headline) > (BY_CODE["card_headline_width"].maximum or 0):
            yield _finding(f"{here}/{index}/headline", "card_headline_width")
        for name, picture in card.asset.images.items():
            yield from image(picture, name.upper(), f"{here}/{index}/{name}")
        if not any(card.asset.attributes.get(name) for name in ("marketing_image", "square_marketing_image")):
            yield _finding(f"{here}/{index}/marketing_image", "image_required")


def links(uses: Sequence[AssetUse], here: str) -> Iterator[Finding]:
    """Check sitelinks and callouts, and how many there are of each kind."""
    counts = Counter(use.field_type for use in uses)
    if any(count > (BY_CODE["asset_links_count"].maximum or 0) for count in counts.values()):
        yield _finding(here, "asset_links_count")
    for index, use in enumerate(uses):
        pointer = f"{here}/{index}"
        if use.field_type == "SITELINK":
            yield from _sitelink(use.asset, pointer)
        elif use.field_type == "CALLOUT":
            text = use.asset.text or ""
            if not 1 <= texts.width(text) <= (BY_CODE["callout_text"].maximum or 0):
                yield _finding(f"{pointer}/callout_text", "callout_text")


def _sitelink(asset: AssetNode, pointer: str) -> Iterator[Finding]:
    text = asset.text or ""
    if not 1 <= texts.width(text) <= (BY_CODE["sitelink_text"].maximum or 0):
        yield _finding(f"{pointer}/link_text", "sitelink_text")
    lines = [asset.attributes.get("description1") or "", asset.attributes.get("description2") or ""]
    limit = BY_CODE["sitelink_description"].maximum or 0
    if any(texts.width(line) > limit for line in lines) or bool(lines[0]) != bool(lines[1]):
        yield _finding(f"{pointer}/description1", "sitelink_description")
    urls = asset.attributes.get("final_urls") or []
    if not urls:
        yield _finding(f"{pointer}/final_urls", "url_required")
    for number, url in enumerate(urls):
        if not texts.is_landing_page(url):
            yield _finding(f"{pointer}/final_urls/{number}", "url_invalid")
