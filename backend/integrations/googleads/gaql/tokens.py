"""Query text to tokens.

Source of the rules: developers.google.com/google-ads/api/docs/query/grammar. Strings stand between single or double
quotes; a backslash escapes. RE2's own escapes (`\\d`, `\\.`) are kept as they are, for REGEXP_MATCH.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from backend.integrations.googleads.gaql.errors import GaqlError, Span


class TokenKind(Enum):
    WORD = "word"  # keyword, field, resource or literal
    NUMBER = "number"
    STRING = "string"
    OPERATOR = "operator"  # = != < <= > >=
    SYMBOL = "symbol"  # everything else, one character
    END = "end"


@dataclass(frozen=True, slots=True)
class Token:
    """`text` is as written; `value` is the text of a string with its escapes resolved."""

    kind: TokenKind
    text: str
    value: str
    span: Span

    def keyword(self) -> str:
        """The word in upper case: keywords are written in any case."""
        return self.text.upper() if self.kind is TokenKind.WORD else ""


_SCANNER = re.compile(
    r"(?P<space>\s+)"
    r"|(?P<number>-?[0-9]+(?:\.[0-9]+)?(?![A-Za-z0-9_]))"
    r"|(?P<word>[A-Za-z0-9_](?:[A-Za-z0-9_.])*)"
    r"|(?P<quote>['\"])"
    r"|(?P<operator>[=!<>~]+)"
    r"|(?P<symbol>.)",
    re.ASCII | re.DOTALL,
)
_OPERATORS = frozenset({"=", "!=", "<", "<=", ">", ">="})
_ESCAPES = {"\\": "\\", "'": "'", '"': '"', "n": "\n", "t": "\t", "r": "\r"}
_RE2_ESCAPES = frozenset("dDwWsSbBAzQEpPaf.*+?()[]{}|^$-/&#~%_:,;=<>!@0123456789")


def tokenize(query: str) -> list[Token]:
    """All tokens of a query, END last. Raises GaqlError for what cannot be a token."""
    return list(_tokens(query))


def _tokens(query: str) -> Iterator[Token]:
    at = 0
    while at < len(query):
        match = _SCANNER.match(query, at)
        if match is None:  # the scanner's last alternative matches any character
            raise AssertionError(f"no token at {at}")
        kind, text, span = match.lastgroup, match.group(), Span(at, match.end())
        at = match.end()
        if kind == "quote":
            value, at = _string(query, span.start)
            yield Token(TokenKind.STRING, query[span.start : at], value, Span(span.start, at))
        elif kind == "number":
            yield Token(TokenKind.NUMBER, text, text, span)
        elif kind == "word":
            yield _word(text, span)
        elif kind == "operator":
            if text not in _OPERATORS:
                raise GaqlError("BAD_OPERATOR", f"Error in query: invalid operator {text}.", span, trigger=text)
            yield Token(TokenKind.OPERATOR, text, text, span)
        elif kind == "symbol":
            if not text.isascii():
                raise GaqlError("BAD_SYMBOL", f"Error in query: unexpected symbol {text}.", span, trigger=text)
            yield Token(TokenKind.SYMBOL, text, text, span)
    yield Token(TokenKind.END, "", "", Span(len(query), len(query)))


def _word(text: str, span: Span) -> Token:
    if re.fullmatch(r"[0-9]+\.[A-Za-z0-9_.]*|[0-9]+(?:\.[0-9]+){2,}", text):
        raise GaqlError("BAD_NUMBER", f"Error in query: cannot parse number {text}.", span, trigger=text)
    return Token(TokenKind.WORD, text, text, span)


def _string(query: str, start: int) -> tuple[str, int]:
    """The value of the string that opens at `start`, and the offset behind its closing quote."""
    parts: list[str] = []
    quote, at = query[start], start + 1
    while at < len(query):
        char = query[at]
        if char == quote:
            return "".join(parts), at + 1
        if char in "\n\r":
            span = Span(start, at)
            raise GaqlError("PROHIBITED_NEWLINE_IN_STRING", "Error in query: newline in string.", span)
        if char == "\\":
            text, at = _escape(query, at)
            parts.append(text)
        else:
            parts.append(char)
            at += 1
    raise GaqlError(
        "STRING_NOT_TERMINATED", "Error in query: string is not terminated.", Span(start, len(query)), suggestion=quote
    )


def _escape(query: str, at: int) -> tuple[str, int]:
    char = query[at + 1 : at + 2]
    if char and char in _ESCAPES:
        return _ESCAPES[char], at + 2
    if char and char in _RE2_ESCAPES:
        return "\\" + char, at + 2
    code = query[at + 2 : at + 6]
    if char == "u" and re.fullmatch(r"[0-9a-fA-F]{4}", code):
        return chr(int(code, 16)), at + 6
    text = query[at : at + 2]
    raise GaqlError(
        "BAD_ESCAPE_SEQUENCE",
        f"Error in query: invalid escape sequence {text}.",
        Span(at, at + len(text)),
        suggestion="\\\\" + char,
        trigger=text,
    )
