"""The change log as rows: change_event (every change) and change_status (the latest of each resource).

Source: the docstrings of ChangeEvent and ChangeStatus. Times are in the account's zone.
"""

from typing import Any

from backend.sandbox.googleads import kinds
from backend.sandbox.googleads.accounts import Change
from backend.sandbox.googleads.search import joins
from backend.sandbox.googleads.search.scope import Base, Scope
from backend.sandbox.googleads.stats.account import zone

# kind → (ChangeEventResourceTypeEnum, field of ChangedResource)
_EVENTS = {
    "ad": "AD",
    "ad_group": "AD_GROUP",
    "ad_group_ad": "AD_GROUP_AD",
    "ad_group_asset": "AD_GROUP_ASSET",
    "ad_group_bid_modifier": "AD_GROUP_BID_MODIFIER",
    "ad_group_criterion": "AD_GROUP_CRITERION",
    "asset": "ASSET",
    "asset_set": "ASSET_SET",
    "asset_set_asset": "ASSET_SET_ASSET",
    "campaign": "CAMPAIGN",
    "campaign_asset": "CAMPAIGN_ASSET",
    "campaign_asset_set": "CAMPAIGN_ASSET_SET",
    "campaign_budget": "CAMPAIGN_BUDGET",
    "campaign_criterion": "CAMPAIGN_CRITERION",
    "customer_asset": "CUSTOMER_ASSET",
}
# kind → ChangeStatusResourceTypeEnum; the row's field of the kind's name holds the resource
_STATUSES = {
    "ad_group": "AD_GROUP",
    "ad_group_ad": "AD_GROUP_AD",
    "ad_group_asset": "AD_GROUP_ASSET",
    "ad_group_bid_modifier": "AD_GROUP_BID_MODIFIER",
    "ad_group_criterion": "AD_GROUP_CRITERION",
    "asset": "ASSET",
    "asset_group": "ASSET_GROUP",
    "asset_set": "ASSET_SET",
    "campaign": "CAMPAIGN",
    "campaign_asset": "CAMPAIGN_ASSET",
    "campaign_asset_set": "CAMPAIGN_ASSET_SET",
    "campaign_budget": "CAMPAIGN_BUDGET",
    "campaign_criterion": "CAMPAIGN_CRITERION",
    "campaign_shared_set": "CAMPAIGN_SHARED_SET",
    "combined_audience": "COMBINED_AUDIENCE",
    "customer_asset": "CUSTOMER_ASSET",
    "shared_set": "SHARED_SET",
}
_OPERATIONS = {"CREATE": "ADDED", "UPDATE": "CHANGED", "REMOVE": "REMOVED"}


def _enum(message: Any, field: str, name: str) -> int:
    value = message.DESCRIPTOR.fields_by_name[field].enum_type.values_by_name.get(name)
    return int(value.number) if value is not None else 1  # UNKNOWN


def _time(scope: Scope, change: Change) -> str:
    local = change.time.astimezone(zone(scope.world, scope.customer_id))
    return local.strftime("%Y-%m-%d %H:%M:%S.%f")


def events(scope: Scope) -> list[Base]:
    """Every change, with the resource before and after."""
    rows = []
    for change in scope.world.changes(scope.customer_id):
        if change.kind in _EVENTS:
            rows.append(_event(scope, change))
    return rows


def _event(scope: Scope, change: Change) -> Base:
    moment = int(change.time.timestamp() * 1_000_000)
    name = f"customers/{scope.customer_id}/changeEvents/{moment}~{change.seq}~0"
    event = scope.new("change_event", name)
    event.change_date_time = _time(scope, change)
    event.change_resource_type = _enum(event, "change_resource_type", _EVENTS[change.kind])
    event.change_resource_name = change.resource_name
    event.client_type = _enum(event, "client_type", change.client_type)
    event.user_email = change.user_email
    event.resource_change_operation = _enum(event, "resource_change_operation", change.operation)
    event.changed_fields.paths.extend(change.fields)
    for side, data in (("old_resource", change.old), ("new_resource", change.new)):
        if data is not None:
            getattr(getattr(event, side), change.kind).MergeFromString(data)
    _parents(scope, event, change)
    return Base("change_event", name, {"change_event": event})


def _parents(scope: Scope, event: Any, change: Change) -> None:
    entity = scope.get(change.kind, change.resource_name)
    data = change.new if change.new is not None else change.old
    if entity is None and data is not None:
        entity = kinds.message_class(change.kind).FromString(data)
    for kind in ("campaign", "ad_group", "asset"):
        if kind == change.kind:
            setattr(event, kind, change.resource_name)
        elif entity is not None:
            found = joins.attributed(scope.world, scope.customer_id, kind, {change.kind: entity})
            if found is not None:
                setattr(event, kind, found.resource_name)


def statuses(scope: Scope) -> list[Base]:
    """The latest change of each resource."""
    latest: dict[str, Change] = {}
    for change in scope.world.changes(scope.customer_id):
        if change.kind in _STATUSES:
            latest[change.resource_name] = change
    return [_status(scope, change) for change in latest.values()]


def _status(scope: Scope, change: Change) -> Base:
    kind_name = _STATUSES[change.kind]
    tail = change.resource_name.rpartition("/")[2]
    name = f"customers/{scope.customer_id}/changeStatus/{kind_name}-{tail}"
    status = scope.new("change_status", name)
    status.last_change_date_time = _time(scope, change)
    status.resource_type = _enum(status, "resource_type", kind_name)
    status.resource_status = _enum(status, "resource_status", _OPERATIONS[change.operation])
    setattr(status, change.kind, change.resource_name)
    entity = scope.get(change.kind, change.resource_name)
    for kind in ("ad_group", "campaign"):
        if entity is not None and kind != change.kind:
            found = joins.attributed(scope.world, scope.customer_id, kind, {change.kind: entity})
            if found is not None:
                setattr(status, kind, found.resource_name)
    return Base("change_status", name, {"change_status": status})
