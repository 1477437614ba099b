"""What each ad format needs: counts, widths, pictures, pins, and which campaigns take it.

Sources: the package's documentation of each `…AdInfo` message; GOOGLE_ADS_FACTS 2.7.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from backend.sandbox.googleads.enums import enum_name, set_enum
from backend.sandbox.googleads.handlers import checks
from backend.sandbox.googleads.mutate.rules import Op

_CHANNELS = {
    "responsive_search_ad": ("SEARCH",),
    "expanded_dynamic_search_ad": ("SEARCH",),
    "responsive_display_ad": ("DISPLAY",),
    "image_ad": ("DISPLAY",),
    "display_upload_ad": ("DISPLAY",),
    "demand_gen_multi_asset_ad": ("DEMAND_GEN",),
    "demand_gen_carousel_ad": ("DEMAND_GEN",),
    "demand_gen_video_responsive_ad": ("DEMAND_GEN",),
    "demand_gen_product_ad": ("DEMAND_GEN",),
    "smart_campaign_ad": ("SMART",),
    "app_ad": ("MULTI_CHANNEL",),
    "hotel_ad": ("HOTEL",),
    "travel_ad": ("TRAVEL",),
    "shopping_product_ad": ("SHOPPING",),
    "shopping_smart_ad": ("SHOPPING",),
}
_GONE = ("text_ad", "expanded_text_ad", "legacy_responsive_display_ad", "legacy_app_install_ad")
_NO_FINAL_URL = ("hotel_ad", "travel_ad", "shopping_product_ad", "shopping_smart_ad", "app_ad", "smart_campaign_ad")
_TYPES = {"image_ad": "IMAGE_AD", "display_upload_ad": "HTML5_UPLOAD_AD"}


@dataclass(frozen=True, slots=True)
class Picture:
    """What a picture field takes: smallest size and ratio (width to height, ±1 %)."""

    width: int
    height: int
    ratio: float


LANDSCAPE = Picture(600, 314, 1.91)
SQUARE = Picture(300, 300, 1.0)
PORTRAIT = Picture(480, 600, 0.8)
TALL = Picture(600, 1067, 9 / 16)
LOGO = Picture(128, 128, 1.0)
WIDE_LOGO = Picture(512, 128, 4.0)


def check(op: Op, ad: Any, campaign: Any, *path: str) -> None:
    """Check an ad for its campaign and fill in its type."""
    chosen = ad.WhichOneof("ad_data")
    if chosen is None:
        op.fail("field_error", "REQUIRED", *path, "ad_data")
        return
    if chosen in _GONE:
        op.fail("ad_group_ad_error", "CANNOT_CREATE_DEPRECATED_ADS", *path, chosen)
        return
    channel = enum_name(campaign, "advertising_channel_type")
    if channel not in _CHANNELS.get(chosen, (channel,)):
        op.fail("ad_error", "PRODUCT_TYPE_NOT_SUPPORTED_IN_THIS_CAMPAIGN", *path, chosen)
        return
    if chosen not in _NO_FINAL_URL and not ad.final_urls and chosen != "expanded_dynamic_search_ad":
        op.fail("field_error", "REQUIRED", *path, "final_urls")
    checks.final_urls(op, ad, *path)
    checks.tracking(op, ad, *path)
    form = _FORMATS.get(chosen)
    if form is not None:
        form(op, getattr(ad, chosen), (*path, chosen))
    types = ad.DESCRIPTOR.fields_by_name["type_"].enum_type.values_by_name
    name = _TYPES.get(chosen, chosen.upper())
    if name in types:
        set_enum(ad, "type_", name)


Where = tuple[Any, ...]


def _lines(op: Op, info: Any, where: Where, field: str, *, most: int, wide: int, least: int = 1) -> None:
    """A list of text assets: how many, how wide, none twice."""
    items = getattr(info, field)
    checks.count(op, items, least, most, *where, field)
    for index, item in enumerate(items):
        _line(op, item.text, wide, *where, (field, index), "text")
    pairs = [((*where, (field, index), "text"), item.text) for index, item in enumerate(items)]
    checks.distinct(op, pairs, "asset_error", "DUPLICATE_ASSET")


def _line(op: Op, text: str, wide: int, *where: Any) -> None:
    if not text.strip():
        op.fail("field_error", "REQUIRED", *where)
    checks.width(op, text, wide, *where)


def _pictures(op: Op, info: Any, where: Where, field: str, picture: Picture | None) -> int:
    """Every picture of a field must be an image asset of the right size and ratio; how many there are."""
    value = getattr(info, field)
    repeated = info.DESCRIPTOR.fields_by_name[field].is_repeated
    items = list(value) if repeated else ([value] if info.HasField(field) else [])
    for index, item in enumerate(items):
        place = (*where, (field, index) if repeated else field, "asset")
        if not item.asset:
            op.fail("field_error", "REQUIRED", *place)
        else:
            check_picture(op, op.get(item.asset), picture, *place)
    return len(items)


def check_picture(op: Op, asset: Any, picture: Picture | None, *where: Any) -> None:
    """An asset as a picture of the given form."""
    if asset is None:
        return
    if not asset.HasField("image_asset"):
        op.fail("asset_link_error", "FIELD_TYPE_INCOMPATIBLE_WITH_ASSET_TYPE", *where, trigger=asset.resource_name)
        return
    size = asset.image_asset.full_size
    if picture is None or not size.height_pixels:
        return
    if size.width_pixels < picture.width or size.height_pixels < picture.height:
        op.fail("image_error", "IMAGE_TOO_SMALL", *where, trigger=asset.resource_name)
    elif abs(size.width_pixels / size.height_pixels / picture.ratio - 1) > 0.01:
        op.fail("image_error", "ASPECT_RATIO_NOT_ALLOWED", *where, trigger=asset.resource_name)


def _business_name(op: Op, info: Any, where: Where) -> None:
    if not info.business_name.strip():
        op.fail("field_error", "REQUIRED", *where, "business_name")
    checks.width(op, info.business_name, 25, *where, "business_name")


def _search(op: Op, info: Any, where: Where) -> None:
    _lines(op, info, where, "headlines", least=3, most=15, wide=30)
    _lines(op, info, where, "descriptions", least=2, most=4, wide=90)
    for field in ("path1", "path2"):
        checks.width(op, getattr(info, field), 15, *where, field)
    if info.path2 and not info.path1:
        op.fail("ad_error", "CANNOT_SET_PATH2_WITHOUT_PATH1", *where, "path2", trigger=info.path2)
    for field, slots in (
        ("headlines", ("HEADLINE_1", "HEADLINE_2", "HEADLINE_3")),
        ("descriptions", ("DESCRIPTION_1", "DESCRIPTION_2")),
    ):
        _pins(op, info, where, field, slots)


def _pins(op: Op, info: Any, where: Where, field: str, slots: tuple[str, ...]) -> None:
    """Pins name a slot of their own list, and leave enough lines for the slots that must always be filled."""
    items = getattr(info, field)
    pins = [enum_name(item, "pinned_field") if item.pinned_field else "" for item in items]
    for index, pin in enumerate(pins):
        if pin and pin not in slots:
            op.fail("asset_link_error", "INVALID_PINNED_FIELD", *where, (field, index), "pinned_field", trigger=pin)
    needed = 2 if field == "headlines" else 1
    free = pins.count("")
    filled = sum(1 for slot in slots[:needed] if slot in pins)
    if pins and free < needed - filled:
        code = "NOT_ENOUGH_AVAILABLE_ASSET_LINKS_FOR_VALID_COMBINATION"
        op.fail("asset_link_error", code, *where, field)


def _display(op: Op, info: Any, where: Where) -> None:
    _lines(op, info, where, "headlines", most=5, wide=30)
    _lines(op, info, where, "descriptions", most=5, wide=90)
    if not info.HasField("long_headline"):
        op.fail("field_error", "REQUIRED", *where, "long_headline")
    checks.width(op, info.long_headline.text, 90, *where, "long_headline", "text")
    _business_name(op, info, where)
    wide = _pictures(op, info, where, "marketing_images", LANDSCAPE)
    square = _pictures(op, info, where, "square_marketing_images", SQUARE)
    for field, found in (("marketing_images", wide), ("square_marketing_images", square)):
        if not found:
            op.fail("collection_size_error", "TOO_FEW", *where, field)
    _at_most(op, wide + square, 15, *where, "marketing_images")
    logos = _pictures(op, info, where, "logo_images", WIDE_LOGO) + _pictures(
        op, info, where, "square_logo_images", LOGO
    )
    _at_most(op, logos, 5, *where, "logo_images")
    _at_most(op, len(info.youtube_videos), 5, *where, "youtube_videos")
    if bool(info.main_color) != bool(info.accent_color):
        op.fail("field_error", "REQUIRED", *where, "accent_color" if info.main_color else "main_color")
    if not info.main_color and info.HasField("allow_flexible_color") and not info.allow_flexible_color:
        op.fail("ad_error", "CANNOT_SET_ALLOW_FLEXIBLE_COLOR_FALSE", *where, "allow_flexible_color")
    checks.width(op, info.call_to_action_text, 30, *where, "call_to_action_text")


def _at_most(op: Op, found: int, most: int, *where: Any) -> None:
    if found > most:
        op.fail("collection_size_error", "TOO_MANY", *where)


def _multi_asset(op: Op, info: Any, where: Where) -> None:
    _lines(op, info, where, "headlines", most=5, wide=30)
    _lines(op, info, where, "descriptions", most=5, wide=90)
    _business_name(op, info, where)
    wide = _pictures(op, info, where, "marketing_images", LANDSCAPE)
    square = _pictures(op, info, where, "square_marketing_images", SQUARE)
    others = _pictures(op, info, where, "portrait_marketing_images", PORTRAIT)
    others += _pictures(op, info, where, "tall_portrait_marketing_images", TALL)
    if not wide + square:
        op.fail("ad_error", "MISSING_MARKETING_IMAGE_OR_PRODUCT_VIDEOS", *where, "marketing_images")
    _at_most(op, wide + square + others, 20, *where, "marketing_images")
    _pictures(op, info, where, "logo_images", LOGO)
    checks.count(op, info.logo_images, 1, 5, *where, "logo_images")
    _at_most(op, len(info.classic_display_images), 20, *where, "classic_display_images")


def _carousel(op: Op, info: Any, where: Where) -> None:
    _business_name(op, info, where)
    _single_lines(op, info, where, headline=30, description=90)
    if not _pictures(op, info, where, "logo_image", LOGO):
        op.fail("field_error", "REQUIRED", *where, "logo_image")
    checks.count(op, info.carousel_cards, 2, 10, *where, "carousel_cards")
    for index, card in enumerate(info.carousel_cards):
        asset = op.get(card.asset)
        if asset is not None and not asset.HasField("demand_gen_carousel_card_asset"):
            place = (*where, ("carousel_cards", index), "asset")
            op.fail("asset_link_error", "FIELD_TYPE_INCOMPATIBLE_WITH_ASSET_TYPE", *place, trigger=card.asset)


def _single_lines(op: Op, info: Any, where: Where, **widths: int) -> None:
    for field, wide in widths.items():
        if not info.HasField(field) or not getattr(info, field).text.strip():
            op.fail("field_error", "REQUIRED", *where, field)
        else:
            checks.width(op, getattr(info, field).text, wide, *where, field, "text")


def _video(op: Op, info: Any, where: Where) -> None:
    _lines(op, info, where, "headlines", most=5, wide=40)
    _lines(op, info, where, "long_headlines", most=5, wide=90)
    _lines(op, info, where, "descriptions", most=5, wide=90)
    _single_lines(op, info, where, business_name=25)
    checks.count(op, info.videos, 1, 5, *where, "videos")
    for index, video in enumerate(info.videos):
        asset = op.get(video.asset)
        if asset is not None and not asset.HasField("youtube_video_asset"):
            place = (*where, ("videos", index), "asset")
            op.fail("asset_link_error", "FIELD_TYPE_INCOMPATIBLE_WITH_ASSET_TYPE", *place, trigger=video.asset)
    if not _pictures(op, info, where, "logo_images", LOGO):
        op.fail("field_error", "REQUIRED", *where, "logo_images")


def _product(op: Op, info: Any, where: Where) -> None:
    _single_lines(op, info, where, headline=30, description=90, business_name=25)
    if not _pictures(op, info, where, "logo_image", LOGO):
        op.fail("field_error", "REQUIRED", *where, "logo_image")


def _dynamic_search(op: Op, info: Any, where: Where) -> None:
    _line(op, info.description, 90, *where, "description")
    checks.width(op, info.description2, 90, *where, "description2")


_FORMATS: dict[str, Callable[[Op, Any, Where], None]] = {
    "responsive_search_ad": _search,
    "responsive_display_ad": _display,
    "demand_gen_multi_asset_ad": _multi_asset,
    "demand_gen_carousel_ad": _carousel,
    "demand_gen_video_responsive_ad": _video,
    "demand_gen_product_ad": _product,
    "expanded_dynamic_search_ad": _dynamic_search,
}
