"""Links between assets and what shows them: customer, campaign, ad group."""

from collections.abc import Sequence
from typing import Any

from backend.sandbox.googleads import errors
from backend.sandbox.googleads.enums import default_enum, enum_name, is_removed, set_enum
from backend.sandbox.googleads.handlers import checks
from backend.sandbox.googleads.handlers.ad_groups import parent_alive
from backend.sandbox.googleads.indexes import Index
from backend.sandbox.googleads.mutate.rules import Op, Rules, rules_for

_FIELD_TYPES = {  # link's field type → asset types it takes
    "SITELINK": ("SITELINK",),
    "CALLOUT": ("CALLOUT",),
    "STRUCTURED_SNIPPET": ("STRUCTURED_SNIPPET",),
    "CALL": ("CALL",),
    "PROMOTION": ("PROMOTION",),
    "PRICE": ("PRICE",),
    "LEAD_FORM": ("LEAD_FORM",),
    "MOBILE_APP": ("MOBILE_APP",),
    "HOTEL_CALLOUT": ("HOTEL_CALLOUT",),
    "AD_IMAGE": ("IMAGE",),
    "BUSINESS_NAME": ("TEXT",),
    "BUSINESS_LOGO": ("IMAGE",),
    "LOGO": ("IMAGE",),
    "LANDSCAPE_LOGO": ("IMAGE",),
    "BUSINESS_MESSAGE": ("BUSINESS_MESSAGE",),
    "YOUTUBE_VIDEO": ("YOUTUBE_VIDEO",),
}
_LEVELS = {
    "campaign_asset": ("campaign", "CAMPAIGN", 20),
    "ad_group_asset": ("ad_group", "AD_GROUP", 20),
    "customer_asset": ("", "CUSTOMER", 20),
}
_ONCE = {"BUSINESS_NAME": 1, "BUSINESS_LOGO": 1, "LEAD_FORM": 1}


def _parent(link: Any) -> str:
    for name in ("campaign", "ad_group"):
        if name in link.DESCRIPTOR.fields_by_name:
            return str(getattr(link, name))
    return ""


SIBLINGS = {
    kind: Index(kind, lambda link: None if is_removed(link) else (_parent(link), link.field_type)) for kind in _LEVELS
}


@rules_for(*_LEVELS)
class AssetLinkRules(Rules):
    """One link at any of the three levels."""

    def create(self, op: Op, new: Any) -> None:
        parent_field, _, _ = _LEVELS[self.kind]
        names = ("asset", "field_type", *([parent_field] if parent_field else []))
        if not checks.required(op, new, *names):
            return
        default_enum(new, "status", "ENABLED")
        set_enum(new, "source", "ADVERTISER")
        asset = op.get(new.asset)
        parent = op.get(getattr(new, parent_field)) if parent_field else None
        if parent is not None and not parent_alive(op, parent, parent_field):
            return
        field_type = enum_name(new, "field_type")
        fitting = _FIELD_TYPES.get(field_type)
        if fitting is None:
            op.fail("asset_link_error", "UNSUPPORTED_FIELD_TYPE", "field_type", trigger=field_type)
        elif asset is not None and enum_name(asset, "type_") not in fitting:
            op.fail("asset_link_error", "FIELD_TYPE_INCOMPATIBLE_WITH_ASSET_TYPE", "field_type", trigger=field_type)
        else:
            self._limit(op, new, field_type)

    def _limit(self, op: Op, new: Any, field_type: str) -> None:
        level = _LEVELS[self.kind][1]
        siblings = op.tx.find(SIBLINGS[self.kind], (_parent(new), new.field_type))
        limit_type = f"{field_type}_{level}_ASSETS_PER_{level}"
        most = _ONCE.get(field_type, _LEVELS[self.kind][2])
        if len(siblings) >= most and known_limit(limit_type):
            enclosing = (_parent(new).rpartition("/")[2] or op.tx.customer_id, level.title().replace("_", ""))
            checks.limit(op, len(siblings), most, limit_type, enclosing=enclosing, code="RESOURCE_LIMIT")

    def update(self, op: Op, old: Any, new: Any, paths: Sequence[str]) -> None:
        if enum_name(new, "status") not in ("ENABLED", "PAUSED"):
            op.fail("asset_link_error", "INVALID_STATUS", "status")

    def part(self, op: Op, new: Any, part: str) -> str | None:
        return enum_name(new, "field_type") if part == "field_type" else None


def known_limit(limit_type: str) -> bool:
    """Whether ResourceLimitType has a value of this name."""
    field = errors.details().resource_count_details.DESCRIPTOR.fields_by_name["limit_type"]
    return limit_type in field.enum_type.values_by_name
