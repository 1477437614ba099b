"""The nearest known word: "did you mean …?"."""

import difflib
from collections.abc import Iterable


def closest(word: str, known: Iterable[str]) -> str | None:
    """The most similar of the known words, or None when nothing is near."""
    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.72)
    return found[0] if found else None
