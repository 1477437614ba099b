"""Audiences: user lists, custom audiences, audience resources, remarketing tags."""

from collections.abc import Sequence
from typing import Any

from backend.sandbox.googleads.enums import default_enum, is_removed, set_enum
from backend.sandbox.googleads.handlers import checks
from backend.sandbox.googleads.indexes import Index
from backend.sandbox.googleads.mutate.rules import Op, Rules, rules_for

_NAMED = {  # kind → code of a second entity with the same name
    "user_list": ("user_list_error", "NAME_ALREADY_USED"),
    "custom_audience": ("custom_audience_error", "NAME_ALREADY_USED"),
    "audience": ("audience_error", "NAME_ALREADY_IN_USE"),
    "remarketing_action": ("mutate_error", "RESOURCE_ALREADY_EXISTS"),
}
BY_NAME = {kind: Index(kind, lambda e: None if is_removed(e) or not e.name else e.name.lower()) for kind in _NAMED}
_LIST_TYPES = {
    "crm_based_user_list": "CRM_BASED",
    "rule_based_user_list": "RULE_BASED",
    "logical_user_list": "LOGICAL",
    "basic_user_list": "REMARKETING",
    "lookalike_user_list": "LOOKALIKE",
    "similar_user_list": "SIMILAR",
}
_FOREVER, _LONGEST_DAYS = 10_000, 540


def check_name(op: Op, kind: str, new: Any) -> None:
    """A name is there and nobody else's."""
    if not checks.required(op, new, "name"):
        return
    family, code = _NAMED[kind]
    for other in op.tx.find(BY_NAME[kind], new.name.lower()):
        if other.resource_name != new.resource_name:
            op.fail(family, code, "name", trigger=new.name)
            break


@rules_for("user_list")
class UserListRules(Rules):
    """One list of people."""

    def create(self, op: Op, new: Any) -> None:
        check_name(op, self.kind, new)
        chosen = new.WhichOneof("user_list")
        if chosen is None:
            op.fail("user_list_error", "CONCRETE_TYPE_REQUIRED", "user_list")
            return
        set_enum(new, "type_", _LIST_TYPES.get(chosen, "UNKNOWN"))
        default_enum(new, "membership_status", "OPEN")
        self._life(op, new)
        new.size_for_display = new.size_for_search = 0
        new.eligible_for_search = new.eligible_for_display = True
        new.read_only = False

    def update(self, op: Op, old: Any, new: Any, paths: Sequence[str]) -> None:
        check_name(op, self.kind, new)
        self._life(op, new)

    @staticmethod
    def _life(op: Op, new: Any) -> None:
        days = new.membership_life_span
        if days < 0 or (days > _LONGEST_DAYS and days != _FOREVER):
            op.fail("range_error", "TOO_LOW" if days < 0 else "TOO_HIGH", "membership_life_span", trigger=days)


@rules_for("custom_audience", "audience")
class AudienceRules(Rules):
    """A named audience."""

    def create(self, op: Op, new: Any) -> None:
        default_enum(new, "status", "ENABLED")
        check_name(op, self.kind, new)

    def update(self, op: Op, old: Any, new: Any, paths: Sequence[str]) -> None:
        if "name" in paths:
            check_name(op, self.kind, new)


@rules_for("remarketing_action")
class RemarketingActionRules(Rules):
    """A tag for web pages; its snippets are there at once."""

    actions = frozenset(("create", "update"))

    def create(self, op: Op, new: Any) -> None:
        check_name(op, self.kind, new)

    def named(self, op: Op, new: Any, parts: dict[str, str]) -> None:
        for page_format in ("HTML", "AMP"):
            snippet = new.tag_snippets.add()
            set_enum(snippet, "type_", "WEBPAGE")
            set_enum(snippet, "page_format", page_format)
            snippet.global_site_tag = (
                f"<script async src='https://www.googletagmanager.com/gtag/js?id=AW-{new.id}'></script>"
            )
            snippet.event_snippet = "<script>gtag('event', 'page_view');</script>"
