"""Labels and what they are stuck to."""

import re
from collections.abc import Sequence
from operator import attrgetter
from typing import Any

from backend.sandbox.googleads.enums import is_removed, set_enum
from backend.sandbox.googleads.handlers import checks
from backend.sandbox.googleads.indexes import Index
from backend.sandbox.googleads.mutate.rules import Op, Rules, rules_for

BY_NAME = Index("label", lambda label: None if is_removed(label) else label.name.lower())
MAX_PER_ENTITY = 50
_HOLDERS = {  # kind of the link → (field of the holder, limit type, error of a second link, of a missing one)
    "campaign_label": ("campaign", "LABELS_PER_CAMPAIGN", ("campaign_error", "CAMPAIGN_LABEL_ALREADY_EXISTS")),
    "ad_group_label": ("ad_group", "LABELS_PER_AD_GROUP", ("ad_group_error", "ADGROUP_LABEL_ALREADY_EXISTS")),
    "ad_group_ad_label": (
        "ad_group_ad",
        "LABELS_PER_AD_GROUP_AD",
        ("ad_group_ad_error", "AD_GROUP_AD_LABEL_ALREADY_EXISTS"),
    ),
    "ad_group_criterion_label": (
        "ad_group_criterion",
        "LABELS_PER_AD_GROUP_CRITERION",
        ("ad_group_criterion_error", "AD_GROUP_CRITERION_LABEL_ALREADY_EXISTS"),
    ),
    "customer_label": ("customer", "LABELS_PER_CAMPAIGN", ("mutate_error", "RESOURCE_ALREADY_EXISTS")),
}
LINKS = {kind: Index(kind, attrgetter(holder)) for kind, (holder, _, _) in _HOLDERS.items()}


@rules_for("label")
class LabelRules(Rules):
    """One label."""

    def create(self, op: Op, new: Any) -> None:
        set_enum(new, "status", "ENABLED")
        if checks.required(op, new, "name"):
            self._check(op, new)

    def update(self, op: Op, old: Any, new: Any, paths: Sequence[str]) -> None:
        if not new.name.strip():
            op.fail("field_error", "FIELD_CANNOT_BE_CLEARED", "name")
        else:
            self._check(op, new)

    def _check(self, op: Op, new: Any) -> None:
        if len(new.name) > 80 or checks.CONTROL.search(new.name):
            op.fail("label_error", "INVALID_LABEL_NAME", "name", trigger=new.name)
        for other in op.tx.find(BY_NAME, new.name.lower()):
            if other.resource_name != new.resource_name:
                op.fail("label_error", "DUPLICATE_NAME", "name", trigger=new.name)
                break
        color = new.text_label.background_color
        if color and not re.fullmatch(r"#(?:[0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})", color):
            op.fail("string_format_error", "INVALID_FORMAT", "text_label", "background_color", trigger=color)
        if len(new.text_label.description) > 200:
            op.fail("string_length_error", "TOO_LONG", "text_label", "description")

    def removed(self, op: Op, old: Any) -> Any:
        """A removed label is taken off everything."""
        for kind in _HOLDERS:
            for link in [*op.tx.entities(kind)]:
                if link.label == old.resource_name:
                    op.tx.drop(kind, link.resource_name)
        return super().removed(op, old)


@rules_for(*_HOLDERS)
class LabelLinkRules(Rules):
    """A label on an entity; removing it leaves no trace."""

    actions = frozenset(("create", "remove"))

    def create(self, op: Op, new: Any) -> None:
        holder_field, limit_type, _ = _HOLDERS[self.kind]
        if not checks.required(op, new, *([holder_field] if holder_field != "customer" else []), "label"):
            return
        label = op.get(new.label)
        if label is not None and is_removed(label):
            op.fail("label_error", "CANNOT_APPLY_INACTIVE_LABEL", "label", trigger=new.label)
        holder = op.get(getattr(new, holder_field))
        if holder is None:
            return
        if is_removed(holder):
            code = "OPERATION_NOT_PERMITTED_FOR_REMOVED_RESOURCE"
            op.fail("operation_access_denied_error", code, holder_field)
        elif self.kind == "ad_group_criterion_label" and holder.negative:
            op.fail("label_error", "CANNOT_APPLY_LABEL_TO_NEGATIVE_AD_GROUP_CRITERION", holder_field)
        else:
            present = op.tx.count(LINKS[self.kind], getattr(new, holder_field), MAX_PER_ENTITY)
            enclosing = (getattr(new, holder_field).rpartition("/")[2], holder_field)
            checks.limit(op, present, MAX_PER_ENTITY, limit_type, enclosing=enclosing, code="RESOURCE_LIMIT")

    def named(self, op: Op, new: Any, parts: dict[str, str]) -> None:
        self._show(op, new, present=True)

    def remove(self, op: Op, old: Any) -> None:
        self._show(op, old, present=False)

    def _show(self, op: Op, link: Any, *, present: bool) -> None:
        """The holder lists its labels."""
        name = getattr(link, _HOLDERS[self.kind][0])
        holder = op.get(name)
        kind = self.kind.removesuffix("_label")
        if holder is None or "labels" not in holder.DESCRIPTOR.fields_by_name:
            return
        changed = type(holder)()
        changed.CopyFrom(holder)
        kept = [label for label in holder.labels if label != link.label]
        del changed.labels[:]
        changed.labels.extend([*kept, link.label] if present else kept)
        op.tx.put(kind, changed)

    def already_exists(self, op: Op, existing: Any, new: Any) -> bool:
        kind, code = _HOLDERS[self.kind][2]
        op.fail(kind, code, "label", trigger=new.label)
        return True
