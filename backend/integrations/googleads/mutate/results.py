"""What came of a plan: which operation got which real name, and which failed, by its exact index."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass

from backend.integrations.googleads.errors import AdsFailure
from backend.integrations.googleads.mutate.plan import Operation

PARENT_FAILED = "NewResourceCreationError.TEMP_ID_RESOURCE_HAD_ERRORS"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one operation: a real resource name, or the reasons why not."""

    operation: Operation
    resource_name: str
    failures: tuple[AdsFailure, ...] = ()

    @property
    def applied(self) -> bool:
        """True when Google carried the operation out."""
        return not self.failures

    @property
    def subject(self) -> Hashable:
        """What the operation was about on our side."""
        return self.operation.subject


class MismatchedReply(ValueError):
    """The answer does not have one result per operation, so no id may be taken from it."""


def outcomes(
    operations: Sequence[Operation], resource_names: Sequence[str], failures: Sequence[AdsFailure] = ()
) -> list[Outcome]:
    """Pair every operation with its result.

    An operation that has neither a name nor a failure of its own, in an answer that has failures, depended on one that
    failed; it is marked as such, never as applied.

    Raises:
        MismatchedReply: The counts differ, or a failure names no operation of this plan.
    """
    if len(resource_names) != len(operations):
        raise MismatchedReply(f"{len(operations)} operations were sent and {len(resource_names)} results came back")
    by_index: dict[int, list[AdsFailure]] = defaultdict(list)
    for failure in failures:
        if failure.index is None or not 0 <= failure.index < len(operations):
            raise MismatchedReply(f"a failure ({failure.code}) does not say which operation it concerns")
        by_index[failure.index].append(failure)
    found: list[Outcome] = []
    for index, (operation, name) in enumerate(zip(operations, resource_names, strict=True)):
        reasons = tuple(by_index.get(index, ()))
        if not reasons and not name and failures:
            reasons = (AdsFailure(PARENT_FAILED, "What this belongs to was refused.", index=index),)
        found.append(Outcome(operation, name, reasons))
    return found


def real_names(found: Sequence[Outcome]) -> dict[str, str]:
    """Map the temporary names of a plan to the real ones that Google gave."""
    return {
        outcome.operation.name: outcome.resource_name
        for outcome in found
        if outcome.operation.verb == "create" and outcome.operation.name and outcome.resource_name
    }


def dependents(named: Sequence[tuple[str, Collection[str]]], failed: Collection[int]) -> set[int]:
    """Give the indexes of operations that need, directly or not, what a failed one would have made.

    Args:
        named: Per operation the temporary name that it gives (or an empty one), and those that it refers to.
        failed: The indexes of the operations that failed by themselves.
    """
    lost = {named[index][0] for index in failed if named[index][0]}
    found: set[int] = set()
    for index, (name, needs) in enumerate(named):
        if index not in failed and not lost.isdisjoint(needs):
            found.add(index)
            if name:
                lost.add(name)
    return found
