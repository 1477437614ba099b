"""Shared sets (negative keyword and placement lists) and their use by campaigns."""

from collections.abc import Sequence
from typing import Any

from backend.sandbox.googleads.enums import default_enum, enum_name, is_removed, set_enum
from backend.sandbox.googleads.handlers import checks
from backend.sandbox.googleads.handlers.ad_groups import parent_alive
from backend.sandbox.googleads.indexes import Index
from backend.sandbox.googleads.mutate.rules import Op, Rules, rules_for

BY_NAME = Index("shared_set", lambda s: None if is_removed(s) else (s.type_, s.name.lower()))
USES = Index("campaign_shared_set", lambda u: None if is_removed(u) else u.shared_set)
_CREATABLE = ("NEGATIVE_KEYWORDS", "NEGATIVE_PLACEMENTS", "ACCOUNT_LEVEL_NEGATIVE_KEYWORDS", "BRANDS", "WEBPAGES")


@rules_for("shared_set")
class SharedSetRules(Rules):
    """One list."""

    def create(self, op: Op, new: Any) -> None:
        set_enum(new, "status", "ENABLED")
        if not checks.required(op, new, "name", "type"):
            return
        if enum_name(new, "type_") not in _CREATABLE:
            code = "CUSTOMER_CANNOT_CREATE_SHARED_SET_OF_THIS_TYPE"
            op.fail("shared_set_error", code, "type", trigger=enum_name(new, "type_"))
        self._name(op, new)
        new.member_count = new.reference_count = 0

    def update(self, op: Op, old: Any, new: Any, paths: Sequence[str]) -> None:
        if not new.name.strip():
            op.fail("field_error", "FIELD_CANNOT_BE_CLEARED", "name")
        self._name(op, new)

    def remove(self, op: Op, old: Any) -> None:
        if op.tx.find(USES, old.resource_name):
            op.fail("shared_set_error", "SHARED_SET_IN_USE", trigger=old.resource_name)

    @staticmethod
    def _name(op: Op, new: Any) -> None:
        checks.text_length(op, new.name, 255, "name")
        for other in op.tx.find(BY_NAME, (new.type_, new.name.lower())):
            if other.resource_name != new.resource_name:
                op.fail("shared_set_error", "DUPLICATE_NAME", "name", trigger=new.name)
                break


@rules_for("campaign_shared_set")
class CampaignSharedSetRules(Rules):
    """A list attached to a campaign."""

    actions = frozenset(("create", "remove"))

    def create(self, op: Op, new: Any) -> None:
        if not checks.required(op, new, "campaign", "shared_set"):
            return
        default_enum(new, "status", "ENABLED")
        campaign, holder = op.get(new.campaign), op.get(new.shared_set)
        if campaign is not None:
            parent_alive(op, campaign, "campaign")
        if holder is not None and is_removed(holder):
            op.fail("shared_set_error", "SHARED_SET_REMOVED", "shared_set", trigger=new.shared_set)

    def named(self, op: Op, new: Any, parts: dict[str, str]) -> None:
        _count_use(op, new.shared_set, 1)

    def remove(self, op: Op, old: Any) -> None:
        _count_use(op, old.shared_set, -1)


def _count_use(op: Op, set_name: str, change: int) -> None:
    holder = op.get(set_name)
    if holder is not None:
        counted = type(holder)()
        counted.CopyFrom(holder)
        counted.reference_count = max(0, holder.reference_count + change)
        op.tx.put("shared_set", counted)
