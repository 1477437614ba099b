"""Ads: `ad_group_ad` and, for updates of the creative, `ad`."""

from collections.abc import Sequence
from typing import Any

from backend.sandbox.googleads import policy as policies
from backend.sandbox.googleads.enums import default_enum, enum_name, is_removed, set_enum
from backend.sandbox.googleads.handlers import ad_formats, checks, texts
from backend.sandbox.googleads.handlers.ad_groups import parent_alive
from backend.sandbox.googleads.indexes import Index
from backend.sandbox.googleads.mutate.rules import Op, Rules, rules_for
from backend.sandbox.googleads.names import parse, strings

IN_AD_GROUP = Index("ad_group_ad", lambda a: None if is_removed(a) else a.ad_group)
BY_AD = Index("ad_group_ad", lambda a: a.ad.id)
MAX_SEARCH_ADS = 3  # enabled ones per ad group
MAX_ADS = 50


@rules_for("ad_group_ad")
class AdGroupAdRules(Rules):
    """One ad in its ad group."""

    def create(self, op: Op, new: Any) -> None:
        default_enum(new, "status", "ENABLED")
        if not checks.required(op, new, "ad_group", "ad"):
            return
        if is_removed(new):
            op.fail("operation_access_denied_error", "CREATE_AS_REMOVED_NOT_PERMITTED", "status")
        group = op.get(new.ad_group)
        campaign = op.get(group.campaign) if group is not None else None
        if group is None or campaign is None or not parent_alive(op, group, "ad_group"):
            return
        if not parent_alive(op, campaign, "ad_group"):
            return
        ad_formats.check(op, new.ad, campaign, "ad")
        self._limits(op, new, group)
        entries = review(op, new.ad, "ad")
        _show_review(new, entries)

    def _limits(self, op: Op, new: Any, group: Any) -> None:
        siblings = op.tx.find(IN_AD_GROUP, new.ad_group)
        enclosing = (str(group.id), "AdGroup")
        if new.ad.HasField("responsive_search_ad") and enum_name(new, "status") == "ENABLED":
            same = sum(
                1 for a in siblings if a.ad.HasField("responsive_search_ad") and enum_name(a, "status") == "ENABLED"
            )
            limit_type = "RESPONSIVE_SEARCH_ADS_PER_AD_GROUP"
            checks.limit(op, same, MAX_SEARCH_ADS, limit_type, enclosing=enclosing, code="RESOURCE_LIMIT")
        else:
            limit_type = "TEXT_AND_OTHER_ADS_PER_AD_GROUP"
            checks.limit(op, len(siblings), MAX_ADS, limit_type, enclosing=enclosing, code="RESOURCE_LIMIT")

    def named(self, op: Op, new: Any, parts: dict[str, str]) -> None:
        new.ad.id = int(parts["ad_id"])
        new.ad.resource_name = f"customers/{op.tx.customer_id}/ads/{new.ad.id}"
        texts.make_all(op.tx, new.ad)
        op.tx.put("ad", _copy(new.ad))

    def update(self, op: Op, old: Any, new: Any, paths: Sequence[str]) -> None:
        if enum_name(new, "status") == "ENABLED" and enum_name(old, "status") == "PAUSED":
            group = op.get(new.ad_group)
            if group is not None:
                self._limits(op, new, group)


@rules_for("ad")
class AdRules(Rules):
    """The creative itself: only ever updated, and shown by every ad group that holds it."""

    actions = frozenset(("update",))

    def missing(self, op: Op, resource_name: str) -> Any | None:
        parsed = parse(resource_name)
        if parsed is None or parsed.customer_id != op.tx.customer_id:
            return None
        for holder in op.tx.find(BY_AD, int(parsed.parts["ad_id"])):
            ad = _copy(holder.ad)
            ad.resource_name = resource_name
            return ad
        return None

    def update(self, op: Op, old: Any, new: Any, paths: Sequence[str]) -> None:
        holders = op.tx.find(BY_AD, new.id)
        alive = [holder for holder in holders if not is_removed(holder)]
        if not alive:
            op.fail("ad_error", "UPDATING_AD_WITH_NO_ENABLED_ASSOCIATION", "resource_name", trigger=new.resource_name)
            return
        group = op.get(alive[0].ad_group)
        campaign = op.get(group.campaign) if group is not None else None
        if campaign is not None:
            ad_formats.check(op, new, campaign)
        entries = review(op, new)
        if op.problems:
            return
        texts.make_all(op.tx, new)
        for holder in holders:
            changed = _copy(holder)
            changed.ad.CopyFrom(new)
            _show_review(changed, entries)
            op.tx.put("ad_group_ad", changed)


def _copy(message: Any) -> Any:
    fresh = type(message)()
    fresh.CopyFrom(message)
    return fresh


def review(op: Op, ad: Any, *path: str) -> list[policies.Hit]:
    """Policy review of an ad's texts and addresses; reports what may not be saved, returns what stays with the ad."""
    parameter = op.operation.raw.policy_validation_parameter
    _check_parameter(op, parameter)
    ignored = set(parameter.ignorable_policy_topics)
    exempt = {key.policy_name for key in parameter.exempt_policy_violation_keys}
    policy: policies.Policy = op.shared["policy"]
    hits = policy.hits((where, text) for where, _, field, _, text in strings(ad) if field.name != "resource_name")
    blocking = []
    for hit in hits:
        allowed = hit.rule.exemptible and (hit.rule.topic in ignored or hit.rule.topic.lower() in exempt)
        if hit.blocks and not allowed:
            blocking.append(hit)
    if blocking:
        found = policies.finding_details(blocking)
        trigger = blocking[0].text
        op.fail("policy_finding_error", "POLICY_FINDING", *path, *blocking[0].path, trigger=trigger, details=found)
    return hits


def _check_parameter(op: Op, parameter: Any) -> None:
    if parameter.ignorable_policy_topics and parameter.exempt_policy_violation_keys:
        code = "CANNOT_SET_BOTH_IGNORABLE_POLICY_TOPICS_AND_EXEMPT_POLICY_VIOLATION_KEYS"
        op.fail("policy_validation_parameter_error", code, "policy_validation_parameter")


def _show_review(holder: Any, hits: Sequence[policies.Hit]) -> None:
    """An exempted ad is saved but does not serve."""
    summary = holder.policy_summary
    summary.Clear()
    for hit in hits:
        summary.policy_topic_entries.add().CopyFrom(policies.topic_entry(hit))
    blocked = any(hit.blocks for hit in hits)
    set_enum(summary, "review_status", "REVIEWED")
    set_enum(summary, "approval_status", "DISAPPROVED" if blocked else "APPROVED_LIMITED" if hits else "APPROVED")
    paused = enum_name(holder, "status") == "PAUSED"
    set_enum(holder, "primary_status", "NOT_ELIGIBLE" if blocked else "PAUSED" if paused else "ELIGIBLE")
    if holder.ad_strength == 0:
        set_enum(holder, "ad_strength", "PENDING")
