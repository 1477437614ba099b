"""Performance Max: asset groups, their assets and signals, brand assets, and the goals every campaign gets."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from backend.sandbox.googleads import kinds
from backend.sandbox.googleads.enums import default_enum, enum_name, is_removed, set_enum
from backend.sandbox.googleads.handlers import ad_formats, checks
from backend.sandbox.googleads.handlers.ad_groups import parent_alive
from backend.sandbox.googleads.indexes import Index
from backend.sandbox.googleads.mutate.rules import Op, Rules, rules_for

BY_NAME = Index("asset_group", lambda g: None if is_removed(g) else (g.campaign, g.name.lower()))
LINKS = Index("asset_group_asset", lambda link: None if is_removed(link) else link.asset_group)
BRAND_LINKS = Index("campaign_asset", lambda link: None if is_removed(link) else link.campaign)

_TEXT_WIDTHS = {"HEADLINE": 30, "LONG_HEADLINE": 90, "DESCRIPTION": 90, "BUSINESS_NAME": 25}
_PICTURES = {
    "MARKETING_IMAGE": ad_formats.LANDSCAPE,
    "SQUARE_MARKETING_IMAGE": ad_formats.SQUARE,
    "PORTRAIT_MARKETING_IMAGE": ad_formats.PORTRAIT,
    "TALL_PORTRAIT_MARKETING_IMAGE": ad_formats.TALL,
    "LOGO": ad_formats.LOGO,
    "LANDSCAPE_LOGO": ad_formats.WIDE_LOGO,
}
_OTHERS = {"YOUTUBE_VIDEO": "youtube_video_asset", "CALL_TO_ACTION_SELECTION": "call_to_action_asset"}
_MINIMUM = {  # field type → (least, code when there are fewer)
    "HEADLINE": (3, "NOT_ENOUGH_HEADLINE_ASSET"),
    "LONG_HEADLINE": (1, "NOT_ENOUGH_LONG_HEADLINE_ASSET"),
    "DESCRIPTION": (2, "NOT_ENOUGH_DESCRIPTION_ASSET"),
    "MARKETING_IMAGE": (1, "NOT_ENOUGH_MARKETING_IMAGE_ASSET"),
    "SQUARE_MARKETING_IMAGE": (1, "NOT_ENOUGH_SQUARE_MARKETING_IMAGE_ASSET"),
}
_BRAND_MINIMUM = {
    "BUSINESS_NAME": (1, "NOT_ENOUGH_BUSINESS_NAME_ASSET"),
    "LOGO": (1, "NOT_ENOUGH_LOGO_ASSET"),
}
_MAXIMUM = {
    "HEADLINE": 15, "LONG_HEADLINE": 5, "DESCRIPTION": 5, "BUSINESS_NAME": 1, "LOGO": 5, "LANDSCAPE_LOGO": 5,
    "MARKETING_IMAGE": 20, "SQUARE_MARKETING_IMAGE": 20, "PORTRAIT_MARKETING_IMAGE": 20, "YOUTUBE_VIDEO": 5,
    "CALL_TO_ACTION_SELECTION": 1, "TALL_PORTRAIT_MARKETING_IMAGE": 20,
}  # fmt: skip
SHORT_DESCRIPTION = 60  # one of the descriptions is no wider
_GOALS = (("PURCHASE", "WEBSITE"), ("SUBMIT_LEAD_FORM", "WEBSITE"), ("PHONE_CALL_LEAD", "CALL_FROM_ADS"))


@rules_for("asset_group")
class AssetGroupRules(Rules):
    """One asset group; its minimum of assets is checked when the whole request is applied."""

    def create(self, op: Op, new: Any) -> None:
        default_enum(new, "status", "ENABLED")
        if not checks.required(op, new, "campaign", "name"):
            return
        campaign = op.get(new.campaign)
        if campaign is None or not parent_alive(op, campaign, "campaign"):
            return
        if enum_name(campaign, "advertising_channel_type") != "PERFORMANCE_MAX":
            op.fail("asset_group_error", "CANNOT_ADD_ASSET_GROUP_FOR_CAMPAIGN_TYPE", "campaign", trigger=new.campaign)
            return
        if not new.final_urls and not campaign.shopping_setting.merchant_id:
            op.fail("asset_group_error", "FINAL_URL_REQUIRED", "final_urls")
        self._check(op, new)
        set_enum(new, "primary_status", "PAUSED" if enum_name(new, "status") == "PAUSED" else "ELIGIBLE")
        set_enum(new, "ad_strength", "PENDING")

    def named(self, op: Op, new: Any, parts: dict[str, str]) -> None:
        name = new.resource_name
        op.defer(lambda: check_minimum(op, name))

    def update(self, op: Op, old: Any, new: Any, paths: Sequence[str]) -> None:
        self._check(op, new)

    def _check(self, op: Op, new: Any) -> None:
        checks.text_length(op, new.name, 128, "name")
        for other in op.tx.find(BY_NAME, (new.campaign, new.name.lower())):
            if other.resource_name != new.resource_name:
                op.fail("asset_group_error", "DUPLICATE_NAME", "name", trigger=new.name)
                break
        checks.final_urls(op, new)
        for field in ("path1", "path2"):
            checks.width(op, getattr(new, field), 15, field)
        if new.path2 and not new.path1:
            op.fail("asset_group_error", "PATH1_REQUIRED_WHEN_PATH2_IS_SET", "path2")


def _linked(op: Op, asset_group: str) -> Iterator[tuple[str, Any]]:
    for link in op.tx.find(LINKS, asset_group):
        yield enum_name(link, "field_type"), link


def check_minimum(op: Op, asset_group: str) -> None:
    """An asset group must always hold its minimum of assets (unless its campaign sells from a Merchant Center)."""
    group = op.get(asset_group)
    campaign = op.get(group.campaign) if group is not None and not is_removed(group) else None
    if campaign is None or campaign.shopping_setting.merchant_id:
        return
    linked = list(_linked(op, asset_group))
    counts = Counter(field_type for field_type, _ in linked)
    minimum = _MINIMUM if campaign.brand_guidelines_enabled else {**_MINIMUM, **_BRAND_MINIMUM}
    for field_type, (least, code) in minimum.items():
        if counts[field_type] < least:
            op.fail("asset_group_error", code)
    described = [op.get(link.asset) for field_type, link in linked if field_type == "DESCRIPTION"]
    widths = [checks.display_width(asset.text_asset.text) for asset in described if asset is not None]
    if widths and min(widths) > SHORT_DESCRIPTION:
        op.fail("asset_group_error", "SHORT_DESCRIPTION_REQUIRED")


@rules_for("asset_group_asset")
class AssetGroupAssetRules(Rules):
    """An asset in an asset group."""

    def create(self, op: Op, new: Any) -> None:
        if not checks.required(op, new, "asset_group", "asset", "field_type"):
            return
        default_enum(new, "status", "ENABLED")
        set_enum(new, "source", "ADVERTISER")
        group, asset = op.get(new.asset_group), op.get(new.asset)
        if group is None or asset is None or not parent_alive(op, group, "asset_group"):
            return
        field_type = enum_name(new, "field_type")
        self._fits(op, new, asset, field_type)
        campaign = op.get(group.campaign)
        if field_type in _BRAND_MINIMUM and campaign is not None and campaign.brand_guidelines_enabled:
            op.fail("asset_link_error", "BRAND_ASSETS_NOT_LINKED_AT_CAMPAIGN_LEVEL", "field_type", trigger=field_type)
        present = sum(1 for other, _ in _linked(op, new.asset_group) if other == field_type)
        if present >= _MAXIMUM.get(field_type, present + 1):
            op.fail("resource_count_limit_exceeded_error", "RESOURCE_LIMIT", "field_type", trigger=field_type)

    @staticmethod
    def _fits(op: Op, new: Any, asset: Any, field_type: str) -> None:
        if field_type in _TEXT_WIDTHS:
            if asset.HasField("text_asset"):
                checks.width(op, asset.text_asset.text, _TEXT_WIDTHS[field_type], "asset")
                return
        elif field_type in _PICTURES:
            ad_formats.check_picture(op, asset, _PICTURES[field_type], "asset")
            return
        elif field_type in _OTHERS:
            if asset.HasField(_OTHERS[field_type]):
                return
        else:
            op.fail("asset_link_error", "UNSUPPORTED_FIELD_TYPE", "field_type", trigger=field_type)
            return
        op.fail("asset_link_error", "FIELD_TYPE_INCOMPATIBLE_WITH_ASSET_TYPE", "field_type", trigger=field_type)

    def remove(self, op: Op, old: Any) -> None:
        name = old.asset_group
        op.defer(lambda: check_minimum(op, name))

    def already_exists(self, op: Op, existing: Any, new: Any) -> bool:
        op.fail("asset_group_asset_error", "DUPLICATE_RESOURCE", trigger=existing.resource_name)
        return True


@rules_for("asset_group_signal")
class AssetGroupSignalRules(Rules):
    """A search theme or audience that hints at whom to reach."""

    actions = frozenset(("create", "remove"))

    def create(self, op: Op, new: Any) -> None:
        if not checks.required(op, new, "asset_group"):
            return
        if new.WhichOneof("signal") is None:
            op.fail("field_error", "REQUIRED", "signal")
        if new.HasField("search_theme"):
            text = new.search_theme.text
            if not text.strip():
                op.fail("field_error", "REQUIRED", "search_theme", "text")
            elif len(text.split()) > 10 or len(text) > 80:
                op.fail("asset_group_signal_error", "TOO_MANY_WORDS", "search_theme", "text", trigger=text)


def defer_campaign_checks(op: Op, campaign_name: str) -> None:
    """With brand guidelines, business name and logo must be linked to the campaign in the same request."""

    def check() -> None:
        campaign = op.get(campaign_name)
        if campaign is None or not campaign.brand_guidelines_enabled:
            return
        linked = {enum_name(link, "field_type") for link in op.tx.find(BRAND_LINKS, campaign_name)}
        if "BUSINESS_NAME" not in linked:
            op.fail("campaign_error", "REQUIRED_BUSINESS_NAME_ASSET_NOT_LINKED")
        if not linked & {"LOGO", "BUSINESS_LOGO"}:
            op.fail("campaign_error", "REQUIRED_LOGO_ASSET_NOT_LINKED")

    op.defer(check)


def add_conversion_goals(op: Op, campaign: Any) -> None:
    """Every new campaign takes over the account's conversion goals."""
    goals = [(enum_name(g, "category"), enum_name(g, "origin")) for g in op.tx.entities("customer_conversion_goal")]
    for category, origin in goals or _GOALS:
        goal: Any = kinds.message_class("campaign_conversion_goal")()
        name = f"customers/{op.tx.customer_id}/campaignConversionGoals/{campaign.id}~{category}~{origin}"
        goal.resource_name, goal.campaign, goal.biddable = name, campaign.resource_name, True
        set_enum(goal, "category", category)
        set_enum(goal, "origin", origin)
        op.tx.put("campaign_conversion_goal", goal)
