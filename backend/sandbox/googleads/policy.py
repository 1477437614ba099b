"""Policy review: what words in ads and keywords set off, and what scripts add.

Findings belong to ads (`policy_finding_error`, exempted by topic), violations to keywords and signals
(`policy_violation_error`, exempted by key). See docs/sandbox.md for the list of words.
"""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from backend.sandbox.googleads import errors


@dataclass(frozen=True, slots=True)
class Rule:
    """One trigger. `type` is a PolicyTopicEntryType; only PROHIBITED and FULLY_LIMITED block saving."""

    word: str
    topic: str
    type: str = "PROHIBITED"
    exemptible: bool = True
    description: str = ""


BUILT_IN = (
    Rule("viagra", "UNAPPROVED_SUBSTANCES", exemptible=False, description="Unapproved substances"),
    Rule("counterfeit", "COUNTERFEIT", exemptible=False, description="Counterfeit goods"),
    Rule("casino", "GAMBLING", description="Gambling and games"),
    Rule("whisky", "ALCOHOL", type="LIMITED", description="Alcohol"),
    Rule("cryptocurrency", "CRYPTOCURRENCY", type="FULLY_LIMITED", description="Cryptocurrencies"),
    Rule("guaranteed cure", "MISLEADING_CLAIMS", description="Unreliable claims"),
    Rule("iphone", "TRADEMARKS_IN_AD_TEXT", type="LIMITED", description="Trademarks in ad text"),
    Rule("click here", "CLICKBAIT", description="Clickbait"),
)
_BLOCKING = ("PROHIBITED", "FULLY_LIMITED")


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule met by a text at a path."""

    rule: Rule
    text: str
    path: tuple[Any, ...]

    @property
    def blocks(self) -> bool:
        return self.rule.type in _BLOCKING


class Policy:
    """The rules in force: the built-in words and those that scripts added."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: tuple[Rule, ...] = BUILT_IN

    def rules(self) -> list[dict[str, Any]]:
        """All rules as JSON."""
        return [asdict(rule) for rule in self._rules]

    def add(self, body: Mapping[str, Any]) -> None:
        """Add a rule; ValueError or TypeError for a malformed one."""
        rule = Rule(**body)
        if not rule.word.strip() or rule.type not in ("PROHIBITED", "LIMITED", "FULLY_LIMITED", "DESCRIPTIVE"):
            raise ValueError("word must not be empty; type is PROHIBITED, FULLY_LIMITED, LIMITED or DESCRIPTIVE")
        with self._lock:
            self._rules = (*self._rules, rule)

    def reset(self) -> None:
        """Back to the built-in words."""
        with self._lock:
            self._rules = BUILT_IN

    def hits(self, texts: Iterable[tuple[tuple[Any, ...], str]]) -> list[Hit]:
        """Which (path, text) pairs meet which rules."""
        rules = [(rule, rule.word.lower()) for rule in self._rules]
        found: list[Hit] = []
        for path, text in texts:
            low = text.lower()
            found.extend(Hit(rule, text, path) for rule, word in rules if word in low)
        return found


def topic_entry(hit: Hit) -> Any:
    """A PolicyTopicEntry message for a hit."""
    found: Any = errors.details().policy_finding_details.policy_topic_entries.add()
    found.topic = hit.rule.topic
    field = found.DESCRIPTOR.fields_by_name["type_"]
    found.type_ = field.enum_type.values_by_name[hit.rule.type].number
    found.evidences.add().text_list.texts.append(hit.text)
    return found


def finding_details(hits: Iterable[Hit]) -> Any:
    """ErrorDetails for the findings of one ad."""
    found: Any = errors.details()
    for hit in hits:
        found.policy_finding_details.policy_topic_entries.add().CopyFrom(topic_entry(hit))
    return found


def violation_details(hit: Hit) -> Any:
    """ErrorDetails for one violation."""
    found: Any = errors.details()
    violation = found.policy_violation_details
    violation.external_policy_name = hit.rule.description or hit.rule.topic
    violation.external_policy_description = f"{hit.rule.description or hit.rule.topic}: {hit.rule.word}"
    violation.key.policy_name = hit.rule.topic.lower()
    violation.key.violating_text = hit.rule.word
    violation.is_exemptible = hit.rule.exemptible
    return found
