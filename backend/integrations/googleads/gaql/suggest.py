"""The nearest known word: "did you mean …?"."""

import difflib
from collections.abc import Iterable


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known word that goes on where this one ends (`metrics.cost` → `metrics.cost_micros`), that has another word
    before it (`campaign.budget` → `campaign.campaign_budget`), or else the most similar one; None when nothing is near.
    """
    names = list(known)
    head, dot, tail = word.rpartition(".")
    longer = [name for name in names if name.startswith((f"{word}_", f"{word}."))]
    longer = longer or [name for name in names if name.startswith(head + dot) and name.endswith(f"_{tail}")]
    if word and longer and word not in names:
        return min(longer, key=lambda name: (len(name), name))
    found = difflib.get_close_matches(word, names, n=1, cutoff=0.72)
    return found[0] if found else None
