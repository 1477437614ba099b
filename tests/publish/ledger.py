"""Questions to the sandbox's ledger about what was made."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tests.support.sandbox import Sandbox


def mutates(sandbox: Sandbox, since: int, customer_id: str, *outcomes: str) -> list[dict[str, Any]]:
    """The mutates of one account with one of these outcomes (applied, when none is named)."""
    calls = sandbox.ledger(since=since, customer_id=customer_id)
    wanted = outcomes or ("applied",)
    return [call for call in calls if call["method"].endswith("Mutate") and call["outcome"] in wanted]


def kinds(call: dict[str, Any]) -> Counter[str]:
    """How many operations of each resource a call carried."""
    return Counter(next(iter(operation)).removesuffix("_operation") for operation in call["operations"])


def made(call: dict[str, Any], kind: str) -> list[str]:
    """The names that Google gave to the creates of one resource."""
    return [
        result
        for operation, result in zip(call["operations"], call["results"], strict=True)
        if f"{kind}_operation" in operation
    ]


def creates(call: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    """What was sent for one resource."""
    return [
        operation[f"{kind}_operation"]["create"] for operation in call["operations"] if f"{kind}_operation" in operation
    ]


def trees(sandbox: Sandbox, since: int, customer_id: str) -> int:
    """How many campaigns were really made: whatever was answered, the ledger says what was applied."""
    calls = sandbox.ledger(since=since, customer_id=customer_id)
    return sum(
        1
        for call in calls
        if call["method"].endswith("Mutate") and call.get("results")
        for operation, result in zip(call["operations"], call["results"], strict=False)
        if "campaign_operation" in operation and result
    )
