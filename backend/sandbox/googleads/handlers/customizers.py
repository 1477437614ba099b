"""Ad customizers: attributes and their values for customer, campaign, ad group and keyword."""

import re
from typing import Any

from backend.sandbox.googleads.enums import enum_name, is_removed, set_enum
from backend.sandbox.googleads.handlers import checks
from backend.sandbox.googleads.indexes import Index
from backend.sandbox.googleads.mutate.rules import Op, Rules, rules_for

BY_NAME = Index("customizer_attribute", lambda a: None if is_removed(a) else a.name.lower())
_LINKS = {
    "customer_customizer": "",
    "campaign_customizer": "campaign",
    "ad_group_customizer": "ad_group",
    "ad_group_criterion_customizer": "ad_group_criterion",
}
_FORMS = {
    "NUMBER": r"-?\d+",
    "PRICE": r"(?:[^\d\s]{0,3}\s?)?\d[\d.,]*(?:\s?[^\d\s]{1,3})?",
    "PERCENT": r"-?\d+(?:[.,]\d+)?\s?%?",
}


@rules_for("customizer_attribute")
class CustomizerAttributeRules(Rules):
    """A name and a type."""

    actions = frozenset(("create", "remove"))

    def create(self, op: Op, new: Any) -> None:
        set_enum(new, "status", "ENABLED")
        if not checks.required(op, new, "name", "type"):
            return
        checks.text_length(op, new.name, 40, "name")
        if op.tx.find(BY_NAME, new.name.lower()):
            code = "DUPLICATE_CUSTOMIZER_ATTRIBUTE_NAME"
            op.fail("customizer_attribute_error", code, "name", trigger=new.name)


@rules_for(*_LINKS)
class CustomizerValueRules(Rules):
    """A value of an attribute at one level."""

    actions = frozenset(("create", "remove"))

    def create(self, op: Op, new: Any) -> None:
        level = _LINKS[self.kind]
        if not checks.required(op, new, *([level] if level else []), "customizer_attribute", "value"):
            return
        set_enum(new, "status", "ENABLED")
        attribute = op.get(new.customizer_attribute)
        if attribute is None:
            return
        if is_removed(attribute):
            code = "OPERATION_NOT_PERMITTED_FOR_REMOVED_RESOURCE"
            op.fail("operation_access_denied_error", code, "customizer_attribute")
        kind, value = enum_name(attribute, "type_"), new.value
        if enum_name(value, "type_") != kind:
            op.fail("field_error", "INVALID_VALUE", "value", "type", trigger=enum_name(value, "type_"))
        elif kind in _FORMS and not re.fullmatch(_FORMS[kind], value.string_value):
            op.fail("field_error", "INVALID_VALUE", "value", "string_value", trigger=value.string_value)

    def already_exists(self, op: Op, existing: Any, new: Any) -> bool:
        """A second create for the same attribute replaces the value."""
        return False
