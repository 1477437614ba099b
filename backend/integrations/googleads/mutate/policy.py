"""Policy findings, and the request that a publisher's consent turns into.

The two shapes differ (proto policy and ad_group_criterion_service, v26): an ad's finding names topics, which go into
`policy_validation_parameter.ignorable_policy_topics`; a criterion's violation names a key, which goes into
`exempt_policy_violation_keys` on the operation itself. Nothing is exempted unless every failure of the request is a
policy finding and every finding was consented to.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from backend.integrations.googleads.errors import AdsFailure
from backend.integrations.googleads.mutate.plan import Operation

MAX_ROUNDS = 3
_TAKES = {"topic": frozenset({"ad_group_ad", "ad"}), "key": frozenset({"ad_group_criterion", "asset_group_signal"})}
_BLOCKING_TYPES = frozenset({"PROHIBITED", "FULLY_LIMITED"})


@dataclass(frozen=True, slots=True)
class Finding:
    """One policy objection to one operation.

    Attributes:
        index: The operation in the plan.
        kind: `topic` for an ad, `key` for a keyword or another criterion.
        topic: The topic, or the policy's name.
        text: The text that Google objects to; may be empty.
        exemptible: Whether Google allows to ask for an exemption.
        description: Google's explanation.
    """

    index: int
    kind: str
    topic: str
    text: str
    exemptible: bool
    description: str

    @property
    def consent(self) -> tuple[str, str]:
        """What a publisher agrees to: the policy and the text."""
        return (self.topic, self.text)


def findings(failures: Iterable[AdsFailure]) -> list[Finding]:
    """Read the policy findings out of the failures of a request."""
    found: list[Finding] = []
    for failure in failures:
        if failure.index is None:
            continue
        violation = failure.details.get("policy_violation")
        if violation:
            found.append(
                Finding(
                    failure.index,
                    "key",
                    violation["policy_name"],
                    violation["violating_text"],
                    violation["is_exemptible"],
                    violation["description"] or violation["name"] or failure.message,
                )
            )
        for topic in failure.details.get("policy_topics", ()):
            if topic["type"] in _BLOCKING_TYPES:
                text = ", ".join(topic["texts"])
                exemptible = failure.code == "PolicyFindingError.POLICY_FINDING"
                found.append(Finding(failure.index, "topic", topic["topic"], text, exemptible, failure.message))
    return found


def only_policy(failures: Iterable[AdsFailure]) -> bool:
    """Tell whether every failure is a policy finding, which is when an exemption may be asked for at all."""
    return all(failure.details.get("policy_violation") or failure.details.get("policy_topics") for failure in failures)


def takes_exemption(resource: str, kind: str) -> bool:
    """Tell whether an operation on a resource has a place for an exemption of this kind."""
    return resource in _TAKES[kind]


def exempt(operations: Sequence[Operation], agreed: Iterable[Finding]) -> list[Operation]:
    """Give the operations with the agreed exemptions put in; the others are the same objects.

    Raises:
        ValueError: A finding may not be exempted, or does not fit its operation.
    """
    changed = list(operations)
    for finding in agreed:
        operation = changed[finding.index]
        if not finding.exemptible:
            raise ValueError(f"{finding.topic} cannot be exempted")
        if not takes_exemption(operation.resource, finding.kind):
            raise ValueError(f"{operation.resource} takes no exemption of a {finding.kind}")
        if finding.kind == "topic":
            topics = dict.fromkeys((*operation.ignorable_topics, finding.topic))
            changed[finding.index] = replace(operation, ignorable_topics=tuple(topics))
        else:
            keys = dict.fromkeys((*operation.exempt_keys, (finding.topic, finding.text)))
            changed[finding.index] = replace(operation, exempt_keys=tuple(keys))
    return changed
