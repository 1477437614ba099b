"""Which assets an ad shows, in which field, pinned where: ad_group_ad_asset_view."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from backend.sandbox.googleads.demo import draws
from backend.sandbox.googleads.demo.messages import resource_name
from backend.sandbox.googleads.search.scope import Base, Scope

_TEXT_FIELDS = {
    "headlines": "HEADLINE",
    "long_headlines": "LONG_HEADLINE",
    "descriptions": "DESCRIPTION",
}
_ASSET_FIELDS = {
    "marketing_images": "MARKETING_IMAGE",
    "square_marketing_images": "SQUARE_MARKETING_IMAGE",
    "portrait_marketing_images": "PORTRAIT_MARKETING_IMAGE",
    "tall_portrait_marketing_images": "TALL_PORTRAIT_MARKETING_IMAGE",
    "logo_images": "LOGO",
    "square_logo_images": "LOGO",
    "youtube_videos": "YOUTUBE_VIDEO",
    "videos": "YOUTUBE_VIDEO",
}
_CONTENTS = (
    "responsive_search_ad",
    "responsive_display_ad",
    "demand_gen_multi_asset_ad",
    "demand_gen_video_responsive_ad",
    "video_responsive_ad",
    "app_ad",
)


class AdAsset(NamedTuple):
    """One asset in one place of an ad."""

    asset: str
    field_type: str
    pinned: int  # ServedAssetFieldTypeEnum, 0 where it floats
    label: int  # AssetPerformanceLabelEnum


class TextIndex:
    """Text assets by their text; a text that has none gets a stable id."""

    def __init__(self, scope: Scope) -> None:
        self._customer_id = scope.customer_id
        self._names = {
            asset.text_asset.text: asset.resource_name for asset in scope.all("asset") if asset.HasField("text_asset")
        }

    def name(self, text: str) -> str:
        """The resource name of the asset of a text."""
        found = self._names.get(text)
        number = 90_000_000_000 + draws.number("text", text) % 9_000_000_000
        return found or resource_name(self._customer_id, "asset", number)


def assets_of(ad: Any, texts: TextIndex) -> Iterator[AdAsset]:
    """The assets of an ad, in the order of its fields."""
    for content in _CONTENTS:
        if not ad.HasField(content):
            continue
        message = getattr(ad, content)
        known = message.DESCRIPTOR.fields_by_name
        for name, field_type in _TEXT_FIELDS.items():
            if name in known:
                for item in getattr(message, name):
                    label = getattr(item, "asset_performance_label", 0)
                    yield AdAsset(texts.name(item.text), field_type, getattr(item, "pinned_field", 0), label)
        for name, field_type in _ASSET_FIELDS.items():
            if name in known:
                for item in getattr(message, name):
                    yield AdAsset(item.asset, field_type, 0, 0)


def rows(scope: Scope) -> list[Base]:
    """One row per ad, asset and field."""
    texts = TextIndex(scope)
    found = []
    for link in scope.all("ad_group_ad"):
        shown: dict[tuple[str, str], AdAsset] = {}
        for item in assets_of(link.ad, texts):
            shown.setdefault((item.asset, item.field_type), item)
        found += [_row(scope, link, item) for item in shown.values()]
    return found


def _row(scope: Scope, link: Any, item: AdAsset) -> Base:
    tail = f"{link.resource_name.rpartition('/')[2]}~{item.asset.rpartition('/')[2]}~{item.field_type}"
    name = f"customers/{scope.customer_id}/adGroupAdAssetViews/{tail}"
    view = scope.new("ad_group_ad_asset_view", name)
    # Enabled says that the newest version of the ad has the asset, whatever the status of the ad.
    view.ad_group_ad, view.asset, view.enabled = link.resource_name, item.asset, True
    enums = view.DESCRIPTOR.fields_by_name
    view.field_type = enums["field_type"].enum_type.values_by_name[item.field_type].number
    view.pinned_field, view.performance_label = item.pinned, item.label or _label(scope, item)
    view.source = enums["source"].enum_type.values_by_name["ADVERTISER"].number
    entities = {"ad_group_ad_asset_view": view, "ad_group_ad": link, "asset": _asset(scope, item)}
    return Base("ad_group_ad_asset_view", name, entities)


def _label(scope: Scope, item: AdAsset) -> int:
    return 2 + draws.number(scope.customer_id, item.asset) % 4  # PENDING … BEST


def _asset(scope: Scope, item: AdAsset) -> Any:
    return scope.get("asset", item.asset) or scope.new("asset", item.asset)
