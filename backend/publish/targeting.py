"""Changes of a live campaign's targeting: what is new is made, what is gone is removed, bid modifiers are updated."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from backend.campaigns.tree import CampaignNode
from backend.integrations.googleads.gateway import Gateway
from backend.integrations.googleads.mutate.plan import MutatePlan
from backend.integrations.googleads.resource_names import last_id
from backend.publish.planner import subject
from backend.publish.resources import MODIFIER_DIGITS, targeting_criteria

KINDS = ("LOCATION", "LANGUAGE", "DEVICE", "AD_SCHEDULE")
UNCHANGED = 1.0
"""The bid modifier that changes no bid: what a criterion without one has."""


def criteria_at_google(gateway: Gateway, customer_id: str, tree: CampaignNode) -> dict[str, tuple[str, float]]:
    """Give the targeting criteria that a campaign has: key → resource name and bid modifier."""
    if not tree.resource_name:
        return {}
    listed = ", ".join(f"'{kind}'" for kind in KINDS)
    query = (
        "SELECT campaign_criterion.resource_name, campaign_criterion.type, campaign_criterion.negative,"
        " campaign_criterion.bid_modifier, campaign_criterion.location.geo_target_constant,"
        " campaign_criterion.language.language_constant, campaign_criterion.device.type,"
        " campaign_criterion.ad_schedule.day_of_week, campaign_criterion.ad_schedule.start_hour,"
        " campaign_criterion.ad_schedule.start_minute, campaign_criterion.ad_schedule.end_hour,"
        " campaign_criterion.ad_schedule.end_minute FROM campaign_criterion"
        f" WHERE campaign.id = {last_id(tree.resource_name)} AND campaign_criterion.type IN ({listed})"
        " AND campaign_criterion.status != 'REMOVED'"
    )
    found: dict[str, tuple[str, float]] = {}
    for row in gateway.search(customer_id, query):
        criterion = row.campaign_criterion
        modifier = round(criterion.bid_modifier, MODIFIER_DIGITS) if criterion.HasField("bid_modifier") else UNCHANGED
        found[_key_of_row(criterion)] = (criterion.resource_name, modifier)
    return found


def _enum(message: Any, field: str) -> str:
    descriptor = message.DESCRIPTOR.fields_by_name[field]
    return str(descriptor.enum_type.values_by_number[getattr(message, field)].name)


def _key_of_row(criterion: Any) -> str:
    kind = criterion.WhichOneof("criterion")
    if kind == "location":
        return _key({"location": {"geo_target_constant": criterion.location.geo_target_constant}}, criterion.negative)
    if kind == "language":
        return _key({"language": {"language_constant": criterion.language.language_constant}}, False)
    if kind == "device":
        return _key({"device": {"type_": _enum(criterion.device, "type_")}}, False)
    slot = criterion.ad_schedule
    schedule = {
        "day_of_week": _enum(slot, "day_of_week"),
        "start_hour": slot.start_hour,
        "start_minute": _enum(slot, "start_minute"),
        "end_hour": slot.end_hour,
        "end_minute": _enum(slot, "end_minute"),
    }
    return _key({"ad_schedule": schedule}, False)


def _key(criterion: Mapping[str, Any], negative: bool) -> str:
    plain = {name: value for name, value in criterion.items() if name not in ("negative", "bid_modifier")}
    return json.dumps([plain, bool(negative)], sort_keys=True)


def plan_difference(
    plan: MutatePlan,
    tree: CampaignNode,
    existing: Mapping[str, tuple[str, float]],
    wanted: Mapping[str, Any],
) -> None:
    """Add what leads from the criteria at Google to the wanted targeting."""
    about = subject("targeting", tree.id)
    criteria = {_key(one, one.get("negative", False)): one for one in targeting_criteria(wanted)}
    # What goes, goes first: an hour that takes the place of another would overlap with it.
    for key, (name, modifier) in existing.items():
        if key in criteria:
            continue
        if '"device"' not in key:
            plan.remove("campaign_criterion", name, about)
        elif modifier != UNCHANGED:  # Google keeps a criterion for every device
            plan.update("campaign_criterion", name, ["bid_modifier"], about, bid_modifier=UNCHANGED)
    for key, criterion in criteria.items():
        modifier = criterion.get("bid_modifier", UNCHANGED)
        if key not in existing:
            plan.link("campaign_criterion", about, campaign=tree.resource_name, **criterion)
        elif modifier != existing[key][1]:
            plan.update("campaign_criterion", existing[key][0], ["bid_modifier"], about, bid_modifier=modifier)


def cost(before: Mapping[str, Any], after: Mapping[str, Any]) -> int:
    """Give how many operations lead from one targeting to another, as far as can be told without asking Google."""
    had, wanted = (
        {_key(item, item.get("negative", False)): item.get("bid_modifier") for item in targeting_criteria(targeting)}
        for targeting in (before, after)
    )
    both = had.keys() & wanted.keys()
    return len(had.keys() ^ wanted.keys()) + sum(1 for key in both if had[key] != wanted[key])
