"""Google's match rules of negatives, pair by pair."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.search_terms import matching
from backend.search_terms.matching import Strictness, Term, blocks_keyword, blocks_search, narrows_keyword, term, words

MATCH_TYPES = {"[": "EXACT", '"': "PHRASE"}


def written(text: str, *, positive: bool = False) -> Term:
    """`[exact]`, `"phrase"`, broad."""
    return (matching.keyword if positive else term)(text.strip('[]"'), MATCH_TYPES.get(text[0], "BROAD"))


# negative, keyword: blocked, narrowed or free
PAIRS = [
    # broad negatives: all words, any order
    ("shoes", "red shoes", "blocked"),
    ("shoes", '"red shoes"', "blocked"),
    ("shoes", "[red shoes]", "blocked"),
    ("shoes red", "red shoes", "blocked"),
    ("shoes red", '"red running shoes"', "blocked"),
    ("shoes red", "[red shoes]", "blocked"),
    ("red shoes", "shoes", "free"),
    ("red shoes", "[red boots]", "free"),
    ("red red", "red shoes", "blocked"),
    ("free", "freedom shoes", "free"),
    # broad negatives match no close variants
    ("shoe", "red shoes", "free"),
    ("shoes", "red shoe", "free"),
    ("running", "[run shoes]", "free"),
    ("colour", "[color shoes]", "free"),
    ("sneakers", "shoes", "free"),
    # phrase negatives: together and in order
    ('"red shoes"', '"red shoes"', "blocked"),
    ('"red shoes"', "[buy red shoes online]", "blocked"),
    ('"red shoes"', '"buy red shoes"', "blocked"),
    ('"red shoes"', "[shoes red]", "free"),
    ('"red shoes"', "[red running shoes]", "free"),
    ('"red shoes"', "red shoes", "narrowed"),
    ('"red shoes"', "shoes red", "free"),
    ('"shoe"', "[shoes]", "free"),
    ('"shoes"', "shoes", "narrowed"),
    ('"shoes"', "[shoes]", "blocked"),
    # exact negatives: the same words in the same order
    ("[red shoes]", "[red shoes]", "blocked"),
    ("[red shoes]", '"red shoes"', "narrowed"),
    ("[red shoes]", "red shoes", "narrowed"),
    ("[red shoes]", "[shoes red]", "free"),
    ("[red shoes]", "[buy red shoes]", "free"),
    ("[red shoes]", '"buy red shoes"', "free"),
    ("[red shoe]", "[red shoes]", "free"),
    # spelling: capitals, dots and dashes do not count; accents and ampersands do
    ("SHOES", "[Red Shoes]", "blocked"),
    ("[t-shirt]", "[t shirt]", "blocked"),
    ("[fifth ave.]", "[Fifth Ave]", "blocked"),
    ('"t shirt"', "[blue t-shirt]", "blocked"),
    ("tshirt", "[t-shirt]", "free"),
    ("café", "[sidewalk cafe]", "free"),
    ("bed & breakfast", "[bed and breakfast]", "free"),
    ("bed & breakfast", "[breakfast & bed]", "blocked"),
    ("ÉTÉ", "[robe été]", "blocked"),
    ("[  red   shoes ]", "[red shoes]", "blocked"),
    # the modifier of old broad keywords is no letter, and they match like phrases
    ("shoes", "+red +shoes", "blocked"),
    ('"red shoes"', "+red +shoes", "blocked"),
    ('"red shoes"', "+red shoes", "blocked"),
    ('"shoes red"', "+red +shoes", "free"),
    ("[red shoes]", "+red +shoes", "narrowed"),
    ("a+", "[blood type a+]", "blocked"),
]


@pytest.mark.parametrize(("negative", "keyword", "effect"), PAIRS)
def test_pairs(negative: str, keyword: str, effect: str) -> None:
    left, right = written(negative), written(keyword, positive=True)
    assert (blocks_keyword(left, right), narrows_keyword(left, right)) == (effect == "blocked", effect == "narrowed")


@pytest.mark.parametrize(
    ("negative", "search", "blocked"),
    [
        ("red shoes", "shoes that are red", True),
        ("red shoes", "red boots", False),
        ('"red shoes"', "cheap red shoes today", True),
        ('"red shoes"', "red cheap shoes", False),
        ("[red shoes]", "red shoes", True),
        ("[red shoes]", "red shoes today", False),
    ],
)
def test_searches(negative: str, search: str, blocked: bool) -> None:
    assert blocks_search(written(negative), words(search)) is blocked


some_words = st.lists(st.sampled_from(["red", "blue", "shoes", "boots", "buy"]), min_size=1, max_size=5).map(tuple)
terms = st.builds(Term, some_words, st.sampled_from(Strictness))


def serves(keyword: Term, search: tuple[str, ...]) -> bool:
    """Searches that a keyword surely serves for: those that its own match type reaches literally."""
    return blocks_search(keyword, search)


@given(negative=terms, keyword=terms, search=some_words)
def test_no_search_is_left_for_a_blocked_keyword(negative: Term, keyword: Term, search: tuple[str, ...]) -> None:
    if blocks_keyword(negative, keyword) and serves(keyword, search):
        assert blocks_search(negative, search)


@given(negative=terms, keyword=terms)
def test_an_exact_negative_leaves_a_looser_keyword_its_longer_searches(negative: Term, keyword: Term) -> None:
    if narrows_keyword(negative, keyword) and negative.strictness is Strictness.EXACT:
        longer = (*keyword.words, "other")
        assert serves(keyword, longer)
        assert not blocks_search(negative, longer)


def test_an_empty_negative_blocks_nothing() -> None:
    assert not blocks_search(term(".", "BROAD"), words("anything"))
    assert not blocks_keyword(term("", "PHRASE"), term("anything", "EXACT"))
