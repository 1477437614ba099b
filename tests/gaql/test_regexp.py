"""REGEXP_MATCH takes RE2's patterns and no others, and they mean what RE2 says."""

from __future__ import annotations

import pytest

from backend.integrations.googleads.gaql.regexp import compiled

# pattern, a value that it matches whole, one that it does not
TAKEN = (
    ("(?i).*(brand|promo).*", "My BRAND x", "other"),
    (".*(?i)brand.*", "My BRAND", "My bran"),
    ("a(?i)b|c", "C", "Ab"),
    ("(x(?i)a|b)c", "Bc", "BC"),
    ("(?i:a)b", "Ab", "AB"),
    ("(?U)a+", "aa", "b"),
    (".*", "ab", "a\nb"),
    ("(?s).*", "a\nb", None),
    ("(?<n>a)(?P<m>b)", "ab", "ba"),
    ("a{,5}", "a{,5}", "aa"),
    ("a{2,}?", "aaa", "a"),
    ("a||b", "", "c"),
    ("[]a]+", "]a", "b"),
    ("[^]a]", "b", "]"),
    ("[a-]+", "-a", "b"),
    ("[&&]", "&", "a"),
    ("[[:alpha:]_]+", "ab_c", "a1"),
    ("[[:^digit:]]+", "ab", "a1"),
    (r"\pL+", "Größe", "1"),
    (r"\p{Lu}\p{Ll}*", "Abc", "abc"),
    (r"\p{Greek}+", "αβγ", "abc"),
    (r"\p{^Greek}\P{Greek}", "ab", "aβ"),
    (r"\Qa.b\E+", "a.bb", "axb"),
    (r"\Aabc\z", "abc", "abcd"),
    (r"\x41\x{42}\103", "ABC", "abc"),
    (r"\d+\.\w+", "12.ab", "٣.ab"),
    (r"\D\S\W", "ab ", "1b "),
    (r"[\D]+", "ab", "a1"),
    (r".*\b(us|uk)\b.*", "a uk b", "auk"),
)
REFUSED = (
    *("(?=a)", "(?!a)", "(?<=a)", "(?<!a)x", "(?>a)", "(a)?(?(1)b|c)", "(?#x)a", "(?P=n)", r"(a)\1"),
    *("a++", "a**", "a*+", "*a", "(*)", "|+", "a{1001}", "a{2,1}", "a{99999999999}"),
    *("(", "a)", "[a", "[z-a]", "[[:foo:]]", "(" * 3000 + ")" * 3000, "(?P<n>a)(?P<n>b)"),
    *("\\", r"\y", r"\Z", r"\x", r"\x{110000}", r"\pX", r"\p{Klingon}"),
)


@pytest.mark.parametrize(("pattern", "matching", "other"), TAKEN)
def test_patterns_mean_what_re2_says(pattern: str, matching: str, other: str | None) -> None:
    assert compiled(pattern).fullmatch(matching) is not None
    assert other is None or compiled(pattern).fullmatch(other) is None


@pytest.mark.parametrize("pattern", REFUSED, ids=lambda pattern: pattern[:20])
def test_what_re2_lacks_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        compiled(pattern)
