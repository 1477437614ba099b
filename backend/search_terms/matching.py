"""Which searches and which keywords a negative keyword blocks, by Google's rules. Pure.

Negatives are literal: capitals do not count, and neither do dots and dashes, but plurals, misspellings and synonyms
are not matched, and accents and ampersands make another word (Google Ads Help, "About negative keywords" and "Using
symbols in your keyword list").

    negative broad    blocks searches that hold all its words, in any order
    negative phrase   blocks searches that hold its words together and in order
    negative exact    blocks the search that is the same words in the same order

A keyword is blocked when every search that it could serve for is. So a negative that is stricter than the keyword
blocks nothing of it for good (it only narrows it): an exact negative leaves a broad keyword its other searches.
Source of the rule: Google's own script "Negative Keyword Conflicts".

Old keywords with a broad match modifier (`+red +shoes`) still stand in many accounts: their plus is no letter, and
since 2021 they match like phrases (Google Ads Help, "About changes to phrase match and broad match modifier").
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from enum import IntEnum

Words = tuple[str, ...]
_SPACED = str.maketrans({"-": " ", ".": " ", "‐": " ", "–": " "})


class Strictness(IntEnum):
    """How close a search must be to the words, the loosest first."""

    BROAD = 1
    PHRASE = 2
    EXACT = 3


@dataclass(frozen=True, slots=True)
class Term:
    """The words of a keyword and how strictly they are matched."""

    words: Words
    strictness: Strictness


def words(text: str) -> Words:
    """The words of a text as Google compares them."""
    return tuple(unicodedata.normalize("NFC", text).casefold().translate(_SPACED).split())


def term(text: str, match_type: str) -> Term:
    """A keyword or a negative; `match_type` is Google's EXACT, PHRASE or BROAD.

    Raises:
        KeyError: another match type.
    """
    return Term(words(text), Strictness[match_type])


def keyword(text: str, match_type: str) -> Term:
    """A keyword as it is matched today.

    Raises:
        KeyError: another match type.
    """
    plain = term(text, match_type)
    modified = [word for word in plain.words if word.startswith("+")]
    if plain.strictness is not Strictness.BROAD or not modified:
        return plain
    return Term(tuple(word.lstrip("+") for word in plain.words if word.strip("+")), Strictness.PHRASE)


def blocks_search(negative: Term, search: Words) -> bool:
    """Whether a search is blocked."""
    if not negative.words:
        return False
    if negative.strictness is Strictness.EXACT:
        return negative.words == search
    if negative.strictness is Strictness.PHRASE:
        return _holds_in_order(search, negative.words)
    return set(negative.words) <= set(search)


def blocks_keyword(negative: Term, keyword: Term) -> bool:
    """Whether a keyword can serve for no search any more."""
    return negative.strictness <= keyword.strictness and blocks_search(negative, keyword.words)


def narrows_keyword(negative: Term, keyword: Term) -> bool:
    """Whether the search that is the keyword itself is blocked, but not every search it could serve for."""
    return negative.strictness > keyword.strictness and blocks_search(negative, keyword.words)


def _holds_in_order(search: Words, phrase: Words) -> bool:
    length = len(phrase)
    return any(search[start : start + length] == phrase for start in range(len(search) - length + 1))
