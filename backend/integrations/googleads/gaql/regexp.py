"""Patterns of REGEXP_MATCH: RE2's syntax, made into Python's, for whole values.

What RE2 lacks is refused (look-around, back-references, possessive and doubled repetition), and what Python lacks is
translated (`\\pL`, `[[:alpha:]]`, `\\Q…\\E`, `\\z`, `(?i)` in the middle). Which of several matches is found never
matters here, so greediness is left aside. Source: github.com/google/re2/wiki/Syntax.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from functools import cache, lru_cache

MAX_DEPTH, MAX_REPEAT = 100, 1_000
_CLASSES = {"d": "0-9", "w": "0-9A-Za-z_", "s": r"\t\n\f\r "}
_POSIX = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "ascii": r"\x00-\x7f",
    "blank": r"\t ",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\t\n\v\f\r ",
    "upper": "A-Z",
    "word": "0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
}
_CONTROLS = frozenset("afnrtv")
_REPEAT = re.compile(r"\{([0-9]+)(,([0-9]*))?\}")
_FLAGS = re.compile(r"\(\?([imsU]*)(?:-([imsU]+))?([:)])")
_NAMED = re.compile(r"\(\?P?<([A-Za-z_][A-Za-z0-9_]*)>")
_PROPERTY = re.compile(r"\\([pP])(?:\{(\^?)([A-Za-z_]+)\}|([CLMNPSZ]))")
_POSIX_CLASS = re.compile(r"\[:(\^?)([a-z]+):\]")
_OCTAL = re.compile(r"\\(0[0-7]{0,2}|[1-7][0-7]{2})")
_HEX = re.compile(r"\\x(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]{1,6})\})")
_CATEGORIES = re.compile(r"[CLMNPSZ][a-z]?")
_SCRIPTS = frozenset(
    (
        *("Arabic", "Armenian", "Bengali", "Bopomofo", "Braille", "Cherokee", "Coptic", "Cyrillic", "Devanagari"),
        *("Ethiopic", "Georgian", "Greek", "Gujarati", "Gurmukhi", "Han", "Hangul", "Hebrew", "Hiragana", "Kannada"),
        *("Katakana", "Khmer", "Lao", "Latin", "Malayalam", "Mongolian", "Myanmar", "Oriya", "Sinhala", "Syriac"),
        *("Tamil", "Telugu", "Thaana", "Thai", "Tibetan", "Yi"),
    )
)


@lru_cache(maxsize=256)
def compiled(pattern: str) -> re.Pattern[str]:
    """The pattern for `fullmatch`.

    Raises:
        ValueError: RE2 would refuse it; the message says why.
    """
    try:
        return re.compile(_Translator(pattern).translated())
    except re.error as error:
        raise ValueError(str(error)) from error


class _Translator:
    """Walks once through a pattern; `open` holds for each group the flags that were set inside it."""

    def __init__(self, pattern: str) -> None:
        self.text, self.at = pattern, 0
        self.out: list[str] = []
        self.open: list[list[str]] = [[]]
        self.repeatable = False

    def translated(self) -> str:
        while self.at < len(self.text):
            self._step(self.text[self.at])
        if len(self.open) > 1:
            raise ValueError("missing )")
        self._close_flags()
        return "".join(self.out)

    def _step(self, char: str) -> None:
        if char in "*+?{" and self._repetition():
            return
        if char == "(":
            self._group()
        elif char == ")":
            self._end_of_group()
        elif char == "|":
            self._close_flags()
            self._put("|" + "".join(self.open[-1]), 1, repeatable=False)
        elif char == "[":
            self._class()
        elif char == "\\":
            self._escape()
        else:
            self._put(char if char in ".^$" else re.escape(char), 1)

    def _put(self, text: str, length: int, *, repeatable: bool = True) -> None:
        self.out.append(text)
        self.at += length
        self.repeatable = repeatable

    def _repetition(self) -> bool:
        """Write a repetition; False when a brace stands for itself."""
        counts = _REPEAT.match(self.text, self.at)
        if self.text[self.at] == "{" and counts is None:
            return False
        mark = counts.group() if counts is not None else self.text[self.at]
        if not self.repeatable:
            raise ValueError(f"nothing to repeat before {mark}")
        if counts is not None:
            _check_counts(counts[1], counts[3])
        self._put(mark, len(mark), repeatable=False)
        if self.text.startswith("?", self.at):
            self.at += 1
        return True

    def _group(self) -> None:
        if len(self.open) > MAX_DEPTH:
            raise ValueError("the expression nests too deeply")
        flags, named = _FLAGS.match(self.text, self.at), _NAMED.match(self.text, self.at)
        if flags is not None and flags[3] == ")":
            opening = _flagged(flags)
            self.open[-1].append(opening)
            self._put(opening, len(flags.group()), repeatable=False)
            return
        if flags is not None:
            opening, length = _flagged(flags), len(flags.group())
        elif named is not None:
            opening, length = f"(?P<{named[1]}>", len(named.group())
        elif self.text.startswith("(?", self.at):
            raise ValueError("RE2 has no look-around, no conditions and no comments")
        else:
            opening, length = "(", 1
        self.open.append([])
        self._put(opening, length, repeatable=False)

    def _end_of_group(self) -> None:
        if len(self.open) == 1:
            raise ValueError("unexpected )")
        self._close_flags()
        self.open.pop()
        self._put(")", 1)

    def _close_flags(self) -> None:
        self.out.append(")" * len(self.open[-1]))

    def _escape(self) -> None:
        if self.text.startswith(r"\Q", self.at):
            literal, _, _ = self.text[self.at + 2 :].partition(r"\E")
            self._put(re.escape(literal), len(literal) + 4, repeatable=bool(literal))
            return
        char = self.text[self.at + 1 : self.at + 2]
        if char in ("b", "B"):
            self._put(f"(?a:\\{char})", 2)
        elif char in ("A", "z"):
            self._put(r"\A" if char == "A" else r"\Z", 2)
        elif char == "C":
            self._put(r"(?s:.)", 2)
        elif char in ("D", "W", "S"):
            self._put(f"[^{_CLASSES[char.lower()]}]", 2)
        else:
            members, length = self._members()
            self._put(f"[{members}]", length)

    def _class(self) -> None:
        """A class between brackets; its members are written out, so that nothing in it means more to Python."""
        self.at += 1
        negated = self.text.startswith("^", self.at)
        self.at += negated
        parts: list[str] = []
        first = True
        while first or not self.text.startswith("]", self.at):
            if self.at >= len(self.text):
                raise ValueError("missing ]")
            first = False
            parts.append(self._range())
        self._put(f"[{'^' if negated else ''}{''.join(parts)}]", 1)

    def _range(self) -> str:
        """One member of a class, or two with a dash between them."""
        low = self._member()
        if not self.text.startswith("-", self.at) or self.text[self.at + 1 : self.at + 2] in ("]", ""):
            return low
        self.at += 1
        return f"{low}-{self._member()}"

    def _member(self) -> str:
        posix = _POSIX_CLASS.match(self.text, self.at)
        if posix is not None:
            if posix[2] not in _POSIX:
                raise ValueError(f"invalid character class {posix.group()}")
            self.at += len(posix.group())
            return _complement(_POSIX[posix[2]]) if posix[1] else _POSIX[posix[2]]
        char = self.text[self.at : self.at + 1]
        if char != "\\":
            self.at += 1
            return f"\\{char}" if char in "[]^-&~|" else char
        members, length = self._members()
        self.at += length
        return members

    def _members(self) -> tuple[str, int]:
        """What an escape stands for, as it is written inside brackets, and how long the escape is."""
        for number, base in ((_HEX.match(self.text, self.at), 16), (_OCTAL.match(self.text, self.at), 8)):
            if number is not None:
                return _code_point(next(digits for digits in number.groups() if digits), base), len(number.group())
        named = _PROPERTY.match(self.text, self.at)
        if named is not None:
            negated = (named[1] == "P") != bool(named[2])
            members = _with_property(named[3] or named[4])
            return _complement(members) if negated else members, len(named.group())
        char = self.text[self.at + 1 : self.at + 2]
        if char.lower() in _CLASSES:
            members = _CLASSES[char.lower()]
            return _complement(members) if char.isupper() else members, 2
        if char in _CONTROLS or (char and char.isascii() and not char.isalnum()):
            return f"\\{char}", 2
        raise ValueError(f"invalid escape sequence \\{char}")


def _check_counts(low: str, high: str | None) -> None:
    counts = [low, *([high] if high else [])]
    if any(len(count) > 4 or int(count) > MAX_REPEAT for count in counts):
        raise ValueError(f"at most {MAX_REPEAT} repetitions are allowed")
    if high and int(high) < int(low):
        raise ValueError("the repetition counts are the wrong way round")


def _flagged(flags: re.Match[str]) -> str:
    """A group with flags as Python writes it; greediness (`U`) is left aside."""
    on, off = ("".join(dict.fromkeys((flags[part] or "").replace("U", ""))) for part in (1, 2))
    return f"(?{on}{'-' + off if off else ''}:"


def _code_point(digits: str, base: int) -> str:
    number = int(digits, base)
    if number > sys.maxunicode:
        raise ValueError("no such character")
    return f"\\U{number:08x}"


def _spans(points: list[int]) -> str:
    """Members of a class from code points in order."""
    parts: list[str] = []
    start = previous = -2
    for point in [*points, -2]:
        if point != previous + 1:
            if start >= 0:
                parts.append(f"\\U{start:08x}-\\U{previous:08x}")
            start = point
        previous = point
    return "".join(parts)


@cache
def _complement(members: str) -> str:
    """The members of a class that holds everything else."""
    held = re.compile(f"[{members}]")
    return _spans([point for point in range(sys.maxunicode + 1) if held.match(chr(point)) is None])


@cache
def _with_property(name: str) -> str:
    """The members of a general category (`L`, `Lu`) or of a script, whose characters are named after it."""
    everything = range(sys.maxunicode + 1)
    if _CATEGORIES.fullmatch(name):
        points = [point for point in everything if unicodedata.category(chr(point)).startswith(name)]
    elif name in _SCRIPTS:
        word = "CJK" if name == "Han" else name.upper()
        points = [point for point in everything if unicodedata.name(chr(point), "").startswith(f"{word} ")]
    else:
        points = []
    if not points:
        raise ValueError(f"invalid character class {name}")
    return _spans(points)
