"""Brands: suggestions from a small set, and brand guidelines for campaigns that began without them."""

from typing import Any

from backend.sandbox.googleads import kinds
from backend.sandbox.googleads.calls import Call, proto_json, rpc
from backend.sandbox.googleads.enums import enum_name, is_removed, set_enum
from backend.sandbox.googleads.errors import Problem, refuse
from backend.sandbox.googleads.services.mutates import operation_count, set_partial_failure
from backend.sandbox.googleads.transaction import Transaction

MAX_OPERATIONS = 10
_BRANDS = ("Acme", "Aurora", "Boreal", "Cascade", "Example", "Fjord", "Globex", "Nordlicht", "Polar", "Summit")
_ERROR = "brand_guidelines_migration_error"


@rpc("BrandSuggestionService.SuggestBrands")
def suggest(call: Call) -> Any:
    """Brands whose name begins with a prefix."""
    prefix = call.request.brand_prefix.strip()
    if not prefix:
        raise refuse("field_error", "REQUIRED", path=("brand_prefix",))
    response = call.rpc.response()
    for number, name in enumerate(_BRANDS, 1001):
        if name.lower().startswith(prefix.lower()) and str(number) not in call.request.selected_brands:
            brand = response.brands.add(id=str(number), name=name, urls=[f"www.{name.lower()}.example"])
            set_enum(brand, "state", "ENABLED")
    return response


@rpc("CampaignService.EnablePMaxBrandGuidelines", writes=True, cost=operation_count)
def enable(call: Call) -> Any:
    """Turn brand guidelines on, campaign by campaign; each has its own error."""
    operations = call.request.operations
    if not operations:
        raise refuse("field_error", "REQUIRED", path=("operations",))
    if len(operations) > MAX_OPERATIONS:
        raise refuse(_ERROR, "TOO_MANY_ENABLE_OPERATIONS", path=("operations",))
    call.operations = [proto_json(operation) for operation in operations]
    response = call.rpc.response()
    with call.services.world.transaction(call.customer_id) as tx:
        for index, operation in enumerate(operations):
            result = response.results.add(campaign=operation.campaign)
            problem = _enable(tx, operation, index)
            call.results.append("" if problem else operation.campaign)
            if problem is not None:
                call.problems.append(problem)
                set_partial_failure(result.enablement_error, [problem], call)
        if any(call.results):
            call.commit(tx, "partial" if call.problems else "applied")
    return response


def _enable(tx: Transaction, operation: Any, index: int) -> Problem | None:
    path = (("operations", index), "campaign")
    campaign = tx.get("campaign", operation.campaign)
    if campaign is None:
        return Problem("mutate_error", "RESOURCE_NOT_FOUND", path, trigger=operation.campaign)
    if is_removed(campaign):
        return Problem(_ERROR, "CANNOT_ENABLE_BRAND_GUIDELINES_FOR_REMOVED_CAMPAIGN", path)
    if enum_name(campaign, "advertising_channel_type") != "PERFORMANCE_MAX":
        return Problem("campaign_error", "BRAND_GUIDELINES_UNSUPPORTED_CHANNEL", path)
    if campaign.brand_guidelines_enabled:
        return Problem(_ERROR, "BRAND_GUIDELINES_ALREADY_ENABLED", path)
    given = operation.HasField("brand_assets")
    if given and operation.auto_populate_brand_assets:
        return Problem(_ERROR, "CANNOT_AUTO_POPULATE_BRAND_ASSETS_WHEN_BRAND_ASSETS_PROVIDED", path)
    if not given and not operation.auto_populate_brand_assets:
        return Problem(_ERROR, "AUTO_POPULATE_BRAND_ASSETS_REQUIRED_WHEN_BRAND_ASSETS_OMITTED", path)
    enabled = type(campaign)()
    enabled.CopyFrom(campaign)
    enabled.brand_guidelines_enabled = True
    tx.put("campaign", enabled)
    for field_type, asset in _brand_assets(tx, operation, campaign.resource_name):
        _link(tx, enabled, asset, field_type)
    return None


def _brand_assets(tx: Transaction, operation: Any, campaign: str) -> list[tuple[str, str]]:
    """(field type, asset) that the campaign will own: those given, or those of its asset groups."""
    if operation.HasField("brand_assets"):
        given = operation.brand_assets
        logos = [("LOGO", name) for name in given.logo_asset]
        wide = [("LANDSCAPE_LOGO", name) for name in given.landscape_logo_asset]
        return [("BUSINESS_NAME", given.business_name_asset), *logos, *wide]
    groups = {group.resource_name for group in tx.entities("asset_group") if group.campaign == campaign}
    found = {
        (enum_name(link, "field_type"), link.asset)
        for link in tx.entities("asset_group_asset")
        if link.asset_group in groups and enum_name(link, "field_type") in ("BUSINESS_NAME", "LOGO", "LANDSCAPE_LOGO")
    }
    return sorted(found)


def _link(tx: Transaction, campaign: Any, asset: str, field_type: str) -> None:
    link: Any = kinds.message_class("campaign_asset")()
    number = asset.rpartition("/")[2]
    link.resource_name = f"customers/{tx.customer_id}/campaignAssets/{campaign.id}~{number}~{field_type}"
    link.campaign, link.asset = campaign.resource_name, asset
    set_enum(link, "field_type", field_type)
    set_enum(link, "status", "ENABLED")
    set_enum(link, "source", "ADVERTISER")
    tx.put("campaign_asset", link)
