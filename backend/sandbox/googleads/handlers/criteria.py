"""Targeting and exclusion: criteria of ad groups, campaigns, shared sets and the account.

What id a criterion has: `criterion_ids`.
"""

import re
from collections.abc import Sequence
from typing import Any

from backend.sandbox.googleads import policy as policies
from backend.sandbox.googleads.criterion_ids import BY_ENUM, BY_REFERENCE, criterion_id
from backend.sandbox.googleads.enums import default_enum, enum_name, is_removed, set_enum
from backend.sandbox.googleads.handlers import checks
from backend.sandbox.googleads.handlers.ad_groups import parent_alive
from backend.sandbox.googleads.indexes import Index
from backend.sandbox.googleads.mutate.rules import Op, Rules, rules_for
from backend.sandbox.googleads.names import public_name

MAX_KEYWORD_CHARACTERS, MAX_KEYWORD_WORDS = 80, 10
MAX_NEGATIVES_PER_CAMPAIGN, MAX_NEGATIVES_PER_SET, MAX_PER_AD_GROUP = 10_000, 5_000, 20_000
MAX_INTERVALS_PER_DAY = 6
_INVALID_KEYWORD_CHARS = re.compile(r"[!@%,*^()={}~`<>?\\|;]")

OF_AD_GROUP = Index("ad_group_criterion", lambda c: None if is_removed(c) else c.ad_group)
NEGATIVES_OF_CAMPAIGN = Index(
    "campaign_criterion", lambda c: c.campaign if c.negative and c.HasField("keyword") and not is_removed(c) else None
)
BY_KEYWORD = Index(
    "ad_group_criterion",
    lambda c: (c.ad_group, c.keyword.text.lower(), c.keyword.match_type) if c.HasField("keyword") else None,
)
SCHEDULE_OF_CAMPAIGN = Index(
    "campaign_criterion", lambda c: c.campaign if c.HasField("ad_schedule") and not is_removed(c) else None
)
OF_SET = Index("shared_criterion", lambda c: c.shared_set)


def check_keyword(op: Op, keyword: Any, *path: Any) -> None:
    """Text and match type of a keyword."""
    text = keyword.text
    if not text.strip():
        op.fail("field_error", "REQUIRED", *path, "text")
    elif len(text) > MAX_KEYWORD_CHARACTERS:
        op.fail("criterion_error", "KEYWORD_TEXT_TOO_LONG", *path, "text", trigger=text)
    elif len(text.split()) > MAX_KEYWORD_WORDS:
        op.fail("criterion_error", "KEYWORD_HAS_TOO_MANY_WORDS", *path, "text", trigger=text)
    elif re.search(r"(?:^|\s)\+\w", text):
        op.fail("criterion_error", "BROAD_MATCH_MODIFIER_KEYWORD_NOT_ALLOWED", *path, "text", trigger=text)
    elif _INVALID_KEYWORD_CHARS.search(text):
        op.fail("criterion_error", "KEYWORD_HAS_INVALID_CHARS", *path, "text", trigger=text)
    if keyword.match_type == 0:
        op.fail("field_error", "REQUIRED", *path, "match_type")


def _check_content(op: Op, chosen: str, new: Any) -> None:
    value = getattr(new, chosen)
    if chosen == "keyword":
        check_keyword(op, value, chosen)
    elif chosen in BY_REFERENCE:
        reference = BY_REFERENCE[chosen]
        name = getattr(value, reference)
        known = constant_exists(name)
        if not name:
            op.fail("field_error", "REQUIRED", chosen, reference)
        elif not known:
            op.fail("criterion_error", "INVALID_CRITERION_ID", chosen, reference, trigger=name)
    elif chosen == "placement":
        _check_placement(op, value.url)
    elif chosen == "ip_block":
        _check_ip(op, value.ip_address)
    elif chosen == "ad_schedule":
        _check_schedule(op, value)
    elif chosen == "proximity":
        _check_proximity(op, value)
    elif chosen in BY_ENUM and value.type_ == 0:
        op.fail("field_error", "REQUIRED", chosen, "type")


def constant_exists(name: str) -> bool:
    """Whether a constant can be targeted: the built-in set is small, so every id that Google could have counts."""
    number = name.rpartition("/")[2]
    return number.isdigit() and 0 < int(number) < 10_000_000


def _check_placement(op: Op, url: str) -> None:
    if not url:
        op.fail("field_error", "REQUIRED", "placement", "url")
    elif len(url) > 250:
        op.fail("criterion_error", "PLACEMENT_URL_IS_TOO_LONG", "placement", "url", trigger=url)
    elif re.search(r"\s|[<>\"]", url) or "." not in url:
        op.fail("criterion_error", "INVALID_PLACEMENT_URL", "placement", "url", trigger=url)


def _check_ip(op: Op, address: str) -> None:
    if not re.fullmatch(r"(\d{1,3}\.){3}(\d{1,3}|\*)(/\d{1,3})?|[0-9a-fA-F:]+(/\d{1,3})?", address):
        op.fail("criterion_error", "INVALID_IP_FORMAT", "ip_block", "ip_address", trigger=address)


def _check_schedule(op: Op, value: Any) -> None:
    for name in ("start_hour", "end_hour", "start_minute", "end_minute", "day_of_week"):
        missing = (
            not value.HasField(name)
            if value.DESCRIPTOR.fields_by_name[name].has_presence
            else getattr(value, name) == 0
        )
        if missing:
            op.fail("field_error", "REQUIRED", "ad_schedule", name)
            return
    start, end = _interval(value)
    if not 0 <= value.start_hour <= 23 or not 0 <= value.end_hour <= 24 or start >= end or end > 1440:
        op.fail("criterion_error", "AD_SCHEDULE_INVALID_TIME_INTERVAL", "ad_schedule")


def _interval(schedule: Any) -> tuple[int, int]:
    """The minutes of the day from which and up to which an ad schedule holds."""
    minutes = {0: 0, 1: 0, 2: 0, 3: 15, 4: 30, 5: 45}
    return (
        schedule.start_hour * 60 + minutes.get(schedule.start_minute, 0),
        schedule.end_hour * 60 + minutes.get(schedule.end_minute, 0),
    )


def _check_day(op: Op, new: Any) -> None:
    """The intervals of a campaign's day do not overlap, and there are six at most."""
    start, end = _interval(new.ad_schedule)
    same_day = [
        _interval(other.ad_schedule)
        for other in op.tx.find(SCHEDULE_OF_CAMPAIGN, new.campaign)
        if other.ad_schedule.day_of_week == new.ad_schedule.day_of_week
    ]
    if (start, end) in same_day:
        return  # the very same criterion, which is refused as such
    if any(start < other_end and other_start < end for other_start, other_end in same_day):
        op.fail("criterion_error", "AD_SCHEDULE_TIME_INTERVALS_OVERLAP", "ad_schedule")
    elif len(same_day) >= MAX_INTERVALS_PER_DAY:
        op.fail("criterion_error", "AD_SCHEDULE_EXCEEDED_INTERVALS_PER_DAY_LIMIT", "ad_schedule")


def _check_proximity(op: Op, value: Any) -> None:
    if not value.HasField("geo_point") and not value.HasField("address"):
        op.fail("criterion_error", "PROXIMITY_GEOPOINT_AND_ADDRESS_BOTH_CANNOT_BE_NULL", "proximity")
    if not 0 < value.radius <= 800:
        op.fail("criterion_error", "INVALID_PROXIMITY_RADIUS", "proximity", "radius", trigger=float(value.radius))


class _CriterionRules(Rules):
    """What all criteria share."""

    def _chosen(self, op: Op, new: Any) -> str | None:
        chosen: str | None = new.WhichOneof("criterion")
        if chosen is None:
            op.fail("criterion_error", "CONCRETE_TYPE_REQUIRED", "criterion")
            return None
        _check_content(op, chosen, new)
        self._type(new, chosen)
        return chosen

    @staticmethod
    def _type(new: Any, chosen: str) -> None:
        field = new.DESCRIPTOR.fields_by_name.get("type_")
        name = {"user_interest": "USER_INTEREST", "ip_block": "IP_BLOCK"}.get(chosen, public_name(chosen).upper())
        if field is not None and name in field.enum_type.values_by_name:
            set_enum(new, "type_", name)

    def part(self, op: Op, new: Any, part: str) -> str | None:
        if part != "criterion_id":
            return None
        chosen = new.WhichOneof("criterion")
        return str(criterion_id(chosen, new)) if chosen else None

    def named(self, op: Op, new: Any, parts: dict[str, str]) -> None:
        if "display_name" in new.DESCRIPTOR.fields_by_name:
            chosen = new.WhichOneof("criterion")
            new.display_name = new.keyword.text if chosen == "keyword" else f"{chosen}::{parts['criterion_id']}"

    def _review(self, op: Op, new: Any) -> list[policies.Hit]:
        """Policy review of a keyword; exempted keys stand on the operation itself."""
        if not new.HasField("keyword"):
            return []
        known = op.operation.raw.DESCRIPTOR.fields_by_name
        keys = op.operation.raw.exempt_policy_violation_keys if "exempt_policy_violation_keys" in known else ()
        exempt = {key.policy_name for key in keys}
        policy: policies.Policy = op.shared["policy"]
        hits = policy.hits([(("keyword", "text"), new.keyword.text)])
        for hit in hits:
            if hit.blocks and not (hit.rule.exemptible and hit.rule.topic.lower() in exempt):
                found = policies.violation_details(hit)
                op.fail("policy_violation_error", "POLICY_ERROR", *hit.path, trigger=hit.rule.word, details=found)
        return hits


@rules_for("ad_group_criterion")
class AdGroupCriterionRules(_CriterionRules):
    """A keyword, audience or other target of an ad group, or its exclusion."""

    def create(self, op: Op, new: Any) -> None:
        if not checks.required(op, new, "ad_group"):
            return
        group = op.get(new.ad_group)
        if group is None or not parent_alive(op, group, "ad_group"):
            return
        chosen = self._chosen(op, new)
        if chosen is None:
            return
        campaign = op.get(group.campaign)
        channel = enum_name(campaign, "advertising_channel_type") if campaign is not None else ""
        if chosen in ("keyword", "webpage") and channel == "DEMAND_GEN" and not new.negative:
            op.fail("criterion_error", "CANNOT_ADD_CRITERIA_TYPE", chosen)
        if chosen == "placement" and channel == "SEARCH":
            op.fail("criterion_error", "CANNOT_TARGET_PLACEMENTS_FOR_SEARCH_CAMPAIGNS", chosen)
        self._negative(op, new)
        self._values(op, new)
        blocked = any(hit.blocks for hit in self._review(op, new)) if not new.negative else False
        siblings = op.tx.count(OF_AD_GROUP, new.ad_group, MAX_PER_AD_GROUP)
        enclosing = (str(group.id), "AdGroup")
        checks.limit(
            op,
            siblings,
            MAX_PER_AD_GROUP,
            "CRITERIA_PER_AD_GROUP",
            enclosing=enclosing,
            code="AD_GROUP_CRITERION_LIMIT",
        )
        if not new.negative:
            default_enum(new, "status", "ENABLED")
            set_enum(new, "system_serving_status", "ELIGIBLE")
            set_enum(new, "approval_status", "DISAPPROVED" if blocked else "APPROVED")
            new.effective_cpc_bid_micros = new.cpc_bid_micros or group.cpc_bid_micros
        else:
            set_enum(new, "status", "ENABLED")

    @staticmethod
    def _negative(op: Op, new: Any) -> None:
        if not new.negative:
            return
        for field in ("cpc_bid_micros", "cpm_bid_micros", "cpv_bid_micros", "percent_cpc_bid_micros", "bid_modifier"):
            if new.HasField(field):
                op.fail("criterion_error", "FIELD_INCOMPATIBLE_WITH_NEGATIVE_TARGETING", field)
        for field in ("final_urls", "tracking_url_template", "url_custom_parameters"):
            if getattr(new, field):
                op.fail("criterion_error", "FIELD_INCOMPATIBLE_WITH_NEGATIVE_TARGETING", field)

    @staticmethod
    def _values(op: Op, new: Any) -> None:
        checks.bid(op, new, "cpc_bid_micros", "cpm_bid_micros", "cpv_bid_micros")
        checks.bid_modifier(op, new)
        checks.final_urls(op, new)
        checks.tracking(op, new)

    def update(self, op: Op, old: Any, new: Any, paths: Sequence[str]) -> None:
        if old.negative:
            op.fail("ad_group_criterion_error", "CANT_UPDATE_NEGATIVE")
            return
        self._values(op, new)
        if "cpc_bid_micros" in paths:
            group = op.get(new.ad_group)
            new.effective_cpc_bid_micros = new.cpc_bid_micros or (group.cpc_bid_micros if group is not None else 0)

    def part(self, op: Op, new: Any, part: str) -> str | None:
        if part == "criterion_id" and new.HasField("keyword"):
            for twin in op.tx.find(BY_KEYWORD, (new.ad_group, new.keyword.text.lower(), new.keyword.match_type)):
                return str(twin.criterion_id)
        return super().part(op, new, part)

    def already_exists(self, op: Op, existing: Any, new: Any) -> bool:
        if existing.negative != new.negative:
            op.fail("ad_group_criterion_error", "CANNOT_TARGET_AND_EXCLUDE")
            return True
        return super().already_exists(op, existing, new)


@rules_for("campaign_criterion")
class CampaignCriterionRules(_CriterionRules):
    """Where, to whom and when a campaign shows, or what it excludes."""

    def create(self, op: Op, new: Any) -> None:
        if not checks.required(op, new, "campaign"):
            return
        campaign = op.get(new.campaign)
        if campaign is None or not parent_alive(op, campaign, "campaign"):
            return
        chosen = self._chosen(op, new)
        if chosen is None:
            return
        if chosen == "keyword" and not new.negative:
            op.fail("criterion_error", "CANNOT_ADD_CRITERIA_TYPE", chosen)
        if new.negative and chosen in ("device", "language", "ad_schedule", "proximity"):
            op.fail("campaign_criterion_error", "CANNOT_EXCLUDE_CRITERIA_TYPE", chosen)
        if chosen == "ad_schedule":
            _check_day(op, new)
        if new.negative and new.HasField("bid_modifier"):
            op.fail("criterion_error", "CANNOT_BID_MODIFY_NEGATIVE_CRITERION", "bid_modifier")
        checks.bid_modifier(op, new)
        if chosen == "keyword":
            present = op.tx.count(NEGATIVES_OF_CAMPAIGN, new.campaign, MAX_NEGATIVES_PER_CAMPAIGN)
            limit_type, enclosing = "NEGATIVE_KEYWORDS_PER_CAMPAIGN", (str(campaign.id), "Campaign")
            checks.limit(
                op, present, MAX_NEGATIVES_PER_CAMPAIGN, limit_type, enclosing=enclosing, code="CAMPAIGN_LIMIT"
            )
        default_enum(new, "status", "ENABLED")

    def update(self, op: Op, old: Any, new: Any, paths: Sequence[str]) -> None:
        if old.negative:
            op.fail("campaign_criterion_error", "CANNOT_UPDATE_NEGATIVE_CRITERION")
            return
        checks.bid_modifier(op, new)

    def already_exists(self, op: Op, existing: Any, new: Any) -> bool:
        if existing.negative != new.negative:
            op.fail("campaign_criterion_error", "CANNOT_TARGET_AND_EXCLUDE")
            return True
        if new.HasField("device"):
            return False
        return super().already_exists(op, existing, new)


_FITTING: dict[str, tuple[str, ...]] = {
    "NEGATIVE_KEYWORDS": ("keyword",),
    "ACCOUNT_LEVEL_NEGATIVE_KEYWORDS": ("keyword",),
    "NEGATIVE_PLACEMENTS": (
        "placement",
        "youtube_video",
        "youtube_channel",
        "mobile_application",
        "mobile_app_category",
    ),
    "BRANDS": ("brand",),
    "WEBPAGES": ("webpage",),
}


@rules_for("shared_criterion")
class SharedCriterionRules(_CriterionRules):
    """A member of a shared set."""

    actions = frozenset(("create", "remove"))

    def create(self, op: Op, new: Any) -> None:
        if not checks.required(op, new, "shared_set"):
            return
        holder = op.get(new.shared_set)
        chosen = self._chosen(op, new)
        if holder is None or chosen is None:
            return
        if is_removed(holder):
            op.fail("shared_set_error", "SHARED_SET_REMOVED", "shared_set", trigger=new.shared_set)
            return
        set_type = enum_name(holder, "type_")
        if chosen not in _FITTING.get(set_type, (chosen,)):
            op.fail("shared_criterion_error", "CRITERION_TYPE_NOT_ALLOWED_FOR_SHARED_SET_TYPE", chosen)
        present = op.tx.count(OF_SET, new.shared_set, MAX_NEGATIVES_PER_SET)
        enclosing, limit_type = (str(holder.id), "SharedSet"), "NEGATIVE_KEYWORDS_PER_SHARED_SET"
        checks.limit(op, present, MAX_NEGATIVES_PER_SET, limit_type, enclosing=enclosing, code="SHARED_SET_LIMIT")

    def named(self, op: Op, new: Any, parts: dict[str, str]) -> None:
        _count_member(op, new.shared_set, 1)

    def remove(self, op: Op, old: Any) -> None:
        _count_member(op, old.shared_set, -1)


def _count_member(op: Op, set_name: str, change: int) -> None:
    holder = op.get(set_name)
    if holder is not None:
        counted = type(holder)()
        counted.CopyFrom(holder)
        counted.member_count = max(0, holder.member_count + change)
        op.tx.put("shared_set", counted)


@rules_for("customer_negative_criterion")
class CustomerNegativeRules(_CriterionRules):
    """An exclusion for the whole account."""

    actions = frozenset(("create", "remove"))

    def create(self, op: Op, new: Any) -> None:
        chosen = self._chosen(op, new)
        if chosen != "negative_keyword_list":
            return
        holder = op.get(new.negative_keyword_list.shared_set)
        if holder is not None and is_removed(holder):
            op.fail("criterion_error", "CANNOT_ADD_REMOVED_NEGATIVE_KEYWORD_SHARED_SET", chosen, "shared_set")
        if any(other.HasField("negative_keyword_list") for other in op.tx.entities(self.kind)):
            op.fail("criterion_error", "CANNOT_HAVE_MULTIPLE_NEGATIVE_KEYWORD_LIST_PER_ACCOUNT", chosen)
